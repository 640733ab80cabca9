"""A person into a block: the session, its trials, and what they have now seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from study_server.errors import StudyFullError
from study_server.services import Services
from study_server.services.blocks.class_orders import in_person_order
from study_server.services.blocks.cutting import (
    PRACTICE,
    DealtTrial,
    SessionDeal,
    deal_session,
    per_block_counts,
    seed_from,
)
from study_server.services.blocks.part_dealing import DealtParts, deal_in_parts
from study_server.services.blocks.parts import written_order
from study_server.services.participation import leases
from study_server.services.studies import session_parts
from study_server.services.study_files.paradigm import paradigm_of
from study_server.services.study_files.sections import StudyFile
from study_server.store import Transaction, blocks, trials
from study_server.store.participation import people, sessions
from study_server.store.tables import Block, Enrolment, Session, Study

STRICT_ROLES = ("main", "control")


def wanted_block(
    study: Study, *, environment: str, enrolment: Enrolment | None
) -> blocks.WantedBlock:
    """What kind of block somebody needs."""
    file = StudyFile.model_validate(study.settings)
    return blocks.WantedBlock(
        study_id=study.id,
        environment=environment,
        condition=None if enrolment is None else enrolment.condition,
        enrolment_id=None if enrolment is None else enrolment.id,
        allow_same_source=file.design.allow_same_source,
    )


def reserve_block(
    services: Services,
    tx: Transaction,
    study: Study,
    *,
    environment: str,
    enrolment: Enrolment | None,
) -> Block:
    """Reserve a block; the caller has swept and holds the study's lock.

    Raises:
        StudyFullError: If there is none for this person.
    """
    wanted = wanted_block(study, environment=environment, enrolment=enrolment)
    block = blocks.reserve_place(tx, wanted, now=services.clock())
    if block is None:
        texts = StudyFile.model_validate(study.settings).all_texts()
        raise StudyFullError(texts["full"])
    return block


def has_new_catches(tx: Transaction, study: Study, *, enrolment: Enrolment) -> bool:
    """Whether enough catches are new to this person for one more block."""
    return _deal_of(tx, study, enrolment=enrolment, roles=("catch",)).has_catches()


def begin_session(
    services: Services,
    tx: Transaction,
    study: Study,
    *,
    enrolment: Enrolment,
    block: Block,
    recruiter_ids: dict[str, str],
) -> Session:
    """Begin a session on a reserved block, in an order of its own."""
    file = StudyFile.model_validate(study.settings)
    number = sessions.count_sessions(tx, enrolment.id) + 1
    order_seed = seed_from(
        study.seed, block.environment, block.number, block.n_admitted
    )
    deal = _deal(tx, study, enrolment=enrolment, block=block, is_first=number == 1)
    dealt = _dealt(tx, file, deal, enrolment=enrolment, seed=order_seed)
    now = services.clock()
    session = Session(
        public_id=services.new_token(),
        enrolment_id=enrolment.id,
        block_id=block.id,
        number=number,
        state="started",
        validity="pending",
        order_seed=order_seed,
        recruiter_ids=recruiter_ids,
        admitted_at=now,
        lease_ends_at=leases.lease_end(file, enrolment, now=now),
        part_order=written_order(dealt.order) or None,
    )
    questions = paradigm_of(file).questions
    person_seed = seed_from(study.seed, "order", enrolment.id)
    placed = in_person_order(dealt.trials, questions, seed=person_seed)
    rows = [_row(entry, token=services.new_token()) for entry in placed]
    sessions.add_session(tx, session, trials=rows)
    _note_sources(tx, enrolment, dealt.trials, may_repeat=file.design.allow_same_source)
    return session


def _dealt(
    tx: Transaction,
    file: StudyFile,
    deal: SessionDeal,
    *,
    enrolment: Enrolment,
    seed: int,
) -> DealtParts:
    """The session's trials; in parts where the study has any."""
    rng = np.random.default_rng(seed)
    parts = session_parts.in_order(tx, file, enrolment=enrolment)
    if parts:
        return deal_in_parts(deal, parts, rng=rng)
    return DealtParts(order=(), trials=deal_session(deal, rng=rng))


def begin_another_session(
    services: Services,
    tx: Transaction,
    study: Study,
    *,
    enrolment: Enrolment,
    recruiter_ids: dict[str, str],
) -> None:
    """One more block for somebody who has done one; the caller as for `reserve_block`.

    Raises:
        StudyFullError: If there is none for this person.
    """
    block = reserve_block(
        services, tx, study, environment=enrolment.environment, enrolment=enrolment
    )
    begin_session(
        services,
        tx,
        study,
        enrolment=enrolment,
        block=block,
        recruiter_ids=recruiter_ids,
    )
    enrolment.step = "trials"


def _deal(
    tx: Transaction, study: Study, *, enrolment: Enrolment, block: Block, is_first: bool
) -> SessionDeal:
    roles = ("catch", "control", *((PRACTICE,) if is_first else ()))
    n_practice = StudyFile.model_validate(study.settings).design.n_practice
    return replace(
        _deal_of(tx, study, enrolment=enrolment, roles=roles),
        main=trials.block_pool(tx, block.id),
        n_practice=n_practice if is_first else 0,
    )


def _deal_of(
    tx: Transaction, study: Study, *, enrolment: Enrolment, roles: tuple[str, ...]
) -> SessionDeal:
    """What there is to draw from for this person, without a block's own trials."""
    design = StudyFile.model_validate(study.settings).design
    may_repeat = design.allow_same_source
    seen = set() if may_repeat else people.sources_seen(tx, enrolment.id)
    return SessionDeal(
        main=(),
        pools={role: trials.pool(tx, study.id, role=role) for role in roles},
        n_drawn=per_block_counts(study.set_summary),
        n_practice=0,
        seen=frozenset(seen),
        given=frozenset(sessions.trials_given(tx, enrolment.id)),
    )


def _row(entry: DealtTrial, *, token: str) -> dict[str, object]:
    return {
        "trial_id": entry.trial.id,
        "token": token,
        "kind": entry.kind,
        "position": entry.position,
        "class_order": list(entry.class_order),
        "part": entry.part,
        "part_position": entry.part_position,
    }


def _note_sources(
    tx: Transaction, enrolment: Enrolment, dealt: list[DealtTrial], *, may_repeat: bool
) -> None:
    def sources(*, is_strict: bool) -> list[str]:
        return [
            source
            for entry in dealt
            if (entry.role in STRICT_ROLES) is is_strict
            for source in entry.trial.sources
        ]

    people.add_sources(tx, enrolment.id, sources(is_strict=True), may_repeat=may_repeat)
    people.add_sources(tx, enrolment.id, sources(is_strict=False), may_repeat=True)
