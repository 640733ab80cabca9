"""Reading what browsers send: never more than text and JSON objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Request

from study_server.errors import MalformedResponseError
from study_server.webkit.reading import load_json


def read_fields(request: Request) -> dict[str, str]:
    """Fields of the address and of the form, the form's first."""
    return dict((*request.args.items(), *request.form.items()))


def read_json(request: Request) -> Mapping[str, Any]:
    """The body as a JSON object.

    Raises:
        MalformedResponseError: If it is anything else.
    """
    try:
        loaded = load_json(request.get_data())
    except ValueError as error:
        raise MalformedResponseError(f"the body is not JSON: {error}") from error
    if not isinstance(loaded, dict):
        raise MalformedResponseError(
            f"the body is an object of fields, got {type(loaded).__name__}"
        )
    return loaded
