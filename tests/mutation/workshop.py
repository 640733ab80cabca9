"""A copy of the repository per area, in which mutmut runs and from which it goes on."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from tests.mutation.areas import Area
from tests.mutation.results import Cost, Mutant
from tests.mutation.texts import changed, differences, is_text

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "build" / "mutation"
# What mutmut exits with per mutant: tests failed, ran too long, or passed.
_KILLED, _SURVIVED = frozenset({1, 3, 24, 36, 152, 255, -24}), frozenset({0, 33})


class Workshop:
    """Where one area is mutated: its copy of what git knows, kept until it is removed.

    Args:
        name: The area's.
        area: What is mutated and what tests it.
    """

    def __init__(self, name: str, area: Area) -> None:
        self._area = area
        self._copy = FOLDER / name.replace(" ", "-")

    def open(self, *, keeps_verdicts: bool = False) -> None:
        """Bring the copy to the newest commit.

        Verdicts of another commit are thrown away, unless `keeps_verdicts`: a test
        that was added takes none back, as long as what is mutated is the same.
        """
        newest = _git(ROOT, "rev-parse", "HEAD")
        if not self._copy.is_dir():
            _git(ROOT, "worktree", "prune")
            _git(ROOT, "worktree", "add", "--detach", str(self._copy))
        elif _git(self._copy, "rev-parse", "HEAD") != newest:
            if not keeps_verdicts or self._has_changed(newest):
                self._forget()
            _git(self._copy, "checkout", "--force", "--detach", newest)
        settings = self._copy / "setup.cfg"
        settings.write_text(_settings(self._area), encoding="utf-8")

    def _has_changed(self, newest: str) -> bool:
        """Whether what is mutated is another in that commit."""
        return bool(
            _git(self._copy, "diff", "--stat", newest, "--", *self._area.modules)
        )

    def _forget(self) -> None:
        shutil.rmtree(self._copy / "mutants", ignore_errors=True)
        self._cost_file.unlink(missing_ok=True)

    def run(self, *names: str, n_children: int) -> None:
        """Test the mutants named, or all that have no verdict yet."""
        former = {
            name: code
            for each in self._area.modules
            for name, code in self._codes(each)
        }
        with self._timed():
            self._mutmut("run", "--max-children", str(n_children), *names)
        for module in self._area.modules:
            self._keep(module, former)

    def _keep(self, module: str, former: Mapping[str, int | None]) -> None:
        """Put back verdicts that mutmut forgot as it tried others."""
        meta = self._meta(module)
        found = json.loads(meta.read_text(encoding="utf-8"))
        codes = found["exit_code_by_key"]
        found["exit_code_by_key"] = {
            name: former.get(name) if code is None else code
            for name, code in codes.items()
        }
        meta.write_text(json.dumps(found), encoding="utf-8")

    def _meta(self, module: str) -> Path:
        """Where mutmut keeps its verdicts."""
        return self._copy / "mutants" / f"{module}.meta"

    def survivors(self) -> list[str]:
        """Names of mutants that no test saw, and of those without a verdict."""
        return [
            name
            for module in self._area.modules
            for name, code in self._codes(module)
            if code not in _KILLED
        ]

    def mutants(self) -> Iterator[Mutant]:
        """All of them, with what the tests said."""
        for module in self._area.modules:
            source = (self._copy / module).read_text(encoding="utf-8")
            mutated = (self._copy / "mutants" / module).read_text(encoding="utf-8")
            shown = differences(mutated)
            for name, code in self._codes(module):
                difference = shown[name.rsplit(".", 1)[-1]]
                yield Mutant(
                    name=name,
                    module=module,
                    is_killed=_is_killed(name, code),
                    change=" / ".join(changed(difference)),
                    is_text=code in _SURVIVED and is_text(source, name, difference),
                )

    def cost(self) -> Cost:
        """What all runs in this copy took, those that were broken off included."""
        if not self._cost_file.is_file():
            return Cost()
        return Cost(**json.loads(self._cost_file.read_text(encoding="utf-8")))

    @property
    def _cost_file(self) -> Path:
        return self._copy / "mutation-cost.json"

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started, used = time.monotonic(), _cpu_seconds()
        try:
            yield
        finally:
            more = Cost(
                minutes=(time.monotonic() - started) / 60,
                cpu_minutes=(_cpu_seconds() - used) / 60,
            )
            text = json.dumps(asdict(self.cost() + more))
            self._cost_file.write_text(text, encoding="utf-8")

    def _codes(self, module: str) -> Iterator[tuple[str, int | None]]:
        """mutmut's name of every mutant and what it wrote of it."""
        meta = self._meta(module)
        if meta.is_file():
            found = json.loads(meta.read_text(encoding="utf-8"))
            yield from found["exit_code_by_key"].items()

    def _mutmut(self, *arguments: str) -> None:
        """Run it; its wheel of progress goes nowhere."""
        # The copy comes before the installed packages.
        environment = {**os.environ, "PYTHONPATH": str(self._copy)}
        ran = subprocess.run(  # noqa: S603 - the tool of requirements/dev.in
            [sys.executable, "-m", "mutmut", *arguments],
            cwd=self._copy, env=environment, check=False, capture_output=True, text=True,
        )  # fmt: skip
        if ran.returncode:
            raise click.ClickException(f"{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}")


def _is_killed(name: str, code: int | None) -> bool:
    if code is None:
        raise click.ClickException(f"{name}: not tested yet; run this again")
    if code not in _KILLED | _SURVIVED:
        raise click.ClickException(f"{name}: mutmut says {code!r}, which is new")
    return code in _KILLED


def _settings(area: Area) -> str:
    lists: dict[str, Sequence[str]] = {
        "source_paths": ("study_server", "stimuli", "hit_templates", "analysis"),
        "only_mutate": area.modules,
        "also_copy": ("migrations", "docs", "benchmarks", "README.md", "Makefile"),
        "pytest_add_cli_args_test_selection": area.tests,
        "pytest_add_cli_args": (
            "-m",
            "not slow and not browser and not postgres",
            *_left_out(area),
            "-p",
            "tests.mutation.quickest_first",
        ),
    }
    lines = ["[mutmut]", "use_git_change_detection=false"]
    for key, values in lists.items():
        lines += [f"{key}=", *(f"    {value}" for value in values)]
    return "\n".join(lines) + "\n"


def _left_out(area: Area) -> tuple[str, ...]:
    return ("-k", f"not ({' or '.join(area.too_long)})") if area.too_long else ()


def _git(folder: Path, *arguments: str) -> str:
    ran = subprocess.run(  # noqa: S603 - our own repository
        ["git", *arguments],  # noqa: S607
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return ran.stdout.strip()


def _cpu_seconds() -> float:
    """Of all processes that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
