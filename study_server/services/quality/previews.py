"""A few trials as participants will see them; nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, Final

import numpy as np

from study_server.errors import UnknownTrialError
from study_server.services import Services
from study_server.services.blocks.cutting import seed_from
from study_server.services.participation.trial_pages import (
    BlockPage,
    Receipt,
)
from study_server.services.quality.trials_for_researchers import (
    NumberedTrial,
    block_to_look_at,
    read_as_response,
)
from study_server.services.studies import session_parts
from study_server.services.studies.life import get_study
from study_server.services.studies.records import StudyRecord
from study_server.store import Transaction, audits, studies, tables
from study_server.store.trials import to_trial

N_TRIALS: Final = 3
_TOKEN: Final = "preview-"  # noqa: S105 - the beginning of a trial's name


def edition(services: Services, name: str) -> int:
    """What a link to a preview names, so that all can be ended at once.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    get_study(services, name)
    with services.store.read() as tx:
        return studies.preview_edition(tx, name) or 0


def is_current(services: Services, name: str, *, edition: int) -> bool:
    """Whether links of that edition still lead to the study."""
    with services.store.read() as tx:
        return studies.preview_edition(tx, name) == edition


def end_previews(services: Services, name: str) -> None:
    """End every link to previews of a study that was made before.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    get_study(services, name)
    with services.store.write() as tx:
        studies.end_previews(tx, name)


def preview_block(
    services: Services, name: str, *, n_trials: int = N_TRIALS
) -> BlockPage:
    """The first main trials of a random order that follows from the seed.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    study = get_study(services, name)
    with services.store.read() as tx:
        shown = [
            NumberedTrial(token=f"{_TOKEN}{number}", number=number, row=row)
            for number, row in enumerate(_chosen(tx, study, n_trials))
        ]
        return block_to_look_at(services, tx, study, purpose="preview", shown=shown)


def check_preview_response(
    services: Services,
    name: str,
    payload: Mapping[str, Any],
    *,
    n_trials: int = N_TRIALS,
) -> Receipt:
    """Read a response to a preview's trial as the study would; store nothing.

    Raises:
        UnknownStudyError: If there is none of that name.
        UnknownTrialError: If the preview has no such trial.
        MalformedResponseError: If it does not fit the paradigm.
    """
    study = get_study(services, name)
    with services.store.read() as tx:
        rows = _chosen(tx, study, n_trials)
    number = _number(payload.get("trial"))
    if number is None or number >= len(rows):
        raise UnknownTrialError("the preview has no such trial; reload the page")
    response = payload.get("response")
    if response is not None:
        read_as_response(study, to_trial(rows[number]), response)
    return Receipt(is_duplicate=False, n_done=number + 1, n_trials=len(rows))


def _chosen(tx: Transaction, study: StudyRecord, n: int) -> Sequence[tables.Trial]:
    found = audits.trials_of_role(tx, study.id, role="main")
    rng = np.random.default_rng(seed_from(study.seed, "preview"))
    shuffled = [found[int(index)] for index in rng.permutation(len(found))]
    return _of_each_part(shuffled, study, n=n) or shuffled[:n]


def _of_each_part(
    rows: Sequence[tables.Trial], study: StudyRecord, *, n: int
) -> list[tables.Trial]:
    """A look at every part that names conditions, in order; nothing without such."""
    parts = session_parts.cut_by_parts(study.file)
    n_each = ceil(n / max(1, len(parts)))
    left, found = list(rows), []
    for part in parts:
        own = [row for row in left if part.takes(row.condition)][:n_each]
        found += own
        left = [row for row in left if row not in own]
    return found


def _number(token: object) -> int | None:
    text = token.removeprefix(_TOKEN) if isinstance(token, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
