"""`study judge`: the quality rules once more, beside what they said before."""

from __future__ import annotations

from typing import get_args

import click

from study_server.cli._asking import name_argument
from study_server.cli._here import services_here
from study_server.cli._output import as_table, json_option, say
from study_server.cli._study.progress import counted_environment
from study_server.recruiters.base import Environment
from study_server.services.participation.validity import (
    Judgement,
    check_study,
    judge_study,
)


@click.command()
@name_argument
@click.option(
    "--environment",
    type=click.Choice(get_args(Environment)),
    help="Whose sessions; those that `study list` counts where left out.",
)
@click.option(
    "--apply",
    "is_applied",
    is_flag=True,
    help="Store what the rules say now; the activity log notes it.",
)
@json_option
def judge(
    name: str, environment: Environment | None, is_applied: bool, as_json: bool
) -> None:
    """Apply the quality rules again to every completed session.

    Lists the sessions of which the rules of the study file say something else than
    was stored when they were judged last. Changes nothing without --apply. Whoever
    withdrew stays out.
    """
    act = judge_study if is_applied else check_study
    with services_here("change" if is_applied else "read") as services:
        if environment is None:
            environment = counted_environment(services, name)
        judgement = act(services, name, environment=environment)
    say(
        {
            "study": name,
            "environment": environment,
            "is_applied": is_applied,
            **vars(judgement),
        },
        as_json=as_json,
        text=lambda: _told(judgement, environment, name=name, is_applied=is_applied),
    )


COMMANDS = (judge,)


def _told(
    judgement: Judgement, environment: Environment, *, name: str, is_applied: bool
) -> str:
    lines = [
        f"{environment}: {judgement.n_judged} completed sessions, {judgement.n_valid} valid by the "
        f"rules of {name!r}; {judgement.n_changed} differ from what was stored"
    ]
    if judgement.changes:
        rows = [
            [c.participant, c.session, _words(c.stored), _words(c.found), c.n_responses]
            for c in judgement.changes
        ]
        head = ["participant", "session", "stored", "by the rules", "responses"]
        lines.append(as_table(head, rows))
        lines.append(
            "stored now" if is_applied else "nothing changed: --apply stores it"
        )
    return "\n".join(lines)


def _words(reason: str | None) -> str:
    return "valid" if reason is None else reason.replace(";", ", ")
