"""Choosing between pictures in Chromium: by key, by mouse, on a phone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.study_server.preference_set import write_preference_set
from tests.study_server.web.browser.conftest import LiveServer, Person
from tests.study_server.web.worlds import World, make_world

STUDY = """
[study]
name = "small"
title = "Which picture is better?"
paradigm = "prefer"
[design]
responses_per_trial = 2
trials_per_block = 4
n_practice = 0
allow_same_source = true
[analysis]
agreement = 1
[comprehension]
enabled = false
[prefer]
asks = "{asks}"
no_difference = true
[recruiter.lab]
link = "open"
"""
GIVEN = (
    "SELECT r.payload, t.class_order FROM response r "
    "JOIN session_trial t ON t.id = r.session_trial_id ORDER BY r.id"
)
# Everything that can be pressed, and every picture, lies inside the window.
IN_SIGHT = """() => [...document.querySelectorAll("button[data-field], img[data-slot], button[data-submit]")]
  .map((each) => each.getBoundingClientRect())
  .filter((box) => box.bottom > innerHeight + 1 || box.right > innerWidth + 1 || box.left < 0 || box.height < 40)
  .length"""
PICTURES = """() => [...document.querySelectorAll(".sl-offers img")].map((each) => {
  const { width, height } = each.getBoundingClientRect();
  return Math.min(width, height);
})"""
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "two": ("preferred", {"n_shown": 2}),
    "two-about": ("preferred", {"n_shown": 2, "has_target": True}),
    "three": ("preferred", {"n_shown": 3, "n_sources": 8}),
    "odd": ("odd-one-out", {"n_shown": 3, "n_sources": 8}),
    "best-and-worst": ("best-and-worst", {"n_shown": 3, "n_sources": 8}),
    "four": (
        "best-and-worst",
        {"n_shown": 4, "n_sources": 8, "worth": dict.fromkeys("abcd", 0.0)},
    ),
    "four-about": (
        "preferred",
        {
            "n_shown": 4,
            "n_sources": 8,
            "has_target": True,
            "worth": dict.fromkeys("abcd", 0.0),
        },
    ),
}
QUICK = ("two", "best-and-worst", "four-about")


@pytest.fixture
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """In place of the usual one; `request.param` is what is shown."""
    asks, size = KINDS[request.param]
    made = write_preference_set(tmp_path / "set", question=asks, **size)
    world = make_world(tmp_path, toml=STUDY.format(asks=asks), set_folder=made)
    yield world
    world.services.store.close()


def of_kinds(*names: str) -> pytest.MarkDecorator:
    found = [
        pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow])
        for name in names
    ]
    return pytest.mark.parametrize("world", found, indirect=True)


def begin(person: Person) -> None:
    visitor = person.live.world.visitor()
    visitor.come_in()
    visitor.post("consent", agree="yes")
    visitor.post("warning")
    visitor.post("instructions")
    person.open(f"{visitor.home}?go=trials")


def shot(person: Person, name: str) -> None:
    """A picture of the page, where somebody wants to look at it."""
    if folder := os.environ.get("SECONDLOOK_SHOTS"):
        person.page.screenshot(path=Path(folder) / f"prefer-{name}.png")


def given(live: LiveServer) -> list[tuple[Any, Any]]:
    return [
        (json.loads(row["payload"]), json.loads(row["class_order"]))
        for row in live.rows(GIVEN)
    ]


@of_kinds("two")
def test_pictures_are_chosen_by_arrow_by_number_and_by_mouse(
    person: Person, live: LiveServer
):
    begin(person)
    keys = person.page.keyboard
    person.wait_for_trial(1, 4)
    keys.press("ArrowRight")
    person.wait_for_trial(2, 4)
    keys.press("1")
    person.wait_for_trial(3, 4)
    person.page.click(".sl-offer:nth-child(2) button")
    person.wait_for_trial(4, 4)
    keys.press("n")
    person.page.wait_for_url("**/p/*/")
    (one, two, three, four) = given(live)
    # The second place of the first trial holds the option that was drawn for it.
    assert one[0] == {"best": str(one[1][1] + 1)}
    assert two[0] == {"best": str(two[1][0] + 1)}
    assert three[0] == {"best": str(three[1][1] + 1)}
    assert four[0] == {"best": "none"}
    # Two of four times the first option stood at the left.
    assert sorted(order[0] for _, order in given(live)) == [0, 0, 1, 1]
    assert person.complaints == []


@of_kinds("best-and-worst")
def test_a_picture_is_never_best_and_worst(person: Person, live: LiveServer):
    begin(person)
    page, keys = person.page, person.page.keyboard
    person.wait_for_trial(1, 4)
    keys.press("1")
    keys.press("1")
    # The best is chosen anew: what was best is the worst now.
    assert page.is_disabled("button[data-submit]")
    pressed = page.locator("button[aria-pressed=true]")
    assert pressed.evaluate_all("all => all.map((e) => e.dataset.field)") == ["worst"]
    page.click("[data-row=best] button:nth-child(3)")
    page.click("button[data-submit]")
    person.wait_for_trial(2, 4)
    ((response, order),) = given(live)
    assert response == {"best": str(order[2] + 1), "worst": str(order[0] + 1)}
    assert person.complaints == []


@of_kinds(*KINDS)
def test_all_of_it_is_in_sight_on_a_laptop(person: Person, request):
    begin(person)
    person.wait_for_trial(1, 4)
    shot(person, f"laptop-{request.node.callspec.params['world']}")
    assert person.page.evaluate(IN_SIGHT) == 0
    assert min(person.page.evaluate(PICTURES)) >= 180
    assert person.complaints == []


@of_kinds(*KINDS)
def test_all_of_it_is_in_sight_on_a_phone(person_with_phone: Person, request):
    person = person_with_phone
    begin(person)
    person.wait_for_trial(1, 4)
    shot(person, f"phone-{request.node.callspec.params['world']}")
    assert person.page.evaluate(IN_SIGHT) == 0
    assert min(person.page.evaluate(PICTURES)) >= 110
    person.page.tap(".sl-choices button, .sl-offer button")
    assert person.complaints == []
