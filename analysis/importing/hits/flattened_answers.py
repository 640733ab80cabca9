"""Answers that a form took apart into fields, put together again.

Radio buttons and check boxes come as a field each (`seen.yes`, `seen.no`); so does
every part of an answer where a crowd form flattens objects (`category.label`,
`result.boundingBoxes`, `result.inputImageProperties.width`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

import pandas as pd

from analysis.bundles.frames import Problems
from analysis.importing.base import add_rows, names_of
from analysis.importing.hits.crowd_answers import (
    DRAWN,
    SEPARATOR,
    NotUnderstoodError,
    answer_text,
)

_DRAWN_PART: Final = re.compile(rf"(.+?)\.(?:{'|'.join(DRAWN)})(?:\..+)?")
_TRUTHS: Final = frozenset(("true", "false"))
# One text per row, and the rows of each problem.
_Joined = tuple[pd.Series, Mapping[str, list[int]]]


def put_together(
    table: pd.DataFrame,
    prefix: str,
    *,
    kept: AbstractSet[str],
    file: str,
    problems: Problems,
) -> pd.DataFrame:
    """The table with one column per answer in place of the columns of its parts.

    Args:
        table: Text columns, and row.
        prefix: Of the columns that hold answers.
        kept: Columns that somebody asked for by name; they stay as they are.
        file: Its name, for problems.
        problems: Takes answers that are nothing an element sends.
    """
    for stem, names in _parts(table, prefix).items():
        if stem in table or not kept.isdisjoint(names):
            continue
        parts = table[names].set_axis(
            [name.removeprefix(f"{stem}.") for name in names], axis=1
        )
        join = _joiner(parts)
        if join is None:
            continue
        whole, bad = join(parts)
        for what, rows in bad.items():
            add_rows(problems, f"{file}, {stem}", table["row"][rows], what=what)
        table = table.drop(columns=names).assign(**{stem: whole})
    return table


def _parts(table: pd.DataFrame, prefix: str) -> dict[str, list[str]]:
    """Stem to the columns that share it."""
    found: dict[str, list[str]] = {}
    for name in names_of(table):
        if not name.startswith(prefix):
            continue
        drawn = _DRAWN_PART.fullmatch(name)
        stem, _, part = (drawn[1], "", "") if drawn else name.rpartition(".")
        if len(stem) > len(prefix) and (drawn or part):
            found.setdefault(stem, []).append(name)
    return found


def _joiner(parts: pd.DataFrame) -> Callable[[pd.DataFrame], _Joined] | None:
    """How these parts become one answer; None where they are answers of their own."""
    leaves = names_of(parts)
    if leaves == ["label"]:
        return _label
    if leaves == ["labels"] or all(leaf.partition(".")[0] in DRAWN for leaf in leaves):
        return _nested
    words = {word for leaf in leaves for word in parts[leaf].str.strip().str.lower()}
    return _boxes if _TRUTHS & words and words <= {*_TRUTHS, ""} else None


def _label(parts: pd.DataFrame) -> _Joined:
    return parts["label"], {}


def _boxes(parts: pd.DataFrame) -> _Joined:
    """The names of those ticked, joined by "|"; one of its own by its state."""
    if len(parts.columns) == 1:
        return parts.iloc[:, 0].str.strip().str.lower(), {}
    chosen = pd.Series("", index=parts.index, dtype="str")
    for name in names_of(parts):
        is_ticked = parts[name].str.strip().str.lower() == "true"
        several = chosen.where(chosen == "", chosen + SEPARATOR)
        chosen = chosen.mask(is_ticked, several + name)
    return chosen, {}


def _nested(parts: pd.DataFrame) -> _Joined:
    """The object that each row's parts were taken from, as one text."""
    texts, bad = [], dict[str, list[int]]()
    for index, cells in zip(parts.index, parts.to_dict("records"), strict=True):
        try:
            texts.append(_object({str(leaf): text for leaf, text in cells.items()}))
        except NotUnderstoodError as error:
            texts.append("")
            bad.setdefault(str(error), []).append(index)
    return pd.Series(texts, index=parts.index, dtype="str"), bad


def _object(cells: Mapping[str, str]) -> str:
    """Its text; "" where every part is empty."""
    found: dict[str, object] = {}
    for leaf, text in cells.items():
        if text.strip():
            _put(found, leaf.split("."), _value(text))
    return answer_text(found) if found else ""


def _put(inside: dict[str, object], path: list[str], value: object) -> None:
    for key in path[:-1]:
        deeper = inside.setdefault(key, {})
        if not isinstance(deeper, dict):
            raise NotUnderstoodError(f"{key!r}, a value and an object at once")
        inside = deeper
    inside[path[-1]] = value


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
