"""What HTTP refuses, answered in an application's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, TypeAlias

from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadHost, HTTPException

Words: TypeAlias = Mapping[int, tuple[str, str]]

# Title and text by status: what both applications say alike.
WORDS: Final[Words] = {
    400: ("That could not be read", "Something in the request was not as expected."),
    404: ("There is nothing here", "The address may be mistyped, or no longer used."),
    413: ("That is too much", "The request was larger than anything we ask for."),
}


def answer_http_errors(
    app: Flask, answer: Callable[[HTTPException, int], ResponseReturnValue]
) -> None:
    """Let an application answer every refusal itself.

    Args:
        app: The application.
        answer: Called with the error and its status.
    """

    def on_error(error: HTTPException) -> ResponseReturnValue:
        if isinstance(request.routing_exception, BadHost):
            # A page links to others, which have no address without a host.
            return error.get_response()
        return answer(error, error.code or HTTPStatus.INTERNAL_SERVER_ERROR)

    app.register_error_handler(HTTPException, on_error)


def words_for(status: int, words: Words) -> tuple[str, str]:
    """Title and text for a status; those of 400 or 500 where it has none."""
    return words.get(status, words[400 if status < 500 else 500])
