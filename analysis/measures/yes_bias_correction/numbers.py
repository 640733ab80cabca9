"""The rectified error corrected for yes-bias: what hard foils say of it.

Source:
    Rogan & Gladen (1978), "Estimating prevalence from the results of a screening
    test", eq. 1, at k of n (`analysis.statistics.correction`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.bundles.clusters import judged_clusters, trial_clusters
from analysis.bundles.reading import Bundle
from analysis.measures.rectified_error.numbers import (
    ErrorResult,
    error_results,
    right_shows,
)
from analysis.measures.yes_bias.numbers import control_votes
from analysis.statistics.correction import (
    MIN_TRIALS,
    Correction,
    PanelRate,
    corrected_error,
    error_at_most,
    panel_rate,
)

FOIL: Final = "hard_foil"
KNOWN_YES: Final = "known_yes"


@dataclass(frozen=True, kw_only=True)
class CorrectedError:
    """One classifier's rectified error and what is left of it.

    Attributes:
        classifier: The classifier.
        shows: Which errors were re-examined.
        uses: What true yes was taken from.
        false_yes: Chance that n people accept a hard foil.
        true_yes: Chance that n people accept what is right; None: taken as one.
        correction: The corrected error, or why there is none.
        is_bound: Whether it is what the corrected error is at most, because true yes
            was not measured on right predictions.
    """

    classifier: str
    shows: str
    uses: str
    false_yes: PanelRate
    true_yes: PanelRate | None
    correction: Correction
    is_bound: bool


def corrected_errors(bundle: Bundle) -> list[CorrectedError]:
    """Per classifier and measure: the corrected error, or what it is at most.

    >>> from analysis.bundles.example import example_bundle
    >>> (net,) = corrected_errors(example_bundle())
    >>> net.correction.corrected.n, net.correction.refused[:15], net.is_bound
    (0, '0 hard foils ha', True)
    """
    controls = control_votes(bundle)
    foils = _rate(bundle, controls[controls["control"] == FOIL])
    uses, true_yes, is_bound = _known_right(bundle, controls)
    return [
        CorrectedError(
            classifier=result.classifier,
            shows=result.shows,
            uses=uses,
            false_yes=foils,
            true_yes=true_yes,
            correction=_correction(bundle, result, foils=foils, true_yes=true_yes)
            if not is_bound and true_yes is not None
            else _at_most(bundle, result, foils=foils, true_yes=true_yes),
            is_bound=is_bound,
        )
        for result in error_results(bundle)
    ]


def _correction(
    bundle: Bundle, result: ErrorResult, *, foils: PanelRate, true_yes: PanelRate
) -> Correction:
    judged = result.judged
    return corrected_error(
        judged.stratum,
        bundle.votes,
        n_images=judged.classifier.n_seen,
        k=bundle.k,
        false_yes=foils,
        true_yes=true_yes,
        clusters=judged_clusters(bundle),
    )


def _at_most(
    bundle: Bundle, result: ErrorResult, *, foils: PanelRate, true_yes: PanelRate | None
) -> Correction:
    judged = result.judged
    return error_at_most(
        judged.stratum,
        bundle.votes,
        n_images=judged.classifier.n_seen,
        k=bundle.k,
        false_yes=foils,
        true_yes=true_yes,
        clusters=judged_clusters(bundle),
    )


def _known_right(
    bundle: Bundle, controls: pd.DataFrame
) -> tuple[str, PanelRate | None, bool]:
    """What true yes is taken from, its rate, and whether that gives only a bound.

    Right predictions of the data set measure it. The obvious images of catches are
    accepted more often than what is right among errors, and nothing more often than
    always: with those the corrected error comes out too high.
    """
    right = bundle.uses.loc[bundle.uses["shows"].isin(right_shows(bundle)), "trial"]
    included = _rate(bundle, bundle.votes[bundle.votes["trial"].isin(right)])
    catches = _rate(bundle, controls[controls["control"] == KNOWN_YES])
    if included.n_draws >= MIN_TRIALS:
        return "right predictions put up as well", included, False
    if catches.n_draws >= MIN_TRIALS:
        return "obvious images (catches)", catches, True
    return "taken as 100 %", None, True


def _rate(bundle: Bundle, votes: pd.DataFrame) -> PanelRate:
    return panel_rate(votes, k=bundle.k, n=bundle.n, clusters=trial_clusters(bundle))
