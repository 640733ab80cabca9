"""A session in parts in Chromium: a break that a reload does not shorten."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.study_server.web.browser.conftest import Person
from tests.study_server.web.worlds import STUDY_TOML, World, make_world

PARTS = """
[[design.parts]]
name = "first"
n_trials = 1
n_practice = 1
[[design.parts]]
name = "second"
n_trials = 2
instructions = "From now on, take **more time**."
break_seconds = 4
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    toml = STUDY_TOML.replace("n_practice = 2\n", "").replace(
        "[quality]", PARTS + "[quality]"
    )
    return make_world(tmp_path, toml=toml)


def test_a_break_waits_and_the_next_part_begins(person: Person):
    page = person.page
    visitor = person.live.world.visitor().walk_to_trials()
    visitor.respond_to_all()
    person.open(visitor.home)
    assert person.heading() == "Time for a break"
    button = page.locator("form button")
    assert button.is_disabled()
    page.reload()
    assert button.is_disabled()
    assert "You can go on in" in page.inner_text(".sl-wait-for")
    page.wait_for_selector("form button:not([disabled])", timeout=8_000)
    assert page.inner_text("[data-wait-told]") == "You can go on now."
    page.keyboard.press("Tab")
    person.tab_to("form button")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Part 2 of 2")
    assert page.inner_text("main strong") == "more time"
    page.click("text=Start")
    person.wait_for_trial(1, 3)
    assert page.inner_text(".sl-runner-label") == "Part 2 of 2"
    page.reload()
    person.wait_for_trial(1, 3)
    page.keyboard.press("y")
    person.wait_for_trial(2, 3)
    assert person.complaints == []
