from __future__ import annotations

from itertools import product
from math import isnan, sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit

from analysis.errors import AnalysisError
from analysis.statistics.models import (
    CrossedResponses,
    _Search,
    average_share,
    clustered_logistic,
    crossed_logistic,
)

NAMES: dict[str, Any] = {
    "outcome": "right",
    "condition": "shown",
    "participant": "person",
    "stimulus": "image",
}


def study(rng, *, n_people=40, n_stimuli=60, sd=(0.7, 1.0), log_odds=(0.8, -0.2)):
    """Everybody meets every stimulus, in one condition each (Latin square)."""
    person = np.repeat(np.arange(n_people), n_stimuli)
    image = np.tile(np.arange(n_stimuli), n_people)
    shown = (person + image) % 2
    tendency = np.array(log_odds)[shown]
    tendency = tendency + rng.normal(0, sd[0], n_people)[person]
    tendency += rng.normal(0, sd[1], n_stimuli)[image]
    return pd.DataFrame(
        {
            "person": person,
            "image": image,
            "shown": np.array(["part", "whole"])[shown],
            "right": rng.random(len(person)) < expit(tendency),
        }
    )


def test_known_parameters_come_back():
    rng = np.random.default_rng(0)
    fits = [crossed_logistic(study(rng), **NAMES) for _ in range(20)]
    assert all(fit.is_converged for fit in fits)
    found = pd.DataFrame(
        {
            "part": [fit.coefficients["estimate"][0] for fit in fits],
            "whole - part": [fit.coefficients["estimate"][1] for fit in fits],
            "people": [fit.sd_participant for fit in fits],
            "stimuli": [fit.sd_stimulus for fit in fits],
        }
    )
    # Standard errors of one fit: .19, .10, .11, .11; of the mean of 20, a 4.5th.
    assert found.mean().to_dict() == pytest.approx(
        {"part": 0.8, "whole - part": -1.0, "people": 0.7, "stimuli": 1.0}, abs=0.1
    )
    # What the fits say of their own error is the error they make.
    said = np.mean([fit.coefficients["se"][1] for fit in fits])
    assert said == pytest.approx(found["whole - part"].std(), rel=0.5)


def test_the_effect_is_within_its_interval_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    held = []
    for _ in range(60):
        frame = study(rng, n_people=16, n_stimuli=24)
        row = crossed_logistic(frame, **NAMES).coefficients.iloc[1]
        held.append(row["low"] <= -1.0 <= row["high"])
    # 60 studies: 95 % less three standard errors (2.8 points).
    assert np.mean(held) >= 0.86


def test_five_responses_per_stimulus_make_laplace_take_spread_for_too_small():
    # Documented, not hidden: 300 stimuli x 5 gave .90 for 1.0 and .64 for .7.
    rng = np.random.default_rng(2)
    found = []
    for _ in range(10):
        frame = study(rng, n_people=75, n_stimuli=300)
        kept = (frame["person"] - frame["image"]) % 15 == 0
        fit = crossed_logistic(frame[kept], **NAMES)
        found.append((fit.sd_participant, fit.sd_stimulus))
    people, stimuli = np.mean(found, axis=0)
    assert 0.55 < people < 0.75
    assert 0.80 < stimuli < 1.0


def tiny(sd):
    responses = CrossedResponses(
        yes=np.array([1.0, 0.0, 1.0, 1.0]),
        design=np.ones((4, 1)),
        person=np.array([0, 0, 1, 1]),
        stimulus=np.array([0, 1, 0, 1]),
    )
    return responses, np.array([0.4, np.log(sd[0]), np.log(sd[1])])


def test_the_approximation_is_near_the_integral_where_effects_are_small():
    # The integral over two people and two stimuli, by 20-point quadrature.
    sd = (0.5, 0.4)
    responses, place = tiny(sd)
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    weights = weights / weights.sum()
    total = 0.0
    for points in product(range(20), repeat=4):
        effects = nodes[list(points)] * np.repeat(sd, 2)
        tendency = 0.4 + effects[responses.person] + effects[2 + responses.stimulus]
        p = expit(tendency)
        total += (
            weights[list(points)].prod() * np.where(responses.yes == 1, p, 1 - p).prod()
        )
    loss, _ = _Search(responses).loss(place)
    assert -loss == pytest.approx(np.log(total), abs=0.01)


def test_the_gradient_is_that_of_the_loss():
    rng = np.random.default_rng(3)
    frame = study(rng, n_people=9, n_stimuli=14)
    responses = CrossedResponses(
        yes=frame["right"].to_numpy(float),
        design=np.eye(2)[(frame["shown"] == "part").to_numpy(int)],
        person=frame["person"].to_numpy(),
        stimulus=frame["image"].to_numpy(),
    )
    search, place = _Search(responses), np.array([0.4, -0.2, -0.5, -0.2])
    _, gradient = search.loss(place)
    for at, step in enumerate(np.eye(4) * 1e-5):
        rise = search.loss(place + step)[0] - search.loss(place - step)[0]
        assert gradient[at] == pytest.approx(rise / 2e-5, rel=1e-4)


def test_without_people_or_stimuli_it_is_the_plain_regression():
    rng = np.random.default_rng(5)
    frame = study(rng, sd=(0.0, 0.0), log_odds=(1.0, 0.0))
    fit = crossed_logistic(frame, **NAMES)
    assert max(fit.sd_participant, fit.sd_stimulus) < 0.25
    shares = frame.groupby("shown")["right"].mean()
    for row in fit.probabilities.itertuples():
        assert row.share == pytest.approx(shares[row.condition], abs=0.01)


def test_statsmodels_gives_the_same_clustered_errors():
    frame = study(np.random.default_rng(6), n_people=12, n_stimuli=20)
    fit = clustered_logistic(frame, **NAMES)
    design = sm.add_constant((frame["shown"] == "whole").to_numpy(float))
    theirs = sm.GLM(
        frame["right"].to_numpy(float), design, family=sm.families.Binomial()
    ).fit(
        cov_type="cluster",
        cov_kwds={"groups": frame[["person", "image"]].to_numpy()},
    )
    estimates = fit.coefficients["estimate"].to_numpy()
    assert estimates == pytest.approx(theirs.params, abs=1e-6)
    # Theirs has a factor (n - 1) / (n - terms) more: 239 / 238.
    assert fit.coefficients["se"].to_numpy() * sqrt(239 / 238) == pytest.approx(
        theirs.bse, rel=1e-5
    )


def test_a_contrast_is_the_difference_of_two_conditions():
    frame = study(np.random.default_rng(7))
    for fit in (crossed_logistic(frame, **NAMES), clustered_logistic(frame, **NAMES)):
        found = fit.contrasts(
            {"effect": {"whole": 1, "part": -1}, "mean": {"whole": 0.5, "part": 0.5}}
        ).set_index("contrast")
        term = fit.coefficients.set_index("term").loc["whole - part"]
        assert found.loc["effect", "estimate"] == pytest.approx(term["estimate"])
        assert found.loc["effect", "se"] == pytest.approx(term["se"])
        mean = fit.log_odds.mean()
        assert found.loc["mean", "estimate"] == pytest.approx(mean)
        with pytest.raises(AnalysisError, match="no such condition: half; the model"):
            fit.contrasts({"effect": {"half": 1}})


def test_the_reference_turns_the_sign():
    frame = study(np.random.default_rng(8), n_people=10, n_stimuli=12)
    one = crossed_logistic(frame, **NAMES, reference="part").coefficients
    two = crossed_logistic(frame, **NAMES, reference="whole").coefficients
    assert one["estimate"][1] == pytest.approx(-two["estimate"][1], abs=1e-3)
    assert two["term"].to_list() == ["whole", "part - whole"]


def test_what_has_no_finite_answer_is_said():
    frame = study(np.random.default_rng(9), n_people=6, n_stimuli=8)
    for model in (crossed_logistic, clustered_logistic):
        with pytest.raises(AnalysisError, match="every response in condition whole is"):
            model(
                frame.assign(right=frame["right"] & (frame["shown"] != "whole")),
                **NAMES,
            )
        with pytest.raises(AnalysisError, match="column person holds one value only"):
            model(frame[frame["person"] == 0], **NAMES)
        with pytest.raises(AnalysisError, match=r"n = 0"):
            model(frame.iloc[:0], **NAMES)
        with pytest.raises(AnalysisError, match=r"0 and 1 .* got 3 in rows 1, 2"):
            model(frame.assign(right=3), **NAMES)
        with pytest.raises(AnalysisError, match="'half' does not occur; there are p"):
            model(frame, **NAMES, reference="half")
    assert isnan(clustered_logistic(frame, **NAMES).sd_participant)


def test_averaging_pulls_a_share_towards_a_half():
    # The probit approximation: Φ-like shrink by sqrt(1 + (16 √3 / 15 π)² s²).
    # It errs by less than a point.
    scale = 16 * sqrt(3) / (15 * np.pi)
    found = average_share(np.array([1.0]), spread=1.2)[0]
    assert found == pytest.approx(expit(1 / sqrt(1 + (scale * 1.2) ** 2)), abs=0.01)
    drawn = np.random.default_rng(0).normal(1, 1.2, 200_000)
    assert found == pytest.approx(expit(drawn).mean(), abs=0.002)
