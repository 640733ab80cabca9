"""Studies and how far they are, for whoever is signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from study_server.recruiters.base import Environment
from study_server.services.bundles.imported_records import (
    imported_record,
    list_imported,
)
from study_server.services.market.status import set_aside_work
from study_server.services.participation.held_work import list_held_work
from study_server.services.studies.progress import list_studies, study_progress
from study_server.services.studies.records import (
    BlockProgress,
    ConditionProgress,
    StudyOverview,
    StudyProgress,
)
from study_server.web.access import for_viewers
from study_server.web.application import services
from study_server.web.dashboard.charts import SessionsBar, make_bar, make_histogram

dashboard = Blueprint("dashboard", __name__)

SHOWN: Final[tuple[Environment, ...]] = ("live", "pilot", "sandbox", "simulated")
_MAX_BLOCKS: Final = 200

_COMMANDS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "draft": (
        ("try it with a few people first", "study pilot {name}"),
        ("lock hypotheses, rules and stimuli", "study freeze {name}"),
    ),
    "pilot": (("lock hypotheses, rules and stimuli", "study freeze {name}"),),
    "frozen": (("let people in", "study open {name}"),),
    "open": (
        ("look at what there is so far", "study export {name} --out bundle"),
        ("let nobody new in", "study close {name}"),
    ),
    "closed": (
        ("export what was collected", "study export {name} --out bundle"),
        ("make the report", "report make bundle --out report"),
    ),
}


@dashboard.get("/dashboard/")
@for_viewers
def studies() -> ResponseReturnValue:
    """Every study with its progress."""
    found = [(study, _bar(study)) for study in list_studies(services())]
    return render_template(
        "dashboard/studies.html", studies=found, imported=list_imported(services())
    )


@dashboard.get("/dashboard/imported/<name>")
@for_viewers
def imported(name: str) -> ResponseReturnValue:
    """One study that was collected elsewhere."""
    record = imported_record(services(), name)
    commands = [
        (words, f"secondlook {command.format(name=name)}")
        for words, command in _COMMANDS["closed"]
    ]
    return render_template("dashboard/imported.html", study=record, commands=commands)


@dashboard.get("/dashboard/studies/<name>")
@for_viewers
def study(name: str) -> ResponseReturnValue:
    """One study."""
    environment = shown_environment(name)
    progress = study_progress(services(), name, environment=environment)
    design = progress.study.file.design
    return render_template(
        "dashboard/study.html",
        progress=progress,
        study=progress.study,
        environments=SHOWN,
        whole=_whole(progress),
        conditions=[(entry, _bar(entry)) for entry in progress.conditions],
        blocks=[(entry, _bar(entry)) for entry in progress.blocks[:_MAX_BLOCKS]],
        n_blocks_left_out=max(0, len(progress.blocks) - _MAX_BLOCKS),
        histogram=make_histogram(
            progress.responses_per_trial, n_wanted=design.responses_per_trial
        ),
        commands=_commands(progress),
        set_aside=set_aside_work(services(), name, environment=environment),
        held=list_held_work(services(), name, environment=environment),
    )


def shown_environment(name: str) -> Environment:
    """What the address asks for, or what the list of studies counts."""
    asked = request.args.get("environment")
    for known in SHOWN:
        if asked == known:
            return known
    listed = {entry.name: entry.environment for entry in list_studies(services())}
    return listed.get(name, "live")


def _bar(entry: StudyOverview | ConditionProgress | BlockProgress) -> SessionsBar:
    return make_bar(
        n_wanted=entry.n_wanted, n_valid=entry.n_valid, n_reserved=entry.n_reserved
    )


def _whole(progress: StudyProgress) -> SessionsBar:
    return make_bar(
        n_wanted=sum(entry.n_wanted for entry in progress.conditions),
        n_valid=sum(entry.n_valid for entry in progress.conditions),
        n_reserved=sum(entry.n_reserved for entry in progress.conditions),
    )


def _commands(progress: StudyProgress) -> list[tuple[str, str]]:
    name = progress.study.name
    return [
        (words, f"secondlook {command.format(name=name)}")
        for words, command in _COMMANDS.get(progress.study.state, ())
    ]
