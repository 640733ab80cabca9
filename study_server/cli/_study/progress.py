"""`study list` and `show`: which studies there are, and how far they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, get_args

import click

from analysis.elements.short_ids import short_id
from study_server.cli._asking import name_argument
from study_server.cli._here import note_if_not_served, services_here
from study_server.cli._output import as_table, json_option, say
from study_server.cli._study.imports import told_of
from study_server.cli._study.records import line_of, links_of, summary_of
from study_server.recruiters.base import Environment
from study_server.services import Services
from study_server.services.bundles import imported_records
from study_server.services.participation.held_work import HeldWork, list_held_work
from study_server.services.studies.progress import list_studies, study_progress
from study_server.services.studies.records import (
    StudyOverview,
    StudyProgress,
    StudyRecord,
)
from study_server.services.studies.session_parts import ORDER_IN_WORDS, parts_in_words


@click.command(name="list")
@json_option
def list_(as_json: bool) -> None:
    """List studies, newest first."""
    with services_here("read") as services:
        found = list_studies(services)
        others = imported_records.list_imported(services)
    say(
        [*found, *map(_imported_line, others)],
        as_json=as_json,
        text=lambda: _listed(found, others),
    )


@click.command()
@name_argument
@click.option(
    "--environment",
    type=click.Choice(get_args(Environment)),
    help="Whose sessions; live ones where left out.",
)
@json_option
def show(name: str, environment: Environment | None, as_json: bool) -> None:
    """Show state, links and progress."""
    with services_here("read") as services:
        if imported_records.is_imported(services, name):
            record = imported_records.imported_record(services, name)
            say(record, as_json=as_json, text=lambda: told_of(record))
            return
        if environment is None:
            environment = counted_environment(services, name)
        progress = study_progress(services, name, environment=environment)
        held = list_held_work(services, name, environment=environment)
    note_if_not_served()
    say(
        {**_progress(progress), "held": [asdict(entry) for entry in held]},
        as_json=as_json,
        text=lambda: _told(progress) + _held(held, name),
    )


COMMANDS = (list_, show)


def _listed(
    found: list[StudyOverview], others: list[imported_records.ImportedStudyRecord]
) -> str:
    rows = [
        [s.name, s.state, s.environment, s.n_valid, s.n_wanted, s.title] for s in found
    ]
    rows += [[s.name, "imported", "-", "-", "-", s.title] for s in others]
    if not rows:
        return "no study yet; `secondlook study init` writes the files of one"
    return as_table(["name", "state", "counts of", "valid", "wanted", "title"], rows)


def _imported_line(record: imported_records.ImportedStudyRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "title": record.title,
        "state": "imported",
        "created_at": record.created_at,
        "n_responses": record.n_responses,
    }


def counted_environment(services: Services, name: str) -> Environment:
    """The environment whose sessions the list of studies counts."""
    found = {entry.name: entry.environment for entry in list_studies(services)}
    return found.get(name, "live")


def _progress(progress: StudyProgress) -> dict[str, Any]:
    found = asdict(progress)
    return {**found, "study": summary_of(progress.study)}


def _told(progress: StudyProgress) -> str:
    per_trial = sorted(progress.responses_per_trial.items())
    parts = [
        "\n".join([line_of(progress.study), *links_of(progress.study)]),
        *_parts(progress.study),
        f"{progress.environment}: {progress.n_arrived} arrived, "
        f"{progress.n_consented} consented, "
        f"{progress.n_failed_comprehension} did not pass the check",
        as_table(
            ["condition", "blocks", "valid", "under way", "wanted"],
            [
                [c.condition or "-", c.n_blocks, c.n_valid, c.n_reserved, c.n_wanted]
                for c in progress.conditions
            ],
        ),
        as_table(["valid responses", "trials"], per_trial) + _what_lacks(progress),
        as_table(
            ["sessions", "validity", "reason", "n"],
            [[s.state, s.validity, s.why, s.n_sessions] for s in progress.sessions],
        ),
    ]
    return "\n\n".join(parts)


def _parts(record: StudyRecord) -> list[str]:
    """The parts a session is made of, and their order; nothing where it has none."""
    file = record.file
    if not file.design.parts:
        return []
    lines = [f"  {line}" for line in parts_in_words(file)]
    head = f"parts, {ORDER_IN_WORDS[file.design.part_order]}:"
    return ["\n".join([head, *lines])]


def _what_lacks(progress: StudyProgress) -> str:
    """A hint where every block is done and trials still lack responses."""
    n_wanted = progress.study.file.design.responses_per_trial
    n_short = sum(n for k, n in progress.responses_per_trial.items() if k < n_wanted)
    is_done = all(c.n_valid >= c.n_wanted for c in progress.conditions)
    if not (n_short and is_done and progress.conditions):
        return ""
    return (
        f"\n{n_short} trials lack responses though every block is done: "
        f"secondlook study top-up {progress.study.name}"
    )


def _held(held: Sequence[HeldWork], name: str) -> str:
    """What waits for a person to decide; empty where nothing does."""
    if not held:
        return ""
    rows = [
        [
            short_id(w.participant),
            w.why,
            f"{w.n_given}/{w.n_main}",
            w.n_failed,
            w.n_recorded,
        ]
        for w in held
    ]
    head = ["held for you to decide", "why", "given", "failed", "in our records"]
    return (
        f"\n\n{as_table(head, rows)}\n`secondlook participant accept PARTICIPANT "
        f"--study {name}` where it was work after all"
    )
