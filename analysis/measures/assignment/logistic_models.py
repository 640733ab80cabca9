"""The planned comparisons again in log odds, with people and items in the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.statistics.models.logistic import (
    LogisticFit,
    clustered_logistic,
    crossed_logistic,
)
from analysis.statistics.multiplicity import holm


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

    Args:
        responses: Columns is_right, condition, participant, item.
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
    mixed = crossed_logistic(responses, **options)
    clustered = clustered_logistic(responses, **options)
    table = pd.DataFrame({"comparison": list(weights)})
    for name, fit in (("mixed", mixed), ("clustered", clustered)):
        found = fit.contrasts(weights).set_index("contrast").loc[list(weights)]
        table[f"{name}_estimate"] = found["estimate"].to_numpy()
        table[f"{name}_low"] = found["low"].to_numpy()
        table[f"{name}_high"] = found["high"].to_numpy()
        table[f"{name}_p_value"] = found["p_value"].to_numpy()
        table[f"{name}_p_holm"] = holm(found["p_value"]).to_numpy()
    return ContrastModels(mixed=mixed, clustered=clustered, contrasts=table)
