"""Signed cookies that bring a visitor of an open link back to their place.

Every link has its own, and every link reads them all: who took part in a study's
pilot is known to its other links.

Only a convenience: whoever keeps the address /p/<token>/ needs no cookie.
"""

from __future__ import annotations

from typing import Final

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

_MAX_AGE_S: Final = 60 * 24 * 3600
_PREFIX: Final = "resume-"
# So many a browser may bring along; each costs a query.
_MAX_READ: Final = 20


def read_resume(recruitment: str) -> tuple[str, ...]:
    """Enrolments this browser came to before, by this link first."""
    names = sorted(
        (name for name in request.cookies if name.startswith(_PREFIX)),
        key=lambda name: name != _name(recruitment),
    )
    found = (_read(name.removeprefix(_PREFIX)) for name in names[:_MAX_READ])
    return tuple(token for token in found if token is not None)


def write_resume(answer: Response, recruitment: str, *, enrolment: str) -> Response:
    """Keep the enrolment in the browser, under this link's name."""
    answer.set_cookie(
        _name(recruitment),
        _serializer(recruitment).dumps(enrolment),
        max_age=_MAX_AGE_S,
        path="/s/",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",
    )
    return answer


def _read(recruitment: str) -> str | None:
    signed = request.cookies[_name(recruitment)]
    try:
        token = _serializer(recruitment).loads(signed, max_age=_MAX_AGE_S)
    except BadSignature:
        return None
    return token if isinstance(token, str) else None


def _name(recruitment: str) -> str:
    return f"{_PREFIX}{recruitment}"


def _serializer(recruitment: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        str(current_app.secret_key), salt=f"resume/{recruitment}"
    )
