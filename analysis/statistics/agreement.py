"""How much people agree with each other, beyond what chance gives."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import nan
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from analysis.errors import AnalysisError
from analysis.statistics.beyond_chance import Coefficient, People, totals_of
from analysis.statistics.frame_checks import FloatArray, check_columns, check_once
from analysis.statistics.intervals import LEVEL, Estimate

Scale = Literal["nominal", "ordinal", "interval"]
Codes = npt.NDArray[np.int_]

_STEP = 1e-4


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
    rater: str | None = None,
    scale: Scale = "nominal",
    order: Sequence[Hashable] | None = None,
    clusters: Sequence[str] = (),
    level: float = LEVEL,
) -> Estimate:
    """Krippendorff's alpha with an interval for other units and other people.

    Where the people are fewer than 15 (people of unequal weight count as fewer), or
    not known, it is for these people and other units, and `method` says so.

    Args:
        ratings: Long frame, one row per rating.
        unit: Column that names what was rated.
        value: Column that holds the rating.
        rater: Column that names who rated, where that is known.
        scale: As in `krippendorff_alpha`.
        order: As there.
        clusters: Columns that name the cluster of a unit (its scene, its video),
            where units belong together; several may cross.
        level: Nominal coverage.

    Returns:
        `n` counts ratings, `n_stimuli` units with at least two. No interval, and the
        reason in `method`: fewer than 10 units (or clusters), fewer than 8 ratings
        other than the most frequent value, or those on fewer than 3 units; everybody
        agreed; alpha is not defined.

    Raises:
        AnalysisError: As `krippendorff_alpha`, and where somebody rated a unit
            twice.

    Source:
        `analysis.statistics.beyond_chance`.

    >>> frame = pd.DataFrame({"trial": list("aabbcc"), "vote": [1, 1, 0, 0, 1, 0]})
    >>> found = alpha_interval(frame, unit="trial", value="vote")
    >>> round(found.value, 3), found.n_stimuli
    (0.444, 3)
    >>> found.method
    "Krippendorff's alpha (nominal), no interval: 3 units, fewer than 10"
    """
    _check_raters(ratings, unit=unit, rater=rater, clusters=clusters)
    table = RatingCounts.of(
        ratings,
        unit,
        value=value,
        scale=scale,
        order=order,
        rater=rater,
        clusters=clusters,
    )
    found = table.alpha(np.ones(table.n_units))
    name = f"Krippendorff's alpha ({scale})"
    return table.coefficient(name, found).estimate(level=level)


def _check_raters(
    ratings: pd.DataFrame, *, unit: str, rater: str | None, clusters: Sequence[str]
) -> None:
    check_columns(ratings, clusters)
    if rater is not None:
        check_columns(ratings, [rater, unit])
        check_once(ratings, [rater, unit], what="a rater rated a unit twice")


@dataclass(frozen=True, kw_only=True)
class RatingCounts:
    """How often each unit was given each value; units with two ratings at least.

    Attributes:
        counts: Sparse, shape (units, values).
        per_unit: Ratings of each unit, shape (units,).
        numbers: The values as numbers, in the order of the columns.
        scale: How far apart two values are.
        units: Unit of each rating, shape (ratings,).
        values: Value of each rating, shape (ratings,).
        raters: Who gave it, shape (ratings,), where known.
        clusters: Cluster of each unit, for every way in which units belong together,
            shape (units,) each.
    """

    counts: sparse.csr_array
    per_unit: FloatArray
    numbers: FloatArray
    scale: Scale
    units: Codes
    values: Codes
    raters: Codes | None = None
    clusters: tuple[Codes, ...] = ()

    @classmethod
    def of(
        cls,
        ratings: pd.DataFrame,
        unit: str,
        *,
        value: str,
        scale: Scale,
        order: Sequence[Hashable] | None,
        rater: str | None = None,
        clusters: Sequence[str] = (),
    ) -> RatingCounts:
        """From a long frame."""
        check_columns(ratings, [unit, value])
        values, numbers = _values(ratings[value], scale=scale, order=order)
        all_units = pd.factorize(ratings[unit])[0]
        kept = np.flatnonzero(np.bincount(all_units, minlength=1)[all_units] >= 2)
        units, values = pd.factorize(all_units[kept])[0], values[kept]
        n_units = int(units.max(initial=-1)) + 1
        shape = (n_units, len(numbers))
        counts = sparse.csr_array((np.ones(len(units)), (units, values)), shape=shape)
        return cls(
            counts=counts,
            per_unit=np.bincount(units, minlength=n_units).astype(float),
            numbers=numbers,
            scale=scale,
            units=units,
            values=values,
            raters=_codes(ratings, rater, kept),
            clusters=_of_units(ratings, clusters, kept, units=units),
        )

    @property
    def n_units(self) -> int:
        """Units with at least two ratings."""
        return len(self.per_unit)

    @property
    def n(self) -> int:
        """Their ratings."""
        return len(self.units)

    def alpha(self, weights: FloatArray) -> float:
        """Alpha with each unit counted so often, shape (units,)."""
        per_value = np.asarray(self.counts.T @ weights)
        n = float(per_value.sum())
        if n == 0:
            return nan
        differing, possible = self._disagreement(per_value, self._places(per_value))
        observed = float(weights @ (differing / (self.per_unit - 1)))
        expected = possible / (n - 1)
        return nan if expected <= 0 else 1 - observed / expected

    def _places(self, per_value: FloatArray) -> FloatArray:
        """The values' places on the scale: ordinal ones by their mid-ranks."""
        if self.scale != "ordinal":
            return self.numbers
        # Ratings between two values are the difference of their mid-ranks.
        return np.asarray(np.cumsum(per_value) - per_value / 2)

    def _disagreement(
        self, per_value: FloatArray, at: FloatArray
    ) -> tuple[FloatArray, float]:
        """Summed over ordered pairs of ratings: within each unit, and over all."""
        n = float(per_value.sum())
        if self.scale == "nominal":
            squares = np.asarray(self.counts.power(2).sum(axis=1)).ravel()
            return self.per_unit**2 - squares, n**2 - float(per_value @ per_value)
        at = at - float(per_value @ at) / n
        sums, squares = np.asarray(self.counts @ at), np.asarray(self.counts @ at**2)
        total = float(per_value @ at)
        differing = 2 * (self.per_unit * squares - sums**2)
        # The very sum of equal values is zero; what is left of it is rounding.
        differing[differing < 1e-12 * self.per_unit * squares] = 0.0
        return differing, 2 * (n * float(per_value @ at**2) - total**2)

    def coefficient(self, name: str, value: float) -> Coefficient:
        """A coefficient of observed over expected disagreement, linearised.

        Args:
            name: What it is called.
            value: The point estimate.
        """
        per_value = np.asarray(self.counts.sum(axis=0)).ravel()
        rare = per_value.copy()
        units = np.zeros(self.n_units)
        unseen, people = 0.0, None
        if not np.isnan(value):
            rare[int(np.argmax(per_value))] = 0
            influence = _Influence.of(self, per_value)
            of_ratings = influence.of_ratings(self)
            units = totals_of(self.units, of_ratings, self.n_units)
            unseen = influence.unseen(self)
            people = self._people(of_ratings)
        by_unit = np.asarray(self.counts @ (rare > 0))
        return Coefficient(
            name=name,
            value=value,
            units=units,
            clusters=self.clusters,
            unseen=unseen,
            people=people,
            n=self.n,
            n_units=self.n_units,
            per_unit=self._usual_number(),
            n_rare=int(rare.sum()) if not np.isnan(value) else 0,
            n_rare_units=int((by_unit > 0).sum()),
        )

    def _usual_number(self) -> float:
        """Ratings per unit, less where units have unequally many."""
        n, k = self.per_unit.sum(), len(self.per_unit)
        if k < 2:
            return float(n)
        return float((n - (self.per_unit @ self.per_unit) / n) / (k - 1))

    def _people(self, of_ratings: FloatArray) -> People | None:
        if self.raters is None:
            return None
        return People.of(
            totals_of(self.raters, of_ratings),
            cells=float(of_ratings @ of_ratings),
            n_rows=np.bincount(self.raters).astype(float),
        )


@dataclass(frozen=True, kw_only=True)
class _Influence:
    """What one more rating does to observed over expected disagreement.

    Attributes:
        per_value: Ratings of each value, shape (values,).
        at: Places of the values on the scale, shape (values,).
        expected: Mean disagreement of ratings of different units.
        ratio: Observed over expected.
        of_ranks: What a rating of each value does by moving the ranks of others,
            shape (values,).
    """

    per_value: FloatArray
    at: FloatArray
    expected: float
    ratio: float
    of_ranks: FloatArray

    @classmethod
    def of(cls, table: RatingCounts, per_value: FloatArray) -> _Influence:
        at = table._places(per_value)
        observed, expected = _means(table, per_value, at)
        ratio = observed / expected
        of_ranks = np.zeros(len(at))
        if table.scale == "ordinal":
            n = per_value.sum()
            for value in range(len(at)):
                moved = at + _STEP * n * (np.arange(len(at)) > value)
                moved[value] += _STEP * n / 2
                there, chance = _means(table, per_value, moved)
                of_ranks[value] = -(there / chance - ratio) / _STEP
            of_ranks -= float(per_value @ of_ranks) / n
        return cls(
            per_value=per_value,
            at=at,
            expected=expected,
            ratio=ratio,
            of_ranks=of_ranks,
        )

    def of_ratings(self, table: RatingCounts) -> FloatArray:
        """Influence of each rating, shape (ratings,); they sum to zero.

        A person's ratings are in pairs with those of others, so what a rating
        disagrees more than its unit does counts twice (and for (m - 1) / (m - 2),
        as it is in its unit's mean).
        """
        m = table.per_unit[table.units]
        own = self._with_others(table)
        mean = np.bincount(table.units, own)[table.units] / m
        factor = np.where(m > 2, 2 * (m - 1) / np.maximum(m - 2, 1), 2.0)
        observed = mean + factor * (own - mean)
        by_chance = 2 * self._by_chance(table)[table.values] - self.expected
        moved = -(observed - self.ratio * by_chance) / self.expected
        moved = moved + self.of_ranks[table.values]
        return np.asarray((moved - moved.mean()) / len(moved))

    def unseen(self, table: RatingCounts) -> float:
        """Largest influence of a unit with one more of a rare value than any has."""
        m = max(round(table._usual_number()), 2)
        often = int(np.argmax(self.per_value))
        most = np.asarray(table.counts.max(axis=0).todense()).ravel()
        n_rare = np.minimum(most + 1, m)
        apart = self._apart(table.scale, often)
        within = 2 * n_rare * (m - n_rare) * apart / (m * (m - 1))
        chance = self._by_chance(table)
        mean = (n_rare * chance + (m - n_rare) * chance[often]) / m
        moved = within - self.ratio * (2 * mean - self.expected)
        moved[self.per_value == 0] = 0
        moved[often] = 0
        return float(np.abs(moved).max()) / self.expected * m / table.n

    def _apart(self, scale: Scale, value: int) -> FloatArray:
        """How far each value is from this one."""
        if scale == "nominal":
            return np.asarray(np.arange(len(self.at)) != value, dtype=float)
        return np.asarray((self.at - self.at[value]) ** 2)

    def _by_chance(self, table: RatingCounts) -> FloatArray:
        """Mean disagreement of a rating of each value with all others."""
        n = self.per_value.sum()
        if table.scale == "nominal":
            return np.asarray((n - self.per_value) / (n - 1))
        first, second = self.per_value @ self.at, self.per_value @ self.at**2
        return np.asarray((n * self.at**2 - 2 * self.at * first + second) / (n - 1))

    def _with_others(self, table: RatingCounts) -> FloatArray:
        """Mean disagreement of each rating with the others of its unit."""
        m = table.per_unit[table.units]
        if table.scale == "nominal":
            same = np.asarray(table.counts[table.units, table.values]).ravel()
            return np.asarray((m - same) / (m - 1))
        at = self.at[table.values]
        first, second = (
            np.asarray(table.counts @ power)[table.units]
            for power in (self.at, self.at**2)
        )
        return np.asarray((m * at**2 - 2 * at * first + second) / (m - 1))


def _means(
    table: RatingCounts, per_value: FloatArray, at: FloatArray
) -> tuple[float, float]:
    """Mean disagreement within units, and by chance."""
    n = float(per_value.sum())
    differing, possible = table._disagreement(per_value, at)
    observed = float((differing / (table.per_unit - 1)).sum())
    return observed / n, possible / (n * (n - 1))


def _codes(frame: pd.DataFrame, column: str | None, kept: Codes) -> Codes | None:
    if column is None:
        return None
    return np.asarray(pd.factorize(frame[column].iloc[kept])[0])


def _of_units(
    ratings: pd.DataFrame, columns: Sequence[str], kept: Codes, *, units: Codes
) -> tuple[Codes, ...]:
    """The cluster of each unit, from those of its ratings, for every column."""
    found = []
    for column in columns:
        codes = np.zeros(int(units.max(initial=-1)) + 1, dtype=int)
        codes[units] = pd.factorize(ratings[column].iloc[kept])[0]
        found.append(codes)
    return tuple(found)


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


def fleiss_interval(
    ratings: pd.DataFrame,
    *,
    unit: str,
    value: str,
    rater: str | None = None,
    clusters: Sequence[str] = (),
    level: float = LEVEL,
) -> Estimate:
    """Fleiss' kappa with an interval; arguments and limits of `alpha_interval`.

    Fleiss' kappa and nominal alpha differ by the number of ratings only (chance is
    taken with and without replacement), so both have the same interval but for that.

    Raises:
        AnalysisError: As `fleiss_kappa` and `alpha_interval`.

    >>> frame = pd.DataFrame({"trial": list("aabbcc"), "vote": [1, 1, 0, 0, 1, 0]})
    >>> fleiss_interval(frame, unit="trial", value="vote").method
    "Fleiss' kappa, no interval: 3 units, fewer than 10"
    """
    found = fleiss_kappa(ratings, unit=unit, value=value)
    _check_raters(ratings, unit=unit, rater=rater, clusters=clusters)
    table = RatingCounts.of(
        ratings,
        unit,
        value=value,
        scale="nominal",
        order=None,
        rater=rater,
        clusters=clusters,
    )
    return table.coefficient("Fleiss' kappa", found).estimate(level=level)


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


def pooled_kappa(
    ratings: pd.DataFrame,
    *,
    rater: str,
    unit: str,
    value: str,
    clusters: Sequence[str] = (),
    level: float = LEVEL,
) -> Estimate:
    """Cohen's kappa over all pairs of raters, with an interval.

    Agreement beyond chance, added up over pairs, as a share of what was possible
    beyond chance. Chance is that of two different units, so that pairs with few
    units in common do not pull it down. The interval is for other raters and units
    where there are raters enough, as in `alpha_interval`.

    Args:
        ratings: Long frame, one row per rating.
        rater: Column that names who rated.
        unit: Column that names what was rated.
        value: Column that holds the rating.
        clusters: As in `alpha_interval`.
        level: Nominal coverage.

    Returns:
        `n` counts pairs of ratings of one unit, `n_stimuli` units that have any.

    Raises:
        AnalysisError: If somebody rated a unit twice, or cells are empty.

    Source:
        Cohen (1960), eq. 1; `analysis.statistics.beyond_chance`.

    >>> frame = pd.DataFrame({
    ...     "who": list("aaaabbbb"), "trial": [1, 2, 3, 4] * 2,
    ...     "vote": [1, 1, 0, 0, 1, 0, 0, 0],
    ... })
    >>> found = pooled_kappa(frame, rater="who", unit="trial", value="vote")
    >>> round(found.value, 3), found.method
    (0.571, "Cohen's kappa, pooled over pairs, no interval: 4 units, fewer than 10")
    """
    _check_raters(ratings, unit=unit, rater=rater, clusters=clusters)
    check_columns(ratings, [value])
    pairs = RaterPairs.of(
        ratings, rater=rater, unit=unit, value=value, clusters=clusters
    )
    return pairs.kappa(level=level)


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
        clusters: Cluster of each unit, for every way in which units belong together,
            shape (units,) each.
    """

    pair: Codes
    unit: Codes
    first: Codes
    second: Codes
    n_values: int
    n_units: int
    raters: pd.DataFrame
    clusters: tuple[Codes, ...] = ()

    @classmethod
    def of(
        cls,
        ratings: pd.DataFrame,
        *,
        rater: str,
        unit: str,
        value: str,
        clusters: Sequence[str] = (),
    ) -> RaterPairs:
        """From a long frame with one rating per rater and unit."""
        who, raters = pd.factorize(ratings[rater], sort=True)
        what, units = pd.factorize(ratings[unit], sort=True)
        said, values = pd.factorize(ratings[value], sort=True)
        one, other = _meetings(what, who)
        place = who[one] * len(raters) + who[other]
        pair, places = pd.factorize(place, sort=True)
        first, second = np.divmod(np.asarray(places, dtype=int), max(len(raters), 1))
        names = np.asarray(raters, dtype=object)
        return cls(
            pair=pair,
            unit=what[one],
            first=said[one],
            second=said[other],
            n_values=len(values),
            n_units=len(units),
            raters=pd.DataFrame({"rater_a": names[first], "rater_b": names[second]}),
            clusters=_of_units(ratings, clusters, np.arange(len(what)), units=what),
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

    def only(self, kept: int | Codes) -> RaterPairs:
        """Some of the pairs, by their place in `raters`."""
        places = np.full(len(self.raters), -1)
        chosen = np.atleast_1d(kept)
        places[chosen] = np.arange(len(chosen))
        rows = places[self.pair] >= 0
        return replace(
            self,
            pair=places[self.pair[rows]],
            unit=self.unit[rows],
            first=self.first[rows],
            second=self.second[rows],
            raters=self.raters.iloc[chosen].reset_index(drop=True),
        )

    def pooled(self) -> float:
        """Agreement beyond chance over all pairs; NaN where none was possible."""
        return _Pooled.of(self).value

    def kappa(self, *, level: float = LEVEL) -> Estimate:
        """The pooled value with its interval, as `pooled_kappa` describes it."""
        everybody = list(pd.unique(self.raters.to_numpy().ravel()))
        found = self.coefficient("Cohen's kappa, pooled over pairs", drawn=everybody)
        return found.estimate(level=level)

    def coefficient(self, name: str, *, drawn: Sequence[Hashable]) -> Coefficient:
        """The pooled value, linearised.

        Args:
            name: What it is called.
            drawn: Raters that stand for others like them; the rest are as they are.
        """
        pooled = _Pooled.of(self)
        rows, said = pooled.rows, np.zeros(self.n_values)
        for side in (self.first, self.second):
            said += np.bincount(side[rows], minlength=self.n_values)
        cells = _Cells.of(self, rows)
        n_rare, n_rare_units = self._rare(rows, cells, drawn)
        kept, met = np.unique(self.unit[rows], return_inverse=True)
        n_units = len(kept)
        return Coefficient(
            name=name,
            value=pooled.value,
            units=totals_of(met, pooled.influence, n_units),
            clusters=tuple(each[kept] for each in self.clusters),
            unseen=pooled.unseen(self, said, raters_per_unit=cells.n / max(n_units, 1)),
            people=self._people(pooled, cells, drawn),
            n=len(rows),
            n_units=n_units,
            per_unit=2,
            n_rare=n_rare,
            n_rare_units=n_rare_units,
        )

    def _rare(
        self, rows: Codes, cells: _Cells, drawn: Sequence[Hashable]
    ) -> tuple[int, int]:
        """Ratings other than the most frequent value, and units that have any.

        Of those drawn and of the rest (of two raters, of each) whichever has fewer:
        a classifier that errs twice says little, whatever people do.
        """
        if len(rows) == 0:
            return 0, 0
        first = cells.first
        said = np.concatenate([self.first[rows], self.second[rows]])[first]
        who, unit = cells.who[first], cells.unit[first]
        side = who if len(self.raters) == 1 else self._is_drawn(drawn)[who]
        found = []
        for one in pd.unique(side):
            mine = side == one
            is_rare = said[mine] != np.bincount(said[mine]).argmax()
            found.append(unit[mine][is_rare])
        return min(map(len, found)), min(len(pd.unique(each)) for each in found)

    def _is_drawn(self, drawn: Sequence[Hashable]) -> np.ndarray:
        """Whether each rater, by code, is one of those drawn."""
        names = pd.unique(self.raters.to_numpy().ravel())
        return np.asarray(pd.Series(names).isin(list(drawn)))

    @property
    def _who(self) -> Codes:
        """Codes of the raters of each pair, shape (pairs, 2)."""
        return np.asarray(
            pd.factorize(self.raters.to_numpy().ravel())[0].reshape(-1, 2)
        )

    def _people(
        self, pooled: _Pooled, cells: _Cells, drawn: Sequence[Hashable]
    ) -> People | None:
        if len(drawn) == 0 or len(pooled.rows) == 0:
            return None
        influence = np.tile(pooled.influence, 2)
        is_in = self._is_drawn(drawn)[cells.who]
        if not is_in.any():
            return None
        cell, who = cells.cell, cells.who
        if not is_in.all():
            influence, who = influence[is_in], who[is_in]
            cell = pd.factorize(cell[is_in])[0]
        of_cells = np.bincount(cell, influence)
        who = pd.factorize(who, sort=True)[0]
        return People.of(
            totals_of(who, influence),
            cells=float(of_cells @ of_cells),
            n_rows=np.bincount(who).astype(float),
            n_in_row=2 if self._is_drawn(drawn).all() else 1,
        )


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """Which rating of which unit each side of an entry is: first sides, then second.

    Attributes:
        who: Code of the rater, shape (2 * entries,).
        unit: Code of the unit.
        cell: Both as one number from 0, in the order of first appearance.
    """

    who: Codes
    unit: Codes
    cell: Codes

    @classmethod
    def of(cls, pairs: RaterPairs, rows: Codes) -> _Cells:
        who = pairs._who[pairs.pair[rows]].T.ravel()
        unit = np.tile(pairs.unit[rows], 2)
        key = unit * (int(who.max(initial=0)) + 1) + who
        return cls(who=who, unit=unit, cell=pd.factorize(key)[0])

    @property
    def n(self) -> int:
        """Ratings."""
        return int(self.cell.max(initial=-1)) + 1

    @cached_property
    def first(self) -> Codes:
        """Where each cell is met first."""
        highest = np.maximum.accumulate(self.cell)
        return np.flatnonzero(np.diff(highest, prepend=-1))


@dataclass(frozen=True, kw_only=True)
class _Pooled:
    """Agreement beyond chance over pairs who share at least two units.

    Attributes:
        value: NaN where no agreement beyond chance was possible.
        rows: Entries of those pairs, shape (rows,).
        influence: Of each entry on the value, shape (rows,).
        possible: Disagreements that chance would give, over all entries.
    """

    value: float
    rows: Codes
    influence: FloatArray
    possible: float

    @classmethod
    def of(cls, pairs: RaterPairs) -> _Pooled:
        n_pairs, n_values = len(pairs.raters), pairs.n_values
        n = np.bincount(pairs.pair, minlength=n_pairs)
        rows = np.flatnonzero(n[pairs.pair] >= 2)
        pair, n_of = pairs.pair[rows], n[pairs.pair[rows]]
        first, second = pairs.first[rows], pairs.second[rows]
        said = [
            np.bincount(pair * n_values + side, minlength=n_pairs * n_values)
            for side in (first, second)
        ]
        is_same = first == second
        # How often one's value on this unit is not the other's on another unit.
        away = [
            (n_of - said[other][pair * n_values + side] - (1 - is_same)) / (n_of - 1)
            for side, other in ((first, 1), (second, 0))
        ]
        by_pair = np.bincount(pair, away[0], n_pairs)
        possible = float(by_pair.sum())
        if possible <= 0:
            return cls(
                value=nan, rows=rows, influence=np.zeros(len(rows)), possible=0.0
            )
        ratio = float((~is_same).sum()) / possible
        mean = (by_pair / np.maximum(n, 1))[pair]
        moved = ~is_same - ratio * (away[0] + away[1] - mean)
        return cls(
            value=1 - ratio, rows=rows, influence=-moved / possible, possible=possible
        )

    def unseen(
        self, pairs: RaterPairs, said: FloatArray, *, raters_per_unit: float
    ) -> float:
        """Largest influence of a unit on which one more rater has a rare value."""
        if np.isnan(self.value) or len(self.rows) == 0:
            return 0.0
        first, unit = pairs.first[self.rows], pairs.unit[self.rows]
        is_same = first == pairs.second[self.rows]
        often, shares = int(np.argmax(said)), said / said.sum()
        n_met = np.bincount(unit)
        usual = float(n_met[n_met > 0].mean())
        # What one more rater adds, on average, to a unit's share of rare pairs.
        step = 1 / max(raters_per_unit - 1, 1)
        chance, mean = 1 - shares, self.possible / len(self.rows)
        moved = -(1 - self.value) * (2 * chance - mean)
        found = [0.0]
        for value in np.flatnonzero(said):
            if value == often:
                continue
            both = np.bincount(unit, is_same & (first == value), len(n_met))
            most = float((both / np.maximum(n_met, 1)).max())
            share = min(most + step, 1.0)
            found.append(abs(share * moved[value] + (1 - share) * moved[often]))
        return max(found) * usual / self.possible


def _meetings(units: Codes, raters: Codes) -> tuple[Codes, Codes]:
    """Rows of every two ratings of one unit, that of the rater who sorts first ahead.

    In the order of the first row, then of the second. A table of all rows against all
    would be twice as long, and more where a rater comes back.
    """
    order = np.argsort(units, kind="stable")
    unit = units[order]
    ones, others = [], []
    for step in range(1, int(np.bincount(units).max(initial=0))):
        place = np.flatnonzero(unit[step:] == unit[:-step])
        left, right = order[place], order[place + step]
        ahead = raters[left] < raters[right]
        is_two = raters[left] != raters[right]
        ones.append(np.where(ahead, left, right)[is_two])
        others.append(np.where(ahead, right, left)[is_two])
    if not ones:
        return np.zeros(0, dtype=int), np.zeros(0, dtype=int)
    one, other = np.concatenate(ones), np.concatenate(others)
    order = np.argsort(one * len(units) + other)
    return one[order], other[order]


def _kappas(observed: pd.Series, expected: pd.Series) -> pd.Series:
    """Agreement beyond chance as a share of what was possible; NaN for 0 of 0."""
    possible = (1 - expected).where(expected < 1)
    return (observed - expected) / possible
