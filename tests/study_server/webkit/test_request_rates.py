"""How often an address may ask for what needs no sign-in."""

from __future__ import annotations

import pytest
from flask import Flask
from limits import RateLimitItemPerMinute

from study_server.webkit.access import ANYONE, open_to
from study_server.webkit.request_rates import init_rates


@pytest.fixture
def app() -> Flask:
    made = Flask("rates")
    init_rates(made, free=("by_token",), rate=RateLimitItemPerMinute(3))
    made.add_url_rule("/open", "open", open_to(ANYONE)(lambda: "open"))
    made.add_url_rule("/token", "by_token", open_to(ANYONE)(lambda: "token"))
    made.add_url_rule("/closed", "closed", open_to("owner")(lambda: "closed"))
    return made


def ask(app: Flask, path: str, *, n: int = 4, address: str = "203.0.113.7") -> set[int]:
    client = app.test_client()
    base = {"REMOTE_ADDR": address}
    return {client.get(path, environ_base=base).status_code for _ in range(n)}


def test_an_address_that_asks_too_often_waits_and_others_do_not(app):
    assert ask(app, "/open") == {200, 429}
    assert ask(app, "/open", n=1) == {429}
    assert ask(app, "/open", n=3, address="203.0.113.8") == {200}


def test_addresses_that_lead_nowhere_count_too(app):
    assert ask(app, "/nothing") == {404, 429}


def test_what_a_token_or_a_sign_in_opens_is_not_counted(app):
    assert ask(app, "/token", n=9) == {200}
    assert ask(app, "/closed", n=9) == {200}
    assert ask(app, "/open", n=9, address="127.0.0.1") == {200}


def test_an_ipv6_network_counts_as_one(app):
    assert ask(app, "/open", n=3, address="2001:db8::1") == {200}
    assert ask(app, "/open", n=1, address="2001:db8::2") == {429}
