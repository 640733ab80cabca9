"""What the trial page promises whatever happens on it, in Chromium."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.study_server.portrait_set import as_portrait
from tests.study_server.web.browser import test_attributes
from tests.study_server.web.browser.conftest import LiveServer, Person
from tests.study_server.web.browser.test_participation import EVENTS, of_trials
from tests.study_server.web.worlds import STUDY_TOML, make_world, write_set

LONG_TITLE = "What do you see in these pictures? " * 4
FIVE_ROWS = test_attributes.STUDY.replace(
    "[recruiter.lab]",
    """[[attributes.perceived]]
id = "tree"
wording = "a tree in the background of the picture"
[[attributes.perceived]]
id = "car"
wording = "a car"
[recruiter.lab]""",
).replace("What is in the picture?", LONG_TITLE)
FIVE_ROWS = FIVE_ROWS.replace("responses_per_trial = 2", "responses_per_trial = 20")
BOX = """selector => {
  const { x, y, width, height, right, bottom } =
    document.querySelector(selector).getBoundingClientRect();
  return { x, y, width, height, right, bottom };
}"""
PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1366, "height": 768}


def _served(folder: Path, **options: Any) -> Iterator[LiveServer]:
    world = make_world(folder, **options)
    server = LiveServer(world)
    server.start()
    yield server
    server.stop()
    world.services.store.close()


@pytest.fixture(scope="module")
def relevance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    toml = STUDY_TOML.replace("responses_per_trial = 2", "responses_per_trial = 20")
    toml = toml.replace("What do you see?", LONG_TITLE)
    yield from _served(tmp_path_factory.mktemp("relevance"), toml=toml)


@pytest.fixture(scope="module")
def attributes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("attributes")
    portrait = as_portrait(write_set(folder / "set"))
    yield from _served(folder, toml=FIVE_ROWS, set_folder=portrait)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport=LAPTOP)  # type: ignore[arg-type] # a viewport
    yield context.new_page()
    context.close()


def box(person: Person, selector: str) -> dict[str, float]:
    found: dict[str, float] = person.page.evaluate(BOX, selector)
    return found


def to_practice(person: Person) -> None:
    """Before the first practice trial; what comes before went over HTTP."""
    person.open(f"{person.live.world.visitor().walk_to_practice().home}?go=practice")
    person.wait_for_trial(1, 2)


def to_attributes(person: Person) -> None:
    """Before the first trial of the study that has no practice."""
    person.open(f"{person.live.world.visitor().walk_to_practice().home}?go=trials")
    person.wait_for_trial(1, 3)


def events_of(live: LiveServer, response: dict[str, Any]) -> list[str]:
    rows = live.rows(EVENTS)
    return [row["kind"] for row in rows if row["response_id"] == response["id"]]


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_an_image_has_its_least_size_and_the_way_on_stays_in_sight(
    page: Page, attributes: LiveServer, size
):
    person = Person(page, attributes)
    page.set_viewport_size(size)
    to_attributes(person)
    image, on = box(person, "img[data-slot]"), box(person, "[data-submit]")
    # The drawn pictures are square: the lesser side of the box is what is seen.
    least = 0.55 * min(size["width"], size["height"])
    assert min(image["width"], image["height"]) >= least - 1
    assert on["bottom"] <= size["height"]
    assert on["y"] >= image["y"]
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    assert box(person, ".sl-runner-bar a")["right"] <= size["width"]
    for _ in range(5):  # the list scrolls by itself, the image stays
        page.keyboard.press("y")
        assert box(person, "img[data-slot]") == image
    row = box(person, "[data-row]:last-child")
    assert row["bottom"] <= box(person, ".sl-ask")["bottom"] + 1


def test_the_next_trial_starts_as_if_nothing_had_been_before(
    page: Page, attributes: LiveServer
):
    person = Person(page, attributes)
    page.set_viewport_size({"width": 390, "height": 500})
    to_attributes(person)
    for _ in range(5):
        page.keyboard.press("y")
    page.evaluate("document.querySelector('.sl-stage').scrollTop = 400")
    assert page.evaluate("document.querySelector('.sl-ask').scrollTop") > 20
    page.evaluate("getSelection().selectAllChildren(document.querySelector('h1'))")
    page.click("[data-submit]")
    person.wait_for_trial(2, 3)
    left = page.evaluate(
        """() => [document.querySelector('.sl-stage').scrollTop,
          document.querySelector('.sl-ask').scrollTop, scrollY,
          getSelection().toString(), document.activeElement.id]"""
    )
    assert left == [0, 0, 0, "", "sl-question"]


def test_a_button_under_a_resting_pointer_looks_like_the_others(
    page: Page, relevance: LiveServer
):
    person = Person(page, relevance)
    person.go_to_trials()
    colour = (
        "value => getComputedStyle(document.querySelector("
        "`[data-value=${value}]`)).backgroundColor"
    )
    person.wait_for_trial(1, 5)
    untouched = page.evaluate(colour, "no")
    page.mouse.move(5, 5)
    page.hover("[data-value=yes]")
    page.wait_for_timeout(300)
    assert page.evaluate(colour, "yes") != untouched
    page.mouse.down()
    page.mouse.up()
    person.wait_for_trial(2, 5)
    assert page.evaluate(colour, "yes") == page.evaluate(colour, "no") == untouched
    page.hover("[data-value=no]")
    page.wait_for_timeout(300)
    assert page.evaluate(colour, "no") != untouched


def test_practice_says_what_was_right_and_moves_nothing(
    page: Page, relevance: LiveServer
):
    person = Person(page, relevance)
    to_practice(person)
    said = []
    for number in (1, 2):
        person.wait_for_trial(number, 2)
        before = box(person, "img[data-slot]")
        page.keyboard.press("n")
        page.wait_for_selector("#trial-feedback:not([hidden])")
        assert box(person, "img[data-slot]") == before
        assert box(person, "#trial-feedback")["y"] >= before["bottom"]
        said.append(page.inner_text("#trial-feedback [data-answer]"))
        if number == 1:  # Chromium may hang when it is closed on its way to a page
            page.keyboard.press("Enter")
    # One of the two has the right answer "No", the other "Yes".
    assert sorted(said) == ["", "This would have been right: Yes"]


@pytest.mark.parametrize("size", [(390, 844), (375, 667), (1366, 768)])
def test_feedback_covers_neither_the_image_nor_the_question(
    page: Page, relevance: LiveServer, size
):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    person = Person(page, relevance)
    to_practice(person)
    for number in (1, 2):
        person.wait_for_trial(number, 2)
        question = box(person, "#sl-question")
        page.keyboard.press("n")
        page.wait_for_selector("#trial-feedback:not([hidden])")
        assert box(person, "#sl-question") == question
        assert box(person, "#trial-feedback")["y"] >= question["bottom"]
        if number == 1:  # see above
            page.keyboard.press("Enter")


def test_no_message_covers_the_image_and_what_does_is_recorded(
    page: Page, relevance: LiveServer
):
    person = Person(page, relevance)
    person.go_to_trials()
    person.wait_for_trial(1, 5)
    before = box(person, "img[data-slot]")
    page.route("**/responses", lambda route: route.abort())
    page.keyboard.press("y")
    expect(page.locator("#trial-banner")).to_contain_text(
        "No connection", timeout=15_000
    )
    person.wait_for_trial(2, 5)
    assert box(person, "img[data-slot]") == before
    assert box(person, "#trial-banner")["bottom"] <= before["y"]
    assert box(person, ".sl-runner-bar a")["x"] >= box(person, "#trial-banner")["right"]
    page.keyboard.press("y")
    person.wait_for_trial(3, 5)
    page.evaluate(
        """() => {
          const over = document.createElement("div");
          over.style.cssText = "position:fixed;inset:0;z-index:9";
          document.body.append(over);
          document.querySelector(".sl-figure").style.marginTop = "40px";
          setTimeout(() => over.remove(), 500);
        }"""
    )
    page.wait_for_timeout(600)
    page.keyboard.press("y")
    person.wait_for_trial(4, 5)
    page.unroute("**/responses")
    page.wait_for_selector("#trial-banner", state="hidden")
    rows = of_trials(relevance)[-3:]
    told = [{"moved", "covered"} & set(events_of(relevance, row)) for row in rows]
    assert told == [set(), set(), {"moved", "covered"}]


def test_a_browser_without_newer_functions_saves_every_answer(
    page: Page, relevance: LiveServer
):
    page.add_init_script("delete AbortSignal.timeout; delete AbortSignal.any;")
    person = Person(page, relevance)
    person.go_to_trials()
    before = len(of_trials(relevance))
    for number in range(1, 6):
        person.wait_for_trial(number, 5)
        page.keyboard.press("y")
    page.wait_for_selector("h1:text-is('Last questions')")
    assert len(of_trials(relevance)) == before + 5


def test_a_fault_of_the_page_is_not_called_a_lost_connection(
    page: Page, relevance: LiveServer
):
    person = Person(page, relevance)
    person.go_to_trials()
    person.wait_for_trial(1, 5)
    page.evaluate("() => { window.Request = () => { throw new Error('ours'); }; }")
    page.keyboard.press("y")
    page.wait_for_selector("#trial-banner:has-text('does not work')")
    assert "connection" not in page.inner_text("#trial-banner")
    kept = page.evaluate("Object.keys(localStorage).filter((k) => /second/.test(k))")
    assert len(kept) == 1


def test_a_store_that_takes_nothing_more_is_still_read(
    page: Page, relevance: LiveServer
):
    person = Person(page, relevance)
    page.on("dialog", lambda dialog: dialog.accept())
    person.go_to_trials()
    before = len(of_trials(relevance))
    page.route("**/responses", lambda route: route.abort())
    person.wait_for_trial(1, 5)
    page.keyboard.press("y")
    person.wait_for_trial(2, 5)
    page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('full'); };"
    )
    page.unroute("**/responses")
    page.reload()
    person.wait_for_trial(2, 5)
    page.keyboard.press("y")
    person.wait_for_trial(3, 5)
    page.wait_for_timeout(300)
    assert len(of_trials(relevance)) == before + 2


def test_a_clock_set_in_the_middle_changes_no_duration(
    page: Page, relevance: LiveServer
):
    person = Person(page, relevance)
    person.go_to_trials()
    for number, shift in ((1, -3_600_000), (2, 3_600_000)):
        person.wait_for_trial(number, 5)
        page.evaluate(
            "shift => { const now = Date.now; Date.now = () => now() + shift; }", shift
        )
        page.keyboard.press("y")
    person.wait_for_trial(3, 5)
    page.wait_for_timeout(300)
    for row in of_trials(relevance)[-2:]:
        assert 0 < float(row["rt_ms"]) < 60_000  # type: ignore[arg-type] # a number
        assert 0 < float(row["wall_ms"]) < 60_000  # type: ignore[arg-type] # a number


def test_a_page_that_a_program_translated_says_so(page: Page, relevance: LiveServer):
    person = Person(page, relevance)
    person.go_to_trials()
    person.wait_for_trial(1, 5)
    assert page.get_attribute(".sl-stage", "translate") == "no"
    page.keyboard.press("y")
    page.evaluate("document.documentElement.classList.add('translated-ltr')")
    person.wait_for_trial(2, 5)
    page.keyboard.press("y")
    person.wait_for_trial(3, 5)
    page.keyboard.press("y")
    person.wait_for_trial(4, 5)
    page.wait_for_timeout(300)
    contexts = [str(row["context"]) for row in of_trials(relevance)[-3:]]
    assert ['"is_translated": true' in each for each in contexts][::2] == [False, True]


@pytest.mark.parametrize("lacks", ["function", "syntax"])
def test_a_browser_that_is_too_old_is_told_before_anybody_begins(
    page: Page, relevance: LiveServer, lacks
):
    person = Person(page, relevance)
    if lacks == "function":
        page.add_init_script("delete Element.prototype.replaceChildren")
    else:
        page.route("**/syntax.js", lambda route: route.fulfill(body="class { #"))
    person.open(relevance.world.link())
    assert "too old" in page.inner_text("#old-browser")
    assert not page.is_visible("button[name=start]")


FRAMING = """<!doctype html><body style="margin:0"><div style="height:168px"></div>
<iframe src="{src}" style="width:100%;height:800px;border:0;display:block"></iframe>
<div style="height:400px"></div>"""


@pytest.fixture
def framing_site() -> Iterator[Any]:
    """Another site, which shows a page in a frame longer than the window."""
    pages: dict[str, str] = {}

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(FRAMING.format(src=pages["src"]).encode())

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://localhost:{server.server_port}/", pages
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_in_a_frame_longer_than_the_window_image_and_buttons_are_in_sight(
    page: Page, relevance: LiveServer, framing_site, size
):
    def may_be_framed(route: Route) -> None:
        answer = route.fetch()
        kept = {
            name: value
            for name, value in answer.headers.items()
            if name not in ("x-frame-options", "content-security-policy")
        }
        route.fulfill(response=answer, headers=kept)

    address, pages = framing_site
    page.set_viewport_size(size)
    page.route("**/p/*/?go=trials", may_be_framed)
    pages["src"] = (
        f"{relevance.url}{relevance.world.visitor().walk_to_trials().home}?go=trials"
    )
    page.goto(address)
    frame = page.frame_locator("iframe")
    frame.locator("[data-value=yes]:not([disabled])").wait_for()
    image = frame.locator("img[data-slot]").bounding_box()
    yes = frame.locator("[data-value=yes]").bounding_box()
    assert image is not None
    assert yes is not None
    assert image["y"] >= 168
    assert yes["y"] + yes["height"] <= size["height"]
    seen = min(size["width"], size["height"] - 168)
    assert image["height"] >= 0.55 * seen - 2
