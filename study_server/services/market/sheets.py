"""The page of a self-contained posting: what it shows, and what it hands in.

It is dealt once and rendered the same every time. What it hands in is read with
distrust and sent the way of our own pages, each step at the moment the page noted,
so that the same rules judge it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import numpy as np
from markdown_it import MarkdownIt
from markupsafe import Markup

from hit_templates.base import Paradigm, TrialView
from hit_templates.rendering import render_instructions, render_trial
from hit_templates.sheet import SheetPage, squeeze
from hit_templates.sheet import render_sheet as render_page
from study_server.errors import FormError, StudyError, WorkSetAsideError
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
from study_server.services.market.recruitment import MarketRecruitment
from study_server.services.participation import responding, taking_steps
from study_server.services.participation.expectations import expected_of
from study_server.services.participation.trial_pages import (
    MEDIA_PATH,
    TrialInBlock,
    trial_pages,
)
from study_server.services.study_files.paradigm import paradigm_of
from study_server.services.study_files.sections import ComprehensionItem, StudyFile
from study_server.services.study_files.texts import (
    fill_page,
)
from study_server.store import Transaction, studies, trials
from study_server.store.market import assignments
from study_server.store.tables import Study

VERSION: Final = 1
MAX_RESPONSES: Final = 500
MAX_TRIES: Final = 10
_DAY_MS: Final = 24 * 3600 * 1000
SUBMIT_URL: Final = "https://www.mturk.com/mturk/externalSubmit"
_ROOM: Final = re.compile(r">\s+<")


def deal_sheet(
    recruitment: MarketRecruitment,
    tx: Transaction,
    *,
    block_id: int,
    number: int,
    used: Mapping[int, int],
) -> dict[str, Any]:
    """What a posting's page will show, so that what comes back can be read.

    Trials have public names of their own; everybody who takes the posting gets
    the same ones, in an order of their own. Of catches and controls those come
    first that the fewest other pages show (`used`: trial key to pages), so that
    who takes several pages meets new ones.
    """
    study = studies.get_study(tx, recruitment.study_id)
    file = StudyFile.model_validate(study.settings)
    dealt = deal_session(
        _least_used(_deal(tx, study, file, block_id=block_id), used),
        rng=np.random.default_rng(
            seed_from(study.seed, recruitment.token, number, "sheet")
        ),
    )
    order_seed = seed_from(study.seed, recruitment.token, number, "order")
    questions = _paradigm(file).questions
    placed = in_person_order(dealt, questions, seed=order_seed)
    return {
        "id": recruitment.services.new_token(),
        "trials": [_kept(recruitment, entry) for entry in placed],
    }


def _paradigm(file: StudyFile) -> Paradigm:
    return paradigm_of(file)


def asked_in(sheet: Mapping[str, Any]) -> list[int]:
    """Keys of the trials that a page asks for, practice left out."""
    return [entry["trial"] for entry in sheet["trials"] if entry["kind"] != PRACTICE]


def _deal(
    tx: Transaction, study: Study, file: StudyFile, *, block_id: int
) -> SessionDeal:
    return SessionDeal(
        main=trials.block_pool(tx, block_id),
        pools={
            role: trials.pool(tx, study.id, role=role)
            for role in ("catch", "control", PRACTICE)
        },
        n_drawn=per_block_counts(study.set_summary),
        n_practice=file.design.n_practice,
        seen=frozenset(),
    )


def _least_used(deal: SessionDeal, used: Mapping[int, int]) -> SessionDeal:
    """The deal without catches and controls that others are enough to replace."""
    for most in sorted({0, *used.values()}):
        given = frozenset(key for key, n_pages in used.items() if n_pages > most)
        rarer = replace(deal, given=given)
        if rarer.has_enough():
            return rarer
    return deal


def _kept(recruitment: MarketRecruitment, entry: DealtTrial) -> dict[str, Any]:
    return {
        "token": recruitment.services.new_token()[:12],
        "trial": entry.trial.id,
        "kind": entry.kind,
        "class_order": list(entry.class_order),
    }


def render_sheet(
    recruitment: MarketRecruitment, tx: Transaction, sheet: Mapping[str, Any]
) -> str:
    """The posting's whole page."""
    study = studies.get_study(tx, recruitment.study_id)
    file = StudyFile.model_validate(study.settings)
    texts, paradigm = file.all_texts(), _paradigm(file)
    return render_page(
        SheetPage(
            language=file.study.language,
            direction=file.direction,
            title=study.title,
            texts=texts,
            consent=_markdown(file.consent.text or ""),
            warning=_markdown(file.warning),
            instructions=_instructions(
                tx, file, sheet["trials"], paradigm=paradigm, texts=texts
            ),
            debriefing=_markdown(texts["debriefing"]),
            questions=_questions(file),
            comprehension_intro=file.say(
                "comprehension_intro", n_tries=file.comprehension.tries
            ),
            trials_intro=file.say("trials_intro", n_trials=_n_of(sheet, kind="trials")),
            contact=_contact(file, texts),
            survey=file.survey.questions if file.survey.enabled else (),
            has_practice=_n_of(sheet, kind=PRACTICE) > 0,
            is_rehearsal=recruitment.environment != "live",
            pays_who_fails=recruitment.section.pay_screened_out == "full",
            pays_leavers=recruitment.section.pays_leavers,
            takes=expected_of(tx, study, file).takes,
            minimum_age=file.consent.minimum_age,
            submit_url=SUBMIT_URL,
            block=_block(recruitment, tx, file, sheet, right_is=texts["run_right_is"]),
            paradigm=paradigm,
        )
    )


def _block(
    recruitment: MarketRecruitment,
    tx: Transaction,
    file: StudyFile,
    sheet: Mapping[str, Any],
    *,
    right_is: str,
) -> dict[str, Any]:
    """What the page's script reads."""
    texts, check = file.texts, file.comprehension
    return {
        "sheet": sheet["id"],
        "n_tries": check.tries,
        "right": [question.right for question in _questions(file)],
        "words": {
            "right": texts.get("feedback_right", ""),
            "wrong": texts.get("feedback_wrong", ""),
            "late": texts.get("feedback_unanswered", ""),
            "right_is": right_is,
        },
        "trials": _trials(recruitment, tx, file, sheet["trials"]),
    }


def _questions(file: StudyFile) -> tuple[ComprehensionItem, ...]:
    check = file.comprehension
    return (check.questions or ()) if check.enabled else ()


def _n_of(sheet: Mapping[str, Any], *, kind: str) -> int:
    return sum(entry["kind"] == kind for entry in sheet["trials"])


def _contact(file: StudyFile, texts: Mapping[str, str]) -> str:
    contact = file.consent.contact
    return fill_page(texts["questions_to"], contact=contact) if contact else ""


def _trials(
    recruitment: MarketRecruitment,
    tx: Transaction,
    file: StudyFile,
    kept: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    rows = trials.trials_by_key(tx, [entry["trial"] for entry in kept])
    pages = trial_pages(
        tx,
        recruitment.study_id,
        file=file,
        shown=[
            TrialInBlock(
                token=entry["token"],
                row=rows[entry["trial"]],
                class_order=entry["class_order"],
            )
            for entry in kept
        ],
    )
    urls = _image_urls(recruitment, tx, [page.images for page in pages])
    return [
        {
            "token": entry["token"],
            "kind": entry["kind"],
            "html": _fragment(page.paradigm, _at(page.view, urls)),
            "exposure": dict(page.exposure),
            # Only practice tells at once what is right.
            **(_key(rows[entry["trial"]].key) if entry["kind"] == PRACTICE else {}),
        }
        for entry, page in zip(kept, pages, strict=True)
    ]


def _instructions(
    tx: Transaction,
    file: StudyFile,
    kept: Sequence[Mapping[str, Any]],
    *,
    paradigm: Paradigm,
    texts: Mapping[str, str],
) -> Markup:
    if own := file.texts.get("instructions"):
        return _markdown(own)
    rows = trials.trials_by_key(tx, [entry["trial"] for entry in kept])
    return render_instructions(
        paradigm,
        texts,
        conditions={row.condition for row in rows.values() if row.role == "main"},
    )


def _key(key: Mapping[str, Any] | None) -> dict[str, Any]:
    return {} if key is None else {"key": dict(key)}


def _image_urls(
    recruitment: MarketRecruitment, tx: Transaction, addresses: Sequence[Sequence[str]]
) -> dict[str, str]:
    """Our addresses of images to their public ones."""
    tokens = {url.removeprefix(MEDIA_PATH) for urls in addresses for url in urls}
    return {
        MEDIA_PATH + token: f"{recruitment.section.image_base_url}/{stimulus_id}.png"
        for token, stimulus_id in assignments.stimuli_behind(tx, tokens).items()
    }


def _at(view: TrialView, urls: Mapping[str, str]) -> TrialView:
    return replace(
        view,
        images={slot: urls[url] for slot, url in view.images.items()},
        examples={
            name: tuple(urls[url] for url in shown)
            for name, shown in view.examples.items()
        },
    )


def _fragment(paradigm: Paradigm, view: TrialView) -> str:
    return _ROOM.sub("> <", squeeze(str(render_trial(paradigm, view))))


def _markdown(text: str) -> Markup:
    return Markup(_renderer().render(text))  # noqa: S704 - html is off below


@cache
def _renderer() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True, kw_only=True)
class PageNote:
    """Something the page noted, and how long before handing in, in milliseconds."""

    before_ms: float
    value: Any


@dataclass(frozen=True, kw_only=True)
class PageAnswer:
    """Everything somebody did on a page.

    Attributes:
        sheet: Which page.
        has_agreed: Whether they agreed to take part.
        agreed_before_ms: How long before handing in.
        tries: Of the comprehension check: choices, by index.
        responses: As our own pages post them, in order.
        survey: Field to text.
    """

    sheet: str
    has_agreed: bool
    agreed_before_ms: float
    tries: tuple[PageNote, ...]
    responses: tuple[PageNote, ...]
    survey: Mapping[str, str]

    @property
    def rank(self) -> Mapping[str, int]:
        """A trial's name to its place among the responses."""
        return {
            str(given.value.get("trial")): place
            for place, given in enumerate(self.responses)
        }

    def renamed(self, names: Mapping[str, str]) -> PageAnswer:
        """The same with other names of the trials; what has none is left out."""
        renamed = (
            replace(given, value={**given.value, "trial": names[name]})
            for given in self.responses
            if (name := str(given.value.get("trial"))) in names
        )
        return replace(self, responses=tuple(renamed))


def read_page(text: str) -> PageAnswer | None:
    """What the page handed in; None if it is nothing a page hands in."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("v") != VERSION:
        return None
    sent = _number(found.get("sent"))
    agreed = _number(found.get("consent_at"))
    if sent is None or not isinstance(found.get("sheet"), str):
        return None
    survey = found.get("survey")
    return PageAnswer(
        sheet=found["sheet"],
        has_agreed=agreed is not None,
        agreed_before_ms=_before(sent, agreed),
        tries=tuple(_tries(found.get("tries"), sent=sent)),
        responses=tuple(_responses(found.get("responses"), sent=sent)),
        survey={
            str(name): _text(value)
            for name, value in (survey.items() if isinstance(survey, dict) else ())
            if isinstance(value, str)
        },
    )


def _tries(raw: object, *, sent: float) -> Iterator[PageNote]:
    for entry in _entries(raw)[:MAX_TRIES]:
        answers = entry.get("answers")
        if isinstance(answers, list) and all(type(a) is int for a in answers):
            yield PageNote(
                before_ms=_before(sent, _number(entry.get("at"))), value=answers
            )


def _responses(raw: object, *, sent: float) -> Iterator[PageNote]:
    for entry in _entries(raw)[:MAX_RESPONSES]:
        payload = {name: value for name, value in entry.items() if name != "at"}
        yield PageNote(before_ms=_before(sent, _number(entry.get("at"))), value=payload)


def _entries(raw: object) -> list[dict[str, Any]]:
    return [e for e in raw if isinstance(e, dict)] if isinstance(raw, list) else []


def _before(sent: float, at: float | None) -> float:
    return 0.0 if at is None else min(float(_DAY_MS), max(0.0, sent - at))


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e15 else None  # type: ignore[arg-type] # a number, just checked


def _text(value: str) -> str:
    """Text that every database can keep: JSON may hold halves of characters."""
    return value.encode("utf-8", "replace").decode("utf-8")


_At = Callable[[float], Services]


def replay(
    services: Services,
    token: str,
    page: PageAnswer,
    *,
    handed_in_at: datetime,
    not_before: datetime,
) -> tuple[str, ...]:
    """Take in a page that agreed to take part.

    Args:
        services: Store and clock.
        token: The enrolment's address.
        page: Its trials under the names of the session.
        handed_in_at: The market's time of handing in; the page's own clock only
            says how long before.
        not_before: The market's time of accepting: nothing happened earlier.

    Returns:
        What was left out, in words.

    Raises:
        WorkSetAsideError: If a page of ours would not have sent this.
    """

    def at(before_ms: float) -> Services:
        moment = handed_in_at - timedelta(milliseconds=before_ms)
        return replace(services, clock=lambda: max(not_before, moment))

    agreed = at(page.agreed_before_ms)
    taking_steps.take_step(agreed, token, "consent", {"agree": "yes", "age": "yes"})
    taking_steps.take_step(agreed, token, "warning")
    taking_steps.take_step(agreed, token, "instructions")
    _check(at, token, page)
    _respond(at, token, page)
    notes = _survey(at(0.0), token, page)
    taking_steps.take_step(at(0.0), token, "debriefing")
    return notes


def _check(at: _At, token: str, page: PageAnswer) -> None:
    for number, given in enumerate(page.tries):
        form = {f"question_{i}": str(choice) for i, choice in enumerate(given.value)}
        try:
            taking_steps.take_step(
                at(given.before_ms),
                token,
                "comprehension",
                {**form, "try": str(number)},
            )
        except FormError as error:
            raise WorkSetAsideError(
                f"try {number + 1} at the check: {error}"
            ) from error


def _respond(at: _At, token: str, page: PageAnswer) -> None:
    for number, given in enumerate(page.responses, start=1):
        try:
            responding.take_response(at(given.before_ms), token, given.value)
        except StudyError as error:
            raise WorkSetAsideError(
                f"response {number} of {len(page.responses)}: {error}"
            ) from error


def _survey(services: Services, token: str, page: PageAnswer) -> tuple[str, ...]:
    """The survey is nobody's duty: what is wrong with it costs only itself."""
    try:
        taking_steps.take_step(services, token, "survey", page.survey)
    except FormError as error:
        taking_steps.take_step(services, token, "survey", {})
        return (f"the survey was left out: {error}",)
    return ()
