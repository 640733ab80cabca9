"""The page docs/testing.md: which planted faults the tests see."""

from __future__ import annotations

import csv
from itertools import groupby
from pathlib import Path

FILE = Path(__file__).parent / "mutation.csv"
_INTRO = """# What the tests see

A test that cannot fail is none. So small faults are planted, one at a time, into what
must not fail: who may ask the marketplace, money, admission, which responses count,
k of n and the steps of attacks. [mutmut](https://mutmut.readthedocs.io/) makes them (a
comparison turned round, a 1 made a 2, an argument left out), the area's own quick tests
run on each, and a mutant is *killed* where one of them fails. Mutants that only change
what a message says are set aside.

```sh
.venv/bin/python -m tests.mutation                            # every area
.venv/bin/python -m tests.mutation signature                  # one
.venv/bin/python -m tests.mutation signature --survivors      # once a test was added
```

It works on the last commit, in `build/mutation/`. What was broken off goes on where it
stopped as long as nothing was committed in between; at the end stands a table, and an
area with less than 90 % killed makes the run fail. Tests of an area that take over a
second, and those that want PostgreSQL or a browser, are left out: what they alone would
see counts as not seen.

| area | module | mutants | of texts | killed of the rest | score |
|---|---|---|---|---|---|
"""
_AFTER = """
## What survived, and why

Explanations are kept in `docs/mutation.csv` beside each survivor. A mutant that nobody
could tell from the code (another name of the same encoding, a default that is never
used) has no test.
"""


def testing_page() -> str:
    """The table of areas and the survivors with their reasons."""
    rows: list[dict[str, str]] = []
    if FILE.exists():
        with FILE.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    modules = [row for row in rows if not row["survivor"]]
    lines = [_module(row) for row in modules]
    n_told = sum(int(row["n_mutants"]) - int(row["n_texts"]) for row in modules)
    n_killed = sum(int(row["n_killed"]) for row in modules)
    minutes, cpu_minutes = (
        sum({row["area"]: float(row[column] or 0) for row in modules}.values())
        for column in ("minutes", "cpu_minutes")
    )
    if n_told:
        lines.append(
            f"| all | | | | {n_killed} of {n_told} | {n_killed / n_told:.1%} |"
        )
        lines.append(
            f"\nThis took {minutes:.0f} minutes by the clock, and {cpu_minutes:.0f} "
            "of processors where that was counted, on two cores that others used as well."
        )
    survivors = [row for row in rows if row["survivor"]]
    parts = [_INTRO + "\n".join(lines) + "\n" + _AFTER]
    for module, mine in groupby(survivors, key=lambda row: row["module"]):
        parts.append(f"\n### {module}\n\n| mutant | why |\n|---|---|")
        parts += [f"| `{_cell(row['survivor'])}` | {row['why']} |" for row in mine]
    return "\n".join(parts) + "\n"


def _module(row: dict[str, str]) -> str:
    told = int(row["n_mutants"]) - int(row["n_texts"])
    score = f"{int(row['n_killed']) / told:.1%}" if told else ""
    return (
        f"| {row['area']} | `{row['module']}` | {row['n_mutants']} | {row['n_texts']} "
        f"| {row['n_killed']} of {told} | {score} |"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'")
