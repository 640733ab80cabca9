"""The variance of a mean when people and stimuli are crossed, and how sure it is.

The sums of squares of two-way clustering (totals of people, of stimuli and of
their meetings) have known expectations, for any design, under effects of people,
of stimuli and of meetings. Solved for the sizes of the effects (none below zero),
they give the variance of a mean without bias. A difference of two conditions has
each effect twice: what is common to both conditions, which cancels as far as the
same people or stimuli are in both, and what is not; the totals of the sum of both
conditions tell them apart.

Source:
    Cameron, Gelbach & Miller (2011), "Robust inference with multiway
    clustering", eq. 2.8 (the three sums); Gao & Owen (2017), "Efficient moment
    calculations for variance components in large unbalanced crossed random
    effects models", section 4 (their expectations); Satterthwaite (1946) and
    Kish (1965), section 11.7 (degrees of freedom).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import nnls

from analysis.statistics.frame_checks import FloatArray

Codes = npt.NDArray[np.int_]

# Sums of squares this small beside the values' own are rounding.
_TINY: Final = 1e-20
# What a difference's variance keeps at least when effects below zero count too.
_LEAST: Final = 0.9


@dataclass(frozen=True, kw_only=True)
class Variance:
    """A variance and its degrees of freedom."""

    variance: float
    df: float


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """Who met what in which condition, as numbers from 0.

    Attributes:
        clusters: Codes of participants, stimuli and their meetings, shape (rows,)
            each.
        group: Condition of each row: 0, or 0 and 1 for a difference.
    """

    clusters: tuple[Codes, Codes, Codes]
    group: Codes

    @classmethod
    def of(
        cls, frame: pd.DataFrame, *, group: Codes, names: tuple[str, str]
    ) -> Crossing:
        """From the columns of participants and stimuli of a frame."""
        people, stimuli = (pd.factorize(frame[name])[0] for name in names)
        meeting = pd.factorize(people * (int(stimuli.max(initial=0)) + 1) + stimuli)[0]
        return cls(clusters=(people, stimuli, meeting), group=group)

    @property
    def n_groups(self) -> int:
        """Conditions that occur."""
        return len(np.unique(self.group))

    @property
    def n_participants(self) -> int:
        """People."""
        return int(self.clusters[0].max(initial=-1)) + 1

    @property
    def n_stimuli(self) -> int:
        """Stimuli."""
        return int(self.clusters[1].max(initial=-1)) + 1

    def variance(self, values: FloatArray) -> Variance:
        """Of the mean, or of the first condition's mean less the second's."""
        sizes = np.bincount(self.group)
        means = np.bincount(self.group, values) / sizes
        away = (values - means[self.group]) / sizes[self.group]
        size = float(np.square(values / sizes[self.group]).sum())
        if not float(away @ away) > _TINY * size:
            return Variance(variance=0.0, df=1.0)
        table, squares = self._sums(away)
        scale = np.maximum(table.sum(axis=1), _TINY)
        equations, sums = table / scale[:, None], squares / scale
        parts, wanted = nnls(equations, sums)[0], self._wanted
        variance = float(wanted @ parts)
        if len(sizes) == 2:
            # Cutting six effects at zero takes the variance for too large.
            uncut = float(wanted @ np.linalg.lstsq(equations, sums)[0])
            variance = min(variance, max(uncut, _LEAST * variance))
        return Variance(variance=variance, df=self._df(parts, expected=table))

    def _sums(self, away: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Expectations and values of the sums of squares, one row each."""
        expected, squares = [], []
        for sign in _SIGNS[: len(self._rows)]:
            for codes in self.clusters:
                totals = np.bincount(codes, weights=away * sign[self.group])
                squares.append(float(totals @ totals))
                expected.append(self._expected(codes, sign))
        return np.array(expected), np.array(squares)

    @cached_property
    def _rows(self) -> tuple[tuple[Codes, ...], ...]:
        """Codes of people, stimuli and meetings, for each condition."""
        n_groups = int(self.group.max()) + 1
        return tuple(
            tuple(codes[self.group == group] for codes in self.clusters)
            for group in range(n_groups)
        )

    def _expected(self, codes: Codes, sign: FloatArray) -> list[float]:
        """What one sum of squares is worth per unit of each effect's variance.

        Effects of people, stimuli, meetings that differ by condition; then those
        that are common to both conditions, where there are two.
        """
        mine = [codes[self.group == group] for group in range(len(self._rows))]
        apart, common = [], []
        for effect in range(3):
            levels = [rows[effect] for rows in self._rows]
            own = sum(
                _shared((each, each), (level, level))
                for each, level in zip(mine, levels, strict=True)
            )
            apart.append(own)
            if len(mine) == 2:
                crossed = _shared((mine[0], mine[1]), (levels[0], levels[1]))
                common.append(own + 2 * float(sign[0] * sign[1]) * crossed)
        return apart + common

    @cached_property
    def _wanted(self) -> FloatArray:
        """What the variance of the estimate is worth per unit of each effect's."""
        weights = [self._shares(place) for place in range(3)]
        apart = [float((each**2).sum()) for each in weights]
        common = [float((each.sum(axis=0) ** 2).sum()) for each in weights]
        return np.array(apart + (common if len(self._rows) == 2 else []))

    def _shares(self, place: int) -> FloatArray:
        """Share of each condition's rows per cluster, the second's negative."""
        n_clusters = int(self.clusters[place].max()) + 1
        counts = [np.bincount(rows[place], minlength=n_clusters) for rows in self._rows]
        return np.array(
            [
                each / each.sum() * sign
                for each, sign in zip(counts, _SIGNS[0], strict=False)
            ]
        )

    def _df(self, parts: FloatArray, *, expected: FloatArray) -> float:
        """Satterthwaite's degrees of freedom of the people's and stimuli's sums.

        Never fewer than either sum has by itself: what is taken off for meetings
        would make them fewer, and intervals too wide for few people.
        """
        variance, uncertain, least = float(self._wanted @ parts), 0.0, inf
        for place in (0, 1):
            total = float(expected[place] @ parts)
            if total <= 0 or expected[place, place] <= 0:
                continue
            shares = self._shares(place)
            shrink = float(expected[place, place]) / float((shares**2).sum())
            each = self._cluster_squares(place, parts, total=total)
            df = max(each.sum() ** 2 / (each @ each) * shrink, 1.0)
            uncertain += (total / shrink) ** 2 / df
            least = min(least, df)
        return max(variance**2 / uncertain, least) if uncertain > 0 else 1.0

    def _cluster_squares(
        self, place: int, parts: FloatArray, *, total: float
    ) -> FloatArray:
        """What each person (or stimulus) is expected to add to their sum of squares."""
        shares = self._shares(place)
        each = (shares**2).sum(axis=0) * parts[place]
        if len(parts) > 3:
            each = each + shares.sum(axis=0) ** 2 * parts[place + 3]
        rest = (np.abs(shares) / [[len(rows[0])] for rows in self._rows]).sum(axis=0)
        missing = max(total - float(each.sum()), 0.0)
        return np.asarray(each + rest / rest.sum() * missing)


# The first condition less the second; both together.
_SIGNS: Final = (np.array([1.0, -1.0]), np.array([1.0, 1.0]))


def _shared(clusters: tuple[Codes, Codes], levels: tuple[Codes, Codes]) -> float:
    """How alike centred effects make the cluster totals of two conditions.

    Sum over clusters c and levels l of the product over both conditions of
    (n_cl - n_c n_l / n) / n, where n_cl counts the rows they have in common. For
    a condition with itself, the squared totals of effects of variance 1.
    """
    n = [len(each) for each in clusters]
    width = max(int(each.max(initial=0)) for each in levels) + 1
    n_clusters = max(int(each.max(initial=0)) for each in clusters) + 1
    pairs, counts, by_cluster, by_level = [], [], [], []
    for cluster, level in zip(clusters, levels, strict=True):
        met, n_met = np.unique(
            cluster.astype(np.int64) * width + level, return_counts=True
        )
        pairs.append(met)
        counts.append(n_met)
        by_cluster.append(np.bincount(cluster, minlength=n_clusters).astype(float))
        by_level.append(np.bincount(level, minlength=width).astype(float))
    _, here, there = np.intersect1d(
        pairs[0], pairs[1], assume_unique=True, return_indices=True
    )
    found = float(counts[0][here] @ counts[1][there])
    for one, other in ((0, 1), (1, 0)):
        cluster, level = np.divmod(pairs[one], width)
        crossed = counts[one] * by_cluster[other][cluster] * by_level[other][level]
        found -= float(crossed.sum()) / n[other]
    both = float(by_cluster[0] @ by_cluster[1]) * float(by_level[0] @ by_level[1])
    return (found + both / (n[0] * n[1])) / (n[0] * n[1])
