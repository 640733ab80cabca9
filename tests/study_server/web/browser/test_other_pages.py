"""Five classes, a paradigm's own script, previews, the check, the dashboard."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Route

from study_server.web.dashboard.preview_links import preview_url
from tests.study_server.web.browser.conftest import LiveServer, Person
from tests.study_server.web.worlds import (
    DATABASE,
    PASSWORD,
    make_world,
    open_world,
    write_set,
)

OWN_SCRIPT = """
export async function mount(root, trial, clock) {
  const button = document.createElement("button");
  button.textContent = "own";
  root.append(button);
  await new Promise((resolve) => button.addEventListener("click", resolve));
  clock.record("own_event");
  return { relevant: "no" };
}
"""


# Texts that stand out less than 4.5 to 1 from what lies behind them (WCAG 1.4.3).
TOO_FAINT = """() => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => {
    const mixed = [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
    return [...mixed, 1];
  };
  const behind = (element) => {
    if (!element) return [255, 255, 255, 1];
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, behind(element.parentElement));
  };
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((value) => {
      const v = value / 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].filter((n) => n.nodeType === 3 && n.data.trim());
    if (!words.length || !element.checkVisibility() || element.closest(".visually-hidden, .sl-skip") || element.namespaceURI.endsWith("svg")) continue;
    const ground = behind(element);
    const ink = over(rgba(getComputedStyle(element).color), ground);
    const [high, low] = [light(ink), light(ground)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) faint.push(`${words[0].data.trim()}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""


@pytest.fixture(scope="session")
def finished_each(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("each")
    write_set(folder / "set", question="each")
    make_world(folder, set_folder=folder / "set").services.store.close()
    return folder


@pytest.fixture
def person_with_five(
    tmp_path: Path, finished_each: Path, browser_context: BrowserContext
) -> Iterator[Person]:
    shutil.copy(finished_each / DATABASE, tmp_path / DATABASE)
    server = LiveServer(open_world(tmp_path))
    server.start()
    yield Person(browser_context.new_page(), server)
    server.stop()


def test_five_classes_one_by_one_with_the_keyboard(person_with_five: Person):
    person, keys = person_with_five, person_with_five.page.keyboard
    person.go_to_trials()
    orders = []
    for number in range(1, 6):
        person.wait_for_trial(number, 5)
        rows = person.page.query_selector_all("[data-row]")
        if rows:
            orders.append(tuple(row.get_attribute("data-row") for row in rows))
            assert person.page.is_disabled("button[data-submit]")
            for key in "ynn1":
                keys.press(key)
            assert person.page.is_disabled("button[data-submit]")
            keys.press("n")
            keys.press("ArrowUp")  # second thoughts about the fourth
            keys.press("n")
            keys.press("Enter")
        else:
            keys.press("y")
    person.page.wait_for_selector("h1:text-is('Last questions')")
    query = "SELECT payload FROM response ORDER BY id"
    found = [json.loads(row["payload"]) for row in person.live.rows(query)]
    given = [one for one in found if "relevant_0" in one]
    assert len(given) == len(orders) == 3
    for order, response in zip(orders, given, strict=True):
        assert [response[str(field)] for field in order] == ["yes", *["no"] * 4]
    assert person.complaints == []


def test_a_paradigm_may_bring_a_script_of_its_own(person: Person, live: LiveServer):
    def with_script(route: Route) -> None:
        block = route.fetch().json()
        for trial in block["trials"]:
            trial["script"] = "/hit/own/trial.js"
        route.fulfill(json=block)

    person.page.route("**/block.json", with_script)
    person.page.route(
        "**/hit/own/trial.js",
        lambda route: route.fulfill(content_type="text/javascript", body=OWN_SCRIPT),
    )
    person.walk_to("practice")
    person.page.click("text=own")
    person.page.wait_for_selector("#trial-feedback:not([hidden])")
    (row,) = live.rows("SELECT * FROM response")
    assert json.loads(row["payload"]) == {"relevant": "no"}
    assert row["rt_ms"] > 0
    kinds = {event["kind"] for event in live.rows("SELECT * FROM display_event")}
    assert {"decoded", "onset", "own_event"} <= kinds
    assert person.complaints == []


def test_a_preview_runs_and_stores_nothing(person: Person, live: LiveServer):
    settings = live.world.services.settings
    person.open(
        preview_url(live.world.services, "small").removeprefix(settings.base_url)
    )
    for number in (1, 2, 3):
        person.wait_for_trial(number, 3)
        person.page.keyboard.press("y")
    person.page.wait_for_selector("h1:text-is('That was the preview')")
    assert live.rows("SELECT * FROM response") == []
    assert live.rows("SELECT * FROM enrolment") == []


def test_a_researcher_signs_in_looks_and_judges(person: Person, live: LiveServer):
    for number in range(4):
        live.world.visitor("link", WHO=f"p{number}").walk_to_survey()
    page = person.page
    person.open("/dashboard/studies/small/audit")
    page.fill("#name", "ada")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.fill("#n", "3")
    page.click("text=Draw")
    page.click("a:text-is('Start')")
    for number in (1, 2, 3):
        person.wait_for_trial(number, 3)
        page.keyboard.press("n")
    page.wait_for_selector("text=3 of 3 trials judged")
    assert len(live.rows("SELECT * FROM audit_response")) == 3
    person.open("/dashboard/studies/small")
    # No trial has 0 or 1 responses, all six have the 2 that are wanted.
    drawn = page.text_content("svg.sl-histogram") or ""
    assert drawn.split() == ["0", "0", "0", "1", "6", "2"]
    assert page.is_visible("button[data-copy]")
    assert person.complaints == []


def test_pages_fit_a_phone(person_with_phone: Person):
    person, page = person_with_phone, person_with_phone.page
    person.open("/sign-in")
    page.fill("#name", "ada")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    for path in ("/dashboard/", "/dashboard/studies/small", "/nothing-here"):
        person.open(path)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, path


def test_the_dashboard_is_not_reloaded_under_ones_hands(person: Person):
    page = person.page
    page.clock.install()
    person.open("/dashboard/studies/small")
    page.fill("#name", "ada")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector("details")

    def is_reloaded_after_30_s() -> bool:
        page.evaluate("window.isOld = true")
        page.clock.fast_forward(31_000)
        page.wait_for_timeout(300)
        page.wait_for_load_state()
        return not page.evaluate("window.isOld === true")

    page.click("summary")
    page.evaluate("document.activeElement.blur()")
    assert not is_reloaded_after_30_s()  # a list is open
    page.click("summary")
    assert not is_reloaded_after_30_s()  # and now only has the focus
    page.evaluate("document.activeElement.blur()")
    assert is_reloaded_after_30_s()


def test_every_column_of_the_dashboard_has_a_name(person: Person):
    page = person.page
    person.open("/dashboard/")
    page.fill("#name", "ada")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    for path in ("/dashboard/", "/dashboard/studies/small"):
        person.open(path)
        heads = page.locator("thead th").evaluate_all(
            "all => all.map((head) => [head.scope, head.textContent.trim()])"
        )
        assert heads
        assert all(scope == "col" and words for scope, words in heads), path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_lies_behind_it(person: Person, scheme):
    page, world = person.page, person.live.world
    page.emulate_media(color_scheme=scheme)
    visitor = world.visitor("link", WHO="anna")
    page.goto(f"{person.live.url}{visitor.link}?WHO=anna")
    faint = {"landing": page.evaluate(TOO_FAINT)}
    visitor.come_in()
    for name in ("", "withdraw"):
        person.open(visitor.home + name)
        faint[f"participant {name}"] = page.evaluate(TOO_FAINT)
    visitor.walk_to_survey()
    visitor.post("survey")
    visitor.post("debriefing")
    person.open(visitor.home)
    faint["finish"] = page.evaluate(TOO_FAINT)
    person.open("/dashboard/")
    faint["sign in"] = page.evaluate(TOO_FAINT)
    page.fill("#name", "ada")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    for path in ("/dashboard/", "/dashboard/studies/small"):
        person.open(path)
        faint[path] = page.evaluate(TOO_FAINT)
    assert {name: found for name, found in faint.items() if found} == {}
