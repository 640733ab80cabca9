from __future__ import annotations

from math import isnan, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import logit

from analysis.errors import AnalysisError
from analysis.statistics.clustered import clustered_difference, clustered_mean
from tests.analysis.coverage.clustered_worlds import ClusteredWorld, responses


def mean_of(frame, **options):
    return clustered_mean(
        frame, value="value", participant="person", stimulus="image", **options
    )


def difference_of(frame, **options):
    return clustered_difference(
        frame,
        value="value",
        condition="shown",
        a="a",
        b="b",
        participant="person",
        stimulus="image",
        **options,
    )


def crossed(table):
    """Rows people, columns stimuli, to a long frame."""
    frame = pd.DataFrame(np.asarray(table, dtype=float))
    long = frame.stack().reset_index()
    long.columns = pd.Index(["person", "image", "value"])
    return long


def test_a_balanced_table_gives_the_mean_squares_of_two_way_anova():
    # People's means 1, 3, 8, 4 (mean 4), stimuli's means 3, 5; residuals ±1 by hand:
    # MS_P = 2 · (9 + 1 + 16) / 3 = 52 / 3, MS_S = 4 · 2 / 1 = 8,
    # residuals 1 -1, 0 0, -1 1, 0 0: MS_E = 4 / 3.
    # V = (MS_P + MS_S - MS_E) / 8 = 24 / 8 = 3.
    found = mean_of(crossed([[1, 1], [2, 4], [6, 10], [3, 5]]))
    assert found.value == 4
    assert found.standard_error**2 == pytest.approx(3)
    # Satterthwaite: 24² / ((52 / 3)² / 3 + 8² / 1) = 576 / 164.1.
    assert found.dof == pytest.approx(576 / 164.1, rel=0.05)
    half = stats.t.ppf(0.975, found.dof) * sqrt(3)
    assert (found.low, found.high) == pytest.approx((4 - half, 4 + half))
    assert (found.n, found.n_people, found.n_stimuli) == (8, 4, 2)


def test_one_response_each_is_the_usual_standard_error():
    # Everybody met one stimulus of their own: se = s / sqrt(n), n - 1 df.
    values = [3.0, 5.0, 4.0, 8.0, 6.0]
    frame = pd.DataFrame({"person": range(5), "image": range(5), "value": values})
    found = mean_of(frame)
    assert found.standard_error == pytest.approx(np.std(values, ddof=1) / sqrt(5))
    assert found.dof == pytest.approx(4)


def test_a_share_is_bounded_on_the_scale_of_log_odds():
    frame = crossed([[1, 0, 1, 1], [1, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1]])
    found = mean_of(frame)
    assert found.value == pytest.approx(14 / 16)
    assert 0 < found.low < found.value < found.high < 1
    centre = (logit(found.low) + logit(found.high)) / 2
    assert centre == pytest.approx(logit(14 / 16))


def test_people_who_met_both_conditions_cancel():
    # Each person answers 10 higher than the one before; b is 1 lower than a for
    # everybody, give or take .5: within people the spread between them is gone.
    rows = [
        (person, image, shown, 10 * person + (shown == "a") + (person + image) % 2 / 2)
        for person in range(6)
        for image, shown in enumerate("abababab")
    ]
    frame = pd.DataFrame(rows, columns=["person", "image", "shown", "value"])
    found = difference_of(frame)
    apart = frame.assign(person=frame["person"].astype(str) + frame["shown"])
    assert found.value == pytest.approx(1)
    assert found.standard_error < 0.5
    assert difference_of(apart).standard_error > 5
    back = clustered_difference(
        frame, value="value", condition="shown", a="b", b="a",
        participant="person", stimulus="image",
    )  # fmt: skip
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))


def test_no_rows_is_not_zero():
    empty = crossed([[1, 2]]).iloc[:0]
    for found in (
        mean_of(empty),
        difference_of(empty.assign(shown="")),
        difference_of(crossed([[1, 2], [3, 4]]).assign(shown="a")),
    ):
        assert found.n == 0
        assert isnan(found.value)
        assert isnan(found.low)
    assert found.method == "no rows in condition b"


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ([[1, 2, 3]], "one participant says nothing about other people"),
        ([[1, 2]] * 3, "3 people say too little about others, 4 are needed"),
        ([[1], [2], [4], [3]], "one stimulus says nothing about other stimuli"),
        ([[5, 5]] * 4, "no spread between people or stimuli"),
    ],
)
def test_what_cannot_be_known_is_said_in_words(table, reason):
    found = mean_of(crossed(table))
    assert found.value == np.mean(table)
    assert isnan(found.low)
    assert isnan(found.standard_error)
    assert found.method == f"no interval: {reason}"


def test_where_everybody_said_yes_there_are_as_many_draws_as_people():
    # 4 people, 30 stimuli, all yes: Wilson of 4 of 4, low 4 / (4 + 3.8415) = 0.5101.
    found = mean_of(crossed(np.ones((4, 30))))
    assert (found.value, found.high) == (1, pytest.approx(1))
    assert found.low == pytest.approx(0.5101, abs=5e-5)


def test_bad_rows_are_named():
    frame = crossed([[1, 0], [1, 1]])
    with pytest.raises(AnalysisError, match="column person missing; the frame has im"):
        mean_of(frame.drop(columns="person"))
    with pytest.raises(AnalysisError, match="column value is empty in row 2"):
        mean_of(frame.assign(value=[1, np.nan, 0, 1]))
    with pytest.raises(AnalysisError, match="finite numbers, got 'often' in row 3"):
        mean_of(frame.assign(value=["1", "0", "often", "1"]))
    with pytest.raises(AnalysisError, match=r"twice: row 2 .person 0, trial t. came"):
        mean_of(frame.assign(trial=["t", "t", "u", "v"]), unit="trial")
    with pytest.raises(AnalysisError, match="compared with itself"):
        clustered_difference(
            frame.assign(shown="a"), value="value", condition="shown", a="a", b="a",
            participant="person", stimulus="image",
        )  # fmt: skip


def test_the_variance_recovers_that_of_repeated_studies():
    world = ClusteredWorld(n_stimuli=60, is_shared=True, people=0.8, block=15)
    rng = np.random.default_rng(4)
    found = [
        clustered_mean(
            responses(world, rng),
            value="right",
            participant="participant",
            stimulus="stimulus",
        )
        for _ in range(300)
    ]
    true = np.var([each.value for each in found], ddof=1)
    estimated = np.mean([each.standard_error**2 for each in found])
    # The variance of 300 draws is known to sqrt(2 / 299) = 8 %.
    assert estimated / true == pytest.approx(1, abs=0.2)


TABLES = st.integers(2, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 9), min_size=width, max_size=width),
        min_size=2,
        max_size=5,
    )
)


@settings(deadline=None)
@given(table=TABLES, shift=st.integers(-50, 50), scale=st.integers(1, 9))
def test_units_and_order_change_nothing_else(table, shift, scale):
    frame = crossed(table).assign(value=lambda each: each["value"] + 2)
    one = mean_of(frame)
    two = mean_of(
        frame.iloc[::-1].assign(value=lambda each: scale * each["value"] + shift + 99)
    )
    assert two.value == pytest.approx(scale * one.value + shift + 99)
    if isnan(one.standard_error) or one.standard_error < 1e-6:
        return
    assert two.standard_error == pytest.approx(scale * one.standard_error, rel=1e-6)
    assert two.dof == pytest.approx(one.dof, rel=1e-6)
