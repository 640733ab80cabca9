"""The rectified error, corrected for how readily people say yes.

Let τ be the share of a classifier's errors whose prediction is right after all, q
the share that people accept at k of n, a₀ the chance that n people accept a
prediction that is wrong ("false yes"), a₁ the chance that they accept one that is
right ("true yes"). Then q = τ a₁ + (1 - τ) a₀, so

    τ = (q - a₀) / (a₁ - a₀)        corrected error = share wrong · (1 - τ).

a₀ comes from hard foils, a₁ from predictions known to be right, both *at k of n*:
for each such trial the chance that n of its voters, drawn without replacement,
give k yes. Raising a mean share of yes to the k-th power would be wrong, because
trials and people differ.

Source:
    Rogan & Gladen (1978), "Estimating prevalence from the results of a screening
    test", eq. 1; Hoeffding (1948) for the variance of the drawn panels
    (U-statistics) and of what people add.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan, nan, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

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
from analysis.statistics.k_of_n import (
    ClusterEffects,
    DecidingVotes,
    Stratum,
    StratumRejections,
    cluster_effects,
    people_variance,
    rejections_in,
)

Floats = npt.NDArray[np.float64]

# Fewer trials than this say too little about how trials differ.
MIN_TRIALS: Final = 10


@dataclass(frozen=True, kw_only=True)
class PanelRate:
    """How often n people accept trials of one kind at k of n.

    Attributes:
        value: Mean chance over the trials; NaN without trials.
        standard_error: Of the trials and their votes, people taken as independent.
        n_trials: Trials with at least n votes.
        deciding: The votes that decided its trials, in units of `value`.
        dof: Degrees of freedom of `standard_error`.
    """

    value: float
    standard_error: float
    n_trials: int
    deciding: DecidingVotes
    dof: float = nan

    @property
    def n_draws(self) -> float:
        """Trials, or how many clusters of trials of equal size would be as good."""
        return min(self.n_trials, self.dof + 1) if self.n_trials else 0


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A rectified error corrected for yes-bias, or why it is not.

    Attributes:
        corrected: Share of all images that are wrong for people who never say yes
            to what is absent nor no to what is there; NaN with n = 0 if refused.
        unclipped: The same before it is kept between 0 and the standard error.
        right: τ, the share of errors whose prediction is right after all.
        refused: Why there is none; empty where there is one.
    """

    corrected: Estimate
    unclipped: float
    right: float
    refused: str = ""


def panel_rate(
    votes: pd.DataFrame, *, k: int, n: int, clusters: pd.DataFrame | None = None
) -> PanelRate:
    """How often n people accept these trials, over all panels of their voters.

    Args:
        votes: Columns trial, participant, accepts; at least n votes per trial, the
            others are left out.
        k: Yes votes needed.
        n: People on a panel.
        clusters: Index trial, one column per way in which trials belong together.

    >>> votes = pd.DataFrame({
    ...     "trial": list("aaabbb"), "participant": list("pqrpqr"),
    ...     "accepts": [True, True, False, False, False, False],
    ... })
    >>> round(panel_rate(votes, k=2, n=2).value, 4)    # (1 of 3 pairs + 0) / 2
    0.1667
    """
    check_votes(votes)
    place = pd.factorize(votes["trial"])[0]
    kept = votes[np.bincount(place)[place] >= n] if len(place) else votes
    trial, trials = pd.factorize(kept["trial"])
    if len(trials) == 0:
        return PanelRate(
            value=nan, standard_error=nan, n_trials=0, deciding=DecidingVotes.none()
        )
    accepts = kept["accepts"].to_numpy(dtype=float)
    size, n_yes = np.bincount(trial), np.bincount(trial, weights=accepts)
    chance = stats.hypergeom.sf(k - 1, size, n_yes.astype(int), n)
    others = (n_yes[trial] - accepts).astype(int)
    decides = stats.hypergeom.pmf(k - 1, size[trial] - 1, others, n - 1)
    mean = float(decides @ accepts / decides.sum()) if decides.sum() > 0 else 0.0
    swing = n / size[trial] * decides * (accepts - mean) / len(trials)
    swings = pd.DataFrame(
        {
            "participant": kept["participant"].to_numpy(),
            "image": trials.to_numpy()[trial],
            "swing": swing,
        }
    )
    error, dof = _error_of_mean(chance, ways_of(trials, clusters))
    return PanelRate(
        value=float(chance.mean()),
        standard_error=error,
        dof=dof,
        n_trials=len(trials),
        deciding=DecidingVotes(
            swings=swings[swings["swing"] != 0], voters=frozenset(kept["participant"])
        ),
    )


def _error_of_mean(chance: Floats, ways: Ways) -> tuple[float, float]:
    """Standard error of a mean over trials, and its degrees of freedom."""
    n = len(chance)
    if n < 2:
        return nan, nan
    dof = min(n - 1, ways.dof())
    squares = ways.squares(chance - chance.mean())
    return sqrt(squares * (dof + 1) / dof) / n, dof


def corrected_error(
    stratum: Stratum,
    votes: pd.DataFrame,
    *,
    n_images: int,
    k: int,
    false_yes: PanelRate,
    true_yes: PanelRate,
    level: float = LEVEL,
    clusters: pd.DataFrame | None = None,
) -> Correction:
    """The error left when accepting counts only as far as it tells right from wrong.

    Args:
        stratum: The images the classifier got wrong.
        votes: Columns trial, participant, accepts: the counted votes.
        n_images: Every image the classifier saw.
        k: Yes votes an image needs.
        false_yes: From hard foils, at the same k of n.
        true_yes: From predictions known to be right, of the kind that errors are
            where they are right after all.
        level: Nominal coverage.
        clusters: Index image, or trial for foils and right predictions; one column
            per way in which they belong together. Those of foils, of right
            predictions and of errors are taken as drawn apart.

    Returns:
        Refused, with NaN and n = 0, where there are fewer than ten foils (or ten
        right predictions) with n votes, or where people accept foils about as
        often as what is right.

    >>> def cast(name, word, n_trials):
    ...     trials = [f"{name}{i}" for i in range(n_trials) for _ in word]
    ...     return pd.DataFrame({
    ...         "trial": trials, "participant": list("pqr") * n_trials,
    ...         "accepts": [letter == "1" for letter in word * n_trials],
    ...     })
    >>> foils = pd.concat([cast("f", "111", 4), cast("g", "000", 16)])
    >>> known = cast("r", "111", 20)
    >>> votes = pd.concat([cast("y", "111", 2), cast("n", "000", 3)])
    >>> trials = votes["trial"].unique()
    >>> found = corrected_error(
    ...     Stratum(n_images=5, judged=pd.DataFrame({"image": trials, "trial": trials})),
    ...     votes, n_images=10, k=2, true_yes=panel_rate(known, k=2, n=3),
    ...     false_yes=panel_rate(foils, k=2, n=3),
    ... )
    >>> round(found.right, 2)                              # (0.4 - 0.2) / (1 - 0.2)
    0.25
    """
    return _corrected(
        stratum,
        votes,
        n_images=n_images,
        k=k,
        false_yes=false_yes,
        true_yes=true_yes,
        level=level,
        clusters=clusters,
    )


def error_at_most(
    stratum: Stratum,
    votes: pd.DataFrame,
    *,
    n_images: int,
    k: int,
    false_yes: PanelRate,
    true_yes: PanelRate | None = None,
    level: float = LEVEL,
    clusters: pd.DataFrame | None = None,
) -> Correction:
    """What the corrected error is at most, where true yes was not measured.

    The rarer what is right is accepted, the more errors are right after all. So true
    yes taken as one, or from obvious images, gives a corrected error that is too
    high: an upper bound, and no estimate.

    Args:
        stratum: The images the classifier got wrong.
        votes: Columns trial, participant, accepts: the counted votes.
        n_images: Every image the classifier saw.
        k: Yes votes an image needs.
        false_yes: From hard foils, at the same k of n.
        true_yes: From images that are accepted at least as often as errors that are
            right after all (catches); None takes 100 %.
        level: How often the true error is no more than the upper end, at least.
        clusters: As in `corrected_error`.

    Returns:
        `corrected` from 0 to the one-sided upper end, its value the corrected error
        under that true yes. Refused as in `corrected_error`.

    >>> foils, errors = (
    ...     pd.DataFrame({"trial": [f"{kind}{i}" for i in range(20)],
    ...         "participant": "p", "accepts": [i < n_yes for i in range(20)]})
    ...     for kind, n_yes in (("f", 4), ("e", 8))
    ... )
    >>> trials = errors["trial"]
    >>> found = error_at_most(
    ...     Stratum(n_images=20, judged=pd.DataFrame({"image": trials, "trial": trials})),
    ...     errors, n_images=50, k=1, false_yes=panel_rate(foils, k=1, n=1),
    ... )
    >>> round(found.corrected.value, 2), found.corrected.low       # 20/50 · (1 - 0.25)
    (0.3, 0.0)
    """
    return _corrected(
        stratum,
        votes,
        n_images=n_images,
        k=k,
        false_yes=false_yes,
        true_yes=true_yes,
        level=level,
        clusters=clusters,
        is_bound=True,
    )


def _corrected(
    stratum: Stratum,
    votes: pd.DataFrame,
    *,
    n_images: int,
    k: int,
    false_yes: PanelRate,
    true_yes: PanelRate | None,
    level: float,
    clusters: pd.DataFrame | None,
    is_bound: bool = False,
) -> Correction:
    """The corrected error with its interval, or from 0 to a one-sided end."""
    refused = _refusal(false_yes, true_yes) or _nothing_judged(stratum)
    if refused:
        return _refused(refused, level=level)
    judged = rejections_in(stratum, votes, k=k)
    away = (1.0 if true_yes is None else true_yes.value) - false_yes.value
    right = (1 - judged.share - false_yes.value) / away
    value = stratum.n_images / n_images * (1 - right)
    variance, dof = _variance(
        judged,
        cluster_effects([judged], clusters, k=k),
        [rate for rate in (false_yes, true_yes) if rate is not None],
        slopes=(1 / away, -(1 - right) / away, -right / away),
        n_images=n_images,
        value=value,
        clusters=clusters,
    )
    # Both tails of an interval of 90 % hold what one tail of 95 % holds.
    critical = critical_value(level=2 * level - 1 if is_bound else level, dof=dof)
    corrected = _clipped(
        value,
        ends=_ends(value, variance, critical=critical),
        most=stratum.n_images / n_images,
        like=Estimate(
            value=nan,
            low=nan,
            high=nan,
            n=n_images,
            level=level,
            standard_error=sqrt(variance),
            n_people=len(judged.deciding.voters),
        ),
    )
    if is_bound:
        corrected = replace(corrected, low=0.0, method="an upper bound")
    return Correction(corrected=corrected, unclipped=value, right=right)


def _ends(value: float, variance: float, *, critical: float) -> tuple[float, float]:
    """Score bounds at the effective number of images, where value is a share."""
    if 0 < value < 1 and variance > 0:
        return score_bounds(value, value * (1 - value) / variance, critical=critical)
    half = critical * sqrt(variance)
    return value - half, value + half


def _clipped(
    value: float, *, ends: tuple[float, float], most: float, like: Estimate
) -> Estimate:
    """Value and ends of the interval, kept to what an error can be."""
    kept, low = (min(max(end, 0.0), most) for end in (value, ends[0]))
    high = min(max(ends[1], 0.0), 1.0)
    return replace(like, value=kept, low=low, high=max(high, kept))


def _refusal(false_yes: PanelRate, true_yes: PanelRate | None) -> str:
    if false_yes.n_draws < MIN_TRIALS:
        return (
            f"{_counted(false_yes, 'hard foils')} have enough votes, at least "
            f"{MIN_TRIALS} are needed; ask for more in the recipe ([controls] hard_foil)"
        )
    if true_yes is None:
        a1, spread = 1.0, 0.0
    elif true_yes.n_draws < MIN_TRIALS:
        return (
            f"{_counted(true_yes, 'predictions known to be right')} have enough votes, "
            f"at least {MIN_TRIALS} are needed; put more of them up (include_correct)"
        )
    else:
        a1, spread = true_yes.value, true_yes.standard_error
    noise = sqrt(false_yes.standard_error**2 + spread**2)
    if a1 - false_yes.value <= 2 * noise or a1 <= false_yes.value:
        return (
            f"people accept hard foils ({100 * false_yes.value:.0f} %) about as often "
            f"as what is right ({100 * a1:.0f} %), so votes do not tell them apart"
        )
    return ""


def _counted(rate: PanelRate, what: str) -> str:
    """How many trials there are, and what clusters make of them."""
    if rate.n_draws == rate.n_trials:
        return f"{rate.n_trials} {what}"
    return f"{rate.n_trials} {what} (clustered, worth {rate.n_draws:.0f})"


def _nothing_judged(stratum: Stratum) -> str:
    if stratum.judged is None or stratum.judged.empty or stratum.n_images == 0:
        return "no error has enough votes yet"
    return ""


def _refused(reason: str, *, level: float) -> Correction:
    return Correction(
        corrected=no_estimate(level=level, target="images like these"),
        unclipped=nan,
        right=nan,
        refused=reason,
    )


def _variance(
    judged: StratumRejections,
    effects: ClusterEffects,
    rates: Sequence[PanelRate],
    *,
    slopes: Sequence[float],
    n_images: int,
    value: float,
    clusters: pd.DataFrame | None,
) -> tuple[float, float]:
    """Variance of the corrected error and its degrees of freedom (Satterthwaite).

    Images, foils and right predictions are drawn apart; people are the same
    throughout, so their swings on all of them are added up before squaring.
    """
    n_wrong = judged.n_images
    # What each judged error moves, scaled from those judged to all.
    rejected = judged.rejected
    moved = slopes[0] * (rejected - judged.share) * n_wrong / len(rejected)
    away = value * n_images / n_wrong - value
    images = n_wrong * away**2 + (n_images - n_wrong) * value**2
    images = images * effects.chances + float((moved**2).sum()) * effects.outcomes
    deciding = [judged.deciding.scaled(slopes[0])]
    parts = [(images, effects.dof)]
    for rate, slope in zip(rates, slopes[1:], strict=False):
        weight = slope * n_wrong
        parts.append(((weight * rate.standard_error) ** 2, rate.dof))
        deciding.append(rate.deciding.scaled(weight))
    people = people_variance(deciding, clusters=clusters)
    parts.append((people.across_images, people.dof))
    return sum(size for size, _ in parts) / n_images**2, joined_dof(*parts)


def share_right(correction: Correction) -> float:
    """τ kept between 0 and 1; NaN where the correction was refused."""
    right = correction.right
    return right if isnan(right) else min(max(right, 0.0), 1.0)
