"""Ordinary requests while others send half of theirs, and what the front costs.

Each server is attacked by 200 requests with half their headers and 200 with half
a body, which stay open. Ordinary requests come on time all the while; one that is
not answered within 2 s counts as such. The peer is the same application behind
gunicorn's threaded worker.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np

from benchmarks import responses
from benchmarks.harness import Row
from study_server.cli._processes import free_port, secondlook_command, serving

REPOSITORY = Path(__file__).parents[1]
N_HALF = 200
RATE_PER_S = 25
N_ORDINARY = 150
GIVEN_UP_S = 2.0
N_ROUND = 10
ROUNDS = ("ours", "peer", "peer", "ours", "ours", "peer")
HEAD = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n"
HALF_BODY = HEAD + b"Content-Length: 200\r\n\r\nname="


def measure() -> list[Row]:
    """p99 of ordinary requests on both applications; time per response."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        link = responses.open_study(folder)
        rows = [_cost_row(folder, link)]
        person = f"{link}?participant=ordinary&competence=careful"
        for kind, path in (("server", person), ("marketplace", "/worker/")):
            found = {who: _attack(folder, who, kind, path) for who in ("ours", "peer")}
            rows.append(_attack_row(kind, found))
    return rows


@contextmanager
def _serving(folder: Path, who: str, kind: str) -> Iterator[int]:
    port = free_port()
    command = secondlook_command(kind, "start", "--port", str(port))
    if who == "peer":
        command = [sys.executable, "-m", "benchmarks.gthread_server", kind, str(port)]
    here = {"PYTHONPATH": str(REPOSITORY)}
    with serving(command, folder=folder, port=port, more=here):
        yield port


def _attack(folder: Path, who: str, kind: str, path: str) -> dict[str, Any]:
    with _serving(folder, who, kind) as port:
        return asyncio.run(_before_and_while(port, path))


async def _before_and_while(port: int, path: str) -> dict[str, Any]:
    await _ordinary(port, path)
    before = await _ordinary(port, path)
    halves = [HEAD, HALF_BODY] * N_HALF
    slow = [await _open(port, sent) for sent in halves]
    under = await _ordinary(port, path)
    for _, writer in slow:
        writer.close()
    return {"before": before, "while": under}


async def _open(
    port: int, sent: bytes
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    return reader, writer


async def _ordinary(port: int, path: str) -> list[float]:
    """Seconds of requests sent on time, each by a connection of its own."""
    started = time.perf_counter()
    return await asyncio.gather(
        *(
            _ask(port, path, due=started + index / RATE_PER_S)
            for index in range(N_ORDINARY)
        )
    )


async def _ask(port: int, path: str, *, due: float) -> float:
    await asyncio.sleep(max(0.0, due - time.perf_counter()))
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(GIVEN_UP_S):
            reader, writer = await _open(port, head.encode())
            answer = await reader.read()
            writer.close()
    except TimeoutError:
        return np.inf
    return time.perf_counter() - due if b" 200 OK" in answer[:20] else np.inf


def _attack_row(kind: str, found: dict[str, dict[str, Any]]) -> Row:
    ours = {when: _p99_ms(times) for when, times in found["ours"].items()}
    peer = found["peer"]
    n_lost = sum(np.isinf(peer["while"]))
    return Row(
        name=f"{kind}: p99 of ordinary requests while {2 * N_HALF} are half-sent",
        ours=f"{ours['while']:.1f} ms",
        peer=f"{ours['before']:.1f} ms before",
        ratio=ours["while"] / ours["before"],
        bar=None,
        note=f"{N_ORDINARY} at {RATE_PER_S}/s, "
        f"{sum(np.isinf(found['ours']['while']))} not answered; gunicorn's threaded "
        f"worker: {_p99_ms(peer['before']):.1f} ms before, {n_lost} of {N_ORDINARY} "
        f"not answered within {GIVEN_UP_S:.0f} s while",
    )


def _p99_ms(times: list[float]) -> float:
    return float(np.percentile(times, 99, method="nearest")) * 1e3


def _cost_row(folder: Path, link: str) -> Row:
    with _serving(folder, "ours", "server") as port:
        url = f"http://127.0.0.1:{port}"
        blocks = [
            responses.walk_to_the_trials(url, link, who)
            for who in range(responses.N_SESSIONS)
        ]
    found: dict[str, list[float]] = {"ours": [], "peer": []}
    latencies: dict[str, list[float]] = {"ours": [], "peer": []}
    for index, who in enumerate(ROUNDS):
        with _serving(folder, who, "server") as port:
            took, each = asyncio.run(_flat_out(port, blocks, first=index * N_ROUND))
        found[who].append(took / (len(blocks) * N_ROUND))
        latencies[who] += each
    ours, peer = np.median(found["ours"]), np.median(found["peer"])
    p99 = {who: np.percentile(each, 99) * 1e3 for who, each in latencies.items()}
    return Row(
        name="responses flat out: time per response",
        ours=f"{ours * 1e3:.2f} ms",
        peer=f"{peer * 1e3:.2f} ms gunicorn's threaded worker",
        ratio=float(ours / peer),
        bar=None,
        note=f"{len(blocks)} sessions at once, {len(ROUNDS)} rounds in turn; p99 of "
        f"one {p99['ours']:.0f} ms, peer {p99['peer']:.0f} ms; "
        f"{os.cpu_count()} cores",
    )


async def _flat_out(
    port: int, blocks: list[dict[str, Any]], *, first: int
) -> tuple[float, list[float]]:
    load = responses.Load(
        latencies_s=[], n_acknowledged=0, n_refused=0, flat_out_per_s=0.0
    )
    limits = httpx.Limits(max_connections=len(blocks))
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=60, trust_env=False
    ) as client:
        started = time.perf_counter()
        await asyncio.gather(
            *(_one_after_the_other(client, block, load, first) for block in blocks)
        )
        took = time.perf_counter() - started
    if load.n_refused:
        raise RuntimeError(f"{load.n_refused} responses were refused")
    return took, load.latencies_s


async def _one_after_the_other(
    client: httpx.AsyncClient, block: dict[str, Any], load: responses.Load, first: int
) -> None:
    for position in range(first, first + N_ROUND):
        await responses.send(client, block, position, load, due=time.perf_counter())
