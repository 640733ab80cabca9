"""A real Chromium against a real server on this machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.local_server import LocalServer, start_server
from tests.study_server.web.worlds import World


@dataclass
class LiveServer:
    """A world's application on a port, to be stopped and started again."""

    world: World
    port: int = 0
    _server: LocalServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = start_server(self.world.app, port=self.port)
        self.port = self._server.port

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
        self._server = None

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What the database holds, read beside the server."""
        path = self.world.services.settings.data_dir / "study.sqlite3"
        connection = sqlite3.connect(path)
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]
        finally:
            connection.close()


@pytest.fixture
def live(world: World) -> Iterator[LiveServer]:
    server = LiveServer(world)
    server.start()
    yield server
    server.stop()


@dataclass
class Person:
    """Somebody at a browser, with what it complained about."""

    page: Page
    live: LiveServer
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(15_000)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text)
                if message.type == "error"
                else None
            ),
        )

    def open(self, path: str) -> None:
        self.page.goto(self.live.url + path)

    def tab_to(self, selector: str) -> None:
        """Press Tab until the element has the focus, as somebody without a mouse."""
        for _ in range(60):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(
                "selector => document.activeElement.matches(selector)", selector
            ):
                return
        raise AssertionError(f"{selector} cannot be reached with Tab")

    def wait_for_trial(self, number: int, n_trials: int) -> None:
        """Wait until trial `number` (from 1) can be answered."""
        self.page.wait_for_function(
            "words => document.getElementById('trial-count')?.textContent === words"
            " && document.querySelector('button[data-field]:not([disabled])')",
            arg=f"{number} / {n_trials}",
        )
        self.page.wait_for_timeout(200)

    def heading(self) -> str:
        return self.page.inner_text("h1")

    def go_to_trials(self) -> None:
        """Begin with the trials; what comes before them went over HTTP."""
        visitor = self.live.world.visitor().walk_to_trials()
        self.open(f"{visitor.home}?go=trials")

    def walk_to(self, step: str) -> None:
        """Come in and press on, quickly, up to a step."""
        page = self.page
        self.open(self.live.world.link())
        for at, field_ in (
            ("start", None),
            ("consent", "agree"),
            ("warning", None),
            ("instructions", None),
            ("comprehension", "choices"),
        ):
            if at == step:
                return
            if field_ == "agree":
                page.check("[name=agree]")
            elif field_ == "choices":
                page.check("[name=question_0][value='0']")
                page.check("[name=question_1][value='1']")
            page.click("button[type=submit]")
        if step == "practice":
            page.click("text=Start")
            return
        page.click("text=Start")
        for number in (1, 2):
            self.wait_for_trial(number, 2)
            page.keyboard.press("y")
            page.click("#trial-feedback button")
        page.click("text=Start")


@pytest.fixture
def browser_context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def person(browser_context: BrowserContext, live: LiveServer) -> Person:
    return Person(browser_context.new_page(), live)


@pytest.fixture
def person_with_phone(chromium: Browser, live: LiveServer) -> Iterator[Person]:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    yield Person(context.new_page(), live)
    context.close()
