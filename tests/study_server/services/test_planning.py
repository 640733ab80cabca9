"""A study file's own design becomes a plan with power, width and an exact cost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.planning.power import PlanError
from stimuli.manifest import StimulusSet
from study_server.cli._study.plan import told_of
from study_server.services import planning
from study_server.services.planning import PlanWishes, plan_study, planned_design
from study_server.services.study_files.file import parse_study_file
from tests.analysis.bundle_maker import Plan, write_bundle
from tests.analysis.importing.test_reports import conditions_of
from tests.study_server.serving import RanStudy

STUDY = """
[study]
name = "planned"
title = "Planned"
paradigm = "relevance"
[design]
responses_per_trial = 3
trials_per_block = 20
{design}
[analysis]
agreement = 2
{more}
[recruiter.lab]
"""
KNOWN = PlanWishes(
    share=0.6,
    sd_participant=0.5,
    sd_stimulus=1.5,
    error=0.25,
    sizes=(40, 80),
    n_studies=20,
)


def study_file(folder: Path, *, design: str = "", more: str = "", lab: str = ""):
    path = folder / "planned.toml"
    text = STUDY.format(design=design, more=more)
    path.write_text(text.replace("[recruiter.lab]", lab or "[recruiter.lab]"), "utf-8")
    return parse_study_file(path)


def wish(**more: object) -> PlanWishes:
    return PlanWishes(**{**vars(KNOWN), **more})


def test_the_cost_is_exact(tmp_path):
    planned = plan_study(
        study_file(tmp_path),
        None,
        wish(price="0.55", fee="0.428", currency="GBP", invalid=0.1),
    )
    # 40 images in blocks of 20, three people each: 2 * 3 = 6 valid blocks, 7 paid
    # (6 / 0.9 = 6.67). A block: 0.55 + 0.2354, rounded to 0.24, is 0.79; 7 are 5.53.
    first, second = planned.sizes
    assert (first.simulated.n_sessions, first.n_paid_blocks) == (6, 7)
    assert first.cost_minor == 553
    # 12 blocks, 14 paid: 11.06.
    assert (second.n_paid_blocks, second.cost_minor) == (14, 1106)


MTURK = """
[recruiter.mturk]
title = "Look"
description = "Look at images."
reward = "1.20"
minutes = 5
cap = "500"
"""


def test_the_price_of_the_study_file_counts_with_its_fee(tmp_path):
    planned = plan_study(study_file(tmp_path, lab=MTURK), None, KNOWN)
    # 1.20 and 20 %: 1.44 a block, 6 blocks.
    assert planned.sizes[0].cost_minor == 864


def test_a_lab_has_no_price(tmp_path):
    planned = plan_study(study_file(tmp_path), None, KNOWN)
    assert planned.price is None
    assert planned.sizes[0].cost_minor is None


def test_the_command_line_goes_over_the_file(tmp_path):
    more = "[plan]\nshare = 0.7\nsd_participant = 1.0\nsd_stimulus = 2.0\nwidth = 0.5"
    file = study_file(tmp_path, more=more)
    planned = plan_study(
        file, None, PlanWishes(error=0.25, sizes=(40,), n_studies=5, sd_stimulus=1.0)
    )
    found = planned.components
    assert (found.share, found.sd_participant, found.sd_stimulus) == (0.7, 1.0, 1.0)
    assert (planned.target_width, planned.target_power) == (0.5, None)
    assert planned.chosen is planned.sizes[0]


def test_conditions_are_compared_with_the_closed_form_beside(tmp_path):
    file = study_file(tmp_path, design='levels = ["plain", "blurred"]')
    planned = plan_study(file, None, wish(difference=-0.2, error=None))
    assert planned.measure == "difference of conditions"
    assert planned.design.conditions == ("plain", "blurred")
    # 2 * 0.6 * 0.4 * (2.80158 / 0.2)^2 = 94.2
    assert planned.closed_form["responses_needed"] == 95
    assert planned.closed_form["n_smallest"] == 120  # 40 images, three people each


def test_a_set_gives_the_error_the_sizes_and_room_for_controls(ran_study: RanStudy):
    file = parse_study_file(ran_study.folder / "study.toml")
    found = StimulusSet.open(ran_study.folder / "set")
    design = planned_design(file, found)
    per_block = sum(
        count
        for name, count in found.summary()["controls"].items()
        if name != "practice"
    )
    assert design.main_per_block == file.design.trials_per_block - per_block
    planned = plan_study(
        file,
        ran_study.folder / "set",
        PlanWishes(share=0.6, sd_participant=0.5, sd_stimulus=1.0, n_studies=3),
    )
    (classifier, *_) = found.summary()["classifiers"]
    error = classifier["n_top1_wrong"] / classifier["n_seen"]
    assert planned.tested == pytest.approx(error)


def test_what_is_missing_is_said_at_once(tmp_path):
    with pytest.raises(PlanError, match=r"--error 0\.25"):
        plan_study(study_file(tmp_path), None, PlanWishes())
    with pytest.raises(
        PlanError, match="--share, --sd-participant, --sd-stimulus: not"
    ):
        plan_study(study_file(tmp_path), None, PlanWishes(error=0.3))
    file = study_file(tmp_path, design='levels = ["plain", "blurred"]')
    with pytest.raises(PlanError, match="--difference"):
        plan_study(file, None, wish(error=None))


def test_a_pilot_gives_what_is_not_said(tmp_path):
    # Accepted with P = Phi(0.3 + person + image), people with a standard deviation of
    # 0.8, images of 1.1; log odds are about 1.7 times as wide: 1.4 and 1.9.
    made = Plan(n_images=150, accept_mean=0.3, bias=0.8, has_images=False, n=8, k=5)
    pilot = write_bundle(tmp_path / "pilot", made, rng=np.random.default_rng(4))
    planned = plan_study(
        study_file(tmp_path),
        None,
        PlanWishes(error=0.25, sizes=(40,), n_studies=2, pilot=pilot, share=0.5),
    )
    found = planned.components
    assert found.share == 0.5
    assert 0.9 < found.sd_participant < 1.9
    assert 1.2 < found.sd_stimulus < 2.5
    assert planned.components_from == "pilot (sd_participant, sd_stimulus)"


def test_an_effect_differs_between_people_by_half_of_how_they_differ(tmp_path):
    design = 'levels = ["plain", "blurred"]\nconditions = "within"'
    file = study_file(tmp_path, design=design)
    wishes = {"difference": 0.2, "error": None, "n_studies": 2}
    planned = plan_study(file, None, wish(**wishes))
    assert planned.design.assignment == "within"
    assert planned.components.sd_effect == pytest.approx(0.25)
    assert "the difference between people 0.25 (standard" in told_of(planned)
    said = plan_study(file, None, wish(**wishes, sd_effect=0.0))
    assert said.components.sd_effect == 0
    between = study_file(tmp_path, design='levels = ["plain", "blurred"]')
    apart = plan_study(between, None, wish(**wishes))
    assert "the difference between people" not in told_of(apart)


def test_a_pilot_within_people_tells_how_much_the_effect_differs(tmp_path, monkeypatch):
    # Eight people on eight images; each is right as often in both, on other images.
    pilot = conditions_of({"plain": 6, "blurred": 3})
    monkeypatch.setattr(planning, "read_bundle", lambda _folder: pilot)
    design = 'levels = ["plain", "blurred"]\nconditions = "within"'
    file = study_file(tmp_path, design=design)
    wishes = {"difference": 0.2, "error": None, "n_studies": 2, "pilot": tmp_path}
    planned = plan_study(file, None, wish(**wishes))
    assert planned.components_from == "pilot (sd_effect)"
    # Nobody's effect is another's in this pilot.
    assert planned.components.sd_effect == pytest.approx(0.0)
