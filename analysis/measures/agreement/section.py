"""Agreement's part of the report."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Block, Chapter, DataTable, Prose, Section
from analysis.elements.wording import NOTHING, count, percent
from analysis.measures.agreement.numbers import (
    N_SHARED,
    FieldAgreement,
    field_agreements,
    rated,
)
from analysis.statistics.beyond_chance import MIN_PEOPLE
from analysis.statistics.intervals import Estimate

_INTRO: Final = (
    "Agreement of people beyond what chance gives: 1 is perfect, 0 is chance. "
    "Krippendorff's alpha takes trials with any number of responses, Fleiss' kappa "
    "those with all of them; Cohen's kappa compares every two people on the trials "
    "they share, added up over pairs. Intervals (95 %) draw trials and people anew "
    f"where the people count as {MIN_PEOPLE} at least (people who did more than others "
    "count as fewer); with fewer people they are for these people and other trials. "
    "Agreement is no measure of being right, and nobody is left out for disagreeing."
)
_RELIABILITY: Final = (
    "Reliability is how alike the mean responses of two sets of people would be, each of "
    "as many people as a trial asks for: the correlation over trials, taken over all ways "
    "to split people into halves and stepped up (Spearman and Brown). The noise ceiling "
    "is its square root: the highest correlation with people's means that any prediction "
    "can have. For choices without order both are over the shares of the choices."
)


class AgreementMeasure:
    """How much people agree, and how reliable their mean responses are."""

    name = "agreement"

    def applies(self, bundle: Bundle) -> bool:
        """Whether some trial has two counted responses to choose from."""
        rows = rated(bundle)
        return bool(rows.duplicated(["trial", "field"]).any())

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: agreement is read in the report."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """One section: agreement by field, then the reliability of means."""
        found = field_agreements(bundle)
        blocks: list[Block] = [
            Prose(text=f"{_INTRO} {_RELIABILITY}", kind="how"),
            agreement_table(found),
            *without_interval([each.alpha for each in found]),
            reliability_table(found, n=bundle.n),
        ]
        title = "How much people agree with each other"
        return [
            Section(
                id="agreement", chapter=Chapter.AGREEMENT, title=title, blocks=blocks
            )
        ]


def without_interval(found: Sequence[Estimate]) -> list[Block]:
    """Notes: why numbers have no interval, and whom intervals are for."""
    words = [
        each.method
        for each in found
        if each.n and (isnan(each.low) or "these people" in each.method)
    ]
    said = list(dict.fromkeys(words))
    return [Prose(text=f"{'; '.join(said)}.", kind="note")] if said else []


def agreement_table(found: Sequence[FieldAgreement]) -> DataTable:
    """A row per question, field, condition and scale."""
    shown = pd.DataFrame(
        {
            "response": [_response(each) for each in found],
            "condition": [each.condition or "all" for each in found],
            "alpha": [coefficient(each.alpha) for each in found],
            "Fleiss": [coefficient(each.fleiss) for each in found],
            "Cohen": [coefficient(each.cohen) for each in found],
            "equal pairs": [percent(each.same) for each in found],
            "responses": [count(each.alpha.n) for each in found],
            "trials": [count(each.alpha.n_stimuli) for each in found],
            "people": [count(each.n_participants) for each in found],
        }
    )
    is_one = shown["condition"].nunique() < 2
    return DataTable(
        name="agreement_of_people",
        caption="Agreement of people on main trials with at least two counted "
        "responses: Krippendorff's alpha, Fleiss' kappa of trials with all responses and "
        "pooled Cohen's kappa, with 95 % intervals, and the share of pairs of "
        "responses to a trial that are equal.",
        shown=shown.drop(columns="condition") if is_one else shown,
        numbers=pd.DataFrame([_numbers(each) for each in found]),
        text_columns=1 if is_one else 2,
    )


def reliability_table(found: Sequence[FieldAgreement], *, n: int) -> DataTable:
    """A row per question, field, condition and scale."""
    shown = pd.DataFrame(
        {
            "response": [_response(each) for each in found],
            "condition": [each.condition or "all" for each in found],
            "reliability": [coefficient(each.reliability) for each in found],
            "noise ceiling": [coefficient(each.ceiling) for each in found],
            "trials": [count(each.alpha.n_stimuli) for each in found],
            "people": [count(each.n_participants) for each in found],
        }
    )
    is_one = shown["condition"].nunique() < 2
    return DataTable(
        name="reliability_of_people",
        caption=f"Split-half reliability (Spearman-Brown) of the mean of {n} responses, "
        "and the noise ceiling that follows, with 95 % intervals.",
        shown=shown.drop(columns="condition") if is_one else shown,
        numbers=pd.DataFrame([_reliability_numbers(each, n) for each in found]),
        text_columns=1 if is_one else 2,
        is_folded=True,
    )


def _reliability_numbers(each: FieldAgreement, n: int) -> dict[str, object]:
    return {
        "question": each.question,
        "field": each.field,
        "condition": each.condition,
        "scale": each.scale,
        "n_responses_in_mean": n,
        **_with_ends("reliability", each.reliability),
        **_with_ends("noise_ceiling", each.ceiling),
    }


def _with_ends(name: str, estimate: Estimate) -> dict[str, object]:
    return {
        name: estimate.value,
        f"{name}_low": estimate.low,
        f"{name}_high": estimate.high,
    }


def coefficient(estimate: Estimate) -> str:
    """Value and interval with two digits: "0.42 [0.38, 0.46]"."""
    if isnan(estimate.value):
        return f"{NOTHING} (not defined)" if estimate.n else f"{NOTHING} (n = 0)"
    if isnan(estimate.low):
        return f"{number(estimate.value)} (no interval)"
    ends = f"{number(estimate.low)}, {number(estimate.high)}"
    return f"{number(estimate.value)} [{ends}]"


def number(value: float) -> str:
    """Two digits with a real minus sign; an en dash where there is none.

    >>> number(-0.126), number(float("nan"))
    ('−0.13', '–')
    """
    return NOTHING if isnan(value) else f"{value:z.2f}".replace("-", "−")


def _response(each: FieldAgreement) -> str:
    field = "" if each.field in ("", each.question) else f", {each.field}"
    scale = "" if each.scale == "nominal" else f" ({each.scale})"
    return f"{each.question}{field}{scale}"


def _numbers(each: FieldAgreement) -> dict[str, object]:
    return {
        "question": each.question,
        "field": each.field,
        "condition": each.condition,
        "scale": each.scale,
        **_with_ends("alpha", each.alpha),
        **_with_ends("fleiss_kappa", each.fleiss),
        **_with_ends("cohen_kappa_pooled", each.cohen),
        "interval_of_alpha": each.alpha.method,
        "share_of_equal_pairs": each.same,
        "n_responses": each.alpha.n,
        "n_trials": each.alpha.n_stimuli,
        "n_participants": each.n_participants,
        f"n_pairs_sharing_{N_SHARED}_trials": each.n_pairs,
    }
