"""The planned comparisons again in log odds, with people and items in the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import nan
from typing import Final

import pandas as pd

from analysis.bundles.clusters import clusters_in
from analysis.statistics.models.logistic import (
    LogisticFit,
    clustered_logistic,
    crossed_logistic,
)
from analysis.statistics.multiplicity import holm

_NO_CLUSTERS: Final = (
    "it has no effect of what images that belong together have in common; read the "
    "clustered one"
)
# Responses each under which a standard deviation comes out too small.
_SPARSE: Final = 3.0


@dataclass(frozen=True, kw_only=True)
class ContrastModels:
    """Both fits and what they say of the planned comparisons.

    Attributes:
        mixed: People and items as effects.
        clustered: Errors clustered by both.
        contrasts: Columns comparison, and for either model estimate, low, high,
            p_value, p_holm with the model's name in front; NaN where a model refuses
            an interval.
    """

    mixed: LogisticFit
    clustered: LogisticFit
    contrasts: pd.DataFrame


def fit_models(
    responses: pd.DataFrame, weights: Mapping[str, Mapping[str, float]]
) -> ContrastModels:
    """Both models of the success of every condition.

    Where items show images that belong together, the clustered model counts that; the
    mixed one has no place for it and gives estimates only.

    Args:
        responses: Columns is_right, condition, participant, item, and clusters.
        weights: Comparison to condition to weight, from `planned_weights`.

    Raises:
        AnalysisError: If a model cannot be fitted (everybody right, or wrong,
            under one condition; one person or item only).
    """
    options = {
        "outcome": "is_right",
        "condition": "condition",
        "participant": "participant",
        "stimulus": "item",
    }
    clusters = clusters_in(responses)
    mixed = crossed_logistic(responses, **options)
    clustered = clustered_logistic(responses, **options, clusters=clusters)
    if clusters and not mixed.refusal:
        mixed = replace(mixed, refusal=_NO_CLUSTERS)
    table = pd.DataFrame({"comparison": list(weights)})
    for name, fit in (("mixed", mixed), ("clustered", clustered)):
        found = fit.contrasts(weights).set_index("contrast").loc[list(weights)]
        if fit.refusal:
            found = found.assign(low=nan, high=nan, p_value=nan)
        table[f"{name}_estimate"] = found["estimate"].to_numpy()
        table[f"{name}_low"] = found["low"].to_numpy()
        table[f"{name}_high"] = found["high"].to_numpy()
        table[f"{name}_p_value"] = found["p_value"].to_numpy()
        table[f"{name}_p_holm"] = holm(found["p_value"]).to_numpy()
    return ContrastModels(mixed=mixed, clustered=clustered, contrasts=table)


def sparse_words(responses: pd.DataFrame) -> str:
    """By how much standard deviations are too small; empty where they are not.

    >>> rows = pd.DataFrame({"participant": list("ababab"), "item": list("xxyyzz")})
    >>> sparse_words(rows)[:49]
    'There are 2.0 responses an item. In simulated stu'
    """
    found = {
        what: len(responses) / responses[column].nunique()
        for what, column in (("a person", "participant"), ("an item", "item"))
    }
    few = [f"{n:.1f} responses {what}" for what, n in found.items() if n < _SPARSE]
    if not few:
        return ""
    return (
        f"There are {' and '.join(few)}. In simulated studies with two each, a standard "
        "deviation of 1.0 came out as 0.79, a fifth too small; from three on it did not."
    )
