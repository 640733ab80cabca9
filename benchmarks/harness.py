"""Rows, paired timing and the printed table of `make bench`."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"
PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "pillow",
    "sqlalchemy",
    "flask",
    "gunicorn",
)

# Set by `make bench`: how many times as often as usual is measured.
FACTOR = "SECONDLOOK_BENCH_FACTOR"


class Skipped(Exception):  # noqa: N818 - it is an outcome, not an error
    """A measure that cannot be taken here; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measured line.

    Attributes:
        name: The measure.
        ours: Our figure, with its unit.
        peer: The peer's or the limit's figure, with its unit and name.
        ratio: Ours divided by the peer's.
        bar: The largest ratio that passes; None where there is no bar.
        note: What else a reader must know (ranges, sizes, versions).
    """

    name: str
    ours: str
    peer: str
    ratio: float
    bar: float | None
    note: str = ""

    @property
    def verdict(self) -> str:
        """pass, short, or no bar."""
        if self.bar is None:
            return "no bar"
        return "pass" if self.ratio <= self.bar else "short"

    def line(self) -> str:
        """`name | ours | peer or limit | ratio | bar | pass or short`."""
        bar = "-" if self.bar is None else f"{self.bar:.2f}"
        cells = [self.name, self.ours, self.peer, f"{self.ratio:.3f}", bar]
        return " | ".join([*cells, self.verdict])


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Seconds of interleaved runs, in order."""

    ours: tuple[float, ...]
    peer: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median over the pairs of ours divided by the peer's."""
        pairs = zip(self.ours, self.peer, strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)

    @property
    def note(self) -> str:
        """The range of the pairs' ratios."""
        pairs = zip(self.ours, self.peer, strict=True)
        ratios = [mine / theirs for mine, theirs in pairs]
        return f"ratios {min(ratios):.3f}..{max(ratios):.3f} over {len(ratios)} pairs"


def times(n: int) -> int:
    """How often to measure: `n`, or more where a first run came close to its bar."""
    return n * int(os.environ.get(FACTOR, "1"))


def peak_bytes() -> int:
    """Largest resident memory of this process since its program began.

    What `getrusage` calls by that name starts at that of the process that started it.

    Raises:
        Skipped: If this system does not say.
    """
    status = Path("/proc/self/status")
    if not status.is_file():
        raise Skipped("peak memory is read from /proc, which only Linux has")
    (line,) = (x for x in status.read_text().splitlines() if x.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def time_pairs(
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    n_pairs: int = 5,
) -> Paired:
    """Time two callables in turn, once each to warm up, then `n_pairs` times.

    Twice as often where `make bench` asks for it (see `times`).
    """
    ours()
    peer()
    mine: list[float] = []
    theirs: list[float] = []
    for pair in range(times(n_pairs)):
        order = ((ours, mine), (peer, theirs))
        for call, seconds in order if pair % 2 == 0 else reversed(order):
            started = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - started)
    return Paired(ours=tuple(mine), peer=tuple(theirs))


def append_results(rows: list[Row], skipped: dict[str, str]) -> None:
    """Add this run to RESULTS.md with date, machine and versions."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = [
        f"\n## {now}\n",
        f"{_machine()}; Python {platform.python_version()}; {versions}\n",
        "| measure | ours | peer or limit | ratio | bar | verdict | note |",
        "|---|---|---|---|---|---|---|",
        *(f"| {row.line()} | {row.note} |" for row in rows),
        *(
            f"| {name} | not measured | | | | | {why} |"
            for name, why in skipped.items()
        ),
    ]
    with RESULTS.open("a", encoding="utf-8") as handle:
        handle.write("\n".join(lines) + "\n")


def _machine() -> str:
    memory = Path("/proc/meminfo")
    gib = "?"
    if memory.is_file():
        gib = f"{int(memory.read_text().split()[1]) / 2**20:.0f}"
    return f"{_cores()} cores, {gib} GiB, {platform.machine()}, {platform.system()}"


def _cores() -> int:
    return len(os.sched_getaffinity(0))
