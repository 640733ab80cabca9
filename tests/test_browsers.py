"""A browser that answers no more ends its own test, not the whole run."""

from __future__ import annotations

import os
import signal
import time

import pytest
from playwright.sync_api import Error

from tests.browsers import Chromium

pytestmark = pytest.mark.browser


def test_a_browser_that_hangs_is_ended_and_started_anew(chromiums: Chromium):
    with chromiums.at_most(30) as browser:
        context = browser.new_context()
        context.new_page()
    begun = time.monotonic()
    with chromiums.at_most(1):
        os.kill(chromiums.process, signal.SIGSTOP)
        with pytest.raises(Error):
            context.close()
    assert time.monotonic() - begun < 20
    with chromiums.at_most(30) as browser:
        page = browser.new_page()
        page.set_content("<h1>Here again</h1>")
        assert page.inner_text("h1") == "Here again"
        page.close()
