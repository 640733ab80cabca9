"""`study create`, `pilot`, `freeze`, `open`, `pause`, `resume`, `close`, `amend` and `top-up`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import get_args

import click

from study_server.cli._asking import name_argument
from study_server.cli._here import services_here
from study_server.cli._output import json_option, say, say_aside
from study_server.cli._study.records import line_of, say_record, summary_of, warn_of_set
from study_server.recruiters.base import Environment
from study_server.services.blocks.cutting import per_block_counts
from study_server.services.studies import block_composition, life
from study_server.services.studies.ingest import trials_of_set
from study_server.services.studies.observers import why_left_out
from study_server.services.studies.records import StudyRecord
from study_server.services.study_files.catch_odds import (
    CatchOdds,
    catch_blocks,
    catch_odds,
)
from study_server.services.study_files.conditions import asked_trials
from study_server.services.study_files.file import study_warnings
from study_server.services.study_files.paradigm import paradigm_of
from study_server.services.study_files.part_fits import part_warnings


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--stimuli",
    required=True,
    type=click.Path(path_type=Path),
    help="The stimulus set's folder.",
)
@json_option
def create(file: Path, stimuli: Path, as_json: bool) -> None:
    """Create a study, or replace a draft.

    FILE is its study.toml. The stimuli stay where they are.
    """
    with services_here("create") as services:
        record = life.create_study(services, file, stimuli=stimuli)
        left_out = why_left_out(services, record.name)
    odds, n_blocks = _odds(record), _catch_blocks(record)
    for warning in [*study_warnings(record.file), *_part_warnings(record)]:
        say_aside(f"note: {warning}")
    if warning := odds.warning():
        say_aside(f"warning: {warning}")
    warn_of_set(record)
    for words in left_out:
        say_aside(f"note: {words}")
    say(
        {
            **summary_of(record),
            "catch_rule": asdict(odds),
            "catch_blocks_per_person": n_blocks,
        },
        as_json=as_json,
        text=lambda: "\n".join(
            [
                line_of(record),
                odds.sentence(),
                *_catch_words(record, n_blocks),
                f"next: secondlook study preview {record.name}, "
                f"then secondlook study freeze {record.name}",
            ]
        ),
    )


@click.command()
@name_argument
@json_option
def pilot(name: str, as_json: bool) -> None:
    """Open a draft's pilot; it never counts."""
    with services_here() as services:
        record = life.pilot_study(services, name)
    warn_of_set(record)
    say_record(record, as_json=as_json)


@click.command()
@name_argument
@click.option(
    "--open/--no-open",
    "is_opened",
    default=True,
    help="Whether people are let in at once.  [default: --open]",
)
@json_option
def freeze(name: str, is_opened: bool, as_json: bool) -> None:
    """Lock a study for good, and open it.

    Hypotheses, rules, k, n, seed and stimuli are locked with hash and time; later
    changes are amendments.
    """
    with services_here() as services:
        record = life.freeze_study(services, name)
        if is_opened:
            record = life.open_study(services, name)
    warn_of_set(record)
    say_record(record, as_json=as_json)


@click.command(name="open")
@name_argument
@json_option
def open_(name: str, as_json: bool) -> None:
    """Let people in (again)."""
    with services_here() as services:
        record = life.get_study(services, name)
        if record.state != "open":
            record = life.open_study(services, name)
    warn_of_set(record)
    say_record(record, as_json=as_json)


@click.command()
@name_argument
@json_option
def pause(name: str, as_json: bool) -> None:
    """Let nobody in for a while.

    Who comes is told to come back later; sessions under way may end.
    """
    with services_here() as services:
        record = life.pause_study(services, name)
    say_record(record, as_json=as_json)


@click.command()
@name_argument
@json_option
def resume(name: str, as_json: bool) -> None:
    """Let people in again after a pause."""
    with services_here() as services:
        record = life.resume_study(services, name)
    say_record(record, as_json=as_json)


@click.command()
@name_argument
@json_option
def close(name: str, as_json: bool) -> None:
    """Let nobody new in.

    Sessions under way may end.
    """
    with services_here() as services:
        record = life.close_study(services, name)
    say_record(record, as_json=as_json)


@click.command()
@name_argument
@click.option("--text", required=True, help="What is changed and why.")
@json_option
def amend(name: str, text: str, as_json: bool) -> None:
    """Add a dated amendment.

    The report shows every change of a frozen study.
    """
    with services_here() as services:
        record = life.amend_study(services, name, text=text)
    say_record(record, as_json=as_json)


@click.command(name="top-up")
@name_argument
@click.option("--environment", type=click.Choice(get_args(Environment)), default="live")
@json_option
def top_up(name: str, environment: Environment, as_json: bool) -> None:
    """Cut what is missing into new blocks.

    An invalid session gives its block to the next person by itself. Responses
    that valid sessions lack, because an image failed to show, need new blocks.
    """
    with services_here() as services:
        done = block_composition.recut_missing(services, name, environment=environment)
    say(
        asdict(done),
        as_json=as_json,
        text=f"{done.n_missing} responses to {done.n_trials} trials were missing: "
        f"{done.n_blocks} new blocks",
    )


COMMANDS = (create, pilot, freeze, open_, pause, resume, close, amend, top_up)


def _odds(record: StudyRecord) -> CatchOdds:
    return catch_odds(
        paradigm_of(record.file),
        trials_of_set(record.file, record.set_folder),
        per_block=per_block_counts(record.set_summary),
        quality=record.file.quality,
    )


def _part_warnings(record: StudyRecord) -> list[str]:
    design = record.file.design
    if not design.parts:
        return []
    trials = trials_of_set(record.file, record.set_folder)
    return part_warnings(asked_trials(trials, design), design.parts)


def _catch_blocks(record: StudyRecord) -> int | None:
    return catch_blocks(
        trials_of_set(record.file, record.set_folder),
        per_block=per_block_counts(record.set_summary),
    )


def _catch_words(record: StudyRecord, n_blocks: int | None) -> list[str]:
    if n_blocks is None:
        return []
    allowed = record.file.design.max_blocks_per_participant
    return [
        f"There are catch trials for {n_blocks} blocks per person, none twice; "
        f"max_blocks_per_participant is {allowed}."
    ]
