"""Agreement's part of the report."""

from __future__ import annotations

from math import isnan
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Block, Chapter, DataTable, Prose, Section
from analysis.elements.wording import NOTHING, count, percent
from analysis.measures.agreement.numbers import (
    N_SHARED,
    ErrorConsistency,
    FieldAgreement,
    consistencies,
    field_agreements,
    rated,
)
from analysis.statistics.agreement import AgreementEstimate

_INTRO: Final = (
    "Agreement of people beyond what chance gives: 1 is perfect, 0 is chance. "
    "Krippendorff's alpha takes trials with any number of responses, Fleiss' kappa "
    "those with all of them; Cohen's kappa compares every two people on the trials "
    "they share, added up over pairs. Intervals (95 %) are for these people and other "
    "trials: trials are drawn anew (bootstrap), people are not. Agreement is no "
    "measure of being right, and nobody is left out for disagreeing."
)
_CONSISTENCY: Final = (
    "Error consistency asks whether two deciders are right and wrong on the same "
    "trials, beyond what their accuracies give by chance (Geirhos et al. 2020). It is "
    "added up over pairs; a classifier that is always right or always wrong on these "
    "trials has none. Intervals as above."
)


class AgreementMeasure:
    """How much people agree, and whether people and classifiers err alike."""

    name = "agreement"

    def applies(self, bundle: Bundle) -> bool:
        """Whether some trial has two counted responses to choose from."""
        rows = rated(bundle)
        return bool(rows.duplicated(["trial", "field"]).any())

    def headline(self, bundle: Bundle) -> list[str]:
        """Nothing: agreement is read in the report."""
        return []

    def sections(self, bundle: Bundle) -> list[Section]:
        """One section: agreement by field, then consistency where there is a key."""
        blocks: list[Block] = [
            Prose(text=_INTRO, kind="how"),
            agreement_table(field_agreements(bundle)),
        ]
        if found := consistencies(bundle):
            blocks += [Prose(text=_CONSISTENCY), consistency_table(found)]
        title = "How much people agree with each other"
        return [
            Section(
                id="agreement", chapter=Chapter.AGREEMENT, title=title, blocks=blocks
            )
        ]


def agreement_table(found: list[FieldAgreement]) -> DataTable:
    """A row per question, field, condition and scale."""
    shown = pd.DataFrame(
        {
            "response": [_response(each) for each in found],
            "condition": [each.condition or "all" for each in found],
            "alpha": [coefficient(each.alpha) for each in found],
            "Fleiss": [number(each.fleiss) for each in found],
            "Cohen": [number(each.cohen) for each in found],
            "equal pairs": [percent(each.same) for each in found],
            "responses": [count(each.alpha.n) for each in found],
            "trials": [count(each.alpha.n_units) for each in found],
            "people": [count(each.n_participants) for each in found],
        }
    )
    is_one = shown["condition"].nunique() < 2
    return DataTable(
        name="agreement_of_people",
        caption="Agreement of people on main trials with at least two counted "
        "responses: Krippendorff's alpha with 95 % interval, Fleiss' and pooled "
        "Cohen's kappa, and the share of pairs of responses to a trial that are equal.",
        shown=shown.drop(columns="condition") if is_one else shown,
        numbers=pd.DataFrame([_numbers(each) for each in found]),
        text_columns=1 if is_one else 2,
    )


def consistency_table(found: list[ErrorConsistency]) -> DataTable:
    """A row per who with whom."""
    shown = pd.DataFrame(
        {
            "who": [each.between for each in found],
            "error consistency": [coefficient(each.kappa) for each in found],
            "people right": [percent(each.people_right) for each in found],
            "classifier right": [percent(each.classifier_right) for each in found],
            "pairs of decisions": [count(each.kappa.n) for each in found],
            "trials": [count(each.kappa.n_units) for each in found],
        }
    )
    return DataTable(
        name="error_consistency",
        caption="Error consistency (kappa, 95 % interval): whether errors fall on the "
        "same trials, beyond chance.",
        shown=shown,
        numbers=pd.DataFrame([_consistency_numbers(each) for each in found]),
    )


def _consistency_numbers(each: ErrorConsistency) -> dict[str, object]:
    return {
        "between": each.between,
        "kappa": each.kappa.value,
        "kappa_low": each.kappa.low,
        "kappa_high": each.kappa.high,
        "people_right": each.people_right,
        "classifier_right": each.classifier_right,
        "n_pairs_of_decisions": each.kappa.n,
        "n_trials": each.kappa.n_units,
    }


def coefficient(estimate: AgreementEstimate) -> str:
    """Value and interval with two digits: "0.42 [0.38, 0.46]"."""
    if isnan(estimate.value):
        return f"{NOTHING} (not defined)" if estimate.n else f"{NOTHING} (n = 0)"
    if isnan(estimate.low):
        return number(estimate.value)
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
        "alpha": each.alpha.value,
        "alpha_low": each.alpha.low,
        "alpha_high": each.alpha.high,
        "fleiss_kappa": each.fleiss,
        "cohen_kappa_pooled": each.cohen,
        "share_of_equal_pairs": each.same,
        "n_responses": each.alpha.n,
        "n_trials": each.alpha.n_units,
        "n_participants": each.n_participants,
        f"n_pairs_sharing_{N_SHARED}_trials": each.n_pairs,
    }
