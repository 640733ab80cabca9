"""Categories chosen by people and by observers on the same trials, right or wrong.

For any question with a nominal field of which the key of every main trial says what
is right, whatever the field is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.bundles.clusters import clusters_in, with_clusters
from analysis.bundles.kept import kept
from analysis.bundles.observed import key_of, observed_values, observer_names
from analysis.bundles.reading import Bundle
from analysis.statistics.clustered import clustered_mean
from analysis.statistics.experiments.one_decider import share_of_one
from analysis.statistics.intervals import Estimate
from hit_templates.questions import Field, Question

ALL: Final = "all"
PEOPLE: Final = "people"


@dataclass(frozen=True, kw_only=True)
class CategoryChoices:
    """What people and observers chose in one field of one question.

    Attributes:
        question: Its question.
        field: As declared.
        rows: Columns decider (`PEOPLE`, or the observer as `named_apart` has it),
            participant (empty for observers), trial, image, condition, value ("" for a
            refusal), key, is_right, is_answered, and those of clusters.
        observers: Names of observers, in order.
        conditions: Conditions of the trials, in order.
        offered: Classes of the trials that can be chosen too; empty where the field
            says all.
    """

    question: Question
    field: Field
    rows: pd.DataFrame
    observers: tuple[str, ...]
    conditions: tuple[str, ...]
    offered: tuple[str, ...] = ()

    @property
    def deciders(self) -> tuple[str, ...]:
        """People, where there are any, then observers."""
        has_people = (self.rows["decider"] == PEOPLE).any()
        return (*((PEOPLE,) if has_people else ()), *self.observers)

    @property
    def choices(self) -> tuple[str, ...]:
        """Values that can be chosen, as declared, then those that are right."""
        said = (*self.field.choices, *self.offered)
        there = [each for each in said if each not in self.unanswered]
        return tuple(dict.fromkeys([*there, *sorted(self.rows["key"].unique())]))

    @property
    def unanswered(self) -> frozenset[str]:
        """Values that stand for no response."""
        return frozenset(self.field.unanswered) | {""}

    @property
    def guess(self) -> float:
        """How often a guess is right."""
        return 1 / len(self.choices)

    def words(self, value: str) -> str:
        """What people read of a value."""
        return self.field.words.get(value) or value

    def of(self, decider: str, condition: str = ALL) -> pd.DataFrame:
        """The rows of one decider, in one condition or all."""
        rows = self.rows[self.rows["decider"] == decider]
        return rows if condition == ALL else rows[rows["condition"] == condition]

    @property
    def parts(self) -> tuple[str, ...]:
        """All conditions together, then each where there are several."""
        several = len(self.conditions) > 1
        return (ALL, *(self.conditions if several else ()))


@dataclass(frozen=True, kw_only=True)
class CategoryAccuracy:
    """How often people, or one observer, are right.

    Attributes:
        question: The question's name.
        decider: `PEOPLE`, or the observer's name.
        condition: "all", or a level of what the study varies.
        right: Share right; for people, of other people and images like these, for an
            observer of other images.
        chance: What guessing gives.
        unanswered: Share without a response in time, or refused; these are wrong.
        n_trials: Trials that were decided.
    """

    question: str
    decider: str
    condition: str
    right: Estimate
    chance: float
    unanswered: float
    n_trials: int


def is_category(question: Question, field: Field) -> bool:
    """Whether a field is a choice between categories that has a right answer.

    >>> seen = Field(name="is", type="choice", choices=("cat", "dog"), description="")
    >>> asked = Question(name="which", fields=(seen,), is_graded=True)
    >>> is_category(asked, seen)
    True
    """
    is_plain = not (field.numbers_classes or field.is_side or field.is_judgment)
    is_nominal = field.type == "choice" and field.measured_on == "nominal"
    return question.is_graded and is_plain and is_nominal and not field.is_per_class


def category_choices(bundle: Bundle) -> list[CategoryChoices]:
    """Every such field that main trials ask, with who chose what.

    >>> from analysis.bundles.example import example_bundle
    >>> category_choices(example_bundle())         # it asks yes or no
    []
    """
    return list(_found(bundle))


@kept
def _found(bundle: Bundle) -> list[CategoryChoices]:
    main = bundle.trials[bundle.trials["role"] == "main"].set_index("trial")
    fields = [
        (question, field)
        for name, question in bundle.questions.items()
        if (main["question"] == name).any()
        for field in question.fields
        if is_category(question, field)
    ]
    made = [_choices(bundle, main, question, field) for question, field in fields]
    return [each for each in made if len(each.rows)]


def _choices(
    bundle: Bundle, main: pd.DataFrame, question: Question, field: Field
) -> CategoryChoices:
    mine = main[main["question"] == question.name]
    keys = mine["key"].map(lambda text: key_of(text).get(field.name))
    people = _of_people(bundle, keys.dropna(), field)
    machines = observed_values(bundle)
    machines = machines[
        machines["trial"].isin(mine.index) & (machines["field"] == field.name)
    ]
    named = machines["observer"].map(named_apart)
    rows = pd.concat(
        [people, machines.assign(decider=named, participant="")], ignore_index=True
    )
    rows = rows.assign(
        image=rows["trial"].map(mine["sources"]),
        condition=rows["trial"].map(mine["condition"]).fillna("").astype(str),
        is_right=rows["is_right"].astype(bool),
        is_answered=~rows["value"].isin({*field.unanswered, ""}),
    )
    return CategoryChoices(
        question=question,
        field=field,
        rows=with_clusters(rows, bundle),
        observers=tuple(
            n for n in map(named_apart, observer_names(bundle)) if n in {*named}
        ),
        conditions=_in_order(bundle, rows["condition"]),
        offered=_offered(mine, field),
    )


def named_apart(observer: str) -> str:
    """An observer's name, which never is that of people.

    >>> named_apart("net"), named_apart("people")
    ('net', 'people (an observer)')
    """
    return f"{observer} (an observer)" if observer == PEOPLE else observer


def _offered(trials: pd.DataFrame, field: Field) -> tuple[str, ...]:
    """The classes that trials offer beside the field's own choices, if they do."""
    if not field.takes_classes:
        return ()
    lists = trials["classes"].dropna().astype(str).unique()
    return tuple(sorted({each for of in lists for each in of.split("|") if each}))


def _of_people(bundle: Bundle, keys: pd.Series, field: Field) -> pd.DataFrame:
    """Counted responses to the trials that have a key in this field."""
    rows = bundle.responses
    counted = rows["is_counted"].fillna(value=False).astype(bool)
    mine = rows[
        counted & (rows["field"] == field.name) & rows["trial"].isin(keys.index)
    ]
    # Those of people who withdrew are in no result.
    mine = mine[mine["response"].isin(bundle.single_responses["response"])]
    value, key = mine["value"].fillna("").astype(str), mine["trial"].map(keys)
    return pd.DataFrame(
        {
            "decider": PEOPLE,
            "participant": mine["participant"].astype(str),
            "trial": mine["trial"],
            "value": value,
            "key": key,
            "is_right": value == key,
        }
    )


def _in_order(bundle: Bundle, conditions: pd.Series) -> tuple[str, ...]:
    """By level where the study's conditions are levels, else by name."""
    there = sorted(conditions.unique())
    levels = (bundle.levels or {}).get("of")
    if not isinstance(levels, Mapping) or not all(each in levels for each in there):
        return tuple(there)
    return tuple(sorted(there, key=lambda each: float(levels[each])))


def accuracies(choices: CategoryChoices) -> list[CategoryAccuracy]:
    """By decider and condition; conditions nobody met are left out."""
    return list(_accuracies(choices))


@kept
def _accuracies(choices: CategoryChoices) -> list[CategoryAccuracy]:
    return [
        _accuracy(choices, decider, condition)
        for decider in choices.deciders
        for condition in choices.parts
        if len(choices.of(decider, condition))
    ]


def _accuracy(
    choices: CategoryChoices, decider: str, condition: str
) -> CategoryAccuracy:
    rows = choices.of(decider, condition)
    clusters = clusters_in(rows)
    return CategoryAccuracy(
        question=choices.question.name,
        decider=decider,
        condition=condition,
        right=_share_of_people(rows, clusters)
        if decider == PEOPLE
        else share_of_one(rows, value="is_right", stimulus="image", clusters=clusters),
        chance=choices.guess,
        unanswered=float((~rows["is_answered"]).mean()),
        n_trials=int(rows["trial"].nunique()),
    )


def _share_of_people(rows: pd.DataFrame, clusters: Sequence[str]) -> Estimate:
    return clustered_mean(rows, value="is_right", stimulus="image", clusters=clusters)
