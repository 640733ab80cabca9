"""The report as somebody reads it: on a screen, on a phone and on paper."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from analysis.bundles.example import example_bundle
from analysis.bundles.reading import read_bundle
from analysis.comparing import comparison_text, make_comparison
from analysis.elements.sections import DataTable, Section, ShownTrial
from analysis.elements.shown_trial import trial_page
from analysis.elements.wording import interval, number, outcome_words, points
from analysis.measures.rectified_error.numbers import error_results
from analysis.measures.rectified_error.section import RectifiedErrorMeasure
from analysis.measures.rectified_error.tables import hardly_a_person_effect
from analysis.people.exclusion_rules import RULES, QualityRules
from analysis.people.exclusion_sections import exclusion
from analysis.people.exclusion_words import (
    OUTCOMES,
    RULES_SAID,
    outcome_in_words,
    rules_in_words,
)
from analysis.reporting.method_sections import method, settings_of
from analysis.reporting.report import make_report, report_sections, sentences
from analysis.reporting.report_parts import report_parts
from analysis.statistics.intervals import Estimate
from tests.analysis.bundle_maker import Plan, write_bundle

MOST_PX = 9000


@pytest.fixture(scope="module")
def written(small, tmp_path_factory):
    out = tmp_path_factory.mktemp("read") / "report"
    make_report(small, out=out)
    return out


def words(folder: Path) -> str:
    """What is read on the page, without verbatim files and pictures."""
    text = (folder / "index.html").read_text("utf-8")
    text = re.sub(r"<(style|pre|svg)\b.*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r'srcdoc="[^"]*"', "", text)
    return re.sub(r"<[^>]+>", "\n", text)


def test_the_first_thing_said_is_the_result():
    # 4 of 10 images wrong; people accept two of those four: 2 of 10 are left.
    (result, rule) = sentences(example_bundle())
    assert result.startswith(
        "Of the 40.0 % errors (top-1) of net people accept 50.0 %: rectified error "
        "20.0 % ["
    )
    assert "at least 2 of 3 people" in rule


def test_the_sentence_stands_before_everything_else(written):
    text = (written / "index.html").read_text("utf-8")
    first = text.index("people accept")
    assert first < text.index("<section")
    assert 'class="said-first"' in text


def test_without_a_number_there_is_no_sentence(make_bundle):
    bundle = make_bundle(Plan(n_images=40, n_dropped=10_000, environment="live"))
    assert RectifiedErrorMeasure().sentences(bundle) == []


def test_figures_and_tables_are_numbered_in_order_and_link_to_their_files(written):
    text = (written / "index.html").read_text("utf-8")
    for word in ("Figure", "Table"):
        numbers = [int(n) for n in re.findall(rf"<b>{word} (\d+)\.</b>", text)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert numbers
    linked = re.findall(r'href="((?:tables|figures)/[^"]+)"', text)
    written_files = {
        path.relative_to(written).as_posix()
        for folder in ("tables", "figures")
        for path in (written / folder).iterdir()
    }
    assert set(linked) == written_files


def test_settings_are_folded_and_nothing_is_written_as_python_writes_it(written):
    text = (written / "index.html").read_text("utf-8")
    (settings,) = re.findall(
        r"<details[^>]*>(?:(?!</details>).)*settings\.csv", text, re.S
    )
    assert "Every setting" in settings
    told = words(written)
    for bad in (r"\bTrue\b", r"\bFalse\n", r"\bNone\b", r"\bnan\b", r"\['", r"\{'"):
        assert not re.search(bad, told), bad


def test_settings_in_lists_are_told_one_by_one(small):
    settings = {"classifier": [{"demo": True, "name": None}], "levels": [1, 2]}
    stimuli = {**small.head["stimuli"], "settings": settings}
    found = settings_of(replace(small, head={**small.head, "stimuli": stimuli}))
    assert found["recipe classifier 1 demo"] == "yes"
    assert found["recipe levels"] == "1, 2"
    assert not any("None" in value for value in found.values())


def test_every_reason_and_every_rule_has_words():
    for rule in RULES:
        assert "_" not in outcome_in_words(rule.name)
        assert rule.name in OUTCOMES
    states = ("started", "withdrawn", "expired", "returned", "failed_comprehension")
    for state in states:
        assert state in OUTCOMES
    assert set(RULES_SAID) == {field.name for field in fields(QualityRules)}
    pairs = ("session_minutes", "response_seconds")
    every = {name: [1, 2] if name in pairs else 1 for name in RULES_SAID}
    assert "_" not in rules_in_words(every)


def test_reasons_are_read_as_words_in_the_report():
    (table,) = (
        block
        for block in exclusion(example_bundle()).blocks
        if isinstance(block, DataTable) and block.name == "exclusions"
    )
    # Dan got too few catches right; the CSV keeps the rule's name.
    assert list(table.shown["outcome"]) == ["valid", "too few catch trials right"]
    assert list(table.numbers["reason"]) == ["valid", "catch_accuracy"]


@pytest.mark.parametrize(
    ("hypotheses", "is_frozen", "title"),
    [
        (["People accept half."], True, "Preregistered results"),
        ([], True, "Results frozen before the data"),
        (["People accept half."], False, "Exploratory results"),
    ],
)
def test_only_what_was_expected_in_writing_is_called_preregistered(
    make_bundle, hypotheses, is_frozen, title
):
    bundle = make_bundle(Plan(n_images=40, has_images=False))
    study = {**bundle.head["study"]}
    if not is_frozen:
        study["frozen_at"] = None
    head = {**bundle.head, "hypotheses": hypotheses, "study": study}
    object.__setattr__(bundle, "head", head)
    result = Section(id="result", title="Result", blocks=[])
    first, study_part = report_parts(
        bundle, [result, exclusion(bundle), *method(bundle)]
    )
    assert first.title == title
    told = " ".join(
        [first.note.replace("nothing was preregistered", ""), study_part.note]
        + [getattr(b, "text", "") for s in study_part.sections for b in s.blocks]
    )
    assert "reregistered" not in told


def test_wilsons_interval_gets_a_sentence_where_it_is_nearly_the_headline(make_bundle):
    bundle = make_bundle(Plan(n_images=400, has_images=False, bias=0.0))
    (result,) = error_results(bundle)
    ratio = (result.rectified.high - result.rectified.low) / (
        result.ignoring_people.high - result.ignoring_people.low
    )
    said = hardly_a_person_effect(result)
    assert bool(said) == (abs(ratio - 1) <= 0.1)
    shown = [
        getattr(block, "text", "")
        for section in report_sections(bundle)
        for block in section.blocks
    ]
    assert (said in shown) == bool(said)
    assert said, ratio


def test_the_same_bundle_twice_shows_no_difference(small, tmp_path):
    text = comparison_text(small, small)
    assert "no difference" in text
    assert "no data" not in text
    assert "within noise" not in text
    assert "no setting differs" in text
    make_comparison(small, small, out=tmp_path / "compared")
    told = words(tmp_path / "compared")
    assert "no data" not in told
    assert "nan" not in told.lower().replace("finan", "")


def test_a_difference_without_an_interval_is_said_so():
    estimate = error_results(example_bundle())[0].rectified
    unknown = type(estimate)(value=0.02, low=float("nan"), high=float("nan"), n=3)
    assert points(unknown) == "+2.0 points (no interval)"


def test_a_trial_is_shown_as_people_saw_it(small):
    (shown,) = (
        block
        for section in report_sections(small)
        for block in section.blocks
        if isinstance(block, ShownTrial)
    )
    assert shown.html.count("data:image/png") == 1
    for button in ("Yes", "No"):
        assert f"<span>{button}</span>" in shown.html
    assert "<script" not in shown.html
    for secret in ("known_yes", "main", "catch"):
        assert f'"{secret}"' not in shown.html


def test_a_study_in_its_own_words_shows_them(small):
    main = small.trials[small.trials["role"] == "main"].iloc[0]
    own = {"texts": {"question_relevant": "Kannst du {class} sehen?", "yes": "Ja"}}
    small.__dict__["study_file"] = {**small.study_file, **own}
    try:
        shown = trial_page(small, main)
    finally:
        del small.__dict__["study_file"]
    assert shown is not None
    assert "Kannst du" in shown.html
    assert "<span>Ja</span>" in shown.html


def test_a_bundle_without_pictures_shows_no_trial(make_bundle):
    bundle = make_bundle(Plan(n_images=40, has_images=False))
    main = bundle.trials[bundle.trials["role"] == "main"].iloc[0]
    assert trial_page(bundle, main) is None


def test_long_lists_are_folded_and_what_counts_is_not(small):
    tables = {
        block.name: block.is_folded
        for section in report_sections(small)
        for block in section.blocks
        if isinstance(block, DataTable)
    }
    assert tables["settings"]
    assert tables["quality_trials"]
    assert not tables["errors"]
    assert not tables["exclusions"]


@pytest.mark.browser
def test_the_page_is_short_keeps_its_contents_in_sight_and_folds_them_on_a_phone(
    written, chromium
):
    page = chromium.new_page(viewport={"width": 1366, "height": 768})
    try:
        page.goto((written / "index.html").as_uri())
        height = page.evaluate("document.documentElement.scrollHeight")
        assert height <= MOST_PX
        page.evaluate("window.scrollTo(0, 4000)")
        box = page.locator(".aside").bounding_box()
        assert box is not None
        assert 0 <= box["y"] < 100
        page.set_viewport_size({"width": 390, "height": 844})
        assert not page.locator(".aside").is_visible()
        assert page.locator(".fold-contents summary").is_visible()
        assert not page.locator(".fold-contents li").first.is_visible()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width == 390
    finally:
        page.close()


@pytest.mark.browser
def test_on_paper_everything_is_there_and_nothing_scrolls(written, chromium):
    page = chromium.new_page(viewport={"width": 1000, "height": 1400})
    try:
        page.goto((written / "index.html").as_uri())
        page.emulate_media(media="print")
        # Folded contents are laid out with the next frame.
        page.evaluate(
            "() => new Promise(done =>"
            " requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        found = page.evaluate(
            """() => ({
              folded: [...document.querySelectorAll("details:not(.fold-contents)")]
                .filter(one => !one.lastElementChild.checkVisibility(
                  {contentVisibilityAuto: true})).length,
              scrolling: [...document.querySelectorAll(".scroll, .drawing, pre")]
                .filter(one => getComputedStyle(one).overflowX !== "visible").length,
              torn: [...document.querySelectorAll("h1, h2, h3")]
                .filter(one => getComputedStyle(one).breakAfter === "auto").length,
              tables: [...document.querySelectorAll(".table:not(.long)")]
                .filter(one => getComputedStyle(one).breakInside === "auto").length,
            })"""
        )
        assert found == {"folded": 0, "scrolling": 0, "torn": 0, "tables": 0}
    finally:
        page.close()


def test_two_launches_with_other_votes_do_differ(tmp_path):
    """The word for equal bundles is not given to those that are merely alike."""
    found = []
    for seed in (5, 6):
        plan = Plan(n_images=60, has_images=False)
        folder = tmp_path / f"bundle-{seed}"
        found.append(
            read_bundle(write_bundle(folder, plan, rng=np.random.default_rng(seed)))
        )
    assert "no difference" not in comparison_text(*found)


@pytest.mark.parametrize(
    ("value", "digits", "sign", "shown"),
    [
        (-0.004, 2, "", "0.00"),
        (-0.004, 2, "+", "+0.00"),
        (-0.0, 1, "", "0.0"),
        (-0.05001, 1, "", "−0.1"),
        (3.14159, 2, "+", "+3.14"),
    ],
)
def test_what_rounds_to_zero_has_no_minus(value, digits, sign, shown):
    assert number(value, digits=digits, sign=sign) == shown


def test_where_there_is_no_interval_the_reason_is_told():
    nothing = float("nan")
    known = Estimate(value=-0.0001, low=nothing, high=nothing, n=3)
    told = replace(known, method="no interval: one stimulus")
    assert points(known) == "+0.0 points (no interval)"
    assert interval(told) == "0.0 % (no interval: one stimulus)"
    assert outcome_words(told, is_amount=True) == "0.00 (no interval: one stimulus)"
