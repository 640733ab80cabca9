"""What studies are, and how far they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from study_server.config import Settings
from study_server.errors import StudyStateError, UnknownStudyError
from study_server.recruiters.base import Environment
from study_server.services import Services
from study_server.services.studies import recruitments
from study_server.services.studies.records import (
    AmendmentRecord,
    BlockProgress,
    ConditionProgress,
    SessionCount,
    StudyOverview,
    StudyProgress,
    StudyRecord,
)
from study_server.services.study_files.sections import StudyFile
from study_server.store import Transaction, blocks, imports, studies
from study_server.store.participation import people, responses, sessions
from study_server.store.tables import Study


def require_study(tx: Transaction, name: str) -> Study:
    """The study of that name.

    Raises:
        UnknownStudyError: If there is none; the message lists those there are.
    """
    study = studies.find_study(tx, name)
    if study is None and imports.find_imported(tx, name) is not None:
        raise StudyStateError(
            f"study {name!r} was collected elsewhere and imported: it is never opened "
            "or changed here; `secondlook study show` and `export` work on it"
        )
    if study is None:
        known = ", ".join(studies.study_names(tx)) or "none yet"
        raise UnknownStudyError(
            f"no study {name!r}; there are: {known}. Create one with `secondlook "
            "study create STUDY.toml --stimuli SET`"
        )
    return study


def get_study(services: Services, name: str) -> StudyRecord:
    """The study of that name.

    Raises:
        UnknownStudyError: If there is none; the message lists those there are.
    """
    with services.store.read() as tx:
        return to_record(tx, require_study(tx, name), settings=services.settings)


def to_record(tx: Transaction, study: Study, *, settings: Settings) -> StudyRecord:
    """A study as it stands, with its links."""
    return StudyRecord(
        id=study.id,
        name=study.name,
        title=study.title,
        paradigm=study.paradigm,
        state=study.state,
        seed=study.seed,
        file=StudyFile.model_validate(study.settings),
        set_folder=Path(study.set_folder),
        set_sha256=study.set_sha256,
        set_summary=study.set_summary,
        recipe_toml=study.recipe_toml,
        created_at=study.created_at,
        frozen_at=study.frozen_at,
        frozen_sha256=study.frozen_sha256,
        opened_at=study.opened_at,
        closed_at=study.closed_at,
        paused_at=study.paused_at,
        amendments=tuple(
            AmendmentRecord(at=row.at, text=row.text)
            for row in studies.amendments_of(tx, study.id)
        ),
        recruitments=tuple(
            recruitments.to_record(tx, row, settings=settings)
            for row in studies.recruitments_of(tx, study.id)
        ),
    )


def list_studies(services: Services) -> list[StudyOverview]:
    """Every study, newest first.

    Counts are live ones; those of the pilot while a study is piloted, and
    simulated ones where nothing else happened.
    """
    with services.store.read() as tx:
        return [_overview(services, tx, study) for study in studies.all_studies(tx)]


def study_progress(
    services: Services, name: str, *, environment: Environment = "live"
) -> StudyProgress:
    """How far one study is, in one environment.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    with services.store.read() as tx:
        study = require_study(tx, name)
        progress = _blocks(services, tx, study.id, environment=environment)
        arrivals = people.count_arrivals(tx, study.id, environment=environment)
        per_trial = responses.valid_per_trial(tx, study.id, environment=environment)
        return StudyProgress(
            study=to_record(tx, study, settings=services.settings),
            environment=environment,
            conditions=_conditions(progress),
            blocks=progress,
            responses_per_trial=dict(sorted(Counter(per_trial.values()).items())),
            sessions=tuple(
                SessionCount(
                    state=group.state,
                    validity=group.validity,
                    reason=group.reason,
                    n_sessions=group.n_sessions,
                )
                for group in sessions.count_by_end(
                    tx, study.id, environment=environment, now=services.clock()
                )
            ),
            n_arrived=arrivals.n_arrived,
            n_consented=arrivals.n_consented,
            n_failed_comprehension=arrivals.n_failed_comprehension,
        )


def _overview(services: Services, tx: Transaction, study: Study) -> StudyOverview:
    environment: Environment = "pilot" if study.state == "pilot" else "live"
    if environment == "live" and not _has_people(tx, study.id, "live"):
        environment = "simulated" if _has_people(tx, study.id, "simulated") else "live"
    progress = _blocks(services, tx, study.id, environment=environment)
    return StudyOverview(
        name=study.name,
        title=study.title,
        paradigm=study.paradigm,
        state=study.state,
        created_at=study.created_at,
        environment=environment,
        n_wanted=sum(block.n_wanted for block in progress),
        n_valid=sum(block.n_valid for block in progress),
        n_reserved=sum(block.n_reserved for block in progress),
    )


def _has_people(tx: Transaction, study_id: int, environment: str) -> bool:
    arrivals = people.count_arrivals(tx, study_id, environment=environment)
    return arrivals.n_arrived > 0


def _blocks(
    services: Services, tx: Transaction, study_id: int, *, environment: Environment
) -> tuple[BlockProgress, ...]:
    return tuple(
        BlockProgress(
            number=entry.block.number,
            condition=entry.block.condition,
            n_trials=entry.n_trials,
            n_wanted=entry.block.n_wanted,
            n_valid=entry.block.n_valid,
            n_reserved=entry.n_reserved,
        )
        for entry in blocks.blocks_of(
            tx, study_id, environment=environment, now=services.clock()
        )
    )


def _conditions(progress: Iterable[BlockProgress]) -> tuple[ConditionProgress, ...]:
    by_condition: dict[str, list[BlockProgress]] = {}
    for block in progress:
        by_condition.setdefault(block.condition, []).append(block)
    return tuple(
        ConditionProgress(
            condition=condition,
            n_blocks=len(group),
            n_wanted=sum(block.n_wanted for block in group),
            n_valid=sum(block.n_valid for block in group),
            n_reserved=sum(block.n_reserved for block in group),
        )
        for condition, group in sorted(by_condition.items())
    )
