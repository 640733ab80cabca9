"""How much people agree, response by response, and whether they err alike.

For any study with responses to choose from: Krippendorff's alpha, Fleiss' and
Cohen's kappa per question and field; where responses are right or wrong, error
consistency between people and with classifiers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from typing import Final, Literal

import numpy as np
import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.statistics.agreement import (
    AgreementEstimate,
    RaterPairs,
    alpha_interval,
    fleiss_kappa,
)
from analysis.statistics.error_consistency import mean_error_consistency

# The intervals draw trials anew; the same bundle gives the same report.
SEED: Final = 20111960
N_DRAWS: Final = 500
# More values than this are not choices (a text, a number typed in).
_MOST_VALUES: Final = 25
# Pairs who share fewer trials than this are pooled, but not counted as pairs.
N_SHARED: Final = 10
PEOPLE: Final = "people with each other"


@dataclass(frozen=True, kw_only=True)
class FieldAgreement:
    """Agreement on one field of one question.

    Attributes:
        question: The trials' question.
        field: The response's field; empty where responses are votes only.
        condition: A level of what the study varies; empty for all.
        scale: What alpha takes the values for.
        alpha: Krippendorff's, with its interval.
        fleiss: Fleiss' kappa over the trials with all n responses; NaN where there
            are none.
        cohen: Cohen's kappa, pooled over pairs of people who share two trials.
        same: Share of pairs of responses to a trial that are equal.
        n_participants: People.
        n_pairs: Pairs of people with at least 10 trials in common.
    """

    question: str
    field: str
    condition: str
    scale: Literal["nominal", "ordinal", "interval"]
    alpha: AgreementEstimate
    fleiss: float
    cohen: float
    same: float
    n_participants: int
    n_pairs: int


@dataclass(frozen=True, kw_only=True)
class ErrorConsistency:
    """Error consistency between people, or of people with a classifier.

    Attributes:
        between: Who with whom.
        kappa: Pooled over pairs, with its interval.
        people_right: Share of the people's responses that are right.
        classifier_right: Share of the trials that the classifier is right on; NaN
            between people.
    """

    between: str
    kappa: AgreementEstimate
    people_right: float
    classifier_right: float


def rated(bundle: Bundle) -> pd.DataFrame:
    """The counted responses to choose from.

    Columns trial, participant, question, condition, field, value. Fields with more
    than 25 values are left out.

    >>> from analysis.bundles.example import example_bundle
    >>> rated(example_bundle())[["trial", "participant", "value"]].head(2)
      trial participant value
    0    i1         ann   yes
    1    i2         ann   yes
    """
    counted = bundle.single_responses.loc[
        lambda single: single["is_counted"].astype(bool), "response"
    ]
    rows = bundle.responses[bundle.responses["response"].isin(counted)]
    rows = rows[rows["value"].fillna("") != ""]
    trials = bundle.trials.set_index("trial")
    rows = rows.assign(
        question=rows["trial"].map(trials["question"]),
        condition=rows["trial"].map(trials["condition"]).fillna(""),
        field=rows["field"].fillna(""),
    )
    n_values = rows.groupby(["question", "field"])["value"].transform("nunique")
    kept = rows[n_values <= _MOST_VALUES]
    columns = ["trial", "participant", "question", "condition", "field", "value"]
    return kept[columns].drop_duplicates(["trial", "participant", "field"])


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
    order: tuple[str, ...] | None = None,
) -> FieldAgreement:
    question, field, condition = names
    alpha = alpha_interval(
        rows,
        unit="trial",
        value="value",
        scale=scale,
        order=order if scale == "ordinal" else None,
        rng=np.random.default_rng(SEED),
        n_draws=N_DRAWS,
    )
    pairs = RaterPairs.of(rows, rater="participant", unit="trial", value="value")
    every = np.ones(pairs.n_units)
    shared, agreed, _ = pairs.agreement(every)
    return FieldAgreement(
        question=question,
        field=field,
        condition=condition,
        scale=scale,
        alpha=alpha,
        fleiss=_fleiss(rows, n=n),
        cohen=pairs.pooled(every),
        same=float(agreed.sum() / shared.sum()) if len(shared) else nan,
        n_participants=rows["participant"].nunique(),
        n_pairs=int((shared >= N_SHARED).sum()),
    )


def _fleiss(rows: pd.DataFrame, *, n: int) -> float:
    """Over the trials with all n responses."""
    n_ratings = rows.groupby("trial")["value"].transform("size")
    whole = rows[n_ratings == n]
    if n < 2 or whole.empty:
        return nan
    return fleiss_kappa(whole, unit="trial", value="value")


def consistencies(bundle: Bundle) -> list[ErrorConsistency]:
    """Between people, then with each classifier that errs on some trials only."""
    people = decisions_of_people(bundle)
    if people.empty:
        return []
    found = [_consistency(people, people.iloc[:0], between=PEOPLE)]
    machines = decisions_of_classifiers(bundle)
    machines = machines[machines["trial"].isin(people["trial"])]
    for classifier, mine in machines.groupby("decider"):
        if mine["right"].nunique() > 1:
            between = f"people with {classifier}"
            found.append(_consistency(people, mine, between=between))
    return [each for each in found if each.kappa.n]


def decisions_of_people(bundle: Bundle) -> pd.DataFrame:
    """Columns decider, trial, right: counted responses that have a key.

    >>> from analysis.bundles.example import example_bundle
    >>> decisions_of_people(example_bundle()).empty    # main trials have no key
    True
    """
    single = bundle.single_responses
    known = single[single["is_counted"].astype(bool) & single["is_right"].notna()]
    known = known.drop_duplicates(["participant", "trial"])
    return pd.DataFrame(
        {
            "decider": "p:" + known["participant"].astype(str),
            "trial": known["trial"],
            "right": known["is_right"].astype(bool),
        }
    )


def decisions_of_classifiers(bundle: Bundle) -> pd.DataFrame:
    """Columns decider, trial, right: whether each classifier's prediction is the label.

    Trials that serve a classifier several times with different outcomes are left
    out, as are predictions of several classes and images without a label.

    >>> from analysis.bundles.example import example_bundle
    >>> decisions_of_classifiers(example_bundle()).head(2)
      decider trial  right
    0     net    i1  False
    1     net    i2  False
    """
    uses = bundle.uses
    uses = uses[
        (uses["label"].fillna("") != "")
        & ~uses["predicted"].str.contains("|", regex=False)
    ]
    right = uses.assign(right=uses["predicted"] == uses["label"])
    by_trial = right.groupby(["classifier", "trial"])["right"].agg(["min", "max"])
    clear = by_trial[by_trial["min"] == by_trial["max"]].reset_index()
    return pd.DataFrame(
        {
            "decider": clear["classifier"].astype(str),
            "trial": clear["trial"],
            "right": clear["min"].astype(bool),
        }
    )


def _consistency(
    people: pd.DataFrame, machine: pd.DataFrame, *, between: str
) -> ErrorConsistency:
    shared = people if machine.empty else people[people["trial"].isin(machine["trial"])]
    sets = (set(people["decider"]), set(machine["decider"]))
    kappa = mean_error_consistency(
        pd.concat([shared, machine]),
        decider="decider",
        trial="trial",
        is_right="right",
        rng=np.random.default_rng(SEED),
        between=None if machine.empty else sets,
        n_draws=N_DRAWS,
    )
    return ErrorConsistency(
        between=between,
        kappa=kappa,
        people_right=float(shared["right"].mean()),
        classifier_right=nan if machine.empty else float(machine["right"].mean()),
    )
