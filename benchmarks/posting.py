"""Posting 2,000 HITs to a marketplace over HTTP with latency and throttles.

Ours posts through the ledger: intent in SQLite (synchronous FULL), call, outcome, 32
calls at a time. The peer is the same code with one call at a time: the first of the
HITs is timed on its own account and market with the same faults, and its seconds per
HIT are multiplied by 2,000. The marketplace is another process on this machine; it
adds 100 ms to every request and refuses 5 % of them with ThrottlingException.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.harness import Row
from study_server.config import complete_settings
from study_server.recruiters.market import Spot
from study_server.recruiters.mturk import gateway
from study_server.services import Services, open_services
from study_server.services.market import posting, quoting
from study_server.services.market.recruitment import MarketRecruitment, load_recruitment
from study_server.services.studies.life import create_study, freeze_study, open_study

N_HITS = 2000
N_SEQUENTIAL = 100
N_AT_ONCE = 32
LATENCY_S = 0.1
THROTTLE_RATE = 0.05
BAR = 1 / 8

STUDY = """
[study]
name = "{name}"
title = "Is it there?"
paradigm = "relevance"
[design]
responses_per_trial = {n}
trials_per_block = 6
n_practice = 0
[analysis]
agreement = 1
[recruiter.mturk]
title = "Look at images"
description = "Say what you see"
reward = "0.10"
minutes = 1.0
cap = "10000"
"""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What one run of posting came to."""

    seconds: float
    n_listed: int
    n_twice: int


def measure() -> list[Row]:
    """Seconds for 2,000 HITs against one after another, and HITs there twice."""
    ours = _post(N_HITS, n_at_once=N_AT_ONCE)
    peer = _post(N_SEQUENTIAL, n_at_once=1)
    sequential_s = peer.seconds / N_SEQUENTIAL * N_HITS
    note = (
        f"{N_AT_ONCE} calls at a time; {LATENCY_S * 1000:.0f} ms latency and "
        f"{THROTTLE_RATE:.0%} throttled; one after another: {peer.seconds:.1f} s "
        f"measured for {N_SEQUENTIAL}, scaled to {N_HITS}; "
        f"{sequential_s / ours.seconds:.1f} times faster"
    )
    return [
        Row(
            name=f"posting {N_HITS} HITs against one after another",
            ours=f"{ours.seconds:.1f} s",
            peer=f"{sequential_s:.1f} s one after another",
            ratio=ours.seconds / sequential_s,
            bar=BAR,
            note=note,
        ),
        Row(
            name="posting: HITs lost or there twice",
            ours=f"{abs(N_HITS - ours.n_listed) + ours.n_twice} of {N_HITS}",
            peer="0 (limit)",
            ratio=float(abs(N_HITS - ours.n_listed) + ours.n_twice),
            bar=0.0,
            note=f"{ours.n_listed} listed by the market",
        ),
    ]


def _post(n_hits: int, *, n_at_once: int) -> Posted:
    with TemporaryDirectory() as name, _marketplace(Path(name)) as (url, keys):
        folder = Path(name)
        settings = complete_settings({"secret_key": "k" * 40}, folder=folder)
        services = open_services(settings)
        try:
            recruitment = _recruitment(services, folder, url, keys, n_hits=n_hits)
            quoting.quote_missing(
                recruitment
            )  # cuts the blocks, which is no part of posting
            started = time.perf_counter()
            report = posting.post(
                recruitment, agrees=lambda _quote: True, n_at_once=n_at_once
            )
            seconds = time.perf_counter() - started
            if report.problem:
                raise RuntimeError(f"posting stopped: {report.problem}")
            names = Counter(p.annotation for p in recruitment.market.postings())
        finally:
            services.store.close()
    return Posted(
        seconds=seconds,
        n_listed=len(names),
        n_twice=sum(n - 1 for n in names.values()),
    )


def _recruitment(
    services: Services, folder: Path, url: str, keys: tuple[str, str], *, n_hits: int
) -> MarketRecruitment:
    from tests.study_server.tiny_set import write_tiny_set

    # Blocks of four main trials; every response has a cut of its own.
    write_tiny_set(folder / "set", n_main=20, n_catch=10, n_practice=0)
    path = folder / "study.toml"
    path.write_text(STUDY.format(name="posting", n=n_hits // 5))
    create_study(services, path, stimuli=folder / "set")
    freeze_study(services, "posting")
    open_study(services, "posting")
    market = gateway.connect(url)
    client = _client(url, keys)
    return load_recruitment(
        services, "posting", spot=Spot(), market=replace(market, client=client)
    )


def _client(url: str, keys: tuple[str, str]) -> Any:  # noqa: ANN401 - boto3's own
    import boto3
    from botocore.config import Config

    return boto3.client(
        "mturk",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
        config=Config(
            retries={"mode": "standard", "max_attempts": 6},
            max_pool_connections=gateway.N_CONNECTIONS,
        ),
    )


@contextmanager
def _marketplace(folder: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """A marketplace in a process of its own: its address and keys."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(folder / "market", there))
    process.start()
    try:
        url, access_key, secret_key = here.recv()
        yield url, (access_key, secret_key)
    finally:
        here.send("stop")
        process.join()


def _serve(folder: Path, pipe: Connection) -> None:
    from study_server.marketplace.fault_injection import FaultPlan
    from tests.marketplace_server import serving_marketplace

    folder.mkdir()
    faults = FaultPlan(latency_s=LATENCY_S, throttle_rate=THROTTLE_RATE, seed=3)
    with serving_marketplace(folder, balance_cents=10**9, faults=faults) as live:
        pipe.send((live.url, live.access_key, live.secret_key))
        pipe.recv()
