"""What an import's responses are, declared: which are votes, which an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from analysis.bundles.frames import Problems
from analysis.importing.base import ImportOptions
from analysis.importing.checked_responses import plain, votes_by_word
from hit_templates.questions import Field, Question, Vote

# More values than this, and most of them different, are texts.
_MOST_VALUES: Final = 25
FIELD: Final = "response"


def declared_questions(
    trials: pd.DataFrame, responses: pd.DataFrame, options: ImportOptions
) -> dict[str, Any]:
    """Each question by name, as `bundle.json` declares it.

    Args:
        trials: Columns trial, question, key.
        responses: Columns trial, value, is_right.
        options: Which values are votes, and on which scale they stand.
    """
    rows = responses[["value", "is_right"]]
    names = trials["question"].unique()
    if len(names) == 1:
        return {str(names[0]): _question(str(names[0]), rows, options).as_json()}
    asked = responses["trial"].map(trials.set_index("trial")["question"])
    return {
        str(name): _question(str(name), rows[asked == name], options).as_json()
        for name in names
    }


def check_scale(
    values: Sequence[str], options: ImportOptions, *, problems: Problems
) -> None:
    """Whether the responses can stand on the scale that was said of them.

    Args:
        values: Every response there is.
        options: `scale` and `order`.
        problems: Takes what cannot be.
    """
    given = [plain(each) for each in options.order]
    if options.order and options.scale != "ordinal":
        problems.add("--order goes with --scale ordinal")
    if twice := sorted({each for each in given if given.count(each) > 1}):
        problems.add(f"--order names {', '.join(map(repr, twice))} twice")
    if options.scale == "nominal":
        return
    strange = sorted({v for v in values if v and plain(v) not in given})
    if options.order and strange:
        problems.add(
            f"--order leaves out {', '.join(map(repr, strange[:5]))}: name every "
            "response, lowest first"
        )
    elif not options.order and not _are_numbers(strange):
        said = "--order LOWEST,…,HIGHEST" if options.scale == "ordinal" else "numbers"
        problems.add(
            f"--scale {options.scale}: {', '.join(map(repr, strange[:5]))} have no "
            f"order of their own; {said} would say it"
        )


def _question(name: str, rows: pd.DataFrame, options: ImportOptions) -> Question:
    values = rows["value"].astype(str)
    field = _field(values[values != ""], options)
    is_vote = bool(field.yes or field.no)
    return Question(
        name=name,
        fields=(field,),
        vote=Vote(fields=(FIELD,)) if is_vote else None,
        is_graded=bool(rows["is_right"].notna().any()),
        wording=name,
    )


def _field(values: pd.Series, options: ImportOptions) -> Field:
    distinct = _ordered(sorted(values.unique()), options)
    is_text = len(distinct) > max(_MOST_VALUES, len(values) / 2)
    if (is_text and options.scale == "nominal") or not distinct:
        return Field(name=FIELD, type="text", description="as the file has it")
    words = votes_by_word(options)
    said = {value: words.get(plain(value)) for value in distinct}
    return Field(
        name=FIELD,
        type="choice",
        description="as the file has it",
        scale=options.scale,
        choices=tuple(distinct),
        yes=tuple(value for value, vote in said.items() if vote is True),
        no=tuple(value for value, vote in said.items() if vote is False),
        unanswered=tuple(value for value in distinct if value in options.unanswered),
    )


def _ordered(distinct: list[str], options: ImportOptions) -> list[str]:
    """Lowest first: as was said, else by number, else by letter."""
    if options.order:
        place = {plain(each): number for number, each in enumerate(options.order)}
        return sorted(distinct, key=lambda value: place[plain(value)])
    return sorted(distinct, key=float) if _are_numbers(distinct) else distinct


def _are_numbers(values: Sequence[str]) -> bool:
    return bool(
        pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").notna().all()
    )
