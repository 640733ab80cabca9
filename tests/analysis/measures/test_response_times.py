"""Response times in a report, and whether differences are small."""

from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd
import pytest

from analysis.elements.equivalence import with_equivalence
from analysis.elements.sections import DataTable
from analysis.measures.responses import ResponsesMeasure
from analysis.measures.responses.response_times import (
    response_times,
    time_ratios,
    time_summaries,
)
from analysis.measures.responses.time_tables import time_blocks
from analysis.statistics.intervals import Estimate
from tests.analysis.frames_maker import put_together


def _study(*, factor=1.5, has_times=True):
    rng = np.random.default_rng(5)
    asked = {"question": "relevance", "classes": "1"}
    trials = [
        {**asked, "trial": f"{shown}{i}", "condition": shown, "sources": f"image{i}"}
        for shown in ("part", "whole")
        for i in range(20)
    ]
    responses = [
        {
            "trial": trial["trial"],
            "participant": f"p{person}",
            "accepts": True,
            "rt_ms": 1000
            * (1 + person / 10)
            * (factor if trial["condition"] == "whole" else 1)
            * float(np.exp(rng.normal(0, 0.3)))
            if has_times
            else np.nan,
        }
        for person in range(9)
        for trial in trials
    ]
    return put_together(trials=trials, uses=[], responses=responses, n=9)


def test_conditions_are_compared_as_ratios_on_the_same_images():
    times = response_times(_study())
    assert times.rows["image"].nunique() == 20
    (found,) = time_ratios(times)
    assert (found.above, found.below) == ("whole", "part")
    assert found.ratio.estimate.low < 1.5 < found.ratio.estimate.high
    assert found.p_holm == found.ratio.p_value < 0.001
    whole, *parts = time_summaries(times, all_as="all")
    logs = np.log(times.rows["rt_ms"])
    assert whole.mean_ms.value == pytest.approx(np.exp(logs.mean()))
    assert [each.condition for each in parts] == ["part", "whole"]


def test_the_section_shows_seconds_and_ratios():
    sections = ResponsesMeasure().sections(_study())
    (section,) = [each for each in sections if each.id == "response-times"]
    tables = [block for block in section.blocks if isinstance(block, DataTable)]
    assert [each.name for each in tables] == ["response_times", "response_time_ratios"]
    assert list(tables[0].shown["condition"]) == ["all", "part", "whole"]
    assert float(tables[0].shown["median, s"].iloc[1]) < 2
    assert tables[1].shown["ratio"].iloc[0] == "whole / part"


def test_without_times_there_is_no_section():
    assert time_blocks(_study(has_times=False)) == []


def test_a_stated_margin_adds_a_test_beside_each_difference():
    differences = [
        Estimate(value=0.01, low=-0.01, high=0.03, n=900, standard_error=0.01),
        Estimate(value=0.10, low=0.08, high=0.12, n=900, standard_error=0.01),
        Estimate(value=0.1, low=np.nan, high=np.nan, n=2, method="no interval: few"),
    ]
    table = DataTable(
        name="t",
        caption="C.",
        shown=pd.DataFrame({"a": list("xyz")}),
        numbers=pd.DataFrame(index=range(3)),
    )
    found = with_equivalence(table, differences, margin=0.05)
    assert list(found.shown["within ± 5 points"]) == ["< 0.001, small", "1.000", "–"]
    assert found.numbers["equivalence_method"].iloc[2] == "no test: few"
    assert isnan(found.numbers["equivalence_p_value"].iloc[2])
    assert with_equivalence(table, differences, margin=None) is table
