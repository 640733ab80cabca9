"""`secondlook study preregister` says what the locked study says, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.study_server.serving import NAME, STUDY

SAID = STUDY.replace(
    "agreement = 2",
    'agreement = 2\nhypotheses = ["People accept a third of the errors."]\n'
    'confirmatory = ["rectified-error"]\ncluster = ["class"]',
).replace("[recruiter.lab]", "[plan]\nshare = 0.6\n[recruiter.lab]")


@pytest.fixture
def created(call, files):
    Path("study.toml").write_text(SAID, "utf-8")
    call("study", "create", "study.toml", "--stimuli", "set")


def test_the_frozen_study_is_told_in_words(call, created):
    call("study", "freeze", NAME, "--no-open")
    text = call("study", "preregister", NAME).stdout
    assert text.startswith("# Preregistration: Is this class relevant for the image?")
    assert "DRAFT" not in text
    for said in (
        "1. People accept a third of the errors.",
        "n = 3 valid responses by different people",
        "A block has 8 trials, 6 of them main ones",
        "- at least 100 % of the catch trials right",
        "Collection ends when every main trial has its n = 3 valid responses",
        "at least k = 2 of the n = 3 people",
        "Confirmatory measures: `rectified-error`.",
        "Images that share their class are clusters",
        "- yes (or right) responses expected, share: 0.6",
        "No power analysis stands here",
        "people come by the recruiter “simulated”",
    ):
        assert said in text, said
    locked = json.loads(call("study", "show", NAME, "--json").stdout)["study"]
    assert f"`{locked['frozen_sha256']}`" in text


def test_what_is_not_frozen_is_a_draft_and_what_was_amended_says_so(call, created):
    draft = call("study", "preregister", NAME)
    assert "**DRAFT.** The study is not frozen" in draft.stdout
    assert "tiny is not frozen" in draft.stderr
    call("study", "freeze", NAME, "--no-open")
    call("study", "amend", NAME, "--text", "Typo on the consent page")
    amended = call("study", "preregister", NAME).stdout
    assert "**AMENDED.**" in amended
    assert ": Typo on the consent page" in amended


def test_a_study_without_hypotheses_preregisters_none(call, files):
    call("study", "create", "study.toml", "--stimuli", "set")
    assert "None was written down" in call("study", "preregister", NAME).stdout


def test_the_plan_is_the_power_analysis(call, created):
    numbers = ("--error", "0.25", "--sd-participant", "0.5", "--sd-stimulus", "1.5")
    sizes = ("--sizes", "40", "--studies", "5", "--json")
    said = call("study", "plan", "study.toml", *numbers, *sizes).stdout
    Path("plan.json").write_text(said, "utf-8")
    made = call("study", "preregister", NAME, "--plan", "plan.json", "--out", "p.md")
    assert made.stdout == "p.md\n"
    text = Path("p.md").read_text("utf-8")
    assert "Simulated with 5 studies per size" in text
    size = json.loads(said)["sizes"][0]["simulated"]
    assert f"| 40 | {size['n_responses']} | {100 * size['power']:.1f} %" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"study": "other"}, "the plan is of the study 'other', not of 'tiny'"),
        ({"design": {"responses_per_trial": 9}}, "the plan has 9 responses per trial"),
    ],
)
def test_a_plan_of_something_else_is_refused(call, created, change, words):
    plan = {
        "study": NAME, "measure": "m", "tested": 0.2, "n_studies": 5, "seed": 0,
        "sizes": [], "design": {"responses_per_trial": 3},
    }  # fmt: skip
    Path("plan.json").write_text(json.dumps({**plan, **change}), "utf-8")
    refused = call("study", "preregister", NAME, "--plan", "plan.json", code=1)
    assert words in refused.output


def test_a_file_that_is_no_plan_is_refused(call, created):
    Path("plan.json").write_text("{}", "utf-8")
    refused = call("study", "preregister", NAME, "--plan", "plan.json", code=1)
    assert "design" not in refused.output
    assert "measure, n_studies, seed, sizes, study, tested missing" in refused.output
