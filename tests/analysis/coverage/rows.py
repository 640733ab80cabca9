"""What stands in the coverage table: one row is one world and one interval or test.

Modules of this folder list their rows in `ROWS`; `python -m
tests.analysis.coverage.run` measures them into `docs/coverage/`.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from math import isnan, nan, sqrt
from pathlib import Path
from typing import Final, Literal

import numpy as np

from analysis.statistics.intervals import Estimate

SEED: Final = 20180911
# What an interval of 95 % may cover, and a test at 5 % may reject under no effect.
COVERS: Final = (0.93, 0.97)
REJECTS: Final = (0.03, 0.07)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What one simulated study gave.

    Attributes:
        truth: What the interval should hold; of a test, the true difference (0).
        value: The point estimate.
        low: Lower end; NaN where no interval was given.
        high: Upper end.
        p_value: Of a test; NaN where none was made.
        refusal: Why there is no interval or test.
    """

    truth: float
    value: float = nan
    low: float = nan
    high: float = nan
    p_value: float = nan
    refusal: str = ""

    @classmethod
    def of(cls, estimate: Estimate, *, truth: float) -> Drawn:
        """From an estimate with its interval."""
        return cls(
            truth=truth,
            value=estimate.value,
            low=estimate.low,
            high=estimate.high,
            refusal=estimate.method if isnan(estimate.low) else "",
        )


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        place: Which number: the heading it stands under.
        world: What people and stimuli are like, in words.
        shows: Dotted names of the functions whose interval or test it is.
        study: Simulates one study and analyses it.
        kind: Whether the interval's coverage counts, how often a test rejects where
            nothing differs, or how often it finds what is there (power).
        scale: What numbers are multiplied by in print: 100 for shares.
        n_studies: Studies of a full run.
        n_quick: Studies of the run in `make test`; 0 leaves it out there.
        wider_because: Why it covers more than 97 % (or rejects less than 3 %), where
            it does.
    """

    place: str
    world: str
    shows: tuple[str, ...]
    study: Callable[[np.random.Generator], Drawn]
    kind: Literal["interval", "test", "power"] = "interval"
    scale: float = 100
    n_studies: int = 2000
    n_quick: int = 0
    wider_because: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What names the row."""
        return self.place, self.world


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the studies of a row showed, on the row's scale where it is no share.

    Attributes:
        n_studies: Studies simulated.
        given: Share of them that gave an interval (or test) at all.
        truth: Mean truth.
        mean: Mean estimate.
        rate: Share that covered the truth (or rejected), of those given.
        error: Monte Carlo standard error of `rate`.
        too_low: Share whose interval lies wholly below the truth.
        too_high: Share whose interval lies wholly above it.
        width: Mean width.
        oracle: Width of an interval that knew how much estimates vary: 2 · 1.96
            standard deviations of estimate less truth over these studies.
        refusal: The most frequent reason for none.
    """

    n_studies: int
    given: float
    truth: float
    mean: float
    rate: float
    error: float
    too_low: float
    too_high: float
    width: float
    oracle: float
    refusal: str


def measure(row: Row, *, n_studies: int | None = None, n_workers: int = 1) -> Outcome:
    """Simulate and count; the same studies whatever the number of workers."""
    wanted = range(n_studies if n_studies is not None else row.n_studies)
    if n_workers == 1:
        return outcome(row, [one_study(row.key, i) for i in wanted])
    with ProcessPoolExecutor(n_workers) as pool:
        work = partial(one_study, row.key)
        return outcome(row, list(pool.map(work, wanted, chunksize=20)))


def one_study(key: tuple[str, str], number: int) -> Drawn:
    """The study of that number of a row."""
    row = all_rows()[key]
    words = zlib.crc32("|".join(key).encode())
    return row.study(np.random.default_rng([SEED, words, number]))


def outcome(row: Row, drawn: Sequence[Drawn]) -> Outcome:
    """Count what the studies showed."""
    is_test = row.kind != "interval"
    given = [d for d in drawn if not isnan(d.p_value if is_test else d.low)]
    truth, value, low, high, p_value = (
        np.array([getattr(d, name) for d in given])
        for name in ("truth", "value", "low", "high", "p_value")
    )
    refusals = Counter(d.refusal for d in drawn if d.refusal)
    n = len(given)
    too_low = float((high < truth).mean()) if n else nan
    too_high = float((low > truth).mean()) if n else nan
    rate = (
        (float((p_value < 0.05).mean()) if is_test else 1 - too_low - too_high)
        if n
        else nan
    )
    return Outcome(
        n_studies=len(drawn),
        given=n / len(drawn),
        truth=float(truth.mean()) if n else nan,
        mean=float(value.mean()) if n else nan,
        rate=rate,
        error=sqrt(rate * (1 - rate) / n) if n else nan,
        too_low=too_low,
        too_high=too_high,
        width=float((high - low).mean()) if n else nan,
        oracle=float(2 * 1.96 * (value - truth).std()) if n else nan,
        refusal=refusals.most_common(1)[0][0] if refusals else "",
    )


def all_rows() -> dict[tuple[str, str], Row]:
    """Every row by place and world, in the order of the table."""
    return {row.key: row for rows in rows_by_module().values() for row in rows}


@cache
def rows_by_module() -> dict[str, tuple[Row, ...]]:
    """The rows of each module of this folder that has any."""
    found: dict[str, tuple[Row, ...]] = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem.startswith(("test_", "_")) or path.stem in ("rows", "run"):
            continue
        module = import_module(f"tests.analysis.coverage.{path.stem}")
        if rows := getattr(module, "ROWS", ()):
            found[path.stem] = tuple(rows)
    keys = Counter(row.key for rows in found.values() for row in rows)
    if twice := [key for key, n in keys.items() if n > 1]:
        raise ValueError(f"two rows are named {twice[0]}")
    return found
