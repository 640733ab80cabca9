"""The order of a participant's steps, and who stands where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from study_server.errors import UnknownTokenError
from study_server.services.study_sections import StudyFile
from study_server.store import Transaction, people, sessions, studies
from study_server.store.tables import Enrolment, Session, Study

ORDER: Final = (
    "consent",
    "warning",
    "instructions",
    "comprehension",
    "practice",
    "trials",
    "survey",
    "debriefing",
    "finish",
)
# Steps during which a place in a block is held.
WHILE_SEATED: Final = ("consent", "warning", "instructions", "comprehension", "practice", "trials")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Whereabouts:
    """A participant's enrolment, study and present (or last) session."""

    enrolment: Enrolment
    study: Study
    file: StudyFile
    session: Session


def find_whereabouts(
    tx: Transaction, token: str, *, is_locked: bool = False
) -> Whereabouts:
    """Who stands behind an address; locked, their steps queue up.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
    """
    enrolment = people.find_enrolment(tx, token, is_locked=is_locked)
    if enrolment is None:
        raise UnknownTokenError(
            "this address belongs to nobody; please use the link you were given"
        )
    study = studies.get_study(tx, enrolment.study_id)
    return Whereabouts(
        enrolment=enrolment,
        study=study,
        file=StudyFile.model_validate(study.settings),
        session=sessions.last_session(tx, enrolment.id, is_locked=is_locked),
    )


def step_after(tx: Transaction, where: Whereabouts, step: str) -> str:
    """The next step that this study and this session have."""
    later = ORDER[ORDER.index(step) + 1 :]
    return next(name for name in later if _has_step(tx, where, name))


def _has_step(tx: Transaction, where: Whereabouts, step: str) -> bool:
    file = where.file
    match step:
        case "warning":
            return bool(file.texts.get("content_warning", "").strip())
        case "comprehension":
            return file.comprehension.enabled and bool(file.comprehension.questions)
        case "practice":
            progress = sessions.progress_of(tx, where.session.id, kind="practice")
            return progress.n_trials > 0
        case "survey":
            return file.survey.enabled and where.enrolment.surveyed_at is None
        case "debriefing":
            return bool(file.texts.get("debriefing", "").strip())
    return True
