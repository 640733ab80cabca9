"""What brings a browser back to what somebody began in it.

A signed cookie for every link holds the addresses of enrolments, the newest first: a
computer in a lab, or in a family, is several people's. Every link reads them all: who
took part in a study's pilot is known to its other links. Where a market's frame keeps
no cookies, the page keeps the same addresses itself and sends them along
(`static/page.js`).

Whoever keeps the address /p/<token>/ needs neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from flask import Response, current_app, g, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from study_server.webkit.signed_values import signer

_MAX_AGE_S: Final = 60 * 24 * 3600
_PREFIX: Final = "resume-"
# So many a browser may bring along; each costs a query.
_MAX_READ: Final = 20
_MAX_PEOPLE: Final = 12
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{8,128}")


def read_resume(recruitment: str) -> tuple[str, ...]:
    """Enrolments this browser came to before, by this link first."""
    names = sorted(
        (name for name in request.cookies if name.startswith(_PREFIX)),
        key=lambda name: name != _name(recruitment),
    )
    found = (
        token
        for name in names[:_MAX_READ]
        for token in _read(name.removeprefix(_PREFIX))
    )
    return tuple(dict.fromkeys(found))


def read_kept(fields: Mapping[str, str]) -> tuple[str, ...]:
    """Enrolments the page itself remembered, from its form."""
    given = fields.get("kept", "").split()
    return tuple(token for token in given[:_MAX_PEOPLE] if _TOKEN.fullmatch(token))


def write_resume(answer: Response, recruitment: str, *, enrolment: str) -> Response:
    """Keep the enrolment in the browser, under this link's name."""
    others = (token for token in _read(recruitment) if token != enrolment)
    people = [enrolment, *others][:_MAX_PEOPLE]
    answer.set_cookie(
        _name(recruitment),
        _serializer(recruitment).dumps(people),
        max_age=_MAX_AGE_S,
        path=f"{request.script_root}/s/",
        httponly=True,
        **_reach(),
    )
    return answer


def _reach() -> dict[str, Any]:
    """Inside another site's frame a cookie is kept only for that very site."""
    is_secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    if is_secure and g.get("is_framed", False):
        return {"secure": True, "samesite": "None", "partitioned": True}
    return {"secure": is_secure, "samesite": "Lax"}


def _read(recruitment: str) -> Iterator[str]:
    signed = request.cookies.get(_name(recruitment), "")
    try:
        kept = _serializer(recruitment).loads(signed, max_age=_MAX_AGE_S)
    except BadSignature:
        return
    for token in kept if isinstance(kept, list) else [kept]:
        if isinstance(token, str):
            yield token


def _name(recruitment: str) -> str:
    return f"{_PREFIX}{recruitment}"


def _serializer(recruitment: str) -> URLSafeTimedSerializer:
    return signer(f"resume/{recruitment}")
