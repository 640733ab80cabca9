"""Effects that differ between people: in the plan, from a pilot, and come true."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import exp

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.planning.designs import Components, PlannedDesign, simulate_responses
from analysis.planning.pilots import effect_spread
from analysis.planning.simulation import ConditionsPlan, simulate_size
from analysis.statistics.contrasts import contrast

WITHIN = PlannedDesign(
    responses_per_trial=5,
    agreement=4,
    main_per_block=40,
    conditions=("a", "b"),
    assignment="within",
)
GUESS = Components(
    share=0.5, difference=0.15, sd_participant=0.6, sd_stimulus=1.0, sd_effect=1.2
)


def real_study(rng: np.random.Generator, *, shift: float) -> pd.DataFrame:
    """Twenty people, eighty images: each sees forty, half of them in either way.

    Made here, person by person, and not by what is tested.
    """
    images, rows = rng.normal(0, 1.0, 80), []
    order = np.arange(80)
    for person in range(20):
        if person % 2 == 0:
            order = rng.permutation(80)
        lean, own = rng.normal(0, 0.6), rng.normal(0, 1.2)
        for place, image in enumerate(order[:40] if person % 2 else order[40:]):
            b = (place + person // 2) % 2
            log_odds = lean + images[image] + (b - 0.5) * (own + shift)
            rows.append(
                (person, image, "ab"[b], rng.random() < 1 / (1 + exp(-log_odds)))
            )
    return pd.DataFrame(rows, columns=["participant", "image", "shown", "yes"])


@pytest.mark.parametrize("n_studies", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_the_power_promised_comes_true_when_the_effect_differs_between_people(
    n_studies,
):
    rng = np.random.default_rng(12)
    # The log odds that make fifteen points of difference, by a fine simulation.
    away = np.random.default_rng(0).normal(0, np.sqrt(0.6**2 + 1 + 0.6**2), 400_000)
    shifts = np.linspace(0.5, 1.5, 41)
    gaps = [
        (expit(away + shift / 2) - expit(away - shift / 2)).mean() for shift in shifts
    ]
    shift = float(np.interp(0.15, gaps, shifts))
    found = [
        contrast(
            real_study(rng, shift=shift), {"b": 1, "a": -1},
            value="yes", group="shown", stimulus="image",
        ).p_value < 0.05
        for _ in range(n_studies)
    ]  # fmt: skip
    promised, blind = (
        simulate_size(
            ConditionsPlan(design=WITHIN),
            components,
            n_images=80,
            n_studies=n_studies,
            rng=rng,
        )
        for components in (GUESS, replace(GUESS, sd_effect=0.0))
    )
    error = np.sqrt(promised.power_se**2 + 0.25 / n_studies)
    assert promised.power == pytest.approx(np.mean(found), abs=3 * error)
    # Taking everybody's effect for the same promises too much.
    assert blind.power > promised.power + 0.05


def test_shares_stay_what_they_were_asked_to_be():
    rng = np.random.default_rng(3)
    drawn = [
        simulate_responses(WITHIN, GUESS, n_images=400, rng=rng) for _ in range(20)
    ]
    shares = pd.concat(drawn).groupby("condition")["yes"].mean()
    # 200 people a study: standard error about 0.6 points.
    assert shares.to_list() == pytest.approx([0.5, 0.65], abs=0.02)


@pytest.mark.parametrize("sd_effect", [0.0, 0.8])
def test_a_pilot_tells_how_much_the_effect_differs(sd_effect):
    rng = np.random.default_rng(5)
    known = replace(GUESS, sd_effect=sd_effect, difference=0.1)
    found = []
    for _ in range(12):
        pilot = simulate_responses(WITHIN, known, n_images=400, rng=rng)
        found.append(
            effect_spread(
                pilot,
                value="yes",
                condition="condition",
                spread=float(np.hypot(0.6, 1.0)),
            )
        )
    # Squared, since none is ever below zero.
    known_of = np.array([each or 0.0 for each in found])
    assert np.mean(known_of**2) == pytest.approx(sd_effect**2, abs=0.12)


def test_where_nobody_met_two_conditions_nothing_is_told():
    pilot = simulate_responses(
        replace(WITHIN, assignment="between"),
        GUESS,
        n_images=40,
        rng=np.random.default_rng(1),
    )
    told = partial(effect_spread, value="yes", condition="condition", spread=1.0)
    assert told(pilot) is None
    assert told(pilot.iloc[:0]) is None
    assert told(pilot.assign(yes=1)) is None
