"""Responses to a server on SQLite: time to the acknowledgement, none lost.

Open loop: a response is sent when its moment has come, however long earlier
ones take, and its time counts from that moment. The server is the one that
`secondlook server start` runs; SQLite commits with `synchronous = FULL`.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np

from benchmarks.harness import Row
from study_server.cli._processes import run_secondlook, serve_folder
from study_server.services.simulation.simulated_person import read_page

STUDY = "load"
N_SESSIONS = 50
PERIOD_S = 1.5
N_TIMED = 40
N_FLAT_OUT = 20
LIMIT_S = 0.200

RECIPE = """
[recipe]
kind = "misclassified"
shows = "top1"
include_correct = 1.0
[controls]
known_yes = 0
known_no = 0
practice = 0
[dataset]
path = "scenes"
[classifier]
demo = true
"""

STUDY_FILE = f"""
[study]
name = "{STUDY}"
title = "Load"
paradigm = "relevance"
[design]
responses_per_trial = {N_SESSIONS}
trials_per_block = {N_TIMED + N_FLAT_OUT}
composition = "shared"
n_practice = 0
[quality]
min_catch_accuracy = 0.0
[comprehension]
enabled = false
[recruiter.simulated]
mix = {{ careful = 1.0 }}
"""


@dataclass
class Load:
    """What the client saw.

    Attributes:
        latencies_s: Seconds from the moment due to the acknowledgement.
        n_acknowledged: Replies that said saved.
        n_refused: Replies that said anything else.
        flat_out_per_s: Acknowledged responses per second without pauses.
    """

    latencies_s: list[float]
    n_acknowledged: int
    n_refused: int
    flat_out_per_s: float


def measure() -> list[Row]:
    """p99 to the acknowledgement at 33 responses per second, and what is kept."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        link = open_study(folder)
        with serve_folder(folder) as url:
            blocks = [walk_to_the_trials(url, link, who) for who in range(N_SESSIONS)]
            load = asyncio.run(_send_all(url, blocks))
        n_kept, n_distinct = _count(folder)
    p50, p99 = np.percentile(load.latencies_s, [50, 99])
    n_sent = N_SESSIONS * (N_TIMED + N_FLAT_OUT)
    note = (
        f"{N_SESSIONS} sessions, one response per {PERIOD_S} s each, "
        f"{len(load.latencies_s)} timed; median {p50 * 1e3:.1f} ms, largest "
        f"{max(load.latencies_s) * 1e3:.0f} ms; saturates at "
        f"{load.flat_out_per_s:.0f} responses/s"
    )
    n_astray = abs(n_sent - n_distinct) + n_kept - n_distinct
    return [
        Row(
            name="responses: p99 to acknowledgement",
            ours=f"{p99 * 1e3:.1f} ms",
            peer=f"{LIMIT_S * 1e3:.0f} ms (limit)",
            ratio=p99 / LIMIT_S,
            bar=1.0,
            note=note,
        ),
        Row(
            name="responses: lost or doubled",
            ours=f"{n_astray} of {n_sent}",
            peer="0 (limit)",
            ratio=float(n_astray),
            bar=0.0,
            note=f"{load.n_acknowledged} acknowledged, {load.n_refused} refused, "
            f"{n_kept} in the database",
        ),
    ]


def open_study(folder: Path) -> str:
    """Scenes, stimuli and an open study; the path of its simulated link."""
    (folder / "recipe.toml").write_text(RECIPE)
    (folder / "study.toml").write_text(STUDY_FILE)
    run_secondlook(
        folder, "demo", "draw", "scenes", "--n", str(2 * (N_TIMED + 20)), is_quiet=True
    )
    run_secondlook(
        folder, "stimuli", "build", "recipe.toml", "--out", "set", is_quiet=True
    )
    run_secondlook(
        folder, "study", "create", "study.toml", "--stimuli", "set", is_quiet=True
    )
    run_secondlook(folder, "study", "freeze", STUDY, is_quiet=True)
    shown = run_secondlook(folder, "study", "show", STUDY, is_quiet=True)
    found = re.search(r"simulated \(simulated\)\s+http://[^/]+(/s/\S+)", shown)
    if found is None:
        raise RuntimeError(f"no simulated link in: {shown}")
    return found.group(1)


def walk_to_the_trials(url: str, link: str, who: int) -> dict[str, Any]:
    """Enter as a simulated person and go on until the block can be fetched."""
    person = {"participant": f"load-{who}", "competence": "careful"}
    with httpx.Client(base_url=url, trust_env=False) as client:
        home = client.post(link, data={"start": "1", **person}).headers["location"]
        for _ in range(20):
            page = read_page(client.get(home).text)
            start = next((place for place in page.links if "go=" in place), None)
            if start is not None and page.block_url is None:
                page = read_page(client.get(start).text)
            if page.block_url is not None:
                block: dict[str, Any] = client.get(page.block_url).json()
                return block
            form = next(form for form in page.forms if form.step != "withdraw")
            client.post(form.action, data=form.filled(lambda _name, values: values[0]))
    raise RuntimeError(f"simulated person {who} never came to the trials")


async def _send_all(url: str, blocks: list[dict[str, Any]]) -> Load:
    load = Load(latencies_s=[], n_acknowledged=0, n_refused=0, flat_out_per_s=0.0)
    limits = httpx.Limits(max_connections=N_SESSIONS)
    async with httpx.AsyncClient(
        base_url=url, limits=limits, timeout=30, trust_env=False
    ) as client:
        started = time.perf_counter() + 0.5
        await asyncio.gather(
            *(
                _send_on_time(client, block, load, first_at=started + phase)
                for phase, block in zip(_phases(), blocks, strict=True)
            )
        )
        before, started = load.n_acknowledged, time.perf_counter()
        await asyncio.gather(*(_send_flat_out(client, block, load) for block in blocks))
        rate = (load.n_acknowledged - before) / (time.perf_counter() - started)
    load.flat_out_per_s = rate
    return load


def _phases() -> list[float]:
    """When each session sends its first response: spread over one period."""
    rng = np.random.default_rng(0)
    return sorted(rng.uniform(0, PERIOD_S, N_SESSIONS).tolist())


async def _send_on_time(
    client: httpx.AsyncClient, block: dict[str, Any], load: Load, *, first_at: float
) -> None:
    sends = []
    for position in range(N_TIMED):
        due = first_at + position * PERIOD_S
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        sends.append(asyncio.create_task(send(client, block, position, load, due=due)))
    await asyncio.gather(*sends)


async def _send_flat_out(
    client: httpx.AsyncClient, block: dict[str, Any], load: Load
) -> None:
    for position in range(N_TIMED, N_TIMED + N_FLAT_OUT):
        await send(client, block, position, load, due=None)


async def send(
    client: httpx.AsyncClient,
    block: dict[str, Any],
    position: int,
    load: Load,
    *,
    due: float | None,
) -> None:
    """Send one response; counted, and timed where it was due at a moment."""
    body = {
        "key": str(uuid.uuid4()),
        "trial": block["trials"][position]["token"],
        "response": {"relevant": "yes"},
        "rt_ms": 900.0,
        "events": [
            {"kind": "decoded", "at_ms": 0.0, "slot": "target"},
            {"kind": "onset", "at_ms": 12.0, "slot": "target"},
            {"kind": "response", "at_ms": 912.0},
        ],
        "context": {"css_width": 1280, "device_pixel_ratio": 1.0},
    }
    reply = await client.post(block["post_url"], json=body)
    if reply.status_code == httpx.codes.OK and reply.json()["saved"]:
        load.n_acknowledged += 1
    else:
        load.n_refused += 1
    if due is not None:
        load.latencies_s.append(time.perf_counter() - due)


def _count(folder: Path) -> tuple[int, int]:
    """Responses in the database, and how many trials of sessions they answer."""
    with sqlite3.connect(folder / "secondlook.sqlite3") as database:
        kept, distinct = database.execute(
            "SELECT count(*), count(DISTINCT session_trial_id) FROM response"
        ).fetchone()
    return int(kept), int(distinct)
