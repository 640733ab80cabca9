"""Which trials a way of asking can put to people, and those trials in its own terms.

A recipe says what its trials hold and what is known of them (`stimuli.manifest`), a
question says what it needs. Neither names the other, and one set serves every way of
asking that fits it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from hit_templates.base import Paradigm
from hit_templates.questions import Field, Question
from stimuli.manifest import (
    Known,
    Posed,
    StimulusSetError,
    Trial,
    known_of,
    trial_id,
)


def needs_of(question: Question) -> tuple[str, ...]:
    """What its trials must hold, words of `stimuli.manifest.HOLDINGS`.

    What the question says; else what its fields and its vote let expect: sides to choose
    between, alternatives by their number, a class for each of its fields, or one class.

    >>> word = Field(name="word", type="text", description="")
    >>> needs_of(Question(name="q", fields=(word,)))
    ()
    """
    if question.needs:
        return question.needs
    if any(each.is_side for each in question.fields) and question.is_graded:
        return ("sides",)
    if any(each.numbers_classes or each.takes_classes for each in question.fields):
        return ("alternatives",)
    if question.vote is None:
        return ()
    is_per_class = any(each.is_per_class for each in question.vote_fields)
    return ("classes",) if is_per_class else ("class",)


def fitting_questions(paradigm: Paradigm, posed: Posed) -> tuple[Question, ...]:
    """The questions that such trials can be asked, the most particular first."""
    if not _slots_fit(paradigm.slots, posed.slots):
        return ()
    fitting = [
        q for q in paradigm.questions.values() if {*needs_of(q)} <= {*posed.holds}
    ]
    return tuple(sorted(fitting, key=lambda question: -len(needs_of(question))))


def can_be_checked(question: Question, posed: Posed) -> bool:
    """Whether it has a right response to trials whose class is known to be there."""
    n_classes = {"alternatives": 2, "classes": 5}.get(next(iter(posed.holds), ""), 1)
    classes = tuple(map(str, range(n_classes)))
    return bool(key_for(question, Known(there=classes[:1], place="1"), classes=classes))


def fit_trials(
    paradigm: Paradigm, trials: Iterable[Trial], *, asks: Mapping[str, Posed]
) -> tuple[Trial, ...]:
    """A set's trials as this way of asking puts them to people.

    Trials that ask a question of the paradigm's stay as they are, and so do those that
    nothing is said of, or that nothing fits: `check_trials` says of these what is wrong.

    Args:
        paradigm: As the study wants it.
        trials: Of the set.
        asks: The recipe's word for what it asks to what such trials hold.
    """
    fitting = {word: fitting_questions(paradigm, posed) for word, posed in asks.items()}
    return tuple(_fitted(trial, fitting.get(trial.question, ())) for trial in trials)


def read_asks(summary: Mapping[str, Any]) -> dict[str, Posed]:
    """What a set says of its trials; nothing where an earlier version made it.

    Raises:
        StimulusSetError: If it says something else than slots and what is held.
    """
    asks = summary.get("asks", {})
    try:
        return {
            word: Posed(slots=tuple(raw["slots"]), holds=tuple(raw["holds"]))
            for word, raw in asks.items()
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise StimulusSetError(
            "summary.json: asks: expected for each question its slots and what its "
            f"trials hold, got {asks!r}; build the set anew"
        ) from error


def key_for(
    question: Question, known: Known, *, classes: Sequence[str]
) -> dict[str, str]:
    """The right response where the recipe knows what is right; empty where none follows.

    >>> from hit_templates.questions import Vote
    >>> seen = Field(name="seen", type="choice", description="", choices=("y", "n"),
    ...              yes=("y",), no=("n",))
    >>> asked = Question(name="q", fields=(seen,), vote=Vote(fields=("seen",)))
    >>> key_for(asked, Known(there=()), classes=("3",))
    {'seen': 'n'}
    """
    keys: dict[str, str] = {}
    for each in question.fields:
        keys |= _key_of_field(each, question, known, classes=classes)
    return keys


def _key_of_field(
    asked: Field, question: Question, known: Known, *, classes: Sequence[str]
) -> dict[str, str]:
    if asked.numbers_classes:
        if asked.chooses == "worst":
            return {}  # what is right is known of the one to choose
        place = known.place or _only_place(known, classes)
        return {asked.name: place} if place else {}
    if asked.is_side and known.place.isdigit():
        number = int(known.place)
        has_it = 1 <= number <= len(asked.choices)
        return {asked.name: asked.choices[number - 1]} if has_it else {}
    if asked.takes_classes:
        there = [each for each in classes if each in (known.there or ())]
        return {asked.name: there[0]} if len(there) == 1 else {}
    if known.there is None or asked not in question.vote_fields:
        return {}
    if not (len(asked.yes) == len(asked.no) == 1):
        return {}  # several values would be right
    if asked.is_per_class:
        names = asked.of_classes(len(classes))
        pairs = zip(names, classes, strict=True)
        return {n: (asked.yes if c in known.there else asked.no)[0] for n, c in pairs}
    return {asked.name: (asked.yes if known.there else asked.no)[0]}


def _only_place(known: Known, classes: Sequence[str]) -> str:
    there = [place for place, c in enumerate(classes, 1) if c in (known.there or ())]
    return str(there[0]) if len(there) == 1 else ""


def _slots_fit(needed: Sequence[str], filled: Sequence[str]) -> bool:
    """Whether every slot needed is filled, and every slot filled is known."""
    required = [slot for slot in needed if not slot.endswith("?")]
    known = [slot.rstrip("?") for slot in needed]
    return all(
        any(fnmatchcase(slot, pattern) for pattern in filled) for slot in required
    ) and all(any(fnmatchcase(slot, pattern) for slot in known) for pattern in filled)


def _fitted(trial: Trial, fitting: Sequence[Question]) -> Trial:
    if not fitting:
        return trial
    own = [question for question in fitting if question.name == trial.question]
    question = (own or list(fitting))[0]
    fields = question.fields_of(len(trial.classes), classes=trial.classes)
    if own and set(trial.key or ()) <= set(fields):
        return trial
    classes = trial.classes
    return replace(
        trial,
        id=trial_id(trial.slots, question.name, classes=classes),
        question=question.name,
        key=key_for(question, known_of(trial), classes=classes) or None,
        truth=_truth(trial, question),
    )


def _truth(trial: Trial, question: Question) -> dict[str, Any] | None:
    """What simulated people know, by the question's own fields as well."""
    if trial.truth is None or "present" not in trial.truth:
        return None if trial.truth is None else dict(trial.truth)
    there = tuple(c for c in trial.classes if c in trial.truth["present"])
    found = key_for(question, Known(there=there), classes=trial.classes)
    return {**trial.truth, **found}
