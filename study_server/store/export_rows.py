"""Queries of an export: plain rows in a fixed order, without external ids.

Nothing here reads the `worker` table or what the recruiter called a visit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, case, func, literal, select

from study_server.database.engine import Transaction
from study_server.store.participation.people import has_failed_check
from study_server.store.tables import (
    Amendment,
    AuditResponse,
    AuditTrial,
    Block,
    DisplayEvent,
    Enrolment,
    Participant,
    Recruitment,
    Response,
    Session,
    SessionTrial,
    Stimulus,
    Study,
    StudyClass,
    SurveyResponse,
    Trial,
)

Row = Mapping[str, Any]

_ROWS_AT_ONCE: Final = 2000


@dataclass(frozen=True, kw_only=True)
class ExportScope:
    """What is exported: one study, one kind of participants.

    Attributes:
        study_id: The study's row.
        environment: live, pilot or simulated.
    """

    study_id: int
    environment: str


def study_names(tx: Transaction) -> list[str]:
    """The names of every study, in alphabetical order."""
    return list(tx.scalars(select(Study.name).order_by(Study.name)))


def environments_with_people(tx: Transaction, study_id: int) -> set[str]:
    """In which environments somebody has enrolled."""
    query = select(Enrolment.environment).where(Enrolment.study_id == study_id)
    return set(tx.scalars(query.distinct()))


def amendments(tx: Transaction, study_id: int) -> list[Amendment]:
    """The study's amendments, oldest first."""
    query = select(Amendment).where(Amendment.study_id == study_id)
    return list(tx.scalars(query.order_by(Amendment.id)))


def classes(tx: Transaction, study_id: int) -> Iterator[Row]:
    """Every class: class_id, name, gloss."""
    columns = StudyClass.class_id, StudyClass.name, StudyClass.gloss
    query = select(*columns).where(StudyClass.study_id == study_id)
    return _stream(tx, query.order_by(StudyClass.position))


def stimuli(tx: Transaction, study_id: int) -> Iterator[Row]:
    """Every stimulus; `file` is its path inside the set."""
    query = select(
        Stimulus.stimulus_id,
        Stimulus.file,
        Stimulus.source,
        Stimulus.source_sha256,
        Stimulus.label,
        Stimulus.width,
        Stimulus.height,
        Stimulus.method,
        Stimulus.licence,
        Stimulus.credit,
        Stimulus.predictions,
        Stimulus.image_columns,
    ).where(Stimulus.study_id == study_id)
    return _stream(tx, query.order_by(Stimulus.id))


def trials(tx: Transaction, study_id: int) -> Iterator[Row]:
    """Every trial, without the truth that simulated participants know."""
    query = select(
        Trial.id,
        Trial.trial_id,
        Trial.question,
        Trial.role,
        Trial.control,
        Trial.condition,
        Trial.classes,
        Trial.sources,
        Trial.slots,
        Trial.key,
        Trial.uses,
    ).where(Trial.study_id == study_id)
    return _stream(tx, query.order_by(Trial.id))


def sessions(tx: Transaction, scope: ExportScope) -> Iterator[Row]:
    """Every session, with how its trials went."""
    is_trial = SessionTrial.kind == "trials"
    is_catch = is_trial & (Trial.role == "catch")
    query = (
        select(
            Session.public_id.label("session"),
            Participant.public_id.label("participant"),
            Recruitment.recruiter,
            Enrolment.environment,
            Enrolment.competence,
            Enrolment.condition,
            Block.number.label("block"),
            Session.number.label("block_number"),
            Session.state,
            Session.validity,
            Session.reason,
            Enrolment.consented_at,
            Session.started_at,
            Session.completed_at,
            Session.part_order,
            Enrolment.screen,
            Enrolment.screen_px_per_mm,
            Enrolment.screen_pixel_ratio,
            Enrolment.screen_distance_mm,
            Enrolment.n_comprehension_tries,
            _count(is_trial).label("n_trials"),
            _count(is_catch).label("n_catch"),
            _count(is_catch & Response.is_right.is_(True)).label("n_catch_right"),
            _count(is_trial & Response.id.is_not(None)).label("n_responses"),
            func.sum(case((is_trial, Response.rt_ms))).label("sum_rt_ms"),
            func.coalesce(
                func.sum(case((is_trial, Response.n_display_failures), else_=0)), 0
            ).label("n_display_failures"),
        )
        .select_from(Session)
        .join(Enrolment, Session.enrolment_id == Enrolment.id)
        .join(Participant, Enrolment.participant_id == Participant.id)
        .join(Recruitment, Enrolment.recruitment_id == Recruitment.id)
        .join(Block, Session.block_id == Block.id)
        .outerjoin(SessionTrial, SessionTrial.session_id == Session.id)
        .outerjoin(Trial, SessionTrial.trial_id == Trial.id)
        .outerjoin(Response, Response.session_trial_id == SessionTrial.id)
        .where(*_in(scope))
        .group_by(Session.id, Participant.id, Recruitment.id, Enrolment.id, Block.id)
    )
    return _stream(tx, query.order_by(Session.id))


def responses(tx: Transaction, scope: ExportScope) -> Iterator[Row]:
    """Every response in the order of acceptance; `trial_id` is the row's id."""
    query = (
        select(
            Response.id.label("response"),
            Session.public_id.label("session"),
            Participant.public_id.label("participant"),
            SessionTrial.trial_id,
            SessionTrial.position,
            SessionTrial.class_order,
            SessionTrial.part,
            SessionTrial.part_position,
            Session.part_order,
            Session.validity,
            Response.payload,
            Response.rt_ms,
            Response.received_at,
            Response.is_right,
            Response.accepts,
            Response.n_display_failures,
            Response.context,
            Response.exclusion_reason,
            Response.wall_ms,
            Response.visible_ms,
            Response.all_shown_ms,
            Response.exposure_frames,
            Response.missed_frames,
            Response.dropped_frames,
        )
        .join(Session, Response.session_id == Session.id)
        .join(SessionTrial, Response.session_trial_id == SessionTrial.id)
        .join(Enrolment, Session.enrolment_id == Enrolment.id)
        .join(Participant, Enrolment.participant_id == Participant.id)
        .where(*_in(scope))
    )
    return _stream(tx, query.order_by(Response.id))


def events(tx: Transaction, scope: ExportScope) -> Iterator[Row]:
    """Every display event, by response and number."""
    query = (
        select(
            DisplayEvent.response_id.label("response"),
            DisplayEvent.number,
            DisplayEvent.kind,
            DisplayEvent.at_ms,
            DisplayEvent.slot,
            DisplayEvent.details,
        )
        .join(Response, DisplayEvent.response_id == Response.id)
        .join(Session, Response.session_id == Session.id)
        .join(Enrolment, Session.enrolment_id == Enrolment.id)
        .where(*_in(scope))
    )
    order = DisplayEvent.response_id, DisplayEvent.number
    return _stream(tx, query.order_by(*order))


def survey(tx: Transaction, scope: ExportScope) -> Iterator[Row]:
    """Every field of the exit survey."""
    query = (
        select(
            Session.public_id.label("session"),
            Participant.public_id.label("participant"),
            SurveyResponse.field,
            SurveyResponse.value,
        )
        .join(Session, SurveyResponse.session_id == Session.id)
        .join(Enrolment, Session.enrolment_id == Enrolment.id)
        .join(Participant, Enrolment.participant_id == Participant.id)
        .where(*_in(scope))
    )
    return _stream(tx, query.order_by(SurveyResponse.id))


def audit(tx: Transaction, study_id: int) -> Iterator[Row]:
    """Every trial the researcher has judged, in the order shown."""
    query = (
        select(
            Trial.trial_id.label("trial"),
            AuditResponse.accepts,
            AuditResponse.received_at.label("at"),
        )
        .join(AuditTrial, AuditResponse.audit_trial_id == AuditTrial.id)
        .join(Trial, AuditTrial.trial_id == Trial.id)
        .where(AuditTrial.study_id == study_id)
    )
    return _stream(tx, query.order_by(AuditTrial.position))


def flow(tx: Transaction, scope: ExportScope) -> dict[str, int]:
    """How many people reached each point; a person counts once per point."""
    found = _flow(tx, scope, by=None)
    return {name: sum(row[name] for row in found.values()) for name in _POINTS}


def flow_by_condition(tx: Transaction, scope: ExportScope) -> list[dict[str, Any]]:
    """The same for each condition between people, by its name."""
    found = _flow(tx, scope, by=Enrolment.condition)
    return [{"condition": name, **found[name]} for name in sorted(found)]


_POINTS: Final = (
    "arrived",
    "consented",
    "failed_comprehension",
    "withdrawn",
    "started",
    "expired",
    "completed",
    "valid",
)


def _flow(tx: Transaction, scope: ExportScope, *, by: Any) -> dict[str, dict[str, int]]:  # noqa: ANN401 - a column, or None
    """Point to people, by condition; one entry "" where `by` is None."""
    group = literal("") if by is None else by
    people = select(
        group.label("condition"),
        func.count(Enrolment.id).label("arrived"),
        func.count(Enrolment.consented_at).label("consented"),
        _count(has_failed_check()).label("failed_comprehension"),
        func.count(Enrolment.withdrawn_at).label("withdrawn"),
    ).where(*_in(scope))
    reached = (
        select(
            group.label("condition"),
            _people(Session.started_at.is_not(None)).label("started"),
            _people(Session.state == "expired").label("expired"),
            _people(Session.state == "completed").label("completed"),
            _people(Session.validity == "valid").label("valid"),
        )
        .select_from(Session)
        .join(Enrolment, Session.enrolment_id == Enrolment.id)
        .where(*_in(scope))
    )
    found: dict[str, dict[str, int]] = {}
    for query in (people, reached):
        grouped = query if by is None else query.group_by(by)
        for row in tx.execute(grouped).mappings():
            counts = found.setdefault(row["condition"], dict.fromkeys(_POINTS, 0))
            counts.update({k: int(n) for k, n in row.items() if k != "condition"})
    return found


def _in(scope: ExportScope) -> tuple[Any, Any]:
    return (
        Enrolment.study_id == scope.study_id,
        Enrolment.environment == scope.environment,
    )


def _count(condition: Any) -> Any:  # noqa: ANN401 - an SQL expression
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _people(condition: Any) -> Any:  # noqa: ANN401 - an SQL expression
    return func.count(func.distinct(case((condition, Enrolment.id))))


def _stream(tx: Transaction, query: Select[*tuple[Any, ...]]) -> Iterator[Row]:
    found = tx.execute(query.execution_options(yield_per=_ROWS_AT_ONCE))
    for row in found.mappings():
        yield dict(row)
