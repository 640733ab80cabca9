"""k of n: a trial is accepted when at least k of its n people accept it.

An image is rejected when fewer than k of its n people accept the prediction
shown. The images are sampled, and so are the people; somebody generous accepts
on every image they judge, so images that share a person err together. The
variance of a share of rejected images is that of independent images plus, for
every person, the products of their *swings* on different images. A swing is a
vote that decided its image, minus the mean of such votes: only a vote that
decides can carry somebody's generosity into the result. In a difference of two
shares, influences and swings that both have in common cancel.
`docs/statistics.md` derives it and gives the simulated coverage.

Source:
    Stock & Cisse (2018), "ConvNets and ImageNet Beyond Accuracy", section 3;
    Hoeffding (1948), "A class of statistics with asymptotically normal
    distribution", section 5 (first-order projection on each person);
    Efron & Stein (1981), "The jackknife estimate of variance", for the bound
    used where the images are held fixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, nan, sqrt
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import AnalysisError
from analysis.statistics.frame_checks import check_votes
from analysis.statistics.image_clusters import ways_of
from analysis.statistics.intervals import (
    LEVEL,
    THESE_PEOPLE,
    Estimate,
    critical_value,
    joined_dof,
    no_estimate,
    score_bounds,
    wilson,
)
from analysis.statistics.panel_chances import share_by_chance
from analysis.statistics.shares import two_sided_p

# Below so many people an interval speaks of these people only.
MIN_PEOPLE: Final = 4
_TOO_FEW: Final = f"too few to speak of other people ({MIN_PEOPLE} are needed)"
# A swing this small (in images) is rounding: both classifiers used the vote.
_TINY: Final = 1e-9
# Standard errors (of what people add, where they add nothing) taken at least.
_FLOOR: Final = 0.5
# People at whom that floor is twice as high.
_FLOOR_OF_FEW: Final = 6.0
# At most this much is made up for where few people cast most deciding votes.
_MOST_LOST: Final = 4.0
# Degrees of freedom per person, after the two that are taken off.
_PER_PERSON: Final = 0.75


def tally(votes: pd.DataFrame, *, n: int) -> pd.DataFrame:
    """How many people accepted each trial.

    Args:
        votes: Columns trial, participant, accepts (bool); one row per counted
            vote.
        n: Votes a trial needs to be resolved.

    Returns:
        Index trial; columns n_votes, n_yes, is_resolved.

    Raises:
        AnalysisError: If somebody voted twice on a trial, a trial has more than n
            votes (choose the first n by acceptance order before), or cells are empty.

    >>> votes = pd.DataFrame(
    ...     {"trial": ["a", "a"], "participant": ["p", "q"], "accepts": [True, False]}
    ... )
    >>> int(tally(votes, n=2).loc["a", "n_yes"])
    1
    """
    check_votes(votes)
    trial, names = pd.factorize(votes["trial"], sort=True)
    person, people = pd.factorize(votes["participant"])
    twice = pd.Series(trial * (len(people) + 1) + person).duplicated().to_numpy()
    if twice.any():
        row = votes[twice].iloc[0]
        raise AnalysisError(
            f"participant {row['participant']} voted more than once on trial "
            f"{row['trial']} ({int(twice.sum())} such votes); one vote per person "
            "and trial was expected"
        )
    accepts = votes["accepts"].to_numpy(dtype=float)
    counted = pd.DataFrame(
        {
            "n_votes": np.bincount(trial, minlength=len(names)),
            "n_yes": np.bincount(trial, accepts, minlength=len(names)).astype(int),
        },
        index=pd.Index(names, name="trial"),
    )
    if (counted["n_votes"] > n).any():
        trial = counted.index[counted["n_votes"] > n][0]
        raise AnalysisError(
            f"trial {trial} has {counted.loc[trial, 'n_votes']} counted votes; at "
            f"most {n} were expected (the first {n} valid ones by acceptance order)"
        )
    counted["is_resolved"] = counted["n_votes"] == n
    return counted


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """Images of one kind, of which some were judged.

    Attributes:
        n_images: How many there are.
        judged: Columns image, trial: the images with a resolved trial, taken as
            a random draw of the stratum. None: nobody judges these, they count
            as accepted (the images a classifier got right).
        is_rejected: Whether images that nobody judges count as rejected instead
            (images that were wrong before an attack).
    """

    n_images: int
    judged: pd.DataFrame | None
    is_rejected: bool = False


def rejected_share(
    strata: Sequence[Stratum],
    votes: pd.DataFrame,
    *,
    k: int,
    level: float = LEVEL,
    target: Literal["images like these", "these images"] = "images like these",
    clusters: pd.DataFrame | None = None,
) -> Estimate:
    """Share of all images of the strata that fewer than k people accept.

    Args:
        strata: Together, every image the share is a share of.
        votes: Columns trial, participant, accepts (bool): the counted votes;
            every trial named by a stratum has all its n.
        k: Yes votes an image needs.
        level: Nominal coverage.
        target: Whether the interval speaks about images like these (both images
            and people drawn anew) or about these images (people drawn anew).
        clusters: Index image, one column per way in which images belong together
            (scene, video); ways may cross. Images that it has not are clusters of
            their own; images that nobody judges are taken to cluster as much as
            those judged.

    Returns:
        NaN with n = 0 where a stratum that should be judged has no judged image.
        With fewer than `MIN_PEOPLE` people the interval is for images like these and
        these very people, as `target` and `method` say; about these images there is
        none, then.

    Raises:
        AnalysisError: If an image has two rows in `clusters`, or cells of the votes
            are empty.

    >>> votes = pd.DataFrame({
    ...     "trial": list("aaabbb"), "participant": list("pqrpqr"),
    ...     "accepts": [True, True, False, True, False, False],
    ... })
    >>> judged = pd.DataFrame({"image": ["a", "b"], "trial": ["a", "b"]})
    >>> wrong, right = Stratum(n_images=2, judged=judged), Stratum(n_images=8, judged=None)
    >>> rejected_share([wrong, right], votes, k=2).value    # b, one of ten images
    0.1
    """
    n_images = sum(stratum.n_images for stratum in strata)
    if n_images == 0 or any(_is_unjudged(stratum) for stratum in strata):
        return no_estimate(level=level, target=target)
    parts = [rejections_in(stratum, votes, k=k) for stratum in strata]
    like_these = _of_images_like_these(parts, clusters, k=k, level=level)
    if target == "images like these":
        return like_these
    if like_these.target == THESE_PEOPLE:
        reason = f"no interval: {like_these.n_people} people are {_TOO_FEW}"
        return replace(like_these, low=nan, high=nan, target=target, method=reason)
    return _of_these_images(parts, like_these, k=k)


def wrong_share(
    stratum: Stratum,
    votes: pd.DataFrame,
    *,
    n_wrong: int,
    n_images: int,
    k: int,
    level: float = LEVEL,
    clusters: pd.DataFrame | None = None,
) -> Estimate:
    """Share of all images that are wrong by the label, which nobody judges.

    Wilson's interval. Which images are wrong is not known of whole clusters, only of
    those put up; it is taken to cluster as chances of being rejected do
    (`cluster_effects`).

    Args:
        stratum: Wrong images that were judged.
        votes: As in `rejected_share`.
        n_wrong: Images that are wrong.
        n_images: Every image.
        k: Yes votes an image needs.
        level: Nominal coverage.
        clusters: As in `rejected_share`.

    >>> judged = pd.DataFrame({"image": ["a", "b"], "trial": ["a", "b"]})
    >>> votes = pd.DataFrame({
    ...     "trial": list("aabb"), "participant": list("pqpq"), "accepts": [True] * 4})
    >>> both = Stratum(n_images=2, judged=judged)
    >>> scenes = pd.DataFrame({"scene": ["s", "s"]}, index=["a", "b"])
    >>> found = wrong_share(
    ...     both, votes, n_wrong=2, n_images=10, k=2, clusters=scenes)
    >>> found.value, found.design_effect        # both are of one scene
    (0.2, 2.0)
    """
    alone = wilson(n_wrong, n_images, level=level)
    if clusters is None or n_images == 0 or stratum.judged is None:
        return alone
    found = cluster_effects([rejections_in(stratum, votes, k=k)], clusters, k=k)
    critical = critical_value(level=level, dof=found.dof)
    low, high = score_bounds(alone.value, n_images / found.chances, critical=critical)
    return replace(
        alone,
        low=low,
        high=high,
        standard_error=alone.standard_error * sqrt(found.chances),
        design_effect=found.chances,
        dof=found.dof,
    )


def _of_images_like_these(
    parts: Sequence[StratumRejections],
    clusters: pd.DataFrame | None,
    *,
    k: int,
    level: float,
) -> Estimate:
    n_images = sum(part.n_images for part in parts)
    share = _share(parts)
    among = _image_variance(parts, share, clusters, k=k)
    people = people_variance([part.deciding for part in parts], clusters=clusters)
    dof = joined_dof(
        (among.census, among.dof),
        (people.added, people.dof),
    )
    found = _of_variance(
        parts,
        among.census + people.added,
        n_equal=n_images / among.design_effect,
        dof=dof,
        per_cluster=among.design_effect,
        level=level,
    )
    return replace(found, n_people=people.n_people, **_spoken_of(people))


def _of_these_images(
    parts: Sequence[StratumRejections], like_these: Estimate, *, k: int
) -> Estimate:
    """People drawn anew; never wider than for images like these.

    Given its image, whether a panel rejects is chance only as far as another panel
    might do otherwise (`share_by_chance`); what people add goes through all images.
    """
    people = people_variance([part.deciding for part in parts])
    chance = sum(part.n_images * _by_chance(part, k=k) for part in parts)
    found = _of_variance(
        parts,
        chance + people.added,
        n_equal=like_these.n,
        dof=joined_dof((people.added, people.dof), (chance, inf)),
        level=like_these.level,
    )
    if found.high - found.low > like_these.high - like_these.low:
        found = like_these
    return replace(found, n_people=people.n_people, target="these images")


def _by_chance(part: StratumRejections, *, k: int) -> float:
    if part.rejected.empty:
        return 0.0
    n = int(part.n_votes.max())
    spread = part.share * (1 - part.share)
    return min(spread, share_by_chance(part.n_yes, n=n, k=k))


def _share(parts: Sequence[StratumRejections]) -> float:
    n_images = sum(part.n_images for part in parts)
    return sum(part.share * part.n_images for part in parts) / n_images


def _of_variance(
    parts: Sequence[StratumRejections],
    variance: float,
    *,
    n_equal: float,
    dof: float,
    level: float,
    per_cluster: float = 1.0,
) -> Estimate:
    """The share with the score bounds of its variance, in squared images.

    What it adds that only a sample of a stratum was judged is not in that variance:
    such a stratum has its own score bounds, as few hits lie askew, and distances are
    added as squares.

    Args:
        parts: What was rejected.
        variance: If all images of the strata that were judged had been.
        n_equal: Independent images behind a share of exactly 0 or 1.
        dof: Degrees of freedom of the variance.
        level: Nominal coverage.
        per_cluster: Judged images that are worth one independent one.

    Source:
        Zou & Donner (2008), "Construction of confidence limits about effect
        measures", eq. 3.
    """
    n_images, share = sum(part.n_images for part in parts), _share(parts)
    alone = share * (1 - share) * n_images
    n_effective = n_images * alone / variance if alone * variance > 0 else n_equal
    critical = critical_value(level=level, dof=dof)
    low, high = score_bounds(share, n_effective, critical=critical)
    below, above, sampling = (share - low) ** 2, (high - share) ** 2, 0.0
    for part in parts:
        unjudged = part.weight_of_unjudged / n_images
        if unjudged:
            n_worth = len(part.rejected) / per_cluster
            critical = critical_value(level=level, dof=inf)
            ends = score_bounds(part.share, n_worth, critical=critical)
            below += (unjudged * (part.share - ends[0])) ** 2
            above += (unjudged * (ends[1] - part.share)) ** 2
            sampling += part.weight_of_unjudged**2 * part.smooth_spread / n_worth
    total = variance + sampling
    return Estimate(
        value=share,
        low=max(0.0, share - sqrt(below)),
        high=min(1.0, share + sqrt(above)),
        n=n_images,
        level=level,
        standard_error=sqrt(total) / n_images,
        design_effect=total / alone if alone > 0 else 1.0,
        dof=dof,
    )


def _is_unjudged(stratum: Stratum) -> bool:
    """Whether there are images to judge and none was."""
    judged = stratum.judged
    return stratum.n_images > 0 and judged is not None and judged.empty


@dataclass(frozen=True, kw_only=True)
class _ImageVariance:
    """What drawing images adds, in squared images.

    Attributes:
        census: If every image of a stratum with judged images had been judged.
        sampling: What it adds that some were not.
        design_effect: Of clusters: over that of independent images.
        dof: Of clusters.
    """

    census: float
    sampling: float
    design_effect: float
    dof: float


def _image_variance(
    parts: Sequence[StratumRejections],
    share: float,
    clusters: pd.DataFrame | None,
    *,
    k: int,
) -> _ImageVariance:
    """Sum over all images of squared influences, times what clusters make of it.

    An image's influence is its stratum's share minus the share of all, plus, where it
    was judged, its own deviation scaled up to the stratum. Where a sample of a stratum
    all came out alike, that is no proof that the rest would: its share is given half a
    hit for the variance, as in `stratified_share`.
    """
    between = sum(part.n_images * (part.share - share) ** 2 for part in parts)
    within = sum(part.n_images * part.share * (1 - part.share) for part in parts)
    sampling = sum(
        part.weight_of_unjudged**2 * part.smooth_spread / len(part.rejected)
        for part in parts
        if part.weight_of_unjudged
    )
    effects = cluster_effects(parts, clusters, k=k)
    return _ImageVariance(
        census=between * effects.chances + within * effects.outcomes,
        sampling=sampling * effects.outcomes,
        design_effect=effects.outcomes,
        dof=effects.dof,
    )


@dataclass(frozen=True, kw_only=True)
class ClusterEffects:
    """What images that belong together make of variances; 1 where none do.

    Attributes:
        outcomes: Of which judged images are rejected.
        chances: Of which images are wrong at all.
        dof: Degrees of freedom of clusters.
    """

    outcomes: float
    chances: float
    dof: float


def cluster_effects(
    parts: Sequence[StratumRejections], clusters: pd.DataFrame | None, *, k: int
) -> ClusterEffects:
    """What clusters make of the variances of rejected and of wrong images.

    Which images are wrong nobody judges; it is taken to cluster as chances of being
    rejected do, of which outcomes show less, as they are also one panel's chance. Never
    more than clusters whose images are all the same would make of it.

    Args:
        parts: What was rejected, from `rejections_in`.
        clusters: As in `rejected_share`.
        k: Yes votes an image needs.

    >>> votes = pd.DataFrame({
    ...     "trial": list("abcd"), "participant": list("pqrs"),
    ...     "accepts": [True, True, False, False]})
    >>> judged = pd.DataFrame({"image": list("abcd"), "trial": list("abcd")})
    >>> part = rejections_in(Stratum(n_images=4, judged=judged), votes, k=1)
    >>> scenes = pd.DataFrame({"scene": list("sstt")}, index=list("abcd"))
    >>> found = cluster_effects([part], scenes, k=1)
    >>> found.outcomes, found.dof               # (2² + 2²) / 4; two scenes
    (2.0, 1.0)
    """
    own = pd.concat([(part.rejected - part.share) * part.scale for part in parts])
    ways = ways_of(own.index, clusters)
    effect = ways.effect(own.to_numpy())
    told = share_told(parts, k=k) if effect != 1 else 1.0
    chances = ways.effect_on_chances(effect, told=told)
    return ClusterEffects(outcomes=effect, chances=chances, dof=ways.dof())


def share_told(parts: Sequence[StratumRejections], *, k: int) -> float:
    """Share of the variance of rejections within strata that is no panel's chance.

    1 where nothing varies.

    >>> votes = pd.DataFrame({
    ...     "trial": ["a"], "participant": ["p"], "accepts": [True]})
    >>> judged = pd.DataFrame({"image": ["a"], "trial": ["a"]})
    >>> part = rejections_in(Stratum(n_images=1, judged=judged), votes, k=1)
    >>> share_told([part], k=1)
    1.0
    """
    within = sum(part.n_images * part.share * (1 - part.share) for part in parts)
    by_chance = sum(part.n_images * _by_chance(part, k=k) for part in parts)
    return 1 - by_chance / within if within > 0 else 1.0


def _spoken_of(people: PeopleVariance) -> dict[str, Any]:
    """Target and method of an interval: of other people only where there are enough."""
    if people.is_known:
        return {"target": "images like these"}
    return {
        "target": THESE_PEOPLE,
        "method": f"for these people only: {people.n_people} are {_TOO_FEW}",
    }


@dataclass(frozen=True, kw_only=True)
class StratumRejections:
    """What a stratum's votes say: its judged images, and who decided them.

    Attributes:
        n_images: Images of the stratum.
        share: Share of the judged ones that are rejected.
        rejected: Judged image to 1.0 (rejected) or 0.0.
        deciding: The votes that decided, scaled from the judged images to all.
        n_yes: Yes votes per judged image.
        n_votes: Votes per judged image.
    """

    n_images: int
    share: float
    rejected: pd.Series
    deciding: DecidingVotes
    n_yes: npt.NDArray[np.int_]
    n_votes: npt.NDArray[np.int_]

    @property
    def scale(self) -> float:
        """Images of the stratum per judged one."""
        return self.n_images / len(self.rejected) if len(self.rejected) else 1.0

    @property
    def weight_of_unjudged(self) -> float:
        """Images of the stratum, times the root of the part that nobody judged."""
        if self.rejected.empty:
            return 0.0
        return self.n_images * sqrt(max(0.0, 1 - 1 / self.scale))

    @property
    def smooth_spread(self) -> float:
        """Share times what is left of 1, with half a hit where all judged images are alike."""
        n_judged = len(self.rejected)
        share = self.share
        if share in (0, 1):
            share = (share * n_judged + 0.5) / (n_judged + 1)
        return share * (1 - share)


def rejections_in(
    stratum: Stratum, votes: pd.DataFrame, *, k: int
) -> StratumRejections:
    """Which judged images of a stratum are rejected, and by whose votes.

    >>> votes = pd.DataFrame({
    ...     "trial": list("aaa"), "participant": list("pqr"),
    ...     "accepts": [True, False, False],
    ... })
    >>> judged = pd.DataFrame({"image": ["a"], "trial": ["a"]})
    >>> found = rejections_in(Stratum(n_images=1, judged=judged), votes, k=2)
    >>> found.share, found.deciding.swings["participant"].to_list()   # q or r alone
    (1.0, ['q', 'r'])
    """
    if stratum.judged is None or stratum.n_images == 0:
        return StratumRejections(
            n_images=stratum.n_images,
            share=float(stratum.is_rejected),
            rejected=pd.Series(dtype=float),
            deciding=DecidingVotes.none(),
            n_yes=np.zeros(0, dtype=int),
            n_votes=np.zeros(0, dtype=int),
        )
    check_votes(votes)
    image, images, rows = _votes_on(stratum.judged, votes)
    accepts = rows["accepts"].to_numpy(dtype=float)
    n_yes = np.bincount(image, weights=accepts).astype(int)
    rejected = (n_yes < k).astype(float)
    decides = pivotal(image, accepts, k=k)
    mean = accepts[decides].mean() if decides.any() else 0.0
    person = rows["participant"].to_numpy()
    swings = pd.DataFrame(
        {
            "participant": person[decides],
            "image": images[image[decides]],
            "swing": (accepts[decides] - mean) * stratum.n_images / len(images),
        }
    )
    return StratumRejections(
        n_images=stratum.n_images,
        share=float(rejected.mean()),
        rejected=pd.Series(rejected, index=images),
        deciding=DecidingVotes(swings=swings, voters=frozenset(person)),
        n_yes=n_yes,
        n_votes=np.bincount(image),
    )


def _votes_on(
    judged: pd.DataFrame, votes: pd.DataFrame
) -> tuple[npt.NDArray[np.int_], npt.NDArray[Any], pd.DataFrame]:
    """The votes on judged images, the image of each as a number, and all images."""
    if judged["trial"].is_unique and judged["image"].is_unique:
        place = pd.Index(judged["trial"]).get_indexer(votes["trial"])
        image, seen = pd.factorize(place[place >= 0], sort=True)
        return image, judged["image"].to_numpy()[seen], votes[place >= 0]
    rows = judged[["image", "trial"]].merge(votes, on="trial")
    image, names = pd.factorize(rows["image"])
    return image, names.to_numpy(), rows


@dataclass(frozen=True, kw_only=True)
class DecidingVotes:
    """Votes that alone decided an outcome, and everybody who voted.

    Attributes:
        swings: Columns participant, image, swing: how far each vote moves the
            outcome, centred over the votes that decide.
        voters: All who voted, whether a vote of theirs decided or not.
    """

    swings: pd.DataFrame
    voters: frozenset[str] = frozenset()

    @classmethod
    def none(cls) -> DecidingVotes:
        """Nobody voted."""
        empty: dict[str, list[float]] = {"participant": [], "image": [], "swing": []}
        return cls(swings=pd.DataFrame(empty))

    def scaled(self, factor: float) -> DecidingVotes:
        """The same votes with every swing times a factor."""
        swings = self.swings.assign(swing=factor * self.swings["swing"])
        return replace(self, swings=swings)


def pivotal(
    trials: npt.NDArray[np.int_], accepts: npt.NDArray[np.float64], *, k: int
) -> npt.NDArray[np.bool_]:
    """Whether each vote alone decides its trial: the others have exactly k - 1 yes.

    Args:
        trials: Trial of each vote as a number from 0, shape (votes,).
        accepts: 1.0 for yes, 0.0 for no, shape (votes,); all votes of a trial.
        k: Yes votes needed.

    >>> pivotal(np.array([0, 0, 0]), np.array([1.0, 1.0, 0.0]), k=2).tolist()
    [True, True, False]
    """
    others = np.bincount(trials, weights=accepts)[trials] - accepts
    return np.asarray(others == k - 1)


@dataclass(frozen=True, kw_only=True)
class PeopleVariance:
    """What people add to the variance, in squared images.

    Attributes:
        across_images: By products of their swings on images that do not belong
            together.
        in_all: By all products.
        n_people: All who voted.
        dof: Degrees of freedom.
    """

    across_images: float
    in_all: float
    n_people: int
    dof: float

    @property
    def is_known(self) -> bool:
        """Whether these are enough people to speak of others."""
        return not 0 < self.n_people < MIN_PEOPLE

    @property
    def added(self) -> float:
        """What other people would add; 0 where too few are known to tell."""
        return self.across_images if self.is_known else 0.0


def people_variance(
    parts: Sequence[DecidingVotes], *, clusters: pd.DataFrame | None = None
) -> PeopleVariance:
    """What people add: squared totals of each person's swings.

    With and without the products of swings on the same image (or on images that
    belong together, whose variance counts these).

    The people's totals sum to nearly zero (swings are centred), which
    `_lost_by_centring` makes up for. P people of unequal weight count as fewer
    (Kish 1965, section 11.7). What people add is never taken as less than half
    the standard error it has when they add nothing (more where there are few): with
    few people an estimate of zero is luck. That floor and the degrees of freedom taken
    off were chosen by simulation (`docs/coverage/headline.md`); both fade as people are
    added.

    Args:
        parts: Who decided what.
        clusters: As in `rejected_share`.

    >>> swings = pd.DataFrame({
    ...     "participant": list("ppqq"), "image": list("abab"),
    ...     "swing": [0.5, 0.5, -0.5, -0.5],
    ... })
    >>> people = people_variance([DecidingVotes(swings=swings, voters=frozenset("pq"))])
    >>> people.in_all, people.n_people          # (1² + 1²) · 2 / 1
    (4.0, 2)
    """
    n_people = len(frozenset().union(*(part.voters for part in parts)))
    found = [part.swings for part in parts if len(part.swings)]
    swings = pd.concat(found or [DecidingVotes.none().swings])
    person, people = pd.factorize(swings["participant"])
    image, images = pd.factorize(swings["image"])
    place, places = pd.factorize(person * len(swings) + image)
    swing = swings["swing"].to_numpy(dtype=float)
    per_image = np.bincount(place, swing, minlength=len(places)).astype(float)
    owner = places // max(len(swings), 1)
    totals = np.bincount(owner, weights=per_image, minlength=len(people))
    decided = np.where(np.abs(per_image) > _TINY, 1.0, 0.0)
    n_deciding = np.bincount(owner, decided, minlength=len(people)).astype(float)
    weights = n_deciding**2
    if n_people < 2 or weights.sum() == 0:
        return PeopleVariance(across_images=0.0, in_all=0.0, n_people=n_people, dof=inf)
    in_all = float(totals @ totals) * _lost_by_centring(n_deciding)
    together = ways_of(images, clusters).squares_within(
        per_image, of=places % len(swings), within=owner
    )
    n_equal = float(weights.sum() ** 2 / (weights @ weights))
    floor = _FLOOR * (1 + _FLOOR_OF_FEW / n_equal) * sqrt(2 / n_equal) * together
    return PeopleVariance(
        across_images=max(in_all - together, floor),
        in_all=max(in_all, together),
        n_people=n_people,
        dof=max(_PER_PERSON * (n_equal - 2), 1.0),
    )


def _lost_by_centring(n_deciding: npt.NDArray[np.float64]) -> float:
    """What squared totals of centred swings are multiplied by: P / (P - 1), equal people.

    A person with m of M deciding votes pulls their mean along: of P people whose
    totals vary with m, Σ m² - 2 Σ m³ / M + (Σ m²)² / M² is left of Σ m². Since
    (Σ m²)² is at most M Σ m³, that is never less than P / (P - 1).
    """
    weights = n_deciding / n_deciding.sum()
    squares = float(weights @ weights)
    left = squares - 2 * float(weights @ weights**2) + squares**2
    return squares / max(left, squares / _MOST_LOST)


@dataclass(frozen=True, kw_only=True)
class DifferenceTest:
    """A difference of two rejected shares, and a test of no difference.

    Attributes:
        estimate: First minus second, with its interval.
        p_value: Two-sided; the interval leaves out zero where it is below 1 - level.
        is_paired: Whether both saw the same images.
    """

    estimate: Estimate
    p_value: float
    is_paired: bool


def rejected_difference(
    first: Stratum,
    second: Stratum,
    votes: pd.DataFrame,
    *,
    n_images: int,
    k: int,
    level: float = LEVEL,
    clusters: pd.DataFrame | None = None,
) -> Estimate:
    """Rejected share of the first minus that of the second, on the same images.

    See `difference_on_same_images`, which gives a p value besides.

    >>> votes = pd.DataFrame({
    ...     "trial": list("aaa"), "participant": list("pqr"), "accepts": [False] * 3,
    ... })
    >>> both = Stratum(
    ...     n_images=1, judged=pd.DataFrame({"image": ["a"], "trial": ["a"]})
    ... )
    >>> rejected_difference(both, both, votes, n_images=10, k=2).value
    0.0
    """
    return difference_on_same_images(
        first, second, votes, n_images=n_images, k=k, level=level, clusters=clusters
    ).estimate


def difference_on_same_images(
    first: Stratum,
    second: Stratum,
    votes: pd.DataFrame,
    *,
    n_images: int,
    k: int,
    second_k: int | None = None,
    level: float = LEVEL,
    clusters: pd.DataFrame | None = None,
) -> DifferenceTest:
    """Rejected share of the first minus that of the second, on the same images.

    Args:
        first: The images the first classifier got wrong.
        second: The images the second classifier got wrong.
        votes: Columns trial, participant, accepts.
        n_images: All images both classifiers saw.
        k: Yes votes an image needs.
        second_k: The same for the second, where it differs.
        level: Nominal coverage.
        clusters: As in `rejected_share`.

    Source:
        Agresti & Min (2005), "Simple improved confidence intervals for
        comparing matched proportions" (half an image in each cell), with the
        variance of this module and Student's t.

    >>> votes = pd.DataFrame({
    ...     "trial": list("aaabbb"), "participant": list("pqrpqr"),
    ...     "accepts": [True, True, False, True, False, False],
    ... })
    >>> both = pd.DataFrame({"image": ["a", "b"], "trial": ["a", "b"]})
    >>> one = Stratum(n_images=2, judged=both)
    >>> two = Stratum(n_images=1, judged=both.iloc[:1])
    >>> found = difference_on_same_images(one, two, votes, n_images=10, k=2)
    >>> found.estimate.value, found.is_paired               # b is wrong for one only
    (0.1, True)
    """
    if n_images == 0 or _is_unjudged(first) or _is_unjudged(second):
        return _untested(level=level, is_paired=True)
    one = rejections_in(first, votes, k=k)
    two = rejections_in(second, votes, k=k if second_k is None else second_k)
    means = [part.share * part.n_images / n_images for part in (one, two)]
    people = people_variance(
        [one.deciding, two.deciding.scaled(-1.0)], clusters=clusters
    )
    squares, dof = _paired_squares(
        one, two, means=means, n_images=n_images, clusters=clusters
    )
    among = squares + 1
    return _tested(
        means[0] - means[1],
        centre=(means[0] - means[1]) * n_images / (n_images + 2),
        error=sqrt(among + people.added) / (n_images + 2),
        dof=joined_dof((squares, dof), (people.added, people.dof), (1.0, inf)),
        like=_known(n_images, among=among, people=people, level=level),
        is_paired=True,
    )


def difference_apart(
    first: Sequence[Stratum],
    second: Sequence[Stratum],
    votes: pd.DataFrame,
    *,
    k: int,
    second_k: int | None = None,
    level: float = LEVEL,
    clusters: pd.DataFrame | None = None,
) -> DifferenceTest:
    """Rejected share of the first minus that of the second, on different images.

    Args:
        first: Every image the first share is a share of.
        second: Every image the second share is a share of.
        votes: Columns trial, participant, accepts, of both; people may have voted
            on both sides, which is counted.
        k: Yes votes an image needs.
        second_k: The same for the second, where it differs.
        level: Nominal coverage.
        clusters: As in `rejected_share`; clusters that lie on both sides are taken
            as two.

    >>> votes = pd.DataFrame({
    ...     "trial": list("aaabbb"), "participant": list("pqrstu"),
    ...     "accepts": [True, True, False, True, False, False],
    ... })
    >>> one, two = (
    ...     Stratum(n_images=1, judged=pd.DataFrame({"image": [t], "trial": [t]}))
    ...     for t in "ba"
    ... )
    >>> difference_apart([one], [two], votes, k=2).estimate.value
    1.0
    """
    ks = (k, k if second_k is None else second_k)
    if any(map(_is_unjudged, (*first, *second))):
        return _untested(level=level, is_paired=False)
    sides = [
        _Side([rejections_in(each, votes, k=bar) for each in strata])
        for strata, bar in zip((first, second), ks, strict=True)
    ]
    one, two = sides
    if 0 in (one.size, two.size):
        return _untested(level=level, is_paired=False)
    people = people_variance([*one.deciding(1), *two.deciding(-1)], clusters=clusters)
    (first_among, first_dof), (second_among, second_dof) = (
        side.variance(clusters, k=bar) for side, bar in zip(sides, ks, strict=True)
    )
    among = first_among + second_among
    return _tested(
        one.share - two.share,
        centre=one.share - two.share,
        error=sqrt(among + people.added),
        dof=joined_dof(
            (first_among, first_dof),
            (second_among, second_dof),
            (people.added, people.dof),
        ),
        like=_known(min(one.size, two.size), among=among, people=people, level=level),
        is_paired=False,
    )


@dataclass(frozen=True)
class _Side:
    """One of two shares that are compared: the parts it is made of."""

    parts: Sequence[StratumRejections]

    @property
    def size(self) -> int:
        return sum(part.n_images for part in self.parts)

    @property
    def share(self) -> float:
        return _share(self.parts)

    def variance(self, clusters: pd.DataFrame | None, *, k: int) -> tuple[float, float]:
        """Of images, and its degrees of freedom.

        One image more of each kind on either side, as Agresti and Caffo (2000) add,
        keeps the variance above zero where nobody rejects anything.
        """
        among = _image_variance(self.parts, self.share, clusters, k=k)
        squares = among.census + among.sampling + 1
        return squares / (self.size + 2) ** 2, among.dof

    def deciding(self, sign: int) -> list[DecidingVotes]:
        """The votes that decided, their swings as shares of this side."""
        return [part.deciding.scaled(sign / self.size) for part in self.parts]


def _known(n: int, *, among: float, people: PeopleVariance, level: float) -> Estimate:
    """What is known of a difference before its value and ends."""
    like = Estimate(
        value=nan,
        low=nan,
        high=nan,
        n=n,
        level=level,
        design_effect=(among + people.added) / among,
        n_people=people.n_people,
    )
    return replace(like, **_spoken_of(people))


def _tested(
    value: float,
    *,
    centre: float,
    error: float,
    dof: float,
    like: Estimate,
    is_paired: bool,
) -> DifferenceTest:
    """Interval and p value of a difference; the rest as in `like`."""
    half = critical_value(level=like.level, dof=dof) * error
    estimate = replace(
        like,
        value=value,
        low=max(-1.0, centre - half),
        high=min(1.0, centre + half),
        standard_error=error,
        dof=dof,
    )
    return DifferenceTest(
        estimate=estimate,
        p_value=two_sided_p(centre / error, dof=dof),
        is_paired=is_paired,
    )


def _untested(*, level: float, is_paired: bool) -> DifferenceTest:
    nothing = no_estimate(level=level, target="images like these")
    return DifferenceTest(estimate=nothing, p_value=nan, is_paired=is_paired)


def _paired_squares(
    one: StratumRejections,
    two: StratumRejections,
    *,
    means: Sequence[float],
    n_images: int,
    clusters: pd.DataFrame | None,
) -> tuple[float, float]:
    """Sum over all images of the squared difference of both influences.

    Times what clusters of judged images make of it; and its degrees of freedom.
    """
    influences = [_influences(part) for part in (one, two)]
    both = pd.concat(influences, axis=1).fillna(0.0)
    away = means[0] - means[1]
    apart = (both.iloc[:, 0] - both.iloc[:, 1]).to_numpy()
    judged = apart - away
    squares = float(judged @ judged) + (n_images - len(both)) * away**2
    ways = ways_of(both.index, clusters)
    centred = apart - apart.mean() if len(apart) else apart
    return squares * ways.effect(centred), ways.dof()


def _influences(part: StratumRejections) -> pd.Series:
    if part.rejected.empty:
        return part.rejected
    scale = part.n_images / len(part.rejected)
    return (part.rejected - part.share) * scale + part.share
