"""Which columns of a file are meant: whatever their case, and two as one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

import pandas as pd

from analysis.bundles.frames import Problems
from stimuli.files.tables import same_form

JOINED: Final = " + "
_NOTHING: Final = "–"
_LEAST_OF_AN_ID: Final = 8
_LETTERS: Final = 60
_SHOWN: Final = 30


def find_columns(
    wanted: Iterable[str], header: Collection[str], *, where: str, problems: Problems
) -> dict[str, tuple[str, ...]] | None:
    """Each name asked for, with the file's own columns that it means.

    A column of that very name comes first, then the only one that differs in case,
    then columns joined by "+". What is missing or could be two columns is a problem;
    None where there is any.

    >>> find_columns(["session"], ["Session"], where="f", problems=Problems())
    {'session': ('Session',)}
    >>> find_columns(["a+b"], ["a", "b"], where="f", problems=Problems())
    {'a+b': ('a', 'b')}
    """
    n_before = len(problems.found)
    found: dict[str, tuple[str, ...]] = {}
    missing: list[str] = []
    for name in dict.fromkeys(wanted):
        like = _like(name, header)
        parts = name.split("+") if not like and "+" in name else [name]
        each = [_like(part.strip(), header) for part in parts]
        missing += [
            part.strip() for part, names in zip(parts, each, strict=True) if not names
        ]
        found[name] = tuple(names[0] for names in each if names)
        for names in each:
            if len(names) > 1:
                problems.add(
                    f"{where}: {name!r} may be any of {_listed(names)}: write its "
                    "capital letters as the file does"
                )
    if missing:
        is_header = any(found.values())
        shown = [
            each[:_LETTERS] if is_header or not _may_be_an_id(each) else "…"
            for each in list(header)[:_SHOWN]
        ]
        problems.add(
            f"{where}: column {_listed(missing)} missing; there are: {_listed(shown)}"
            + ("" if is_header else " (the first line has to name the columns)")
        )
    return found if len(problems.found) == n_before else None


def _may_be_an_id(cell: str) -> bool:
    """Whether a first line that is none of names may say who somebody is here."""
    return "@" in cell or (
        len(cell) >= _LEAST_OF_AN_ID and any(letter.isdigit() for letter in cell)
    )


def lacking(wanted: Iterable[str], header: Collection[str]) -> list[str]:
    """The names asked for that are no column, nor columns joined."""
    return [
        name
        for name in dict.fromkeys(wanted)
        if not _like(name, header)
        and not all(_like(part.strip(), header) for part in name.split("+"))
    ]


def put_columns(
    frame: pd.DataFrame, found: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    """The columns asked for, by the names they were asked for.

    Columns that are joined become one text, "a + b"; where one of them is empty a
    dash stands for it, and where all are the text is empty.

    >>> frame = pd.DataFrame({"Colour": ["red", ""], "Size": ["8", "9"]})
    >>> put_columns(frame, {"both": ("Colour", "Size")})["both"].to_list()
    ['red + 8', '– + 9']
    """
    columns = {
        name: frame[parts[0]] if len(parts) == 1 else _join(frame[list(parts)])
        for name, parts in found.items()
    }
    return pd.DataFrame(columns, index=frame.index)


def with_columns(
    table: pd.DataFrame, wanted: Iterable[str], *, where: str, problems: Problems
) -> pd.DataFrame | None:
    """The table with every column asked for under the name it was asked for by.

    None where one is missing, which is a problem.

    >>> table = pd.DataFrame({"Colour": ["red"]})
    >>> with_columns(table, ["colour"], where="f", problems=Problems())
      Colour colour
    0    red    red
    """
    header = [str(name) for name in table.columns if name != "row"]
    new = [name for name in dict.fromkeys(wanted) if name not in table]
    found = find_columns(new, header, where=where, problems=problems)
    if found is None:
        return None
    return pd.concat([table, put_columns(table, found)], axis=1) if new else table


def in_known_case(table: pd.DataFrame, known: Iterable[str]) -> pd.DataFrame:
    """The table, its columns named as a format names them, whatever their case.

    >>> list(in_known_case(pd.DataFrame({"hitid": ["H"]}), ["HITId"]))
    ['HITId']
    """
    names = {name.casefold(): name for name in known}
    there = set(table.columns)
    return table.rename(
        columns={
            column: name
            for column in table.columns
            if (name := names.get(str(column).casefold())) and name not in there
        }
    )


def _like(name: str, header: Collection[str]) -> list[str]:
    """The column of that name; else all that differ from it in case only."""
    if name in header:
        return [name]
    wanted = same_form(name).casefold()
    return [each for each in header if same_form(each).casefold() == wanted]


def _join(parts: pd.DataFrame) -> pd.Series:
    stripped = [parts[name].str.strip() for name in parts]
    joined = stripped[0].mask(stripped[0] == "", _NOTHING)
    is_empty = stripped[0] == ""
    for text in stripped[1:]:
        joined = joined + JOINED + text.mask(text == "", _NOTHING)
        is_empty &= text == ""
    return joined.mask(is_empty, "").astype("str")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
