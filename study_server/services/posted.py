"""What a browser posts for one trial, read with distrust."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from study_server.errors import MalformedResponseError, ResponseTooLargeError

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


@dataclass(frozen=True, kw_only=True)
class Posted:
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


def read_posted(payload: object) -> Posted:
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
    return Posted(
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
