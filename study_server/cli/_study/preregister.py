"""`study preregister`: what a study fixed before its first response, in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from stimuli.files.text import TextFileError, read_json
from study_server.cli._asking import name_argument
from study_server.cli._here import services_here
from study_server.cli._output import say_aside
from study_server.errors import StudyError


@click.command()
@name_argument
@click.option(
    "--plan",
    "plan_file",
    metavar="PLAN.json",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What `study plan --json` printed: the power analysis.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, instead of printing.",
)
def preregister(name: str, plan_file: Path | None, out: Path | None) -> None:
    """Write the preregistration of a study, in Markdown.

    Hypotheses, design, exclusions, stopping rule, analysis and power, from the frozen
    study; marked DRAFT where it is not frozen.
    """
    from study_server.services.studies import life
    from study_server.services.studies.preregistration import preregistration

    plan = None if plan_file is None else _read_plan(plan_file)
    with services_here() as services:
        record = life.get_study(services, name)
    text = preregistration(record, plan=plan)
    if record.frozen_at is None:
        say_aside(f"note: {name} is not frozen, so the text is marked DRAFT")
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise StudyError(f"cannot write {out}: {error.strerror}") from error
    click.echo(out)


COMMANDS = (preregister,)


def _read_plan(path: Path) -> Mapping[str, Any]:
    try:
        found = read_json(path)
    except TextFileError as error:
        raise StudyError(str(error)) from error
    if not isinstance(found, dict):
        raise StudyError(f"{path} is no plan: expected what `study plan --json` prints")
    return found
