"""Somebody else's id in the address opens nothing of theirs."""

from __future__ import annotations

import html

import pytest
from flask import Response, g
from werkzeug.test import TestResponse

from study_server.services.participation import browser_binding
from study_server.services.participation.erasure import find_participant
from study_server.web.participation.resuming import write_resume
from tests.study_server.web.worlds import Visitor, World

CODE = "DONE-42"


@pytest.fixture
def anna(world: World) -> Visitor:
    """Somebody with an id, in a browser of their own, at the end of the study."""
    visitor = world.visitor("link", WHO="anna").walk_to_survey()
    visitor.post("survey")
    visitor.post("debriefing")
    assert CODE in visitor.page()
    return visitor


def look(visitor: Visitor) -> TestResponse:
    return visitor.client.get(visitor.link, query_string=visitor.parameters)


def test_another_browser_with_the_same_id_is_told_so_and_sees_nothing(world, anna):
    thief = world.visitor("link", WHO="anna")
    for answer, status in ((look(thief), 200), (thief.come_in(), 403)):
        text = html.unescape(answer.get_data(as_text=True))
        assert answer.status_code == status
        assert "begun in another browser" in text
        assert "write to lab@example.org" in text
        assert CODE not in text
        assert anna.home not in text
    assert thief.home == ""


def test_coming_back_in_the_same_browser_opens_the_same_page(anna):
    assert "Go on" in look(anna).get_data(as_text=True)
    was = anna.home
    assert anna.come_in().status_code == 303
    assert anna.home == was


def test_many_people_use_one_browser_one_after_another(world):
    kiosk = world.visitor("link", WHO="p0")
    homes = {}
    for name in ("p0", "p1", "p2"):
        kiosk.parameters = {"WHO": name}
        kiosk.come_in()
        homes[name] = kiosk.home
    for name in ("p1", "p0", "p2"):
        kiosk.parameters = {"WHO": name}
        kiosk.come_in()
        assert kiosk.home == homes[name]


def test_a_page_that_keeps_its_own_key_needs_no_cookie(world):
    anna = world.visitor("link", WHO="anna")
    anna.come_in()
    token = anna.home.strip("/").split("/")[-1]
    assert f'data-visit="{token}"' in anna.page()
    no_cookies = world.visitor("link", WHO="anna")
    assert "data-if-kept" in look(no_cookies).get_data(as_text=True)
    for kept, status in (("some-other-token", 403), (f"other-one {token}", 303)):
        no_cookies.parameters = {"WHO": "anna", "kept": kept}
        assert no_cookies.come_in().status_code == status
    assert no_cookies.home == anna.home


def test_who_was_released_goes_on_in_another_browser(world, anna):
    person = find_participant(world.services, "link:WHO", external_id="anna")
    browser_binding.release(world.services, person)
    elsewhere = world.visitor("link", WHO="anna")
    assert elsewhere.come_in().status_code == 303
    assert CODE in elsewhere.page()
    assert anna.client.get(anna.home).status_code == 404
    assert anna.come_in().status_code == 403


@pytest.mark.parametrize(
    ("is_secure", "is_framed", "words"),
    [
        # Inside a market's frame only a cookie kept for that market's site arrives.
        (True, True, {"Secure", "SameSite=None", "Partitioned"}),
        (True, False, {"Secure", "SameSite=Lax"}),
        (False, True, {"SameSite=Lax"}),
    ],
)
def test_the_cookie_reaches_a_markets_frame(world, is_secure, is_framed, words):
    world.app.config["SESSION_COOKIE_SECURE"] = is_secure
    with world.app.test_request_context():
        g.is_framed = is_framed
        answer = write_resume(Response(), "a-link", enrolment="an-enrolment")
    parts = {part.strip() for part in answer.headers["Set-Cookie"].split(";")}
    every = {"Secure", "SameSite=None", "SameSite=Lax", "Partitioned"}
    assert parts & every == words
    assert {"HttpOnly", "Path=/s/"} <= parts
