"""A person does a study in Chromium."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from playwright.sync_api import BrowserContext, Dialog, Route, expect

from study_server.services import utc_now
from study_server.web.application import EXTENSION
from tests.study_server.web.browser.conftest import LiveServer, Person

RESPONSES = (
    "SELECT t.kind, r.* FROM response r JOIN session_trial t "
    "ON t.id = r.session_trial_id ORDER BY r.id"
)
EVENTS = "SELECT * FROM display_event ORDER BY id"


def of_trials(live: LiveServer) -> list[dict[str, object]]:
    return [row for row in live.rows(RESPONSES) if row["kind"] == "trials"]


def test_a_whole_study_by_keyboard_alone(person: Person, live: LiveServer):
    page, keys = person.page, person.page.keyboard
    person.open(live.world.link())
    person.tab_to("button[type=submit]")
    keys.press("Enter")
    page.wait_for_url("**/p/*/")
    person.tab_to("[name=agree]")
    keys.press("Space")
    for words in ("Before you go on", "What to do", "A quick check"):
        person.tab_to("button[type=submit]")
        keys.press("Enter")
        page.wait_for_selector(f"h1:text-is('{words}')")
    person.tab_to("[name=question_0]")
    keys.press("Space")
    person.tab_to("[name=question_1]")
    keys.press("ArrowDown")
    person.tab_to("button[type=submit]")
    keys.press("Enter")
    page.wait_for_selector("h1:text-is('Practice')")
    person.tab_to(".sl-go a")
    keys.press("Enter")
    for number in (1, 2):
        person.wait_for_trial(number, 2)
        keys.press("y")
        page.wait_for_selector("#trial-feedback:not([hidden])")
        keys.press("Enter")
    page.wait_for_selector("h1:text-is('Now it counts')")
    person.tab_to(".sl-go a")
    keys.press("Enter")
    for number, key in enumerate("yn1y2", start=1):
        person.wait_for_trial(number, 5)
        keys.press(key)
    page.wait_for_selector("h1:text-is('Last questions')")
    person.tab_to("button[type=submit]")
    keys.press("Enter")
    page.wait_for_selector("h1:text-is('What this was about')")
    person.tab_to("button[type=submit]")
    keys.press("Enter")
    page.wait_for_selector("h1:text-is('Thank you')")
    given = [re.findall(r"yes|no", str(row["payload"])) for row in of_trials(live)]
    assert given == [["yes"], ["no"], ["yes"], ["yes"], ["no"]]
    assert person.complaints == []


def test_response_times_count_from_the_onset_and_events_are_kept(
    person: Person, live: LiveServer
):
    person.go_to_trials()
    person.wait_for_trial(1, 5)
    person.page.wait_for_timeout(300)
    person.page.keyboard.press("y")
    person.wait_for_trial(2, 5)
    (row,) = of_trials(live)
    assert 450 < float(str(row["rt_ms"])) < 5000
    kinds = [e["kind"] for e in live.rows(EVENTS) if e["response_id"] == row["id"]]
    assert kinds[0] == "decoded"
    assert "onset" in kinds
    assert '"css_width"' in str(row["context"])


def test_a_study_by_touch_on_a_phone(person_with_phone: Person, live: LiveServer):
    person, page = person_with_phone, person_with_phone.page
    person.open(live.world.link())
    page.tap("button[type=submit]")
    page.tap("[name=agree]")
    for _ in range(3):
        page.tap("button[type=submit]")
    page.tap("[name=question_0][value='0']")
    page.tap("[name=question_1][value='1']")
    page.tap("button[type=submit]")
    page.tap("text=Start")
    for number in (1, 2):
        person.wait_for_trial(number, 2)
        before = _boxes(person)[0]
        page.tap("button[data-value=yes]")
        page.wait_for_selector("#trial-feedback:not([hidden])")
        assert _boxes(person)[0] == before  # feedback moves nothing
        page.tap("#trial-feedback button")
    page.tap("text=Start")
    boxes = set()
    for number in range(1, 6):
        person.wait_for_trial(number, 5)
        boxes.add(_boxes(person))
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width == 390
        page.wait_for_timeout(250)
        page.tap("button[data-value=no]")
    page.wait_for_selector("h1:text-is('Last questions')")
    # Nothing moves between trials, and everything is in reach of a thumb.
    assert len(boxes) == 1
    ((image, yes, no),) = boxes
    assert image[2] >= 360
    assert image[1] < 80  # right under the bar
    assert min(yes[2], no[2]) >= 150
    assert min(yes[3], no[3]) >= 56
    assert 844 - 160 < yes[1] < 844 - yes[3]
    assert len(of_trials(live)) == 5
    assert person.complaints == []


def _boxes(person: Person) -> tuple[tuple[int, ...], ...]:
    script = """() => ["img[data-slot]", "[data-value=yes]", "[data-value=no]"].map(
      (one) => {
        const box = document.querySelector(one).getBoundingClientRect();
        return [box.x, box.y, box.width, box.height].map(Math.round);
      })"""
    return tuple(tuple(box) for box in person.page.evaluate(script))


def test_a_reload_goes_on_where_it_stopped_and_doubles_nothing(
    person: Person, live: LiveServer
):
    person.go_to_trials()
    for number in (1, 2):
        person.wait_for_trial(number, 5)
        person.page.keyboard.press("y")
    person.wait_for_trial(3, 5)
    person.page.reload()
    for number in (3, 4, 5):
        person.wait_for_trial(number, 5)
        person.page.keyboard.press("n")
    person.page.wait_for_selector("h1:text-is('Last questions')")
    rows = of_trials(live)
    assert len(rows) == 5
    assert len({row["session_trial_id"] for row in rows}) == 5


def test_coming_again_by_the_link_goes_on_where_it_stopped(
    person: Person, live: LiveServer
):
    person.walk_to("trials")
    person.wait_for_trial(1, 5)
    person.page.keyboard.press("y")
    person.wait_for_trial(2, 5)
    person.open(live.world.link())
    person.page.click("button[type=submit]")
    person.wait_for_trial(2, 5)
    assert len(of_trials(live)) == 1


def test_a_double_click_is_one_response(person: Person, live: LiveServer):
    person.go_to_trials()
    person.wait_for_trial(1, 5)
    person.page.dblclick("button[data-value=yes]")
    person.wait_for_trial(2, 5)
    person.page.wait_for_timeout(300)
    assert person.page.inner_text("#trial-count") == "2 / 5"
    assert len(of_trials(live)) == 1


def test_a_held_key_is_one_response(person: Person, live: LiveServer):
    person.go_to_trials()
    person.wait_for_trial(1, 5)
    for _ in range(6):  # without a key up in between the browser says "repeat"
        person.page.keyboard.down("y")
        person.page.wait_for_timeout(60)
    person.page.keyboard.up("y")
    person.wait_for_trial(2, 5)
    assert len(of_trials(live)) == 1


def test_while_the_server_is_away_responses_wait_and_then_arrive(
    person: Person, live: LiveServer
):
    person.go_to_trials()
    person.wait_for_trial(1, 5)
    person.page.wait_for_timeout(500)
    live.stop()
    for number in (1, 2, 3):
        person.wait_for_trial(number, 5)
        person.page.keyboard.press("y")
    person.wait_for_trial(4, 5)
    banner = person.page.locator("#trial-banner")
    expect(banner).to_contain_text("No connection", timeout=15_000)
    assert of_trials(live) == []
    live.start()
    person.page.wait_for_selector("#trial-banner", state="hidden")
    assert len(of_trials(live)) == 3
    for number in (4, 5):
        person.wait_for_trial(number, 5)
        person.page.keyboard.press("n")
    person.page.wait_for_selector("h1:text-is('Last questions')")
    rows = of_trials(live)
    assert len({row["session_trial_id"] for row in rows}) == len(rows) == 5


def test_a_lost_acknowledgement_does_not_double(person: Person, live: LiveServer):
    lost: list[int] = []

    def lose_the_first(route: Route) -> None:
        answer = route.fetch()
        if lost:
            route.fulfill(response=answer)
        else:
            lost.append(answer.status)
            route.abort()

    person.go_to_trials()
    person.page.route("**/responses", lose_the_first)
    person.wait_for_trial(1, 5)
    person.page.keyboard.press("y")
    person.wait_for_trial(2, 5)
    person.page.keyboard.press("n")
    person.wait_for_trial(3, 5)
    person.page.wait_for_timeout(1500)
    assert lost == [200]
    assert len(of_trials(live)) == 2


def test_a_reload_replays_what_was_not_sent(person: Person, live: LiveServer):
    warned: list[str] = []

    def leave(dialog: Dialog) -> None:
        warned.append(dialog.type)
        dialog.accept()

    person.page.on("dialog", leave)
    person.go_to_trials()
    person.page.route("**/responses", lambda route: route.abort())
    for number in (1, 2):
        person.wait_for_trial(number, 5)
        person.page.keyboard.press("y")
    person.wait_for_trial(3, 5)
    assert of_trials(live) == []
    person.page.unroute("**/responses")
    person.page.reload()
    person.wait_for_trial(3, 5)
    person.page.wait_for_timeout(300)
    assert len(of_trials(live)) == 2
    assert warned == ["beforeunload"]


def test_a_proxys_error_page_loses_nothing(person: Person, live: LiveServer):
    person.go_to_trials()
    person.page.route(
        "**/responses", lambda route: route.fulfill(status=404, body="<h1>proxy</h1>")
    )
    person.wait_for_trial(1, 5)
    person.page.keyboard.press("y")
    banner = person.page.locator("#trial-banner")
    expect(banner).to_contain_text("No connection", timeout=15_000)
    person.page.unroute("**/responses")
    person.page.wait_for_selector("#trial-banner", state="hidden")
    assert len(of_trials(live)) == 1


def _one_image(person: Person) -> str:
    """The address of the image of the fifth trial of the block."""
    person.page.wait_for_selector("#trial-stage", state="attached")
    block = person.page.evaluate(
        "async () => (await fetch(document.getElementById('trial-stage')"
        ".dataset.blockUrl)).json()"
    )
    # Without the part that says whose page asks.
    return str(block["trials"][4]["images"][0]).split("?")[0]


def test_an_image_that_fails_is_tried_again_and_then_recorded(
    person: Person, live: LiveServer
):
    tried: list[str] = []
    broken: list[str] = []

    def break_it(route: Route) -> None:
        url = route.request.url
        if any(url.split("?")[0].endswith(one) for one in broken):
            tried.append(url)
            route.fulfill(status=200, content_type="image/png", body=b"no picture")
        else:
            route.continue_()

    person.page.route("**/media/*", break_it)
    person.go_to_trials()
    return_url = person.page.url
    broken.append(_one_image(person))
    person.page.goto(return_url)
    for number in (1, 2, 3, 4):
        person.wait_for_trial(number, 5)
        person.page.keyboard.press("y")
    person.page.wait_for_selector("h1:text-is('Last questions')", timeout=20_000)
    assert len(tried) == 3
    assert len(set(tried)) == 3
    failures = [row for row in of_trials(live) if row["payload"] in (None, "null")]
    assert len(failures) == 1
    kinds = [
        event["kind"]
        for event in live.rows(EVENTS)
        if event["response_id"] == failures[0]["id"]
    ]
    assert kinds == ["load_error", "load_error", "load_error", "failed"]
    assert len(of_trials(live)) == 5


def test_an_example_that_fails_is_recorded_and_the_trial_goes_on(
    person: Person, live: LiveServer
):
    def with_example(route: Route) -> None:
        block = route.fetch().json()
        example = '<img class="sl-example" data-example src="/media/gone" alt="">'
        block["trials"][0]["html"] += example
        route.fulfill(json=block)

    def break_it(route: Route) -> None:
        route.fulfill(status=200, content_type="image/png", body=b"no picture")

    person.page.route("**/block.json", with_example)
    person.page.route("**/media/gone", break_it)
    person.go_to_trials()
    for number in range(1, 6):
        person.wait_for_trial(number, 5)
        person.page.keyboard.press("y")
    person.page.wait_for_selector("h1:text-is('Last questions')")
    kinds = [event["kind"] for event in live.rows(EVENTS)]
    assert kinds.count("example_failed") == 1
    rows = of_trials(live)
    assert [row["n_display_failures"] for row in rows] == [0] * 5
    assert all("relevant" in str(row["payload"]) for row in rows)


def test_when_the_time_is_over_the_page_says_so(person: Person, live: LiveServer):
    person.go_to_trials()
    person.wait_for_trial(1, 5)
    later = replace(live.world.services, clock=lambda: utc_now() + timedelta(hours=3))
    live.world.app.extensions[EXTENSION] = later
    person.page.keyboard.press("y")
    person.page.wait_for_selector("h1:text-is('The time is over')")
    assert of_trials(live) == []


def test_a_response_after_the_time_is_sent_once_the_person_is_back(
    person: Person, live: LiveServer
):
    person.walk_to("trials")
    page, services = person.page, live.world.services
    person.wait_for_trial(1, 5)
    clock = Later(minutes=61)
    live.world.app.extensions[EXTENSION] = replace(services, clock=clock)
    page.keyboard.press("y")
    page.wait_for_selector("h1:text-is('The time is over')")
    assert of_trials(live) == []
    person.open(live.world.link())
    page.click("button[name=start]")
    page.click("text=Start")
    person.wait_for_trial(2, 5)
    (kept,) = of_trials(live)
    assert kept["payload"] == '{"relevant": "yes"}'


@dataclass(frozen=True, kw_only=True)
class Later:
    """A clock that is so many minutes ahead."""

    minutes: int

    def __call__(self) -> datetime:
        return utc_now() + timedelta(minutes=self.minutes)


def test_withdrawing_from_the_middle_of_a_block(person: Person, live: LiveServer):
    person.go_to_trials()
    person.wait_for_trial(1, 5)
    person.page.click("text=Withdraw")
    person.page.click("text=No, go back")
    person.page.click("text=Start")
    person.wait_for_trial(1, 5)
    person.page.click("text=Withdraw")
    person.page.click("text=Yes, withdraw")
    assert person.heading() == "You have withdrawn"


def test_dark_is_dark_and_light_is_light(person: Person):
    colours = {}
    for scheme in ("light", "dark"):
        person.page.emulate_media(color_scheme=scheme)
        person.open("/sign-in")
        colours[scheme] = person.page.evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
    red = {
        scheme: int(re.findall(r"\d+", colour)[0]) for scheme, colour in colours.items()
    }
    assert red["light"] > 230
    assert red["dark"] < 50


def test_a_browser_without_cookies_goes_on_by_the_key_its_page_keeps(
    person: Person, live: LiveServer, browser_context: BrowserContext
):
    page, link = person.page, f"{live.world.link('link')}?WHO=anna"
    person.open(link)
    page.click("button[name=start]")
    page.wait_for_selector("h1:text-is('Consent to take part')")
    home = page.url
    browser_context.clear_cookies()
    person.open(link)
    page.click("button:text-is('Go on')")
    page.wait_for_selector("h1:text-is('Consent to take part')")
    assert page.url == home
    browser_context.clear_cookies()
    page.evaluate("localStorage.clear()")
    person.open(link)
    page.wait_for_selector("text=This was begun in another browser")
    assert not page.is_visible("button:text-is('Go on')")
