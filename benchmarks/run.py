"""`make bench`: every measure, each in a process of its own, or one with `--only`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from benchmarks.harness import FACTOR, Row, append_results

# In this order. About how many seconds each takes on two quiet cores.
MEASURES: Final[Mapping[str, tuple[str, int]]] = {
    "attacks": ("benchmarks.attacks", 420),
    "dawid-skene": ("benchmarks.dawid_skene", 60),
    "engine-gpu": ("benchmarks.engine_gpu", 5),
    "exposure": ("benchmarks.exposure", 60),
    "gradients": ("benchmarks.gradients", 90),
    "imports": ("benchmarks.imports", 40),
    "headline-interval": ("benchmarks.headline_interval", 10),
    "lime": ("benchmarks.lime", 300),
    "mmd-critic": ("benchmarks.mmd_critic", 60),
    "observe": ("benchmarks.observe", 300),
    "posting": ("benchmarks.posting", 90),
    "stimuli-build": ("benchmarks.stimuli_build", 90),
    "stimuli-build-gpu": ("benchmarks.stimuli_build_gpu", 5),
    "report-demo": ("benchmarks.report_demo", 60),
    "report-large": ("benchmarks.report_large", 90),
    "responses": ("benchmarks.responses", 90),
    "slow-visitors": ("benchmarks.slow_visitors", 120),
    "workers": ("benchmarks.workers", 180),
}
# A ratio this close to its bar is measured twice as often before it is judged.
CLOSE: Final = 0.02


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one process said of a measure.

    Attributes:
        rows: The lines measured; empty where it was skipped or failed.
        skipped: Why it cannot be taken here.
        failed: Whether the process ended with an error.
    """

    rows: tuple[Row, ...] = ()
    skipped: str = ""
    failed: bool = False


@click.command()
@click.option("--only", type=click.Choice(sorted(MEASURES)), help="One measure only.")
@click.option("--no-record", is_flag=True, help="Do not append to RESULTS.md.")
def main(only: str | None, no_record: bool) -> None:
    """Measure, print one line each, append to RESULTS.md; exit 1 below a bar."""
    names = [only] if only else list(MEASURES)
    seconds = sum(MEASURES[name][1] for name in names)
    click.echo(
        f"{len(names)} measures, about {max(1, round(seconds / 60))} min on two quiet "
        "cores; leave the machine alone meanwhile"
    )
    found = {}
    for name in names:
        found[name] = judged(MEASURES[name][0])
        for row in found[name].rows:
            click.echo(row.line())
        if found[name].skipped:
            click.echo(f"{name} | skipped: {found[name].skipped}")
    rows = [row for each in found.values() for row in each.rows]
    if not no_record:
        skipped = {name: each.skipped for name, each in found.items() if each.skipped}
        append_results(rows, skipped)
    click.echo("\n" + summary(found))
    bad = any(row.verdict == "short" for row in rows)
    sys.exit(bad or any(each.failed for each in found.values()))


def judged(module: str) -> Measured:
    """Measure once, and twice as often where a ratio comes close to its bar."""
    first = measured(module, factor=1)
    if not any(is_close(row) for row in first.rows):
        return first
    click.echo("within 2 % of a bar: measured again, twice as often")
    return measured(module, factor=2)


def is_close(row: Row) -> bool:
    """Whether a ratio is too close to its bar to be judged by one measurement."""
    return bool(row.bar) and abs(row.ratio / (row.bar or 1) - 1) <= CLOSE


def measured(module: str, *, factor: int) -> Measured:
    """The rows of a measure, taken in a process that nothing ran in before."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rows.json"
        ended = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "benchmarks.one", module, str(out)],
            check=False,
            env=dict(os.environ) | {FACTOR: str(factor)},
        )
        if ended.returncode or not out.is_file():
            click.echo(f"{module} ended with an error (exit {ended.returncode})")
            return Measured(failed=True)
        said = json.loads(out.read_text(encoding="utf-8"))
    rows = tuple(Row(**row) for row in said["rows"])
    return Measured(rows=rows, skipped=said["skipped"])


def summary(found: Mapping[str, Measured]) -> str:
    """A table of what passed, fell short and was not measured."""
    rows = [row for each in found.values() for row in each.rows]
    lists: dict[str, Sequence[str]] = {
        verdict: [row.name for row in rows if row.verdict == verdict]
        for verdict in ("pass", "short", "no bar")
    }
    lists["skipped"] = [name for name, each in found.items() if each.skipped]
    lists["failed"] = [name for name, each in found.items() if each.failed]
    return "\n".join(
        f"{verdict:8} {len(names):3}  {', '.join(names)}".rstrip()
        for verdict, names in lists.items()
    )


if __name__ == "__main__":
    main()
