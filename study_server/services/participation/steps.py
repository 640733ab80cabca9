"""A participant's steps: their order, what the page of each needs, and who stands where."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from hit_templates.base import Paradigm
from study_server.errors import UnknownTokenError
from study_server.recruiters.base import (
    GiveBack,
    Handoff,
    Leaving,
    Posts,
    ThankYou,
    Waiting,
)
from study_server.services.participation import leases, new_sessions
from study_server.services.studies.recruitments import (
    lets_in,
    read_recruiter_section,
    recruiter_of,
)
from study_server.services.studies.session_parts import PartPlace, place_of
from study_server.services.study_files.paradigm import paradigm_of
from study_server.services.study_files.screen import ScreenSection
from study_server.services.study_files.sections import (
    ComprehensionItem,
    StudyFile,
    SurveyItem,
)
from study_server.store import Transaction, blocks, studies
from study_server.store.participation import people, sessions
from study_server.store.participation.sessions import SessionProgress
from study_server.store.tables import Enrolment, Session, Study


@dataclass(frozen=True, kw_only=True)
class StepBase:
    """What every page of a participant knows.

    Attributes:
        token: The enrolment's address.
        study: The study's name; never shown.
        study_title: The title people read.
        paradigm: The way of asking, set up for the study.
        texts: Every wording of the server's pages and the paradigm, by key.
        language: What the texts are written in, as HTML names it.
        contact: Whom to ask.
        is_rehearsal: Whether nothing counts (pilot, simulated).
        can_withdraw: Whether there is still something to withdraw from.
        link: Public name of the link they came by.
    """

    name: ClassVar[str]

    token: str
    study: str
    study_title: str
    paradigm: Paradigm
    texts: Mapping[str, str]
    language: str
    contact: str
    is_rehearsal: bool
    can_withdraw: bool = True
    link: str = ""


@dataclass(frozen=True, kw_only=True)
class ConsentStep(StepBase):
    """Read and agree: form field `agree` = "yes". `text` is Markdown.

    Where there is a `minimum_age`, being that old is confirmed by `age` = "yes".
    """

    name = "consent"
    text: str
    version: str
    sha256: str
    minimum_age: int | None


@dataclass(frozen=True, kw_only=True)
class WarningStep(StepBase):
    """A content warning; `text` is Markdown. The form needs no field."""

    name = "warning"
    text: str


@dataclass(frozen=True, kw_only=True)
class ScreenStep(StepBase):
    """Sizes on the screen are measured, or left out: form field `skip` = "yes".

    Else the form has `card_px`, `device_pixel_ratio` and `spots`, see
    `screens.read_screen`.
    """

    name = "screen"
    asked: ScreenSection


@dataclass(frozen=True, kw_only=True)
class InstructionsStep(StepBase):
    """The instructions; empty `text` means the paradigm's own page.

    `conditions` are those of the trials that follow.
    """

    name = "instructions"
    text: str
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ComprehensionStep(StepBase):
    """Questions about the instructions: form fields `question_0`, `question_1`, ...

    Each field holds the index of a choice.

    Attributes:
        questions: In order.
        n_tries: Tries in all.
        n_used: Tries already used.
        wrong: Indexes of the questions missed at the last try; show `explain`.
        conditions: Those of the trials that follow.
    """

    name = "comprehension"
    questions: tuple[ComprehensionItem, ...]
    n_tries: int
    n_used: int
    wrong: tuple[int, ...]
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PartPage:
    """Which part of a session comes, for the page before it.

    Attributes:
        number: From 1, in the order of this session.
        n_parts: How many there are.
        instructions: Its own, Markdown; empty where they were read already.
        has_feedback: Whether its trials are told whether they were right.
    """

    number: int
    n_parts: int
    instructions: str
    has_feedback: bool


@dataclass(frozen=True, kw_only=True)
class BreakStep(StepBase):
    """A break between two parts; the form needs no field.

    Attributes:
        contents: What is read in it, Markdown.
        seconds_left: Until somebody may go on.
        part: The part that follows.
    """

    name = "break"
    contents: tuple[str, ...]
    seconds_left: int
    part: PartPage


@dataclass(frozen=True, kw_only=True)
class PracticeStep(StepBase):
    """Practice trials with feedback; see `responding.load_block`."""

    name = "practice"
    n_trials: int
    n_done: int
    part: PartPage | None = None


@dataclass(frozen=True, kw_only=True)
class TrialsStep(StepBase):
    """The trials of a block; see `responding.load_block`."""

    name = "trials"
    n_trials: int
    n_done: int
    block_number: int
    max_blocks: int
    part: PartPage | None = None


@dataclass(frozen=True, kw_only=True)
class SurveyStep(StepBase):
    """The exit survey: one form field per question, by its `name`; all optional."""

    name = "survey"
    questions: tuple[SurveyItem, ...]


@dataclass(frozen=True, kw_only=True)
class DebriefingStep(StepBase):
    """What it was about; `text` is Markdown."""

    name = "debriefing"
    text: str
    can_take_another: bool


@dataclass(frozen=True, kw_only=True)
class FinishStep(StepBase):
    """Done; `handoff` says how to go back to the recruiter."""

    name = "finish"
    handoff: Handoff
    can_take_another: bool


@dataclass(frozen=True, kw_only=True)
class HeldStep(StepBase):
    """Done, and a person looks at it first; `handoff` never has the usual code."""

    name = "held"
    handoff: Waiting


@dataclass(frozen=True, kw_only=True)
class WithdrawnStep(StepBase):
    """Withdrawn; `handoff` is that of finishing for whoever completed a block.

    `is_paid` says whether what was done until then is paid by the study's rule.
    """

    name = "withdrawn"
    handoff: Handoff | Leaving
    is_paid: bool


@dataclass(frozen=True, kw_only=True)
class ExpiredStep(StepBase):
    """The time for the block ran out.

    `can_return` says whether the place may still be free: coming again through
    the recruiter's link (`admission.enter`) then takes it up where it stopped.
    """

    name = "expired"
    can_return: bool


@dataclass(frozen=True, kw_only=True)
class FailedStep(StepBase):
    """Somebody cannot take part; `handoff` says how to go back.

    `why` is the key of the wording that says why.
    """

    name = "failed"
    handoff: Leaving
    why: str = "failed"


Step = (
    ConsentStep
    | WarningStep
    | ScreenStep
    | InstructionsStep
    | ComprehensionStep
    | BreakStep
    | PracticeStep
    | TrialsStep
    | SurveyStep
    | DebriefingStep
    | FinishStep
    | HeldStep
    | WithdrawnStep
    | ExpiredStep
    | FailedStep
)


ORDER: Final = (
    "consent",
    "warning",
    "screen",
    "instructions",
    "comprehension",
    "break",
    "practice",
    "trials",
    "survey",
    "debriefing",
    "finish",
)
# Steps during which a place in a block is held.
HOLDING_A_PLACE: Final = ("consent", "warning", "screen", "instructions", "comprehension", "break", "practice", "trials")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Whereabouts:
    """A participant's enrolment, study and present (or last) session."""

    enrolment: Enrolment
    study: Study
    file: StudyFile
    session: Session

    def is_time_over(self, *, now: datetime) -> bool:
        """Whether the session's place is given away by now."""
        return leases.is_over(self.session, now=now)

    @property
    def at(self) -> PartPlace:
        """Where in its parts the session is."""
        return place_of(self.file, self.session)

    def go_on(self, tx: Transaction, *, now: datetime) -> None:
        """Take the next step that this study and this session have."""
        step = self.enrolment.step
        if step == "trials" and not self.at.is_last:
            # Every part has its break, its practice and its trials.
            self.session.part_place += 1
            later = ORDER[ORDER.index("break") :]
        else:
            later = ORDER[ORDER.index(step) + 1 :]
        step = next(name for name in later if _has_step(tx, self, name))
        self.enrolment.step = step
        if step == "break":
            self.session.break_ends_at = now + timedelta(seconds=self._break_seconds())

    def _break_seconds(self) -> int:
        """How long a break lasts; programs wait for nothing."""
        pause = self.at.pause
        if pause is None or self.enrolment.environment == "simulated":
            return 0
        return pause.seconds

    def seconds_left(self, *, now: datetime) -> int:
        """Until somebody in a break may go on, in whole seconds."""
        ends_at = self.session.break_ends_at
        left = (ends_at - now).total_seconds() if ends_at else 0.0
        return max(0, math.ceil(left))


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


def _has_step(tx: Transaction, where: Whereabouts, step: str) -> bool:
    file = where.file
    match step:
        case "warning":
            return bool(file.warning)
        case "screen":
            return file.screen is not None and where.enrolment.screen is None
        case "comprehension":
            return file.comprehension.enabled and bool(file.comprehension.questions)
        case "break":
            return where.at.pause is not None
        case "practice":
            return _progress(tx, where, "practice").n_trials > 0
        case "survey":
            return file.survey.enabled and where.enrolment.surveyed_at is None
        case "debriefing":
            return bool(file.texts.get("debriefing", "").strip())
    return True


def build_step(tx: Transaction, where: Whereabouts, *, now: datetime) -> Step:
    """The step somebody is at."""
    step = where.enrolment.step
    if step in HOLDING_A_PLACE and where.is_time_over(now=now):
        can_return = _can_return(tx, where, now=now)
        if step == "consent" and can_return:
            # Whoever reads for long is not sent away: agreeing takes the place again.
            return _consent(tx, where, now)
        return ExpiredStep(**_shared(tx, where), can_return=can_return)
    return _BUILDERS[step](tx, where, now)


def may_take_another(tx: Transaction, where: Whereabouts, *, now: datetime) -> bool:
    """Whether one more block is allowed and there is one."""
    enrolment, file = where.enrolment, where.file
    if where.session.held_reason is not None:
        return False
    recruitment = studies.get_recruitment(tx, enrolment.recruitment_id)
    if isinstance(recruiter_of(recruitment), Posts):
        # Every block is a posting of its own, accepted at the market.
        return False
    if sessions.count_sessions(tx, enrolment.id) >= (
        file.design.max_blocks_per_participant
    ):
        return False
    if not lets_in(where.study, enrolment.environment):
        return False
    wanted = new_sessions.wanted_block(
        where.study, environment=enrolment.environment, enrolment=enrolment
    )
    return blocks.any_place(tx, wanted, now=now) and new_sessions.has_new_catches(
        tx, where.study, enrolment=enrolment
    )


def _shared(tx: Transaction, where: Whereabouts) -> dict[str, Any]:
    file, enrolment = where.file, where.enrolment
    recruitment = studies.get_recruitment(tx, enrolment.recruitment_id)
    return {
        "link": recruitment.token,
        "token": enrolment.token,
        "study": where.study.name,
        "study_title": where.study.title,
        "paradigm": paradigm_of(file),
        "texts": file.all_texts(),
        "language": file.study.language,
        "contact": file.consent.contact,
        "is_rehearsal": enrolment.environment != "live",
        "can_withdraw": enrolment.step != "withdrawn",
    }


def _can_return(tx: Transaction, where: Whereabouts, *, now: datetime) -> bool:
    if not lets_in(where.study, where.enrolment.environment):
        return False
    return blocks.has_place(tx, where.session.block_id, now=now)


def _consent(tx: Transaction, where: Whereabouts, now: datetime) -> Step:
    consent = where.file.consent
    text = consent.text or ""
    return ConsentStep(
        **_shared(tx, where),
        text=text,
        version=consent.version,
        minimum_age=consent.minimum_age,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def _warning(tx: Transaction, where: Whereabouts, now: datetime) -> Step:
    return WarningStep(**_shared(tx, where), text=where.file.warning)


def _screen(tx: Transaction, where: Whereabouts, now: datetime) -> Step:
    # A step that a study lost while somebody was at it still has a page.
    return ScreenStep(**_shared(tx, where), asked=where.file.screen or ScreenSection())


def _instructions(tx: Transaction, where: Whereabouts, now: datetime) -> Step:
    return InstructionsStep(
        **_shared(tx, where),
        text=where.file.texts.get("instructions", ""),
        conditions=sessions.conditions_of(tx, where.session.id),
    )


def _comprehension(tx: Transaction, where: Whereabouts, now: datetime) -> Step:
    check = where.file.comprehension
    return ComprehensionStep(
        **_shared(tx, where),
        questions=check.questions or (),
        n_tries=check.tries,
        n_used=where.enrolment.n_comprehension_tries,
        wrong=tuple(where.enrolment.comprehension_wrong),
        conditions=sessions.conditions_of(tx, where.session.id),
    )


def _break(tx: Transaction, where: Whereabouts, now: datetime) -> Step:
    pause, part = where.at.pause, _part_page(where, is_first_page=True)
    if part is None:
        raise ValueError("a session without parts has no break")
    return BreakStep(
        **_shared(tx, where),
        contents=pause.texts if pause else (),
        seconds_left=where.seconds_left(now=now),
        part=part,
    )


def _progress(tx: Transaction, where: Whereabouts, kind: str) -> SessionProgress:
    """How far the session, or the part it is in, is."""
    return sessions.progress_of(tx, where.session.id, kind=kind, part=where.at.number)


def _part_page(where: Whereabouts, *, is_first_page: bool) -> PartPage | None:
    at = where.at
    if at.part is None:
        return None
    return PartPage(
        number=at.place + 1,
        n_parts=len(at.order),
        instructions=at.part.instructions if is_first_page else "",
        has_feedback=at.part.feedback,
    )


def _practice(tx: Transaction, where: Whereabouts, now: datetime) -> Step:
    progress = _progress(tx, where, "practice")
    return PracticeStep(
        **_shared(tx, where),
        n_trials=progress.n_trials,
        n_done=progress.n_done,
        part=_part_page(where, is_first_page=True),
    )


def _trials(tx: Transaction, where: Whereabouts, now: datetime) -> Step:
    progress = _progress(tx, where, "trials")
    has_practice = _progress(tx, where, "practice").n_trials > 0
    return TrialsStep(
        **_shared(tx, where),
        n_trials=progress.n_trials,
        n_done=progress.n_done,
        block_number=where.session.number,
        max_blocks=where.file.design.max_blocks_per_participant,
        part=_part_page(where, is_first_page=not has_practice),
    )


def _survey(tx: Transaction, where: Whereabouts, now: datetime) -> Step:
    return SurveyStep(**_shared(tx, where), questions=where.file.survey.questions)


def _debriefing(tx: Transaction, where: Whereabouts, now: datetime) -> Step:
    return DebriefingStep(
        **_shared(tx, where),
        text=where.file.texts["debriefing"],
        can_take_another=may_take_another(tx, where, now=now),
    )


def _finish(tx: Transaction, where: Whereabouts, now: datetime) -> Step:
    if where.session.held_reason is not None:
        recruitment = studies.get_recruitment(tx, where.enrolment.recruitment_id)
        section = read_recruiter_section(recruitment)
        ids = where.session.recruiter_ids
        return HeldStep(
            **_shared(tx, where), handoff=recruiter_of(recruitment).hold(section, ids)
        )
    return FinishStep(
        **_shared(tx, where),
        handoff=_handoff(tx, where),
        can_take_another=may_take_another(tx, where, now=now),
    )


def _withdrawn(tx: Transaction, where: Whereabouts, now: datetime) -> Step:
    # Pay is for work done, not for leaving it to be used.
    has_worked = sessions.has_completed(tx, where.enrolment.id)
    progress = sessions.progress_of(tx, where.session.id, kind="trials")
    handoff = (
        _handoff(tx, where)
        if has_worked
        else _leaving(tx, where, has_begun=progress.n_done > 0)
    )
    is_paid = not has_worked and not isinstance(handoff, GiveBack | ThankYou)
    return WithdrawnStep(**_shared(tx, where), handoff=handoff, is_paid=is_paid)


def _failed(tx: Transaction, where: Whereabouts, now: datetime) -> Step:
    has_no_size = where.session.reason == people.NO_SCREEN
    return FailedStep(
        **_shared(tx, where),
        handoff=_leaving(tx, where),
        why="screen_failed" if has_no_size else "failed",
    )


def _handoff(tx: Transaction, where: Whereabouts) -> Handoff:
    recruitment = studies.get_recruitment(tx, where.enrolment.recruitment_id)
    section = read_recruiter_section(recruitment)
    return recruiter_of(recruitment).finish(
        section,
        where.session.recruiter_ids,
        code=sessions.last_code(tx, where.enrolment.id),
    )


def _leaving(
    tx: Transaction, where: Whereabouts, *, has_begun: bool = False
) -> Leaving:
    recruitment = studies.get_recruitment(tx, where.enrolment.recruitment_id)
    section = read_recruiter_section(recruitment)
    return recruiter_of(recruitment).leave(
        section, where.session.recruiter_ids, has_begun=has_begun
    )


_BUILDERS: Final[Mapping[str, Callable[[Transaction, Whereabouts, datetime], Step]]] = {
    "consent": _consent,
    "warning": _warning,
    "screen": _screen,
    "instructions": _instructions,
    "comprehension": _comprehension,
    "break": _break,
    "practice": _practice,
    "trials": _trials,
    "survey": _survey,
    "debriefing": _debriefing,
    "finish": _finish,
    "withdrawn": _withdrawn,
    "failed": _failed,
}
