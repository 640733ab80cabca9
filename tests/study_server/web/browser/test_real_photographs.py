"""The whole path on real photographs, by command and in Chromium."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import BrowserContext

from study_server.cli import main
from tests.study_server.web.browser.conftest import LiveServer, Person
from tests.study_server.web.worlds import DATABASE, SECRET, open_world

pytestmark = pytest.mark.real_data

N_PHOTOS = 120

RECIPE = """
[recipe]
kind = "misclassified"
shows = "top1"
[controls]
known_yes = 3
known_no = 3
practice = 2
[dataset]
path = "photos"
[classifier]
torchvision = "squeezenet1_1"
weights = "{weights}"
"""

# One response each, and no rule that a person who guesses here could break.
STUDY = """
[study]
name = "photographs"
title = "Is this class relevant for the image?"
paradigm = "relevance"
[design]
responses_per_trial = 1
trials_per_block = 20
n_practice = 2
[quality]
min_catch_accuracy = 0
[analysis]
agreement = 1
[recruiter.lab]
link = "open"
"""


def write_inputs(folder: Path, real_data: Path) -> None:
    photos = real_data / "photos"
    with (photos / "labels.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    part = folder / "photos"
    part.mkdir()
    lines = ["file,label"]
    for row in rows[:: len(rows) // N_PHOTOS]:
        (part / row["file"]).symlink_to(photos / row["file"])
        lines.append(f"{row['file']},{row['label']}")
    (part / "labels.csv").write_text("\n".join(lines) + "\n")
    weights = real_data / "weights" / "squeezenet1_1.pth"
    (folder / "recipe.toml").write_text(RECIPE.format(weights=weights))
    (folder / "study.toml").write_text(STUDY)


def run(*command: str) -> None:
    result = CliRunner().invoke(main, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.fixture
def workplace(tmp_path: Path, real_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_inputs(tmp_path, real_data)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECONDLOOK_DATABASE_URL", f"sqlite:///{tmp_path / DATABASE}")
    monkeypatch.setenv("SECONDLOOK_SECRET_KEY", SECRET)
    return tmp_path


def do_a_block(person: Person) -> int:
    """Practice and the first ten trials by keyboard, the others by mouse; how many."""
    page = person.page
    person.walk_to("trials")
    page.wait_for_selector("button[data-field]:not([disabled])")
    n_trials = int(page.inner_text("#trial-count").split("/")[1])
    for number in range(1, n_trials + 1):
        person.wait_for_trial(number, n_trials)
        if number <= 10:
            page.keyboard.press("y" if number % 2 else "n")
        else:
            page.click("button[data-value=yes]")
    for _ in range(2):  # survey and debriefing
        page.wait_for_selector("button[type=submit]")
        page.click("button[type=submit]")
    page.wait_for_selector("h1:text-is('Thank you')")
    return n_trials


def test_photographs_to_report_with_a_person_in_between(
    workplace: Path, browser_context: BrowserContext
):
    run("stimuli", "build", "recipe.toml", "--out", "set")
    run("study", "create", "study.toml", "--stimuli", "set")
    run("study", "freeze", "photographs")
    run("study", "open", "photographs")
    live = LiveServer(open_world(workplace, name="photographs"))
    live.start()
    try:
        person = Person(browser_context.new_page(), live)
        n_trials = do_a_block(person)
    finally:
        live.stop()
    assert person.complaints == []
    run("study", "export", "photographs", "--out", "bundle")
    run("report", "make", "bundle", "--out", "report")
    with (workplace / "bundle" / "responses.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    with (workplace / "bundle" / "trials.csv").open(newline="") as handle:
        roles = {row["trial"]: row["role"] for row in csv.DictReader(handle)}
    given = [row["value"] for row in rows if roles[row["trial"]] != "practice"]
    # Blocks are cut evenly, so that one may be a little smaller than 20.
    assert len(given) == n_trials > 15
    assert given[:10] == ["yes", "no"] * 5
    assert given[10:] == ["yes"] * (n_trials - 10)
    counted = [row for row in rows if row["is_counted"] == "true"]
    assert len(counted) == n_trials - 6
    assert (workplace / "report" / "index.html").stat().st_size > 10_000
