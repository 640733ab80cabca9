"""Intervals of agreement beyond chance, 1 - observed / expected disagreement.

Units (trials) and people are both drawn anew. The coefficient is linearised: every
unit, and every person, has an influence on it. The squared influences of units give
the part of the variance that units (and single ratings) add; what the ratings of one
person on different units have in common gives the part that people add. Two things
help small samples: bounds are Student's t on Fisher's scale for intraclass
correlations, on which the spread hardly hangs on the value; and half the influence
of a unit that nobody saw is added, one with one more of the rare value than any unit
had, because rare values make agreement hang on very few units.

Source:
    Hoeffding (1948), "A class of statistics with asymptotically normal
    distribution" (influences of pairs); Fisher (1925), "Statistical methods for
    research workers", section 39 (the scale); Satterthwaite (1946) and Kish (1965),
    section 11.7 (degrees of freedom); Arvesen (1969), "Jackknifing U-statistics"
    (what people add to a mean over pairs). Limits: `docs/coverage/agreement.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import exp, inf, isnan, log, nan, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from analysis.statistics.frame_checks import FloatArray
from analysis.statistics.intervals import LEVEL, Estimate, critical_value

Codes = npt.NDArray[np.int_]

# Below these, simulated intervals cover too rarely: see docs/coverage/agreement.md.
MIN_UNITS: Final = 10
MIN_RARE: Final = 8
MIN_RARE_UNITS: Final = 3
# Fewer people, people of unequal weight counting as fewer, stand for themselves only.
MIN_PEOPLE: Final = 15

_UNSEEN: Final = 0.5
# Three times the reciprocal of fourth moments: a normal sample's own size.
_NORMAL: Final = 3.0
_LEAST: Final = 1e-3
# What residuals keep of two people in pairs is rounding.
_TINY: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class People:
    """What people add to the variance of a coefficient.

    Attributes:
        variance: Of the coefficient, from people alone; never below zero.
        n: How many people.
        n_effective: People of equal weight that would be as many (Kish).
        dof: Degrees of freedom of `variance`.
    """

    variance: float
    n: int
    n_effective: float
    dof: float

    @classmethod
    def of(
        cls, totals: FloatArray, *, cells: float, n_rows: FloatArray, n_in_row: int = 1
    ) -> People:
        """From people's influences.

        Args:
            totals: Influence of each person, shape (people,); they sum to zero.
            cells: Sum over people and units of their squared influence there, which
                is chance in single ratings and no difference of people.
            n_rows: Ratings (or pairs of ratings) of each person, shape (people,).
            n_in_row: People of a row: 2 for pairs, of which half as many share
                nobody as there are people.

        >>> totals, alike = np.array([1.0, -1, 1, -1]), np.ones(4)
        >>> found = People.of(totals, cells=2.0, n_rows=alike, n_in_row=2)
        >>> found.variance, found.dof   # 4 · 4 · 3 / 2² − 2; 4 / 2 · 10 / 12
        (10.0, 1.6666666666666667)
        """
        shares = n_rows / n_rows.sum()
        concentration = float(shares @ shares)
        # What residuals keep. A person's pairs are with all others but never with
        # themselves, so the others' mean takes as much off again (Arvesen).
        rest = 1 - concentration
        if n_in_row == 2:
            rest = (1 - 2 * concentration) ** 2 / rest if rest > 0 else 0.0
        whole = float(totals @ totals) / rest if rest > _TINY else 0.0
        variance = max(whole - cells, 0.0)
        dof = 1 / concentration - 1
        if n_in_row == 2:
            # The less of a sum is left, the less sure is what is left of it.
            dof = variance / whole / concentration / 2 if variance > 0 else 1.0
        return cls(
            variance=variance,
            n=int((n_rows > 0).sum()),
            n_effective=1 / concentration,
            dof=max(dof, 1.0),
        )

    @property
    def are_enough(self) -> bool:
        """Whether they can stand for other people."""
        return self.n_effective >= MIN_PEOPLE - 1e-9


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """A coefficient of agreement with all that its interval is made of.

    Attributes:
        name: What it is called.
        value: 1 is perfect, 0 what chance gives; NaN where it is not defined.
        units: Influence of each unit, shape (units,).
        clusters: Cluster of each unit, for every way in which units belong together,
            shape (units,) each; none where every unit is its own.
        unseen: Influence of a unit with one more of the rare value than any has.
        people: What people add; None where they are not known or not a sample.
        n: Ratings, or pairs of them.
        n_units: Units.
        per_unit: Ratings that are compared with each other on a unit.
        n_rare: Ratings other than the most frequent value.
        n_rare_units: Units that have such ratings.
    """

    name: str
    value: float
    units: FloatArray
    clusters: tuple[Codes, ...]
    unseen: float
    people: People | None
    n: int
    n_units: int
    per_unit: float
    n_rare: int
    n_rare_units: int

    def estimate(self, *, level: float = LEVEL) -> Estimate:
        """With its interval, or with the reason for none in `method`."""
        low, high, se, dof = nan, nan, nan, nan
        target = self._target()
        reason = self._reason_for_none()
        if reason:
            method = f"{self.name}, no interval: {reason}"
        else:
            variance, dof = self._variance()
            se = sqrt(variance)
            half = critical_value(level=level, dof=dof) * se
            low, high = _bounds(self.value, half, per_unit=self.per_unit)
            method = f"{self.name}, {target}, t on Fisher's scale"
        return Estimate(
            value=self.value,
            low=low,
            high=high,
            n=self.n,
            level=level,
            standard_error=se,
            n_people=self.people.n if self.people else 0,
            target="images like these" if self._is_for_others else "ignores people",
            n_stimuli=self.n_units,
            dof=dof,
            method=method,
        )

    @property
    def _is_for_others(self) -> bool:
        return self.people is not None and self.people.are_enough

    def _target(self) -> str:
        if self._is_for_others:
            return "other people and units like these"
        if self.people is None:
            return "other units like these"
        return (
            f"these people and other units ({self.people.n} people count as "
            f"{self.people.n_effective:.0f}; {MIN_PEOPLE} could stand for others)"
        )

    def _reason_for_none(self) -> str:
        if isnan(self.value):
            return "everybody gave the same value" if self.n else "nothing to compare"
        n_draws, draws = (
            self._n_draws,
            "clusters of units" if self.clusters else "units",
        )
        for n, least, what in (
            (n_draws, MIN_UNITS, draws),
            (self.n_rare, MIN_RARE, "ratings other than the most frequent"),
            (self.n_rare_units, MIN_RARE_UNITS, "units with such ratings"),
        ):
            if n < least:
                return f"{n} {what}, fewer than {least}"
        if self.value >= 1 - 1e-12:
            return "nobody disagreed, so how often people would is not known"
        return ""

    @property
    def _n_draws(self) -> int:
        """Units, or the fewest clusters: near copies tell the same."""
        return min([len(self.units), *(len(np.unique(each)) for each in self.clusters)])

    def _variance(self) -> tuple[float, float]:
        """Variance and degrees of freedom."""
        n = max(self._n_draws, 2)
        drawn, dof = _of_draws(self.units, self.clusters)
        # One unit of a cluster that nobody saw, were clusters as independent as units.
        unseen = self.unseen**2 * self.n_units / n
        of_units = drawn * n / (n - 1) + _UNSEEN * unseen
        of_people, dof_people = 0.0, inf
        if self.people is not None and self._is_for_others:
            of_people = self.people.variance
            dof_people = self.people.dof
        variance = of_units + of_people
        uncertain = of_units**2 / min(dof, n - 1) + of_people**2 / dof_people
        return variance, variance**2 / uncertain if uncertain > 0 else float(n - 1)


def _of_draws(units: FloatArray, clusters: tuple[Codes, ...]) -> tuple[float, float]:
    """Sum of squared influences of units or clusters, and its degrees of freedom.

    Where units belong together in several ways that cross, what units have in common
    both ways is counted once (Cameron, Gelbach and Miller 2011, eq. 2.13), and never
    less is taken than one way gives.
    """
    if not clusters:
        return _squares(units)
    alone = [_squares(totals_of(each, units)) for each in clusters]
    whole = 0.0
    for size in range(1, len(clusters) + 1):
        for some in combinations(clusters, size):
            met = np.unique(np.stack(some), axis=1, return_inverse=True)[1]
            whole -= (-1) ** size * _squares(totals_of(met.ravel(), units))[0]
    return max(whole, *(each for each, _ in alone)), min(dof for _, dof in alone)


def _squares(totals: FloatArray) -> tuple[float, float]:
    """Sum of squares, and how sure it is by its fourth moment."""
    squares = totals**2
    total = float(squares.sum())
    return total, _NORMAL * total**2 / float(squares @ squares) if total > 0 else inf


def totals_of(codes: Codes, values: FloatArray, n: int = 0) -> FloatArray:
    """Values added up by code, shape (n or as many as there are codes,).

    >>> totals_of(np.array([0, 1, 0]), np.array([1.0, 2.0, 3.0])).tolist()
    [4.0, 2.0]
    """
    return np.bincount(codes, values, n).astype(float)


def _bounds(value: float, half: float, *, per_unit: float) -> tuple[float, float]:
    """Bounds `half` away on the scale log((1 + (m - 1) x) / (1 - x))."""
    m = per_unit - 1
    above, below = max(1 + m * value, _LEAST), 1 - value
    middle, wide = log(above / below), half * (m / above + 1 / below)
    low, high = (_back(middle + sign * wide, m=m) for sign in (-1, 1))
    return low, high


def _back(at: float, *, m: float) -> float:
    """The value whose place on Fisher's scale this is."""
    if at > 0:
        small = exp(-at)
        return (1 - small) / (1 + m * small)
    ratio = exp(at)
    return (ratio - 1) / (ratio + m)
