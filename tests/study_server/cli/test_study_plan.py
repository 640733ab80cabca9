"""`secondlook study plan` prints sizes, writes the curve, and speaks JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from study_server.services.study_files.init import find_replications

STUDY = """
[study]
name = "planned"
title = "Planned"
paradigm = "relevance"
[recruiter.lab]
"""
NUMBERS = (
    "--error",
    "0.25",
    "--share",
    "0.7",
    "--sd-participant",
    "0.5",
    "--sd-stimulus",
    "1.5",
    "--sizes",
    "40,160",
    "--studies",
    "20",
)


def test_a_plan_is_printed_with_power_width_cost_and_a_curve(call, as_json):
    Path("study.toml").write_text(STUDY, "utf-8")
    price = ("--price", "1.20", "--fee", "0.2", "--width", "0.1")
    said = call("study", "plan", "study.toml", *NUMBERS, *price, "--out", "plan.svg")

    # 40 images in two blocks of 20 for five people: 10 blocks of 1.44.
    assert "14.40 USD" in said.stdout
    assert (
        "smallest size that reaches width 10 points: 160 images, 40 blocks"
        in said.stdout
    )
    assert "<svg" in Path("plan.svg").read_text("utf-8")
    found = as_json("study", "plan", "study.toml", *NUMBERS)
    again = as_json("study", "plan", "study.toml", *NUMBERS)
    assert found == again
    assert [size["n_paid_blocks"] for size in found["sizes"]] == [10, 40]


def test_what_is_missing_or_malformed_is_said(call):
    Path("study.toml").write_text(STUDY, "utf-8")
    refused = call("study", "plan", "study.toml", "--error", "0.25", code=1)
    assert "--share, --sd-participant, --sd-stimulus: not given" in refused.output
    wrong = call("study", "plan", "study.toml", *NUMBERS, "--price", "1.234", code=2)
    assert "expected an amount like 1.20" in wrong.output
    wrong = call("study", "plan", "study.toml", "--sizes", "1,x", code=2)
    assert "expected numbers from 2" in wrong.output
    wrong = call("study", "plan", "study.toml", *NUMBERS, "--out", "plan.gif", code=1)
    assert "ends in .svg, .png or .pdf" in wrong.output


@pytest.mark.parametrize("paradigm", ["relevance", "assignment"])
def test_the_file_that_init_writes_can_be_planned_as_it_stands(call, paradigm):
    Path("photos").mkdir()
    call(
        "study", "init", "--images", "photos", "--classifier", "demo",
        "--paradigm", paradigm, "--recruiter", "lab",
    )  # fmt: skip
    said = call(
        "study", "plan", "study.toml", "--studies", "2", "--sizes", "20,40"
    ).stdout
    assert "power 80 %" in said
    measured = "rectified error" if paradigm == "relevance" else "difference of"
    assert measured in said


@pytest.mark.parametrize("like", find_replications())
def test_the_file_of_a_published_study_can_be_planned_as_it_stands(call, like):
    Path("photos").mkdir()
    ethics = ("--ethics-body", "A board", "--protocol-number", "1")
    call("study", "init", "--images", "photos", "--like", like, *ethics)
    said = call("study", "plan", "study.toml", "--studies", "1", "--sizes", "20")
    assert "power 80 %" in said.stdout
