"""Images that belong together: near copies, one scene, one video, one class.

Images of one cluster err together, so that they are worth fewer than as many
independent ones. Ways of belonging together may cross; a pair of images counts once
in however many ways it belongs together.

Source:
    Cameron, Gelbach & Miller (2011), "Robust inference with multiway clustering",
    eq. 2.10 (inclusion and exclusion); Kish (1965), "Survey Sampling", section 11.7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import AnalysisError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int_]


@dataclass(frozen=True, kw_only=True)
class Ways:
    """Partitions of the same images, and how each counts in a sum over pairs.

    Attributes:
        single: Cluster of each image per way, and each image by itself; arrays of
            shape (images,).
        crossed: Cluster of each image per combination of ways, with its sign.
    """

    single: Sequence[Ints]
    crossed: Sequence[tuple[int, Ints]]

    def squares(self, values: Floats) -> float:
        """Sum of products of values over all pairs of images that belong together.

        Never less than in any one way, or of images by themselves; values have the
        shape (images,).
        """
        return self.squares_within(
            values, of=np.arange(len(values)), within=np.zeros(len(values), dtype=int)
        )

    def squares_within(self, values: Floats, *, of: Ints, within: Ints) -> float:
        """The same, over pairs of values of one person (or of another whole).

        Args:
            values: Shape (values,).
            of: The image of each, as a number.
            within: The person of each, as a number; at most one value per person and
                image.
        """
        if len(self.single) == 1:
            return float(values @ values)
        return max(
            *(_squares(values, codes[of], within) for codes in self.single),
            sum(
                sign * _squares(values, codes[of], within)
                for sign, codes in self.crossed
            ),
        )

    def effect(self, values: Floats) -> float:
        """What clusters make of the variance of a mean; where all are alike, their size.

        Values are deviations from the mean, shape (images,).
        """
        squares = float(values @ values)
        if squares > 0:
            return self.squares(values) / squares
        return self.most

    @property
    def most(self) -> float:
        """The same where all images of a cluster are alike; 1 without images."""
        n = len(self.single[-1])
        return self.squares(np.ones(n)) / n if n else 1.0

    def effect_on_chances(self, effect: float, *, told: float) -> float:
        """What clusters make of the variance of what outcomes show only in part.

        Args:
            effect: On the outcomes.
            told: Share of the variance of outcomes that is no chance, from 0 to 1.
        """
        if effect == 1:
            return effect
        return min(self.most, 1 + (effect - 1) / told) if told > 0 else self.most

    def dof(self) -> float:
        """How many clusters of equal size would be as good, less one; the fewest."""
        if len(self.single) == 1:
            return inf
        found = [_n_equal(codes) for codes in self.single[:-1]]
        return max(min(found) - 1, 1.0)


def ways_of(images: Sequence[Any] | pd.Index, clusters: pd.DataFrame | None) -> Ways:
    """In which ways these images belong together.

    Args:
        images: Distinct images.
        clusters: Index image, one column per way; images that it has not, and missing
            values, are clusters of their own. None: no image belongs to another.

    Raises:
        AnalysisError: If an image has two rows.

    >>> frame = pd.DataFrame({"scene": ["s", "s"], "day": [1, 2]}, index=["a", "b"])
    >>> ways = ways_of(["a", "b", "c"], frame)
    >>> ways.squares(np.array([1.0, 1.0, 1.0]))     # (1 + 1)² + 1²
    5.0
    """
    alone = np.arange(len(images))
    if clusters is None or clusters.shape[1] == 0:
        return Ways(single=[alone], crossed=[(1, alone)])
    if not clusters.index.is_unique:
        twice = clusters.index[clusters.index.duplicated()][0]
        raise AnalysisError(f"image {twice} has several rows in the table of clusters")
    found = clusters.reindex(pd.Index(images))
    columns = [_codes(found[name]) for name in found.columns]
    crossed = [
        ((-1) ** (size + 1), _meeting(chosen))
        for size in range(1, len(columns) + 1)
        for chosen in combinations(columns, size)
    ]
    return Ways(single=[*columns, alone], crossed=crossed)


def _codes(column: pd.Series) -> Ints:
    codes, names = pd.factorize(column)
    is_missing = codes < 0
    codes = codes.astype(int)
    codes[is_missing] = len(names) + np.arange(int(is_missing.sum()))
    return codes


def _meeting(columns: Sequence[Ints]) -> Ints:
    """Clusters of the images that are together in all of these ways."""
    found = columns[0]
    for column in columns[1:]:
        paired = found * (int(column.max(initial=0)) + 1) + column
        found = np.unique(paired, return_inverse=True)[1].ravel()
    return found


def _squares(values: Floats, codes: Ints, within: Ints) -> float:
    place = pd.factorize(within * (int(codes.max(initial=0)) + 1) + codes)[0]
    totals = np.bincount(place, weights=values)
    return float(totals @ totals)


def _n_equal(codes: Ints) -> float:
    weights = np.bincount(codes).astype(float) ** 2
    return float(weights.sum() ** 2 / (weights @ weights)) if len(codes) else inf
