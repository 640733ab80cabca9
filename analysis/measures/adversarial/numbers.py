"""Attacked images: how many people agree with the class an attack leads to.

An attacked image is shown whole, or reduced to what the classifier attends to;
each is a display. People say whether the class that the classifier now names is
relevant. What they agree with was no mistake of the classifier's eyes alone.

Source:
    Stock & Cisse (2018), "ConvNets and ImageNet Beyond Accuracy", section 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pandas as pd

from analysis.bundles.clusters import (
    clusters_in,
    clusters_of_images,
    trial_clusters,
    with_clusters,
)
from analysis.bundles.reading import Bundle
from analysis.statistics.clustered import clustered_mean
from analysis.statistics.intervals import Estimate
from analysis.statistics.k_of_n import Stratum, rejected_share, tally, wrong_share

PUT_UP: Final = "attacked"
DISPLAYS: Final = ("whole", "attention")
DISPLAY_NAMES: Final[Mapping[str, str]] = {
    "whole": "whole image",
    "attention": "explanation only",
}


@dataclass(frozen=True, kw_only=True)
class AttackCounts:
    """What became of the images of the chosen classes, from the set's summary.

    Attributes:
        n_chosen: Images of the chosen classes that were drawn for the attack.
        n_wrong_before: Of them, wrong without any attack; they are not attacked.
        n_attacked: Of them, right before and attacked.
        n_adversarial: Of the attacked, wrong in the very bytes people see.
        n_lost: Of the attacked, wrong before rounding to 8 bits only.
    """

    n_chosen: int
    n_wrong_before: int
    n_attacked: int
    n_adversarial: int
    n_lost: int = 0


@dataclass(frozen=True, kw_only=True)
class ErrorUnderAttack:
    """One line of Table 2: an error by the labels and what people leave of it.

    Attributes:
        over: "attacked" images, or all "chosen" ones.
        n_images: How many those are.
        standard: Share that is wrong under attack.
        rectified: Share that is wrong and that fewer than k of n people accept.
    """

    over: str
    n_images: int
    standard: Estimate
    rectified: Estimate


@dataclass(frozen=True, kw_only=True)
class DisplayResult:
    """What people make of attacked images in one display.

    Attributes:
        display: "whole" or "attention".
        n_shown: Attacked images put up in it.
        resolved: Columns image, trial, n_yes: images with all n votes.
        of_votes: Share of votes that say the adversarial class is relevant.
        of_images: Share of images where at least k of n people say so.
        histogram: Images by number of yes votes, index 0..n.
        errors: Over the attacked and over the chosen images; empty where the
            set does not say how many those are.
    """

    display: str
    n_shown: int
    resolved: pd.DataFrame
    of_votes: Estimate
    of_images: Estimate
    histogram: pd.Series
    errors: tuple[ErrorUnderAttack, ...]

    @property
    def name(self) -> str:
        """What tables call the display."""
        return DISPLAY_NAMES.get(self.display, self.display)


def are_attacked(bundle: Bundle) -> bool:
    """Whether attacked images were put up."""
    return bool(bundle.uses["shows"].isin(bundle.labels_of(PUT_UP)).any())


def attack_counts(bundle: Bundle) -> AttackCounts | None:
    """The set's own denominators; None where it has none (an imported study)."""
    raw: Mapping[str, Any] | None = bundle.head["stimuli"].get("adversarial")
    if not raw:
        return None
    return AttackCounts(
        n_chosen=int(raw["n_chosen"]),
        n_wrong_before=int(raw["n_wrong_before"]),
        n_attacked=int(raw["n_attacked"]),
        n_adversarial=int(raw["n_adversarial"]),
        n_lost=int(raw.get("n_lost_in_8_bits") or 0),
    )


def attacked_images(bundle: Bundle) -> pd.DataFrame:
    """Every attacked image in every display it is put up in.

    Returns:
        Columns display, image, trial, stimulus (may be missing), label,
        predicted. An image has the same name in every display.
    """
    trials = bundle.trials[bundle.trials["role"] == "main"]
    uses = bundle.uses[bundle.uses["shows"].isin(bundle.labels_of(PUT_UP))]
    found = uses.merge(trials[["trial", "condition", "slots"]], on="trial")
    display = found["condition"].where(found["condition"] != "", "whole")
    found = found.assign(display=display)
    label = found["label"].fillna("").astype(str)
    again = found.groupby(["display", "source_sha256", "label"]).cumcount()
    image = found["source_sha256"] + "/" + label + "/" + again.astype(str)
    columns = ["display", "image", "trial", "slots", "label", "predicted"]
    return found.assign(image=image)[columns].reset_index(drop=True)


def displays_of(images: pd.DataFrame) -> tuple[str, ...]:
    """The displays there are, the paper's two first."""
    there = set(images["display"])
    return (
        *(name for name in DISPLAYS if name in there),
        *sorted(there - set(DISPLAYS)),
    )


def attacked_votes(bundle: Bundle, votes: pd.DataFrame | None = None) -> pd.DataFrame:
    """Columns display, image, trial, participant, accepts: votes on attacked images.

    Args:
        bundle: The study.
        votes: Columns trial, participant, accepts; the counted ones where left
            out.
    """
    cast = bundle.votes if votes is None else votes
    images = attacked_images(bundle)[["display", "image", "trial"]]
    votes_on = images.merge(cast[["trial", "participant", "accepts"]], on="trial")
    return with_clusters(votes_on, bundle)


def display_results(
    bundle: Bundle, votes: pd.DataFrame | None = None
) -> list[DisplayResult]:
    """One result per display, whole images first."""
    images = attacked_images(bundle)
    cast = bundle.votes if votes is None else votes
    cast = cast[cast["trial"].isin(images["trial"])]
    return [
        _result(bundle, images[images["display"] == display], cast)
        for display in displays_of(images)
    ]


def _result(bundle: Bundle, images: pd.DataFrame, votes: pd.DataFrame) -> DisplayResult:
    n, k = bundle.n, bundle.k
    counted = tally(votes, n=n)
    done = counted[counted["is_resolved"]]
    resolved = images.loc[images["trial"].isin(done.index), ["image", "trial"]]
    n_yes = resolved["trial"].map(done["n_yes"]).astype(int)
    resolved = resolved.assign(n_yes=n_yes).reset_index(drop=True)
    mine = with_clusters(images[["image", "trial"]].merge(votes, on="trial"), bundle)
    found = trial_clusters(bundle)
    clusters = None if found is None else clusters_of_images(found, resolved)
    return DisplayResult(
        display=str(images["display"].iloc[0]),
        n_shown=len(images),
        resolved=resolved,
        of_votes=clustered_mean(
            mine, value="accepts", stimulus="image", clusters=clusters_in(mine)
        ),
        of_images=rejected_share(
            [Stratum(n_images=len(images), judged=resolved)],
            votes,
            k=k,
            clusters=clusters,
        ).complement(),
        histogram=n_yes.value_counts().reindex(range(n + 1), fill_value=0),
        errors=_errors(bundle, resolved, votes, n_shown=len(images), clusters=clusters),
    )


def _errors(
    bundle: Bundle,
    resolved: pd.DataFrame,
    votes: pd.DataFrame,
    *,
    n_shown: int,
    clusters: pd.DataFrame | None,
) -> tuple[ErrorUnderAttack, ...]:
    counts = attack_counts(bundle)
    if counts is None:
        return ()
    # Images that lost their class in 8 bits are wrong only where they were kept.
    n_wrong = max(counts.n_adversarial, n_shown)
    wrong = Stratum(n_images=n_wrong, judged=resolved)
    right = Stratum(n_images=max(counts.n_attacked - n_wrong, 0), judged=None)
    before = Stratum(n_images=counts.n_wrong_before, judged=None, is_rejected=True)
    rest = counts.n_chosen - counts.n_wrong_before - wrong.n_images - right.n_images
    others = Stratum(n_images=max(rest, 0), judged=None)
    attacked, chosen = [wrong, right], [wrong, right, before, others]
    pair = partial(_pair, votes=votes, k=bundle.k, clusters=clusters)
    return (
        pair("attacked", attacked, n_wrong=n_wrong),
        pair("chosen", chosen, n_wrong=n_wrong + counts.n_wrong_before),
    )


def _pair(
    over: str,
    strata: list[Stratum],
    *,
    votes: pd.DataFrame,
    n_wrong: int,
    k: int,
    clusters: pd.DataFrame | None,
) -> ErrorUnderAttack:
    n_images = sum(stratum.n_images for stratum in strata)
    return ErrorUnderAttack(
        over=over,
        n_images=n_images,
        standard=wrong_share(
            strata[0],
            votes,
            n_wrong=n_wrong,
            n_images=n_images,
            k=k,
            clusters=clusters,
        ),
        rectified=rejected_share(strata, votes, k=k, clusters=clusters),
    )
