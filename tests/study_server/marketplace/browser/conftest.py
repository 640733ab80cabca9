"""A real Chromium at the marketplace, and a requester's own site beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask, request
from playwright.sync_api import Browser, Page

from tests.local_server import served
from tests.marketplace_server import LiveMarketplace

PAGE = """<!doctype html><title>Lab</title>
<form method="post" action="{submit_to}/mturk/externalSubmit">
<input type="hidden" name="assignmentId" value="{assignment_id}">
<p id="who">{worker}</p>
<label>What do you see? <input name="label"></label>
<button>Send</button></form>"""


@pytest.fixture(scope="session")
def lab() -> Iterator[str]:
    """The address of a requester's site on another port."""
    app = Flask("lab")

    @app.get("/task")
    def task() -> str:
        return PAGE.format(
            submit_to=request.args["turkSubmitTo"],
            assignment_id=request.args["assignmentId"],
            worker=request.args.get("workerId", "nobody"),
        )

    with served(app) as url:
        yield url


@pytest.fixture
def page(chromium: Browser, live: LiveMarketplace) -> Iterator[Page]:
    """A page signed up as the worker anna."""
    context = chromium.new_context(base_url=live.url)
    found = context.new_page()
    found.goto("/worker/sign-up")
    found.get_by_label("Name").fill("anna")
    found.get_by_label("Password").fill("a-long-password")
    found.get_by_role("button", name="Sign up").click()
    yield found
    context.close()
