"""What a bundle's trials ask, as declared; for bundles that do not say, what is known.

Bundles of version 0.1 carry no declaration, and a file of responses collected
elsewhere cannot. This is the one place that makes up for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd
from pydantic import ValidationError

from hit_templates.base import UnknownParadigmError, get_paradigm
from hit_templates.questions import Field, Question, Vote, asking, question_from_json
from hit_templates.rendering import worded
from hit_templates.still import configured

# More values than this, and most of them different, are no choices.
_MOST_VALUES: Final = 25
# Fewer numbers are codes.
_LEAST_NUMBERS: Final = 3
# What version 0.1 recorded of perceived attributes: a list under the design.
_ATTRIBUTES: Final = "attributes"
_PERCEIVED: Final = Field(
    name="_",
    type="choice",
    description="whether it is perceived",
    choices=("present", "absent", "cannot-tell"),
    yes=("present",),
    no=("absent",),
    one_sided="present",
)


@dataclass(frozen=True, kw_only=True)
class ReexaminedImages:
    """Which images one label of the trials' uses stands for.

    Attributes:
        shows: The label.
        of: "errors", "right", "predictions", "attacked", "explained", "compared"
            (wrong predictions beside the label) or "selected".
        top_k: A prediction is right where the label is among its k most probable
            classes; None where that plays no part.
        n_classes: Classes of the prediction that one trial puts up; 0 where none is.
    """

    shows: str
    of: str
    top_k: int | None = None
    n_classes: int = 1


# What the sets of version 0.1 re-examined, by the label of their uses.
_TOP5: Final = ("top5-of-top1-errors", "top5-of-top5-errors")
_RE_EXAMINED: Final = (
    ReexaminedImages(shows="top1", of="errors", top_k=1),
    ReexaminedImages(shows=_TOP5[0], of="errors", top_k=1, n_classes=5),
    ReexaminedImages(shows=_TOP5[1], of="errors", top_k=5, n_classes=5),
    ReexaminedImages(shows="correct-top1", of="right", top_k=1),
    ReexaminedImages(shows="correct-top5", of="right", top_k=5, n_classes=5),
    ReexaminedImages(shows="prediction", of="predictions"),
    ReexaminedImages(shows="adversarial", of="attacked"),
    ReexaminedImages(shows="explanation-path", of="explained"),
    *(
        ReexaminedImages(shows=shows, of="selected", n_classes=0)
        for shows in ("prototype", "criticism", "random")
    ),
)


def declared_questions(
    head: Mapping[str, Any],
    *,
    study_file: Mapping[str, Any],
    trials: pd.DataFrame,
    responses: pd.DataFrame,
) -> dict[str, Question]:
    """The questions of a bundle by name, as people read them.

    Args:
        head: `bundle.json`.
        study_file: `study.toml`, parsed.
        trials: Columns trial, question.
        responses: Columns trial, field, value, accepts, is_right.

    Raises:
        DeclarationError: If the declaration cannot be read.
    """
    told = head.get("questions")
    if isinstance(told, Mapping):
        return {name: question_from_json(name, raw) for name, raw in told.items()}
    known = _by_folder(head, study_file)
    seen = observed_questions(trials, responses)
    return {**known, **{n: q for n, q in seen.items() if n not in known}}


def re_examined(head: Mapping[str, Any]) -> tuple[ReexaminedImages, ...]:
    """What the labels of the set's uses stand for, as its recipe says."""
    facts = head["stimuli"].get("re_examines")
    if facts is None:
        return tuple(_of_0_1(head))
    return tuple(
        ReexaminedImages(
            shows=str(fact["shows"]),
            of=str(fact["of"]),
            top_k=None if fact.get("top_k") is None else int(fact["top_k"]),
            n_classes=int(fact.get("n_classes", 1)),
        )
        for fact in facts
    )


def _of_0_1(head: Mapping[str, Any]) -> Iterator[ReexaminedImages]:
    """Version 0.1 named its kind of set and one label; the rest followed."""
    shows = str(head.get("shows"))
    measured = {shows, *_TOP5[:2]} if shows == _TOP5[0] else {shows}
    has_errors = head["stimuli"].get("kind") == "misclassified"
    for fact in _RE_EXAMINED:
        is_of_errors = fact.of in ("errors", "right")
        is_measured = fact.shows in measured or fact.of == "right"
        if not is_of_errors or (has_errors and is_measured):
            yield fact


def _by_folder(
    head: Mapping[str, Any], study_file: Mapping[str, Any]
) -> dict[str, Question]:
    """The paradigm's own, set up as the study file says; none where it is unknown."""
    try:
        paradigm = get_paradigm(str(head["study"]["paradigm"]))
    except UnknownParadigmError:
        return {}
    # Where its section is not at hand, the questions are as they are without it.
    with suppress(ValidationError):
        paradigm = configured(paradigm, study_file)
    own = study_file.get("texts") or {}
    texts = {name: text for name, text in own.items() if isinstance(text, str)}
    found = worded(paradigm, texts).values()
    return asking(*(each if each.fields else _described(each, head) for each in found))


def _described(question: Question, head: Mapping[str, Any]) -> Question:
    """A question whose fields are the study's own, from what the design lists."""
    listed = head["design"].get(_ATTRIBUTES) or ()
    fields = tuple(
        replace(
            _PERCEIVED,
            name=str(each["field"]),
            about=str(each["id"]),
            wording=str(each["wording"]),
        )
        for each in listed
    )
    return replace(question, fields=fields)


def observed_questions(
    trials: pd.DataFrame, responses: pd.DataFrame
) -> dict[str, Question]:
    """What responses that nobody declared show of themselves.

    A field whose values are three or more different numbers is taken for amounts, one
    of many different texts for text, all else for choices. Where responses were
    counted as votes, the first field's values say which.

    Args:
        trials: Columns trial, question.
        responses: Columns trial, field, value, accepts, is_right.
    """
    asked = responses["trial"].map(trials.set_index("trial")["question"])
    return {
        str(name): _observed(str(name), responses[asked == name])
        for name in trials["question"].unique()
    }


def _observed(name: str, rows: pd.DataFrame) -> Question:
    fields = list(_observed_fields(rows))
    vote = next((each.name for each in fields if each.yes or each.no), None)
    return Question(
        name=name,
        fields=tuple(fields),
        vote=Vote(fields=(vote,)) if vote is not None else None,
        is_graded=bool(rows["is_right"].notna().any()),
    )


def _observed_fields(rows: pd.DataFrame) -> Iterator[Field]:
    for name, mine in rows[rows["value"].fillna("") != ""].groupby("field", sort=False):
        values = mine["value"].astype(str)
        if not str(name):
            continue
        distinct = sorted(values.unique())
        if len(distinct) > max(_MOST_VALUES, len(values) / 2):
            yield Field(name=str(name), type="text", description="as given")
            continue
        are_amounts = _are_numbers(distinct) and len(distinct) >= _LEAST_NUMBERS
        yield Field(
            name=str(name),
            type="choice",
            scale="interval" if are_amounts else "nominal",
            choices=tuple(sorted(distinct, key=float) if are_amounts else distinct),
            description="as given",
            yes=_values(mine, accepts=True),
            no=_values(mine, accepts=False),
        )


def _values(rows: pd.DataFrame, *, accepts: bool) -> tuple[str, ...]:
    """The values that were counted as votes of one kind, and never of the other."""
    votes = rows[rows["accepts"].notna()]
    is_mine = votes["accepts"].astype(bool) == accepts
    mine, others = votes.loc[is_mine, "value"], votes.loc[~is_mine, "value"]
    return tuple(sorted(set(mine.astype(str)) - set(others.astype(str))))


def _are_numbers(values: list[str]) -> bool:
    return bool(pd.to_numeric(pd.Series(values), errors="coerce").notna().all())
