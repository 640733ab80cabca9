"""How wide an RBF kernel is taken, and what that width leaves to be seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from stimuli.methods.selection._base import Candidates, Caution, SelectionError

Gamma = float | Literal["median", "1/d"]

_N_SAMPLED: Final = 1000
# Float32 features that differ by less are the same number, rounded twice.
_SAME: Final = 1e-12
# Within this of 0, or of 1, everything looks alike.
_BLIND: Final = 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class Distances:
    """Squared distances between images with different features.

    Attributes:
        between: `(n_pairs,)` float64, each pair once, ascending.
        nearest: `(n_sampled,)` of each image to the nearest; infinite where all
            are like it.
    """

    between: NDArray[np.float64]
    nearest: NDArray[np.float64]


def measure_distances(
    candidates: Candidates, features: NDArray[np.floating[Any]], *, is_local: bool
) -> Distances:
    """Over every pair the kernel compares, or over a sample of 1,000 images.

    The sample is every so many-th image in the order of the candidates (of each
    class, where the kernel keeps to a class), so that the same candidates give
    the same distances.

    Args:
        candidates: Named in messages.
        features: `(n, d)`; computed with in float64.
        is_local: Whether only images of one class are compared.

    Raises:
        SelectionError: If no two images have different features.
    """
    labels = candidates.labels if is_local else None
    between, nearest = [], []
    for members in _sample(labels, n=candidates.n):
        squared = _compare(features[members].astype(np.float64))
        pairs = squared[np.triu(np.ones(squared.shape, dtype=bool), 1)]
        between.append(pairs[np.isfinite(pairs)])
        nearest.append(squared.min(axis=1))
    # What follows reads quantiles, which are found sooner where all is in order.
    found = np.sort(np.concatenate(between))
    if not len(found):
        raise SelectionError(
            f"{candidates.name}: no two of the {candidates.n} images"
            f"{' of one class' if is_local else ''} have different features, so that "
            "nothing tells them apart; look at another layer, or at what the "
            "classifier makes of these images"
        )
    return Distances(between=found, nearest=np.concatenate(nearest))


def find_gamma(wish: Gamma, distances: Distances, *, n_features: int) -> float:
    """The number that a wish comes to.

    "median" is 1 over the median of `distances.between`, to six digits so that
    what is reported can be written in a recipe: half the pairs have a kernel
    above 1/e. "1/d" is 1 over the number of features, whatever their scale.
    """
    match wish:
        case "median":
            return float(f"{1 / np.median(distances.between):.6g}")
        case "1/d":
            return 1 / n_features
    return wish


@dataclass(frozen=True, kw_only=True)
class KernelContrast:
    """What a kernel makes of images that differ: 1 is the same, 0 unrelated.

    Attributes:
        low: Of all pairs, the kernel that 5 in 100 are below.
        median: That half are below.
        high: That 95 in 100 are below.
        nearest: Of each image with the one most like it, the median.
    """

    low: float
    median: float
    high: float
    nearest: float

    @classmethod
    def of(cls, distances: Distances, *, gamma: float) -> KernelContrast:
        """Of a kernel of width `gamma`."""
        # The kernel falls with the distance: its 5 % is the distances' 95 %.
        quantiles = np.quantile(distances.between, [0.95, 0.5, 0.05])
        nearest = float(np.median(distances.nearest))
        values = np.exp(-gamma * np.array([*quantiles, nearest]))
        low, median, high, near = (float(f"{value:.4g}") for value in values)
        return cls(low=low, median=median, high=high, nearest=near)

    def cautions(self, numbers: str) -> Iterator[Caution]:
        """What a researcher should know of it."""
        if self.nearest < _BLIND:
            yield Caution(
                what="MMD-critic's kernel is nearly the identity: it takes every image "
                "for unlike every other, and what it chooses hangs on a few chance "
                'neighbours; take gamma = "median"',
                numbers=numbers,
            )
        if self.median > 1 - _BLIND:
            yield Caution(
                what="MMD-critic's kernel is nearly constant: it takes all images for "
                "alike and sees of them little but their mean; take "
                'gamma = "median"',
                numbers=numbers,
            )


def _sample(
    labels: NDArray[np.integer[Any]] | None, *, n: int
) -> Iterator[NDArray[np.int64]]:
    """Indices of images to compare with each other."""
    groups = [np.arange(n)]
    if labels is not None:
        groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    size = max(2, _N_SAMPLED // len(groups))
    for group in groups:
        kept = min(size, len(group))
        yield group[np.arange(kept) * len(group) // kept]


def _compare(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """`(n, n)` squared distances, infinite between images that are the same."""
    sizes = np.square(rows).sum(axis=1)
    # Distances do not change when the centre moves, their rounding does.
    moved = rows - rows.mean(axis=0)
    halves = np.square(moved).sum(axis=1)
    squared = halves[:, None] + halves - 2 * (moved @ moved.T)
    squared[squared <= _SAME * (sizes[:, None] + sizes)] = np.inf
    np.fill_diagonal(squared, np.inf)
    compared: NDArray[np.float64] = squared
    return compared
