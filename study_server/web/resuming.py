"""A signed cookie that brings a visitor of an open link back to their place.

Only a convenience: whoever keeps the address /p/<token>/ needs no cookie.
"""

from __future__ import annotations

from typing import Final

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

_MAX_AGE_S: Final = 60 * 24 * 3600


def read_resume(recruitment: str) -> str | None:
    """The enrolment this browser came to by this link before; None if unknown."""
    signed = request.cookies.get(_name(recruitment))
    if signed is None:
        return None
    try:
        token = _serializer(recruitment).loads(signed, max_age=_MAX_AGE_S)
    except BadSignature:
        return None
    return token if isinstance(token, str) else None


def write_resume(answer: Response, recruitment: str, *, enrolment: str) -> Response:
    """Keep the enrolment in the browser, for this link only."""
    answer.set_cookie(
        _name(recruitment),
        _serializer(recruitment).dumps(enrolment),
        max_age=_MAX_AGE_S,
        path=f"/s/{recruitment}",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",
    )
    return answer


def _name(recruitment: str) -> str:
    return f"resume-{recruitment}"


def _serializer(recruitment: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        str(current_app.secret_key), salt=f"resume/{recruitment}"
    )
