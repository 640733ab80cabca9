"""Simulated power: against closed forms, against itself, and of the very design."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from analysis.planning.designs import Components, PlannedDesign, simulate_responses
from analysis.planning.figures import power_curve, write_figure
from analysis.planning.power import PlanError
from analysis.planning.simulation import (
    ConditionsPlan,
    RectifiedErrorPlan,
    SimulatedSize,
    simulate_size,
    simulate_sizes,
    smallest_enough,
)

ALONE = PlannedDesign(
    responses_per_trial=1, agreement=1, main_per_block=1, conditions=("a", "b")
)
BLOCKS = PlannedDesign(responses_per_trial=5, agreement=4, main_per_block=20)
ALIKE = Components(share=0.55, difference=0.13, sd_participant=0, sd_stimulus=0)


def rng():
    return np.random.default_rng(20)


def test_independent_responses_have_the_power_of_the_closed_form():
    # 229 each at 55 % against 68 %: standard error
    # sqrt(0.55 * 0.45 / 229 + 0.68 * 0.32 / 229) = 0.04506;
    # P(z > 1.96 - 0.13 / 0.04506) = P(z > -0.925) = 0.822.
    found = simulate_size(
        ConditionsPlan(design=ALONE), ALIKE, n_images=229, n_studies=150, rng=rng()
    )
    assert found.power == pytest.approx(0.822, abs=3 * 0.0312)
    # 2 * 1.96 * 0.04506 = 0.177
    assert found.width == pytest.approx(0.177, abs=0.006)
    assert (found.n_responses, found.n_sessions) == (458, 458)


def test_two_points_are_not_found_with_229_each():
    # 0.0204 / 0.0464 = 0.44 standard errors: power P(z > 1.52) + P(z < -2.40) = 0.073.
    small = replace(ALIKE, difference=0.0204)
    found = simulate_size(
        ConditionsPlan(design=ALONE), small, n_images=229, n_studies=150, rng=rng()
    )
    assert found.power == pytest.approx(0.073, abs=3 * 0.0212)


@pytest.mark.parametrize("assignment", ["between", "within"])
def test_without_a_difference_few_studies_find_one(assignment):
    design = replace(BLOCKS, conditions=("a", "b"), assignment=assignment)
    alike = Components(share=0.5, sd_participant=0.7, sd_stimulus=1.0)
    found = simulate_size(
        ConditionsPlan(design=design), alike, n_images=60, n_studies=150, rng=rng()
    )
    # 5 % of 150 with a standard error of 1.78 points.
    assert found.power < 0.05 + 3 * 0.0178


def test_people_who_differ_cost_power_between_and_not_within():
    spread = Components(share=0.5, difference=0.12, sd_participant=1.5, sd_stimulus=0.5)
    design = replace(BLOCKS, conditions=("a", "b"))
    power = {
        assignment: simulate_size(
            ConditionsPlan(design=replace(design, assignment=assignment)),
            spread,
            n_images=80,
            n_studies=100,
            rng=rng(),
        ).power
        for assignment in ("between", "within")
    }
    assert power["within"] > power["between"] + 0.2


def test_the_rectified_errors_interval_is_as_wide_as_images_alone_make_it():
    # Nobody differs and P(yes) = 0.7: P(at least 4 of 5) = 5*0.7^4*0.3 + 0.7^5 = 0.528,
    # rejected 0.472. Of 400 wrong images of 1,600: share 0.118 of all.
    plan = RectifiedErrorPlan(design=BLOCKS, error=0.25)
    alike = Components(share=0.7, sd_participant=0, sd_stimulus=0)
    found = simulate_size(plan, alike, n_images=400, n_studies=60, rng=rng())
    # All images drawn anew: 2 * 1.96 * sqrt(0.118 * 0.882 / 1600) = 0.0316, and a
    # little more for what people could add.
    assert 0.0316 * 0.98 < found.width < 0.0316 * 1.12
    assert found.power == 1.0  # far below 25 %
    # 20 blocks of 20 for each of five people per trial.
    assert (found.n_responses, found.n_sessions) == (2000, 100)


def test_fewer_judged_of_a_fixed_set_make_wider_intervals():
    alike = Components(share=0.7, sd_participant=0.5, sd_stimulus=1.5)
    widths = [
        simulate_size(
            RectifiedErrorPlan(design=BLOCKS, error=0.25, n_wrong=1000),
            alike,
            n_images=n_images,
            n_studies=20,
            rng=rng(),
        ).width
        for n_images in (100, 1000)
    ]
    assert widths[0] > 1.5 * widths[1]


@pytest.mark.parametrize("assignment", ["between", "within"])
@pytest.mark.parametrize("composition", ["fresh", "shared"])
def test_every_trial_gets_n_different_people(assignment, composition):
    design = PlannedDesign(
        responses_per_trial=3,
        agreement=2,
        main_per_block=7,
        max_blocks=2,
        composition=composition,
        conditions=("a", "b", "c"),
        assignment=assignment,
    )
    found = simulate_responses(
        design,
        Components(share=0.5, sd_participant=1, sd_stimulus=1),
        n_images=30,
        rng=rng(),
    )
    per_trial = found.groupby(["image", "condition"])["participant"]
    assert (per_trial.size() == 3).all()
    assert len(per_trial) == 90
    # Nobody meets an image twice, in whichever condition; 14 trials at most.
    assert not found.duplicated(["participant", "image"]).any()
    assert found.groupby("participant").size().max() == 14
    per_person = found.groupby("participant")["condition"].nunique()
    assert (per_person == 1).all() == (assignment == "between")


def test_simulated_shares_are_those_asked_for():
    components = Components(
        share=0.3, difference=0.2, sd_participant=0.8, sd_stimulus=2.0
    )
    centres = components.intercepts(3)
    spread = np.hypot(0.8, 2.0) * rng().standard_normal(400_000)
    found = [expit(centre + spread).mean() for centre in centres]
    # Standard error of a mean of 400,000 shares: below 0.001.
    assert found == pytest.approx([0.3, 0.4, 0.5], abs=0.003)


def test_the_same_seed_gives_the_same_numbers_whichever_sizes_are_asked():
    plan = RectifiedErrorPlan(design=BLOCKS, error=0.25)
    components = Components(share=0.6, sd_participant=0.5, sd_stimulus=2)
    few = simulate_sizes(plan, components, sizes=[40], n_studies=5, seed=3)
    more = simulate_sizes(plan, components, sizes=[80, 40], n_studies=5, seed=3)
    assert more[0] == few[0]


def test_all_of_few_simulated_studies_is_not_certainty():
    found = simulate_size(
        ConditionsPlan(design=ALONE),
        replace(ALIKE, share=0.1, difference=0.8),
        n_images=60,
        n_studies=10,
        rng=rng(),
    )
    assert found.power == 1.0
    # Half a hit less: p = 10.5 / 11, sqrt(p (1 - p) / 10).
    share = 10.5 / 11
    assert found.power_se == pytest.approx((share * (1 - share) / 10) ** 0.5)


def sizes(*powers):
    return [
        SimulatedSize(
            n_images=100 * 2**at,
            n_responses=500 * 2**at,
            n_sessions=25 * 2**at,
            power=power,
            power_se=0.02,
            width=0.1 / 2**at,
            n_simulated=200,
        )
        for at, power in enumerate(powers)
    ]


def test_the_smallest_size_is_one_after_which_all_reach_the_target():
    found = sizes(0.81, 0.6, 0.83, 0.95)
    # The first reaches 80 % by luck: the next does not.
    assert smallest_enough(found, power=0.8) == found[2]
    assert smallest_enough(found, power=0.8, width=0.02) == found[3]
    assert smallest_enough(found, power=0.99) is None


def test_a_curve_is_drawn_and_written(tmp_path):
    found = sizes(0.2, 0.6, 0.83, 0.95)
    figure = power_curve(found, target_power=0.8, target_width=0.04, chosen=found[2])
    text = write_figure(figure, tmp_path / "plan.svg").read_text("utf-8")
    assert "target 80 %" in text
    assert "target 4 points" in text
    with pytest.raises(PlanError, match=r"ends in .svg, .png or .pdf, got .gif"):
        write_figure(figure, tmp_path / "plan.gif")


def test_shares_that_cannot_be_are_refused():
    with pytest.raises(PlanError, match=r"got 1\.1"):
        Components(share=0.9, difference=0.2, sd_participant=0, sd_stimulus=0)
    with pytest.raises(PlanError, match="negative"):
        Components(share=0.9, sd_participant=-1, sd_stimulus=0)
    with pytest.raises(PlanError, match="at least 2 images"):
        simulate_size(
            ConditionsPlan(design=ALONE), ALIKE, n_images=1, n_studies=1, rng=rng()
        )
