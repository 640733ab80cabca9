"""`study observe`: classifiers and programs that responded to the study's trials."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from study_server.cli._asking import name_argument
from study_server.cli._here import services_here
from study_server.cli._output import json_option, say
from study_server.services.studies.observers import TakenObservers, take_observers


@click.command()
@name_argument
@click.argument("folder", metavar="SET", type=click.Path(path_type=Path))
@click.option(
    "--replace", "is_replacing", is_flag=True, help="In place of those of that name."
)
@json_option
def observe(name: str, folder: Path, is_replacing: bool, as_json: bool) -> None:
    """Take the observers of SET into a study, in whatever state it is.

    Those that `secondlook stimuli observe` let respond after the study was created;
    they are exported beside people's responses, never among them.
    """
    with services_here("change") as services:
        taken = take_observers(services, name, folder, replace_others=is_replacing)
    say({"study": name, **asdict(taken)}, as_json=as_json, text=_told(taken, name))


def _told(taken: TakenObservers, name: str) -> str:
    lines = [f"{name}: observer {each} is new" for each in taken.added]
    lines += [f"{name}: observer {each} was there already" for each in taken.there]
    return "\n".join(lines)


COMMANDS = (observe,)
