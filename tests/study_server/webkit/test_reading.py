"""Numbers, texts and JSON from outside."""

from __future__ import annotations

import pytest
from flask import Flask, jsonify, request

from study_server.webkit.reading import init_requests, load_json, read_whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("0", 0), ("007", 7), ("100000", 100_000), ("0" * 5000 + "5", 5)),
        *(("-3", -3), ("-0", 0), ("9223372036854775807", 2**63 - 1)),
    ],
)
def test_digits_are_a_number(text, number):
    assert read_whole_number(text, least=-10) == number


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "+1", " 1", "1 ", "1.0", "1e3", "1_000", "0x1", "--1", "1\n"),
        *("\u0663", "\u00b2", "\uff11", "9" * 19, "9" * 5000, "-" + "9" * 5000, "\0"),
    ],
)
def test_anything_else_is_none(text):
    assert read_whole_number(text, least=-(2**63)) is None


def test_limits_are_checked_on_the_whole_number():
    assert read_whole_number("100000", least=1, most=100_000) == 100_000
    assert read_whole_number("100001", least=1, most=100_000) is None
    # Its first nine digits are within the limit.
    assert read_whole_number("0000000010000000", least=1, most=100_000) is None
    assert read_whole_number("0", least=1, most=9) is None
    assert read_whole_number("-1") is None


def test_json_is_read_with_every_text_and_number_that_can_be_kept():
    assert load_json(b'{"a": [1.5, -2, "\\u00e9", "\\ud83d\\ude42", "\\\\u0000"]}') == {
        "a": [1.5, -2, "é", "🙂", "\\u0000"]
    }


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"\xff", b"NaN", b"[Infinity]", b"1e999", b"-1e999"),
        *(b"9" * 20, b"[-" + b"9" * 400 + b"]", b"9" * 5000, b"[" * 100_000),
        *(b'"\\u0000"', b'{"\\u0000": 1}', b'["\\ud800"]', b'{"a": {"\\udc00": 1}}'),
    ],
)
def test_other_json_is_refused(body):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the parser says
        load_json(body)


def test_no_text_of_a_request_holds_a_nul():
    app = Flask("plain")
    init_requests(app)

    @app.post("/<path:name>")
    def echo(name: str):
        return jsonify(
            name=name, args=request.args, form=request.form.to_dict(flat=False)
        )

    client = app.test_client()
    data = {"c": ["1\0", "2"], "\0d": "3"}
    assert client.post("/a?b=x%00y", data=data).get_json() == {
        "name": "a",
        "args": {"b": "xy"},
        "form": {"c": ["1", "2"], "d": ["3"]},
    }
    assert client.post("/a%00b").status_code == 404
    multipart = {"c": "1\0"}
    sent = client.post("/a", data=multipart, content_type="multipart/form-data")
    assert sent.get_json()["form"] == {"c": ["1"]}
