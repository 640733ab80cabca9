"""Strengths of options from choices between a few of them."""

from __future__ import annotations

from math import isnan, log

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.discrete.conditional_models import ConditionalLogit

from analysis.errors import AnalysisError
from analysis.statistics.experiments.bradley_terry import bradley_terry
from analysis.statistics.models.logistic import clustered_logistic

# a worth twice b, b twice c: of 30 each, a before b in 2 of 3, a before c in 4 of 5.
COUNTS = {"ab": 20, "ba": 10, "bc": 20, "cb": 10, "ac": 24, "ca": 6}
# No strengths give these exactly.
UNEVEN = {"ab": 13, "ba": 9, "bc": 17, "cb": 4, "ac": 8, "ca": 11}


def pairs(counts):
    rows = [
        {"of": (winner, loser), "best": winner}
        for (winner, loser), n in counts.items()
        for _ in range(n)
    ]
    return placed(pd.DataFrame(rows))


def placed(frame):
    n = np.random.default_rng(5).permutation(len(frame))
    return frame.assign(person=n % 9, picture=n // 9 % 7)


def fitted(frame, **more):
    return bradley_terry(
        frame, shown="of", chosen="best", participant="person", stimulus="picture",
        **more,
    )  # fmt: skip


def test_strengths_of_three_options_by_hand():
    found = fitted(pairs(COUNTS))
    assert found.difference("a", "b").value == pytest.approx(log(2))
    assert found.difference("b", "c").value == pytest.approx(log(2))
    assert found.difference("a", "c").value == pytest.approx(log(4))
    # Against the mean of ln 4, ln 2 and 0, which is ln 2.
    strengths = [found.of(option).value for option in "abc"]
    assert strengths == pytest.approx([log(2), 0, -log(2)], abs=1e-9)
    assert (found.n, found.refusal, found.options) == (90, "", ("a", "b", "c"))


def test_they_are_those_of_a_logistic_regression():
    frame = pairs(UNEVEN)
    loser = [of[1] for of in frame["of"]]
    design = np.array(
        [
            [(w == x) - (lost == x) for x in "bc"]
            for w, lost in zip(frame["best"], loser, strict=True)
        ],
        dtype=float,
    )
    # Whoever is named first wins: turn every second row round.
    turned = np.where(np.arange(len(frame)) % 2, -1.0, 1.0)
    fit = sm.Logit((turned > 0).astype(float), design * turned[:, None]).fit(disp=0)
    found = fitted(frame)
    assert found.difference("b", "a").value == pytest.approx(fit.params[0])
    assert found.difference("c", "a").value == pytest.approx(fit.params[1])


def test_of_three_shown_each_is_chosen_as_often_as_its_strength_says():
    shown = [{"of": ("a", "b", "c"), "best": x} for x in "a" * 50 + "b" * 30 + "c" * 20]
    found = fitted(placed(pd.DataFrame(shown)))
    assert found.difference("a", "b").value == pytest.approx(log(5 / 3))
    assert found.difference("b", "c").value == pytest.approx(log(3 / 2))


def test_the_worst_is_chosen_by_the_same_strengths_turned_round():
    shown = [{"of": ("a", "b", "c"), "best": x} for x in "a" * 20 + "b" * 30 + "c" * 50]
    frame = placed(pd.DataFrame(shown)).assign(worst=True)
    found = fitted(frame, is_worst="worst")
    assert found.difference("a", "b").value == pytest.approx(log(3 / 2))
    assert found.difference("b", "c").value == pytest.approx(log(5 / 3))


def test_choices_of_two_and_of_four_go_together():
    rng = np.random.default_rng(2)
    options, sets = "abcd", ["ab", "abc", "abcd", "cd", "bd"]
    rows, wide = [], []
    for number in range(400):
        shown = sets[number % 5]
        best = shown[int(rng.integers(len(shown)))]
        rows.append({"of": tuple(shown), "best": best})
        wide += [
            (number, x == best, *(float(x == y) for y in options[1:])) for x in shown
        ]
    table = np.array(wide, dtype=float)
    peer = ConditionalLogit(table[:, 1], table[:, 2:], groups=table[:, 0]).fit(disp=0)
    found = fitted(placed(pd.DataFrame(rows)))
    against_a = [found.difference(x, "a").value for x in options[1:]]
    assert against_a == pytest.approx(list(peer.params), abs=1e-3)


def test_of_two_options_the_interval_is_that_of_the_log_odds_of_a_share():
    frame = pairs({"ab": 40, "ba": 23})
    found = fitted(frame).difference("a", "b")
    share = clustered_logistic(
        frame.assign(yes=frame["best"] == "a", all="all"), outcome="yes",
        condition="all", participant="person", stimulus="picture",
    ).coefficients.iloc[0]  # fmt: skip
    ends = found.value, found.low, found.high
    assert ends == pytest.approx(tuple(share[["estimate", "low", "high"]]))


def test_people_who_differ_widen_the_interval():
    frame = pairs({"ab": 40, "ba": 40})
    of_a = (frame["best"] == "a").to_numpy()
    # The same choices: each person half and half, or always the same.
    mixed = frame.assign(person=np.where(of_a, np.cumsum(of_a), np.cumsum(~of_a)) % 8)
    split = frame.assign(person=np.cumsum(of_a) % 4 + np.where(of_a, 0, 4))
    widths = [
        each.high - each.low
        for each in (fitted(f).difference("a", "b") for f in (mixed, split))
    ]
    assert widths[1] > 2 * widths[0]


def test_without_choices_both_ways_there_are_no_strengths():
    counts = {"ab": 20, "ba": 10, "ac": 15, "bc": 15}
    found = fitted(pairs(counts))
    assert found.unbounded == ("a", "b")
    assert "never chosen over a, b" in found.refusal
    assert isnan(found.of("a").value)
    assert found.refusal in found.of("a").method
    # One choice the other way bounds all of them.
    assert not fitted(pairs({**counts, "ca": 1})).refusal


def test_options_never_shown_together_have_no_strengths():
    assert fitted(pairs({"ab": 5, "ba": 5, "cd": 5, "dc": 5})).unbounded
    assert "no two options" in fitted(pairs(COUNTS).iloc[:0]).refusal


def test_few_people_or_one_picture_get_no_interval():
    frame = pairs(COUNTS)
    few = fitted(frame.assign(person=frame["person"] % 3)).of("a")
    assert few.value == pytest.approx(log(2))
    assert isnan(few.low)
    assert "3 people say too little" in few.method
    assert "one stimulus" in fitted(frame.assign(picture="x")).of("a").method


@pytest.mark.parametrize(
    ("of", "best", "said"),
    [
        (("a",), "a", "fewer than two options in row 1"),
        (("a", "a"), "a", "an option twice in row 1"),
        (("a", "b"), "c", "a choice that was not shown in row 1"),
    ],
)
def test_a_row_out_of_order_is_named(of, best, said):
    frame = pd.DataFrame({"of": [of], "best": [best], "person": ["p"], "picture": [1]})
    with pytest.raises(AnalysisError, match=said):
        fitted(frame)


def test_an_unknown_option_is_named():
    with pytest.raises(AnalysisError, match="no such option: z; there are a, b, c"):
        fitted(pairs(COUNTS)).difference("a", "z")
