"""What people see of the marketplace when something cannot be done."""

from __future__ import annotations

from typing import Final

from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from study_server.marketplace.errors import MarketplaceError
from study_server.webkit.http_errors import (
    WORDS,
    Words,
    answer_http_errors,
    words_for,
)

_WORDS: Final[Words] = {
    **WORDS,
    403: ("That is not open to you", "Sign in again, and go on from there."),
    429: ("Too many requests", "Please wait a minute and try again."),
    500: ("Something went wrong on our side", "Please reload the page in a moment."),
}


def init_failures(app: Flask) -> None:
    """Answer every failure in words."""
    app.register_error_handler(MarketplaceError, _on_error)
    answer_http_errors(app, _on_http_error)


def _on_error(error: MarketplaceError) -> ResponseReturnValue:
    text = str(error)
    return _page(
        "That is not possible", text[:1].upper() + text[1:] + ".", error.status
    )


def _on_http_error(error: HTTPException, status: int) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    title, text = words_for(status, _WORDS)
    return _page(title, text, status)


def _page(title: str, text: str, status: int) -> ResponseReturnValue:
    page = render_template(
        "marketplace/failure.html", title=title, text=text, status=status
    )
    return page, status
