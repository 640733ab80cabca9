"""A worker in Chromium does HITs of a study, in our frame and as whole pages."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, FrameLocator, Page
from sqlalchemy import select

from analysis.bundles.reading import read_bundle
from analysis.reporting.report import make_report
from study_server.app import create_app
from study_server.config import Settings
from study_server.services import Services, utc_now
from study_server.services.bundles import exporting
from study_server.services.market import collecting, paying, reconciling
from study_server.store.tables import Stimulus, Trial
from tests.local_server import served
from tests.marketplace_server import LiveMarketplace, live_marketplace
from tests.study_server.conftest import make_services
from tests.study_server.services.market.test_faults import (
    FAULTS,
    again_until_done,
)
from tests.study_server.services.market_world import World, make_world
from tests.study_server.tiny_set import write_tiny_set

__all__ = ["live_marketplace"]


@dataclass
class Market:
    """A study on a marketplace, both served on this machine."""

    world: World
    images: str

    def right(self, src: str) -> str:
        """The right choice for the trial that shows an image; yes without a key."""
        name = re.split(r"[/.?]", src.rstrip("/"))
        with self.world.services.store.read() as tx:
            (shown,) = {
                stimulus.stimulus_id
                for stimulus in tx.scalars(select(Stimulus))
                if {stimulus.stimulus_id, stimulus.media_token} & set(name)
            }
            for trial in tx.scalars(select(Trial)):
                if shown in trial.slots.values():
                    return str((trial.key or {}).get("relevant", "yes"))
        raise AssertionError(f"no trial shows {src}")


@contextmanager
def free_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield port


@contextmanager
def serving(services: Services, port: int) -> Iterator[None]:
    app = create_app(services.settings, services=services)
    with served(app, port=port):
        yield


@contextmanager
def serving_files(folder: Path) -> Iterator[str]:
    """Images at a public address, as `stimuli publish` puts them."""

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


Open = Callable[..., Market]


@pytest.fixture
def open_market(
    sqlite_url: str, tmp_path: Path, live_marketplace: LiveMarketplace
) -> Iterator[Open]:
    """A study's services, served at the address its postings name."""
    folder = tmp_path / "set"
    with free_port() as port, serving_files(folder / "images") as images:
        services = make_services(sqlite_url, clock=utc_now, data_dir=tmp_path)
        services = replace(
            services,
            settings=Settings(
                data_dir=tmp_path,
                database_url=sqlite_url,
                base_url=f"http://127.0.0.1:{port}",
                secret_key="k" * 40,
            ),
        )

        def opened(section: str = "", design: str = "", *, n_main: int = 8) -> Market:
            world = make_world(
                services,
                live_marketplace,
                folder=tmp_path,
                stimuli=write_tiny_set(folder, n_main=n_main),
                section=section.replace("IMAGES", images),
                design=design,
            )
            return Market(world=world, images=images)

        with serving(services, port):
            yield opened
        services.store.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context: BrowserContext = chromium.new_context(
        viewport={"width": 1280, "height": 900}
    )
    made = context.new_page()
    made.set_default_timeout(15_000)
    yield made
    context.close()


def sign_up(page: Page, market: Market, name: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{market.world.live.url}/worker/sign-up")
    page.fill("[name=name]", name)
    page.fill("[name=password]", "long enough for anybody")
    page.check("[name=adult]")
    page.click("main button[type=submit]")


def go_to_hit(page: Page, market: Market) -> FrameLocator:
    """The preview of the study's next HIT; its frame."""
    group = market.world.hits()[0]["HITGroupId"]
    page.goto(f"{market.world.live.url}/worker/projects/{group}/tasks")
    return page.frame_locator("iframe")


def accept(page: Page) -> FrameLocator:
    page.click("button:text-is('Accept')")
    page.wait_for_url("**/worker/assignments/*")
    return page.frame_locator("iframe")


def answer_trials(
    frame: FrameLocator, market: Market, *, n: int, is_careful: bool = True
) -> None:
    """Answer what is shown, one after another."""
    other = {"yes": "no", "no": "yes"}
    for number in range(1, n + 1):
        frame.locator(f"#trial-count:text-is('{number} / {n}')").wait_for()
        button = frame.locator("button[data-value=yes]:not([disabled])")
        button.wait_for()
        shown = frame.locator("img[data-slot]").get_attribute("src") or ""
        right = market.right(shown)
        choice = right if is_careful else other[right]
        button.page.wait_for_timeout(200)
        frame.locator(f"button[data-value={choice}]").click()


def practise(frame: FrameLocator, market: Market) -> None:
    other = 2
    for number in range(1, other + 1):
        frame.locator(f"#trial-count:text-is('{number} / {other}')").wait_for()
        button = frame.locator("button[data-value=yes]:not([disabled])")
        button.wait_for()
        button.page.wait_for_timeout(200)
        button.click()
        frame.locator("#trial-feedback:not([hidden]) button").click()


def do_external(page: Page, market: Market, *, is_careful: bool = True) -> None:
    frame = accept(page)
    frame.locator("button[name=start]").click()
    frame.locator("[name=agree]").check()
    frame.locator("button[type=submit]").first.click()
    frame.locator("h1:text-is('What to do')").wait_for()
    frame.locator("button[type=submit]").first.click()
    frame.locator("[name=question_0][value='0']").check()
    frame.locator("[name=question_1][value='1']").check()
    frame.locator("button[type=submit]").first.click()
    frame.locator("h1:text-is('Practice')").wait_for()
    frame.locator(".sl-go a").click()
    practise(frame, market)
    frame.locator("h1:text-is('Now it counts')").wait_for()
    frame.locator(".sl-go a").click()
    answer_trials(frame, market, n=6, is_careful=is_careful)
    frame.locator("h1:text-is('Last questions')").wait_for()
    frame.locator("button[type=submit]").first.click()
    frame.locator("h1:text-is('What this was about')").wait_for()
    frame.locator("button[type=submit]").first.click()
    frame.locator("button:text-is('Hand in')").click()


def do_page(page: Page, market: Market, *, is_careful: bool = True) -> None:
    frame = accept(page)
    walk_sheet_to_practice(frame)
    practise(frame, market)
    frame.locator("[data-step=begin] button[data-go]").click()
    answer_trials(frame, market, n=6, is_careful=is_careful)
    frame.locator("[data-step=survey] textarea").fill("<b> & ]]> 🦊 שלום")
    frame.locator("[data-step=survey] button[data-go]").click()
    frame.locator("[data-step=debriefing] button[data-go]").click()


DELIVERIES = {
    "external": ("", do_external),
    "html": ('delivery = "html"\nimage_base_url = "IMAGES"', do_page),
}


@pytest.mark.slow
@pytest.mark.parametrize("delivery", DELIVERIES)
def test_from_posting_to_the_report(
    open_market: Open, page: Page, tmp_path: Path, delivery: str
):
    section, do = DELIVERIES[delivery]
    market = open_market(section)
    world = market.world
    world.post()
    sign_up(page, market, "worker0")
    assert "This is a preview" in go_to_hit(page, market).locator("body").inner_text()
    do(page, market, is_careful=False)
    page.wait_for_timeout(500)
    collecting.sync(world.recruitment)
    (first,) = world.everything()
    assert (first.assignment.label, first.validity) == ("complete", "invalid")
    # What the careless one did not bring is posted once more.
    assert world.post().n_posted == 1
    for number in range(1, 5):
        sign_up(page, market, f"worker{number}")
        go_to_hit(page, market)
        do(page, market)
        page.wait_for_timeout(500)
    assert collecting.sync(world.recruitment).labels == {"complete": 4}
    assert world.post().n_posted == 0
    assert paying.approve(world.recruitment).n_done == 5
    payments = paying.bonus_payments(
        world.recruitment, amount_minor=30, reason="Thank you"
    )
    assert paying.pay_bonuses(world.recruitment, payments).n_done == 5
    assert [paid["BonusAmount"] for paid in world.bonuses()] == ["0.30"] * 5
    bundle = exporting.export_study(
        world.services, "things", out=tmp_path / "bundle", environment="sandbox"
    )
    report = make_report(bundle, out=tmp_path / "report")
    assert "Is it there?" in report.read_text("utf-8")
    read = read_bundle(bundle)
    assert read.sessions["is_valid"].sum() == 4
    assert (read.sessions["environment"] == "sandbox").all()
    counted = read.responses[read.responses["is_counted"]]
    # Every one of the 8 main trials has exactly its 2 responses.
    assert counted.groupby("trial").size().tolist() == [2] * 8


@pytest.mark.slow
def test_three_pages_in_a_row_before_the_first_sync_are_paid_once_and_exported(
    open_market: Open, page: Page, tmp_path: Path
):
    section, _ = DELIVERIES["html"]
    market = open_market(section, "max_blocks_per_participant = 3", n_main=12)
    world = market.world
    world.post()
    sign_up(page, market, "worker1")
    for _ in range(3):
        go_to_hit(page, market)
        do_page(page, market)
        # The page around it says that it was handed in, and shows it no more.
        page.locator("iframe#hit").wait_for(state="detached")
    assert collecting.sync(world.recruitment).labels == {"complete": 3}
    assert [work.validity for work in world.everything()] == ["valid"] * 3
    assert world.post().n_posted == 0
    assert paying.approve(world.recruitment).n_done == 3
    assert paying.approve(world.recruitment).n_done == 0
    assert world.account().committed_minor == 6 * world.rows()[0].cost_minor
    bundle = exporting.export_study(
        world.services, "things", out=tmp_path / "bundle", environment="sandbox"
    )
    read = read_bundle(bundle)
    assert read.sessions["participant"].nunique() == 1
    counted = read.responses[read.responses["is_counted"]]
    # Twelve images, each judged once by the one who did all three pages.
    assert counted.groupby("trial").size().tolist() == [1] * 12


@pytest.mark.slow
@pytest.mark.parametrize("what", FAULTS)
@pytest.mark.parametrize("delivery", DELIVERIES)
def test_under_every_fault_each_worker_is_paid_once_and_each_trial_has_n(
    open_market: Open, page: Page, delivery: str, what: str
):
    section, do = DELIVERIES[delivery]
    market = open_market(section)
    world = market.world
    world.live.set_faults(seed=7, **FAULTS[what])
    again_until_done(world.post)
    for number in range(5):
        quitter = world.live.add_worker()
        quitter.give_back(quitter.accept(again_until_done(world.open_hits)[0]))
        sign_up(page, market, f"worker{number}")
        go_to_hit(page, market)
        do(page, market, is_careful=number > 0)
        page.wait_for_timeout(500)
        again_until_done(lambda: collecting.sync(world.recruitment))
        again_until_done(world.post)
    again_until_done(lambda: reconciling.reconcile(world.recruitment))
    again_until_done(lambda: paying.approve(world.recruitment))
    again_until_done(
        lambda: paying.pay_bonuses(
            world.recruitment,
            paying.bonus_payments(
                world.recruitment, amount_minor=30, reason="Thank you"
            ),
        )
    )
    world.live.clear_faults()
    assert world.post().n_posted == 0
    validities = sorted(str(work.validity) for work in world.everything())
    assert validities == ["invalid", *["valid"] * 4]
    paid = [(each["WorkerId"], each["BonusAmount"]) for each in world.bonuses()]
    assert len(set(paid)) == len(paid) == 5
    assert {entry.state for entry in world.entries()} == {"done"}


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_a_hit_is_done_in_the_markets_frame(
    open_market: Open, page: Page, delivery: str
):
    section, do = DELIVERIES[delivery]
    market = open_market(section)
    market.world.post()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_up(page, market, "worker1")
    go_to_hit(page, market)
    do(page, market)
    page.wait_for_timeout(500)
    assert collecting.sync(market.world.recruitment).labels == {"complete": 1}
    (work,) = market.world.everything()
    assert work.validity == "valid"
    assert complaints == []


def sheet_of(market: Market, page: Page) -> str:
    """The address at which the browser finds the posting's self-contained page."""
    market.world.post()
    question = market.world.hits()[0]["Question"]
    html = re.search(r"<!\[CDATA\[(.*)\]\]></HTMLContent>", question, re.S)
    assert html is not None
    body = html[1].replace("]]]]><![CDATA[>", "]]>")
    page.route(
        re.compile(r"/sheet\?"),
        lambda route: route.fulfill(body=body, content_type="text/html"),
    )
    given = "assignmentId=A1&workerId=W1&turkSubmitTo=http://127.0.0.1"
    return f"{market.images}/sheet?{given}"


FRAMED = """<!doctype html><body style="margin:0"><div style="height:168px"></div>
<iframe sandbox="allow-scripts allow-forms allow-modals" src="{src}"
  style="width:100%;height:800px;border:0;display:block"></iframe>"""


def test_a_frame_without_storage_keeps_what_was_done_and_fits_what_is_seen(
    open_market: Open, page: Page
):
    market = open_market(DELIVERIES["html"][0])
    src = sheet_of(market, page).replace("&", "&amp;")
    site = "http://localhost:1/work"
    page.route(
        site,
        lambda route: route.fulfill(
            body=FRAMED.format(src=src), content_type="text/html"
        ),
    )
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    # To the browser this page is out on the web, from where it may not ask this machine.
    page.route(
        f"{market.images}/*.png*",
        lambda route: route.fulfill(body=httpx.get(route.request.url).content),
    )
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(site)
    frame = page.frame_locator("iframe")
    walk_sheet_to_practice(frame)
    frame.locator("button[data-value=yes]:not([disabled])").wait_for()
    if folder := os.environ.get("SECONDLOOK_SHOTS"):
        page.screenshot(path=Path(folder) / "sheet-practice.png")
    image = frame.locator("img[data-slot]").bounding_box()
    yes = frame.locator("button[data-value=yes]").bounding_box()
    assert image is not None
    assert yes is not None
    assert image["height"] >= 0.55 * 390 - 2
    assert yes["y"] + yes["height"] <= 844
    page.wait_for_timeout(200)
    frame.locator("button[data-value=yes]").click()
    frame.locator("#trial-feedback:not([hidden]) button").click()
    frame.locator("#trial-count:text-is('2 / 2')").wait_for()
    page.frames[1].evaluate("location.reload()")
    frame.locator("#trial-count:text-is('2 / 2')").wait_for()
    frame.locator("button[data-value=yes]:not([disabled])").wait_for()
    assert asked == ["beforeunload"]
    page.wait_for_timeout(200)
    frame.locator("button[data-value=yes]").click()
    frame.locator("#trial-feedback:not([hidden]) button").wait_for()
    kept = json.loads(page.frames[1].evaluate("window.name"))
    seen = [bool(each["context"].get("is_seen_before")) for each in kept["responses"]]
    assert seen == [False, True]


def walk_sheet_to_practice(frame: FrameLocator) -> None:
    frame.locator("[data-step=consent] input[type=checkbox]").check()
    for step in ("consent", "warning", "instructions"):
        go = frame.locator(f"[data-step={step}] button[data-go]")
        if step != "warning" or go.count():
            go.click()
    frame.locator("[name=question_0][value='0']").check()
    frame.locator("[name=question_1][value='1']").check()
    frame.locator("[data-step=comprehension] button[data-go]").click()


def test_a_page_reloaded_in_the_middle_goes_on_where_it_was(
    open_market: Open, page: Page
):
    market = open_market(DELIVERIES["html"][0])
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(sheet_of(market, page))
    page.check("[data-step=consent] input[type=checkbox]")
    for step in ("consent", "warning", "instructions"):
        if page.locator(f"[data-step={step}]").count():
            page.click(f"[data-step={step}] button[data-go]")
    page.reload()
    assert page.locator("[data-step=comprehension]").is_visible()
    kept = page.evaluate("JSON.stringify({...localStorage})")
    assert json.loads(next(iter(json.loads(kept).values())))["consent_at"] > 0


def test_only_markets_may_frame_the_pages(open_market: Open):
    market = open_market()
    link = market.world.recruitment.link
    query = {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE", "hitId": "3H"}
    shown = httpx.get(link, params=query)
    assert "This is a preview" in shown.text
    assert "X-Frame-Options" not in shown.headers
    policy = shown.headers["Content-Security-Policy"]
    ancestors = re.search(r"frame-ancestors ([^;]*)", policy)
    assert ancestors is not None
    assert "https://www.mturk.com" in ancestors[1]
    assert "'none'" not in ancestors[1]
    elsewhere = httpx.get(f"{market.world.services.settings.base_url}/healthz")
    assert elsewhere.headers["X-Frame-Options"] == "DENY"
