"""How much people agree with each other, beyond what chance gives."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from analysis.errors import AnalysisError
from analysis.statistics.frame_checks import FloatArray, check_columns, check_once
from analysis.statistics.intervals import LEVEL

Scale = Literal["nominal", "ordinal", "interval"]
Codes = npt.NDArray[np.int_]


@dataclass(frozen=True, kw_only=True)
class AgreementEstimate:
    """A coefficient of agreement with its interval.

    Attributes:
        value: 1 is perfect, 0 what chance gives; NaN where it is not defined.
        low: Lower end of the interval.
        high: Upper end.
        n: Ratings of units with at least two.
        n_units: Such units.
        method: Which coefficient and interval, or why there is none.
    """

    value: float
    low: float
    high: float
    n: int
    n_units: int
    method: str


def krippendorff_alpha(
    ratings: pd.DataFrame,
    *,
    unit: str,
    value: str,
    scale: Scale = "nominal",
    order: Sequence[Hashable] | None = None,
) -> float:
    """Krippendorff's alpha; units may have any number of ratings.

    One minus observed over expected disagreement: 1 is perfect agreement, 0 is
    what chance gives. NaN where no unit has two ratings, or where everybody
    always gave the same value (nothing could be disagreed about).

    Args:
        ratings: Long frame, one row per rating.
        unit: Column that names what was rated.
        value: Column that holds the rating.
        scale: How far apart two values are: equal or not; by how many ratings lie
            between them; by their squared difference.
        order: The values from lowest to highest, for an ordinal scale of words;
            numbers are ordered as they are.

    Raises:
        AnalysisError: Naming missing columns, empty cells, or values that are no
            numbers or not in `order`.

    Source:
        Krippendorff (2011), "Computing Krippendorff's alpha-reliability",
        section C.

    >>> frame = pd.DataFrame({"trial": list("aabb"), "vote": [1, 1, 0, 0]})
    >>> krippendorff_alpha(frame, unit="trial", value="vote")
    1.0
    """
    table = RatingCounts.of(ratings, unit, value=value, scale=scale, order=order)
    return table.alpha(np.ones(table.n_units))


def alpha_interval(
    ratings: pd.DataFrame,
    *,
    unit: str,
    value: str,
    rng: np.random.Generator,
    scale: Scale = "nominal",
    order: Sequence[Hashable] | None = None,
    n_draws: int = 1000,
    level: float = LEVEL,
) -> AgreementEstimate:
    """Krippendorff's alpha with a percentile interval, units drawn anew.

    It speaks of these people and other units; that people are a sample too is not
    in it. The other arguments are those of `krippendorff_alpha`.

    >>> frame = pd.DataFrame({"trial": list("aabbcc"), "vote": [1, 1, 0, 0, 1, 0]})
    >>> found = alpha_interval(
    ...     frame, unit="trial", value="vote", rng=np.random.default_rng(0)
    ... )
    >>> round(found.value, 3), found.n_units
    (0.444, 3)
    """
    table = RatingCounts.of(ratings, unit, value=value, scale=scale, order=order)
    found = table.alpha(np.ones(table.n_units))
    method = f"Krippendorff's alpha ({scale}), bootstrap over units"
    low, high = nan, nan
    if not np.isnan(found):
        n = table.n_units
        draws = [
            table.alpha(np.bincount(rng.integers(n, size=n), minlength=n).astype(float))
            for _ in range(n_draws)
        ]
        low, high = percentile_ends(np.array(draws), level=level)
    return AgreementEstimate(
        value=found, low=low, high=high, n=table.n, n_units=table.n_units, method=method
    )


def percentile_ends(draws: FloatArray, *, level: float) -> tuple[float, float]:
    """Ends of the middle of the draws; NaN where half of them are not defined.

    >>> percentile_ends(np.arange(101.0), level=0.5)
    (25.0, 75.0)
    """
    defined = draws[~np.isnan(draws)]
    if len(defined) * 2 < len(draws) or len(defined) < 2:
        return nan, nan
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass(frozen=True, kw_only=True)
class RatingCounts:
    """How often each unit was given each value; units with two ratings at least.

    Attributes:
        counts: Sparse, shape (units, values).
        per_unit: Ratings of each unit, shape (units,).
        numbers: The values as numbers, in the order of the columns.
        scale: How far apart two values are.
    """

    counts: sparse.csr_array
    per_unit: FloatArray
    numbers: FloatArray
    scale: Scale

    @classmethod
    def of(
        cls,
        ratings: pd.DataFrame,
        unit: str,
        *,
        value: str,
        scale: Scale,
        order: Sequence[Hashable] | None,
    ) -> RatingCounts:
        """From a long frame."""
        check_columns(ratings, [unit, value])
        units, _ = pd.factorize(ratings[unit])
        values, numbers = _values(ratings[value], scale=scale, order=order)
        shape = (int(units.max(initial=-1)) + 1, len(numbers))
        counts = sparse.csr_array((np.ones(len(units)), (units, values)), shape=shape)
        per_unit = np.bincount(units, minlength=shape[0]).astype(float)
        is_paired = per_unit >= 2
        return cls(
            counts=counts[is_paired],
            per_unit=per_unit[is_paired],
            numbers=numbers,
            scale=scale,
        )

    @property
    def n_units(self) -> int:
        """Units with at least two ratings."""
        return len(self.per_unit)

    @property
    def n(self) -> int:
        """Their ratings."""
        return int(self.per_unit.sum())

    def alpha(self, weights: FloatArray) -> float:
        """Alpha with each unit counted so often, shape (units,)."""
        per_value = np.asarray(self.counts.T @ weights)
        n = float(per_value.sum())
        if n == 0:
            return nan
        differing, possible = self._disagreement(per_value)
        observed = float(weights @ (differing / (self.per_unit - 1)))
        expected = possible / (n - 1)
        return nan if expected <= 0 else 1 - observed / expected

    def _disagreement(self, per_value: FloatArray) -> tuple[FloatArray, float]:
        """Summed over ordered pairs of ratings: within each unit, and over all."""
        n = float(per_value.sum())
        if self.scale == "nominal":
            squares = np.asarray(self.counts.power(2).sum(axis=1)).ravel()
            return self.per_unit**2 - squares, n**2 - float(per_value @ per_value)
        at = self.numbers
        if self.scale == "ordinal":
            # Ratings between two values are the difference of their mid-ranks.
            at = np.cumsum(per_value) - per_value / 2
        at = at - float(per_value @ at) / n
        sums, squares = np.asarray(self.counts @ at), np.asarray(self.counts @ at**2)
        total = float(per_value @ at)
        differing = 2 * (self.per_unit * squares - sums**2)
        # The very sum of equal values is zero; what is left of it is rounding.
        differing[differing < 1e-12 * self.per_unit * squares] = 0.0
        return differing, 2 * (n * float(per_value @ at**2) - total**2)


def _values(
    column: pd.Series, *, scale: Scale, order: Sequence[Hashable] | None
) -> tuple[np.ndarray, FloatArray]:
    """Code of each rating, and the codes' values as numbers, in order."""
    if order is not None:
        places = pd.Index(list(order)).get_indexer(pd.Index(column))
        if (places < 0).any():
            came = column.iloc[int((places < 0).argmax())]
            raise AnalysisError(
                f"value {came!r} is not in the order given: {', '.join(map(str, order))}"
            )
        return places, np.arange(len(order), dtype=float)
    codes, values = pd.factorize(column, sort=True)
    if scale == "nominal":
        return codes, np.arange(len(values), dtype=float)
    numbers = pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype=float)
    if np.isnan(numbers).any():
        came = values[int(np.isnan(numbers).argmax())]
        raise AnalysisError(
            f"an {scale} scale needs numbers, got {came!r}; for words give their order"
        )
    ranks = np.argsort(np.argsort(numbers))
    return ranks[codes], np.sort(numbers)


def _counts_of_units(units: pd.Series, values: pd.Series) -> pd.DataFrame:
    """How often each unit got each value: rows are units, columns are values.

    What `pd.crosstab` gives, in a hundredth of its time where units are many.
    """
    known = (units.notna() & values.notna()).to_numpy()
    unit, names = pd.factorize(units[known], sort=True)
    value, given = pd.factorize(values[known], sort=True)
    places = unit * len(given) + value
    found = np.bincount(places, minlength=len(names) * len(given))
    return pd.DataFrame(
        found.reshape(len(names), len(given)), index=names, columns=given
    )


def fleiss_kappa(ratings: pd.DataFrame, *, unit: str, value: str) -> float:
    """Fleiss' kappa of units with equally many ratings each.

    NaN where there are no ratings or everybody always gave the same value.

    Args:
        ratings: Long frame, one row per rating.
        unit: Column that names what was rated.
        value: Column that holds the rating.

    Raises:
        AnalysisError: Naming a unit with another number of ratings than the
            others (alpha allows that), or where units have one rating each.

    Source:
        Fleiss (1971), "Measuring nominal scale agreement among many raters",
        eq. 7.

    >>> frame = pd.DataFrame({"trial": list("aabbcc"), "vote": [1, 1, 0, 0, 1, 0]})
    >>> round(fleiss_kappa(frame, unit="trial", value="vote"), 3)
    0.333
    """
    check_columns(ratings, [unit, value])
    counts = _counts_of_units(ratings[unit], ratings[value])
    if counts.empty:
        return nan
    n_ratings = counts.sum(axis=1)
    usual = int(n_ratings.mode().iloc[0])
    if (n_ratings != usual).any():
        odd = n_ratings[n_ratings != usual]
        raise AnalysisError(
            f"{unit} {odd.index[0]} has {odd.iloc[0]} ratings, most have {usual} "
            f"({len(odd)} differ): Fleiss' kappa needs equally many; use "
            "krippendorff_alpha, or leave those out"
        )
    if usual < 2:
        raise AnalysisError(f"every {unit} has one rating only: nothing to compare")
    table = counts.to_numpy(dtype=float)
    agreeing = ((table**2).sum(axis=1) - usual) / (usual * (usual - 1))
    shares = table.sum(axis=0) / table.sum()
    by_chance = float(shares @ shares)
    if by_chance == 1:
        return nan
    return float((agreeing.mean() - by_chance) / (1 - by_chance))


def cohen_kappas(
    ratings: pd.DataFrame, *, rater: str, unit: str, value: str, n_shared: int = 1
) -> pd.DataFrame:
    """Cohen's kappa of every two raters who rated units in common.

    Args:
        ratings: Long frame, one row per rating.
        rater: Column that names who rated.
        unit: Column that names what was rated.
        value: Column that holds the rating.
        n_shared: Pairs with fewer units in common are left out.

    Returns:
        Columns rater_a, rater_b, n_shared, observed (share of units on which both
        gave the same value), expected (by chance), kappa (NaN where both always
        gave the same single value).

    Raises:
        AnalysisError: If somebody rated a unit twice.

    Source:
        Cohen (1960), "A coefficient of agreement for nominal scales", eq. 1.

    >>> frame = pd.DataFrame({
    ...     "who": list("aaaabbbb"), "trial": [1, 2, 3, 4] * 2,
    ...     "vote": [1, 1, 0, 0, 1, 0, 0, 0],
    ... })
    >>> cohen_kappas(frame, rater="who", unit="trial", value="vote")["kappa"].to_list()
    [0.5]
    """
    check_columns(ratings, [rater, unit, value])
    check_once(ratings, [rater, unit], what="a rater rated a unit twice")
    pairs = RaterPairs.of(ratings, rater=rater, unit=unit, value=value)
    found = pairs.table()
    return found[found["n_shared"] >= n_shared].reset_index(drop=True)


@dataclass(frozen=True, kw_only=True)
class RaterPairs:
    """One entry per two raters and unit in common.

    Attributes:
        pair: Which two raters, shape (entries,).
        unit: Which unit, shape (entries,).
        first: Code of the first rater's value, shape (entries,).
        second: Code of the second rater's value.
        n_values: How many values there are.
        n_units: How many units there are.
        raters: Columns rater_a, rater_b: what the codes of pairs stand for.
    """

    pair: Codes
    unit: Codes
    first: Codes
    second: Codes
    n_values: int
    n_units: int
    raters: pd.DataFrame

    @classmethod
    def of(
        cls, ratings: pd.DataFrame, *, rater: str, unit: str, value: str
    ) -> RaterPairs:
        """From a long frame with one rating per rater and unit."""
        who, raters = pd.factorize(ratings[rater], sort=True)
        what, units = pd.factorize(ratings[unit], sort=True)
        said, values = pd.factorize(ratings[value], sort=True)
        rows = pd.DataFrame({"unit": what, "who": who, "said": said})
        both = rows.merge(rows, on="unit", suffixes=("_a", "_b"))
        both = both[both["who_a"] < both["who_b"]]
        place = both["who_a"].to_numpy() * len(raters) + both["who_b"].to_numpy()
        pair, places = pd.factorize(place, sort=True)
        first, second = np.divmod(np.asarray(places, dtype=int), max(len(raters), 1))
        names = np.asarray(raters, dtype=object)
        return cls(
            pair=pair,
            unit=both["unit"].to_numpy(),
            first=both["said_a"].to_numpy(),
            second=both["said_b"].to_numpy(),
            n_values=len(values),
            n_units=len(units),
            raters=pd.DataFrame({"rater_a": names[first], "rater_b": names[second]}),
        )

    def table(self) -> pd.DataFrame:
        """Columns rater_a, rater_b, n_shared, observed, expected, kappa."""
        n, observed, expected = self.agreement(np.ones(self.n_units))
        found = self.raters.assign(
            n_shared=n.astype(int), observed=observed / n, expected=expected / n
        )
        return found.assign(kappa=_kappas(found["observed"], found["expected"]))

    def agreement(
        self, weights: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Per pair: units in common, units agreed on, and those expected by chance.

        Args:
            weights: How often each unit counts, shape (units,).
        """
        n_pairs, weight = len(self.raters), weights[self.unit]
        n = np.bincount(self.pair, weight, n_pairs)
        agreed = np.bincount(self.pair, weight * (self.first == self.second), n_pairs)
        first, second = (
            np.bincount(
                self.pair * self.n_values + said, weight, n_pairs * self.n_values
            ).reshape(n_pairs, self.n_values)
            for said in (self.first, self.second)
        )
        chance = np.divide(
            (first * second).sum(axis=1), n, out=np.zeros(n_pairs), where=n > 0
        )
        return n.astype(float), agreed.astype(float), chance

    def pooled(self, weights: FloatArray) -> float:
        """Agreement beyond chance over all pairs; NaN where none was possible.

        Chance is how often the first rater's value on one unit equals the second's
        on another, which is right also for raters who share two units only (where
        their own shares on those units would be taken for far too much).
        """
        n, agreed, chance = self.agreement(weights)
        weight = weights[self.unit] ** 2
        same = np.bincount(self.pair, weight, len(n))
        both = np.bincount(self.pair, weight * (self.first == self.second), len(n))
        others = n**2 - same
        is_enough = others > 0
        expected = n * np.divide(
            chance * n - both, others, out=np.zeros(len(n)), where=is_enough
        )
        possible = float((n - expected)[is_enough].sum())
        if possible <= 0:
            return nan
        return float((agreed - expected)[is_enough].sum()) / possible


def _kappas(observed: pd.Series, expected: pd.Series) -> pd.Series:
    """Agreement beyond chance as a share of what was possible; NaN for 0 of 0."""
    possible = (1 - expected).where(expected < 1)
    return (observed - expected) / possible
