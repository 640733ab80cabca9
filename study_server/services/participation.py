"""A participant's way, step by step, from consent to handoff.

Steps sent twice or out of order change nothing: pages simply show the current
step again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from study_server.errors import FormError, NotOpenError, StudyFullError
from study_server.services import Services, leases, seating
from study_server.services.current_step import build_step, may_take_another
from study_server.services.steps import Step
from study_server.services.study_sections import ComprehensionItem
from study_server.services.study_texts import all_texts, fill
from study_server.services.validity import end_session
from study_server.services.way import (
    WHILE_SEATED,
    Whereabouts,
    find_whereabouts,
    step_after,
)
from study_server.store import Transaction, sessions, studies
from study_server.store.people import FAILED_CHECK

MAX_SURVEY_CHARACTERS: Final = 2000


def current_step(services: Services, token: str) -> Step:
    """Where the participant stands.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
    """
    with services.store.read() as tx:
        return build_step(tx, find_whereabouts(tx, token), now=services.clock())


def submit_consent(services: Services, token: str, form: Mapping[str, str]) -> None:
    """Agree (`agree` = "yes"); hash, version and time of the text are kept.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        FormError: If the box is not ticked.
    """
    with _at(services, token, "consent") as here:
        if here is None:
            return
        if form.get("agree") != "yes":
            raise FormError(here.say("consent_no_tick"))
        consent, enrolment = here.where.file.consent, here.where.enrolment
        enrolment.consented_at = services.clock()
        enrolment.consent_version = consent.version
        enrolment.consent_sha256 = text_sha256(consent.text or "")
        here.go_on()


def submit_warning(services: Services, token: str) -> None:
    """Go on after the content warning."""
    _go_on_from(services, token, "warning")


def submit_instructions(services: Services, token: str) -> None:
    """Go on after the instructions."""
    _go_on_from(services, token, "instructions")


def submit_comprehension(
    services: Services, token: str, form: Mapping[str, str]
) -> None:
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
            _fail(services, here)


def submit_survey(services: Services, token: str, form: Mapping[str, str]) -> None:
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


def submit_debriefing(services: Services, token: str) -> None:
    """Go on to the handoff."""
    _go_on_from(services, token, "debriefing")


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
        for session in sessions.sessions_of(tx, where.enrolment.id):
            if session.reason == FAILED_CHECK:
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
        _refuse_another(tx, where)
        block = seating.reserve(
            tx, where.study, environment=enrolment.environment, enrolment=enrolment
        )
        seating.seat(
            services,
            tx,
            where.study,
            enrolment=enrolment,
            block=block,
            recruiter_ids=dict(where.session.recruiter_ids),
        )
        enrolment.step = "trials"


def text_sha256(text: str) -> str:
    """SHA-256 (hex) of a text people agreed to."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class _Here:
    """Somebody at the step they are at, inside a transaction."""

    tx: Transaction
    where: Whereabouts

    def say(self, key: str, **places: object) -> str:
        """A wording of the study, its places filled."""
        return fill(all_texts(self.where.file.texts)[key], **places)

    def go_on(self) -> None:
        """Take the next step."""
        enrolment = self.where.enrolment
        enrolment.step = step_after(self.tx, self.where, enrolment.step)


@contextmanager
def _at(services: Services, token: str, step: str) -> Iterator[_Here | None]:
    """The participant, if this is their step and their time is not over."""
    with services.store.write() as tx:
        where = find_whereabouts(tx, token, is_locked=True)
        is_late = step in WHILE_SEATED and (
            where.session.state != "started"
            or leases.is_over(where.session, now=services.clock())
        )
        if where.enrolment.step != step or is_late:
            yield None
            return
        yield _Here(tx=tx, where=where)
        if where.enrolment.step == "finish" and where.enrolment.finished_at is None:
            where.enrolment.finished_at = services.clock()


def _go_on_from(services: Services, token: str, step: str) -> None:
    with _at(services, token, step) as here:
        if here is not None:
            here.go_on()


def _fail(services: Services, here: _Here) -> None:
    here.where.enrolment.step = "failed"
    end_session(
        here.tx,
        here.where.session,
        state="returned",
        reason=FAILED_CHECK,
        at=services.clock(),
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


def _refuse_another(tx: Transaction, where: Whereabouts) -> None:
    texts = all_texts(where.file.texts)
    n_done = sessions.count_sessions(tx, where.enrolment.id)
    allowed = where.file.design.max_blocks_per_participant
    if n_done >= allowed:
        words = fill(texts["another_enough"], n_allowed=allowed, n_done=n_done)
        raise StudyFullError(words)
    if not may_take_another(tx, where):
        if where.study.state in ("closed",):
            raise NotOpenError(texts["closed"])
        raise StudyFullError(texts["another_none"])
