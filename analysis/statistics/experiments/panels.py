"""Do panels accept more of the same images in one condition than in another?

Each condition shows the same images, and every image has a panel of n people who
accept it where at least k say yes. McNemar's test of images that change side takes
panels as they are: people who say yes readily move many images at once, so that it
finds differences between any two groups of people. Here every vote is given the part
that it has in its panel's decision, and people and images are clusters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import Final

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError
from analysis.statistics.contrasts import Contrast, contrast
from analysis.statistics.frame_checks import (
    FloatArray,
    check_binary,
    check_columns,
    check_once,
    numbers_of,
)
from analysis.statistics.intervals import LEVEL

# Fewer images, or people in either condition, say too little of others.
LEAST_IMAGES: Final = 15
LEAST_PEOPLE: Final = 5
_METHOD: Final = "panels' decisions, people and images as clusters"


@dataclass(frozen=True, kw_only=True)
class Bar:
    """What a panel is: k yes of n people accept."""

    k: int
    n: int

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.n:
            raise AnalysisError(f"expected 1 ≤ k ≤ n, got k = {self.k}, n = {self.n}")


def accepted_difference(
    votes: pd.DataFrame,
    *,
    condition: str,
    a: str,
    b: str,
    bar: Bar | Mapping[str, Bar],
    participant: str = "participant",
    image: str = "image",
    accepts: str = "accepts",
    clusters: Sequence[str] = (),
    level: float = LEVEL,
) -> Contrast:
    """Share of images that panels accept in `a` less that in `b`, on the same images.

    For other people and images like these. A vote decides where the others of its
    panel have k − 1 yes; its swing is the vote less the mean of deciding votes of its
    condition, other votes swing by 0. A vote's value is its panel's decision, plus n
    times its swing, less the panel's swings: the panel's mean is its decision, and
    what a person's votes have in common is what the person carries into decisions.

    Args:
        votes: One row per vote; rows of other conditions, and images without n votes
            in both, are left out.
        condition: Column that names the condition.
        a: The condition whose share comes first.
        b: The condition whose share is taken off.
        bar: k and n, of both or by condition.
        participant: Column that names the person.
        image: Column that names the image, the same in both conditions.
        accepts: Column of 0 and 1.
        clusters: Columns that say what images that are alike have in common.
        level: Nominal coverage.

    Returns:
        `n` counts images. No interval and no test, and the reason in `method`, with
        fewer than 15 images, fewer than 5 people in a condition, or where every panel
        of a condition decides alike and the conditions differ.

    Raises:
        AnalysisError: Naming missing columns, votes that are not 0 or 1, or a person
            who voted twice on an image in a condition.

    Source:
        Hoeffding (1948), section 5 (first-order projection on each vote); the
        variance is that of `analysis.statistics.clustered`.

    >>> votes = pd.DataFrame({
    ...     "image": list("uvw") * 6, "shown": ["whole"] * 9 + ["part"] * 9,
    ...     "participant": list("aaabbbcccdddeeefff"),
    ...     "accepts": [1, 1, 1, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0],
    ... })
    >>> found = accepted_difference(
    ...     votes, condition="shown", a="whole", b="part", bar=Bar(k=2, n=3))
    >>> round(found.estimate.value, 3), found.estimate.method    # 2 of 3 less 1 of 3
    (0.333, 'no interval: 3 images, at least 15 are needed')
    """
    check_columns(votes, [condition, participant, image, accepts])
    bars = bar if isinstance(bar, Mapping) else {a: bar, b: bar}
    rows = votes[votes[condition].isin((a, b))]
    keys = [condition, image, participant]
    check_once(rows, keys, what="somebody voted twice on an image")
    check_binary(numbers_of(rows, accepts), accepts)
    rows = _in_both(rows, condition=condition, image=image, bars=bars)
    valued = rows.assign(
        value=_values(rows, names=(condition, image, accepts), bars=bars)
    )
    tested = contrast(
        valued,
        {a: 1.0, b: -1.0},
        value="value",
        group=condition,
        participant=participant,
        stimulus=image,
        clusters=clusters,
        level=level,
    )
    found, n_images = tested.estimate, int(rows[image].nunique())
    people = rows.groupby(condition)[participant].nunique()
    reason = _too_few(n_images, int(people.min()) if len(people) else 0)
    reason = reason or found.method.partition("no interval: ")[2]
    if not reason and found.standard_error == 0 and found.value != 0:
        reason = "every panel of a condition decides alike"
    if reason:
        none = replace(
            found,
            low=nan,
            high=nan,
            standard_error=nan,
            dof=nan,
            n=n_images,
            method=f"no interval: {reason}",
        )
        return Contrast(estimate=none, p_value=nan)
    bounded = replace(
        found,
        low=max(-1.0, found.low),
        high=min(1.0, found.high),
        n=n_images,
        method=_METHOD,
    )
    return Contrast(estimate=bounded, p_value=tested.p_value)


def _too_few(n_images: int, n_people: int) -> str:
    if n_images < LEAST_IMAGES:
        return f"{n_images} images, at least {LEAST_IMAGES} are needed"
    if n_people < LEAST_PEOPLE:
        return f"{n_people} people in a condition, at least {LEAST_PEOPLE} are needed"
    return ""


def _in_both(
    rows: pd.DataFrame, *, condition: str, image: str, bars: Mapping[str, Bar]
) -> pd.DataFrame:
    """Rows of the images whose panels are complete in both conditions."""
    n_votes = rows.groupby([image, condition])[condition].transform("size")
    done = rows[n_votes == rows[condition].map({c: bar.n for c, bar in bars.items()})]
    n_conditions = done.groupby(image)[condition].transform("nunique")
    return done[n_conditions == len(bars)]


def _values(
    rows: pd.DataFrame, *, names: tuple[str, str, str], bars: Mapping[str, Bar]
) -> FloatArray:
    """Each vote's value, as `accepted_difference` says."""
    condition, image, accepts = names
    says = rows[accepts].to_numpy(dtype=float)
    panel = rows.groupby([image, condition], sort=False).ngroup().to_numpy()
    k, n = (
        rows[condition]
        .map({c: getattr(bar, name) for c, bar in bars.items()})
        .to_numpy(dtype=float)
        for name in ("k", "n")
    )
    n_yes = np.bincount(panel, weights=says)[panel]
    decides = n_yes - says == k - 1
    side = pd.factorize(rows[condition])[0]
    n_deciding = np.bincount(side, weights=decides)
    mean = np.bincount(side, weights=says * decides) / np.maximum(n_deciding, 1)
    swing = np.where(decides, says - mean[side], 0.0)
    of_panel = np.bincount(panel, weights=swing)[panel]
    return np.asarray((n_yes >= k) + n * swing - of_panel, dtype=float)
