"""Reading what browsers send: never more than text and JSON objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from flask import Request

from study_server.errors import MalformedResponseError


def read_fields(request: Request) -> dict[str, str]:
    """Fields of the address and of the form, the form's first."""
    return {
        _clean(name): _clean(value)
        for name, value in (*request.args.items(), *request.form.items())
    }


def read_json(request: Request) -> Mapping[str, Any]:
    """The body as a JSON object.

    Raises:
        MalformedResponseError: If it is anything else.
    """
    try:
        loaded = json.loads(request.get_data(), parse_constant=_refuse)
        _check_text(loaded)
    except (ValueError, RecursionError) as error:
        raise MalformedResponseError(f"the body is not JSON: {error}") from error
    if not isinstance(loaded, dict):
        raise MalformedResponseError(
            f"the body is an object of fields, got {type(loaded).__name__}"
        )
    return loaded


def _check_text(loaded: object) -> None:
    """Half a surrogate pair or a NUL is JSON, but no text a database keeps."""
    text = json.dumps(loaded, ensure_ascii=False)
    text.encode()
    if "\\u0000" in text:
        raise ValueError("it holds a NUL character")


def _clean(text: str) -> str:
    return text.replace("\0", "")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
