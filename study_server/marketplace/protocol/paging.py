"""NextToken: where a list goes on, as one opaque word."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

from study_server.marketplace.errors import RequestError
from study_server.marketplace.store.list_pages import ListPage, Position

RowT = TypeVar("RowT")
_PAGING: Final = ("NextToken", "MaxResults")


def read_token(request: dict[str, Any], *, of: str) -> Position | None:
    """Where the page starts.

    Args:
        request: The operation's parameters.
        of: The operation's name; a token is good for the same list only.

    Raises:
        RequestError: If the token is of another list, or none.
    """
    token = request.get("NextToken")
    if token is None:
        return None
    try:
        mark, *values = json.loads(base64.urlsafe_b64decode(token.encode("ascii")))
    except (ValueError, binascii.Error, UnicodeError, TypeError) as error:
        raise _bad_token() from error
    if mark != _mark(request, of) or not values:
        raise _bad_token()
    try:
        return tuple(_from_json(value) for value in values)
    except ValueError as error:
        raise _bad_token() from error


def write_page(
    page: ListPage[RowT],
    *,
    key: str,
    show: Callable[[RowT], dict[str, Any]],
    request: dict[str, Any],
    of: str,
) -> dict[str, Any]:
    """A list operation's reply.

    A page with rows has a NextToken, the last one, too: with the service a list was
    at its end where a page came empty and without one, and there are scripts that
    read on until then.

    Args:
        page: The rows.
        key: The reply's name for them.
        show: Makes one of them a structure of the model.
        request: The operation's parameters.
        of: The operation's name.
    """
    reply: dict[str, Any] = {
        "NumResults": len(page.rows),
        key: [show(row) for row in page.rows],
    }
    if page.after is not None:
        reply["NextToken"] = write_token(page.after, request, of=of)
    return reply


def write_token(after: Position, request: dict[str, Any], *, of: str) -> str:
    """The word for a position."""
    values = [v.isoformat() if isinstance(v, datetime) else v for v in after]
    raw = json.dumps([_mark(request, of), *values]).encode()
    return base64.urlsafe_b64encode(raw).decode("ascii")


def _mark(request: dict[str, Any], of: str) -> str:
    """Tells lists apart: the operation and what it was asked, page size aside."""
    asked = {k: v for k, v in request.items() if k not in _PAGING}
    text = json.dumps([of, asked], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _from_json(value: object) -> object:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _bad_token() -> RequestError:
    return RequestError(
        "InvalidPaginationToken",
        "NextToken is not one that this operation gave for the same parameters.",
        rule="next-token",
    )
