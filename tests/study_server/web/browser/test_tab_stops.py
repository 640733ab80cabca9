"""Every tab stop of every page shows that it has the focus, in Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from study_server.services.accounts.users import add_user
from study_server.web.dashboard.preview_links import preview_url
from tests.marketplace_server import HTML, LiveMarketplace, live_marketplace
from tests.study_server.marketplace.requests import post
from tests.study_server.web.browser.conftest import LiveServer
from tests.study_server.web.worlds import PASSWORD, STUDY_TOML, Visitor, make_world

__all__ = ["live_marketplace"]

# What of the focused element's look, against its look without the focus, differs by
# 3 to 1 (WCAG 2.4.13): the outline and shadow against what lies behind, or the
# border and the ground against themselves.
FOCUS = """() => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = "rgba(0, 0, 0, 0)";
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) =>
    [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const behind = (element) => {
    if (!element) return rgba(getComputedStyle(document.body).backgroundColor);
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
  const ratio = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const look = (element) => {
    const style = getComputedStyle(element);
    const hasOutline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    return {
      outline: hasOutline ? rgba(style.outlineColor) : null,
      border: rgba(style.borderTopColor),
      ground: rgba(style.backgroundColor),
    };
  };
  const element = document.activeElement;
  if (element === document.body || element === document.documentElement) return null;
  if (element.tagName === "IFRAME") return { name: "iframe", contrast: 99 };
  element.getAnimations({ subtree: false }).forEach((each) => each.finish());
  if (element.tabIndex < 0) return { name: "no tab stop", contrast: 99 };
  const at = behind(element.parentElement);
  const focused = look(element);
  element.blur();
  const plain = look(element);
  element.focus({ preventScroll: true, focusVisible: true });
  const box = element.getBoundingClientRect();
  const changes = [
    focused.outline ? ratio(over(focused.outline, at), at) : 1,
    ratio(over(focused.ground, at), over(plain.ground, at)),
    ratio(over(focused.border, at), over(plain.border, at)),
  ];
  const words = element.id || element.name || element.textContent.trim().slice(0, 30);
  const inSight = box.right > 0 && box.bottom > 0 && box.left < innerWidth;
  return { name: `${element.tagName} ${words}`, contrast: inSight ? Math.max(...changes) : 0 };
}"""
MOST_STOPS = 60


def faint_stops(page: Page) -> list[str]:
    """The tab stops of the page shown at which no eye finds the focus."""
    page.evaluate("document.activeElement?.blur?.()")
    found: list[str] = []
    n_stops = 0
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop is None:
            break
        n_stops += 1
        if stop["contrast"] < 3:
            found.append(f"{stop['name']}: {stop['contrast']:.2f}")
    if n_stops == 0:
        found.append("no tab stop at all")
    return found


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("stops")
    toml = STUDY_TOML.replace("responses_per_trial = 2", "responses_per_trial = 9")
    world = make_world(folder, toml=toml)
    add_user(world.services, "ada", password=PASSWORD)
    server = LiveServer(world)
    server.start()
    yield server
    server.stop()
    world.services.store.close()


@pytest.fixture(params=["light", pytest.param("dark", marks=pytest.mark.slow)])
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    # A stop is measured where it comes to rest, not on its way there: a page that
    # scrolls smoothly is still moving when the next key is pressed.
    context = chromium.new_context(color_scheme=request.param, reduced_motion="reduce")
    made = context.new_page()
    made.set_default_timeout(15_000)
    yield made
    context.close()


def _finish(visitor: Visitor) -> None:
    visitor.walk_to_survey()
    visitor.post("survey")
    visitor.post("debriefing")


def _fail(visitor: Visitor) -> None:
    visitor.come_in()
    for step in ("warning", "instructions"):
        visitor.post("consent", agree="yes")
        visitor.post(step)
    for used in "01":
        visitor.post("comprehension", question_0="1", question_1="0", **{"try": used})


def participant_pages(live: LiveServer) -> Iterator[tuple[str, str]]:
    """Name and path of every kind of page; what leads there went over HTTP."""
    world = live.world
    yield "front", "/"
    yield "nothing", "/nothing-here"
    yield "landing", world.link()
    visitor = world.visitor()
    visitor.come_in()
    yield "consent", visitor.home
    yield "withdraw", f"{visitor.home}withdraw"
    for name, fields in (
        ("consent", {"agree": "yes"}),
        ("warning", {}),
        ("instructions", {}),
        ("comprehension", {"question_0": "0", "question_1": "1"}),
    ):
        visitor.post(name, **fields)
        yield f"after {name}", visitor.home
    yield "practice", f"{visitor.home}?go=practice"
    visitor.respond_to_all()
    yield "trials", f"{visitor.home}?go=trials"
    visitor.respond_to_all()
    yield "survey", visitor.home
    visitor.post("survey")
    yield "debriefing", visitor.home
    done = world.visitor("link", WHO="done")
    _finish(done)
    yield "finish", done.home
    failed = world.visitor("link", WHO="failed")
    _fail(failed)
    yield "failed", failed.home


def test_every_tab_stop_of_a_participant_can_be_seen(page: Page, live: LiveServer):
    faint: dict[str, list[str]] = {}
    for name, path in participant_pages(live):
        page.goto(live.url + path)
        if name in ("practice", "trials"):
            page.wait_for_selector("button[data-field]:not([disabled])")
        faint[name] = faint_stops(page)
    assert {name: found for name, found in faint.items() if found} == {}


def test_every_tab_stop_of_a_researcher_can_be_seen(page: Page, live: LiveServer):
    settings = live.world.services.settings
    page.goto(live.url + "/dashboard/")
    faint = {"sign in": faint_stops(page)}
    page.fill("#name", "ada")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/dashboard/")
    study = "/dashboard/studies/small"
    preview = preview_url(live.world.services, "small").removeprefix(settings.base_url)
    for path in ("/dashboard/", study, f"{study}/quality", f"{study}/audit", preview):
        page.goto(live.url + path)
        faint[path] = faint_stops(page)
    assert {name: found for name, found in faint.items() if found} == {}


Posts = Callable[..., Any]
FORM = HTML.format(html="<p>Look</p><button>Send</button>")


def test_every_tab_stop_of_the_marketplace_can_be_seen(
    page: Page, live_marketplace: LiveMarketplace, tmp_path: Path
):
    live = live_marketplace
    client = live.client()
    hit = post(client, Question=FORM)
    worker = live.add_worker()
    client.approve_assignment(AssignmentId=worker.do(post(client)["HITId"]))
    page.goto(f"{live.url}/worker/sign-in")
    faint = {"sign in": faint_stops(page)}
    page.goto(f"{live.url}/worker/sign-up")
    faint["sign up"] = faint_stops(page)
    page.fill("[name=name]", "anna")
    page.fill("[name=password]", "long enough for anybody")
    page.check("[name=adult]")
    page.click("main button[type=submit]")
    group = f"projects/{hit['HITGroupId']}/tasks"
    for path in ("", "work", "messages", "qualifications", group):
        page.goto(f"{live.url}/worker/{path}")
        faint[path] = faint_stops(page)
    page.click("button:text-is('Accept')")
    page.wait_for_url("**/worker/assignments/*")
    faint["working"] = faint_stops(page)
    page.goto(f"{live.url}/requester/")
    faint["requester"] = faint_stops(page)
    page.get_by_label("Access key ID").fill(live.access_key)
    page.get_by_label("Secret access key").fill(live.secret_key)
    page.get_by_role("button", name="Sign in").click()
    for path in ("", f"hits/{hit['HITId']}", "workers"):
        page.goto(f"{live.url}/requester/{path}")
        faint[f"requester/{path}"] = faint_stops(page)
    assert {name: found for name, found in faint.items() if found} == {}
