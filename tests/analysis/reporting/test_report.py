from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import click
import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.bundles.reading import Bundle, BundleError
from analysis.cli import report
from analysis.elements.sections import DataTable
from analysis.errors import AnalysisError
from analysis.measures import MEASURES
from analysis.measures.base import Measure
from analysis.measures.rectified_error.tables import NO_PERSON_EFFECT
from analysis.reporting.method_sections import method_paragraph
from analysis.reporting.page import cover_of, render_page
from analysis.reporting.report import (
    headline_table,
    make_report,
    report_sections,
    write_page,
)
from analysis.reporting.report_parts import report_parts
from analysis.reporting.writing import to_latex
from stimuli.files.images import open_image
from tests.analysis.bundle_maker import Plan, rehash

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def written(small, tmp_path_factory):
    out = tmp_path_factory.mktemp("written") / "report"
    make_report(small, out=out)
    return out


def write_some(bundle: Bundle, *ids: str, out: Path) -> None:
    """The page with these sections only: drawing all figures takes seconds."""
    found = [each for each in report_sections(bundle) if each.id in ids]
    assert len(found) == len(ids)
    write_page(cover_of(bundle), report_parts(bundle, found), out=out)


def page(folder: Path) -> str:
    return (folder / "index.html").read_text("utf-8")


def test_the_report_has_every_part(written):
    ids = re.findall(r'<section id="([a-z-]+)"', page(written))
    assert ids == [
        "result",
        "asked",
        "votes",
        "right-side",
        "before-after",
        "unresolved",
        "gallery",
        "controls",
        "signal-detection",
        "response-times",
        "agreement",
        "by-k",
        "class-errors",
        "every-response",
        "correction",
        "dawid-skene",
        "audit",
        "calibration",
        "sensitivity",
        "flow",
        "exclusion",
        "quality",
        "method",
        "limits",
        "amendments",
    ]


def test_the_page_stands_alone(written):
    text = page(written)
    assert "<script" not in text
    assert not re.search(r'\ssrc="(?!data:image/png)', text)
    # Links to the files beside it are for reading on, not for showing the page.
    assert not re.search(r'\shref="(?!#|gallery/|tables/|figures/)', text)
    assert "url(http" not in text
    assert "@import" not in text


def test_ids_on_the_page_are_unique_and_links_lead_somewhere(written):
    text = page(written)
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)


def test_numbers_on_the_page_are_those_of_the_tables(written):
    text = page(written)
    table = (written / "tables" / "errors.csv").read_text("utf-8").splitlines()
    row = dict(zip(table[0].split(","), table[1].split(","), strict=True))
    value, low, high = (
        100 * float(row[name])
        for name in ("rectified", "rectified_low", "rectified_high")
    )
    assert f"{value:.1f} % [{low:.1f}, {high:.1f}]" in text


def test_every_table_and_figure_is_written_in_each_format(written):
    tables = {path.stem for path in (written / "tables").glob("*.csv")}
    assert tables == {path.stem for path in (written / "tables").glob("*.tex")}
    assert {"errors", "votes", "error_by_k", "controls", "flow", "audit"} <= tables
    figures = {path.stem for path in (written / "figures").glob("*.svg")}
    for suffix in ("pdf", "png"):
        found = {path.stem for path in (written / "figures").glob(f"*.{suffix}")}
        assert figures == found
    with open_image(written / "figures" / "votes.png") as picture:
        assert picture.width == 1500  # 5 inches at 300 dots
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert {"errors", "votes", "error_by_k", "yes_bias", "audit"} <= figures


def test_text_in_figures_stays_text(written):
    svg = (written / "figures" / "votes.svg").read_text("utf-8")
    assert "people who said yes" in svg
    assert re.search(
        r'<svg [^>]*aria-labelledby="title"[^>]*><title id="title">\w', svg
    )
    assert b"/Type3" not in (written / "figures" / "votes.pdf").read_bytes()


def test_figures_have_words_for_those_who_cannot_see_them(written):
    labels = re.findall(r'role="img" aria-label="([^"]+)"', page(written))
    assert len(labels) == len(list((written / "figures").glob("*.svg")))
    assert all(re.search(r"\d", label) for label in labels)


def test_the_same_bundle_gives_the_same_bytes(small, written, tmp_path):
    make_report(small, out=tmp_path / "again")
    for path in sorted(written.rglob("*")):
        if path.is_file():
            again = tmp_path / "again" / path.relative_to(written)
            assert path.read_bytes() == again.read_bytes(), path.name


@pytest.mark.parametrize(
    ("environment", "word"),
    [("simulated", "SIMULATED"), ("pilot", "PILOT"), ("sandbox", "SANDBOX")],
)
def test_a_band_says_what_does_not_count_on_every_page(
    make_bundle, tmp_path, environment, word
):
    bundle = make_bundle(Plan(n_images=260, environment=environment, accept_mean=1.5))
    write_some(bundle, "gallery", out=tmp_path / "report")
    pages = list((tmp_path / "report").rglob("*.html"))
    assert len(pages) == 2
    for each in pages:
        assert f"<strong>{word}</strong>" in each.read_text("utf-8")
    assert word in headline_table(bundle)


def test_a_live_study_has_no_band(make_bundle, tmp_path):
    bundle = make_bundle(Plan(n_images=40, environment="live"))
    write_some(bundle, "gallery", out=tmp_path / "report")
    assert 'class="band' not in page(tmp_path / "report")


def test_sixty_pictures_in_the_page_and_all_in_a_folder(make_bundle, tmp_path):
    bundle = make_bundle(Plan(n_images=260, accept_mean=1.5))
    out = tmp_path / "report"
    write_some(bundle, "asked", "gallery", out=out)
    assert page(out).count("data:image/png") == 61  # sixty, and the trial shown
    n_accepted = len(list((out / "gallery" / "images").glob("*.png")))
    assert n_accepted > 60
    gallery = (out / "gallery" / "index.html").read_text("utf-8")
    assert gallery.count("<li>\n<img") == n_accepted
    assert f"The first 60 of {n_accepted}" in page(out)


def test_nobody_yet_is_said_and_no_number_is_made_up(make_bundle, tmp_path):
    bundle = make_bundle(Plan(n_images=40, n_dropped=10_000, environment="live"))
    make_report(bundle, out=tmp_path / "report")
    text = page(tmp_path / "report")
    assert "No image has 5 valid votes yet" in text
    assert "– (n = 0)" in text
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL).lower()
    assert "– (n = 0)" in headline_table(bundle)


def test_names_from_the_study_cannot_write_markup(make_bundle, tmp_path):
    amendment = {"at": "2030-01-01T00:00:00+00:00", "text": "<script>alert(1)</script>"}
    bundle = make_bundle(Plan(n_images=40, amendments=(amendment,)))
    write_some(bundle, "amendments", out=tmp_path / "report")
    text = page(tmp_path / "report")
    assert "<script>" not in text
    assert "2030-01-01 00:00 UTC: &lt;script&gt;" in text


def test_what_the_build_of_the_set_warned_of_stands_above_everything(
    small,
):
    stimuli = {**small.head["stimuli"], "warnings": ["0 of 39 are <right>"]}
    warned = replace(small, head={**small.head, "stimuli": stimuli})
    text = render_page(cover_of(warned), [])
    said = text.index("CHECK THE STIMULI</strong> 0 of 39 are &lt;right&gt;")
    assert said < text.index("<h1>")
    assert "CHECK THE STIMULI" not in render_page(cover_of(small), [])


def test_unlabelled_pictures_get_a_report_without_errors(make_bundle, tmp_path):
    bundle = make_bundle(Plan(n_images=40, kind="predictions"))
    make_report(bundle, out=tmp_path / "report")
    assert "Predictions accepted" in page(tmp_path / "report")
    assert "rectified error" not in headline_table(bundle).lower()
    assert "predictions accepted by at least 4 of 5 people" in headline_table(bundle)
    text = page(tmp_path / "report")
    assert "predictions that at least 4 of 5 people accept, with 95 %" in text
    assert "variance of a share of accepted predictions" in text
    assert "rectified" not in text


def test_two_intervals_that_are_one_are_said_to_be_one(make_bundle):
    def shown(bundle):
        blocks = [b for s in report_sections(bundle) for b in s.blocks]
        tables = [b for b in blocks if isinstance(b, DataTable)]
        (table,) = (table for table in tables if table.name == "intervals")
        is_said = any(getattr(b, "text", "") == NO_PERSON_EFFECT for b in blocks)
        return len(table.shown), len(table.numbers), is_said

    bundle = make_bundle(Plan(n_images=40, has_images=False))
    assert shown(bundle) == (3, 3, False)
    # Everybody accepts the same half of the trials: no vote decides one alone.
    first = bundle.responses["trial"].str[0]
    alike = bundle.responses.assign(accepts=(first < "8").astype("boolean"))
    assert shown(replace(bundle, responses=alike)) == (2, 3, True)


def test_two_classifiers_are_compared(make_bundle, tmp_path):
    bundle = make_bundle(Plan(n_images=60, classifiers=("a", "b")))
    make_report(bundle, out=tmp_path / "report")
    assert "a − b" in page(tmp_path / "report")
    assert (tmp_path / "report" / "figures" / "comparisons.svg").is_file()


def test_an_older_report_is_replaced_but_nothing_else(small, tmp_path):
    out = tmp_path / "report"
    write_some(small, "votes", out=out)
    (out / "figures" / "stale.svg").write_text("old")
    write_some(small, "votes", out=out)
    assert not (out / "figures" / "stale.svg").exists()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("mine")
    with pytest.raises(AnalysisError, match="not a report"):
        write_some(small, "limits", out=tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "mine"


def test_the_terminal_table_is_as_agreed(small):
    text = headline_table(small)
    assert max(map(len, text.splitlines())) <= 80
    assert text == (GOLDEN / "headline.txt").read_text("utf-8").rstrip("\n")


def test_the_latex_table_is_as_agreed(small):
    (table,) = (
        block
        for section in report_sections(small)
        for block in section.blocks
        if isinstance(block, DataTable) and block.name == "errors"
    )
    assert to_latex(table) == (GOLDEN / "errors.tex").read_text("utf-8")


def test_the_command_prints_the_table_and_the_page(small, tmp_path):
    out = tmp_path / "report"
    result = CliRunner().invoke(report, ["make", str(small.folder), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert headline_table(small) in result.stdout
    assert f"report: {out / 'index.html'}" in result.stdout


def test_the_command_prints_json_for_machines(small, tmp_path, monkeypatch):
    # Its page and figures are those of the command without --json.
    monkeypatch.setattr("analysis.reporting.report.write_page", lambda *_, **__: None)
    args = ["make", str(small.folder), "--out", str(tmp_path / "r"), "--json"]
    result = CliRunner().invoke(report, args)
    numbers = json.loads(result.stdout)
    assert numbers["is_simulated"] is True
    (row,) = numbers["tables"]["errors"]
    assert row["rectified_low"] < row["rectified"] < row["rectified_high"]


def test_a_folder_that_is_no_bundle_is_an_error_in_words(tmp_path):
    args = ["make", str(tmp_path), "--out", str(tmp_path / "r")]
    result = CliRunner().invoke(report, args)
    assert isinstance(result.exception, BundleError)


def test_help_needs_no_pandas():
    assert isinstance(report, click.Group)
    code = "import sys, analysis.cli; sys.exit('pandas' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_every_measure_keeps_the_protocol(measure, small):
    assert isinstance(measure, Measure)
    for section in measure.sections(small) if measure.applies(small) else []:
        assert section.blocks
        assert re.fullmatch(r"[a-z-]+", section.id)


def test_the_method_paragraph_names_every_setting_and_hash(small, written):
    text = method_paragraph(small)
    head = small.head
    digest = hashlib.sha256((small.folder / "bundle.json").read_bytes()).hexdigest()
    for told in (
        "n = 5 people",
        "k = 4 of them",
        "blocks of 20 trials (fresh composition)",
        head["stimuli"]["classifiers"][0]["weights_sha256"][:12],
        head["study"]["frozen_sha256"][:12],
        digest[:12],
        "(seed 0)",
        f"numpy {version('numpy')}",
    ):
        assert told in text, told
    settings = (written / "tables" / "settings.csv").read_text("utf-8")
    assert head["study"]["set_sha256"] in settings
    assert digest in settings
    assert text.split(".")[0] in page(written)


def test_the_files_stand_in_the_page_without_the_completion_code(make_bundle, tmp_path):
    bundle = make_bundle(Plan(n_images=40, has_images=False))
    path = bundle.folder / "study.toml"
    code = '[recruiter.link]\ncompletion_code = "S3CRET"\n'
    path.write_text(path.read_text() + code)
    rehash(bundle.folder)
    write_some(bundle, "method", out=tmp_path / "report")
    text = page(tmp_path / "report")
    assert "name = &#34;sim&#34;" in text
    assert "S3CRET" not in text
    assert "completion_code = (left out)" in text


@pytest.mark.parametrize("first", ["[0, 1)", "*", " [a]"])
def test_a_row_is_no_argument_of_the_line_break_before_it(first):
    frame = pd.DataFrame({"bin": ["one", first], "n": ["1", "2"]})
    table = DataTable(name="t", caption="c", shown=frame, numbers=frame)
    rows = to_latex(table).splitlines()
    assert rows[rows.index(r"one & 1 \\") + 1] == rf"{{}}{first} & 2 \\"
