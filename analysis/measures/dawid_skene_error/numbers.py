"""The rectified error by Dawid and Skene's model instead of k of n.

Every prediction is right or wrong for people, every person has rates of their own of
saying yes to what is right and to what is not; catches and foils, whose truth is
known, anchor them. The error left is the mean probability that a prediction is wrong.

Source:
    Dawid & Skene (1979), "Maximum likelihood estimation of observer error-rates
    using the EM algorithm"; Efron & Stein (1981), "The jackknife estimate of
    variance", for what people add.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Final

import pandas as pd

from analysis.bundles.clusters import image_clusters
from analysis.bundles.reading import Bundle
from analysis.measures.rectified_error.numbers import (
    ErrorResult,
    error_results,
    uses_of,
)
from analysis.measures.yes_bias.numbers import control_votes
from analysis.statistics.aggregation.dawid_skene import DawidSkene
from analysis.statistics.image_clusters import ways_of
from analysis.statistics.intervals import Estimate
from analysis.statistics.modelled_share import (
    GroupedFits,
    fit_in_groups,
    modelled_share,
)

N_GROUPS: Final = 20
_TRUTH: Final = {
    "known_yes": True,
    "known_no": False,
    "random_foil": False,
    "hard_foil": False,
}


@dataclass(frozen=True, kw_only=True)
class ModelledError:
    """One classifier's rectified error by the model.

    Attributes:
        at_k: The same by k of n.
        rectified: By the model.
        n_judged: Errors with at least one vote.
        agreement: Share of resolved errors that the model and k of n judge alike; NaN
            where none is resolved.
    """

    at_k: ErrorResult
    rectified: Estimate
    n_judged: int
    agreement: float


@dataclass(frozen=True, kw_only=True)
class ModelledErrors:
    """What the model says of a study.

    Attributes:
        errors: One per classifier and measure.
        false_yes: Mean over people of their rate of yes to what is wrong.
        true_yes: Mean over people of their rate of yes to what is right.
        n_people: How many there are.
        n_groups: Groups of people left out in turn.
        n_iterations: Until the fit stood still.
        is_converged: Whether it did.
        n_starts: Starts it was made from.
        remarks: What is to be known of the fit besides.
    """

    errors: tuple[ModelledError, ...]
    false_yes: float
    true_yes: float
    n_people: int
    n_groups: int
    n_iterations: int
    is_converged: bool
    n_starts: int = 1
    remarks: tuple[str, ...] = ()


def modelled_errors(
    bundle: Bundle, *, n_groups: int = N_GROUPS
) -> ModelledErrors | None:
    """The rectified errors by Dawid and Skene's model.

    Args:
        bundle: The study.
        n_groups: Groups of people left out in turn for the interval.

    Returns:
        None where fewer than two people voted.

    >>> from analysis.bundles.example import example_bundle
    >>> found = modelled_errors(example_bundle(), n_groups=3)
    >>> round(found.true_yes, 2), round(found.false_yes, 2), found.n_people
    (0.76, 0.24, 4)
    """
    votes, known = _votes(bundle)
    if votes["worker"].nunique() < 2 or bundle.votes.empty:
        return None
    results = error_results(bundle)
    images = [_images(bundle, result) for result in results]
    fits = fit_in_groups(votes, known, images, n_groups=n_groups)
    clusters = image_clusters(bundle)
    return ModelledErrors(
        errors=tuple(
            _modelled(
                result, trials, fits=fits, place=place, k=bundle.k, clusters=clusters
            )
            for place, (result, trials) in enumerate(zip(results, images, strict=True))
        ),
        false_yes=_rate(fits.fit, of=False),
        true_yes=_rate(fits.fit, of=True),
        n_people=votes["worker"].nunique(),
        n_groups=len(fits.left_out),
        n_iterations=fits.fit.n_iterations,
        is_converged=fits.fit.is_converged,
        n_starts=int(fits.fit.optima["n_starts"].sum()),
        remarks=fits.fit.remarks,
    )


def _votes(bundle: Bundle) -> tuple[pd.DataFrame, pd.Series]:
    """Counted votes and those on controls: task, worker, label; and what is known."""
    controls = control_votes(bundle)
    controls = controls[controls["control"].isin(_TRUTH)]
    columns = ["trial", "participant", "accepts"]
    both = pd.concat([bundle.votes[columns], controls[columns]], ignore_index=True)
    names = {"trial": "task", "participant": "worker", "accepts": "label"}
    known = controls.drop_duplicates("trial").set_index("trial")["control"].map(_TRUTH)
    return both.rename(columns=names).astype({"label": bool}), known.astype(bool)


def _images(bundle: Bundle, result: ErrorResult) -> pd.Series:
    """The trial of each error of a classifier, by image."""
    uses = uses_of(bundle, result.shows, classifier=result.classifier)
    return uses.set_index("image")["trial"]


def _rate(fit: DawidSkene, *, of: bool) -> float:
    rates = fit.confusions
    kept = rates[(rates["class"] == of) & (rates["label"] == True)]  # noqa: E712 - a column
    return float(kept["share"].mean()) if len(kept) else nan


def _modelled(
    result: ErrorResult,
    trials: pd.Series,
    *,
    fits: GroupedFits,
    place: int,
    k: int,
    clusters: pd.DataFrame | None,
) -> ModelledError:
    posterior = fits.fit.posteriors[False]
    wrong = trials.map(posterior).dropna()
    resolved = result.judged.resolved
    said = resolved["trial"].map(posterior) > 1 / 2
    alike = said == (resolved["n_yes"] < k)
    return ModelledError(
        at_k=result,
        rectified=modelled_share(
            wrong.to_numpy(dtype=float),
            fits.left_out[:, place],
            n_images=result.judged.classifier.n_seen,
            n_wrong=result.judged.n_wrong,
            ways=ways_of(wrong.index, clusters),
        ),
        n_judged=len(wrong),
        agreement=float(alike.mean()) if len(alike) else nan,
    )
