"""How two shares differ, against numbers worked out by hand."""

import doctest

import pytest

from stimuli.records import proportions
from stimuli.records.proportions import difference_in_pairs, difference_of_counts


def test_the_examples_hold():
    assert doctest.testmod(proportions).failed == 0


def test_accuracies_of_two_sets_of_a_thousand_are_within_noise():
    # 1.96 * sqrt(0.121 * 0.879 / 1000 + 0.143 * 0.857 / 1000) = 1.96 * 0.01513
    found = difference_of_counts(121, 143, n_first=1000, n_second=1000)
    assert found.value == pytest.approx(0.022)
    assert found.half_width == pytest.approx(0.02966, abs=5e-5)
    assert str(found) == "2.2 ± 3.0 points, within noise"


def test_on_the_same_images_it_is_what_changed_that_counts():
    # 121 and 143 of the same 1,000: 100 gained, 78 lost, 43 right both times.
    # 1.96 * sqrt((0.178 - 0.022**2) / 1000) = 1.96 * 0.01332
    first = [True] * 121 + [False] * 879
    second = [True] * 43 + [False] * 78 + [True] * 100 + [False] * 779
    found = difference_in_pairs(first, second)
    assert found.value == pytest.approx(0.022)
    assert found.half_width == pytest.approx(0.02611, abs=5e-5)
    # The fewer change, the surer: nobody lost.
    surer = difference_in_pairs(first, [True] * 143 + [False] * 857)
    assert surer.half_width < 0.0092
    assert not surer.is_noise
    assert str(surer) == "2.2 ± 0.9 points"


@pytest.mark.parametrize("counts", [(3, 2, 2, 2), (0, 0, 0, 1)])
def test_counts_lie_among_their_cases(counts):
    first, second, n_first, n_second = counts
    with pytest.raises(ValueError, match="between 0 and n"):
        difference_of_counts(first, second, n_first=n_first, n_second=n_second)


def test_pairs_are_pairs():
    with pytest.raises(ValueError, match="as many of both"):
        difference_in_pairs([True], [True, False])
