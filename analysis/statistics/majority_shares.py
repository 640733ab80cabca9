"""The share of images that most raters say yes to, when raters judge many images.

Every image has the judgment of the majority of those who could tell: 1, 0, or a
half where they are split. Images are sampled, and so are raters: somebody who
sees a thing everywhere pushes every image they rate. The variance of a share is
that of independent images plus what raters carry into it by votes that decide
(`analysis.statistics.k_of_n`, `docs/statistics.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.statistics.frame_checks import check_votes
from analysis.statistics.image_clusters import Ways, ways_of
from analysis.statistics.intervals import (
    LEVEL,
    Estimate,
    critical_value,
    joined_dof,
    no_estimate,
    score_bounds,
)
from analysis.statistics.k_of_n import DecidingVotes, PeopleVariance, people_variance

Floats = npt.NDArray[np.float64]

# Fewer raters than this do not show how much raters differ.
MIN_RATERS: Final = 6


@dataclass(frozen=True, kw_only=True)
class MajorityJudgments:
    """Images with the majority's judgment, and the votes behind it.

    Attributes:
        outcomes: Image to 1, 0 or 0.5; only images that somebody could judge.
        swings: Columns participant, image, swing, one row per vote: what it adds to
            its image's outcome, centred; 0 where it does not decide.
    """

    outcomes: pd.Series
    swings: pd.DataFrame


def majority_judgments(votes: pd.DataFrame) -> MajorityJudgments:
    """The majority's judgment of every image.

    Args:
        votes: Columns image, participant, says (bool); one row per rater and
            image, those who could not tell left out.

    Raises:
        AnalysisError: If cells are empty.
    """
    check_votes(votes, of="image", accepts="says")
    image, images = pd.factorize(votes["image"])
    says = votes["says"].to_numpy(dtype=float)
    n_yes = np.bincount(image, weights=says, minlength=len(images))
    n_votes = np.bincount(image, minlength=len(images))
    lead = 2 * n_yes - n_votes
    # Lead of yes among the others, for every vote.
    others = lead[image] - (2 * says - 1)
    reach = np.where(others == 0, 1.0, np.where(np.abs(others) == 1, 0.5, 0.0))
    mean = float(reach @ says / reach.sum()) if reach.sum() else 0.0
    swings = pd.DataFrame(
        {
            "participant": votes["participant"].to_numpy(),
            "image": images.to_numpy()[image],
            "swing": reach * (says - mean),
        }
    )
    outcomes = pd.Series((np.sign(lead) + 1) / 2, index=images, dtype=float)
    return MajorityJudgments(outcomes=outcomes, swings=swings)


def majority_share(
    found: MajorityJudgments,
    images: pd.Index,
    *,
    level: float = LEVEL,
    clusters: pd.DataFrame | None = None,
) -> Estimate:
    """Share of these images that the majority says yes to.

    Args:
        found: From `majority_judgments`, over all images.
        images: Which of them; those that nobody could judge are left out.
        level: Nominal coverage.
        clusters: Index image, one column per way in which images belong together.

    Returns:
        NaN with n = 0 without images; NaN ends, and why in `method`, where fewer
        than six raters judged them: so few do not show how much raters differ.
    """
    part = _part(found, images, clusters)
    if part.n == 0:
        return no_estimate(level=level, target="images like these")
    low, high, method = nan, nan, _too_few(part.people.n_people)
    if not method:
        low, high = part.bounds(critical_value(level=level, dof=part.dof))
    return Estimate(
        value=part.share,
        low=low,
        high=high,
        n=part.n,
        level=level,
        standard_error=sqrt(part.total) / part.n,
        design_effect=part.total / part.alone,
        n_people=part.people.n_people,
        method=method,
    )


def majority_difference(
    found: MajorityJudgments,
    first: pd.Index,
    second: pd.Index,
    *,
    level: float = LEVEL,
    clusters: pd.DataFrame | None = None,
) -> Estimate:
    """Share among the first images minus share among the second.

    The sets may overlap and share raters. The interval combines the score
    intervals of both shares by the covariance of the two, with the degrees of
    freedom of the difference: what raters do to both shares alike is not in it.

    Returns:
        As `majority_share`; NaN ends where either side has fewer than six raters.

    Source:
        Zou & Donner (2008), "Construction of confidence limits about effect
        measures: a general approach", eq. 5 (with correlation).
    """
    one, two = (_part(found, images, clusters) for images in (first, second))
    if one.n == 0 or two.n == 0:
        return no_estimate(level=level, target="images like these")
    among, people, ways = _difference_variance(found, first, second, clusters)
    variance = among + people.across_images
    value = one.share - two.share
    low, high = nan, nan
    method = _too_few(min(one.people.n_people, two.people.n_people))
    if not method:
        dof = joined_dof((among, ways.dof()), (people.across_images, people.dof))
        low, high = _combined(
            one, two, variance, critical=critical_value(level=level, dof=dof)
        )
    return Estimate(
        value=value,
        low=low,
        high=high,
        n=len(found.outcomes.index.intersection(first.union(second))),
        level=level,
        standard_error=sqrt(variance),
        n_people=people.n_people,
        method=method,
    )


def _too_few(n_raters: int) -> str:
    """Why so many raters give no interval; empty where they do."""
    if n_raters >= MIN_RATERS:
        return ""
    return f"{n_raters} raters do not show how raters differ, at least {MIN_RATERS} do"


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A share and its variance, times the squared number of images.

    Attributes:
        n: Images.
        share: Of them; NaN without images.
        alone: Variance were images independent and halves counted as yes or no.
        total: With what images and raters do.
        people: What raters add.
        among_dof: Degrees of freedom of what images add, of clusters.
    """

    n: int
    share: float
    alone: float
    total: float
    people: PeopleVariance
    among_dof: float

    @property
    def dof(self) -> float:
        """Degrees of freedom of the variance."""
        across = self.people.across_images
        among = (self.total - across, self.among_dof)
        return joined_dof(among, (across, self.people.dof))

    def bounds(self, critical: float) -> tuple[float, float]:
        """Score bounds at the effective number of images."""
        effective = self.n * self.alone / self.total
        return score_bounds(self.share, effective, critical=critical)


def _part(
    found: MajorityJudgments, images: pd.Index, clusters: pd.DataFrame | None
) -> _Part:
    there = found.outcomes.index.intersection(images)
    values = found.outcomes.loc[there].to_numpy()
    n, share = len(values), float(values.mean()) if len(values) else nan
    people = _people(found, pd.Series(1.0, index=there), clusters)
    ways = ways_of(there, clusters)
    # Of a share of 0 or 1, which shows no spread, half an image goes the other way.
    even = 0.5 / (n + 1)
    alone = n * (share * (1 - share) or even * (1 - even))
    away = values - share
    among = (float(away @ away) or alone) * ways.effect(away)
    return _Part(
        n=n,
        share=share,
        alone=alone,
        total=among + people.across_images,
        people=people,
        among_dof=ways.dof(),
    )


def _combined(
    one: _Part, two: _Part, variance: float, *, critical: float
) -> tuple[float, float]:
    """Ends of the difference from those of both shares and their correlation."""
    errors = [sqrt(each.total) / each.n for each in (one, two)]
    squares = errors[0] ** 2 + errors[1] ** 2
    correlation = (squares - variance) / (2 * errors[0] * errors[1])
    correlation = min(max(correlation, -1.0), 1.0)
    (low, high), (other_low, other_high) = (p.bounds(critical) for p in (one, two))
    down = _arm(one.share - low, other_high - two.share, correlation)
    up = _arm(high - one.share, two.share - other_low, correlation)
    value = one.share - two.share
    return value - down, value + up


def _arm(arm: float, other: float, correlation: float) -> float:
    return sqrt(max(arm**2 + other**2 - 2 * correlation * arm * other, 0.0))


def _difference_variance(
    found: MajorityJudgments,
    first: pd.Index,
    second: pd.Index,
    clusters: pd.DataFrame | None,
) -> tuple[float, PeopleVariance, Ways]:
    """Squared influences of images, what raters carry across, and images' clusters."""
    weights = pd.Series(0.0, index=found.outcomes.index)
    influences = weights.copy()
    for images, sign in ((first, 1.0), (second, -1.0)):
        there = found.outcomes.index.intersection(images)
        values = found.outcomes.loc[there]
        weights.loc[there] += sign / len(there)
        influences.loc[there] += sign * (values - values.mean()) / len(there)
    mine = influences[weights.index.isin(first.union(second))]
    ways = ways_of(mine.index, clusters)
    own: Floats = np.asarray(mine, dtype=float)
    squares = ways.squares(own)
    return squares, _people(found, weights, clusters), ways


def _people(
    found: MajorityJudgments, weights: pd.Series, clusters: pd.DataFrame | None
) -> PeopleVariance:
    """What raters add to a weighted sum of the images' outcomes."""
    mine = found.swings[found.swings["image"].isin(weights.index)]
    scaled = mine["swing"] * weights.reindex(mine["image"]).to_numpy()
    swings = mine.assign(swing=scaled)
    deciding = DecidingVotes(
        swings=swings[swings["swing"] != 0], voters=frozenset(mine["participant"])
    )
    return people_variance([deciding], clusters=clusters)
