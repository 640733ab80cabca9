"""Notifications: which HITs to look at.

Whoever knows the address can send one, so a notification is only a hint: what
happened is always read from the market itself. So it does not matter that they
come twice, late or out of order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from study_server.errors import MalformedAnswerError
from study_server.recruiters.market import PostingNotice

MAX_BYTES: Final = 256 * 1024
_HIT_ID: Final = re.compile(r"[A-Za-z0-9]{1,64}")
_LAYERS: Final = 3


def read_notification(body: bytes) -> PostingNotice:
    """The HITs a notification is about; wrapped by SNS or not.

    Raises:
        MalformedAnswerError: If it is no JSON object.
    """
    if len(body) > MAX_BYTES:
        raise MalformedAnswerError(f"a notification of {len(body):,} bytes")
    return PostingNotice(hit_ids=frozenset(_hit_ids(_unwrapped(_parsed(body)))))


def _parsed(body: bytes | str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswerError("the notification is not JSON") from error
    if not isinstance(found, dict):
        raise MalformedAnswerError("the notification is no JSON object")
    return found


def _unwrapped(found: dict[str, Any]) -> dict[str, Any]:
    """What SNS carries as text in its field Message."""
    for _ in range(_LAYERS):
        if "Events" in found or not isinstance(found.get("Message"), str):
            break
        found = _parsed(found["Message"])
    return found


def _hit_ids(found: dict[str, Any]) -> Iterator[str]:
    events = found.get("Events")
    for event in events if isinstance(events, list) else ():
        hit_id = event.get("HITId") if isinstance(event, dict) else None
        if isinstance(hit_id, str) and _HIT_ID.fullmatch(hit_id):
            yield hit_id
