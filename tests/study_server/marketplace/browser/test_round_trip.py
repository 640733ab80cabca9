"""Whatever the marketplace collects is imported, reported and comes out equal."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from lxml import etree
from playwright.sync_api import Page, expect

from analysis.bundles.reading import Bundle, read_bundle
from analysis.importing import ImportOptions, import_bundle
from study_server.cli import main
from study_server.marketplace.questions.html_questions import DRAWN
from tests.marketplace_server import HTML, LiveMarketplace
from tests.study_server.marketplace.browser.collected import (
    CROWD,
    FIELDS,
    QUESTION_FORM,
    Asked,
    crowd_page,
    crowd_script,
    question_form,
)
from tests.study_server.marketplace.browser.steps import accept
from tests.study_server.marketplace.requests import post

pytestmark = pytest.mark.browser
FLAT = 'answer-format="flatten-objects"'
KINDS: dict[str, Mapping[str, Asked]] = {
    "form": QUESTION_FORM,
    "fields": FIELDS,
    "nested": CROWD,
    "flattened": CROWD,
}


def hand_in(live: LiveMarketplace, hit_id: str, questions: Mapping[str, Asked]) -> None:
    """Send a form as a browser does."""
    fields: dict[str, Any] = {"assignmentId": live.add_worker().accept(hit_id)}
    for name, each in questions.items():
        assert isinstance(each.done, dict)
        fields |= {f"{name}{part}": sent for part, sent in each.done.items()}
    reply = httpx.post(f"{live.url}/mturk/externalSubmit", data=fields, timeout=20)
    assert reply.status_code == 200, reply.text


def do_crowd(client: Any, page: Page, attributes: str) -> dict[str, Any]:
    """A HIT with every element, done in the browser."""
    question = HTML.format(html=crowd_page(attributes=attributes))
    hit: dict[str, Any] = post(client, Title=f"Crowd {attributes}", Question=question)
    inside = accept(page, hit)
    button = inside.get_by_role("button", name="Send")
    expect(button).to_be_enabled()
    page.frames[-1].evaluate(crowd_script())
    button.click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Submitted. Thank you.")
    return hit


def as_batch(reply: Mapping[str, Any], path: Path) -> None:
    """Saved replies as the results file that the requester site made of them."""
    rows = []
    for assignment in reply["Assignments"]:
        row = {name: assignment[name] for name in ("HITId", "AssignmentId", "WorkerId")}
        for answer in etree.fromstring(assignment["Answer"].encode()):
            name, *values = [str(each.text or "") for each in answer]
            row[f"Answer.{name}"] = "|".join(values)
        rows.append(row)
    with path.open("w", newline="", encoding="utf-8") as file:
        # As that site wrote cells: unguarded.
        written = csv.DictWriter(file, list(rows[0]))  # noqa: TID251
        written.writeheader()
        written.writerows(rows)


def run(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def values(bundle: Bundle) -> dict[str, str]:
    """Question to value."""
    questions = bundle.trials.set_index("trial")["question"]
    asked = bundle.responses["trial"].map(questions)
    return dict(zip(asked, bundle.responses["value"], strict=True))


def test_whatever_is_collected_is_imported_and_comes_out_equal(
    live: LiveMarketplace,
    client: Any,
    page: Page,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.chdir(tmp_path)
    assert {each for each in DRAWN if f"<{each}" not in crowd_page()} == set()
    hits = {
        "form": post(client, Question=question_form(QUESTION_FORM)),
        "fields": post(client, Question=HTML.format(html="<form></form>")),
        "nested": do_crowd(client, page, ""),
        "flattened": do_crowd(client, page, FLAT),
    }
    hand_in(live, hits["form"]["HITId"], QUESTION_FORM)
    hand_in(live, hits["fields"]["HITId"], FIELDS)

    for kind, hit in hits.items():
        reply = client.list_assignments_for_hit(HITId=hit["HITId"])
        saved, batch = Path(f"{kind}.json"), Path(f"{kind}.csv")
        saved.write_text(json.dumps(reply, default=str), "utf-8")
        as_batch(reply, batch)
        expected = {
            name: asked.value
            for name, asked in KINDS[kind].items()
            if asked.value is not None
        }
        run("study", "import", kind, saved, "--format", "mturk-json")
        run("study", "export", kind, "--out", kind)
        assert values(read_bundle(Path(kind))) == expected, kind
        options = ImportOptions(name=kind)
        read = import_bundle([batch], options, format_name="mturk-csv")
        assert values(read) == expected, kind
    said = run(
        *("report", "make", "nested.csv", "--format", "mturk-csv", "--out", "report")
    )
    n_collected = sum(asked.value is not None for asked in CROWD.values())
    assert f"{n_collected} counted responses" in said
