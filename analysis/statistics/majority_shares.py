"""The share of images that most raters say yes to, when raters judge many images.

Every image has the judgment of the majority of those who could tell: 1, 0, or a
half where they are split. Images are sampled, and so are raters: somebody who
sees a thing everywhere pushes every image they rate. The variance of a share is
that of independent images plus what raters carry into it by votes that decide
(`analysis.statistics.k_of_n`, `docs/statistics.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.statistics.intervals import (
    LEVEL,
    Estimate,
    critical_value,
    mixed_dof,
    no_estimate,
    score_bounds,
)
from analysis.statistics.k_of_n import DecidingVotes, PeopleVariance, people_variance

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class MajorityJudgments:
    """Images with the majority's judgment, and the votes behind it.

    Attributes:
        outcomes: Image to 1, 0 or 0.5; only images that somebody could judge.
        swings: Columns participant, image, swing: what each vote that decides
            adds to its image's outcome, centred.
    """

    outcomes: pd.Series
    swings: pd.DataFrame


def majority_judgments(votes: pd.DataFrame) -> MajorityJudgments:
    """The majority's judgment of every image.

    Args:
        votes: Columns image, participant, says (bool); one row per rater and
            image, those who could not tell left out.
    """
    image, images = pd.factorize(votes["image"])
    says = votes["says"].to_numpy(dtype=float)
    n_yes = np.bincount(image, weights=says, minlength=len(images))
    n_votes = np.bincount(image, minlength=len(images))
    lead = 2 * n_yes - n_votes
    # Lead of yes among the others, for every vote.
    others = lead[image] - (2 * says - 1)
    reach = np.where(others == 0, 1.0, np.where(np.abs(others) == 1, 0.5, 0.0))
    mean = float(reach @ says / reach.sum()) if reach.sum() else 0.0
    decides = reach > 0
    swings = pd.DataFrame(
        {
            "participant": votes["participant"].to_numpy()[decides],
            "image": images.to_numpy()[image[decides]],
            "swing": (reach * (says - mean))[decides],
        }
    )
    outcomes = pd.Series((np.sign(lead) + 1) / 2, index=images, dtype=float)
    return MajorityJudgments(outcomes=outcomes, swings=swings)


def majority_share(
    found: MajorityJudgments, images: pd.Index, *, level: float = LEVEL
) -> Estimate:
    """Share of these images that the majority says yes to.

    Args:
        found: From `judged`, over all images.
        images: Which of them; those that nobody could judge are left out.
        level: Nominal coverage.
    """
    there = found.outcomes.index.intersection(images)
    if there.empty:
        return no_estimate(level=level, target="images like these")
    values = found.outcomes.loc[there].to_numpy()
    n, share = len(values), float(values.mean())
    people = _people(found, pd.Series(1.0, index=there))
    # Of a share of 0 or 1, which shows no spread, half an image goes the other way.
    even = 0.5 / (n + 1)
    alone = n * (share * (1 - share) or even * (1 - even))
    among = float(((values - share) ** 2).sum()) or alone
    total = among + people.across_images
    effective = n * alone / total
    dof = mixed_dof(people.across_images, whole=total, dof=people.dof)
    critical = critical_value(level=level, dof=dof)
    low, high = score_bounds(share, effective, critical=critical)
    return Estimate(
        value=share,
        low=low,
        high=high,
        n=n,
        level=level,
        standard_error=sqrt(total) / n,
        design_effect=total / alone,
        n_people=people.n_people,
    )


def majority_difference(
    found: MajorityJudgments, first: pd.Index, second: pd.Index, *, level: float = LEVEL
) -> Estimate:
    """Share among the first images minus share among the second.

    The sets may overlap and share raters. The interval combines the score
    intervals of both shares by the covariance of the two.

    Source:
        Zou & Donner (2008), "Construction of confidence limits about effect
        measures: a general approach", eq. 5 (with correlation).
    """
    one = majority_share(found, first, level=level)
    two = majority_share(found, second, level=level)
    if one.n == 0 or two.n == 0:
        return no_estimate(level=level, target="images like these")
    variance = _difference_variance(found, first, second)
    squares = one.standard_error**2 + two.standard_error**2
    product = 2 * one.standard_error * two.standard_error
    correlation = (squares - variance) / product if product else 0.0
    correlation = min(max(correlation, -1.0), 1.0)
    value = one.value - two.value
    down = _combined(one.value - one.low, two.high - two.value, correlation)
    up = _combined(one.high - one.value, two.value - two.low, correlation)
    return Estimate(
        value=value,
        low=value - down,
        high=value + up,
        n=len(found.outcomes.index.intersection(first.union(second))),
        level=level,
        standard_error=sqrt(variance),
        n_people=max(one.n_people, two.n_people),
    )


def _combined(arm: float, other: float, correlation: float) -> float:
    return sqrt(max(arm**2 + other**2 - 2 * correlation * arm * other, 0.0))


def _difference_variance(
    found: MajorityJudgments, first: pd.Index, second: pd.Index
) -> float:
    """Squared influences of images, plus what raters carry across images."""
    weights = pd.Series(0.0, index=found.outcomes.index)
    influences = weights.copy()
    for images, sign in ((first, 1.0), (second, -1.0)):
        there = found.outcomes.index.intersection(images)
        values = found.outcomes.loc[there]
        weights.loc[there] += sign / len(there)
        influences.loc[there] += sign * (values - values.mean()) / len(there)
    return float((influences**2).sum()) + _people(found, weights).across_images


def _people(found: MajorityJudgments, weights: pd.Series) -> PeopleVariance:
    """What raters add to a weighted sum of the images' outcomes."""
    mine = found.swings[found.swings["image"].isin(weights.index)]
    scaled = mine["swing"] * weights.reindex(mine["image"]).to_numpy()
    swings = mine.assign(swing=scaled)
    deciding = DecidingVotes(
        swings=swings[swings["swing"] != 0], voters=frozenset(mine["participant"])
    )
    return people_variance([deciding])
