"""Normal densities weighted by how likely each is: what is known of several numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr

from analysis.statistics.frame_checks import FloatArray

_N_HALVINGS: Final = 40
# Standard deviations of its own within which a part's quantiles are looked for.
_FAR: Final = 9.0


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Several numbers, each normal under every part.

    Attributes:
        weights: Of the parts, summing to 1, shape (parts,).
        means: Shape (parts, numbers).
        sds: Standard deviations, above zero, shape (parts, numbers).
    """

    weights: FloatArray
    means: FloatArray
    sds: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Shape (numbers,)."""
        return np.asarray(self.weights @ self.means)

    @property
    def sd(self) -> FloatArray:
        """Standard deviation, shape (numbers,)."""
        away = self.means - self.mean
        return np.sqrt(self.weights @ (self.sds**2 + away**2))

    def below(self, places: FloatArray) -> FloatArray:
        """Chance that each number lies below its place, shape (numbers,).

        >>> two = Mixture(weights=np.array([0.5, 0.5]), means=np.array([[0.0], [2.0]]),
        ...               sds=np.ones((2, 1)))
        >>> float(two.below(np.array([1.0]))[0]), float(two.mean[0]), round(float(two.sd[0]), 3)
        (0.5, 1.0, 1.414)
        """
        return np.asarray(self.weights @ ndtr((places - self.means) / self.sds))

    def quantile(self, chance: float) -> FloatArray:
        """Place below which each number lies with this chance, shape (numbers,)."""
        low = (self.means - _FAR * self.sds).min(axis=0)
        high = (self.means + _FAR * self.sds).max(axis=0)
        for _ in range(_N_HALVINGS):
            middle = (low + high) / 2
            is_below = self.below(middle) < chance
            low = np.where(is_below, middle, low)
            high = np.where(is_below, high, middle)
        return np.asarray((low + high) / 2)

    def interval(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Lower and upper ends with equal tails outside, shape (numbers,) each."""
        tail = (1 - level) / 2
        return self.quantile(tail), self.quantile(1 - tail)

    def p_value(self) -> FloatArray:
        """Twice the chance of the other side of zero, shape (numbers,)."""
        below = self.below(np.zeros(self.means.shape[1]))
        return np.asarray(2 * np.minimum(below, 1 - below))
