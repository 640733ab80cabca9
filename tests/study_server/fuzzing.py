"""Odd requests to every route of an application, as a server would hand them on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from flask import Flask, got_request_exception
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule
from werkzeug.test import create_environ, run_wsgi_app

ODD = (
    *("", " ", "\n", "\r\nSet-Cookie: a=b", "\t", "\0", "a\0b", "\\", "/\\evil", "//e"),
    *("9" * 18, "9" * 40, "9" * 5000, "-1", "-" + "9" * 30, "1e999", "NaN", "-0", "0"),
    *("٣", "²", "1_000", " 7 ", "0x10", "1.5", "true", "null", "[]", "{}", "[[[["),
    *("0000-00-00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"),
    *("é", "\ud800", "\udcff", "\ufffe", "🙂", "a" * 3000, "..", "../../of/the/host"),
    *("%", "%00", "%zz", "{{7*7}}", "<script>", "'", '"', "--", "yes", "small"),
)
# None may stand in a header; what a parser lets through is Latin-1.
ODD_HEADERS = ("", "é", "\xff", "Bearer é", "9" * 5000, "a" * 3000, "=;=", "?1", "*/*")
HEADERS = (
    *("AUTHORIZATION", "COOKIE", "USER_AGENT", "SEC_CH_UA_MOBILE", "IF_NONE_MATCH"),
    *("IF_MODIFIED_SINCE", "RANGE", "IF_RANGE", "REFERER", "ORIGIN", "X_AMZ_DATE"),
    *("X_AMZ_TARGET", "X_FORWARDED_FOR", "X_CSRFTOKEN", "ACCEPT_LANGUAGE", "HOST"),
)
TYPES = (
    *("application/x-www-form-urlencoded", "application/json", "text/plain", ""),
    *("multipart/form-data; boundary=x", "multipart/form-data", "a/b; charset=é"),
    *("application/json; charset=nothing", "application/x-www-form-urlencoded; a"),
)
BOUNDED = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request; texts may hold what no text of a person does."""

    method: str
    path: str
    query: str
    content_type: str
    body: bytes
    headers: Mapping[str, str]
    cookie: str = ""


@dataclass(frozen=True, kw_only=True, repr=False)
class Known:
    """What exists, by the names of routes' parts and of fields.

    Attributes:
        parts: Values for parts of addresses, so that views are reached.
        fields: Names of fields that are read somewhere.
        values: Values of fields that lead further.
        cookies: The cookie headers of whoever is signed in.
    """

    parts: Mapping[str, Sequence[str]]
    fields: Sequence[str]
    values: Sequence[str]
    cookies: Sequence[str] = ("",)


def requests_to(app: Flask, known: Known) -> st.SearchStrategy[Request]:
    """Requests to any rule by any of its methods, and by some that it has not."""
    rules = sorted(
        app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)
    )
    return st.sampled_from(rules).flatmap(lambda rule: _requests_of(rule, known))


def _requests_of(rule: Rule, known: Known) -> st.SearchStrategy[Request]:
    values = st.sampled_from((*ODD, *known.values))
    pairs = st.lists(st.tuples(st.sampled_from(known.fields), values), max_size=4)
    query = st.one_of(
        pairs.map(_encoded), st.sampled_from(("%", "&&&", "=", "%ff=%ff"))
    )
    types = st.sampled_from(TYPES)
    headers = st.dictionaries(
        st.sampled_from(HEADERS), st.sampled_from(ODD_HEADERS), max_size=2
    )
    return st.builds(
        Request,
        method=st.sampled_from(sorted({*(rule.methods or ()), "POST", "GET", "ODD"})),
        path=_paths(rule, known),
        query=query,
        content_type=types,
        body=st.one_of(
            pairs.map(lambda made: _encoded(made).encode()),
            _json(known).map(dumped),
            st.sampled_from(
                (
                    b"",
                    b"\xff\xfe",
                    b"[" * 20_000,
                    b"--x\r\n\r\n",
                    b'{"a": 1' + b"0" * 5000,
                )
            ),
        ),
        headers=headers,
        cookie=st.sampled_from(known.cookies),
    )


def _paths(rule: Rule, known: Known) -> st.SearchStrategy[str]:
    names = re.findall(r"<(?:[^<>:]+:)?([^<>]+)>", rule.rule)
    parts = {
        name: st.sampled_from(
            (*known.parts.get(name, ()), *known.parts.get(name, ()), *ODD)
        )
        for name in names
    }
    return st.fixed_dictionaries(parts).map(lambda made: _filled(rule.rule, made))


def _filled(rule: str, parts: Mapping[str, str]) -> str:
    return re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", lambda found: parts[found[1]], rule)


def _json(known: Known) -> st.SearchStrategy[Any]:
    numbers = (0, -1, 2**31, 2**63, 10**400, 1e308, float("inf"), float("nan"), -0.0)
    leaves = st.one_of(
        st.sampled_from((*ODD, *known.values)),
        st.sampled_from((None, True, *numbers)),
    )
    names = st.sampled_from(known.fields)
    inner = st.recursive(
        leaves,
        lambda deeper: st.one_of(
            st.lists(deeper, max_size=3), st.dictionaries(names, deeper, max_size=3)
        ),
        max_leaves=6,
    )
    return st.one_of(st.dictionaries(names, inner, max_size=6), inner)


def dumped(value: Any) -> bytes:
    """JSON, with the numbers and half pairs that Python writes and nobody should."""
    return json.dumps(value).encode()


def _encoded(pairs: Sequence[tuple[str, str]]) -> str:
    return urlencode([(n, v.encode("utf-8", "surrogatepass")) for n, v in pairs])


def answer(app: Flask, request: Request) -> None:
    """Send it; fails where the answer is a fault of ours, or shows its inside."""
    raised: list[BaseException] = []

    def note(_app: Flask, exception: BaseException, **_more: Any) -> None:
        raised.append(exception)

    with got_request_exception.connected_to(note, app):
        chunks, status, headers = run_wsgi_app(app, _environ(request), buffered=True)
    body = b"".join(chunks)
    code = int(status.split(" ", 1)[0])
    if raised:
        raise AssertionError(f"{request} raised") from raised[0]
    assert code < HTTPStatus.INTERNAL_SERVER_ERROR, (code, request)
    assert b"Traceback (most recent" not in body, request
    assert b'.py", line' not in body, request
    for name, value in headers:
        assert (name + value).isprintable(), (name, value, request)
        value.encode("latin-1")


def _environ(request: Request) -> dict[str, Any]:
    environ = create_environ("/", "http://127.0.0.1:8000", method="GET")
    environ.update(
        REQUEST_METHOD=request.method,
        PATH_INFO=request.path.encode("utf-8", "surrogatepass").decode("latin-1"),
        QUERY_STRING=request.query,
        CONTENT_TYPE=request.content_type.encode().decode("latin-1"),
        CONTENT_LENGTH=str(len(request.body)),
        REMOTE_ADDR="203.0.113.9",
    )
    environ["wsgi.input"] = BytesIO(request.body)
    for name, value in request.headers.items():
        environ[f"HTTP_{name}"] = value
    if request.cookie:
        environ["HTTP_COOKIE"] = request.cookie
    return environ


def cookie_header(app: Flask, path: str, fields: Mapping[str, str]) -> str:
    """The cookies that signing in at a path sets."""
    client = app.test_client()
    signed_in = client.post(path, data=fields)
    assert signed_in.status_code == HTTPStatus.SEE_OTHER, signed_in.text
    cookies = signed_in.headers.getlist("Set-Cookie")
    return "; ".join(cookie.split(";", 1)[0] for cookie in cookies)
