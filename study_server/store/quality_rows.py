"""What a look at quality needs of the responses: plain rows, without external ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, case, cast, or_, select

from study_server.database.engine import Transaction
from study_server.store.tables import (
    Enrolment,
    Participant,
    Response,
    Session,
    SessionTrial,
    Trial,
)

COLUMNS = (
    "participant",
    "session",
    "trial",
    "role",
    "control",
    "condition",
    "answer",
    "is_given",
    "accepts",
    "is_right",
    "rt_ms",
    "wall_ms",
    "visible_ms",
    "is_left_out",
)


def responses_so_far(
    tx: Transaction, study_id: int, *, environment: str
) -> Sequence[tuple[Any, ...]]:
    """Every response but practice and those of people who withdrew.

    Rows in the order of `COLUMNS`; the answer is the response's JSON text, and the
    condition that of the person, or else of the trial.
    """
    condition = case(
        (Enrolment.condition != "", Enrolment.condition), else_=Trial.condition
    )
    is_left_out = or_(
        Session.validity == "invalid", Response.exclusion_reason.is_not(None)
    )
    query = (
        select(
            Participant.public_id,
            Session.id,
            Trial.id,
            Trial.role,
            Trial.control,
            condition,
            cast(Response.payload, Text),
            Response.payload.is_not(None),
            Response.accepts,
            Response.is_right,
            Response.rt_ms,
            Response.wall_ms,
            Response.visible_ms,
            is_left_out,
        )
        .select_from(Response)
        .join(SessionTrial, SessionTrial.id == Response.session_trial_id)
        .join(Trial, Trial.id == SessionTrial.trial_id)
        .join(Session, Session.id == Response.session_id)
        .join(Enrolment, Enrolment.id == Session.enrolment_id)
        .join(Participant, Participant.id == Enrolment.participant_id)
        .where(
            Enrolment.study_id == study_id,
            Enrolment.environment == environment,
            Enrolment.withdrawn_at.is_(None),
            SessionTrial.kind == "trials",
        )
        .order_by(Response.id)
    )
    return [tuple(row) for row in tx.execute(query)]
