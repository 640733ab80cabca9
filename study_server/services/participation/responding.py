"""Trials out, responses in: each saved once, acknowledged when it is on disk."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from analysis.bundles.timing import trial_exposure, trial_times
from hit_templates.base import Paradigm, ResponseError
from study_server.errors import (
    AlreadyRespondedError,
    LeaseEndedError,
    LeaseLapsedError,
    MalformedResponseError,
    ResponseTooLargeError,
    UnknownTrialError,
)
from study_server.services import Services
from study_server.services.participation import completion_codes, held_work
from study_server.services.participation.screens import screen_of
from study_server.services.participation.steps import (
    Whereabouts,
    find_whereabouts,
)
from study_server.services.participation.trial_pages import (
    BlockPage,
    Feedback,
    Receipt,
    TrialInBlock,
    trial_pages,
)
from study_server.services.participation.validity import complete_session
from study_server.services.study_files.paradigm import paradigm_of
from study_server.store import Transaction, trials
from study_server.store.participation import responses, sessions
from study_server.store.participation.sessions import PlacedTrial, SessionProgress
from study_server.store.tables import Response

MAX_CHARACTERS: Final = 65_536
MAX_EVENTS: Final = 500
MAX_RT_MS: Final = 24 * 3600 * 1000.0
FAILED: Final = "failed"
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MAX_TEXT: Final = 40
_MAX_LIST: Final = 16
_MAX_FIELDS: Final = 40
Kind = Literal["practice", "trials"]
_KINDS: Final[Mapping[str, Kind]] = {"practice": "practice", "trials": "trials"}
_ENDED: Final = "this block is over; what was saved before is kept"
_LAPSED: Final = (
    "the time for this block ran out; what was saved before is kept, and whoever comes "
    "back by the same link goes on if the place is still free"
)


def load_block(services: Services, token: str) -> BlockPage:
    """The practice or main trials the participant is to do now.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        LeaseLapsedError: If the session's time ran out.
        LeaseEndedError: If it has no trials to do any more.
    """
    now = services.clock()
    with services.store.read() as tx:
        where = find_whereabouts(tx, token)
        kind = _KINDS.get(where.enrolment.step)
        if kind is None:
            raise LeaseEndedError(_ENDED)
        _refuse_without_place(where, now=now)
        page = _block_page(tx, where, kind)
    if kind == "trials" and where.session.started_at is None:
        with services.store.write() as tx:
            sessions.start(tx, where.session.id, at=now)
    return page


def _block_page(tx: Transaction, where: Whereabouts, kind: Kind) -> BlockPage:
    at = where.at
    placed = sessions.placed_trials(tx, where.session.id, kind=kind, part=at.number)
    pages = trial_pages(
        tx,
        where.study.id,
        file=where.file,
        session=where.session.public_id,
        shown=[
            TrialInBlock(
                token=entry.place.token,
                row=entry.trial,
                class_order=entry.place.class_order,
                is_done=entry.is_done,
            )
            for entry in placed
        ],
    )
    return BlockPage(
        kind=kind,
        session=where.session.public_id,
        n_done=sum(page.is_done for page in pages),
        trials=pages,
        lease_ends_at=where.session.lease_ends_at,
        has_feedback=_tells(where, kind),
        image_px=_image_px(where),
        pixel_ratio=where.enrolment.screen_pixel_ratio,
    )


def _image_px(where: Whereabouts) -> float | None:
    """How large what is judged is on this screen; None for the usual size."""
    asked, found = where.file.screen, screen_of(where.enrolment)
    if asked is None or asked.size_degrees is None or found is None:
        return None
    return found.px_of(asked.size_degrees)


def _tells(where: Whereabouts, kind: str) -> bool:
    """Whether people are told at once what was right: in practice, or in this part."""
    part = where.at.part
    return kind == "practice" or (part is not None and part.feedback)


def take_response(
    services: Services, token: str, payload: Mapping[str, Any]
) -> Receipt:
    """Save one response; when this returns it survives a crash.

    Args:
        services: The services.
        token: The enrolment's address.
        payload: `{"key", "trial", "response", "rt_ms", "events", "context"}`.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        MalformedResponseError: If it is no response, or does not fit the paradigm.
        UnknownTrialError: If the trial is not this enrolment's.
        AlreadyRespondedError: If the trial has a response under another key.
        LeaseLapsedError: If the session's time ran out, but may begin again.
        LeaseEndedError: If the session is over for good.
        ResponseTooLargeError: If it holds more than a response can need.
    """
    posted = read_posted(payload)
    now = services.clock()
    with services.store.write() as tx:
        where = find_whereabouts(tx, token, is_locked=True)
        asked = sessions.find_place(tx, posted.trial, enrolment_id=where.enrolment.id)
        if asked is None:
            raise UnknownTrialError("this trial is not one of this participant's")
        saved = responses.response_to(tx, asked.place.id)
        if saved is not None:
            return _second_receipt(tx, where, asked, posted=posted, saved=saved)
        _refuse_wrong_time(tx, where, asked, posted=posted, now=now)
        paradigm = _paradigm(where)
        saved = _save(tx, where, asked, posted=posted, paradigm=paradigm, now=now)
        services.images.write(tx)
        progress = _progress_at(tx, asked)
        receipt = _receipt(where, asked, saved=saved, progress=progress)
        if progress.is_complete:
            _go_on(services, tx, where, asked, paradigm=paradigm, now=now)
        return receipt


def _progress_at(tx: Transaction, asked: PlacedTrial) -> SessionProgress:
    """How far the session is, or the part of it in which a trial stands."""
    place = asked.place
    return sessions.progress_of(tx, place.session_id, kind=place.kind, part=place.part)


def _paradigm(where: Whereabouts) -> Paradigm:
    return paradigm_of(where.file)


def _refuse_wrong_time(
    tx: Transaction,
    where: Whereabouts,
    asked: PlacedTrial,
    *,
    posted: PostedResponse,
    now: datetime,
) -> None:
    if responses.response_under(tx, asked.place.session_id, key=posted.key):
        raise AlreadyRespondedError(
            "this key was used for another trial of the session; every response "
            "needs a key of its own"
        )
    is_present = asked.place.session_id == where.session.id
    is_here = (where.enrolment.step, where.at.number) == (
        asked.place.kind,
        asked.place.part,
    )
    if not is_present or not is_here:
        raise LeaseEndedError(_ENDED)
    _refuse_without_place(where, now=now)


def _refuse_without_place(where: Whereabouts, *, now: datetime) -> None:
    """Refuse whoever holds no place now; only what nobody can take up is final."""
    if where.is_time_over(now=now):
        raise LeaseLapsedError(_LAPSED)
    if where.session.state != "started":
        raise LeaseEndedError(_ENDED)


@dataclass(frozen=True, kw_only=True)
class _Scored:
    response: Mapping[str, Any] | None
    is_right: bool | None
    accepts: bool | None


def _score(
    asked: PlacedTrial, posted: PostedResponse, *, paradigm: Paradigm
) -> _Scored:
    if posted.response is None:
        if posted.n_display_failures == 0:
            raise MalformedResponseError(
                "response: null is only for an image that failed to show, and then "
                'needs an event of kind "failed"'
            )
        return _Scored(response=None, is_right=None, accepts=None)
    trial = trials.to_trial(asked.trial)
    try:
        response = paradigm.read_response(trial, posted.response)
    except ResponseError as error:
        raise MalformedResponseError(f"response: {error}") from error
    return _Scored(
        response=response,
        is_right=paradigm.grade(trial, response),
        accepts=paradigm.accepts(trial, response),
    )


def _save(
    tx: Transaction,
    where: Whereabouts,
    asked: PlacedTrial,
    *,
    posted: PostedResponse,
    paradigm: Paradigm,
    now: datetime,
) -> Response:
    scored = _score(asked, posted, paradigm=paradigm)
    times = trial_times(posted.events, rt_ms=posted.rt_ms)
    response = Response(
        session_id=asked.place.session_id,
        session_trial_id=asked.place.id,
        client_key=posted.key,
        payload=None if scored.response is None else dict(scored.response),
        rt_ms=posted.rt_ms,
        is_right=scored.is_right,
        accepts=scored.accepts,
        n_display_failures=posted.n_display_failures,
        context=dict(posted.context),
        received_at=now,
        wall_ms=times.wall_ms,
        visible_ms=times.visible_ms,
        all_shown_ms=times.all_shown_ms,
        **asdict(trial_exposure(posted.events)),
    )
    responses.add_response(tx, response, events=posted.events)
    if asked.place.kind == "trials" and where.session.started_at is None:
        where.session.started_at = now
    return response


def _go_on(
    services: Services,
    tx: Transaction,
    where: Whereabouts,
    asked: PlacedTrial,
    *,
    paradigm: Paradigm,
    now: datetime,
) -> None:
    """The last trial of its kind is done: judge the block, take the next step.

    A block in parts is judged when its last part is done.
    """
    if asked.place.kind == "trials" and where.at.is_last:
        complete_session(
            tx, where.session, file=where.file, questions=paradigm.questions, at=now
        )
        where.session.held_reason = held_work.why_held(tx, where)
        where.session.completion_code = completion_codes.new_code(services)
    where.go_on(tx, now=now)
    if where.enrolment.step == "finish" and where.enrolment.finished_at is None:
        where.enrolment.finished_at = now


def _second_receipt(
    tx: Transaction,
    where: Whereabouts,
    asked: PlacedTrial,
    *,
    posted: PostedResponse,
    saved: Response,
) -> Receipt:
    """The same trial once more: a retry gets the same answer, all else is refused."""
    if saved.client_key != posted.key:
        raise AlreadyRespondedError("this trial already has a response")
    progress = _progress_at(tx, asked)
    receipt = _receipt(where, asked, saved=saved, progress=progress)
    return replace(receipt, is_duplicate=True)


def _receipt(
    where: Whereabouts,
    asked: PlacedTrial,
    *,
    saved: Response,
    progress: SessionProgress,
) -> Receipt:
    return Receipt(
        is_duplicate=False,
        n_done=progress.n_done,
        n_trials=progress.n_trials,
        feedback=_feedback(where, asked, saved) if _told_of(where, asked) else None,
    )


def _told_of(where: Whereabouts, asked: PlacedTrial) -> bool:
    """Whether a response to this trial is told whether it was right."""
    number = asked.place.part
    if asked.place.kind == "practice" or number is None:
        return asked.place.kind == "practice"
    return where.file.design.parts[number].feedback


def _feedback(
    where: Whereabouts, asked: PlacedTrial, saved: Response
) -> Feedback | None:
    if saved.is_right is None:
        return None
    texts = where.file.texts
    text = texts.get("feedback_right" if saved.is_right else "feedback_wrong", "")
    given, wanted = saved.payload or {}, asked.trial.key or {}
    question = _paradigm(where).questions[asked.trial.question]
    if any(given.get(each.name) in each.unanswered for each in question.fields):
        text = texts.get("feedback_unanswered", text)
    is_missed = any(given.get(name) != wanted[name] for name in wanted)
    if saved.is_right and is_missed:
        text = texts.get("feedback_nearly", text)
    right = dict(wanted) if is_missed else {}
    return Feedback(is_right=saved.is_right, text=text, right=right)


@dataclass(frozen=True, kw_only=True)
class PostedResponse:
    """A response as it came, of the right form.

    Attributes:
        key: Chosen by the browser, the same at every retry.
        trial: The trial's public name.
        response: Fields for the paradigm; None where an image failed to show.
        rt_ms: Milliseconds; None only where there is no response.
        events: Rows of `DisplayEvent`: kind, at_ms, slot, details.
        context: Sizes and the like; never a browser's name.
    """

    key: str
    trial: str
    response: Mapping[str, Any] | None
    rt_ms: float | None
    events: tuple[Mapping[str, Any], ...]
    context: Mapping[str, Any]

    @property
    def n_display_failures(self) -> int:
        """Images that failed to show, by the browser's own report."""
        return sum(event["kind"] == FAILED for event in self.events)


def read_posted(payload: object) -> PostedResponse:
    """The payload in a form that can be trusted to be stored.

    Raises:
        MalformedResponseError: Naming every field that is wrong.
        ResponseTooLargeError: If it holds more than a response can need.
    """
    if not isinstance(payload, Mapping):
        raise MalformedResponseError(
            f"expected a JSON object, got {type(payload).__name__}"
        )
    _check_size(payload)
    problems = list(_problems(payload))
    if problems:
        raise MalformedResponseError("; ".join(problems[:8]))
    return PostedResponse(
        key=payload["key"],
        trial=payload["trial"],
        response=payload["response"],
        rt_ms=None if payload.get("rt_ms") is None else float(payload["rt_ms"]),
        events=tuple(_event(entry) for entry in payload.get("events") or ()),
        context=dict(payload.get("context") or {}),
    )


def _check_size(payload: Mapping[str, Any]) -> None:
    try:
        size = len(json.dumps(payload, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise MalformedResponseError(
            "expected plain JSON: finite numbers, texts, lists and objects"
        ) from error
    events = payload.get("events")
    n_events = len(events) if isinstance(events, list) else 0
    if size > MAX_CHARACTERS or n_events > MAX_EVENTS:
        raise ResponseTooLargeError(
            f"a response has at most {MAX_CHARACTERS} characters and {MAX_EVENTS} "
            f"events, got {size} and {n_events}"
        )


def _problems(payload: Mapping[str, Any]) -> list[str]:
    known = {"key", "trial", "response", "rt_ms", "events", "context"}
    problems = [
        f"unknown field {_shown(name)}" for name in payload if name not in known
    ]
    if not _matches(_KEY, payload.get("key")):
        problems.append("key: expected 8 to 64 letters, digits, '-' or '_'")
    if not _matches(_TOKEN, payload.get("trial")):
        problems.append("trial: expected the trial's token")
    problems += _response_problems(payload)
    events = payload.get("events") or []
    if not isinstance(events, list) or not all(_is_event(entry) for entry in events):
        problems.append(
            'events: expected a list of {"kind": word, "at_ms": number or null, ...}'
        )
    context = payload.get("context") or {}
    if not isinstance(context, Mapping) or not _is_flat(context):
        problems.append(
            f"context: expected at most {_MAX_FIELDS} numbers, truth values, texts of "
            f"at most {_MAX_TEXT} characters, or short lists of them"
        )
    return problems


def _response_problems(payload: Mapping[str, Any]) -> list[str]:
    problems = []
    response, rt_ms = payload.get("response"), payload.get("rt_ms")
    if "response" not in payload or not (
        response is None or isinstance(response, Mapping)
    ):
        problems.append("response: expected an object of fields, or null")
    if rt_ms is None and response is None:
        return problems
    if not _is_number(rt_ms) or not 0 <= rt_ms <= MAX_RT_MS:  # type: ignore[operator] # a number, just checked
        problems.append(f"rt_ms: expected milliseconds from 0 to {MAX_RT_MS:.0f}")
    return problems


def _is_event(entry: object) -> bool:
    if not isinstance(entry, Mapping) or not _matches(_WORD, entry.get("kind")):
        return False
    at_ms, slot = entry.get("at_ms"), entry.get("slot")
    return (
        (at_ms is None or _is_number(at_ms))
        and (slot is None or _matches(_WORD, slot))
        and _is_flat(entry)
    )


def _event(entry: Mapping[str, Any]) -> dict[str, Any]:
    named = ("kind", "at_ms", "slot")
    at_ms = entry.get("at_ms")
    return {
        "kind": entry["kind"],
        "at_ms": None if at_ms is None else float(at_ms),
        "slot": entry.get("slot"),
        "details": {name: value for name, value in entry.items() if name not in named},
    }


def _is_flat(fields: Mapping[str, Any]) -> bool:
    return len(fields) <= _MAX_FIELDS and all(
        _matches(_WORD, name)
        and (
            _is_plain(value)
            or (
                isinstance(value, list)
                and len(value) <= _MAX_LIST
                and all(map(_is_plain, value))
            )
        )
        for name, value in fields.items()
    )


def _is_plain(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return len(value) <= _MAX_TEXT and value.isprintable()
    return _is_number(value)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    # A whole number in JSON can be longer than any float.
    return abs(value) < 1e15 and math.isfinite(value)


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _shown(name: object) -> str:
    text = repr(name)
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 3]}..."
