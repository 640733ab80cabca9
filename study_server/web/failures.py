"""What people and programs see when something cannot be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from study_server.errors import (
    ExcludedError,
    IdentityError,
    NotOpenError,
    StudyError,
    StudyFullError,
    UnknownRecruitmentError,
    UnknownTokenError,
)

_TITLES: Final[Mapping[type[StudyError], str]] = {
    StudyFullError: "All places are taken",
    NotOpenError: "The study is not open",
    ExcludedError: "You cannot take part in this study",
    UnknownRecruitmentError: "This link leads nowhere",
    UnknownTokenError: "This address leads nowhere",
    IdentityError: "The link is not complete",
}

_WORDS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("That could not be read", "Something in the request was not as expected."),
    404: ("There is nothing here", "The address may be mistyped, or no longer used."),
    405: ("That is not possible here", "Please go back and use the page's buttons."),
    413: ("That is too much", "The request was larger than anything we ask for."),
    429: ("Too many attempts", "Please wait a while and try again."),
    500: (
        "Something went wrong on our side",
        "What you had done before is saved. Please reload the page in a moment.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What an error page says."""

    status: int
    title: str
    text: str


def init_failures(app: Flask) -> None:
    """Answer every failure in words, as a page or as JSON."""
    app.register_error_handler(StudyError, _on_study_error)
    app.register_error_handler(HTTPException, _on_http_error)


def is_for_program() -> bool:
    """Whether the request came from a page's script, which reads JSON."""
    return request.path.endswith((".json", "/responses"))


def _on_study_error(error: StudyError) -> ResponseReturnValue:
    is_ours = error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if is_for_program():
        # A fault of ours is no verdict on the response: the browser keeps it.
        is_final = error.is_final and not is_ours
        return jsonify(error=str(error), is_final=is_final), error.status
    title = next((t for kind, t in _TITLES.items() if isinstance(error, kind)), None)
    text = sentence(str(error))
    if is_ours:
        title, text = _WORDS[500]
    title = title or _WORDS.get(error.status, _WORDS[400])[0]
    return _page(Problem(status=error.status, title=title, text=text))


def _on_http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    title, text = _WORDS.get(status, _WORDS[400 if status < 500 else 500])
    if is_for_program():
        is_final = status < 500 and status != HTTPStatus.TOO_MANY_REQUESTS
        return jsonify(error=text, is_final=is_final), status
    if error.response is not None:
        return error.response
    return _page(Problem(status=status, title=title, text=text))


def _page(problem: Problem) -> ResponseReturnValue:
    return render_template("error.html", problem=problem), problem.status


def sentence(text: str) -> str:
    """A message as a sentence of a page."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
