from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.statistics.clustered import clustered_mean
from analysis.statistics.experiments.response_times import (
    geometric_mean,
    ratio_of_means,
)
from tests.analysis.coverage.timed_people import Times, draw


@pytest.fixture
def times():
    return draw(Times(factor=1.5), np.random.default_rng(7))


def test_the_mean_of_logarithms_is_turned_back(times):
    found = geometric_mean(times, value="rt_ms", stimulus="image")
    plain = clustered_mean(
        times.assign(log=np.log(times["rt_ms"])), value="log", stimulus="image"
    )
    assert found.value == pytest.approx(np.exp(np.log(times["rt_ms"]).mean()))
    assert (found.low, found.high) == pytest.approx(
        tuple(np.exp([plain.low, plain.high]))
    )
    assert found.standard_error == plain.standard_error


def test_a_ratio_is_that_of_the_means_and_turns_round(times):
    names: dict[str, Any] = {
        "value": "rt_ms",
        "condition": "condition",
        "stimulus": "image",
    }
    found = ratio_of_means(times, a="b", b="a", **names)
    back = ratio_of_means(times, a="a", b="b", **names)
    assert found.estimate.low < 1.5 < found.estimate.high
    assert found.estimate.value == pytest.approx(1 / back.estimate.value)
    assert found.estimate.high == pytest.approx(1 / back.estimate.low)
    assert found.p_value == pytest.approx(back.p_value)
    assert found.p_value < 0.001


def test_the_unit_does_not_matter(times):
    found = geometric_mean(times, value="rt_ms", stimulus="image")
    in_s = geometric_mean(
        times.assign(rt_s=times["rt_ms"] / 1000), value="rt_s", stimulus="image"
    )
    assert in_s.high * 1000 == pytest.approx(found.high)


def test_times_of_zero_are_refused_by_row(times):
    bad = times.assign(rt_ms=times["rt_ms"].where(times.index != 2, 0.0))
    with pytest.raises(AnalysisError, match="must lie above 0, got 0 in row 3"):
        geometric_mean(bad, value="rt_ms", stimulus="image")
    with pytest.raises(AnalysisError, match="compared with itself"):
        ratio_of_means(
            times, value="rt_ms", condition="condition", a="a", b="a", stimulus="image"
        )


def test_no_rows_give_no_mean():
    empty = pd.DataFrame({"participant": [], "image": [], "rt_ms": []})
    assert geometric_mean(empty, value="rt_ms", stimulus="image").n == 0
