from __future__ import annotations

import resource
import time
from dataclasses import replace
from math import inf, isnan, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.errors import AnalysisError
from analysis.statistics.intervals import critical_value, wilson
from analysis.statistics.k_of_n import (
    DecidingVotes,
    Stratum,
    difference_apart,
    difference_on_same_images,
    people_variance,
    rejected_difference,
    rejected_share,
    rejections_in,
)
from tests.analysis.coverage.crossed_raters import World, simulate, simulate_pair
from tests.analysis.coverage.headline_worlds import Errors, draw_errors
from tests.analysis.coverage.people import Population

GROUPED = Errors(people=Population(n_images=150, group=5))


def judged(*trials):
    return pd.DataFrame({"image": trials, "trial": trials})


def cast(**by_trial):
    """Votes from strings: a="110" is yes, yes, no of participants p0, p1, p2."""
    rows = [
        (trial, f"p{person}", letter == "1")
        for trial, letters in by_trial.items()
        for person, letter in enumerate(letters)
    ]
    return pd.DataFrame(rows, columns=["trial", "participant", "accepts"])


def of(n_wrong, n_images, *trials):
    return [
        Stratum(n_images=n_wrong, judged=judged(*trials)),
        Stratum(n_images=n_images - n_wrong, judged=None),
    ]


def test_the_published_error_follows_from_its_parts():
    # ResNet-101: 22.69 % of 50,000 images are wrong (11,345); at least 4 of 5
    # people accept 58.26 % of them: 11,345 · 0.5826 = 6,610 are accepted,
    # 4,735 are not, and 4,735 / 50,000 = 9.47 %.
    yes = [f"y{number}" for number in range(6610)]
    no = [f"n{number}" for number in range(4735)]
    trials = [*yes, *no]
    votes = pd.DataFrame(
        {
            "trial": np.repeat(trials, 5),
            "participant": np.tile([f"p{p}" for p in range(5)], len(trials)),
            "accepts": np.repeat([True] * len(yes) + [False] * len(no), 5),
        }
    )
    estimate = rejected_share(of(11_345, 50_000, *trials), votes, k=4)
    assert round(estimate.value, 4) == 0.0947
    assert round(1 - estimate.value / 0.2269, 4) == pytest.approx(0.5826, abs=1e-4)
    assert estimate.n == 50_000


def test_the_variance_by_hand():
    # 10 images, 4 wrong, k = 2 of 3; one of 4 is rejected (b). Deciding votes (one
    # yes among the others): a: p0 p1 yes; b: p1 p2 no; d: p1 p3 yes. Mean 4/6, so
    # a yes swings +1/3, a no -2/3. Totals: p0 1/3, p1 0, p2 -2/3, p3 1/3: squares
    # 6/9. Of six votes p1 has half, the others a sixth each: sums of squares 1/3, of
    # cubes 5/36, so that of 1/3 only 1/3 - 2 · 5/36 + 1/9 = 1/6 is left: times 2.
    # Same image: 4 · 1/9 + 2 · 4/9 = 4/3. Across images 4/3 - 4/3 = 0: the floor.
    # People count as (9 + 3)² / (81 + 3) = 12/7: half of (1 + 6 · 7/12) · sqrt(7/6)
    # · 4/3 = 3.2404. Images: 10 · 0.1 · 0.9 = 0.9. V = (0.9 + 3.2404) / 100.
    rows = [
        (trial, person, letter == "1")
        for trial, people, letters in (
            ("a", ("p0", "p1", "p2"), "110"),
            ("b", ("p0", "p1", "p2"), "100"),
            ("c", ("p0", "p1", "p2"), "111"),
            ("d", ("p1", "p2", "p3"), "101"),
        )
        for person, letter in zip(people, letters, strict=True)
    ]
    votes = pd.DataFrame(rows, columns=["trial", "participant", "accepts"])
    estimate = rejected_share(of(4, 10, "a", "b", "c", "d"), votes, k=2)
    across = 0.5 * 4.5 * sqrt(7 / 6) * 4 / 3
    assert estimate.value == pytest.approx(0.1)
    assert estimate.standard_error**2 == pytest.approx((0.9 + across) / 100)
    assert estimate.design_effect == pytest.approx((0.9 + across) / 0.9)
    assert estimate.n_people == 4


def test_people_who_lean_one_way_widen_the_interval():
    # k = 1 of 2. On every image the second person says no, so the first decides;
    # g says yes on all of hers, h no on all of his: mean 1/2, totals +1 and -1
    # (2 images each), squares 2. p0.. who say no decide where the first says no:
    # they add totals of their own, computed below for the same images.
    rows = []
    for image, first in (("a", "g"), ("b", "g"), ("c", "h"), ("d", "h")):
        rows.append((image, first, first == "g"))
        rows.append((image, f"q{image}", False))
    votes = pd.DataFrame(rows, columns=["trial", "participant", "accepts"])
    # Deciding (others have 0 yes): g on a, b (yes); h on c, d (no); qc, qd (no).
    # Mean 2/6; swings +2/3 and -1/3. g 4/3, h -2/3, qc and qd -1/3 each.
    # Squares 16/9 + 4/9 + 2/9 = 22/9. Of six votes that decide g and h have a third
    # each, qc and qd a sixth: squares 10/36, cubes 18/216, so that of 10/36 only
    # 10/36 - 36/216 + 100/1296 = 61/324 is left: times 90/61.
    # Same image: 2 · 4/9 + 4 · 1/9 = 12/9. Across: 22/9 · 90/61 - 12/9 = 2.2732; the
    # floor, of 100/34 people, is half of (1 + 6 · .34) · sqrt(.68) · 12/9 = 1.6712.
    # Images: share 1/2 of 4: 4 · 0.25 = 1.
    estimate = rejected_share(of(4, 4, "a", "b", "c", "d"), votes, k=1)
    assert estimate.value == 0.5
    variance = 1 + 22 / 9 * 90 / 61 - 12 / 9
    assert estimate.standard_error**2 == pytest.approx(variance / 16)
    assert estimate.design_effect == pytest.approx(variance)


def test_without_a_vote_that_tells_people_apart_the_interval_is_wilsons():
    # 3 of 10 images have 5 yes, 7 have none: with k = 4 no vote decides alone.
    # Wilson at 0.7 of 10: centre (0.7 + 0.19207) / 1.38415 = 0.64449, half width
    # sqrt(1.96² * 0.21 / 10 + (1.96² / 20)²) / 1.38415 = 0.24778.
    rows = [
        {"trial": f"t{image}", "participant": f"p{person}", "accepts": image < 3}
        for image in range(10)
        for person in range(5)
    ]
    names = {
        "image": [f"i{i}" for i in range(10)],
        "trial": [f"t{i}" for i in range(10)],
    }
    stratum = Stratum(n_images=10, judged=pd.DataFrame(names))
    found = rejected_share([stratum], pd.DataFrame(rows), k=4)
    assert found.low == pytest.approx(0.64449 - 0.24778, abs=1e-4)
    assert found.high == pytest.approx(0.64449 + 0.24778, abs=1e-4)
    assert found.standard_error == pytest.approx(sqrt(0.7 * 0.3 / 10))
    assert found.design_effect == pytest.approx(1)


def test_unjudged_errors_are_taken_to_be_like_the_judged_ones():
    # 8 errors of 20 images, 4 judged, 1 of them rejected: 8/20 · 1/4 = 0.1
    votes = cast(a="11", b="00", c="11", d="11")
    some = rejected_share(of(8, 20, "a", "b", "c", "d"), votes, k=2)
    every = rejected_share(of(4, 10, "a", "b", "c", "d"), votes, k=2)
    assert some.value == pytest.approx(0.1)
    assert some.standard_error > every.standard_error / sqrt(2)


def test_right_predictions_that_people_reject_add_to_the_two_sided_error():
    # 4 errors, 2 rejected; 6 right, 2 judged, 1 rejected: (2 + 6/2) / 10
    votes = cast(a="11", b="00", c="00", d="11", e="11", f="00")
    strata = [
        Stratum(n_images=4, judged=judged("a", "b", "c", "d")),
        Stratum(n_images=6, judged=judged("e", "f")),
    ]
    assert rejected_share(strata, votes, k=2).value == pytest.approx(0.5)


def test_a_sample_without_a_rejection_does_not_prove_that_there_is_none():
    # 4 errors, all judged, 2 rejected; 96 right, 2 of them judged, none rejected:
    # share 2/100. Had all 96 been judged and accepted, the variance was that of 2
    # in 100 images: 100 · .02 · .98 = 1.96. The two stand for 96 with half a hit,
    # p = .5/3: p (1 - p) · 96² · (1/2 - 1/96) = 626.7 more, as 2 of 96 are known.
    votes = cast(a="11", b="00", c="00", d="11", e="11", f="11")
    wrong = Stratum(n_images=4, judged=judged("a", "b", "c", "d"))
    sampled = Stratum(n_images=96, judged=judged("e", "f"))
    taken_as_right = Stratum(n_images=96, judged=None)
    both_sides = rejected_share([wrong, sampled], votes, k=1)
    more = 1 / 6 * 5 / 6 * 96**2 * (1 / 2 - 1 / 96)
    one_side = rejected_share([wrong, taken_as_right], votes, k=1)
    assert both_sides.value == one_side.value == pytest.approx(0.02)
    assert one_side.standard_error == pytest.approx(sqrt(1.96) / 100)
    assert both_sides.standard_error == pytest.approx(sqrt(1.96 + more) / 100)
    assert both_sides.high > 0.5 > one_side.high


def test_nothing_judged_is_not_zero():
    empty = judged().astype(object)
    estimate = rejected_share([Stratum(n_images=3, judged=empty)], cast(a="11"), k=2)
    assert isnan(estimate.value)
    assert estimate.n == 0


def test_no_errors_at_all_is_a_true_zero():
    estimate = rejected_share(
        [
            Stratum(n_images=0, judged=judged()),
            Stratum(n_images=50, judged=None),
        ],
        cast(a="11"),
        k=2,
    )
    assert (estimate.value, estimate.low) == (0, 0)
    assert estimate.high == pytest.approx(wilson(0, 50).high)


def test_equal_classifiers_do_not_differ():
    votes = cast(a="110", b="100")
    stratum = Stratum(n_images=2, judged=judged("a", "b"))
    estimate = rejected_difference(stratum, stratum, votes, n_images=10, k=2)
    assert estimate.value == 0
    assert estimate.low == -estimate.high < 0
    # Only the half image in each cell is left: sqrt(1) / 12.
    assert estimate.standard_error == pytest.approx(1 / 12)


def test_a_difference_by_hand():
    # 10 images. First wrong on a, b, both rejected; second wrong on b (the same
    # trial) and c, accepted by all: 2/10 - 1/10. No vote decides at k = 3 of 3
    # except where two others say yes: never. Influences minus the mean 0.1:
    # a 0.9, b (1 - 1) - 0.1, and the other 8 -0.1 (c is accepted: influence 0):
    # 0.81 + 0.01 + 8 · 0.01 = 0.9; plus 1 over 12².
    votes = cast(a="000", b="000", c="111")
    first = Stratum(n_images=2, judged=judged("a", "b"))
    second = Stratum(n_images=2, judged=judged("b", "c"))
    estimate = rejected_difference(first, second, votes, n_images=10, k=1)
    assert estimate.value == pytest.approx(0.1)
    assert estimate.standard_error**2 == pytest.approx((0.9 + 1) / 144)


def test_the_design_effect_recovers_how_much_people_matter():
    rng = np.random.default_rng(11)
    effects = {}
    for bias in (0.0, 1.0):
        studies = [simulate(World(bias=bias, skill=0.0), rng) for _ in range(40)]
        estimates = [rejected_share(s.strata(), s.votes, k=4) for s in studies]
        effects[bias] = np.mean([each.design_effect for each in estimates])
    # The variance of the estimates over that of a binomial share was 0.98 and
    # 1.84 in 3,000 simulated studies of these two worlds.
    assert effects[0.0] == pytest.approx(1.05, abs=0.08)
    assert effects[1.0] == pytest.approx(1.85, abs=0.25)


@st.composite
def small_studies(draw):
    n_trials = draw(st.integers(1, 8))
    n = draw(st.integers(2, 4))
    letters = st.text("01", min_size=n, max_size=n)
    answers = draw(st.lists(letters, min_size=n_trials, max_size=n_trials))
    n_right = draw(st.integers(0, 20))
    return {f"t{i}": each for i, each in enumerate(answers)}, n, n_right


@given(study=small_studies())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_asking_for_more_yes_never_lowers_the_error(study):
    answers, n, n_right = study
    votes, strata = cast(**answers), of(len(answers), len(answers) + n_right, *answers)
    found = [rejected_share(strata, votes, k=k) for k in range(1, n + 1)]
    values = [each.value for each in found]
    assert values == sorted(values)
    for each in found:
        assert 0 <= each.low <= each.value + 1e-12
        assert each.value - 1e-12 <= each.high <= 1


@given(study=small_studies(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_order_and_names_change_nothing(study, seed):
    answers, _, n_right = study
    rng = np.random.default_rng(seed)
    votes = cast(**answers)
    shuffled = votes.iloc[rng.permutation(len(votes))].copy()
    new = {f"p{i}": f"x{j}" for i, j in enumerate(rng.permutation(4))}
    shuffled["participant"] = shuffled["participant"].map(new)
    names = list(rng.permutation(list(answers)))
    n_images = len(answers) + n_right
    one = rejected_share(of(len(answers), n_images, *answers), votes, k=2)
    two = rejected_share(of(len(answers), n_images, *names), shuffled, k=2)
    assert one.value == two.value
    assert one.low == pytest.approx(two.low, abs=1e-12)
    assert one.high == pytest.approx(two.high, abs=1e-12)


def test_few_people_are_spoken_of_alone():
    # Three people are too few: images alone are drawn anew, 4 · 1/4 · 3/4 of them.
    votes = cast(a="110", b="100", c="111", d="101")
    strata = of(4, 4, "a", "b", "c", "d")
    found = rejected_share(strata, votes, k=2)
    assert found.target == "images like these, these people"
    assert found.method.startswith("for these people only: 3 are too few")
    assert found.standard_error == pytest.approx(sqrt(0.75) / 4)
    assert (found.low, found.high) == pytest.approx(
        (wilson(1, 4).low, wilson(1, 4).high)
    )
    of_these = rejected_share(strata, votes, k=2, target="these images")
    assert of_these.value == 0.25
    assert isnan(of_these.low)
    assert of_these.method.startswith("no interval: 3 people are too few")
    apart = rejected_difference(strata[0], strata[0], votes, n_images=4, k=2)
    assert apart.target == "images like these, these people"


def test_near_copies_count_as_their_cluster():
    # Four images in two pairs, each pair alike: as two images, of which one is
    # rejected. No vote decides. Squares of pairs (2 · 1/2)² · 2 over those of images
    # 4 · 1/4 = 2: V = 2 · 4 · 1/4 / 16, with 2 - 1 degrees of freedom.
    votes = cast(a="1111", b="1111", c="0000", d="0000")
    pairs = pd.DataFrame({"scene": ["s", "s", "t", "t"]}, index=list("abcd"))
    strata = of(4, 4, "a", "b", "c", "d")
    found = rejected_share(strata, votes, k=2, clusters=pairs)
    alone = rejected_share(strata, votes, k=2)
    assert found.standard_error**2 == pytest.approx(2 * alone.standard_error**2)
    assert (found.dof, alone.dof) == (1, inf)
    one_each = pairs.assign(scene=list("abcd"))
    same = rejected_share(strata, votes, k=2, clusters=one_each)
    assert (same.low, same.high) == pytest.approx((alone.low, alone.high), abs=0.2)
    assert same.standard_error == pytest.approx(alone.standard_error)


def test_near_copies_of_which_none_is_rejected_are_as_few_as_their_clusters():
    # No image of four in two pairs: the score bound of 0 of 2, c² / (2 + c²).
    votes = cast(a="1111", b="1111", c="1111", d="1111")
    pairs = pd.DataFrame({"scene": ["s", "s", "t", "t"]}, index=list("abcd"))
    found = rejected_share(of(4, 4, "a", "b", "c", "d"), votes, k=2, clusters=pairs)
    squared = critical_value(level=0.95, dof=found.dof) ** 2
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(squared / (2 + squared))


def test_near_copies_that_a_person_leans_on_count_once():
    # The swings of one person on near copies are in the variance of images already.
    lab = replace(GROUPED, people=replace(GROUPED.people, n_people=8, lean=2.0))
    study = draw_errors(lab, np.random.default_rng(4))
    parts = [rejections_in(study.strata()[0], study.votes, k=4).deciding]
    by_image = people_variance(parts)
    by_group = people_variance(parts, clusters=study.groups())
    assert by_group.in_all == pytest.approx(by_image.in_all)
    assert by_group.across_images < by_image.across_images


def test_clusters_reach_differences_too():
    study = draw_errors(GROUPED, np.random.default_rng(4))
    halves = [
        Stratum(n_images=len(each), judged=each)
        for each in (judged(*range(75)), judged(*range(75, 150)))
    ]
    apart, paired = (
        [
            found(study.groups() if is_grouped else None).estimate.standard_error
            for is_grouped in (False, True)
        ]
        for found in (
            lambda table: difference_apart(
                halves[:1], halves[1:], study.votes, k=4, clusters=table
            ),
            lambda table: difference_on_same_images(
                halves[0], halves[1], study.votes, n_images=300, k=4, clusters=table
            ),
        )
    )
    assert apart[1] > 1.5 * apart[0]
    assert paired[1] > 1.3 * paired[0]


def test_an_image_in_two_rows_of_clusters_is_refused():
    twice = pd.DataFrame({"scene": ["s", "t"]}, index=["a", "a"])
    with pytest.raises(AnalysisError, match="image a has several rows"):
        rejected_share(of(1, 1, "a"), cast(a="1111"), k=2, clusters=twice)


@pytest.mark.parametrize(
    "population",
    [
        Population(n_images=60),
        Population(n_images=60, n_people=6),
        Population(n_images=60, n_people=20, dominance=1.5),
    ],
)
def test_fixing_images_adds_no_width(population):
    world = Errors(people=population, n_right=10)
    rng = np.random.default_rng(8)
    for _ in range(5):
        study = draw_errors(world, rng)
        like, these = (
            rejected_share(study.strata(), study.votes, k=4, target=target)
            for target in ("images like these", "these images")
        )
        assert these.high - these.low <= like.high - like.low + 1e-12


@given(study=small_studies())
@settings(max_examples=60, deadline=None)
def test_people_never_make_an_interval_narrower(study):
    answers, _, n_right = study
    n_images = len(answers) + n_right
    found = rejected_share(of(len(answers), n_images, *answers), cast(**answers), k=2)
    alone = wilson(found.value * n_images, n_images)
    assert found.low <= alone.low + 1e-9
    assert alone.high <= found.high + 1e-9


def test_a_whole_validation_set_is_quick_and_small():
    # 50,000 images, 22.69 % wrong, 5 people each in blocks of 20.
    study = simulate(World(n_images=50_000, error=0.2269), np.random.default_rng(1))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    estimate = rejected_share(study.strata(), study.votes, k=4)
    assert time.perf_counter() - start < 10
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 1_000_000
    assert estimate.n == 50_000


def test_a_pair_of_classifiers_shares_judgments():
    pair = simulate_pair(World(n_images=300), 0.3, rng=np.random.default_rng(2))
    shared = set(pair.first["trial"]) & set(pair.second["trial"])
    assert len(shared) > 10
    first, second = (
        Stratum(n_images=len(each), judged=each) for each in (pair.first, pair.second)
    )
    forth = rejected_difference(first, second, pair.votes, n_images=300, k=4)
    back = rejected_difference(second, first, pair.votes, n_images=300, k=4)
    assert forth.value == pytest.approx(-back.value)
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low))


@pytest.mark.parametrize(("n_people", "dof"), [(6, 3.0), (10, 6.0), (3, 1.0)])
def test_what_people_add_has_the_degrees_of_freedom_of_its_people(n_people, dof):
    # Equal work: three quarters of P - 2, and never less than one.
    swings = pd.DataFrame(
        {
            "participant": np.repeat([f"p{i}" for i in range(n_people)], 2),
            "image": [f"i{i}" for i in range(2 * n_people)],
            "swing": np.tile([0.5, -0.5], n_people),
        }
    )
    votes = DecidingVotes(swings=swings, voters=frozenset(swings["participant"]))
    assert people_variance([votes]).dof == pytest.approx(dof)
