"""A worker in a real Chromium does HITs of every kind."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.marketplace_server import EXTERNAL, HTML, LiveMarketplace
from tests.study_server.marketplace.browser.collected import (
    OTHER,
    PICTURE,
    Asked,
    free,
    question_form,
    selection,
)
from tests.study_server.marketplace.browser.steps import accept, answers, go_to
from tests.study_server.marketplace.requests import post
from tests.study_server.marketplace.work.test_qualifications import TEST

pytestmark = pytest.mark.browser

# As the service's own documentation teaches it, addresses included.
OLD_HTML = """<!DOCTYPE html><html><head>
<script src="https://s3.amazonaws.com/mturk-public/externalHIT_v1.js"></script></head>
<body><form name="mturk_form" method="post" id="mturk_form"
 action="https://www.mturk.com/mturk/externalSubmit">
<input type="hidden" value="" name="assignmentId" id="assignmentId"/>
<p id="escape">...</p>
<p><label>Describe it <textarea name="weather"></textarea></label></p>
<p><input type="submit" id="submitButton" value="Submit"/></p></form>
<script>turkSetAssignmentID();
let reach = [];
try { parent.document.title; reach.push("page"); } catch {}
try { document.cookie; reach.push("cookie"); } catch {}
try { top.location.href = "about:blank"; reach.push("top"); } catch {}
document.getElementById("escape").textContent = "reached: " + reach.join(" ");
</script></body></html>"""


def test_an_external_hit(live: LiveMarketplace, client: Any, page: Page, lab: str):
    hit = post(client, Question=EXTERNAL.format(url=f"{lab}/task"))
    go_to(page, hit)
    expect(page.frame_locator("iframe").locator("#who")).to_have_text("nobody")

    page.get_by_role("button", name="Accept").click()
    inside = page.frame_locator("iframe")
    expect(inside.locator("#who")).to_contain_text("A")
    expect(page.get_by_role("timer")).to_contain_text("left")
    inside.get_by_label("What do you see?").fill("a < b 😀")
    inside.get_by_role("button", name="Send").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Submitted. Thank you.")
    assert "<FreeText>a &lt; b &#128512;</FreeText>" in answers(client, hit)


def test_an_html_hit_by_the_keyboard(live: LiveMarketplace, client: Any, page: Page):
    hit = post(client, Question=HTML.format(html=OLD_HTML))
    go_to(page, hit)
    inside = page.frame_locator("iframe")
    button = inside.locator("#submitButton")
    expect(button).to_be_disabled()
    # The requester's page cannot read ours, has no cookies and cannot leave.
    expect(inside.locator("#escape")).to_have_text("reached: ")

    page.get_by_role("button", name="Accept").press("Enter")
    field = page.frame_locator("iframe").get_by_label("Describe it")
    field.focus()
    page.keyboard.type("rain")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Submitted. Thank you.")
    assert "<QuestionIdentifier>weather" in answers(client, hit)
    assert "<FreeText>rain</FreeText>" in answers(client, hit)


def test_a_question_form(live: LiveMarketplace, client: Any, page: Page):
    hit = post(client, Question=TEST)
    go_to(page, hit)
    page.get_by_role("button", name="Accept").click()
    inside = page.frame_locator("iframe")
    inside.get_by_text("Paris").click()
    inside.get_by_role("button", name="Submit").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Submitted. Thank you.")
    assert "<SelectionIdentifier>p</SelectionIdentifier>" in answers(client, hit)


def test_a_question_form_is_held_to_its_limits_before_it_is_sent(
    live: LiveMarketplace, client: Any, page: Page
):
    picture = PICTURE.replace("https://e.org/{}.png", f"{live.url}/favicon.ico")
    one = selection("cat", "dog", after=OTHER, shown=picture.replace("{}", "A {0}"))
    asked = {"kind": Asked(markup=one, done={}, value=None)}
    asked["mail"] = Asked(
        markup=free('<AnswerFormatRegex regex="@" errorText="No address."/>'),
        done={},
        value=None,
    )
    question = question_form(asked).replace(
        "<QuestionContent>", "<IsRequired>1</IsRequired><QuestionContent>"
    )
    hit = post(client, Question=question)
    inside = accept(page, hit)
    submit = inside.get_by_role("button", name="Submit")
    submit.click()
    expect(inside.get_by_text("Please choose an answer.")).to_be_visible()
    expect(inside.get_by_role("img", name="A dog")).to_have_count(1)
    inside.get_by_role("radio", name="A dog").check()
    inside.get_by_role("textbox", name="Another answer").fill("fox")
    expect(inside.get_by_role("radio", name="A dog")).not_to_be_checked()
    inside.get_by_role("textbox", name="mail").fill("nobody")
    submit.click()
    expect(inside.get_by_text("No address.")).to_be_visible()
    inside.get_by_role("textbox", name="mail").fill("me@home")
    submit.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Submitted. Thank you.")
    assert "<OtherSelectionText>fox</OtherSelectionText>" in answers(client, hit)


def test_nothing_is_wider_than_a_phone(live: LiveMarketplace, client: Any, page: Page):
    page.set_viewport_size({"width": 390, "height": 844})
    hit = post(client, Title="W" * 128, Question=TEST, Reward="1234.50")
    worker = live.add_worker()
    client.approve_assignment(AssignmentId=worker.do(post(client)["HITId"]))
    group = f"/worker/projects/{hit['HITGroupId']}/tasks"
    paths = ["", "work", "messages", "qualifications", "sign-in", "sign-up"]

    def width() -> Any:
        return page.evaluate("document.documentElement.scrollWidth")

    for path in [*(f"/worker/{name}" for name in paths), group]:
        page.goto(path)
        assert width() <= 390, path
    page.get_by_role("button", name="Accept").click()
    assert width() <= 390
    page.goto("/requester/")
    page.get_by_label("Access key ID").fill(live.access_key)
    page.get_by_label("Secret access key").fill(live.secret_key)
    page.get_by_role("button", name="Sign in").click()
    for path in (
        "/requester/",
        f"/requester/hits/{hit['HITId']}",
        "/requester/workers",
    ):
        page.goto(path)
        assert width() <= 390, path


def test_when_the_time_is_over_the_page_says_so(live: LiveMarketplace, page: Page):
    hit = post(live.client(), AssignmentDurationInSeconds=30, Question=TEST)
    go_to(page, hit)
    page.get_by_role("button", name="Accept").click()
    live.advance(29)
    page.reload()

    expect(page.get_by_role("heading", level=1)).to_have_text(
        "The time was over", timeout=15_000
    )
