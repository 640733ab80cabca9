from __future__ import annotations

from math import inf, isnan, pi, sqrt, tan
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.statistics.correction import panel_rate
from analysis.statistics.intervals import no_estimate, score_bounds, wilson
from analysis.statistics.k_of_n import (
    DecidingVotes,
    PeopleVariance,
    Stratum,
    difference_apart,
    difference_on_same_images,
    people_variance,
    pivotal,
    rejected_difference,
    rejected_share,
    rejections_in,
    share_told,
    tally,
    wrong_share,
)
from analysis.statistics.majority_shares import majority_judgments
from analysis.statistics.panel_chances import share_by_chance


def votes(*rows):
    return pd.DataFrame(rows, columns=["trial", "participant", "accepts"])


def test_a_trial_is_resolved_with_n_votes():
    counted = tally(votes(("a", "p", True), ("a", "q", False), ("b", "p", True)), n=2)
    assert counted.loc["a"].to_dict() == {
        "n_votes": 2,
        "n_yes": 1,
        "is_resolved": True,
    }
    assert not counted.loc["b", "is_resolved"]


def test_a_second_vote_of_one_person_is_refused():
    with pytest.raises(AnalysisError, match="participant p voted more than once"):
        tally(votes(("a", "p", True), ("a", "p", False)), n=5)


def test_more_than_n_votes_are_refused():
    with pytest.raises(AnalysisError, match="trial a has 3 counted votes; at most 2"):
        tally(votes(("a", "p", True), ("a", "q", True), ("a", "r", True)), n=2)


def test_the_trial_that_has_too_many_votes_is_named():
    full = votes(("a", "p", True), ("a", "q", True))
    more = votes(("b", "p", True), ("b", "q", True), ("b", "r", True))
    with pytest.raises(AnalysisError, match="trial b has 3 counted votes"):
        tally(pd.concat([full, more]), n=2)


def test_trials_are_counted_in_the_order_of_their_names():
    rows = [(trial, who, True) for trial in "dbca" for who in "pq"]
    counted = tally(votes(*rows), n=2)
    assert counted.index.to_list() == list("abcd")
    assert counted.index.name == "trial"
    assert counted["n_yes"].dtype.kind == "i"


def test_no_votes_make_an_empty_tally():
    assert tally(votes().astype({"accepts": bool}), n=5).empty


@pytest.mark.parametrize(
    ("n_yes", "expected"),
    [
        # k = 4 of 5: a vote decides when exactly 3 of the other four say yes.
        (2, [False, False, False, False, False]),
        (3, [False, False, False, True, True]),
        (4, [True, True, True, True, False]),
        (5, [False, False, False, False, False]),
    ],
)
def test_a_vote_decides_only_beside_k_minus_one_others(n_yes, expected):
    accepts = np.array([float(number < n_yes) for number in range(5)])
    assert pivotal(np.zeros(5, dtype=int), accepts, k=4).tolist() == expected


@pytest.mark.parametrize("column", ["trial", "participant", "accepts"])
def test_what_is_not_known_is_refused_wherever_votes_go_in(column):
    cast = votes(("a", "p", 1.0), ("b", "q", 0.0)).astype({"accepts": object})
    cast.loc[1, column] = np.nan
    stratum = Stratum(
        n_images=2, judged=pd.DataFrame({"image": ["a", "b"], "trial": ["a", "b"]})
    )
    named = cast.rename(columns={"trial": "image", "accepts": "says"})
    for given in (
        lambda: tally(cast, n=5),
        lambda: rejected_share([stratum], cast, k=1),
        lambda: panel_rate(cast, k=1, n=1),
        lambda: majority_judgments(named),
    ):
        with pytest.raises(AnalysisError, match=r"column \w+ is empty in row 2"):
            given()


def test_a_vote_is_yes_or_no():
    with pytest.raises(AnalysisError, match="column accepts must hold 0 and 1"):
        tally(votes(("a", "p", 1), ("a", "q", 2)), n=5)


def stratum_of(trials, n_images=None):
    judged = pd.DataFrame({"image": list(trials), "trial": list(trials)}, dtype=object)
    return Stratum(
        n_images=len(trials) if n_images is None else n_images, judged=judged
    )


def panels(**n_yes):
    """Four people on each trial, of whom so many say yes."""
    return votes(
        *[
            (trial, f"p{person}", person < yes)
            for trial, yes in n_yes.items()
            for person in range(4)
        ]
    )


SCENES = pd.DataFrame({"scene": list("sstt")}, index=list("abcd"))


def test_wrong_images_cluster_as_their_rejections_do():
    # a and b (one scene) are accepted by all, c and d by nobody: no panel's chance, so
    # that wrong images count half, (2² + 2²) / 4, with 2 - 1 degrees of freedom. The
    # t of one degree that leaves out 5 % is tan(0.45 pi); 4 of 10 are wrong.
    found = wrong_share(
        stratum_of("abcd"),
        panels(a=4, b=4, c=0, d=0),
        n_wrong=4,
        n_images=10,
        k=4,
        level=0.9,
        clusters=SCENES,
    )
    assert (found.value, found.n, found.level) == (0.4, 10, 0.9)
    assert (found.design_effect, found.dof) == (2.0, 1.0)
    assert found.standard_error == pytest.approx(sqrt(0.4 * 0.6 / 10 * 2))
    ends = score_bounds(0.4, 5, critical=tan(0.45 * pi))
    assert (found.low, found.high) == pytest.approx(ends)
    assert found.target == "ignores people"


def test_one_wrong_image_of_one_still_belongs_to_its_scene():
    found = wrong_share(
        stratum_of("abcd"),
        panels(a=4, b=4, c=0, d=0),
        n_wrong=1,
        n_images=1,
        k=4,
        clusters=SCENES,
    )
    assert (found.value, found.design_effect) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("stratum", "n_wrong", "n_images", "clusters"),
    [
        (stratum_of("abcd"), 4, 10, None),
        (Stratum(n_images=4, judged=None), 4, 10, SCENES),
        (stratum_of("abcd"), 0, 0, SCENES),
    ],
)
def test_wrong_images_of_which_no_cluster_is_known_have_wilsons_interval(
    stratum, n_wrong, n_images, clusters
):
    found = wrong_share(
        stratum,
        panels(a=4, b=4, c=0, d=0),
        n_wrong=n_wrong,
        n_images=n_images,
        k=4,
        level=0.9,
        clusters=clusters,
    )
    plain = wilson(n_wrong, n_images, level=0.9)
    assert repr(found) == repr(plain)
    assert found.level == 0.9


def parts_of(stratum, cast, *, k=2):
    return rejections_in(stratum, cast, k=k)


def test_what_is_no_panels_chance_by_hand():
    # 8 images, of four judged two rejected: 8 / 4 within; of which a panel's chance is
    # that of panels of 3, 2, 1 and 0 yes. A part that nobody judges has neither.
    panel = share_by_chance(np.array([3, 2, 1, 0]), n=4, k=2)
    part = parts_of(stratum_of("abcd", 8), panels(a=3, b=2, c=1, d=0))
    right = parts_of(Stratum(n_images=5, judged=None), panels(a=1))
    expected = 1 - 8 * panel / 2
    assert 0 < expected < 1
    assert share_told([part], k=2) == pytest.approx(expected)
    assert share_told([part, right], k=2) == pytest.approx(expected)


def test_half_an_image_of_spread_is_told_as_well():
    panel = share_by_chance(np.array([4, 0]), n=4, k=2)
    part = parts_of(stratum_of("ab"), panels(a=4, b=0))
    assert share_told([part], k=2) == pytest.approx(1 - 2 * panel / 0.5)


def test_no_more_is_chance_than_images_differ_by():
    # Nine panels are as torn as can be and accept, one rejects: another panel would
    # often have said otherwise, so that nothing is told.
    trials = "abcdefghij"
    cast = panels(**{trial: 2 if trial != "j" else 1 for trial in trials})
    assert share_by_chance(np.array([2] * 9 + [1]), n=4, k=2) > 0.1
    assert share_told([parts_of(stratum_of(trials), cast)], k=2) == pytest.approx(0)


def test_where_all_are_rejected_all_is_told():
    assert share_told([parts_of(stratum_of("ab"), panels(a=0, b=0))], k=2) == 1.0


NOBODY = stratum_of("")
ONE = stratum_of("a")


@pytest.mark.parametrize(
    ("first", "second", "n_images"),
    [(NOBODY, ONE, 10), (ONE, NOBODY, 0), (ONE, stratum_of("", 1), 10)],
)
def test_a_difference_on_the_same_images_of_which_none_was_judged(
    first, second, n_images
):
    if first is NOBODY:
        first = stratum_of("", 1)
    found = difference_on_same_images(
        first, second, panels(a=1), n_images=n_images, k=2, level=0.9
    )
    none = no_estimate(level=0.9, target="images like these")
    assert repr(found.estimate) == repr(none)
    assert isnan(found.p_value)
    assert found.is_paired is True


def test_a_difference_of_a_single_image_is_one():
    found = difference_on_same_images(ONE, NOBODY, panels(a=1), n_images=1, k=2)
    assert (found.estimate.value, found.estimate.n) == (1.0, 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [([ONE], [stratum_of("", 1)]), ([NOBODY], [ONE]), ([ONE], [])],
)
def test_a_difference_on_other_images_of_which_none_was_judged(first, second):
    found = difference_apart(first, second, panels(a=1), k=2, level=0.9)
    none = no_estimate(level=0.9, target="images like these")
    assert repr(found.estimate) == repr(none)
    assert isnan(found.p_value)
    assert found.is_paired is False


def test_a_difference_on_other_images_goes_from_minus_one_to_one():
    cast = panels(a=0, b=4)
    up, down = (
        difference_apart([stratum_of(one)], [stratum_of(two)], cast, k=2).estimate
        for one, two in ("ab", "ba")
    )
    assert (up.value, up.high) == (1.0, 1.0)
    assert (down.value, down.low) == (-1.0, -1.0)


def test_the_other_side_can_ask_for_another_number_of_yes():
    cast = panels(a=2, b=2)
    found = difference_apart(
        [stratum_of("a")], [stratum_of("b")], cast, k=3, second_k=2
    )
    assert found.estimate.value == 1.0


def test_the_difference_without_its_test_is_the_same_difference():
    first, second = stratum_of("abc"), stratum_of("bcd")
    given: dict[str, Any] = {"n_images": 9, "k": 2, "level": 0.8, "clusters": SCENES}
    cast = panels(a=1, b=1, c=3, d=2)
    alone = rejected_difference(first, second, cast, **given)
    assert alone == difference_on_same_images(first, second, cast, **given).estimate
    assert alone.level == 0.8
    assert alone.dof < inf


def test_no_images_at_all_are_no_share():
    nothing = Stratum(n_images=0, judged=None)
    found = rejected_share(
        [nothing], panels(a=1), k=2, level=0.9, target="these images"
    )
    assert repr(found) == repr(no_estimate(level=0.9, target="these images"))


def test_a_single_image_that_nobody_judged_is_no_share():
    assert isnan(rejected_share([stratum_of("", 1)], panels(a=1), k=2).value)


def test_three_people_are_too_few_for_an_interval_about_these_images():
    cast = panels(a=1, b=3).query("participant != 'p3'")
    found = rejected_share([stratum_of("ab")], cast, k=2, target="these images")
    assert isnan(found.low)
    assert isnan(found.high)
    assert found.target == "these images"


def test_an_interval_of_two_scenes_goes_from_nothing_to_all():
    # Two scenes, each alike, of eight images of which four were not judged.
    found = rejected_share(
        [stratum_of("abcd", 8)],
        panels(a=0, b=0, c=4, d=4),
        k=2,
        clusters=SCENES,
    )
    assert (found.value, found.low, found.high) == (0.5, 0.0, 1.0)


def test_what_two_samples_add_is_added():
    # Either: two of eight judged, one rejected: p (1 - p) 8² (1/2 - 1/8) = 6 more.
    # Among 16 images of which half is rejected: 16 / 4.
    strata = [stratum_of("ab", 8), stratum_of("cd", 8)]
    found = rejected_share(strata, panels(a=0, b=4, c=0, d=4), k=2)
    assert found.standard_error == pytest.approx(sqrt(4 + 6 + 6) / 16)
    assert found.design_effect == pytest.approx(16 / 4)


def test_where_nothing_varies_people_multiply_nothing():
    found = rejected_share([stratum_of("ab")], panels(a=4, b=4), k=2)
    assert (found.value, found.design_effect) == (0.0, 1.0)


def test_two_people_are_told_apart():
    # p decides for both images and q against both: totals 1 and -1, of which the mean
    # took half: (1² + 1²) · 2 / 1.
    swings = pd.DataFrame(
        {
            "participant": list("ppqq"),
            "image": list("abab"),
            "swing": [0.5, 0.5, -0.5, -0.5],
        }
    )
    found = people_variance([DecidingVotes(swings=swings, voters=frozenset("pq"))])
    assert (found.in_all, found.n_people, found.dof) == (4.0, 2, 1.0)


def test_people_who_decided_nothing_add_nothing():
    found = people_variance([DecidingVotes.none()])
    assert found == PeopleVariance(across_images=0.0, in_all=0.0, n_people=0, dof=inf)
