from __future__ import annotations

import gc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analysis.errors import AnalysisError
from analysis.statistics.multiplicity import benjamini_hochberg, holm


@pytest.fixture(scope="module", autouse=True)
def _little_garbage() -> None:
    """statsmodels searches for garbage at every call, among all that tests loaded."""
    gc.freeze()


P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_holm_multiplies_the_smallest_by_the_number_of_tests():
    # Sorted .01 .02 .03 .04: 4 · .01 = .04, 3 · .02 = .06, 2 · .03 = .06,
    # 1 · .04 = .04, which may not be below the one before: .06.
    found = holm(pd.Series([0.04, 0.01, 0.03, 0.02], index=list("wxyz")))
    assert found.to_dict() == pytest.approx(
        {"w": 0.06, "x": 0.04, "y": 0.06, "z": 0.06}
    )


def test_benjamini_and_hochberg_on_their_own_example():
    # Benjamini & Hochberg (1995), section 4: 15 tests; at q = .05 the first four
    # are found (.0095 <= 4/15 · .05 = .013), Bonferroni and Holm find three.
    p = pd.Series(
        [
            0.0001,
            0.0004,
            0.0019,
            0.0095,
            0.0201,
            0.0278,
            0.0298,
            0.0344,
            0.0459,
            0.3240,
            0.4262,
            0.5719,
            0.6528,
            0.7590,
            1.0,
        ]
    )
    assert int((benjamini_hochberg(p) <= 0.05).sum()) == 4
    assert int((holm(p) <= 0.05).sum()) == 3
    # The fourth: .0095 · 15 / 4 = .035625.
    assert benjamini_hochberg(p)[3] == pytest.approx(0.035625)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_a_test_that_could_not_be_made_does_not_count(adjust):
    found = adjust(pd.Series([0.01, np.nan, 0.04]))
    assert np.isnan(found[1])
    assert found.dropna().to_list() == adjust(pd.Series([0.01, 0.04])).to_list()


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_what_is_no_p_value_is_refused_by_row(adjust):
    with pytest.raises(AnalysisError, match=r"0 to 1, got 1.2 in row 2$"):
        adjust(pd.Series([0.5, 1.2]))
    assert adjust(pd.Series([], dtype=float)).empty


@pytest.mark.parametrize(
    ("adjust", "method"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")]
)
@settings(max_examples=30, deadline=None)
@given(p=P_VALUES)
def test_statsmodels_agrees(adjust, method, p):
    theirs = multipletests(p, method=method)[1]
    assert adjust(pd.Series(p)).to_numpy() == pytest.approx(theirs)


@given(p=P_VALUES)
def test_adjusting_keeps_the_order_and_holm_is_the_stricter(p):
    frame = pd.DataFrame({"p": p}).sort_values("p")
    frame["holm"], frame["bh"] = holm(frame["p"]), benjamini_hochberg(frame["p"])
    assert frame["holm"].is_monotonic_increasing
    assert frame["bh"].is_monotonic_increasing
    assert (frame["p"] <= frame["bh"] + 1e-12).all()
    assert (frame["bh"] <= frame["holm"] + 1e-12).all()
