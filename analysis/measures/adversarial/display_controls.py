"""Does less evidence alone make people say yes? Controls of each display.

Twenty-two people in a hundred agree with a whole attacked image and thirty-one
with its explanation; the first thing to rule out is that people say yes more
readily when they see less. So each display has trials whose truth is known:
some where the class is there, some where it is not.

Source:
    Rogan & Gladen (1978), "Estimating prevalence from the results of a screening
    test", eq. 3 (the share corrected for false yes and false no).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import isnan, nan
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.bundles.clusters import clusters_in, with_clusters
from analysis.bundles.reading import Bundle
from analysis.measures.adversarial.numbers import attacked_votes
from analysis.statistics.clustered import clustered_mean
from analysis.statistics.contrasts import Contrast, nothing, weighted_sum
from analysis.statistics.crossed_variance import Crossing
from analysis.statistics.intervals import Estimate

# Display to the controls whose class is there, and to those where it is not, the
# strictest first.
THERE: Final[Mapping[str, str]] = {
    "whole": "clean_true",
    "attention": "clean_attention",
}
ABSENT: Final[Mapping[str, tuple[str, ...]]] = {
    "whole": ("hard_foil", "random_foil"),
    "attention": ("random_superpixels", "foil_attention"),
}
CONTROL_NAMES: Final[Mapping[str, str]] = {
    "clean_true": "clean image, its true class",
    "hard_foil": "clean image, confusable class known to be absent",
    "random_foil": "clean image, far class",
    "clean_attention": "explanation of the clean image, its true class",
    "random_superpixels": "random superpixels of matched area, adversarial class",
    "foil_attention": "explanation for a far class, that class",
}
ATTACKED: Final = "attacked"
Rows = npt.NDArray[np.intp]
# Where true and false yes are closer than this, no correction makes sense.
_MIN_GAP: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class DisplayControl:
    """How often people say yes to one control of one display."""

    display: str
    control: str
    says_yes: Estimate
    n_trials: int


@dataclass(frozen=True, kw_only=True)
class CorrectedAgreement:
    """Agreement with the adversarial class, corrected for yes-bias.

    Attributes:
        display: The display; for a difference "second − first".
        absent: The controls that measure false yes.
        there: The controls that measure true yes; empty: taken as 1.
        agreement: (yes − false yes) / (true yes − false yes), with the
            uncertainty of all three.
    """

    display: str
    absent: str
    there: str
    agreement: Contrast


@dataclass(frozen=True, kw_only=True)
class _Linear:
    """An estimate and how far the shares that it is made of move it.

    Attributes:
        value: NaN where true and false yes can hardly be told apart.
        slopes: Rows of the votes behind each share, and its slope.
    """

    value: float
    slopes: tuple[tuple[Rows, float], ...]


def control_votes(bundle: Bundle) -> pd.DataFrame:
    """Columns display, kind, image, participant, accepts: every valid response.

    `kind` is "attacked" (counted votes) or the control's name.
    """
    trials = bundle.trials
    controls = trials[trials["control"].isin(CONTROL_NAMES)]
    known = controls.set_index("trial")
    found = bundle.single_responses
    found = found[found["trial"].isin(known.index) & found["accepts"].notna()]
    found = found[found["is_valid"].fillna(value=False).astype(bool)]
    said = pd.DataFrame(
        {
            "trial": found["trial"],
            "display": found["trial"].map(known["condition"]),
            "kind": found["trial"].map(known["control"]),
            "image": found["trial"].map(known["sources"]),
            "participant": found["participant"],
            "accepts": found["accepts"].astype(bool),
        }
    )
    said = with_clusters(said, bundle).drop(columns="trial")
    shown = attacked_votes(bundle).assign(kind=ATTACKED)
    return pd.concat([shown[list(said.columns)], said], ignore_index=True)


def display_controls(votes: pd.DataFrame) -> list[DisplayControl]:
    """The share of yes on every control of every display that has responses."""
    rates = []
    for display, control in product(THERE, CONTROL_NAMES):
        mine = votes[(votes["display"] == display) & (votes["kind"] == control)]
        if mine.empty:
            continue
        rates.append(
            DisplayControl(
                display=display,
                control=control,
                n_trials=mine["image"].nunique(),
                says_yes=clustered_mean(
                    mine, value="accepts", stimulus="image", clusters=clusters_in(mine)
                ),
            )
        )
    return rates


def corrected_agreements(votes: pd.DataFrame) -> list[CorrectedAgreement]:
    """Per display and kind of false yes, the corrected share of votes."""
    return [
        corrected(votes, display=display, absent=absent)
        for display in THERE
        for absent in ABSENT[display]
        if _rows(votes, display, absent).size and _rows(votes, display, ATTACKED).size
    ]


def corrected_differences(votes: pd.DataFrame) -> list[CorrectedAgreement]:
    """Attention minus whole, each corrected by its strictest measured false yes."""
    found = {}
    for display in THERE:
        absent = next((a for a in ABSENT[display] if _rows(votes, display, a).size), "")
        if absent and _rows(votes, display, ATTACKED).size:
            found[display] = absent
    if len(found) < len(THERE):
        return []
    first, second = THERE
    before = _linear(votes, display=first, absent=found[first])
    after = _linear(votes, display=second, absent=found[second])
    both = _Linear(
        value=after.value - before.value,
        slopes=after.slopes + tuple((rows, -slope) for rows, slope in before.slopes),
    )
    return [
        CorrectedAgreement(
            display=f"{second} − {first}",
            absent=f"{found[second]}, {found[first]}",
            there="",
            agreement=_estimate(votes, both),
        )
    ]


def corrected(votes: pd.DataFrame, *, display: str, absent: str) -> CorrectedAgreement:
    """The share of votes corrected by one kind of false yes."""
    there = THERE[display]
    return CorrectedAgreement(
        display=display,
        absent=absent,
        there=there if _rows(votes, display, there).size else "",
        agreement=_estimate(votes, _linear(votes, display=display, absent=absent)),
    )


def _rows(votes: pd.DataFrame, display: str, kind: str) -> Rows:
    is_mine = (votes["display"] == display) & (votes["kind"] == kind)
    return np.flatnonzero(is_mine.to_numpy())


def _linear(votes: pd.DataFrame, *, display: str, absent: str) -> _Linear:
    """The corrected share, and how far every response moves it (delta method)."""
    accepts = votes["accepts"].to_numpy(dtype=float)
    attacked = _rows(votes, display, ATTACKED)
    false = _rows(votes, display, absent)
    true = _rows(votes, display, THERE[display])
    false_yes = float(accepts[false].mean())
    gap = (float(accepts[true].mean()) if true.size else 1.0) - false_yes
    if gap < _MIN_GAP:
        return _Linear(value=nan, slopes=())
    share = (float(accepts[attacked].mean()) - false_yes) / gap
    slopes = ((attacked, 1 / gap), (false, (share - 1) / gap), (true, -share / gap))
    return _Linear(
        value=share, slopes=tuple((rows, slope) for rows, slope in slopes if rows.size)
    )


def _estimate(votes: pd.DataFrame, found: _Linear) -> Contrast:
    if isnan(found.value):
        return nothing("no interval: true and false yes can hardly be told apart")
    rows = np.concatenate([rows for rows, _ in found.slopes])
    mine = votes.iloc[rows]
    crossing = Crossing.of(
        mine["participant"],
        mine["image"],
        clusters=[mine[name] for name in clusters_in(mine)],
        group=np.repeat(range(len(found.slopes)), [len(r) for r, _ in found.slopes]),
    )
    return weighted_sum(
        mine["accepts"],
        crossing,
        weights=[slope for _, slope in found.slopes],
        total=found.value,
    )
