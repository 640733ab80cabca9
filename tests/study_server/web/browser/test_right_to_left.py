"""A study in Arabic, by the keyboard alone, on a screen as small as a phone's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.study_server.web.browser.conftest import LiveServer, Person
from tests.study_server.web.worlds import make_world

TEXTS = Path(__file__).parents[1] / "texts_ar"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("arabic")
    shutil.copytree(TEXTS, folder, dirs_exist_ok=True)
    world = make_world(folder, toml=(TEXTS / "study.toml").read_text("utf-8"))
    server = LiveServer(world)
    server.start()
    yield server
    server.stop()
    world.services.store.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    made = context.new_page()
    yield made
    context.close()


def look_at(person: Person, name: str) -> None:
    """Nothing is wider than the screen; a picture for whoever wants to look."""
    page = person.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    assert page.get_attribute("html", "dir") == "rtl"
    if folder := os.environ.get("SECONDLOOK_SHOTS"):
        page.screenshot(path=Path(folder) / f"arabic-{name}.png")


def test_a_trial_in_arabic_keeps_its_class_name_whole_and_mirrors_the_page(
    page: Page, live: LiveServer
):
    person = Person(page, live)
    visitor = live.world.visitor()
    visitor.come_in()
    visitor.post("consent", agree="yes", age="yes")
    for step in ("warning", "instructions"):
        visitor.post(step)
    visitor.post("comprehension", question_0="0")
    person.open(f"{visitor.home}?go=practice")
    person.wait_for_trial(1, 2)
    look_at(person, "practice-quick")
    sides = page.evaluate(
        """() => ["[data-value=yes]", "[data-value=no]", "header a", "progress"].map(
          (each) => document.querySelector(each).getBoundingClientRect().x)"""
    )
    yes, no, way_out, bar = sides
    assert yes > no  # the first choice stands on the right
    assert way_out < bar
    name = page.locator(".sl-class bdi")
    assert name.get_attribute("dir") is None
    assert page.evaluate(
        "e => getComputedStyle(e).unicodeBidi", name.element_handle()
    ) in (
        "isolate",
        "-webkit-isolate",
    )
    page.keyboard.press("2")
    page.wait_for_selector("#trial-feedback:not([hidden])")
    look_at(person, "feedback-quick")


@pytest.mark.slow
def test_the_whole_way_in_arabic_by_keyboard_on_a_small_screen(
    page: Page, live: LiveServer
):
    person, keys = Person(page, live), page.keyboard
    person.open(live.world.link())
    look_at(person, "0-landing")
    person.tab_to("button[type=submit]")
    keys.press("Enter")
    page.wait_for_url("**/p/*/")
    look_at(person, "1-consent")
    for box in ("agree", "age"):
        person.tab_to(f"[name={box}]")
        keys.press("Space")
    for number, words in enumerate(("قبل أن تتابع", "ما المطلوب", "تحقق سريع"), 2):
        person.tab_to("button[type=submit]")
        keys.press("Enter")
        page.wait_for_selector(f"h1:text-is('{words}')")
        look_at(person, f"{number}-before")
    person.tab_to("[name=question_0]")
    keys.press("Space")
    person.tab_to("button[type=submit]")
    keys.press("Enter")
    page.wait_for_selector("h1:text-is('تدريب')")
    person.tab_to(".sl-go a")
    keys.press("Enter")
    for number in (1, 2):
        person.wait_for_trial(number, 2)
        look_at(person, f"5-practice-{number}")
        keys.press("2")
        page.wait_for_selector("#trial-feedback:not([hidden])")
        look_at(person, f"6-feedback-{number}")
        keys.press("Enter")
    page.wait_for_selector("h1:text-is('الآن تبدأ الدراسة')")
    look_at(person, "7-trials")
    person.tab_to(".sl-go a")
    keys.press("Enter")
    for number in range(1, 6):
        person.wait_for_trial(number, 5)
        look_at(person, f"8-trial-{number}")
        keys.press("1")
    page.wait_for_selector("h1:text-is('أسئلة أخيرة')")
    look_at(person, "9-survey")
    for words in ("عن ماذا كانت الدراسة", "شكرا"):
        person.tab_to("button[type=submit]")
        keys.press("Enter")
        page.wait_for_selector(f"h1:text-is('{words}')")
        look_at(person, f"10-{'end' if words == 'شكرا' else 'debriefing'}")
    assert person.complaints == []
