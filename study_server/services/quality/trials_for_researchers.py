"""Trials on the participant's page, shown to a researcher: none of it ever counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

import numpy as np

from hit_templates.base import Response, ResponseError
from stimuli.manifest import Trial
from study_server.errors import MalformedResponseError
from study_server.services import Services
from study_server.services.blocks.class_orders import is_in_one_order
from study_server.services.blocks.cutting import seed_from
from study_server.services.participation.trial_pages import (
    BlockPage,
    TrialInBlock,
    trial_pages,
)
from study_server.services.studies.records import StudyRecord
from study_server.services.study_files.paradigm import paradigm_of
from study_server.store import Transaction, tables

_LEASE: Final = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class NumberedTrial:
    """A trial to be shown.

    Attributes:
        token: Its public name.
        number: What the order of its classes follows from, beside the study's seed.
        row: The trial.
    """

    token: str
    number: int
    row: tables.Trial


def block_to_look_at(
    services: Services,
    tx: Transaction,
    study: StudyRecord,
    *,
    purpose: Literal["audit", "preview"],
    shown: Iterable[NumberedTrial],
) -> BlockPage:
    """Trials as a block of the study has them, in an order of classes of their own."""
    questions = paradigm_of(study.file).questions
    pages = trial_pages(
        tx,
        study.id,
        file=study.file,
        shown=[
            TrialInBlock(
                token=each.token,
                row=each.row,
                class_order=_class_order(
                    each.row,
                    seed=seed_from(
                        study.seed,
                        purpose,
                        0 if is_in_one_order(questions) else each.number,
                    ),
                ),
            )
            for each in shown
        ],
    )
    return BlockPage(
        kind="trials",
        session=f"{purpose}-{study.name}",
        n_done=0,
        trials=pages,
        lease_ends_at=services.clock() + _LEASE,
    )


def _class_order(row: tables.Trial, *, seed: int) -> list[int]:
    """A random order of a trial's classes."""
    places = np.random.default_rng(seed).permutation(len(row.classes))
    return [int(place) for place in places]


def read_as_response(
    study: StudyRecord, trial: Trial, raw: Mapping[str, Any]
) -> Response:
    """What somebody did on a trial, read as the study reads its participants.

    Raises:
        MalformedResponseError: If it does not fit the paradigm.
    """
    try:
        return paradigm_of(study.file).read_response(trial, raw)
    except ResponseError as error:
        raise MalformedResponseError(str(error)) from error
