"""The variance of a weighted sum of groups' means when people and stimuli come back.

Every response has one influence on the sum. The squared totals of the influences
of each person, of each stimulus (and cluster of stimuli) and of their meetings have
known expectations, for any design, under effects of people, of stimuli, of clusters
and of meetings. Solved for the sizes of the effects (none below zero), they give the
variance of the sum without bias. Where there are several groups (two conditions, say)
each effect is there twice: what is common to all groups, which cancels as far as the
same people or stimuli are in them, and what is not; the squared totals within groups
tell them apart.

This is the only variance of clustered means, shares, differences and contrasts.

Source:
    Cameron, Gelbach & Miller (2011), "Robust inference with multiway
    clustering", eq. 2.8 (the three sums); Gao & Owen (2017), "Efficient moment
    calculations for variance components in large unbalanced crossed random
    effects models", section 4 (their expectations); Satterthwaite (1946) and
    Kish (1965), section 11.7 (degrees of freedom).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import nnls

from analysis.statistics.frame_checks import FloatArray

Codes = npt.NDArray[np.int_]
# Columns whose values together make a part: people, stimuli, clusters or the group.
_Set = frozenset[int]

_GROUP: Final = -1
_PERSON: Final = 0
_STIMULUS: Final = 1
# Sums of squares this small beside the values' own are rounding.
_TINY: Final = 1e-20
# What the variance of several groups keeps at least when effects below zero count too.
_LEAST: Final = 0.9


@dataclass(frozen=True, kw_only=True)
class Variance:
    """A variance and its degrees of freedom."""

    variance: float
    df: float


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """Who met what in which group, as numbers from 0.

    Attributes:
        columns: Codes of people, of stimuli, then of each kind of clusters, shape
            (rows,) each.
        group: Group of each row, shape (rows,); every number from 0 occurs.
    """

    columns: tuple[Codes, ...]
    group: Codes
    _parts: dict[_Set, Codes] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        people: npt.ArrayLike,
        stimuli: npt.ArrayLike,
        *,
        clusters: Sequence[npt.ArrayLike] = (),
        group: Codes | None = None,
    ) -> Crossing:
        """From who responded, to what, and what the stimuli belong to.

        Args:
            people: Names of people, shape (rows,).
            stimuli: Names of stimuli, shape (rows,).
            clusters: Names of what stimuli that are alike have in common (a scene, a
                video), shape (rows,) each; several kinds may cross.
            group: Group of each row, from 0; one group unless given.
        """
        # A column stays as it is: an array of its names would hold each anew.
        names = (
            each if isinstance(each, pd.Series) else np.asarray(each)
            for each in (people, stimuli, *clusters)
        )
        codes = tuple(pd.factorize(each)[0] for each in names)
        own = np.zeros(len(codes[0]), int) if group is None else group
        return cls(columns=codes, group=np.asarray(own, dtype=int))

    @property
    def n_groups(self) -> int:
        """Groups that occur."""
        return int(self.group.max(initial=-1)) + 1

    @property
    def n_participants(self) -> int:
        """People."""
        return _n(self.columns[_PERSON])

    @property
    def n_stimuli(self) -> int:
        """Stimuli."""
        return _n(self.columns[_STIMULUS])

    @property
    def n_least(self) -> tuple[int, ...]:
        """People, stimuli and clusters in the group that has fewest of each."""
        found = [
            np.unique(codes * self.n_groups + self.group) % self.n_groups
            for codes in self.columns
        ]
        return tuple(int(np.bincount(each).min()) for each in found)

    @property
    def n_scarcest(self) -> int:
        """People, stimuli or clusters, whichever are fewest."""
        return min(_n(codes) for codes in self.columns)

    def only(self, groups: Sequence[int]) -> Crossing:
        """The rows of these groups, numbered anew in this order."""
        mine = np.isin(self.group, groups)
        places = np.full(self.n_groups, -1)
        places[list(groups)] = range(len(groups))
        columns = tuple(pd.factorize(codes[mine])[0] for codes in self.columns)
        return Crossing(columns=columns, group=places[self.group[mine]])

    def means(self, values: FloatArray) -> FloatArray:
        """Mean of each group, shape (groups,)."""
        return np.asarray(np.bincount(self.group, values) / np.bincount(self.group))

    def variance(
        self, values: FloatArray, weights: npt.ArrayLike | None = None
    ) -> Variance:
        """Of the weighted sum of the groups' means.

        Args:
            values: One per row.
            weights: One per group; 1 for a single group, 1 and −1 for two, unless
                given.

        Returns:
            Zero with one degree of freedom where no group's values differ.
        """
        chosen = (1.0, -1.0)[: self.n_groups] if weights is None else weights
        reach = np.asarray(chosen, dtype=float) / np.bincount(self.group)
        influences = (values - self.means(values)[self.group]) * reach[self.group]
        size = float(np.square(values * reach[self.group]).sum())
        if not float(influences @ influences) > _TINY * size:
            return Variance(variance=0.0, df=1.0)
        return _Moments(self, reach[self.group]).variance(influences)

    def covariance(self, values: FloatArray) -> FloatArray:
        """Of the groups' means, shape (groups, groups).

        Made of the variances of every mean and of every difference of two, so that
        a difference has the variance that `variance` gives it. Means that are shown
        on another scale (log odds, say) take it times the slopes of that scale.

        >>> crossing = Crossing.of(
        ...     list("ppqqrr"), list("xyxyxy"), group=np.array([0, 1] * 3))
        >>> values = np.array([1.0, 2.0, 3.0, 5.0, 8.0, 9.0])
        >>> found = crossing.covariance(values)
        >>> bool(np.isclose(
        ...     found[0, 0] + found[1, 1] - 2 * found[0, 1],
        ...     crossing.variance(values).variance))
        True
        """
        n = self.n_groups
        found = np.zeros((n, n))
        for one in range(n):
            mine = self.group == one
            found[one, one] = self.only([one]).variance(values[mine]).variance
        for one in range(n):
            for other in range(one):
                rows = (self.group == one) | (self.group == other)
                apart = self.only([one, other]).variance(values[rows]).variance
                both = (found[one, one] + found[other, other] - apart) / 2
                found[one, other] = found[other, one] = both
        return found

    def codes(self, part: _Set) -> Codes:
        """Rows that agree in all of these columns have the same number."""
        if part not in self._parts:
            first, *rest = sorted(part, reverse=True)
            found = self.group if first == _GROUP else self.columns[first]
            for place in rest:
                other = self.group if place == _GROUP else self.columns[place]
                found = pd.factorize(found * (_n(other) + 1) + other)[0]
            self._parts[part] = found
        return self._parts[part]

    def is_same(self, one: _Set, other: _Set) -> bool:
        """Whether both divide the rows alike."""
        n = _n(self.codes(one))
        return n == _n(self.codes(other)) == _n(self.codes(one | other))

    @cached_property
    def clustered(self) -> tuple[_Set, ...]:
        """What is drawn anew: people, and stimuli or what these belong to."""
        n_meant = range(2, len(self.columns))
        is_inside = any(
            _n(self.codes(frozenset({_STIMULUS, place}))) == self.n_stimuli
            for place in n_meant
        )
        drawn = [frozenset({_PERSON}), *(frozenset({place}) for place in n_meant)]
        if not is_inside:
            drawn.insert(1, frozenset({_STIMULUS}))
        return self._distinct(drawn)

    @cached_property
    def effects(self) -> tuple[_Set, ...]:
        """Every part that may have an effect of its own."""
        things = [frozenset({place}) for place in range(1, len(self.columns))]
        common = [frozenset({_PERSON}), *things, *(each | {_PERSON} for each in things)]
        apart = [each | {_GROUP} for each in common] if self.n_groups > 1 else []
        return self._distinct([*self.clustered, *common, *apart])

    def _distinct(self, parts: Sequence[_Set]) -> tuple[_Set, ...]:
        kept: list[_Set] = []
        for part in parts:
            if not any(self.is_same(part, other) for other in kept):
                kept.append(part)
        return tuple(kept)


class _Moments:
    """Sums of squares of influences, and what they are worth under each effect."""

    def __init__(self, crossing: Crossing, reach: FloatArray) -> None:
        """For influences that are residuals times `reach`, shape (rows,)."""
        self.crossing = crossing
        self.reach = reach
        self.effects = crossing.effects
        self.totals = {part: self._by_level(part, reach) for part in self.effects}
        # What the variance of the sum is worth per unit of each effect's.
        self.wanted = np.array([float(t @ t) for t in self.totals.values()])

    def variance(self, influences: FloatArray) -> Variance:
        """Of the sum of the influences."""
        sums = [self._by_level(part, influences) for part in self.effects]
        squares = np.array([float(each @ each) for each in sums])
        scale = np.maximum(self.expected.sum(axis=1), _TINY)
        equations, found = self.expected / scale[:, None], squares / scale
        parts = nnls(equations, found)[0]
        variance = float(self.wanted @ parts)
        if self.crossing.n_groups > 1:
            # Cutting so many effects at zero takes the variance for too large.
            uncut = float(self.wanted @ np.linalg.lstsq(equations, found)[0])
            variance = min(variance, max(uncut, _LEAST * variance))
        return Variance(variance=variance, df=self._df(parts))

    @cached_property
    def expected(self) -> FloatArray:
        """Expectation of every part's sum of squares per unit of every effect."""
        return np.array(
            [
                [self._worth(one, level) for level in self.effects]
                for one in self.effects
            ]
        )

    def _worth(self, part: _Set, effect: _Set) -> float:
        """Of the sum over levels c of `part` of the squared totals.

        With X the reach that level c and effect l have in common, Y that of c and
        group g, P the share of g that has effect l, it is |X − Y P|².
        """
        both = self._meetings(part, effect)
        y, p = self._by_group[part], self._shares[effect]
        crossed = np.einsum("ij,ij->i", y[both.part], p[both.effect])
        return float(
            both.reach @ both.reach
            - 2 * (both.reach @ crossed)
            + ((y.T @ y) * (p.T @ p)).sum()
        )

    def _df(self, parts: FloatArray) -> float:
        """Satterthwaite's degrees of freedom of the sums of what is drawn anew.

        Never fewer than any of them has by itself: what is taken off for meetings
        would make them fewer, and intervals too wide for few people.
        """
        variance, uncertain, least = float(self.wanted @ parts), 0.0, inf
        for part in self.crossing.clustered:
            place = self.effects.index(part)
            total = float(self.expected[place] @ parts)
            shrink = self._kept(part)
            if total <= 0 or shrink <= 0:
                continue
            each = self._by_cluster(part, parts)
            df = max(float(each.sum() ** 2 / (each @ each) * shrink), 1.0)
            uncertain += (total / shrink) ** 2 / df
            least = min(least, df)
        return max(variance**2 / uncertain, least) if uncertain > 0 else 1.0

    def _kept(self, part: _Set) -> float:
        """Share of its effects' variance that the residuals keep; 0 for none.

        (G − 1) / G where G people are alike. Effects of people who meet all groups
        alike cancel: then the share of what groups add to them.
        """
        row = self.expected[self.effects.index(part)]
        for effect in (part, part | {_GROUP}):
            if effect in self.totals:
                place = self.effects.index(effect)
                if self.wanted[place] > _TINY * float(self.wanted.max()):
                    return float(row[place] / self.wanted[place])
        return 0.0

    def _by_cluster(self, part: _Set, parts: FloatArray) -> FloatArray:
        """What each person (or stimulus) is expected to add to their sum of squares."""
        total = np.zeros(len(self.totals[part]))
        for effect, size in zip(self.effects, parts, strict=True):
            both = self._meetings(part, effect)
            total += size * np.bincount(both.part, both.reach**2, minlength=len(total))
        return total

    def _by_level(self, part: _Set, values: FloatArray) -> FloatArray:
        return np.asarray(
            np.bincount(self.crossing.codes(part), weights=values), dtype=float
        )

    @cached_property
    def _by_group(self) -> dict[_Set, FloatArray]:
        """Reach of every level within every group, shape (levels, groups)."""
        return {part: self._table(part, self.reach) for part in self.effects}

    @cached_property
    def _shares(self) -> dict[_Set, FloatArray]:
        """Share of every group that every level is, shape (levels, groups)."""
        each = 1 / np.bincount(self.crossing.group)[self.crossing.group]
        return {part: self._table(part, each) for part in self.effects}

    def _table(self, part: _Set, values: FloatArray) -> FloatArray:
        codes, n_groups = self.crossing.codes(part), self.crossing.n_groups
        size = _n(codes) * n_groups
        cells = np.bincount(
            codes * n_groups + self.crossing.group, weights=values, minlength=size
        )
        return np.asarray(cells, dtype=float).reshape(-1, n_groups)

    def _meetings(self, part: _Set, effect: _Set) -> _Meetings:
        """Which levels of both parts occur together, and with what reach."""
        union = part | effect
        codes = self.crossing.codes(union)
        if union not in self._first:
            first = np.empty(_n(codes), dtype=int)
            first[codes[::-1]] = np.arange(len(codes))[::-1]
            reach = np.asarray(np.bincount(codes, weights=self.reach), dtype=float)
            self._first[union] = first, reach
        first, reach = self._first[union]
        return _Meetings(
            part=self.crossing.codes(part)[first],
            effect=self.crossing.codes(effect)[first],
            reach=reach,
        )

    @cached_property
    def _first(self) -> dict[_Set, tuple[Codes, FloatArray]]:
        return {}


@dataclass(frozen=True)
class _Meetings:
    part: Codes
    effect: Codes
    reach: FloatArray


def _n(codes: Codes) -> int:
    """How many numbers from 0 there are."""
    return int(codes.max(initial=-1)) + 1
