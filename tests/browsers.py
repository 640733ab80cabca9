"""The Chromium of a test run: one for every test of a process, and none that hangs."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Playwright

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Chromium:
    """A browser that is started anew where the last one has gone.

    Args:
        playwright: What drives it.
        executable: Path of the browser.

    Attributes:
        process: The number of the browser's own process, which starts all others.
    """

    def __init__(self, playwright: Playwright, executable: str) -> None:
        self._playwright = playwright
        self._executable = executable
        self._browser: Browser | None = None
        self.process = 0

    @contextmanager
    def at_most(self, seconds: float) -> Iterator[Browser]:
        """The browser; it is ended where what is done with it takes longer than that.

        Not every call of Playwright has a limit of its own: a browser that answers no
        more would hold up `context.close()` for ever. Ended, it lets every call fail.
        """
        browser = self._running()
        killer = threading.Timer(seconds, os.kill, (self.process, signal.SIGKILL))
        killer.daemon = True
        killer.start()
        try:
            yield browser
        finally:
            killer.cancel()

    def close(self) -> None:
        if self._browser is not None and self._browser.is_connected():
            with self.at_most(30) as browser:
                browser.close()

    def _running(self) -> Browser:
        if self._browser is None or not self._browser.is_connected():
            self._browser = self._playwright.chromium.launch(
                executable_path=self._executable, args=_FLAGS
            )
            self.process = _process_of(self._browser)
        return self._browser


def _process_of(browser: Browser) -> int:
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return next(int(each["id"]) for each in processes if each["type"] == "browser")
