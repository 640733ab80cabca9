"""A participant's way, step by step, from consent to handoff.

Steps sent twice or out of order change nothing: pages simply show the current
step again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from study_server.errors import FormError, NotOpenError, StudyFullError
from study_server.services import Services
from study_server.services.participation import leases, new_sessions, refusals
from study_server.services.participation.screens import read_screen
from study_server.services.participation.steps import (
    HOLDING_A_PLACE,
    Step,
    Whereabouts,
    build_step,
    find_whereabouts,
    may_take_another,
)
from study_server.services.participation.validity import end_session
from study_server.services.studies.recruitments import lets_in, why_not_open
from study_server.services.study_files.screen import ScreenSection
from study_server.services.study_files.sections import ComprehensionItem
from study_server.store import Transaction, studies
from study_server.store.participation import sessions
from study_server.store.participation.people import FAILED_CHECK, NO_SCREEN

MAX_SURVEY_CHARACTERS: Final = 2000


def current_step(services: Services, token: str) -> Step:
    """Where the participant stands.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
    """
    with services.store.read() as tx:
        return build_step(tx, find_whereabouts(tx, token), now=services.clock())


def take_step(
    services: Services, token: str, step: str, form: Mapping[str, str] | None = None
) -> None:
    """Take what somebody sends at a step; twice or too late, it changes nothing.

    Args:
        services: The services.
        token: The enrolment's address.
        step: "consent", "warning", "screen", "instructions", "comprehension",
            "break", "survey" or "debriefing".
        form: What was filled in: `agree` and `age` of the consent, `question_0` and
            so on and `try` of the comprehension check, the survey's own names.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        FormError: If a box is not ticked, a question of the check is left out (that
            is no try), a choice of the survey is none of those offered, or a screen
            was measured as nobody's can be.
    """
    match step:
        case "consent":
            _agree(services, token, form or {})
        case "comprehension":
            _answer_check(services, token, form or {})
        case "survey":
            _keep_survey(services, token, form or {})
        case "screen":
            _measure_screen(services, token, form or {})
        case "break":
            _end_break(services, token)
        case "warning" | "instructions" | "debriefing":
            _go_on_from(services, token, step)
        case _:
            raise ValueError(f"{step!r} is no step that takes a form")


def _agree(services: Services, token: str, form: Mapping[str, str]) -> None:
    """Agree (`agree` = "yes"); hash, version and time of the text are kept.

    Where the study states an age, being that old is confirmed as well (`age` = "yes").

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        FormError: If a box is not ticked.
    """
    leases.sweep(services)
    with _at(services, token, "consent") as here:
        if here is None:
            return
        if form.get("agree") != "yes":
            raise FormError(here.say("consent_no_tick"))
        consent, enrolment = here.where.file.consent, here.where.enrolment
        if consent.minimum_age is not None and form.get("age") != "yes":
            raise FormError(here.say("consent_no_age", age=consent.minimum_age))
        enrolment.consented_at, enrolment.origin = services.clock(), None
        session = here.where.session
        # A page that is taken in as a whole may have been given longer already.
        session.lease_ends_at = max(
            session.lease_ends_at,
            leases.lease_end(here.where.file, enrolment, now=services.clock()),
        )
        enrolment.consent_version = consent.version
        enrolment.consent_sha256 = text_sha256(consent.text or "")
        here.go_on()


def _answer_check(services: Services, token: str, form: Mapping[str, str]) -> None:
    """One try at the questions; after the last the place is given back.

    The form field `try` holds `ComprehensionStep.n_used`, so that a double click
    uses up one try, not two.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        FormError: If a question is left out (that is no try).
    """
    with _at(services, token, "comprehension") as here:
        if here is None:
            return
        enrolment, check = here.where.enrolment, here.where.file.comprehension
        n_used = enrolment.n_comprehension_tries
        if form.get("try", str(n_used)) != str(n_used):
            return
        questions = check.questions or ()
        given = _choices(here, questions, form=form)
        enrolment.n_comprehension_tries = n_used + 1
        enrolment.comprehension_wrong = [
            index
            for index, (item, choice) in enumerate(zip(questions, given, strict=True))
            if item.right != choice
        ]
        if not enrolment.comprehension_wrong:
            here.go_on()
        elif n_used + 1 >= check.tries:
            _fail(here, reason=FAILED_CHECK)


def _measure_screen(services: Services, token: str, form: Mapping[str, str]) -> None:
    """Keep sizes on the screen, or that they were left out (`skip` = "yes").

    Where the study requires them, leaving them out ends it, and the place is free.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        FormError: If the page measured nothing, or what nobody's screen can have.
    """
    with _at(services, token, "screen") as here:
        if here is None:
            return
        section, enrolment = (
            here.where.file.screen or ScreenSection(),
            here.where.enrolment,
        )
        if form.get("skip") == "yes":
            enrolment.screen = "skipped"
            if section.required:
                _fail(here, reason=NO_SCREEN)
            else:
                here.go_on()
            return
        found = read_screen(form, section)
        if found is None:
            raise FormError(here.say("screen_wrong"))
        enrolment.screen = "measured"
        enrolment.screen_px_per_mm = found.px_per_mm
        enrolment.screen_pixel_ratio = found.device_pixel_ratio
        enrolment.screen_distance_mm = found.distance_mm
        here.go_on()


def _keep_survey(services: Services, token: str, form: Mapping[str, str]) -> None:
    """Keep what was filled in; every question may be left out.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        FormError: If a choice is none of those offered, or a text is too long.
    """
    with _at(services, token, "survey") as here:
        if here is None:
            return
        values = _survey_values(here, form)
        now = services.clock()
        sessions.add_survey(here.tx, here.where.session.id, values=values, at=now)
        here.where.enrolment.surveyed_at = now
        here.go_on()


def withdraw(services: Services, token: str) -> None:
    """Withdraw, at any time: responses are kept but never count, the place is free.

    Whoever failed the check may withdraw too: their consent is kept until then.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
    """
    with services.store.write() as tx:
        where = find_whereabouts(tx, token, is_locked=True)
        if where.enrolment.step == "withdrawn":
            return
        now = services.clock()
        where.enrolment.step, where.enrolment.withdrawn_at = "withdrawn", now
        where.enrolment.origin = None
        for session in sessions.sessions_of(tx, where.enrolment.id):
            if session.reason in (FAILED_CHECK, NO_SCREEN):
                continue  # over already, and the flow keeps its reason
            end_session(tx, session, state="withdrawn", reason="withdrawn", at=now)


def take_another_block(services: Services, token: str) -> None:
    """One more block after a completed one; sent twice, it is one all the same.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        NotOpenError: If the study is closed.
        StudyFullError: If no block is left for this person, or they have done as
            many as the study allows.
    """
    leases.sweep(services)
    with services.store.write() as tx:
        found = find_whereabouts(tx, token)
        # The study first, then the person: every admission locks in this order.
        studies.lock_study(tx, found.study.id)
        where = find_whereabouts(tx, token, is_locked=True)
        enrolment = where.enrolment
        if enrolment.step not in ("survey", "debriefing", "finish"):
            return
        _refuse_another(tx, where, now=services.clock())
        new_sessions.begin_another_session(
            services,
            tx,
            where.study,
            enrolment=enrolment,
            recruiter_ids=dict(where.session.recruiter_ids),
        )


def text_sha256(text: str) -> str:
    """SHA-256 (hex) of a text people agreed to."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class _Here:
    """Somebody at the step they are at, inside a transaction."""

    tx: Transaction
    where: Whereabouts
    now: datetime

    def say(self, key: str, **places: object) -> str:
        """A wording of the study, its places filled."""
        return self.where.file.say(key, **places)

    def go_on(self) -> None:
        """Take the next step."""
        self.where.go_on(self.tx, now=self.now)


@contextmanager
def _at(services: Services, token: str, step: str) -> Iterator[_Here | None]:
    """The participant, if this is their step and their time is not over."""
    with services.store.write() as tx:
        where = find_whereabouts(tx, token, is_locked=True)
        if step == "consent":
            _take_up_again(services, tx, where)
        is_late = step in HOLDING_A_PLACE and (
            where.session.state != "started" or where.is_time_over(now=services.clock())
        )
        if where.enrolment.step != step or is_late:
            yield None
            return
        yield _Here(tx=tx, where=where, now=services.clock())
        if where.enrolment.step == "finish" and where.enrolment.finished_at is None:
            where.enrolment.finished_at = services.clock()


def _take_up_again(services: Services, tx: Transaction, where: Whereabouts) -> None:
    """Whoever read the text for long goes on, if their place is still free."""
    enrolment = where.enrolment
    if enrolment.step == "consent":
        leases.renew(
            services,
            tx,
            enrolment=enrolment,
            visit_ids={},
            may_revive=lets_in(where.study, enrolment.environment),
        )


def _go_on_from(services: Services, token: str, step: str) -> None:
    with _at(services, token, step) as here:
        if here is not None:
            here.go_on()


def _end_break(services: Services, token: str) -> None:
    """Go on with the next part, once the break is over; before, nothing changes."""
    with _at(services, token, "break") as here:
        if here is not None and here.where.seconds_left(now=here.now) == 0:
            here.go_on()


def _fail(here: _Here, *, reason: str) -> None:
    """End it before the first trial; the place is given back."""
    here.where.enrolment.step = "failed"
    end_session(
        here.tx,
        here.where.session,
        state="returned",
        reason=reason,
        at=here.now,
    )


def _choices(
    here: _Here, questions: Sequence[ComprehensionItem], *, form: Mapping[str, str]
) -> list[int]:
    given = []
    for index, item in enumerate(questions):
        value = form.get(f"question_{index}", "")
        if value not in {str(choice) for choice in range(len(item.choices))}:
            raise FormError(here.say("comprehension_missing", number=index + 1))
        given.append(int(value))
    return given


def _survey_values(here: _Here, form: Mapping[str, str]) -> dict[str, str]:
    values = {}
    for item in here.where.file.survey.questions:
        value = form.get(item.name, "").replace("\0", "").strip()
        if not value:
            continue
        if item.choices and value not in item.choices:
            raise FormError(here.say("survey_choose", question=item.question))
        if len(value) > MAX_SURVEY_CHARACTERS:
            raise FormError(
                here.say(
                    "survey_too_long",
                    question=item.question,
                    n_most=MAX_SURVEY_CHARACTERS,
                )
            )
        values[item.name] = value
    return values


def _refuse_another(tx: Transaction, where: Whereabouts, *, now: datetime) -> None:
    if enough := refusals.why_enough(tx, where.file, where.enrolment):
        raise StudyFullError(enough)
    if not may_take_another(tx, where, now=now):
        texts = where.file.all_texts()
        if where.study.state == "closed" or where.study.paused_at is not None:
            raise NotOpenError(texts[why_not_open(where.study)])
        raise StudyFullError(texts["another_none"])
