"""A second factor: set up on a page, asked for at the door, used but once."""

from __future__ import annotations

import re
from dataclasses import replace

import pyotp
import pytest
from flask.testing import FlaskClient

from study_server.app import create_app
from study_server.services.accounts.second_factor import (
    reset_second_factor,
    set_up_second_factor,
)
from study_server.services.accounts.sign_ins import begin_sign_in, presence_of
from study_server.services.accounts.users import AccountError, find_user_record
from tests.hit_templates.markup import Markup
from tests.study_server.conftest import FakeClock
from tests.study_server.web.accounts.test_account_pages import post
from tests.study_server.web.dashboard.test_studies import csrf_of, sign_in
from tests.study_server.web.worlds import PASSWORD, World

PAGE = "/dashboard/account/second-factor"


@pytest.fixture
def still(world: World, clock: FakeClock) -> World:
    """The world at a time that stands still."""
    services = replace(world.services, clock=clock)
    app = create_app(services.settings, services=services)
    return replace(world, app=app, services=services)


def set_up(client: FlaskClient, clock: FakeClock) -> tuple[pyotp.TOTP, list[str]]:
    page = client.get(PAGE)
    assert 'src="data:image/svg+xml' in page.text
    found = re.search(r"<code[^>]*>([A-Z2-7 ]+)</code>", page.text)
    app = pyotp.TOTP(found[1].replace(" ", "") if found else "")
    token = csrf_of(client, "/dashboard/account")
    wrong = {"code": "000000", "password": PASSWORD, "csrf_token": token}
    assert client.post(PAGE, data=wrong).status_code == 400
    guess = {"code": app.at(clock.now), "password": "guess", "csrf_token": token}
    assert client.post(PAGE, data=guess).status_code == 400
    right = {"code": app.at(clock.now), "password": PASSWORD, "csrf_token": token}
    shown = client.post(PAGE, data=right).text
    return app, re.findall(r"<li>([a-z2-7-]{19})</li>", shown)


def prove(client: FlaskClient, code: str) -> int:
    token = csrf_of(client, "/sign-in/code")
    data = {"code": code, "csrf_token": token}
    return client.post("/sign-in/code", data=data).status_code


def half_way(world: World) -> FlaskClient:
    client = world.app.test_client()
    answer = sign_in(client, next="/dashboard/studies/small")
    assert answer.headers["Location"] == "/sign-in/code"
    assert client.get("/dashboard/").status_code == 302
    return client


def test_a_code_is_asked_for_and_counts_once(still: World, clock: FakeClock):
    inside = still.app.test_client()
    sign_in(inside)
    other = still.app.test_client()
    sign_in(other)
    app, codes = set_up(inside, clock)
    assert len(set(codes)) == 10
    assert inside.get("/dashboard/").status_code == 200
    assert other.get("/dashboard/").status_code == 302
    # The code it was set up with was used by that.
    client = half_way(still)
    assert prove(client, app.at(clock.now)) == 403
    clock.move(seconds=30)
    client = half_way(still)
    assert prove(client, "12345") == 403
    token = csrf_of(client, "/sign-in/code")
    data = {"code": app.at(clock.now), "csrf_token": token}
    answer = client.post("/sign-in/code", data=data)
    assert answer.headers["Location"] == "/dashboard/studies/small"
    assert client.get("/dashboard/").status_code == 200
    again = half_way(still)
    assert prove(again, app.at(clock.now)) == 403


def test_a_recovery_code_lets_in_once(still: World, clock: FakeClock):
    inside = still.app.test_client()
    sign_in(inside)
    _, codes = set_up(inside, clock)
    assert prove(half_way(still), codes[0].upper().replace("-", " ")) == 303
    assert prove(half_way(still), codes[0]) == 403
    text = Markup(inside.get("/dashboard/account").text).text
    assert "9 recovery codes are left" in text
    stored = b"".join(
        path.read_bytes()
        for path in still.services.settings.data_dir.glob("*.sqlite3*")
    )
    assert codes[1].replace("-", "").encode() not in stored


def test_codes_are_not_guessed(still: World, clock: FakeClock):
    inside = still.app.test_client()
    sign_in(inside)
    app, _ = set_up(inside, clock)
    clock.move(seconds=60)
    client = half_way(still)
    assert [prove(client, f"{n:06}") for n in range(6)] == [403] * 5 + [429]
    assert prove(client, app.at(clock.now)) == 429


def test_half_way_lasts_five_minutes(still: World, clock: FakeClock):
    inside = still.app.test_client()
    sign_in(inside)
    app, _ = set_up(inside, clock)
    client = half_way(still)
    token = csrf_of(client, "/sign-in/code")
    clock.move(seconds=301)
    data = {"code": app.at(clock.now), "csrf_token": token}
    answer = client.post("/sign-in/code", data=data)
    assert answer.headers["Location"] == "/sign-in"
    assert still.app.test_client().get("/sign-in/code").status_code == 302


def test_it_is_given_up_by_whoever_knows_the_password(still: World, clock: FakeClock):
    inside = still.app.test_client()
    sign_in(inside)
    set_up(inside, clock)
    kept = post(inside, f"{PAGE}/remove", password="guess")
    assert "not your password" in kept.text
    gone = post(inside, f"{PAGE}/remove", password=PASSWORD)
    assert "asked for your password only" in gone.text
    assert sign_in(still.app.test_client()).headers["Location"] == "/dashboard/"


def test_it_is_reset_for_whoever_lost_the_telephone(still: World, clock: FakeClock):
    services = still.services
    ada = find_user_record(services, "ada")
    token = begin_sign_in(services, ada, browser="a")
    presence = presence_of(services, token)
    assert presence is not None
    secret = pyotp.random_base32()
    code = pyotp.TOTP(secret).at(clock.now)
    set_up_second_factor(
        services, presence, secret=secret, code=code, password=PASSWORD
    )
    reset_second_factor(services, "ada")
    assert presence_of(services, token) is None
    with pytest.raises(AccountError, match="ada has no second factor"):
        reset_second_factor(services, "ada")
