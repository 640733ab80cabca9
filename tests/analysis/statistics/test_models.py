from __future__ import annotations

from itertools import product
from math import isnan, sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit, logsumexp

from analysis.errors import AnalysisError
from analysis.statistics.models.crossed_effects import CrossedResponses, Mode
from analysis.statistics.models.logistic import (
    average_share,
    clustered_logistic,
    crossed_logistic,
)
from analysis.statistics.models.quadrature import Integrated

NAMES: dict[str, Any] = {
    "outcome": "right",
    "condition": "shown",
    "participant": "person",
    "stimulus": "image",
}


MODELS = [(crossed_logistic, 8), (clustered_logistic, 4)]


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
    fits = [crossed_logistic(study(rng, n_stimuli=40), **NAMES) for _ in range(8)]
    assert all(fit.is_converged for fit in fits)
    found = pd.DataFrame(
        {
            "part": [fit.coefficients["estimate"][0] for fit in fits],
            "whole - part": [fit.coefficients["estimate"][1] for fit in fits],
            "people": [fit.sd_participant for fit in fits],
            "stimuli": [fit.sd_stimulus for fit in fits],
        }
    )
    # Standard errors of one fit: .20, .12, .11, .13; of the mean of 8, a 2.8th.
    assert found.mean().to_dict() == pytest.approx(
        {"part": 0.8, "whole - part": -1.0, "people": 0.7, "stimuli": 1.0}, abs=0.16
    )
    # What the fits say of their own error is the error they make.
    said = np.mean([fit.coefficients["se"][1] for fit in fits])
    assert said == pytest.approx(found["whole - part"].std(), rel=0.5)


@pytest.mark.slow
def test_few_responses_per_stimulus_do_not_make_spreads_too_small():
    # 300 stimuli x 3: Laplace's approximation alone gives 0.87 for 1.0.
    rng = np.random.default_rng(2)
    found = []
    for _ in range(4):
        frame = study(rng, n_people=45, n_stimuli=300)
        kept = (frame["person"] - frame["image"]) % 15 == 0
        fit = crossed_logistic(frame[kept], **NAMES)
        found.append((fit.sd_participant, fit.sd_stimulus))
    people, stimuli = np.mean(found, axis=0)
    # Standard errors of the means of four: .05 and .06.
    assert people == pytest.approx(0.7, abs=0.15)
    assert stimuli == pytest.approx(1.0, abs=0.12)


def sparse(rng, *, n_people=3, n_stimuli=40):
    """Two of three people meet each stimulus."""
    stimulus = np.repeat(np.arange(n_stimuli), 2)
    person = np.array([rng.permutation(n_people)[:2] for _ in range(n_stimuli)]).ravel()
    tendency = 0.5 + rng.normal(0, 0.8, n_people)[person]
    tendency += rng.normal(0, 1.5, n_stimuli)[stimulus]
    return CrossedResponses(
        yes=(rng.random(len(person)) < expit(tendency)).astype(float),
        design=np.ones((len(person), 1)),
        person=person,
        stimulus=stimulus,
    )


def mode_of(responses, sd):
    start = responses.no_effects(np.zeros(responses.design.shape[1]))
    return Mode.find(responses, sd, start=start)


def integral(responses, sd):
    """Log likelihood of the spreads by quadrature over all effects.

    Three people and the level by 6 nodes each, stimuli by 31 given those.
    """
    mode = mode_of(responses, sd)
    at = Integrated.of(mode)
    nodes, weights = np.polynomial.hermite_e.hermegauss(6)
    of_stimuli, their_weights = np.polynomial.hermite_e.hermegauss(31)
    their_weights = their_weights / their_weights.sum()
    # Somewhat wider than they are likely to be.
    covariance = np.column_stack([mode.hessian.solve_few(each) for each in np.eye(4)])
    scale = np.linalg.cholesky(1.2 * covariance)
    parts = []
    for points in product(range(6), repeat=4):
        away = nodes[list(points)]
        effects = at.few + scale @ away
        tendency = effects[3] + effects[responses.person]
        tendency = tendency[:, None] + sd[1] * of_stimuli
        height = responses.yes[:, None] * tendency - np.logaddexp(0, tendency)
        each = logsumexp(responses.by_many(height) + np.log(their_weights), axis=1)
        weight = np.log(weights[list(points)]).sum() + away @ away / 2
        people = effects[:3] @ effects[:3] / sd[0] ** 2 / 2 + 3 * np.log(sd[0])
        parts.append(each.sum() + weight - people)
    return logsumexp(parts) + np.log(np.diag(scale)).sum()


def test_the_approximation_is_near_the_integral_where_stimuli_are_met_twice():
    responses = sparse(np.random.default_rng(3))
    spreads = [(0.8, 1.5), (0.8, 0.4), (0.8, 2.5), (1.6, 1.5)]
    exact = [integral(responses, sd) for sd in spreads]
    found = [Integrated.of(mode_of(responses, sd)).log_likelihood for sd in spreads]
    laplace = [mode_of(responses, sd).log_likelihood() for sd in spreads]
    assert np.diff(found) == pytest.approx(np.diff(exact), abs=0.2)
    # What quadrature is for.
    assert abs(np.diff(laplace) - np.diff(exact)).max() > 0.5


def test_the_gradient_is_that_of_the_likelihood():
    rng = np.random.default_rng(3)
    frame = study(rng, n_people=9, n_stimuli=14)
    responses = CrossedResponses(
        yes=frame["right"].to_numpy(float),
        design=np.eye(2)[(frame["shown"] == "part").to_numpy(int)],
        person=frame["person"].to_numpy(),
        stimulus=frame["image"].to_numpy(),
    )
    place = np.log([0.6, 0.8])
    gradient = mode_of(responses, (0.6, 0.8)).gradient()
    for at, step in enumerate(np.eye(2) * 1e-3):
        up, down = (
            mode_of(responses, tuple(np.exp(place + sign * step))).log_likelihood()
            for sign in (1, -1)
        )
        assert gradient[at] == pytest.approx((up - down) / 2e-3, rel=1e-3)


def test_it_does_not_matter_which_side_is_the_larger():
    frame = study(np.random.default_rng(4), n_people=9, n_stimuli=14)
    turned = frame.rename(columns={"person": "image", "image": "person"})
    one, two = (crossed_logistic(each, **NAMES) for each in (frame, turned))
    assert one.sd_participant == pytest.approx(two.sd_stimulus, rel=0.02)
    assert one.coefficients["high"][1] == pytest.approx(
        two.coefficients["high"][1], abs=0.01
    )


@pytest.mark.parametrize(("model", "fewest"), MODELS)
def test_with_few_people_there_is_no_interval_and_the_reason(model, fewest):
    frame = study(np.random.default_rng(10), n_people=16, n_stimuli=20)
    frame["shown"] = np.where(frame["person"] < 8, "part", "whole")
    enough = frame[frame["person"] % 8 < fewest]
    assert model(enough, **NAMES).refusal == ""
    few = enough[enough["person"] != 0]
    fit = model(few, **NAMES)
    words = (
        f"no interval with fewer than {fewest} people in a condition "
        f"(part has {fewest - 1})"
    )
    assert fit.refusal == words
    found = fit.contrasts({"effect": {"whole": 1, "part": -1}}).iloc[0]
    assert isnan(found["low"])
    assert isnan(found["p_value"])
    assert isnan(fit.probabilities["high"][0])
    assert found["estimate"] == pytest.approx(fit.log_odds.diff()["whole"])


def test_without_people_or_stimuli_it_is_the_plain_regression():
    rng = np.random.default_rng(5)
    frame = study(rng, sd=(0.0, 0.0), log_odds=(1.0, 0.0))
    fit = crossed_logistic(frame, **NAMES)
    assert max(fit.sd_participant, fit.sd_stimulus) < 0.25
    shares = frame.groupby("shown")["right"].mean()
    for row in fit.probabilities.itertuples():
        assert row.share == pytest.approx(shares[row.condition], abs=0.01)


def test_statsmodels_gives_the_same_estimates_and_like_errors():
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
    # Theirs adds squared totals up; ours solves them for the sizes of effects.
    assert fit.coefficients["se"].to_numpy() == pytest.approx(theirs.bse, rel=0.2)


def test_near_copies_are_one_stimulus():
    frame = study(np.random.default_rng(11), n_people=12, n_stimuli=20)
    copies = pd.concat([frame.assign(copy=each) for each in "xyz"])
    copies = copies.assign(scene=copies["image"], person=copies["person"])
    copies["image"] = copies["image"].astype(str) + copies["copy"]
    plain = clustered_logistic(copies, **NAMES).coefficients["se"][0]
    known = clustered_logistic(copies, **NAMES, clusters=["scene"]).coefficients["se"][
        0
    ]
    once = clustered_logistic(frame, **NAMES).coefficients["se"][0]
    assert plain < known
    assert known == pytest.approx(once, rel=0.15)


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
