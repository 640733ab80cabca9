"""Which rows of a file are taken: COLUMN=VALUE, COLUMN!=VALUE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.bundles.frames import Problems
from analysis.importing.base import RawResponses, RowsLeftOut, left_out, shown_values
from stimuli.files.tables import same_form


@dataclass(frozen=True, kw_only=True)
class RowRule:
    """One thing said of the rows that are taken.

    Attributes:
        text: As it was written.
        column: The column, as it was written.
        value: What its cell must be, or must not be.
        is_not: Whether it must not be that.
    """

    text: str
    column: str
    value: str
    is_not: bool


@dataclass(frozen=True, kw_only=True)
class ChosenRows:
    """The rows of a file that are taken.

    Attributes:
        frame: Those rows.
        left_out: How many are not, by column.
        unmet: Rules whose value no row has, with the values there are.
    """

    frame: pd.DataFrame
    left_out: tuple[RowsLeftOut, ...] = ()
    unmet: Mapping[str, str]


def read_rules(given: Iterable[str], *, problems: Problems) -> list[RowRule]:
    """The rules as they were written; what is none is a problem.

    >>> (rule,) = read_rules(["practice!=1"], problems=Problems())
    >>> rule.column, rule.value, rule.is_not
    ('practice', '1', True)
    """
    found = []
    for text in given:
        column, equals, value = text.partition("=")
        is_not = column.endswith("!")
        column = column.removesuffix("!").strip()
        if not equals or not column:
            problems.add(
                f"--where {text}: expected COLUMN=VALUE or COLUMN!=VALUE, for example "
                "practice=0"
            )
            continue
        value = same_form(value.strip())
        found.append(RowRule(text=text, column=column, value=value, is_not=is_not))
    return found


def choose_rows(
    table: pd.DataFrame, rules: Sequence[RowRule], *, file: str, rows: pd.Series
) -> ChosenRows:
    """The rows that every column's rules allow.

    Of several values said of one column, any is enough; of those said not to be,
    none may be there.

    Args:
        table: Text; holds every column that the rules name.
        rules: See `read_rules`.
        file: Its name.
        rows: The rows' numbers in the file, index of `table`.
    """
    gone: list[RowsLeftOut] = []
    is_kept = pd.Series(True, index=table.index)
    for column in dict.fromkeys(rule.column for rule in rules):
        mine = [rule for rule in rules if rule.column == column]
        text = table[column].str.strip()
        wanted = [rule.value for rule in mine if not rule.is_not]
        refused = [rule.value for rule in mine if rule.is_not]
        is_in = (text.isin(wanted) | (not wanted)) & ~text.isin(refused)
        if (out := is_kept & ~is_in).any():
            why = " ".join(f"--where {rule.text}" for rule in mine)
            gone.append(left_out(file, rows[out], why=why))
        is_kept &= is_in
    unmet = {
        rule.text: shown_values(table[rule.column])
        for rule in rules
        if not (table[rule.column].str.strip() == rule.value).any()
    }
    return ChosenRows(frame=table[is_kept], left_out=tuple(gone), unmet=unmet)


def refuse_unmet(found: Sequence[RawResponses], *, problems: Problems) -> None:
    """A value that no row of any file has is a slip, not a choice."""
    if not found:
        return
    for rule, there in found[0].unmet.items():
        if all(rule in raw.unmet for raw in found):
            problems.add(
                f"--where {rule}: no row has that value; the column holds {there}"
            )
