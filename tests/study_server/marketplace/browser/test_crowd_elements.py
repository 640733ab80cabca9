"""HITs made of crowd HTML elements, done in a real Chromium."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lxml import etree
from playwright.sync_api import Page, expect

from tests.marketplace_server import HTML, LiveMarketplace
from tests.study_server.marketplace.browser.steps import accept, answers, go_to
from tests.study_server.marketplace.requests import post

pytestmark = pytest.mark.browser

SCRIPT = (
    '<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>'
    '<script src="https://assets.crowd.aws/crowd-html-elements-v2.js"></script>'
)
CHECKED = f"""{SCRIPT}<crowd-form>
<crowd-radio-group required><crowd-radio-button name="pet" value="cat">Cat</crowd-radio-button>
<crowd-radio-button name="pet" value="dog">Dog</crowd-radio-button></crowd-radio-group>
<crowd-input name="why" label="Why?" required></crowd-input>
<crowd-slider name="much" label="How much?" min="1" max="9" pin required></crowd-slider>
<input name="plain" value="7"></crowd-form><p id="note">not ready</p>
<script>
// As templates check what was answered: by the elements' own properties.
const note = document.getElementById("note");
document.addEventListener("all-crowd-elements-ready", () => {{
  note.textContent = "ready";
  document.querySelector("crowd-input").value = "guess";
}});
document.querySelector("crowd-form").onsubmit = (event) => {{
  const buttons = [...document.querySelector("crowd-radio-group").children];
  note.textContent = `sent with ${{buttons.filter((each) => each.checked).length}}`;
  if (document.querySelector("crowd-input").value !== "it barks") event.preventDefault();
}};
</script>"""
LATER = f"""{SCRIPT}<crowd-form answer-format="flatten-objects">
<crowd-checkbox name="sure" value="yes">Sure</crowd-checkbox><p id="later"></p></crowd-form>
<script>
const later = document.getElementById("later");
const slider = document.createElement("crowd-slider");
slider.setAttribute("name", "made");
slider.setAttribute("value", "30");
later.append(slider);
const copy = document.querySelector("crowd-checkbox").cloneNode(true);
copy.setAttribute("name", "copied");
copy.textContent = "Copied";
later.append(copy);
later.insertAdjacentHTML("beforeend", `<crowd-image-classifier name="kind"
  categories="[]" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
  </crowd-image-classifier><crowd-classifier-multi-select name="parts"
  categories='[{{"label": "Its tail", "value": "tail"}}, {{"label": "A paw", "value": "paw"}}]'
  exclusion-category="{{ text: 'None of these' }}"></crowd-classifier-multi-select>`);
document.querySelector("crowd-image-classifier").categories = ["It's a cat", "It is not"];
</script>"""
DRAWING = f"""{SCRIPT}<crowd-form><crowd-input name="why" label="Why?"></crowd-input></crowd-form>
<script>document.querySelector("crowd-form").insertAdjacentHTML(
  "beforeend", "<crowd-polygon name=p></crowd-polygon><crowd-classifier name=c categories='[\\"It's']>");
</script>"""


def sent(client: Any, hit: dict[str, Any]) -> dict[str, str]:
    root = etree.fromstring(answers(client, hit).encode())
    names = [str(each.text) for each in root.iter("{*}QuestionIdentifier")]
    texts = [str(each.text) for each in root.iter("{*}FreeText")]
    return dict(zip(names, texts, strict=True))


def done(page: Page) -> None:
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Submitted. Thank you.")


def test_what_is_required_is_asked_for_before_anything_is_sent(
    live: LiveMarketplace, client: Any, page: Page
):
    hit = post(client, Question=HTML.format(html=CHECKED))
    go_to(page, hit)
    inside = page.frame_locator("iframe")
    expect(inside.get_by_role("button", name="Submit")).to_be_disabled()
    inside = accept(page, hit)
    expect(inside.locator("#note")).to_have_text("ready")
    expect(inside.get_by_label("Why?")).to_have_value("guess")

    submit = inside.get_by_role("button", name="Submit")
    submit.click()
    inside.get_by_role("radio", name="Cat").press("ArrowDown")
    expect(inside.get_by_role("radio", name="Dog")).to_be_checked()
    submit.click()  # the slider was not moved yet
    expect(inside.locator("#note")).to_have_text("ready")
    slider = inside.get_by_role("slider", name="How much?")
    expect(inside.get_by_text("not chosen yet")).to_be_visible()
    slider.press("ArrowRight")
    expect(inside.locator("output")).to_have_text("2")
    submit.click()
    expect(inside.locator("#note")).to_have_text("sent with 1")
    inside.get_by_label("Why?").fill("it barks")
    inside.get_by_label("Why?").press("Enter")
    done(page)

    (answer,) = json.loads(sent(client, hit)["taskAnswers"])
    assert answer == {
        "pet": {"cat": False, "dog": True},
        "why": "it barks",
        "much": 2,
        "plain": "7",
    }


def test_elements_that_a_script_adds_are_drawn_and_sent(
    live: LiveMarketplace, client: Any, page: Page
):
    hit = post(client, Question=HTML.format(html=LATER))
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    inside = accept(page, hit)
    inside.get_by_role("checkbox", name="Copied").check()
    inside.get_by_role("radio", name="It's a cat").check()
    inside.get_by_role("checkbox", name="None of these").check()
    inside.get_by_role("checkbox", name="Its tail").check()
    inside.get_by_role("checkbox", name="A paw").check()
    expect(inside.get_by_role("checkbox", name="None of these")).not_to_be_checked()
    inside.get_by_role("button", name="Submit").click()
    done(page)

    assert errors == []
    assert sent(client, hit) == {
        "sure.yes": "false",
        "made": "30",
        "copied.yes": "true",
        "kind.label": "It's a cat",
        "parts.labels": '["tail","paw"]',
    }


def test_an_element_that_cannot_be_drawn_holds_the_form_back(
    live: LiveMarketplace, client: Any, page: Page
):
    hit = post(client, Question=HTML.format(html=DRAWING))
    inside = accept(page, hit)
    note = inside.get_by_text("This HIT cannot be submitted here")
    expect(note).to_contain_text("does not draw <crowd-polygon>")
    expect(note).to_contain_text("an apostrophe ends the list")
    expect(inside.get_by_role("button", name="Submit")).to_be_disabled()
    page.frames[-1].evaluate("document.querySelector('crowd-form').submit()")
    inside.get_by_label("Why?").press("Enter")
    expect(note).to_be_visible()
    assert client.get_hit(HITId=hit["HITId"])["HIT"]["HITStatus"] == "Unassignable"
