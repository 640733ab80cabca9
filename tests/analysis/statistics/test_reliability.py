from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.statistics.agreement import alpha_interval
from analysis.statistics.reliability import noise_ceiling, split_half_reliability


def ratings(rng, *, n_units, n, spread):
    """Values 0 to 10 around the unit's own, independent between people."""
    own = rng.normal(5, 1, n_units)[:, None]
    said = np.clip(np.round(own + rng.normal(0, spread, (n_units, n))), 0, 10)
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(n_units), n),
            "who": np.tile(np.arange(n), n_units),
            "value": said.ravel(),
        }
    )


def test_it_is_the_correlation_of_halves_stepped_up():
    # The mean over 200 random halves, each stepped up by 2 r / (1 + r).
    rng = np.random.default_rng(1)
    frame = ratings(rng, n_units=400, n=8, spread=1.5)
    table = frame["value"].to_numpy().reshape(-1, 8)
    covered, spread = [], []
    for _ in range(200):
        order = rng.permutation(8)
        halves = table[:, order[:4]].mean(1), table[:, order[4:]].mean(1)
        covered.append(np.cov(*halves)[0, 1])
        spread.append((halves[0].var(ddof=1) + halves[1].var(ddof=1)) / 2)
    half = np.mean(covered) / np.mean(spread)
    found = split_half_reliability(frame, unit="unit", value="value", n=8)
    assert found.value == pytest.approx(2 * half / (1 + half), abs=0.004)


def test_the_ceiling_is_what_a_perfect_prediction_reaches():
    rng = np.random.default_rng(2)
    frame = ratings(rng, n_units=3000, n=16, spread=2.0)
    table = frame["value"].to_numpy().reshape(-1, 16)
    # What each unit really is: the first that the generator draws.
    perfect = np.random.default_rng(2).normal(5, 1, 3000)
    reached = np.corrcoef(table.mean(1), perfect)[0, 1]
    found = noise_ceiling(
        split_half_reliability(frame, unit="unit", value="value", rater="who", n=16)
    )
    assert found.value == pytest.approx(reached, abs=0.02)
    assert found.low < found.value < found.high


def test_ends_are_those_of_alpha_stepped_up():
    frame = ratings(np.random.default_rng(3), n_units=60, n=5, spread=1.5)
    alpha = alpha_interval(frame, unit="unit", value="value", scale="interval")
    found = split_half_reliability(frame, unit="unit", value="value", n=5)
    for end in ("value", "low", "high"):
        each = getattr(alpha, end)
        assert getattr(found, end) == pytest.approx(5 * each / (1 + 4 * each))
    assert "reliability of the mean of 5, from Krippendorff's alpha" in found.method


def test_what_has_no_reliability_is_not_a_number():
    # Opposite answers on every unit: alpha is far below zero, and so is no reliability.
    frame = pd.DataFrame({"unit": np.repeat(range(20), 2), "value": [0, 1] * 20})
    found = split_half_reliability(frame, unit="unit", value="value", n=9)
    assert np.isnan([found.value, found.low, found.high]).all()
    with pytest.raises(AnalysisError, match="1 response or more, got n = 0"):
        split_half_reliability(frame, unit="unit", value="value", n=0)
