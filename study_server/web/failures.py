"""What people and programs see when something cannot be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from flask import Flask, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from study_server.errors import (
    ExcludedError,
    IdentityError,
    ManyStartingError,
    NotOpenError,
    OtherBrowserError,
    StudyError,
    StudyFullError,
    UnknownRecruitmentError,
    UnknownTokenError,
)
from study_server.services.study_files.texts import SERVER_TEXTS, fill_page
from study_server.webkit.http_errors import (
    WORDS,
    Words,
    answer_http_errors,
    words_for,
)

# Who comes by an address of no study has no study's wording either.
_TITLES: Final[Mapping[type[StudyError], str]] = {
    UnknownRecruitmentError: "This link leads nowhere",
    UnknownTokenError: "This address leads nowhere",
}
_TITLE_KEYS: Final[Mapping[type[StudyError], str]] = {
    StudyFullError: "full_title",
    NotOpenError: "not_open_title",
    ExcludedError: "excluded_title",
    OtherBrowserError: "elsewhere_title",
    ManyStartingError: "many_starting_title",
    IdentityError: "link_title",
}

# Refusals by which nothing is said about the response itself.
_MAY_PASS: Final = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
)

_WORDS: Final[Words] = {
    **WORDS,
    403: ("That is not open to you", "Your role does not allow this."),
    405: ("That is not possible here", "Please go back and use the page's buttons."),
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
        contact: Whom to ask, in a sentence; empty where nobody is named.
        language: Of title and text, as HTML names it.
        skip: The words of the link to the content.
    """

    status: int
    title: str
    text: str
    contact: str = ""
    language: str = "en"
    skip: str = SERVER_TEXTS["skip"]


def init_failures(app: Flask) -> None:
    """Answer every failure in words, as a page or as JSON."""
    app.register_error_handler(StudyError, _on_study_error)
    answer_http_errors(app, _on_http_error)


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


def _on_http_error(error: HTTPException, status: int) -> ResponseReturnValue:
    title, text = words_for(status, _WORDS)
    if is_for_program():
        is_final = status < 500 and status not in _MAY_PASS
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
    # What an address lacks is for whoever set up the link: the server's log has it.
    is_about_link = isinstance(error, IdentityError)
    if is_about_link:
        current_app.logger.warning("link of a study: %s", error)
    contact = error.contact
    return Problem(
        status=error.status,
        title=texts[title_key],
        text=texts["link"] if is_about_link else text,
        contact=fill_page(texts["questions_to"], contact=contact) if contact else "",
        language=error.language,
        skip=texts["skip"],
    )


def _page(problem: Problem) -> ResponseReturnValue:
    return render_template("error.html", problem=problem), problem.status


def sentence(text: str) -> str:
    """A message as a sentence of a page."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
