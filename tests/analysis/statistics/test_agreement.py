from __future__ import annotations

from math import isnan
from typing import Any

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats import inter_rater

from analysis.errors import AnalysisError
from analysis.statistics.agreement import (
    RaterPairs,
    alpha_interval,
    cohen_kappas,
    fleiss_interval,
    fleiss_kappa,
    krippendorff_alpha,
    pooled_kappa,
)
from analysis.statistics.beyond_chance import People, totals_of

NAMES: dict[str, Any] = {"unit": "unit", "value": "value"}

# Krippendorff (2011), section C: four observers, twelve units.
CODERS = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)


def long(coders):
    rows = [
        (who, unit, int(value))
        for who, coder in enumerate(coders)
        for unit, value in enumerate(coder.split())
        if value != "."
    ]
    return pd.DataFrame(rows, columns=["who", "unit", "value"])


@pytest.mark.parametrize(
    ("scale", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_krippendorffs_own_example_on_every_scale(scale, alpha):
    found = krippendorff_alpha(long(CODERS), scale=scale, **NAMES)
    assert found == pytest.approx(alpha, abs=5e-4)


def test_alpha_by_hand():
    # Units a: 1 1, b: 0 0, c: 1 0. Observed: of 6 ordered pairs 2 differ, 2 / 6.
    # Expected: 3 ones, 3 zeros: 18 of 30 ordered pairs differ. 1 - (1/3) / (3/5).
    ratings = pd.DataFrame({"unit": list("aabbcc"), "value": [1, 1, 0, 0, 1, 0]})
    for scale in ("nominal", "ordinal", "interval"):
        found = krippendorff_alpha(ratings, scale=scale, **NAMES)
        assert found == pytest.approx(4 / 9)


def test_words_need_their_order():
    ratings = pd.DataFrame(
        {"unit": list("aabbcc"), "value": ["low", "mid", "high", "high", "mid", "low"]}
    )
    order = ["low", "mid", "high"]
    numbered = ratings.assign(value=ratings["value"].map(order.index))
    found = krippendorff_alpha(ratings, scale="ordinal", order=order, **NAMES)
    assert found == krippendorff_alpha(numbered, scale="ordinal", **NAMES)
    with pytest.raises(AnalysisError, match="ordinal scale needs numbers, got 'high'"):
        krippendorff_alpha(ratings, scale="ordinal", **NAMES)
    with pytest.raises(AnalysisError, match="'mid' is not in the order given: low, h"):
        krippendorff_alpha(ratings, scale="ordinal", order=["low", "high"], **NAMES)


TABLES = st.lists(
    st.lists(st.sampled_from([1, 2, 3, 5, 9, np.nan]), min_size=6, max_size=6),
    min_size=2,
    max_size=5,
)


@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval"])
@settings(max_examples=40, deadline=None)
@given(table=TABLES)
def test_the_reference_agrees(scale, table):
    # The package refuses what has no pairs or one value only; ours is NaN there.
    rows = [
        (who, unit, value)
        for who, row in enumerate(table)
        for unit, value in enumerate(row)
        if not np.isnan(value)
    ]
    ratings = pd.DataFrame(rows, columns=["who", "unit", "value"])
    ours = krippendorff_alpha(ratings, scale=scale, **NAMES)
    paired = ratings.groupby("unit")["value"].filter(lambda each: len(each) > 1)
    if paired.nunique() < 2:
        assert isnan(ours)
        return
    theirs = krippendorff.alpha(np.array(table), level_of_measurement=scale)
    assert ours == pytest.approx(theirs, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(table=TABLES, shift=st.integers(-5, 5), scale=st.integers(1, 7))
def test_alpha_does_not_depend_on_names_or_units_of_measurement(table, shift, scale):
    frame = pd.DataFrame(table).stack().dropna().reset_index()
    frame.columns = pd.Index(["who", "unit", "value"])
    turned = frame.assign(
        unit=-frame["unit"], value=scale * frame["value"] + shift
    ).iloc[::-1]
    for kind in ("nominal", "ordinal", "interval"):
        one, two = (krippendorff_alpha(f, scale=kind, **NAMES) for f in (frame, turned))
        assert one == pytest.approx(two, nan_ok=True)


def test_chance_gives_zero_and_agreement_comes_back():
    # With probability c everybody copies the truth, else answers at random: alpha of
    # two values is c².
    rng = np.random.default_rng(0)
    for copying in (0.0, 0.6):
        truth = rng.integers(0, 2, 3000)[:, None]
        said = rng.integers(0, 2, (3000, 4))
        said = np.where(rng.random(said.shape) < copying, truth, said)
        frame = pd.DataFrame(said).stack().reset_index()
        frame.columns = pd.Index(["unit", "who", "value"])
        assert krippendorff_alpha(frame, **NAMES) == pytest.approx(copying**2, abs=0.03)
        assert fleiss_kappa(frame, **NAMES) == pytest.approx(copying**2, abs=0.03)
        kappas = cohen_kappas(frame, rater="who", **NAMES)["kappa"]
        assert kappas.to_numpy() == pytest.approx(copying**2, abs=0.08)


def drawn(rng, *, n_units=60, n_people=20, n=5, copying=0.7, share=0.5):
    """Everybody copies a unit's truth with that probability, else answers at random."""
    truth = rng.random(n_units)[:, None] < share
    people = rng.random((n_units, n_people)).argsort(axis=1)[:, :n]
    copies = rng.random((n_units, n)) < copying
    said = np.where(copies, truth, rng.random((n_units, n)) < share)
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(n_units), n),
            "who": people.ravel(),
            "value": said.ravel().astype(int),
        }
    )


def test_the_interval_of_two_raters_by_hand():
    # Two raters, no people known. Cells of 40 units: 12 both yes, 4 yes no, 4 no yes,
    # 20 both no. Observed 8/40 = .2. 32 yes of 80: expected 2 · 32 · 48 / (80 · 79).
    # Mean disagreement of a yes with all others is 48/79, of a no 32/79.
    yes, no, both = 12, 20, 8
    expected = 2 * 32 * 48 / (80 * 79)
    ratio = 0.2 / expected
    moved = {
        "yes": -(0 - ratio * (2 * 48 / 79 - expected)) / expected,
        "no": -(0 - ratio * (2 * 32 / 79 - expected)) / expected,
        "both": -(1 - ratio * (80 / 79 - expected)) / expected,
    }
    of_units = np.repeat([moved["yes"], moved["no"], moved["both"]], [yes, no, both])
    influence = (of_units - of_units.mean()) / 40
    squares = float((influence**2).sum())
    # One unit of two yes has been seen, so that is the most that another can have.
    variance = squares * 40 / 39 + 0.5 * (moved["yes"] / 40) ** 2
    values = [1, 1] * yes + [1, 0] * both + [0, 0] * no
    frame = pd.DataFrame({"unit": np.repeat(np.arange(40), 2), "value": values})
    found = alpha_interval(frame, **NAMES)
    assert found.value == pytest.approx(1 - ratio)
    assert found.standard_error == pytest.approx(variance**0.5, rel=1e-6)
    # With two raters Fisher's scale is his z, twice over.
    half = stats.t.ppf(0.975, found.dof) * variance**0.5 / (1 - found.value**2)
    assert found.low == pytest.approx(np.tanh(np.arctanh(found.value) - half))
    assert found.high == pytest.approx(np.tanh(np.arctanh(found.value) + half))
    assert "other units like these" in found.method


def test_people_who_lean_widen_the_interval():
    rng = np.random.default_rng(2)
    frame = drawn(rng, n_units=300, n_people=20)
    lean = rng.random(20) < 0.3
    frame["value"] = np.where(lean[frame["who"]], 1, frame["value"])
    known = alpha_interval(frame, rater="who", **NAMES)
    unknown = alpha_interval(frame, **NAMES)
    assert known.value == unknown.value
    assert known.n_people == 20
    assert known.high - known.low > 1.3 * (unknown.high - unknown.low)
    assert "other people and units" in known.method


def test_few_people_stand_for_themselves():
    frame = drawn(np.random.default_rng(0), n_people=14)
    found = alpha_interval(frame, rater="who", **NAMES)
    assert "these people and other units (14 people count as" in found.method
    assert found.target == "ignores people"
    unknown = alpha_interval(frame, **NAMES)
    assert (found.low, found.high) == (unknown.low, unknown.high)


def test_near_copies_count_once():
    frame = drawn(np.random.default_rng(3), n_units=60)
    copies = pd.concat(
        [frame.assign(unit=frame["unit"] + 60 * i, of=frame["unit"]) for i in range(4)]
    )
    one = alpha_interval(frame, **NAMES)
    four = alpha_interval(copies, clusters=["of"], **NAMES)
    blind = alpha_interval(copies, **NAMES)
    assert four.high - four.low == pytest.approx(one.high - one.low, rel=0.1)
    assert blind.high - blind.low < 0.6 * (one.high - one.low)
    # The same units by two names are one way of belonging together.
    twice = alpha_interval(
        copies.assign(to=copies["of"]), clusters=["of", "to"], **NAMES
    )
    assert (twice.low, twice.high) == pytest.approx((four.low, four.high))


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (
            pd.DataFrame({"unit": [0, 0, 1, 1], "value": [1, 1, 0, 0]}),
            "2 units, fewer than 10",
        ),
        (
            pd.DataFrame(
                {"unit": np.repeat(range(40), 2), "value": [1] * 7 + [0] * 73}
            ),
            "7 ratings other than the most frequent, fewer than 8",
        ),
        (
            pd.DataFrame(
                {"unit": np.repeat(range(20), 4), "value": [1] * 8 + [0] * 72}
            ),
            "2 units with such ratings, fewer than 3",
        ),
        (
            pd.DataFrame(
                {"unit": np.repeat(range(20), 2), "value": [1] * 20 + [0] * 20}
            ),
            "nobody disagreed, so how often people would is not known",
        ),
        (
            pd.DataFrame({"unit": np.repeat(range(20), 2), "value": [1] * 40}),
            "everybody gave the same value",
        ),
        (
            pd.DataFrame({"unit": range(20), "value": [1, 0] * 10}),
            "nothing to compare",
        ),
    ],
)
def test_too_little_has_no_interval_but_words(frame, reason):
    found = alpha_interval(frame, **NAMES)
    assert isnan(found.low)
    assert isnan(found.high)
    assert found.method.endswith(f"no interval: {reason}")


def test_units_with_unequally_many_ratings_have_an_interval():
    frame = drawn(np.random.default_rng(4), n_units=80)
    frame = frame[np.random.default_rng(5).random(len(frame)) < 0.7]
    found = alpha_interval(frame, rater="who", **NAMES)
    assert found.low < found.value < found.high
    with pytest.raises(AnalysisError, match="Fleiss' kappa needs equally many"):
        fleiss_interval(frame, rater="who", **NAMES)


def test_a_vote_that_is_missing_is_refused():
    frame = drawn(np.random.default_rng(6)).astype({"value": float})
    frame.loc[3, "value"] = np.nan
    with pytest.raises(AnalysisError, match="column value is empty in row 4"):
        alpha_interval(frame, rater="who", **NAMES)
    with pytest.raises(AnalysisError, match="a rater rated a unit twice"):
        alpha_interval(pd.concat([frame[:3]] * 2), rater="who", **NAMES)


def test_kappas_and_alpha_of_many_have_nearly_the_same_interval():
    frame = drawn(np.random.default_rng(7), n_units=200)
    alpha = alpha_interval(frame, rater="who", **NAMES)
    for kappa in (fleiss_interval, pooled_kappa):
        found = kappa(frame, rater="who", **NAMES)
        assert found.value == pytest.approx(alpha.value, abs=0.03)
        assert found.low == pytest.approx(alpha.low, abs=0.04)
        assert found.high == pytest.approx(alpha.high, abs=0.04)


def test_what_people_add_to_pairs_is_the_jackknife_that_leaves_one_out() -> None:
    n = 16
    one, other = np.triu_indices(n, 1)
    values = np.random.default_rng(5).normal(size=len(one))
    without = [values[(one != who) & (other != who)].mean() for who in range(n)]
    jackknife = (n - 1) / n * ((np.array(without) - values.mean()) ** 2).sum()
    influence = (values - values.mean()) / len(values)
    totals = totals_of(one, influence, n) + totals_of(other, influence, n)
    found = People.of(totals, cells=0.0, n_rows=np.full(n, n - 1.0), n_in_row=2)
    assert found.variance == pytest.approx(jackknife)


def test_fleiss_kappa_by_hand():
    # Units a: 1 1, b: 0 0, c: 1 0 agree on 1, 1, 0 of 1 pair: 2 / 3. By chance
    # 1/4 + 1/4. (2/3 - 1/2) / (1/2) = 1/3.
    ratings = pd.DataFrame({"unit": list("aabbcc"), "value": [1, 1, 0, 0, 1, 0]})
    assert fleiss_kappa(ratings, **NAMES) == pytest.approx(1 / 3)


def test_fleiss_kappa_of_fourteen_raters_and_the_reference():
    # A worked example in wide use: 10 subjects, 14 raters, 5 classes, .210.
    table = np.array(
        [
            [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1], [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
        ]
    )  # fmt: skip
    rows = [
        (unit, value)
        for unit, counts in enumerate(table)
        for value, n in enumerate(counts)
        for _ in range(n)
    ]
    ratings = pd.DataFrame(rows, columns=["unit", "value"])
    found = fleiss_kappa(ratings, **NAMES)
    assert found == pytest.approx(0.210, abs=5e-4)
    assert found == pytest.approx(inter_rater.fleiss_kappa(table))


def test_cohens_kappa_by_hand_and_the_reference():
    # 50 grants: both yes 20, first only 5, second only 10, both no 15. Observed .7,
    # expected .5 · .6 + .5 · .4 = .5: kappa .4.
    first = [1] * 25 + [0] * 25
    second = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    ratings = pd.DataFrame(
        {
            "who": ["first"] * 50 + ["second"] * 50,
            "unit": [*range(50)] * 2,
            "value": first + second,
        }
    )
    found = cohen_kappas(ratings, rater="who", **NAMES)
    assert found[["n_shared", "observed", "expected"]].to_numpy().tolist() == [
        [50, 0.7, 0.5]
    ]
    assert found["kappa"][0] == pytest.approx(0.4)
    theirs = inter_rater.cohens_kappa([[20, 5], [10, 15]]).kappa
    assert found["kappa"][0] == pytest.approx(theirs)


def test_every_pair_is_compared_on_what_it_shares():
    ratings = long(CODERS)
    found = cohen_kappas(ratings, rater="who", **NAMES)
    assert len(found) == 6
    wide = ratings.pivot(index="unit", columns="who", values="value")
    for row in found.itertuples():
        shared = wide[[row.rater_a, row.rater_b]].dropna().astype(int)
        table = pd.crosstab(shared[row.rater_a], shared[row.rater_b])
        square = table.reindex(index=range(1, 6), columns=range(1, 6), fill_value=0)
        assert row.n_shared == len(shared)
        theirs = inter_rater.cohens_kappa(square.to_numpy()).kappa
        assert row.kappa == pytest.approx(theirs)
    assert len(cohen_kappas(ratings, rater="who", n_shared=10, **NAMES)) == 2


def test_what_cannot_be_compared_is_not_a_number():
    single = pd.DataFrame({"unit": ["a", "b"], "value": [1, 0], "who": ["p", "q"]})
    same = pd.DataFrame({"unit": ["a", "a"], "value": [1, 1], "who": ["p", "q"]})
    for frame in (single, same, same.iloc[:0]):
        assert isnan(krippendorff_alpha(frame, **NAMES))
        found = alpha_interval(frame, **NAMES)
        assert isnan(found.value)
        assert isnan(found.low)
    assert isnan(fleiss_kappa(same, **NAMES))
    assert isnan(fleiss_kappa(same.iloc[:0], **NAMES))
    assert cohen_kappas(single, rater="who", **NAMES).empty
    assert cohen_kappas(same, rater="who", **NAMES)["kappa"].isna().all()


def test_bad_ratings_are_named():
    ratings = long(CODERS)
    with pytest.raises(
        AnalysisError, match=r"unit 0 has 3 ratings, most have 4 .4 dif"
    ):
        fleiss_kappa(ratings, **NAMES)
    with pytest.raises(AnalysisError, match="every unit has one rating only"):
        fleiss_kappa(ratings[ratings["who"] == 1], **NAMES)
    with pytest.raises(AnalysisError, match=r"a unit twice: row 42 .who 0, unit 0. c"):
        cohen_kappas(pd.concat([ratings, ratings.iloc[:1]]), rater="who", **NAMES)
    with pytest.raises(
        AnalysisError, match="column unit missing; the frame has who, v"
    ):
        krippendorff_alpha(ratings.drop(columns="unit"), **NAMES)


def test_pairs_of_raters_are_those_of_every_row_with_every_other() -> None:
    rng = np.random.default_rng(7)
    ratings = pd.DataFrame(
        {
            "who": rng.integers(0, 6, 80),
            "unit": rng.integers(0, 15, 80),
            "said": rng.integers(0, 3, 80),
        }
    ).drop_duplicates(["who", "unit"])
    both = ratings.merge(ratings, on="unit", suffixes=("_a", "_b"))
    both = both[both["who_a"] < both["who_b"]]
    found = RaterPairs.of(ratings, rater="who", unit="unit", value="said")
    names = found.raters.iloc[found.pair]
    assert names["rater_a"].to_list() == both["who_a"].to_list()
    assert names["rater_b"].to_list() == both["who_b"].to_list()
    assert found.first.tolist() == both["said_a"].to_list()
    assert found.second.tolist() == both["said_b"].to_list()
    assert np.unique(ratings["unit"])[found.unit].tolist() == both["unit"].to_list()


def test_one_rating_a_unit_makes_no_pair() -> None:
    ratings = pd.DataFrame({"who": ["a", "b"], "unit": ["x", "y"], "said": [1, 0]})
    found = RaterPairs.of(ratings, rater="who", unit="unit", value="said")
    assert len(found.pair) == len(found.raters) == 0
