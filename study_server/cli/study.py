"""Create, run, watch and export studies."""

from __future__ import annotations

import click

from study_server.cli._study import (
    files,
    imports,
    judge,
    life,
    observers,
    people,
    plan,
    preregister,
    progress,
)


@click.group()
def study() -> None:
    """Create, run, watch and export studies."""


for _command in (
    *files.COMMANDS,
    *life.COMMANDS,
    *progress.COMMANDS,
    *imports.COMMANDS,
    *judge.COMMANDS,
    *observers.COMMANDS,
    *people.COMMANDS,
    *plan.COMMANDS,
    *preregister.COMMANDS,
):
    study.add_command(_command)
