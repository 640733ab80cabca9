"""What images that belong together make of the variance of every group's mean.

A group (a class of images) is a whole of its own: what its images have in common as
images of that group is its mean. Clusters inside it (near copies, scenes) still make
its images worth fewer than as many independent ones.

Source:
    Kish (1965), "Survey Sampling", section 8.2: 1 + (images per cluster - 1) times the
    correlation within clusters, which is taken from all groups at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.statistics.image_clusters import Ways, ways_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int_]


@dataclass(frozen=True, kw_only=True)
class Alikeness:
    """How alike images of a cluster are within their group.

    Attributes:
        correlation: Of two images that belong together, beyond those of one group;
            from 0 to 1.
        mates: Images of the same group that an image belongs together with, on
            average, shape (groups,).
    """

    correlation: float
    mates: Floats

    def effects(self, *, told: float = 1.0) -> Floats:
        """Times what the variance of a group's mean is, shape (groups,).

        Args:
            told: Share of the variance of outcomes that is no chance: the
                correlation of what is behind outcomes is that much larger.
        """
        correlation = min(self.correlation / told, 1.0) if told > 0 else 1.0
        return np.asarray(1 + correlation * self.mates)


def alikeness_within(
    outcomes: pd.Series, group: Ints, n_groups: int, clusters: pd.DataFrame | None
) -> Alikeness:
    """How alike images of a cluster are within their group.

    Args:
        outcomes: Index image, 0 or 1 (or any number).
        group: Group of each, as a number from 0, shape (images,).
        n_groups: Groups; of those without images all others' mates are taken.
        clusters: Index image, one column per way in which images belong together.
            Columns that name no more than the group are left out.

    >>> outcomes = pd.Series([1.0, 1, 0, 0, 1, 1, 0, 0], index=list("abcdefgh"))
    >>> scenes = pd.DataFrame({"scene": list("aabbccdd")}, index=outcomes.index)
    >>> found = alikeness_within(outcomes, np.zeros(8, int), 1, scenes)
    >>> found.correlation, found.effects().tolist()
    (1.0, [2.0])
    """
    ways = ways_of(outcomes.index, _inside(outcomes.index, group, clusters))
    values = outcomes.to_numpy(dtype=float)
    values = values - values.mean() if len(values) else values
    n_together, together = _pairs(values, ways, group, n_groups)
    n_in_group = np.bincount(group, minlength=n_groups).astype(float)
    totals = np.bincount(group, values, minlength=n_groups)
    squares = float(values @ values)
    n_apart = float((n_in_group**2 - n_in_group).sum() - n_together.sum())
    apart = float(totals @ totals) - squares - together
    between = apart / n_apart if n_apart > 0 else 0.0
    spread = squares / max(len(values), 1) - between
    common = together / max(n_together.sum(), 1.0) - between
    pooled = float(n_together.sum() / max(n_in_group.sum(), 1.0))
    return Alikeness(
        correlation=float(np.clip(common / spread, 0.0, 1.0)) if spread > 0 else 0.0,
        mates=np.where(
            n_in_group > 0, n_together / np.maximum(n_in_group, 1.0), pooled
        ),
    )


def _inside(
    images: pd.Index, group: Ints, clusters: pd.DataFrame | None
) -> pd.DataFrame | None:
    """The ways that divide groups further."""
    if clusters is None:
        return None
    found = clusters.reindex(images)
    n_in_groups = found.groupby(group).nunique(dropna=False).max()
    return found.loc[:, (n_in_groups > 1).to_numpy(dtype=bool)]


def _pairs(
    values: Floats, ways: Ways, group: Ints, n_groups: int
) -> tuple[Floats, float]:
    """Ordered pairs of a group that belong together, shape (groups,); their products."""
    n, product = np.zeros(n_groups), 0.0
    for sign, codes in ways.crossed:
        cell, first = np.unique(
            np.column_stack([group, codes]), axis=0, return_inverse=True
        )
        size = np.bincount(first.ravel())
        totals = np.bincount(first.ravel(), values)
        n += sign * np.bincount(cell[:, 0], size**2, minlength=n_groups)
        product += sign * float(totals @ totals)
    n -= np.bincount(group, minlength=n_groups)
    return n, product - float(values @ values)
