"""Queries of the researcher's own blinded check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select

from study_server.database.engine import Transaction
from study_server.store.export_rows import ExportScope
from study_server.store.tables import (
    AuditResponse,
    AuditTrial,
    Enrolment,
    Response,
    Session,
    SessionTrial,
    Trial,
)


@dataclass(frozen=True, kw_only=True)
class TrialVote:
    """One valid response to a main trial, by the trial's row."""

    trial_id: int
    accepts: bool


@dataclass(frozen=True, kw_only=True)
class SampledTrial:
    """A trial drawn for the check.

    Attributes:
        trial_id: The trial's row.
        token: Its public name in the check.
        stratum: The number of accepting responses it was drawn for.
    """

    trial_id: int
    token: str
    stratum: int


@dataclass(frozen=True, kw_only=True)
class AuditCount:
    """How far one stratum is.

    Attributes:
        stratum: Accepting responses of participants.
        n_trials: Trials drawn.
        n_done: Trials the researcher judged.
        n_accepted: Of these, how many they accepted.
        n_rejected: And how many not; the rest is no vote.
    """

    stratum: int
    n_trials: int
    n_done: int
    n_accepted: int
    n_rejected: int


def votes(tx: Transaction, scope: ExportScope) -> list[TrialVote]:
    """Every valid response to a main trial, in the order of acceptance."""
    query = (
        select(SessionTrial.trial_id, Response.accepts)
        .join(SessionTrial, Response.session_trial_id == SessionTrial.id)
        .join(Trial, SessionTrial.trial_id == Trial.id)
        .join(Session, Response.session_id == Session.id)
        .join(Enrolment, Session.enrolment_id == Enrolment.id)
        .where(
            Enrolment.study_id == scope.study_id,
            Enrolment.environment == scope.environment,
            Session.validity == "valid",
            Trial.role == "main",
            Response.accepts.is_not(None),
        )
    )
    return [
        TrialVote(trial_id=row[0], accepts=bool(row[1]))
        for row in tx.execute(query.order_by(Response.id))
    ]


def sampled_trials(tx: Transaction, study_id: int) -> set[int]:
    """The rows of the trials drawn so far."""
    query = select(AuditTrial.trial_id).where(AuditTrial.study_id == study_id)
    return set(tx.scalars(query))


def add_sample(
    tx: Transaction, study_id: int, *, sample: Iterable[SampledTrial], at: datetime
) -> None:
    """Put trials at the end of the check, in this order."""
    last = select(func.max(AuditTrial.position)).where(AuditTrial.study_id == study_id)
    found = tx.scalar(last)
    first = 0 if found is None else found + 1
    tx.add_all(
        AuditTrial(
            study_id=study_id,
            trial_id=trial.trial_id,
            token=trial.token,
            position=position,
            stratum=trial.stratum,
            created_at=at,
        )
        for position, trial in enumerate(sample, first)
    )
    tx.flush()


def counts(tx: Transaction, study_id: int) -> list[AuditCount]:
    """How far each stratum is."""
    query = (
        select(
            AuditTrial.stratum,
            func.count(AuditTrial.id),
            func.count(AuditResponse.id),
            func.count(case((AuditResponse.accepts.is_(True), 1))),
            func.count(case((AuditResponse.accepts.is_(False), 1))),
        )
        .outerjoin(AuditResponse, AuditResponse.audit_trial_id == AuditTrial.id)
        .where(AuditTrial.study_id == study_id)
        .group_by(AuditTrial.stratum)
    )
    return [
        AuditCount(
            stratum=row[0],
            n_trials=row[1],
            n_done=row[2],
            n_accepted=row[3],
            n_rejected=row[4],
        )
        for row in tx.execute(query.order_by(AuditTrial.stratum))
    ]


def next_trials(tx: Transaction, study_id: int, *, n: int) -> Sequence[AuditTrial]:
    """The first trials that are not judged yet."""
    query = (
        select(AuditTrial)
        .outerjoin(AuditResponse, AuditResponse.audit_trial_id == AuditTrial.id)
        .where(AuditTrial.study_id == study_id, AuditResponse.id.is_(None))
    )
    return tx.scalars(query.order_by(AuditTrial.position).limit(n)).all()


def find_trial(tx: Transaction, study_id: int, *, token: str) -> AuditTrial | None:
    """The trial of that public name in the study's check."""
    query = select(AuditTrial).where(
        AuditTrial.study_id == study_id, AuditTrial.token == token
    )
    return tx.scalar(query)


def find_response(tx: Transaction, audit_trial_id: int) -> AuditResponse | None:
    """The researcher's response to a trial of the check."""
    query = select(AuditResponse).where(AuditResponse.audit_trial_id == audit_trial_id)
    return tx.scalar(query)


def add_response(
    tx: Transaction,
    trial: AuditTrial,
    *,
    payload: dict[str, Any],
    accepts: bool | None,
    user_id: int | None,
    at: datetime,
) -> None:
    """Keep the researcher's response, apart from everybody else's."""
    tx.add(
        AuditResponse(
            audit_trial_id=trial.id,
            user_id=user_id,
            payload=payload,
            accepts=accepts,
            received_at=at,
        )
    )
    tx.flush()


def trial_row(tx: Transaction, trial_id: int) -> Trial:
    """The trial of that row."""
    return tx.get_one(Trial, trial_id)


def trials_of_role(tx: Transaction, study_id: int, *, role: str) -> Sequence[Trial]:
    """Every trial of one role, by identity."""
    query = select(Trial).where(Trial.study_id == study_id, Trial.role == role)
    return tx.scalars(query.order_by(Trial.trial_id)).all()
