"""What people entered, field by field, whatever was asked: shares, means, texts.

A field's declared scale says what may be made of it: nominal choices have shares and,
where a key says what is right, a confusion; ordinal and interval ones have means too;
text has lengths and a listing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import nan, prod

import pandas as pd

from analysis.bundles.clusters import clusters_in, with_clusters
from analysis.bundles.frames import taken
from analysis.bundles.kept import kept
from analysis.bundles.reading import Bundle
from analysis.measures.base import Told
from analysis.measures.category_accuracy.numbers import is_category
from analysis.statistics.clustered import clustered_mean
from analysis.statistics.intervals import Estimate
from hit_templates.questions import Field, Question
from hit_templates.responding import chance

ALL = "all"


@dataclass(frozen=True, kw_only=True)
class AnsweredField:
    """One field of one question, and what people entered in it.

    Attributes:
        question: Its question.
        field: As declared.
        rows: Counted responses to main trials. Columns response, trial, participant,
            condition, value (text), right (what the key says; empty where it says
            nothing), stimulus (the trial, or the class of the trial asked about).
        is_told: Whether another measure makes a headline of it.
    """

    question: Question
    field: Field
    rows: pd.DataFrame
    is_told: bool

    @property
    def name(self) -> str:
        """What it is called in a report: what people read of it, or its name."""
        return self.field.wording or self.field.name.replace("_{}", "")

    @property
    def conditions(self) -> list[tuple[str, pd.DataFrame]]:
        """All responses, then by condition where there are several."""
        found = [(ALL, self.rows)]
        if self.rows["condition"].nunique() > 1:
            found += [
                (str(name), part) for name, part in self.rows.groupby("condition")
            ]
        return found

    @cached_property
    def values(self) -> tuple[str, ...]:
        """Its values in order: those declared, then any other that came."""
        came = [value for value in self.rows["value"].unique() if value]
        if self.field.numbers_classes:
            listed = [value for value in self.field.choices if value not in came]
            return (*sorted(came, key=_as_number), *listed)
        known = self.field.choices
        return (*known, *sorted(set(came) - set(known)))

    def words(self, value: str) -> str:
        """What people read of a value."""
        return self.field.words.get(value) or value


@dataclass(frozen=True, kw_only=True)
class ValueShare:
    """How often people chose one value."""

    condition: str
    value: str
    share: Estimate


@dataclass(frozen=True, kw_only=True)
class FieldMean:
    """The mean of an amount, or of the ranks of ordered choices from 1."""

    condition: str
    mean: Estimate


@dataclass(frozen=True, kw_only=True)
class GradedShare:
    """How often people were right on one question.

    Attributes:
        question: The question's name.
        condition: "all", or a level of what the study varied.
        right: Share of the counted responses that have a key.
        chance: What guessing gives; NaN where the trials do not say.
    """

    question: str
    condition: str
    right: Estimate
    chance: float


def answered_fields(bundle: Bundle, told: frozenset[Told]) -> list[AnsweredField]:
    """Every field of every question that main trials ask, in the order declared.

    >>> from analysis.bundles.example import example_bundle
    >>> (seen,) = answered_fields(example_bundle(), frozenset({Told.VOTES}))
    >>> seen.field.name, len(seen.rows), seen.is_told
    ('relevant', 12, True)
    """
    return [
        AnsweredField(
            question=question,
            field=each,
            rows=rows,
            is_told=is_told(question, each, told),
        )
        for question, each, rows in _answered(bundle)
    ]


@kept
def _answered(bundle: Bundle) -> list[tuple[Question, Field, pd.DataFrame]]:
    """Questions of the main trials, a row each of their fields, and the responses."""
    main = bundle.trials[bundle.trials["role"] == "main"]
    rows = bundle.counted_rows
    told = bundle.told_of_trials(rows, ["question", "role"])
    asked = told["question"].where(told["role"] == "main")
    return [
        (
            question,
            each,
            with_clusters(
                _rows_of(each, taken(rows, asked == question.name), main), bundle
            ),
        )
        for question in bundle.questions.values()
        if (main["question"] == question.name).any()
        for each in question.fields
    ]


def is_told(question: Question, field: Field, told: frozenset[Told]) -> bool:
    """Whether other measures make a headline of a field."""
    if Told.EVERYTHING in told:
        return True
    if field in question.vote_fields:
        return Told.VOTES in told
    if Told.CATEGORIES in told and is_category(question, field):
        return True
    if Told.PREFERENCES in told and field.chooses:
        return True
    if Told.GRADES in told and question.is_graded and field.numbers_classes:
        return True
    return Told.JUDGMENTS in told and field.is_judgment


def _rows_of(field: Field, rows: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    names_of_fields = [name for name in rows["field"].unique() if field.matches(name)]
    mine = taken(rows, rows["field"].isin(names_of_fields))
    mine = taken(mine, mine["value"].fillna("") != "")
    known = trials.set_index("trial")
    stimulus = mine["trial"]
    if field.is_per_class:
        stimulus = stimulus.astype(str) + mine["field"].astype(str)
    return pd.DataFrame(
        {
            "response": mine["response"],
            "trial": mine["trial"],
            "participant": mine["participant"],
            "condition": mine["trial"].map(known["condition"]).fillna(""),
            "value": mine["value"].astype(str),
            "right": _right_of(mine, known["key"]),
            "stimulus": stimulus,
        }
    ).reset_index(drop=True)


def _right_of(rows: pd.DataFrame, keys: pd.Series) -> list[str] | str:
    """What the key says of each row's field; empty where there is no key."""
    if not keys.fillna("").astype(bool).any():
        return ""
    found = rows["trial"].map(keys.map(_key))
    return [
        str(key.get(name, "")) for key, name in zip(found, rows["field"], strict=True)
    ]


def _key(text: object) -> dict[str, object]:
    found = json.loads(str(text)) if isinstance(text, str) and text else {}
    return found if isinstance(found, dict) else {}


def value_shares(answered: AnsweredField) -> list[ValueShare]:
    """The share of every value, by condition too where there are several."""
    return [
        ValueShare(
            condition=condition,
            value=value,
            share=clustered_mean(
                rows.assign(given=rows["value"] == value),
                value="given",
                stimulus="stimulus",
                clusters=clusters_in(rows),
            ),
        )
        for condition, rows in answered.conditions
        if len(rows)
        for value in answered.values
    ]


def confusion(answered: AnsweredField) -> pd.DataFrame:
    """How often each value was given where each one was right.

    Returns:
        Index right, columns values, counts; empty where no key says what is right.

    >>> from analysis.bundles.example import example_bundle
    >>> (seen,) = answered_fields(example_bundle(), frozenset())
    >>> confusion(seen).empty    # main trials have no key
    True
    """
    keyed = answered.rows[answered.rows["right"] != ""]
    counts = pd.crosstab(keyed["right"], keyed["value"])
    order = [value for value in answered.values if value in counts.index]
    if counts.empty:
        return pd.DataFrame()
    return counts.reindex(index=order, columns=list(answered.values), fill_value=0)


def field_means(answered: AnsweredField) -> list[FieldMean]:
    """The mean, by condition too where there are several.

    Ordered choices count by rank, the lowest as 1; values that are no number are
    left out.
    """
    found = []
    for condition, rows in answered.conditions:
        numbers = _amounts(answered, rows)
        kept = rows.assign(amount=numbers)[numbers.notna().to_numpy()]
        mean = clustered_mean(
            kept, value="amount", stimulus="stimulus", clusters=clusters_in(kept)
        )
        found.append(FieldMean(condition=condition, mean=mean))
    return found


def _amounts(answered: AnsweredField, rows: pd.DataFrame) -> pd.Series:
    if answered.field.measured_on == "ordinal":
        ranks = {value: place for place, value in enumerate(answered.field.choices, 1)}
        return rows["value"].map(ranks).astype(float)
    return pd.to_numeric(rows["value"], errors="coerce").astype(float)


def text_lengths(answered: AnsweredField) -> pd.Series:
    """Words of each text; characters where it is no text."""
    values = answered.rows["value"]
    if answered.field.measured_on == "text":
        return values.map(lambda text: len(text.split())).astype(int)
    return values.str.len().astype(int)


def graded_shares(bundle: Bundle) -> list[GradedShare]:
    """The share of right responses of every question whose main trials have a key.

    >>> from analysis.bundles.example import example_bundle
    >>> graded_shares(example_bundle())    # main trials have no key
    []
    """
    single = bundle.single_responses
    known = single[single["is_counted"].astype(bool) & single["is_right"].notna()]
    trials = bundle.trials[bundle.trials["role"] == "main"].set_index("trial")
    known = known[known["trial"].isin(trials.index)]
    known = with_clusters(known, bundle).assign(
        question=known["trial"].map(trials["question"]),
        condition=known["trial"].map(trials["condition"]).fillna(""),
        chance=known["trial"].map(_chances(bundle, trials)),
    )
    return [
        graded
        for name, rows in known.groupby("question", sort=False)
        for graded in _graded(str(name), rows)
    ]


def _graded(question: str, rows: pd.DataFrame) -> Iterator[GradedShare]:
    parts = [(ALL, rows)]
    if rows["condition"].nunique() > 1:
        parts += [(str(name), part) for name, part in rows.groupby("condition")]
    for condition, part in parts:
        yield GradedShare(
            question=question,
            condition=condition,
            right=clustered_mean(
                part, value="is_right", stimulus="trial", clusters=clusters_in(part)
            ),
            chance=float(part["chance"].mean()),
        )


def _chances(bundle: Bundle, trials: pd.DataFrame) -> pd.Series:
    """How often a guess is right on each trial; NaN where that cannot be said."""
    found = {}
    for trial, row in trials.iterrows():
        n_classes = len(str(row["classes"]).split("|")) if row["classes"] else 0
        schema = bundle.questions[str(row["question"])].fields_of(n_classes)
        keyed = [schema.get(name) for name in _key(row["key"])]
        known = [chance(each) for each in keyed if each is not None]
        is_known = known and len(known) == len(keyed) and all(known)
        found[trial] = prod(known) if is_known else nan
    return pd.Series(found, dtype=float)


def _as_number(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text
