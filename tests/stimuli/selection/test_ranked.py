"""The adversarial and probability selections and the draw, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from stimuli.methods.selection import (
    AdversarialCritic,
    Candidates,
    ProbabilityCritic,
    RandomDraw,
    SelectionError,
    take_last_known,
)


def attacked(steps: list[int], margins: list[float]) -> Candidates:
    return Candidates(
        n=len(steps),
        name="class tench",
        steps_to_flip=np.array(steps),
        n_steps=10,
        margins=np.array(margins),
    )


def take(selector, candidates, n_prototypes, n_criticisms, seed=0):
    return selector.select(
        candidates,
        n_prototypes=n_prototypes,
        n_criticisms=n_criticisms,
        rng=np.random.default_rng(seed),
    )


def test_survivors_are_prototypes_and_first_step_flips_are_criticisms():
    #          0    1   2   3    4   5  6
    steps = [11, 1, 4, 11, 1, 11, 0]
    margins = [2.0, -3, -1, 5.0, -1, 2.0, -9]
    chosen = take(AdversarialCritic(), attacked(steps, margins), 2, 2)
    # Survivors are 0, 3, 5 with margins 2, 5, 2: first 3, then the tie's lower
    # index 0. First-step flips are 1 and 4; 1 has the smaller margin.
    assert chosen.prototypes == (3, 0)
    assert chosen.criticisms == (1, 4)
    assert chosen.fallbacks == {}
    assert chosen.outcome == {"n_right": 6, "n_survivors": 3, "n_first_step_flips": 2}
    assert chosen.facts_of(3)["steps_to_flip"] == 11


def test_fallback_goes_by_steps_then_margin_and_is_recorded():
    steps = [11, 7, 9, 9, 2, 2, 0]
    margins = [0.5, -1, -2, -1, -1, -2, 9]
    chosen = take(AdversarialCritic(), attacked(steps, margins), 3, 2)
    assert chosen.prototypes == (0, 3, 2)
    assert chosen.criticisms == (5, 4)
    assert chosen.fallbacks == {
        3: "flips at step 9 of 10",
        2: "flips at step 9 of 10",
        5: "flips at step 2 of 10",
        4: "flips at step 2 of 10",
    }
    assert chosen.count() == {
        "n_prototypes": 3,
        "n_prototype_fallbacks": 2,
        "n_criticisms": 2,
        "n_criticism_fallbacks": 2,
    }


def test_a_survivor_can_be_a_criticism_only_by_fallback():
    chosen = take(AdversarialCritic(), attacked([11, 11], [1.0, 2.0]), 1, 1)
    assert chosen.prototypes == (1,)
    assert chosen.criticisms == (0,)
    assert chosen.fallbacks == {0: "survives all 10 steps"}


def test_images_wrong_before_the_attack_take_no_part():
    with pytest.raises(
        SelectionError, match="class tench: 3 images classified right wanted, 2 there"
    ):
        take(AdversarialCritic(), attacked([11, 0, 0, 1], [1.0, 1, 1, 1]), 2, 1)


def test_without_fallback_too_few_survivors_are_refused():
    strict = AdversarialCritic(has_fallback=False)
    with pytest.raises(
        SelectionError, match="2 images that survive all 10 steps wanted, 1 there"
    ):
        take(strict, attacked([11, 9, 1], [1.0, 1, 1]), 2, 1)
    with pytest.raises(SelectionError, match="1 images that flip at step 1 wanted"):
        take(strict, attacked([11, 11, 2], [1.0, 1, 1]), 2, 1)


def test_steps_beyond_the_attack_are_refused():
    with pytest.raises(ValueError, match=r"must lie in 0\.\.11 .* got 1\.\.12"):
        take(AdversarialCritic(), attacked([12, 1], [0.0, 0.0]), 1, 1)


def test_drawing_takes_only_images_that_pass_while_there_are_enough():
    candidates = attacked([11] * 6 + [5] * 10, [float(i) for i in range(16)])
    seen = set()
    for seed in range(40):
        chosen = take(AdversarialCritic(order="drawn"), candidates, 3, 0, seed)
        assert set(chosen.prototypes) <= set(range(6))
        seen |= set(chosen.prototypes)
    assert seen == set(range(6))


def test_a_drawn_order_still_falls_back_by_rank():
    candidates = attacked([11, 8, 9, 5], [0.0, 0.0, 0.0, 0.0])
    for seed in range(5):
        chosen = take(AdversarialCritic(order="drawn"), candidates, 3, 0, seed)
        assert chosen.prototypes == (0, 2, 1)


def test_probability_keeps_to_its_thresholds_and_then_falls_back():
    sure = np.array([0.95, 0.9, 0.05, 0.99, 0.1, 0.5])
    candidates = Candidates(n=6, probabilities=sure)
    chosen = take(ProbabilityCritic(), candidates, 3, 2)
    # Above 0.9 lie 3 and 0; 0.9 itself does not count. Below 0.1 lies 2 alone.
    assert chosen.prototypes == (3, 0, 1)
    assert chosen.criticisms == (2, 4)
    assert chosen.fallbacks == {1: "probability 0.9", 4: "probability 0.1"}
    assert chosen.outcome == {"n_above": 2, "n_below": 1}
    with pytest.raises(SelectionError, match=r"probability below 0\.1 wanted, 1 there"):
        take(ProbabilityCritic(has_fallback=False), candidates, 2, 2)


def test_the_draw_is_uniform():
    counts = np.zeros(8)
    rng = np.random.default_rng(5)
    for _ in range(4000):
        chosen = RandomDraw().select(
            Candidates(n=8), n_prototypes=1, n_criticisms=1, rng=rng
        )
        counts[list(chosen.chosen)] += 1
    # 4,000 draws of 2 in 8: 1,000 each, standard deviation 27.
    assert np.abs(counts - 1000).max() < 4.5 * 27.4


def test_margins_of_attacks_that_stopped_are_the_last_known():
    nan = np.nan
    trajectory = np.array([[3.0, 1.0, -1.0], [2.0, -0.5, nan], [-1.0, nan, nan]])
    assert take_last_known(trajectory).tolist() == [-1.0, -0.5, -1.0]
    assert np.isnan(take_last_known(np.array([[nan, nan]]))).all()
