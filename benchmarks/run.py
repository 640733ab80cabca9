"""`make bench`: every measure, or one with `--only NAME`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

import click

from benchmarks.harness import Row, Skipped, append_results

MEASURES = {
    "attacks": "benchmarks.attacks",
    "dawid-skene": "benchmarks.dawid_skene",
    "engine-gpu": "benchmarks.engine_gpu",
    "imports": "benchmarks.imports",
    "headline-interval": "benchmarks.headline_interval",
    "lime": "benchmarks.lime",
    "mmd-critic": "benchmarks.mmd_critic",
    "posting": "benchmarks.posting",
    "stimuli-build": "benchmarks.stimuli_build",
    "stimuli-build-gpu": "benchmarks.stimuli_build_gpu",
    "report-demo": "benchmarks.report_demo",
    "responses": "benchmarks.responses",
    "slow-visitors": "benchmarks.slow_visitors",
    "workers": "benchmarks.workers",
}


@click.command()
@click.option("--only", type=click.Choice(sorted(MEASURES)), help="One measure only.")
@click.option("--no-record", is_flag=True, help="Do not append to RESULTS.md.")
def main(only: str | None, no_record: bool) -> None:
    """Measure, print one line each, append to RESULTS.md; exit 1 below a bar."""
    rows: list[Row] = []
    skipped: dict[str, str] = {}
    for name in [only] if only else MEASURES:
        measure: Callable[[], list[Row]] = import_module(MEASURES[name]).measure
        try:
            measured = measure()
        except Skipped as reason:
            skipped[name] = str(reason)
            click.echo(f"{name} | skipped: {reason}")
            continue
        for row in measured:
            click.echo(row.line())
        rows += measured
    if not no_record:
        append_results(rows, skipped)
    sys.exit(any(row.verdict == "short" for row in rows))


if __name__ == "__main__":
    main()
