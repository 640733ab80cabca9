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
from study_server.services.study_texts import SERVER_TEXTS

# Who comes by an address of no study has no study's wording either.
_TITLES: Final[Mapping[type[StudyError], str]] = {
    UnknownRecruitmentError: "This link leads nowhere",
    UnknownTokenError: "This address leads nowhere",
}
_TITLE_KEYS: Final[Mapping[type[StudyError], str]] = {
    StudyFullError: "full_title",
    NotOpenError: "not_open_title",
    ExcludedError: "excluded_title",
    IdentityError: "link_title",
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
    """What an error page says.

    Attributes:
        status: The HTTP status.
        title: Its heading.
        text: A sentence for whoever reads it.
        detail: One in English for whoever set up the study; often empty.
        language: Of title and text, as HTML names it.
        skip: The words of the link to the content.
    """

    status: int
    title: str
    text: str
    detail: str = ""
    language: str = "en"
    skip: str = SERVER_TEXTS["skip"]


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
    if key := _of_kind(_TITLE_KEYS, error):
        return _page(_worded(error, key))
    title = _of_kind(_TITLES, error)
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


def _of_kind(words: Mapping[type[StudyError], str], error: StudyError) -> str | None:
    return next((word for kind, word in words.items() if isinstance(error, kind)), None)


def _worded(error: StudyError, title_key: str) -> Problem:
    """The problem in the words of the study it arose in."""
    texts = error.texts or SERVER_TEXTS
    text = sentence(str(error))
    # What an address lacks is for whoever set up the link.
    is_about_link = isinstance(error, IdentityError)
    return Problem(
        status=error.status,
        title=texts[title_key],
        text=texts["link"] if is_about_link else text,
        detail=text if is_about_link else "",
        language=error.language,
        skip=texts["skip"],
    )


def _page(problem: Problem) -> ResponseReturnValue:
    return render_template("error.html", problem=problem), problem.status


def sentence(text: str) -> str:
    """A message as a sentence of a page."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
