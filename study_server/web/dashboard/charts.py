"""Geometry of the dashboard's bars; templates do no arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

BAR_WIDTH: Final = 100.0
HEIGHT: Final = 120.0
COLUMN: Final = 44.0


@dataclass(frozen=True, kw_only=True)
class SessionsBar:
    """Sessions wanted, valid and under way, as widths of 100 in all."""

    n_wanted: int
    n_valid: int
    n_reserved: int
    valid_width: float
    reserved_width: float


@dataclass(frozen=True, kw_only=True)
class HistogramColumn:
    """One column of a histogram, in the drawing's units."""

    n_responses: int
    n_trials: int
    x: float
    middle: float
    y: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Main trials by their number of valid responses."""

    columns: tuple[HistogramColumn, ...]
    width: float
    height: float = HEIGHT + 46
    base: float = HEIGHT + 20


def make_bar(*, n_wanted: int, n_valid: int, n_reserved: int) -> SessionsBar:
    """A bar; more than wanted fills it and no more."""
    whole = max(n_wanted, n_valid + n_reserved, 1)
    return SessionsBar(
        n_wanted=n_wanted,
        n_valid=n_valid,
        n_reserved=n_reserved,
        valid_width=round(BAR_WIDTH * n_valid / whole, 2),
        reserved_width=round(BAR_WIDTH * n_reserved / whole, 2),
    )


def make_histogram(counts: Mapping[int, int], *, n_wanted: int) -> Histogram:
    """Columns for 0 to `n_wanted` responses, and beyond where there are any."""
    last = max([n_wanted, *counts])
    most = max([1, *counts.values()])
    columns = tuple(
        _column(index, counts.get(index, 0), most=most) for index in range(last + 1)
    )
    return Histogram(columns=columns, width=COLUMN * len(columns))


def _column(index: int, n_trials: int, *, most: int) -> HistogramColumn:
    height = round(HEIGHT * n_trials / most, 2)
    return HistogramColumn(
        n_responses=index,
        n_trials=n_trials,
        x=index * COLUMN + 5,
        middle=index * COLUMN + COLUMN / 2,
        y=HEIGHT + 20 - height,
        height=height,
    )
