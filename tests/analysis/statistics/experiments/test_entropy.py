from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from analysis.errors import AnalysisError
from analysis.statistics.experiments.entropy import response_entropy


def test_no_responses_have_no_entropy():
    assert isnan(response_entropy([]))
    assert isnan(response_entropy([0, 0]))


def test_by_hand():
    # Shares 1/2, 1/4, 1/4: 1.5 bits; of 100 responses (3 - 1) / (200 ln 2) more.
    assert response_entropy([50, 25, 25]) == pytest.approx(1.5 + 2 / (200 * np.log(2)))


def test_the_correction_takes_off_most_of_the_bias():
    rng = np.random.default_rng(0)
    shares = np.full(4, 0.25)
    drawn = [rng.multinomial(40, shares) for _ in range(2000)]
    plain = np.mean([-(p[p > 0] @ np.log2(p[p > 0])) for p in (d / 40 for d in drawn)])
    found = np.mean([response_entropy(each) for each in drawn])
    assert plain < 1.96
    assert found == pytest.approx(2.0, abs=0.005)


def test_counts_below_zero_are_refused():
    with pytest.raises(AnalysisError, match="must not be negative"):
        response_entropy([3, -1])
