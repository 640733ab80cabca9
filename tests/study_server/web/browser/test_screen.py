"""Measuring a screen in Chromium: card, blind spot, and images of a size in degrees."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.study_server.web.browser.conftest import LiveServer, Person
from tests.study_server.web.worlds import STUDY_TOML, World, make_world

SCREEN = "[screen]\nsize_degrees = 3.0\nn_repeats = 2\n"
MEASURED = (
    "SELECT screen, screen_px_per_mm, screen_distance_mm, screen_pixel_ratio, step "
    "FROM enrolment"
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(
        tmp_path, toml=STUDY_TOML.replace("[quality]", SCREEN + "[quality]")
    )


def measure(person: Person, *, card_px: float, spot_px: float) -> None:
    """By keyboard alone, once the page of the card is there."""
    page, keys = person.page, person.page.keyboard
    person.tab_to("[data-size]")
    start = float(page.input_value("[data-size]"))
    for _ in range(round((card_px - start) / 0.5)):
        keys.press("ArrowRight")
    assert float(page.input_value("[data-size]")) == card_px
    person.tab_to("[data-card-done]")
    keys.press("Enter")
    for _ in range(2):
        page.wait_for_selector("[data-go]:visible")
        keys.press("Space")
        page.wait_for_function(
            "px => -new DOMMatrix(document.querySelector('[data-dot]').style.transform)"
            ".m41 >= px",
            arg=spot_px,
        )
        keys.press("Space")
    page.wait_for_selector("[data-send] button:focus")
    keys.press("Enter")


def test_a_screen_is_measured_by_keyboard_and_images_have_their_degrees(
    person: Person, live: LiveServer
):
    page = person.page
    visitor = live.world.visitor()
    visitor.come_in()
    visitor.post("consent", agree="yes")
    visitor.post("warning")
    person.open(visitor.home)
    assert person.heading() == "How large is your screen?"
    measure(person, card_px=342.5, spot_px=200)
    page.wait_for_selector("h1:text-is('What to do')")
    (row,) = live.rows(MEASURED)
    assert row["screen"] == "measured"
    assert row["screen_px_per_mm"] == pytest.approx(342.5 / 85.6)
    # The dot was seen to go a little on before the key was pressed.
    px_per_mm, least = row["screen_px_per_mm"], 200 / (342.5 / 85.6)
    distance = row["screen_distance_mm"] * math.tan(math.radians(13.5))
    assert least <= distance <= least + 25
    visitor.post("instructions")
    visitor.post("comprehension", question_0="0", question_1="1")
    person.open(f"{visitor.home}?go=practice")
    person.wait_for_trial(1, 2)
    wanted = 2 * row["screen_distance_mm"] * math.tan(math.radians(1.5)) * px_per_mm
    box = page.locator(".sl-image").first.bounding_box()
    assert box is not None
    assert max(box["width"], box["height"]) == pytest.approx(wanted, abs=1)
    assert person.complaints == []


def test_a_telephone_stands_the_card_up_and_leaves_it_out(person_with_phone: Person):
    person, live = person_with_phone, person_with_phone.live
    visitor = live.world.visitor()
    visitor.come_in()
    visitor.post("consent", agree="yes")
    visitor.post("warning")
    person.open(visitor.home)
    page = person.page
    card = page.locator("[data-card]").bounding_box()
    assert card is not None
    assert card["height"] > card["width"]
    page.tap("[data-step='1']")
    larger = page.locator("[data-card]").bounding_box()
    assert larger is not None
    assert larger["height"] == pytest.approx(card["height"] + 0.5, abs=0.05)
    page.tap(".sl-aside button")
    page.wait_for_selector("h1:text-is('What to do')")
    assert live.rows(MEASURED)[0]["screen"] == "skipped"
    assert person.complaints == []
