"""How much people agree, response by response, and how reliable their means are.

For any study with responses to choose from: Krippendorff's alpha, Fleiss' and
Cohen's kappa per question and field, the split-half reliability of n responses and
the noise ceiling that comes of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from typing import Final, Literal

import numpy as np
import pandas as pd

from analysis.bundles.clusters import trial_clusters
from analysis.bundles.frames import taken
from analysis.bundles.reading import Bundle
from analysis.statistics.agreement import (
    RaterPairs,
    alpha_interval,
    fleiss_interval,
)
from analysis.statistics.intervals import Estimate
from analysis.statistics.reliability import noise_ceiling, stepped_up

# More values than this are not choices (a text, a number typed in).
_MOST_VALUES: Final = 25
_CLUSTER: Final = "cluster: "
# Pairs who share fewer trials than this are pooled, but not counted as pairs.
N_SHARED: Final = 10


@dataclass(frozen=True, kw_only=True)
class FieldAgreement:
    """Agreement on one field of one question.

    Attributes:
        question: The trials' question.
        field: The response's field; empty where responses are votes only.
        condition: A level of what the study varies; empty for all.
        scale: What alpha takes the values for.
        alpha: Krippendorff's, with its interval.
        fleiss: Fleiss' kappa over the trials with all n responses, with its
            interval; NaN where there are none.
        cohen: Cohen's kappa, pooled over pairs of people who share two trials, with
            its interval.
        reliability: Split-half reliability of the mean of n responses.
        ceiling: The highest correlation with these means that a prediction can have.
        same: Share of pairs of responses to a trial that are equal.
        n_participants: People.
        n_pairs: Pairs of people with at least 10 trials in common.
    """

    question: str
    field: str
    condition: str
    scale: Literal["nominal", "ordinal", "interval"]
    alpha: Estimate
    fleiss: Estimate
    cohen: Estimate
    reliability: Estimate
    ceiling: Estimate
    same: float
    n_participants: int
    n_pairs: int


def rated(bundle: Bundle) -> pd.DataFrame:
    """The counted responses to choose from; without those that came too late.

    Columns trial, participant, question, condition, field, value, and a column per
    way in which images are clustered. Fields with more than 25 values are left out.

    >>> from analysis.bundles.example import example_bundle
    >>> rated(example_bundle())[["trial", "participant", "value"]].head(2)
      trial participant value
    0    i1         ann   yes
    1    i2         ann   yes
    """
    rows = bundle.counted_rows[["trial", "participant", "field", "value"]]
    rows = taken(rows, (rows["value"].fillna("") != "") & ~bundle.unanswered(rows))
    told = bundle.told_of_trials(rows, ["question", "condition"])
    rows = rows.assign(
        question=told["question"],
        condition=told["condition"].fillna(""),
        field=rows["field"].fillna(""),
    )
    columns = ["trial", "participant", "question", "condition", "field", "value"]
    chosen = _with_few_values(rows[columns])
    again = chosen.duplicated(["trial", "participant", "field"])
    return with_clusters(taken(chosen, ~again), bundle)


def _with_few_values(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of fields whose values are choices; what everybody writes anew is none."""
    of_field = ["question", "field"]
    distinct = rows[[*of_field, "value"]].drop_duplicates()
    n_values = distinct.groupby(of_field)["value"].nunique().reset_index()
    many = n_values[n_values["value"] > _MOST_VALUES]
    is_out = pd.Series(data=False, index=rows.index)
    for question, field in many[of_field].itertuples(index=False):
        is_out |= (rows["question"] == question) & (rows["field"] == field)
    return taken(rows, ~is_out)


def with_clusters(rows: pd.DataFrame, bundle: Bundle) -> pd.DataFrame:
    """The same rows with a column per way in which their trials are clustered.

    >>> from analysis.bundles.clusters import clustered_by
    >>> from analysis.bundles.example import example_bundle
    >>> rows = pd.DataFrame({"trial": ["i1", "i4"]})
    >>> found = with_clusters(rows, clustered_by(example_bundle(), ["class"]))
    >>> found[cluster_columns(found)[0]].to_list()
    ['1', '0']
    """
    found = trial_clusters(bundle)
    if found is None:
        return rows
    return rows.assign(
        **{f"{_CLUSTER}{name}": rows["trial"].map(found[name]) for name in found}
    )


def cluster_columns(rows: pd.DataFrame) -> list[str]:
    """The columns that `with_clusters` added."""
    return [name for name in rows.columns if name.startswith(_CLUSTER)]


def field_agreements(bundle: Bundle) -> list[FieldAgreement]:
    """By question and field; by condition too, where there are several.

    >>> from analysis.bundles.example import example_bundle
    >>> (relevant,) = field_agreements(example_bundle())
    >>> round(relevant.alpha.value, 3), relevant.alpha.n
    (0.389, 12)
    """
    return [
        _of_field(
            part,
            scale,
            names=(str(question), str(field), condition),
            n=bundle.n,
            has_raters=bundle.has_raters,
            order=_order(bundle, str(question), str(field)),
        )
        for (question, field), rows in rated(bundle).groupby(["question", "field"])
        for scale in _scales(bundle, str(question), str(field))
        for condition, part in _by_condition(rows)
    ]


def _by_condition(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "", rows
    if rows["condition"].nunique() > 1:
        for condition, part in rows.groupby("condition"):
            yield str(condition), part


def _scales(
    bundle: Bundle, question: str, field: str
) -> tuple[Literal["nominal", "ordinal", "interval"], ...]:
    """What a field is measured on, and whatever says less than that."""
    asked = bundle.questions.get(question)
    found = asked.field_of(field) if asked else None
    match found.measured_on if found else "nominal":
        case "ordinal":
            return ("nominal", "ordinal")
        case "interval":
            return ("nominal", "ordinal", "interval")
        case _:
            return ("nominal",)


def _order(bundle: Bundle, question: str, field: str) -> tuple[str, ...] | None:
    """The choices from lowest to highest, where they are words; numbers have theirs."""
    asked = bundle.questions.get(question)
    found = asked.field_of(field) if asked else None
    if found is None or found.measured_on != "ordinal" or not found.choices:
        return None
    numbers = pd.to_numeric(pd.Series(found.choices), errors="coerce")
    return None if numbers.notna().all() else found.choices


def _of_field(
    rows: pd.DataFrame,
    scale: Literal["nominal", "ordinal", "interval"],
    *,
    names: tuple[str, str, str],
    n: int,
    has_raters: bool,
    order: tuple[str, ...] | None = None,
) -> FieldAgreement:
    question, field, condition = names
    clusters = cluster_columns(rows)
    alpha = alpha_interval(
        rows,
        unit="trial",
        value="value",
        rater="participant" if has_raters else None,
        scale=scale,
        order=order if scale == "ordinal" else None,
        clusters=clusters,
    )
    pairs = RaterPairs.of(
        rows, rater="participant", unit="trial", value="value", clusters=clusters
    )
    shared, agreed, _ = pairs.agreement(np.ones(pairs.n_units))
    reliability = stepped_up(alpha, n=n)
    return FieldAgreement(
        question=question,
        field=field,
        condition=condition,
        scale=scale,
        alpha=alpha,
        fleiss=_fleiss(rows, n=n),
        cohen=pairs.kappa(),
        reliability=reliability,
        ceiling=noise_ceiling(reliability),
        same=float(agreed.sum() / shared.sum()) if len(shared) else nan,
        n_participants=rows["participant"].nunique(),
        n_pairs=int((shared >= N_SHARED).sum()),
    )


def _fleiss(rows: pd.DataFrame, *, n: int) -> Estimate:
    """Over the trials with all n responses."""
    trial = pd.factorize(rows["trial"])[0]
    whole = taken(rows, pd.Series(np.bincount(trial)[trial] == n, index=rows.index))
    if n < 2 or whole.empty:
        reason = f"no trial with all {n} responses" if n > 1 else "one response a trial"
        return Estimate(
            value=nan, low=nan, high=nan, n=0, method=f"Fleiss' kappa: {reason}"
        )
    return fleiss_interval(
        whole,
        unit="trial",
        value="value",
        rater="participant",
        clusters=cluster_columns(rows),
    )
