"""Queries on studies, their stimuli, trials and recruitments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Exists, delete, exists, func, insert, or_, select, update

from study_server.database.engine import Transaction
from study_server.store.tables import (
    Amendment,
    Base,
    Enrolment,
    MarketAccount,
    PersonalLink,
    Recruitment,
    Stimulus,
    Study,
    StudyClass,
    Trial,
    TrialSource,
)

_ROWS_AT_ONCE = 500


def find_study(tx: Transaction, name: str) -> Study | None:
    """The study of that name."""
    return tx.scalar(select(Study).where(Study.name == name))


def preview_edition(tx: Transaction, name: str) -> int | None:
    """Which links to previews of a study hold; None where there is no such study."""
    return tx.scalar(select(Study.preview_edition).where(Study.name == name))


def end_previews(tx: Transaction, name: str) -> None:
    """End every link to previews of a study that was made before."""
    tx.execute(
        update(Study)
        .where(Study.name == name)
        .values(preview_edition=Study.preview_edition + 1)
    )


def get_study(tx: Transaction, study_id: int) -> Study:
    """The study with that key."""
    return tx.get_one(Study, study_id)


def lock_study(tx: Transaction, study_id: int) -> Study:
    """The study, held until the transaction ends: admissions queue up here."""
    query = select(Study).where(Study.id == study_id)
    return tx.scalars(
        query.with_for_update(key_share=True),
        execution_options={"populate_existing": True},
    ).one()


def all_studies(tx: Transaction) -> Sequence[Study]:
    """Every study, newest first."""
    query = select(Study).order_by(Study.created_at.desc(), Study.id.desc())
    return tx.scalars(query).all()


def study_names(tx: Transaction) -> Sequence[str]:
    """The name of every study, sorted."""
    return tx.scalars(select(Study.name).order_by(Study.name)).all()


def add(tx: Transaction, row: Base) -> None:
    """Add one row; its key is known afterwards."""
    tx.add(row)
    tx.flush()


def amendments_of(tx: Transaction, study_id: int) -> Sequence[Amendment]:
    """The study's amendments, oldest first."""
    query = select(Amendment).where(Amendment.study_id == study_id)
    return tx.scalars(query.order_by(Amendment.at, Amendment.id)).all()


def has_enrolments(tx: Transaction, study_id: int) -> bool:
    """Whether anybody ever entered the study, or it was posted on a market."""
    entered = exists().where(Enrolment.study_id == study_id)
    return bool(tx.scalar(select(or_(entered, _is_posted(study_id)))))


def _is_posted(study_id: int) -> Exists:
    return exists().where(
        MarketAccount.recruitment_id == Recruitment.id,
        Recruitment.study_id == study_id,
    )


def delete_study(tx: Transaction, study_id: int) -> None:
    """Remove a study and everything below it."""
    tx.execute(delete(Study).where(Study.id == study_id))


def insert_classes(tx: Transaction, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows of `StudyClass`."""
    _insert(tx, StudyClass, rows)


def insert_stimuli(tx: Transaction, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows of `Stimulus`."""
    _insert(tx, Stimulus, rows)


def insert_trials(
    tx: Transaction, study_id: int, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Add rows of `Trial`, and of `TrialSource` for what was judged.

    Args:
        tx: The transaction.
        study_id: The study they belong to.
        rows: Columns of `Trial`, and `judged`: the source images that somebody
            given the trial has seen.
    """
    bare = ({k: v for k, v in row.items() if k != "judged"} for row in rows)
    _insert(tx, Trial, bare)
    query = select(Trial.trial_id, Trial.id).where(Trial.study_id == study_id)
    keys = {row.trial_id: row.id for row in tx.execute(query)}
    _insert(
        tx,
        TrialSource,
        (
            {"trial_id": keys[row["trial_id"]], "source_sha256": source}
            for row in rows
            for source in dict.fromkeys(row["judged"])
        ),
    )


def recruitments_of(tx: Transaction, study_id: int) -> Sequence[Recruitment]:
    """The study's recruitments, in order of creation."""
    query = select(Recruitment).where(Recruitment.study_id == study_id)
    return tx.scalars(query.order_by(Recruitment.id)).all()


def find_recruitment(tx: Transaction, token: str) -> Recruitment | None:
    """The recruitment behind a link."""
    return tx.scalar(select(Recruitment).where(Recruitment.token == token))


def get_recruitment(tx: Transaction, recruitment_id: int) -> Recruitment:
    """The recruitment with that key."""
    return tx.get_one(Recruitment, recruitment_id)


def delete_unused_recruitments(
    tx: Transaction, study_id: int, *, keep: Collection[str]
) -> None:
    """Remove the recruitments through which nobody ever came, and nothing was posted.

    Those of a recruiter in `keep` stay if people came through another of its
    environments: both share their personal links.
    """
    query = select(Recruitment.id, Recruitment.recruiter).where(
        Recruitment.study_id == study_id,
        or_(
            exists().where(Enrolment.recruitment_id == Recruitment.id),
            exists().where(MarketAccount.recruitment_id == Recruitment.id),
        ),
    )
    used = tx.execute(query).all()
    shared = {row.recruiter for row in used} & set(keep)
    tx.execute(
        delete(Recruitment).where(
            Recruitment.study_id == study_id,
            Recruitment.id.not_in([row.id for row in used]),
            Recruitment.recruiter.not_in(shared),
        ),
        execution_options={"synchronize_session": False},
    )


def personal_links_of(
    tx: Transaction, study_id: int, *, recruiter: str
) -> Sequence[PersonalLink]:
    """The links for one person each, in order; the same in every environment."""
    query = (
        select(PersonalLink)
        .join(Recruitment, Recruitment.id == PersonalLink.recruitment_id)
        .where(Recruitment.study_id == study_id, Recruitment.recruiter == recruiter)
    )
    return tx.scalars(query.order_by(PersonalLink.number, PersonalLink.id)).all()


def has_personal_link(tx: Transaction, recruitment: Recruitment, token: str) -> bool:
    """Whether this is somebody's link, in whichever environment it was made."""
    query = (
        select(func.count())
        .select_from(PersonalLink)
        .join(Recruitment, Recruitment.id == PersonalLink.recruitment_id)
        .where(
            Recruitment.study_id == recruitment.study_id,
            Recruitment.recruiter == recruitment.recruiter,
            PersonalLink.token == token,
        )
    )
    return bool(tx.scalar(query))


def insert_personal_links(tx: Transaction, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows of `PersonalLink`."""
    _insert(tx, PersonalLink, rows)


def _insert(
    tx: Transaction, table: type[Base], rows: Iterable[Mapping[str, Any]]
) -> None:
    waiting: list[Mapping[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == _ROWS_AT_ONCE:
            tx.execute(insert(table), waiting)
            waiting = []
    if waiting:
        tx.execute(insert(table), waiting)
