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
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import AnalysisError
from analysis.statistics.intervals import (
    LEVEL,
    Estimate,
    critical_value,
    mixed_dof,
    no_estimate,
    score_bounds,
)
from analysis.statistics.shares import two_sided_p

# A swing this small (in images) is rounding: both classifiers used the vote.
_TINY: Final = 1e-9
# Standard errors (of what people add, where they add nothing) taken at least.
_FLOOR: Final = 0.5


def tally(votes: pd.DataFrame, *, n: int) -> pd.DataFrame:
    """How many people accepted each trial.

    Args:
        votes: Columns trial, participant, accepts (bool); one row per counted
            vote.
        n: Votes a trial needs to be resolved.

    Returns:
        Index trial; columns n_votes, n_yes, is_resolved.

    Raises:
        AnalysisError: If somebody voted twice on a trial, or a trial has more
            than n votes (choose the first n by acceptance order before).

    >>> votes = pd.DataFrame(
    ...     {"trial": ["a", "a"], "participant": ["p", "q"], "accepts": [True, False]}
    ... )
    >>> int(tally(votes, n=2).loc["a", "n_yes"])
    1
    """
    twice = votes.duplicated(["trial", "participant"])
    if twice.any():
        row = votes[twice].iloc[0]
        raise AnalysisError(
            f"participant {row['participant']} voted more than once on trial "
            f"{row['trial']} ({int(twice.sum())} such votes); one vote per person "
            "and trial was expected"
        )
    grouped = votes.groupby("trial", sort=True)["accepts"]
    counted = pd.DataFrame({"n_votes": grouped.size(), "n_yes": grouped.sum()})
    counted = counted.astype(int)
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
) -> Estimate:
    """Share of all images of the strata that fewer than k people accept.

    Args:
        strata: Together, every image the share is a share of.
        votes: Columns trial, participant, accepts (bool): the counted votes;
            every trial named by a stratum has all its n.
        k: Yes votes an image needs.
        level: Nominal coverage.
        target: Whether the interval speaks about images like these (both images
            and people drawn anew) or about these images (people drawn anew; a
            conservative bound).

    Returns:
        NaN with n = 0 where a stratum that should be judged has no judged image.

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
    share = sum(part.share * part.n_images for part in parts) / n_images
    people = people_variance([part.deciding for part in parts])
    if target == "images like these":
        among, uncertain = _image_squares(parts, share), people.across_images
    else:
        among, uncertain = 0.0, people.in_all
    alone = share * (1 - share) * n_images
    # Nothing seen of people leaves the bound of independent images, which these
    # very images cannot exceed.
    total = among + uncertain or alone * n_images / _n_sure(strata)
    dof = mixed_dof(uncertain, whole=total, dof=people.dof)
    n_effective = n_images * alone / total if alone * total > 0 else _n_sure(strata)
    critical = critical_value(level=level, dof=dof)
    low, high = score_bounds(share, n_effective, critical=critical)
    return Estimate(
        value=share,
        low=low,
        high=high,
        n=n_images,
        level=level,
        standard_error=sqrt(total) / n_images,
        design_effect=total / alone if alone > 0 else 1.0,
        n_people=people.n_people,
        target=target,
    )


def _n_sure(strata: Sequence[Stratum]) -> float:
    """The n behind a share of exactly 0 or 1: less where few were judged."""
    n_images = sum(stratum.n_images for stratum in strata)
    judged = [
        len(stratum.judged) / stratum.n_images
        for stratum in strata
        if stratum.judged is not None and stratum.n_images
    ]
    return n_images * min([1.0, *judged])


def _is_unjudged(stratum: Stratum) -> bool:
    """Whether there are images to judge and none was."""
    judged = stratum.judged
    return stratum.n_images > 0 and judged is not None and judged.empty


def _image_squares(parts: Sequence[StratumRejections], share: float) -> float:
    """Sum over all images of the squared influence on the estimate.

    An image's influence is its stratum's share minus the share of all, plus,
    where it was judged, its own deviation scaled up to the stratum. Where a sample
    of a stratum all came out alike, that is no proof that the rest would: its
    share is given half a hit for the variance, as in `stratified_share`.
    """
    squares = 0.0
    for part in parts:
        squares += part.n_images * (part.share - share) ** 2
        if len(part.rejected):
            scale = part.n_images / len(part.rejected)
            own = float(((part.rejected - part.share) ** 2).sum())
            if own == 0 and scale > 1:
                n_judged = len(part.rejected)
                share_like = (part.share * n_judged + 0.5) / (n_judged + 1)
                own = n_judged * share_like * (1 - share_like)
            squares += own * scale**2
    return squares


@dataclass(frozen=True, kw_only=True)
class StratumRejections:
    """What a stratum's votes say: its judged images, and who decided them.

    Attributes:
        n_images: Images of the stratum.
        share: Share of the judged ones that are rejected.
        rejected: Judged image to 1.0 (rejected) or 0.0.
        deciding: The votes that decided, scaled from the judged images to all.
    """

    n_images: int
    share: float
    rejected: pd.Series
    deciding: DecidingVotes


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
        )
    rows = stratum.judged[["image", "trial"]].merge(votes, on="trial")
    image, images = pd.factorize(rows["image"])
    accepts = rows["accepts"].to_numpy(dtype=float)
    rejected = (np.bincount(image, weights=accepts) < k).astype(float)
    decides = pivotal(image, accepts, k=k)
    mean = accepts[decides].mean() if decides.any() else 0.0
    person = rows["participant"].to_numpy()
    swings = pd.DataFrame(
        {
            "participant": person[decides],
            "image": images.to_numpy()[image[decides]],
            "swing": (accepts[decides] - mean) * stratum.n_images / len(images),
        }
    )
    return StratumRejections(
        n_images=stratum.n_images,
        share=float(rejected.mean()),
        rejected=pd.Series(rejected, index=images),
        deciding=DecidingVotes(swings=swings, voters=frozenset(person)),
    )


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
    """What people add to the variance, in squared images."""

    across_images: float
    in_all: float
    n_people: int
    dof: float


def people_variance(parts: Sequence[DecidingVotes]) -> PeopleVariance:
    """What people add: squared totals of each person's swings.

    With and without the products of swings on the same image.

    The people's totals sum to nearly zero (swings are centred), which the factor
    P / (P - 1) makes up for. P people of unequal weight count as fewer
    (Kish 1965, section 11.7). What people add is never taken as less than half
    the standard error it has when they add nothing: with few people an estimate
    of zero is luck. That floor and the two degrees of freedom taken off were
    chosen by simulation (`docs/statistics.md`); both fade as people are added.

    >>> swings = pd.DataFrame({
    ...     "participant": list("ppqq"), "image": list("abab"),
    ...     "swing": [0.5, 0.5, -0.5, -0.5],
    ... })
    >>> people = people_variance([DecidingVotes(swings=swings, voters=frozenset("pq"))])
    >>> people.in_all, people.across_images          # (1² + 1²) · 2 / 1; less 4 · 0.5²
    (4.0, 3.0)
    """
    n_people = len(frozenset().union(*(part.voters for part in parts)))
    found = [part.swings for part in parts if len(part.swings)]
    swings = pd.concat(found or [DecidingVotes.none().swings])
    person, people = pd.factorize(swings["participant"])
    place, places = pd.factorize(
        person * len(swings) + pd.factorize(swings["image"])[0]
    )
    per_image = np.bincount(place, weights=swings["swing"], minlength=len(places))
    owner = places // max(len(swings), 1)
    totals = np.bincount(owner, weights=per_image, minlength=len(people))
    n_deciding = np.bincount(owner, np.abs(per_image) > _TINY, minlength=len(people))
    weights = n_deciding**2
    if n_people < 2 or weights.sum() == 0:
        return PeopleVariance(across_images=0.0, in_all=0.0, n_people=n_people, dof=inf)
    in_all = float(totals @ totals) * n_people / (n_people - 1)
    same_image = float(per_image @ per_image)
    n_equal = float(weights.sum() ** 2 / (weights @ weights))
    floor = _FLOOR * sqrt(2 / n_equal) * same_image
    return PeopleVariance(
        across_images=max(in_all - same_image, floor),
        in_all=max(in_all, same_image),
        n_people=n_people,
        dof=max(n_equal - 2, 1.0),
    )


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
        first, second, votes, n_images=n_images, k=k, level=level
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
    people = people_variance([one.deciding, two.deciding.scaled(-1.0)])
    among = _paired_squares(one, two, means=means, n_images=n_images) + 1
    total = among + people.across_images
    dof = mixed_dof(people.across_images, whole=total, dof=people.dof)
    error = sqrt(total) / (n_images + 2)
    return _tested(
        means[0] - means[1],
        centre=(means[0] - means[1]) * n_images / (n_images + 2),
        error=error,
        dof=dof,
        like=_known(
            n_images,
            level=level,
            design_effect=total / among,
            n_people=people.n_people,
        ),
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
    people = people_variance([*one.deciding(1), *two.deciding(-1)])
    among = one.variance + two.variance
    total = among + people.across_images
    return _tested(
        one.share - two.share,
        centre=one.share - two.share,
        error=sqrt(total),
        dof=mixed_dof(people.across_images, whole=total, dof=people.dof),
        like=_known(
            min(one.size, two.size),
            level=level,
            design_effect=total / among,
            n_people=people.n_people,
        ),
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
        return sum(part.share * part.n_images for part in self.parts) / self.size

    @property
    def variance(self) -> float:
        """Of independent images.

        One image more of each kind on either side, as Agresti and Caffo (2000) add,
        keeps the variance above zero where nobody rejects anything.
        """
        return (_image_squares(self.parts, self.share) + 1) / (self.size + 2) ** 2

    def deciding(self, sign: int) -> list[DecidingVotes]:
        """The votes that decided, their swings as shares of this side."""
        return [part.deciding.scaled(sign / self.size) for part in self.parts]


def _known(n: int, *, level: float, design_effect: float, n_people: int) -> Estimate:
    """What is known of a difference before its value and ends."""
    return Estimate(
        value=nan,
        low=nan,
        high=nan,
        n=n,
        level=level,
        design_effect=design_effect,
        n_people=n_people,
    )


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
) -> float:
    """Sum over all images of the squared difference of both influences."""
    influences = [_influences(part) for part in (one, two)]
    both = pd.concat(influences, axis=1).fillna(0.0).to_numpy()
    away = means[0] - means[1]
    judged = both[:, 0] - both[:, 1] - away
    return float(judged @ judged) + (n_images - len(both)) * away**2


def _influences(part: StratumRejections) -> pd.Series:
    if part.rejected.empty:
        return part.rejected
    scale = part.n_images / len(part.rejected)
    return (part.rejected - part.share) * scale + part.share
