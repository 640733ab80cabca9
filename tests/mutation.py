"""Plant small faults in what must not fail, and count those that the tests see.

`python -m tests.mutation [AREA ...]` copies the repository, runs mutmut over each
area's modules with the area's tests, and writes the score and every survivor to
`docs/mutation.csv`, from which `docs/testing.md` is made. Mutants of texts (what a
message says) are counted apart.
"""

from __future__ import annotations

import ast
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "docs" / "mutation.csv"
# What mutmut exits with per mutant: tests failed, ran too long, or passed.
_KILLED, _SURVIVED = frozenset({1, 3, 24, 36, 152, 255, -24}), frozenset({0, 33})
_COLUMNS = (
    "area", "module", "n_mutants", "n_texts", "n_killed", "minutes", "survivor", "why",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Area:
    """Modules whose faults would cost money, people's work or a right number.

    Attributes:
        modules: Paths of what is mutated.
        tests: Paths of the tests that should see it.
    """

    modules: tuple[str, ...]
    tests: tuple[str, ...]


_MARKET: Final = "tests/study_server/services/market"
_PEOPLE: Final = "tests/study_server/services/participation"
AREAS: Final[dict[str, Area]] = {
    "signature": Area(
        modules=("study_server/marketplace/protocol/signature.py",),
        tests=("tests/study_server/marketplace/protocol/test_signature.py",),
    ),
    "money": Area(
        modules=(
            "study_server/services/market/ledger.py",
            "study_server/store/market/ledger.py",
        ),
        tests=(f"{_MARKET}/test_quoting.py", f"{_MARKET}/test_collecting.py"),
    ),
    "admission": Area(
        modules=(
            "study_server/services/participation/admission.py",
            "study_server/services/participation/arrivals.py",
            "study_server/services/participation/refusals.py",
        ),
        tests=(
            f"{_PEOPLE}/test_admission.py",
            f"{_PEOPLE}/test_browser_binding.py",
            f"{_PEOPLE}/test_leases.py",
            f"{_PEOPLE}/test_start_limits.py",
        ),
    ),
    "counting": Area(
        modules=("analysis/bundles/counting.py",),
        tests=("tests/analysis/bundles",),
    ),
    "k of n": Area(
        modules=("analysis/statistics/k_of_n.py",),
        tests=(
            "tests/analysis/statistics/test_k_of_n.py",
            "tests/analysis/statistics/test_k_of_n_differences.py",
            "tests/analysis/statistics/test_k_of_n_shares.py",
        ),
    ),
    "attack steps": Area(
        modules=(
            "stimuli/methods/attacks/_ball.py",
            "stimuli/methods/attacks/_stepping.py",
            "stimuli/methods/attacks/ifgsm.py",
        ),
        tests=("tests/stimuli/attacks",),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One planted fault.

    Attributes:
        name: mutmut's name of it.
        module: Path of its module.
        is_killed: Whether a test failed.
        change: `- old / + new`; empty where it was killed.
        is_text: Whether it only changes what a message says.
    """

    name: str
    module: str
    is_killed: bool
    change: str = ""
    is_text: bool = False


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(AREAS)))
@click.option("--children", default=2, show_default=True, help="Tests at once.")
def main(*, names: tuple[str, ...], children: int) -> None:
    """Mutate these areas, or all, and keep what was found."""
    for name in names or tuple(AREAS):
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            mutants = mutate(AREAS[name], Path(folder) / "copy", n_children=children)
        minutes = (time.monotonic() - started) / 60
        write(name, mutants, minutes=minutes)
        told = [each for each in mutants if not each.is_text]
        n_killed = sum(each.is_killed for each in told)
        click.echo(
            f"{name}: {n_killed} of {len(told)} killed "
            f"({len(mutants) - len(told)} of texts aside), {minutes:.1f} min"
        )


def mutate(area: Area, copy: Path, *, n_children: int) -> list[Mutant]:
    """Run mutmut over a copy of what git knows."""
    subprocess.run(  # noqa: S603 - our own repository
        ["git", "worktree", "add", "--detach", "--quiet", str(copy)],  # noqa: S607
        cwd=ROOT, check=True,
    )  # fmt: skip
    try:
        (copy / "setup.cfg").write_text(_settings(area), encoding="utf-8")
        _run(copy, "run", "--max-children", str(n_children))
        return [mutant for module in area.modules for mutant in _mutants(copy, module)]
    finally:
        subprocess.run(  # noqa: S603 - our own repository
            ["git", "worktree", "remove", "--force", str(copy)],  # noqa: S607
            cwd=ROOT, check=True,
        )  # fmt: skip


def _settings(area: Area) -> str:
    lists = {
        "source_paths": ("study_server", "stimuli", "hit_templates", "analysis"),
        "only_mutate": area.modules,
        "also_copy": ("migrations", "docs", "benchmarks", "README.md", "Makefile"),
        "pytest_add_cli_args_test_selection": area.tests,
        "pytest_add_cli_args": ("-m", "not slow and not browser"),
    }
    lines = ["[mutmut]", "use_git_change_detection=false"]
    for key, values in lists.items():
        lines += [f"{key}=", *(f"    {value}" for value in values)]
    return "\n".join(lines) + "\n"


def _run(copy: Path, *arguments: str) -> str:
    """Output of mutmut; its wheel of progress goes nowhere."""
    # The copy comes before the installed packages.
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    ran = subprocess.run(  # noqa: S603 - the tool of requirements/dev.in
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=copy, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if ran.returncode and arguments[0] == "run":
        raise click.ClickException(f"{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}")
    return ran.stdout


def _mutants(copy: Path, module: str) -> Iterator[Mutant]:
    meta = copy / "mutants" / f"{module}.meta"
    codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    source = (copy / module).read_text(encoding="utf-8")
    for name, code in codes.items():
        if code in _KILLED:
            is_killed = True
        elif code in _SURVIVED:
            is_killed = False
        else:
            raise click.ClickException(f"{name}: mutmut says {code!r}, which is new")
        shown = "" if is_killed else _run(copy, "show", name)
        yield Mutant(
            name=name,
            module=module,
            is_killed=is_killed,
            change=" / ".join(_changed(shown)),
            is_text=bool(shown) and is_text(source, name, shown),
        )


def _changed(shown: str) -> list[str]:
    """Lines taken out and put in."""
    lines = [line for line in shown.splitlines() if re.match(r"[-+](?![-+])", line)]
    return [f"{line[0]} {line[1:].strip()}" for line in lines]


def is_text(source: str, name: str, shown: str) -> bool:
    """Whether the changed lines lie in a `raise`, or differ in a text with blanks."""
    changed = [line[2:] for line in _changed(shown)]
    pattern = re.compile(r'f?"[^"]* [^"]*"')
    if len(changed) == 2 and len({pattern.sub('""', line) for line in changed}) == 1:
        return True
    start = _line_of_hunk(shown)
    first = _function_line(source, name)
    if start is None or first is None:
        return False
    at = first - 1 + start
    return any(
        isinstance(node, ast.Raise) and node.lineno <= at <= (node.end_lineno or 0)
        for node in ast.walk(ast.parse(source))
    )


def _line_of_hunk(shown: str) -> int | None:
    """Line, counted from the function's first, of the first one taken out."""
    lines = shown.splitlines()
    for place, line in enumerate(lines):
        if found := re.match(r"@@ -(\d+)", line):
            for before, after in enumerate(lines[place + 1 :]):
                if after.startswith("-"):
                    return int(found[1]) + before
    return None


def _function_line(source: str, name: str) -> int | None:
    """Line where the function begins that a mutant is named after."""
    plain = name.rsplit(".", 1)[-1].split("__mutmut_")[0]
    owner, _, wanted = plain.rpartition("ǁ")
    wanted = wanted.removeprefix("x_")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and owner.endswith(node.name):
            for each in node.body:
                if isinstance(each, ast.FunctionDef) and each.name == wanted:
                    return _start(each)
        if not owner and isinstance(node, ast.FunctionDef) and node.name == wanted:
            return _start(node)
    return None


def _start(function: ast.FunctionDef) -> int:
    return min([function.lineno, *(each.lineno for each in function.decorator_list)])


def write(area: str, mutants: Sequence[Mutant], *, minutes: float) -> None:
    """Put an area's result into the file: a line per module, one per survivor."""
    before = read()
    kept = [row for row in before if row["area"] != area]
    # Written by hand beside a survivor; it stays while the survivor does.
    whys = {(row["module"], row["survivor"]): row["why"] for row in before}
    for module in dict.fromkeys(mutant.module for mutant in mutants):
        mine = [mutant for mutant in mutants if mutant.module == module]
        told = [mutant for mutant in mine if not mutant.is_text]
        counts = {
            "area": area,
            "module": module,
            "n_mutants": str(len(mine)),
            "n_texts": str(len(mine) - len(told)),
            "n_killed": str(sum(mutant.is_killed for mutant in told)),
            "minutes": f"{minutes:.1f}",
        }
        kept.append({**counts, "survivor": ""})
        for mutant in told:
            if mutant.is_killed:
                continue
            survivor = f"{_short(mutant)}: {mutant.change}"
            why = whys.get((module, survivor), "")
            row = {"area": area, "module": module, "survivor": survivor, "why": why}
            kept.append(row)
    order = list(AREAS)
    kept.sort(key=lambda row: order.index(row["area"]))
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        file.write(",".join(_COLUMNS) + "\n")
        for row in kept:
            cells = (row.get(column, "") for column in _COLUMNS)
            file.write(",".join(_quoted(cell) for cell in cells) + "\n")


def _short(mutant: Mutant) -> str:
    plain = mutant.name.rsplit(".", 1)[-1].removeprefix("x_").removeprefix("xǁ")
    return plain.split("__mutmut_")[0].replace("ǁ", ".")


def _quoted(cell: str) -> str:
    if any(sign in cell for sign in ',"\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def read() -> list[dict[str, str]]:
    """Lines of the file."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
