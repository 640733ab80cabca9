"""Blocks of a study: cut when it begins, and anew for responses that are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from study_server.errors import StudyStateError
from study_server.recruiters.base import Environment
from study_server.services import Services
from study_server.services.blocks.cutting import (
    BlockDesign,
    BlockPlan,
    cut_blocks,
    seed_from,
)
from study_server.services.studies.ingest import n_main_per_block
from study_server.services.studies.progress import require_study
from study_server.services.studies.session_parts import cut_by_parts
from study_server.services.study_files.sections import StudyFile
from study_server.store import Transaction, blocks, studies, trials
from study_server.store.participation import responses
from study_server.store.tables import Study
from study_server.store.trials import PoolTrial


@dataclass(frozen=True, kw_only=True)
class TopUp:
    """What was missing and recut.

    Attributes:
        n_missing: Responses that no open block would bring.
        n_trials: Main trials they belong to.
        n_blocks: New blocks.
    """

    n_missing: int
    n_trials: int
    n_blocks: int


def compose_blocks(
    services: Services, tx: Transaction, study: Study, *, environment: str
) -> int:
    """Cut the study's main trials into blocks of one environment; how many.

    Blocks of an earlier cut that nobody began are removed first.
    """
    design = _design_of(study)
    pool = trials.pool(tx, study.id, role="main")
    plans = _cut(study, [pool], design, purpose=(environment, "blocks"))
    blocks.delete_unused(tx, study.id, environment=environment)
    _insert_plans(services, tx, study.id, environment=environment, plans=plans)
    return len(plans)


def recut_missing(
    services: Services, name: str, *, environment: Environment = "live"
) -> TopUp:
    """New blocks for responses that are missing although their blocks are done.

    Sessions judged invalid reopen their own block by themselves; what is missing
    in valid sessions (images that failed to show) needs new blocks.

    Raises:
        UnknownStudyError: If there is none of that name.
        StudyStateError: If the study has no blocks yet.
    """
    with services.store.write() as tx:
        study = studies.lock_study(tx, require_study(tx, name).id)
        if not blocks.has_blocks(tx, study.id, environment=environment):
            raise StudyStateError(
                f"study {name!r} has no {environment} blocks, so none are missing"
                + _how_blocks_come(study, environment)
            )
        missing = _missing(tx, study, environment=environment)
        plans = _plan(tx, study, missing, environment=environment)
        _insert_plans(services, tx, study.id, environment=environment, plans=plans)
    return TopUp(
        n_missing=sum(missing.values()), n_trials=len(missing), n_blocks=len(plans)
    )


def _how_blocks_come(study: Study, environment: Environment) -> str:
    """The command that cuts an environment's first blocks, where one still can."""
    if environment == "pilot":
        is_possible, verb = study.state == "draft", "pilot"
    else:
        is_possible, verb = study.state in ("draft", "pilot"), "freeze"
    return f": `secondlook study {verb} {study.name}` cuts them" if is_possible else ""


def _missing(tx: Transaction, study: Study, *, environment: str) -> dict[int, int]:
    """Trial key to responses that neither exist nor are to come."""
    wanted = StudyFile.model_validate(study.settings).design.responses_per_trial
    there = responses.valid_per_trial(tx, study.id, environment=environment)
    to_come = blocks.outstanding(tx, study.id, environment=environment)
    short = {key: wanted - n - to_come.get(key, 0) for key, n in there.items()}
    return {key: n for key, n in short.items() if n > 0}


def _plan(
    tx: Transaction, study: Study, missing: dict[int, int], *, environment: str
) -> list[BlockPlan]:
    """Cuts of what is still missing, once for each response that is."""
    design = replace(_design_of(study), n_responses=1, is_fresh=True)
    first = blocks.next_number(tx, study.id, environment=environment)
    pool = trials.pool(tx, study.id, role="main")
    return _cut(
        study,
        (
            [trial for trial in pool if missing.get(trial.id, 0) > turn]
            for turn in range(max(missing.values(), default=0))
        ),
        design,
        purpose=(environment, "top-up", first),
    )


def _design_of(study: Study) -> BlockDesign:
    """How the study's blocks are cut."""
    file = StudyFile.model_validate(study.settings)
    return BlockDesign(
        n_responses=file.design.responses_per_trial,
        n_main=n_main_per_block(file, study.set_summary),
        is_fresh=file.design.composition == "fresh",
        is_crossed=file.design.conditions != "between",
        parts=cut_by_parts(file),
    )


def _cut(
    study: Study,
    pools: Iterable[Sequence[PoolTrial]],
    design: BlockDesign,
    *,
    purpose: tuple[str | int, ...],
) -> list[BlockPlan]:
    """Cuts of one pool of trials after another, by what the study's seed says."""
    rng = np.random.default_rng(seed_from(study.seed, *purpose))
    return [plan for pool in pools for plan in cut_blocks(pool, design, rng=rng)]


def _insert_plans(
    services: Services,
    tx: Transaction,
    study_id: int,
    *,
    environment: str,
    plans: Sequence[BlockPlan],
) -> None:
    """Put blocks into the database, numbered after those there are."""
    first = blocks.next_number(tx, study_id, environment=environment)
    for number, plan in enumerate(plans, start=first):
        row = {
            "study_id": study_id,
            "environment": environment,
            "number": number,
            "condition": plan.condition,
            "n_wanted": plan.n_wanted,
            "created_at": services.clock(),
        }
        blocks.insert_block(tx, row, trial_keys=[t.id for t in plan.trials])
