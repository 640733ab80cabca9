"""Choosing a category, shown for a moment or not, in Chromium."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.study_server.category_set import SIXTEEN, write_category_set
from tests.study_server.web.browser.conftest import LiveServer, Person
from tests.study_server.web.worlds import World, make_world

RESPONSES = "SELECT payload, is_right, rt_ms, context FROM response ORDER BY id"
EVENTS = (
    "SELECT response_id, kind, at_ms, details FROM display_event "
    "ORDER BY response_id, number"
)
FRAMES = (
    "SELECT exposure_frames, missed_frames, dropped_frames FROM response ORDER BY id"
)
STUDY = """
[study]
name = "small"
title = "Which of these is it?"
paradigm = "categorise"
[design]
responses_per_trial = 2
trials_per_block = 4
n_practice = 1
[analysis]
agreement = 1
[comprehension]
enabled = false
[categorise]
"""
TIMING = """
[categorise.timing]
fixation_ms = 100
exposure_ms = 200
mask = "noise"
mask_ms = 200
response_ms = {response_ms}
after_ms = 50
"""
RECRUITER = """
[recruiter.lab]
link = "open"
"""
# The page goes out of sight as soon as the first main trial has come to a phase.
HIDE_AT = """phase => {
  if (!location.search.includes("go=trials")) return;
  let isDone = false;
  new MutationObserver(() => {
    if (isDone || !document.querySelector(`[data-phase=${phase}]`)) return;
    isDone = true;
    for (const isHidden of [true, false]) {
      Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-phase"] });
}"""
# A screen that shows so many pictures a second.
SLOW = """rate => {
  const usual = window.requestAnimationFrame;
  const every = Math.round(60 / rate);
  window.requestAnimationFrame = (call) => {
    let left = every;
    const step = (time) => (--left > 0 ? usual(step) : call(time));
    return usual(step);
  };
}"""


def make(folder: Path, timing: str, *, names: tuple[str, ...] = ()) -> World:
    stimuli = write_category_set(
        folder / "set", names or ("bear", "boat", "clock", "truck"), n_practice=1
    )
    return make_world(folder, toml=STUDY + timing + RECRUITER, set_folder=stimuli)


@pytest.fixture
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """In place of the usual one; `request.param` is the timing's text, or the names."""
    given = getattr(request, "param", "")
    timing, names = (given, ()) if isinstance(given, str) else ("", given)
    world = make(tmp_path, timing, names=names)
    yield world
    world.services.store.close()


timed = pytest.mark.parametrize(
    "world", [TIMING.format(response_ms=20_000)], indirect=True
)
in_a_hurry = pytest.mark.parametrize(
    "world", [TIMING.format(response_ms=300)], indirect=True
)


def shot(person: Person, name: str) -> None:
    """A picture of the page, where somebody wants to look at it."""
    if folder := os.environ.get("SECONDLOOK_SHOTS"):
        person.page.screenshot(path=Path(folder) / f"categorise-{name}.png")


def begin(person: Person) -> None:
    """To the practice trial; what comes before it went over HTTP."""
    visitor = person.live.world.visitor()
    visitor.come_in()
    visitor.post("consent", agree="yes")
    visitor.post("warning")
    visitor.post("instructions")
    person.open(f"{visitor.home}?go=practice")


def to_main_trials(person: Person) -> None:
    begin(person)
    wait(person, 1, 1)
    person.page.keyboard.press("1")
    person.page.click("#trial-feedback button")
    person.page.click("text=Start")


def wait(person: Person, number: int, n_trials: int) -> None:
    """Until the categories of that trial are there."""
    person.page.wait_for_function(
        "words => document.getElementById('trial-count')?.textContent === words"
        " && document.querySelector('button[data-field]:not([disabled])')"
        " && document.querySelector('#trial-feedback').hidden",
        arg=f"{number} / {n_trials}",
    )
    person.page.wait_for_timeout(200)


def payloads(live: LiveServer) -> list[Any]:
    return [json.loads(row["payload"] or "null") for row in live.rows(RESPONSES)]


def of_kind(live: LiveServer, kind: str) -> list[dict[str, Any]]:
    rows = live.rows(EVENTS)
    return [
        {**row, "details": json.loads(row["details"])}
        for row in rows
        if row["kind"] == kind
    ]


def test_a_category_by_key_by_arrows_and_by_mouse(person: Person, live: LiveServer):
    page, keys = person.page, person.page.keyboard
    to_main_trials(person)
    wait(person, 1, 4)
    keys.press("2")
    wait(person, 2, 4)
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Enter"):
        keys.press(key)
    wait(person, 3, 4)
    page.click("button[data-value=clock]")
    wait(person, 4, 4)
    page.click("button[data-value=bear]")
    page.wait_for_url("**/p/*/")
    chosen = [each["category"] for each in payloads(live)]
    assert chosen == ["bear", "boat", "truck", "clock", "bear"]
    assert person.complaints == []


@pytest.mark.parametrize(
    ("world", "columns"),
    [
        # "knife" gives way to what is as wide as four in a row may be, and to more.
        ((*SIXTEEN[:-3], "mushroom", "oven", "truck"), 4),
        ((*SIXTEEN[:-3], "strawberry", "oven", "truck"), 3),
    ],
    indirect=["world"],
)
def test_sixteen_words_are_whole_on_a_phone_and_chosen_by_a_tap(
    person_with_phone: Person, live: LiveServer, columns: int
):
    person, page = person_with_phone, person_with_phone.page
    begin(person)
    wait(person, 1, 1)
    shot(person, f"phone-{columns}")
    grid = page.evaluate("""() => [...document.querySelectorAll(".sl-category")].map(
      (each) => {
        const word = each.querySelector("span").getBoundingClientRect();
        const box = each.getBoundingClientRect();
        return { lines: each.querySelector("bdi").getClientRects().length,
          fits: word.left >= box.left && word.right <= box.right,
          isReached: box.height >= 44 && box.bottom <= innerHeight,
          hasKey: each.querySelector("kbd").offsetParent !== null,
          left: box.left };
      })""")
    assert len({each["left"] for each in grid}) == columns
    for each in grid:
        assert {**each, "left": None} == {
            "lines": 1, "fits": True, "isReached": True, "hasKey": False, "left": None
        }  # fmt: skip
    page.tap("button[data-value=oven]")
    page.locator("#trial-feedback").wait_for()
    assert payloads(live) == [{"category": "oven"}]
    page.tap("#trial-feedback button")
    assert person.complaints == []


@timed
def test_a_picture_for_a_moment_is_held_for_whole_frames(
    person: Person, live: LiveServer
):
    to_main_trials(person)
    wait(person, 1, 4)
    phase = person.page.get_attribute("[data-timed]", "data-phase")
    assert phase == "choices"
    person.page.keyboard.press("3")
    wait(person, 2, 4)
    _practice, shown = of_kind(live, "exposure")
    details = shown["details"]
    assert details["rate"] == 60
    # 200 ms at 60 a second are ceil(12.0) = 12 frames.
    assert details["wanted_frames"] == 12
    assert details["frames"] >= 12
    assert details["is_missed"] is (details["frames"] > 13)
    (_practice, kept) = live.rows(FRAMES)
    assert kept == {
        "exposure_frames": details["frames"],
        "missed_frames": abs(details["frames"] - 12),
        "dropped_frames": kept["dropped_frames"],
    }
    assert kept["dropped_frames"] is not None
    _practice, mask = of_kind(live, "mask")
    assert mask["details"]["wanted_frames"] == 12
    assert 0 <= mask["details"]["seed"] < 2**32
    _practice, choices = of_kind(live, "choices")
    _practice, onset = of_kind(live, "onset")
    # Picture and mask lie between the onset and the categories, and nothing else.
    n_frames = details["frames"] + mask["details"]["frames"]
    between_ms = choices["at_ms"] - onset["at_ms"]
    assert between_ms == pytest.approx(n_frames * 1000 / 60, abs=9)
    assert person.complaints == []


@in_a_hurry
def test_whoever_lets_the_time_pass_has_not_responded(person: Person, live: LiveServer):
    begin(person)
    text = person.page.locator("#trial-feedback [data-text]")
    text.wait_for()
    shot(person, "late")
    assert text.inner_text().startswith("Too late")
    (row,) = live.rows(RESPONSES)
    assert json.loads(row["payload"]) == {"category": "none"}
    assert row["is_right"] == 0
    # From the onset: 400 ms of picture and mask, then 300 ms to choose.
    assert 680 <= row["rt_ms"] <= 1500
    assert len(of_kind(live, "too_late")) == 1


@timed
def test_a_page_out_of_sight_puts_the_trial_off(person: Person, live: LiveServer):
    page = person.page
    page.add_init_script(f"({HIDE_AT})('picture')")
    to_main_trials(person)
    box = page.locator(".sl-untimely")
    assert "out of sight" in box.inner_text()
    shot(person, "put-off")
    box.locator("button").click()
    for number in (1, 2, 3, 4):
        wait(person, number, 4)
        page.keyboard.press("1")
    page.wait_for_url("**/p/*/")
    rows = live.rows(RESPONSES)
    assert len(rows) == 5
    assert all(row["payload"] for row in rows)
    contexts = [json.loads(row["context"]) for row in rows]
    assert [c.get("put_off", 0) for c in contexts] == [0, 0, 0, 0, 1]
    assert contexts[-1]["is_seen_before"] is True
    assert person.complaints == []


@timed
def test_a_picture_seen_before_a_reload_is_not_new_after_it(
    person: Person, live: LiveServer
):
    page = person.page
    to_main_trials(person)
    wait(person, 1, 4)
    page.reload()
    for number in (1, 2):
        wait(person, number, 4)
        page.keyboard.press("1")
    wait(person, 3, 4)
    contexts = [json.loads(row["context"]) for row in live.rows(RESPONSES)]
    # Practice, the trial that was shown twice, and the next.
    seen = [each.get("is_seen_before", False) for each in contexts]
    assert seen == [False, True, False]


@timed
def test_a_page_hidden_before_the_picture_begins_the_trial_again(
    person: Person, live: LiveServer
):
    page = person.page
    page.add_init_script(f"({HIDE_AT})('fixation')")
    to_main_trials(person)
    wait(person, 1, 4)
    page.keyboard.press("1")
    wait(person, 2, 4)
    assert len(of_kind(live, "begun_again")) == 1
    assert len(of_kind(live, "put_off")) == 0


@timed
def test_a_screen_of_thirty_pictures_a_second_is_refused_in_words(
    person: Person, live: LiveServer
):
    page = person.page
    page.add_init_script(f"({SLOW})(30)")
    begin(person)
    box = page.locator(".sl-untimely")
    box.wait_for(timeout=15_000)
    assert "at least 50" in box.inner_text()
    shot(person, "slow")
    assert page.get_attribute("[data-timed]", "data-phase") is None
    assert live.rows(RESPONSES) == []
