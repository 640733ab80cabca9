"""The rectified error corrected for yes-bias: what hard foils say of it.

Source:
    Rogan & Gladen (1978), "Estimating prevalence from the results of a screening
    test", eq. 1, at k of n (`analysis.statistics.correction`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.measures.rectified_error.numbers import error_results, right_shows
from analysis.measures.yes_bias.numbers import control_votes
from analysis.statistics.correction import (
    MIN_TRIALS,
    Correction,
    PanelRate,
    corrected_error,
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
    """

    classifier: str
    shows: str
    uses: str
    false_yes: PanelRate
    true_yes: PanelRate | None
    correction: Correction


def corrected_errors(bundle: Bundle) -> list[CorrectedError]:
    """Per classifier and measure: corrected for false yes, and for both.

    >>> from analysis.bundles.example import example_bundle
    >>> (net,) = corrected_errors(example_bundle())
    >>> net.correction.corrected.n, net.correction.refused[:15]
    (0, '0 hard foils ha')
    """
    controls = control_votes(bundle)
    foils = _rate(bundle, controls[controls["control"] == FOIL])
    found = []
    for result in error_results(bundle):
        judged = result.judged
        for uses, true_yes in _known_right(bundle, controls).items():
            correction = corrected_error(
                judged.stratum,
                bundle.votes,
                n_images=judged.classifier.n_seen,
                k=bundle.k,
                false_yes=foils,
                true_yes=true_yes,
            )
            found.append(
                CorrectedError(
                    classifier=result.classifier,
                    shows=result.shows,
                    uses=uses,
                    false_yes=foils,
                    true_yes=true_yes,
                    correction=correction,
                )
            )
    return found


def _known_right(bundle: Bundle, controls: pd.DataFrame) -> dict[str, PanelRate | None]:
    """True yes taken as one, and as measured where enough trials measured it.

    Right predictions of the data set stand for it best; the obvious images of
    catches are what is left without them.
    """
    found: dict[str, PanelRate | None] = {"taken as 100 %": None}
    right = bundle.uses.loc[bundle.uses["shows"].isin(right_shows(bundle)), "trial"]
    included = _rate(bundle, bundle.votes[bundle.votes["trial"].isin(right)])
    catches = _rate(bundle, controls[controls["control"] == KNOWN_YES])
    if included.n_trials >= MIN_TRIALS:
        found["right predictions put up as well"] = included
    elif catches.n_trials >= MIN_TRIALS:
        found["obvious images (catches)"] = catches
    return found


def _rate(bundle: Bundle, votes: pd.DataFrame) -> PanelRate:
    return panel_rate(votes, k=bundle.k, n=bundle.n)
