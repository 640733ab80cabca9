"""What was found: `docs/mutation.csv`, a line per module and one per survivor."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.mutation.areas import AREAS

RESULTS: Final = Path(__file__).parents[2] / "docs" / "mutation.csv"
# Of the mutants that do more than change what a message says.
BAR: Final = 0.9
_COLUMNS = (
    "area", "module", "n_mutants", "n_texts", "n_killed",
    "minutes", "cpu_minutes", "survivor", "why",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One planted fault.

    Attributes:
        name: mutmut's name of it.
        module: Path of its module.
        is_killed: Whether a test failed.
        change: `- old / + new`.
        is_text: Whether it only changes what a message says.
    """

    name: str
    module: str
    is_killed: bool
    change: str
    is_text: bool


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What finding out took.

    Attributes:
        minutes: By the clock on the wall.
        cpu_minutes: Of processors, all together.
    """

    minutes: float = 0.0
    cpu_minutes: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            minutes=self.minutes + other.minutes,
            cpu_minutes=self.cpu_minutes + other.cpu_minutes,
        )


def write(area: str, mutants: Sequence[Mutant], *, cost: Cost | None) -> None:
    """Put an area's result into the file; without a cost, that of before stays.

    What is written by hand beside a survivor stays while the survivor does.
    """
    before = read()
    kept = [row for row in before if row["area"] != area]
    whys = {(row["module"], row["survivor"]): row["why"] for row in before}
    told = cost_of(before, area) if cost is None else _in_words(cost)
    for module in dict.fromkeys(mutant.module for mutant in mutants):
        mine = [mutant for mutant in mutants if mutant.module == module]
        kept.append({"area": area, "module": module, **_counts(mine), **told})
        for survivor in map(_survivor, mine):
            if survivor:
                why = whys.get((module, survivor), "")
                row = {"area": area, "module": module, "survivor": survivor, "why": why}
                kept.append(row)
    order = list(AREAS)
    kept.sort(key=lambda row: order.index(row["area"]))
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        file.write(",".join(_COLUMNS) + "\n")
        for row in kept:
            cells = (row.get(column, "") for column in _COLUMNS)
            file.write(",".join(map(_quoted, cells)) + "\n")


def _quoted(cell: str) -> str:
    if any(sign in cell for sign in ',"\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def cost_of(rows: Sequence[dict[str, str]], area: str) -> dict[str, str]:
    """The columns of an area's cost as they are in the file."""
    mine = next((row for row in rows if row["area"] == area), {})
    return {name: mine.get(name, "") for name in ("minutes", "cpu_minutes")}


def _in_words(cost: Cost) -> dict[str, str]:
    return {
        "minutes": f"{cost.minutes:.1f}",
        "cpu_minutes": f"{cost.cpu_minutes:.1f}",
    }


def _counts(mutants: Sequence[Mutant]) -> dict[str, str]:
    told = [mutant for mutant in mutants if not mutant.is_text]
    return {
        "n_mutants": str(len(mutants)),
        "n_texts": str(len(mutants) - len(told)),
        "n_killed": str(sum(mutant.is_killed for mutant in told)),
    }


def _survivor(mutant: Mutant) -> str:
    """Function and change; empty for what is killed or a text."""
    if mutant.is_killed or mutant.is_text:
        return ""
    plain = mutant.name.rsplit(".", 1)[-1].removeprefix("x_").removeprefix("xǁ")
    function = plain.split("__mutmut_")[0].replace("ǁ", ".")
    return f"{function}: {mutant.change}"


def read() -> list[dict[str, str]]:
    """Lines of the file."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True, kw_only=True)
class Score:
    """One area's line of the table.

    Attributes:
        area: Its name.
        n_told: Mutants, those of texts aside.
        n_killed: How many of them a test saw.
        n_unexplained: Survivors beside which nothing is written.
        minutes: By the clock on the wall.
        cpu_minutes: Of processors.
    """

    area: str
    n_told: int
    n_killed: int
    n_unexplained: int
    minutes: str
    cpu_minutes: str

    @property
    def is_short(self) -> bool:
        """Whether it misses the bar; what was never run has no score."""
        return self.n_told > 0 and self.n_killed < BAR * self.n_told

    @property
    def verdict(self) -> str:
        """passed, short or not run."""
        if not self.n_told:
            return "not run"
        return "short" if self.is_short else "passed"


def scores() -> list[Score]:
    """Every area's score as the file has it."""
    rows = read()
    return [
        _score(area, [row for row in rows if row["area"] == area]) for area in AREAS
    ]


def _score(area: str, rows: Sequence[dict[str, str]]) -> Score:
    modules = [row for row in rows if not row["survivor"]]
    n_mutants, n_texts, n_killed = (
        sum(int(row[column]) for row in modules)
        for column in ("n_mutants", "n_texts", "n_killed")
    )
    return Score(
        area=area,
        n_told=n_mutants - n_texts,
        n_killed=n_killed,
        n_unexplained=sum(bool(row["survivor"]) and not row["why"] for row in rows),
        **cost_of(rows, area),
    )


def table(found: Sequence[Score]) -> str:
    """The table that a run ends by."""
    head = ("area", "killed", "score", "minutes", "of CPU", "no reason", "verdict")
    lines = [head, *map(_cells, found)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


def _cells(score: Score) -> tuple[str, ...]:
    if not score.n_told:
        return (score.area, "", "", "", "", "", score.verdict)
    return (
        score.area,
        f"{score.n_killed} of {score.n_told}",
        f"{score.n_killed / score.n_told:.1%}",
        score.minutes,
        score.cpu_minutes,
        str(score.n_unexplained),
        score.verdict,
    )
