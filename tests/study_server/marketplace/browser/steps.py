"""What workers and requesters do in the tests of the browser."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import FrameLocator, Page


def answers(client: Any, hit: dict[str, Any]) -> str:
    """The only answer to a HIT, as its requester gets it."""
    (found,) = client.list_assignments_for_hit(HITId=hit["HITId"])["Assignments"]
    return found["Answer"]  # type: ignore[no-any-return] # botocore ships no types


def go_to(page: Page, hit: dict[str, Any]) -> None:
    """Open a HIT's preview from the list."""
    page.goto("/worker/")
    page.get_by_role("link", name=hit["Title"]).click()


def accept(page: Page, hit: dict[str, Any]) -> FrameLocator:
    """Take a HIT; gives the frame it is done in."""
    go_to(page, hit)
    page.get_by_role("button", name="Accept").click()
    return page.frame_locator("iframe")
