"""What an import format is, what its user may say, and what it yields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, Protocol, runtime_checkable

import pandas as pd

from analysis.bundles.frames import MAX_ROWS, Problems
from analysis.errors import AnalysisError

__all__ = [
    "ALIASES",
    "CLUSTER",
    "MAX_ROWS",
    "REQUIRED",
    "ROLES",
    "BadRows",
    "ImportFormat",
    "ImportOptions",
    "ImportRefusedError",
    "NothingThereError",
    "RawResponses",
    "RowsLeftOut",
    "SourceFile",
    "add_rows",
    "names_of",
    "refuse",
    "resolve_columns",
    "shown_values",
]

_MOST_PROBLEMS: Final = 40
_EXAMPLES: Final = 3
_LISTED: Final = 100
_NAMED: Final = 5

# What a column of a file can be; `docs/formats.md` says what each means.
ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "worker": "who responded; becomes a pseudonym",
        "stimulus": "what was shown",
        "response": "what the worker said",
        "question": "which question was asked, where there are several",
        "condition": "level of what the study varies",
        "category": "the class asked about, or the true class",
        "key": "the right response (also: truth)",
        "is_right": "whether the response was graded right",
        "session": "the worker's visit; one per worker where left out",
        "trial": "place in the session, a whole number",
        "rt_ms": "response time in milliseconds (also: rt)",
        "rt_s": "response time in seconds",
        "session_s": "duration of the session in seconds",
        "time": "when the response came in, with its zone",
        "count": "how many people gave the response, where nothing says who",
    }
)
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {"rt": "rt_ms", "truth": "key", "position": "trial"}
)
REQUIRED: Final = ("worker", "stimulus", "response")
# Begins the roles of columns that say which stimuli belong together.
CLUSTER: Final = "cluster"


class ImportRefusedError(AnalysisError):
    """Files that cannot be imported, with every problem found."""


class NothingThereError(ImportRefusedError):
    """Files of which none holds a response, and none is wrong for that.

    Attributes:
        notes: What each of them is.
    """

    def __init__(self, names: Sequence[str], notes: Sequence[str]) -> None:
        said = "; ".join(notes)
        super().__init__(
            f"{', '.join(names[:_NAMED])} cannot be imported:\n"
            f"  no response is left: {said}\nNothing was imported."
        )
        self.notes = tuple(notes)


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What the user says about files that were not made here.

    Attributes:
        columns: Role (see `ROLES`) to the file's own column.
        yes: Responses that accept; compared without case.
        no: Responses that reject.
        other: Responses that are neither, such as "maybe"; kept as values.
        n: Responses per trial that count; the most any trial has where None.
        k: Yes votes that accept a trial; a majority of n where None.
        question: What people read, in words.
        name: The study's name.
        title: Its title; the name where empty.
        encoding: Of text files; UTF-8 (or UTF-16 with its mark) where None.
        time_zone: Of times that carry none, for example "Europe/Berlin".
        twice: What to do where a worker responded to a trial twice.
        where: COLUMN=VALUE or COLUMN!=VALUE each: which rows are taken.
        bad_rows: Whether rows that cannot be refuse the files, or are left out and
            listed.
        scale: Whether responses are names, an order, or amounts.
        order: Responses from lowest to highest, where they are words.
        cluster: Columns that say which stimuli belong together, such as a scene.
        classifier: Whose errors were judged, if that was asked.
        n_images: Images that classifier saw in all.
        observers: Who responded and is no person but a network, say; what the files
            show where empty, nobody where it is "none" alone.
        levels: What conditions are levels of and on which scale they differ,
            "contrast=log" or "noise=linear"; the number in each condition's name is its
            level.
        unanswered: Responses that stand for none in time; what the format says.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    n: int | None = None
    k: int | None = None
    question: str = ""
    name: str = "imported"
    title: str = ""
    encoding: str | None = None
    time_zone: str | None = None
    twice: Literal["refuse", "first", "last"] = "refuse"
    classifier: str = ""
    n_images: int | None = None
    where: tuple[str, ...] = ()
    bad_rows: Literal["refuse", "report"] = "refuse"
    scale: Literal["nominal", "ordinal", "interval"] = "nominal"
    order: tuple[str, ...] = ()
    cluster: tuple[str, ...] = ()
    observers: tuple[str, ...] = ()
    levels: str = ""
    unanswered: tuple[str, ...] = ()

    @property
    def has_votes(self) -> bool:
        """Whether some responses are to be read as votes."""
        return bool(self.yes or self.no)


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file, and what it is called among the files given.

    Attributes:
        path: Where it lies.
        name: Its name, with as many folders as tell it from the others.
    """

    path: Path
    name: str


@dataclass(frozen=True, kw_only=True)
class RowsLeftOut:
    """Rows of a file that were left out for one reason.

    Attributes:
        file: The file's name.
        why: In words, with the column.
        n: How many rows.
        rows: Their numbers, counted from 1 without the header; at most 100.
    """

    file: str
    why: str
    n: int
    rows: tuple[int, ...] = ()


class BadRows:
    """Rows of one file that cannot be: problems, or left out and listed.

    Attributes:
        left_out: What was left out; empty where such rows are problems.
    """

    def __init__(
        self, file: str, options: ImportOptions, *, problems: Problems
    ) -> None:
        self._file, self._problems = file, problems
        self._is_reported = options.bad_rows == "report"
        self._gone: set[object] = set()
        self.left_out: list[RowsLeftOut] = []

    def add(self, column: str, rows: pd.Series, *, what: str) -> None:
        """Note rows: their numbers, at the index that they have in the frame.

        A row that is gone already is not counted again.
        """
        if not self._is_reported:
            where = f"{self._file}, {column}" if column else self._file
            add_rows(self._problems, where, rows, what=what)
            return
        rows = rows[~rows.index.isin(self._gone)]
        self._gone |= set(rows.index)
        if len(rows):
            why = f"{column}: {what}" if column else what
            self.left_out.append(left_out(self._file, rows, why=why))

    def without(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame without the rows that are gone."""
        return frame[~frame.index.isin(self._gone)]


def left_out(file: str, rows: pd.Series, *, why: str) -> RowsLeftOut:
    """Rows of a file that were left out, the first of them by number."""
    shown = tuple(int(row) for row in rows[:_LISTED])
    return RowsLeftOut(file=file, why=why, n=len(rows), rows=shown)


@dataclass(frozen=True, kw_only=True)
class RawResponses:
    """One file's responses as text, one row each.

    Attributes:
        file: The file's name.
        frame: A text column per role found (`ROLES`), and `row`: the row of the
            file it came from, counted from 1 without the header.
        identity: What must be the same in every file of one study.
        hits: The HITs it is about, where it comes from a market.
        notes: What its user should know.
        left_out: Rows that are not in the frame though they are in the file.
        unmet: Of `ImportOptions.where`, those whose value no row of this file has,
            with the values there are.
        questions: The file's own names of its questions, which stand in the frame
            and mean something only where there are several in all.
        absent: Columns asked for that this file lacks, though others may have them.
        is_part: Whether its fields are those that somebody filled in, so that files
            of one study differ in them.
        is_void: Whether it may stand beside others though it holds nothing.
        networks: Those who responded and are networks, as the file itself shows.
        maybe_networks: Those who may be.
        unanswered: Responses that stand for none in time.
    """

    file: str
    frame: pd.DataFrame
    identity: Mapping[str, object] = field(default_factory=dict)
    hits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[RowsLeftOut, ...] = ()
    unmet: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    is_part: bool = False
    is_void: bool = False
    networks: tuple[str, ...] = ()
    maybe_networks: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()


@runtime_checkable
class ImportFormat(Protocol):
    """One format; it is listed in `analysis.importing.formats`."""

    @property
    def name(self) -> str:
        """What `--format` takes."""

    @property
    def title(self) -> str:
        """One line for lists."""

    @property
    def recruiter(self) -> str:
        """Who named the workers; empty where only the study knows."""

    def read(
        self, file: SourceFile, options: ImportOptions, *, problems: Problems
    ) -> RawResponses | None:
        """The responses of one file; None where the problems leave none."""


def names_of(table: pd.DataFrame) -> list[str]:
    """The names of its columns."""
    return [str(name) for name in table.columns]


def resolve_columns(given: Mapping[str, str], problems: Problems) -> dict[str, str]:
    """Role to column, other names of a role understood; unknown ones are problems."""
    found: dict[str, str] = {}
    for name, column in given.items():
        role = ALIASES.get(name, name)
        if role not in ROLES:
            known = ", ".join([*ROLES, *ALIASES])
            problems.add(f"--map {name}={column}: unknown {name!r}; there are: {known}")
        elif role in found:
            problems.add(f"--map {name}={column}: {role} is mapped twice")
        else:
            found[role] = column
    return found


def add_rows(
    problems: Problems, where: str, rows: pd.Series | pd.Index, *, what: str
) -> None:
    """Note rows of a file by their own numbers: the first few, and how many more."""
    if len(rows) == 0:
        return
    shown = ", ".join(str(row) for row in list(rows[:_EXAMPLES]))
    more = f" and {len(rows) - _EXAMPLES:,} more" if len(rows) > _EXAMPLES else ""
    plural = "rows" if len(rows) > 1 else "row"
    problems.add(f"{where}, {plural} {shown}{more}: {what}")


def shown_values(values: pd.Series, *, n: int = _EXAMPLES) -> str:
    """The first distinct values, quoted and cut."""
    distinct = values.drop_duplicates()
    more = f" and {len(distinct) - n:,} more" if len(distinct) > n else ""
    return ", ".join(repr(str(value)[:40]) for value in distinct[:n]) + more


def refuse(problems: Problems, names: Sequence[str]) -> None:
    """Raise with every problem found; nothing where there is none.

    Raises:
        ImportRefusedError: Listing at most 40 problems.
    """
    if not problems.found:
        return
    shown = problems.found[:_MOST_PROBLEMS]
    rest = len(problems.found) - len(shown)
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    lines = [f"{', '.join(names[:_NAMED])}{more} cannot be imported:"]
    lines += [f"  {text}" for text in shown]
    if rest:
        lines.append(f"  and {rest} more problems")
    raise ImportRefusedError(
        "\n".join(
            [*lines, "Nothing was imported. Rows are counted without the header."]
        )
    )
