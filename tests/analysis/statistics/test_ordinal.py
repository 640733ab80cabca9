from __future__ import annotations

from math import isnan, log
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from statsmodels.miscmodels.ordinal_model import OrderedModel

from analysis.errors import AnalysisError
from analysis.statistics.models.logistic import clustered_logistic
from analysis.statistics.models.ordinal import ordinal_logistic

NAMES: dict[str, Any] = {
    "condition": "shown",
    "participant": "person",
    "stimulus": "image",
}
ORDER = ["never", "seldom", "often", "always"]


def study(rng, *, effect=0.8, n_people=16, n_stimuli=24, spread=0.6):
    """Everybody meets every stimulus, in one of two conditions."""
    person, image = np.divmod(np.arange(n_people * n_stimuli), n_stimuli)
    shown = (person + image) % 2
    tendency = effect * shown + rng.normal(0, spread, n_people)[person]
    above = expit(tendency[:, None] - np.array([-1.2, 0.1, 1.5]))
    said = (rng.random(len(person))[:, None] < above).sum(axis=1)
    return pd.DataFrame(
        {
            "person": person,
            "image": image,
            "shown": np.array(["all", "part"])[shown],
            "said": np.array(ORDER)[said],
        }
    )


def fitted(frame, **options):
    given: dict[str, Any] = {"answer": "said", "order": ORDER, **NAMES, **options}
    return ordinal_logistic(frame, **given)


def test_two_answers_are_a_difference_of_log_odds():
    # Odds of yes: 3 to 9 under all, 6 to 6 under part: log 1 - log 1/3 = log 3.
    frame = pd.DataFrame(
        {
            "said": ["yes"] * 3 + ["no"] * 9 + ["yes", "no"] * 6,
            "shown": ["all"] * 12 + ["part"] * 12,
            "person": [*range(12), *range(12)],
            "image": [n % 5 for n in range(24)],
        }
    )
    found = fitted(frame, order=["no", "yes"]).differences.iloc[0]
    assert found["estimate"] == pytest.approx(log(3))
    # With two answers it is the clustered logistic model.
    same = clustered_logistic(
        frame.assign(yes=frame["said"] == "yes"), outcome="yes", **NAMES
    ).coefficients.iloc[1]
    for name in ("estimate", "se", "p_value", "low", "high"):
        assert found[name] == pytest.approx(same[name], rel=1e-5)


def test_statsmodels_gives_the_same_estimate():
    frame = study(np.random.default_rng(1))
    found = fitted(frame).differences.iloc[0]
    theirs = OrderedModel(
        frame["said"].map(ORDER.index),
        (frame["shown"] == "part").astype(float).to_frame("part"),
        distr="logit",
    ).fit(disp=False, method="bfgs")
    assert found["estimate"] == pytest.approx(theirs.params["part"], abs=1e-3)


def test_independent_responses_have_the_errors_of_the_likelihood():
    # Everybody answers once, about a stimulus of their own.
    frame = study(np.random.default_rng(2), n_people=400, n_stimuli=2)
    frame = frame[frame["image"] == frame["person"] // 2 % 2]
    frame = frame.assign(person=range(len(frame)), image=range(len(frame)))
    theirs = OrderedModel(
        frame["said"].map(ORDER.index),
        (frame["shown"] == "part").astype(float).to_frame("part"),
        distr="logit",
    ).fit(disp=False, method="bfgs")
    found = fitted(frame).differences.iloc[0]
    assert found["se"] == pytest.approx(theirs.bse["part"], rel=0.05)


def test_the_order_turned_round_turns_the_sign():
    frame = study(np.random.default_rng(3))
    one = fitted(frame).differences.iloc[0]
    other = fitted(frame, order=ORDER[::-1]).differences.iloc[0]
    assert one["estimate"] == pytest.approx(-other["estimate"], rel=1e-6)
    assert one["p_value"] == pytest.approx(other["p_value"], rel=1e-4)
    swapped = fitted(frame, reference="part")
    assert swapped.reference == "part"
    assert swapped.differences["low"][0] == pytest.approx(-one["high"], rel=1e-4)


def test_a_third_condition_changes_nothing_about_two():
    frame = study(np.random.default_rng(4))
    third = frame[frame["shown"] == "all"].assign(shown="none", said="never")
    found = fitted(pd.concat([frame, third])).differences.set_index("condition")
    alone = fitted(frame).differences.iloc[0]
    assert found.loc["part", "estimate"] == pytest.approx(alone["estimate"])
    assert found.loc["part", "high"] == pytest.approx(alone["high"])


def test_what_has_no_finite_answer_is_said():
    frame = study(np.random.default_rng(5))
    said = np.where(frame["shown"] == "all", "never", "always")
    row = fitted(frame.assign(said=said)).differences.iloc[0]
    assert isnan(row["estimate"])
    assert row["refusal"].startswith("all answers under one condition lie on one side")
    few = fitted(frame[frame["person"] < 3]).differences.iloc[0]
    assert few["refusal"].startswith("no interval with fewer than 4 people")
    assert isnan(few["low"])
    assert not isnan(few["estimate"])
    with pytest.raises(AnalysisError, match=r"column said holds 'maybe' in row 1, wh"):
        fitted(frame.assign(said=["maybe", *frame["said"][1:]]))
    with pytest.raises(AnalysisError, match=r"one condition only \(all\)"):
        fitted(frame[frame["shown"] == "all"])
    with pytest.raises(AnalysisError, match="every answer is often"):
        fitted(frame.assign(said="often"))
    with pytest.raises(AnalysisError, match="n = 0"):
        fitted(frame.iloc[:0])
