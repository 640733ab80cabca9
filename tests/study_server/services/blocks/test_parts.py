"""Blocks and sessions in parts: who gets what, where, and in which order."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study_server.services.blocks.cutting import BlockDesign, SessionDeal, cut_blocks
from study_server.services.blocks.part_cutting import cut_for_parts
from study_server.services.blocks.part_dealing import deal_in_parts
from study_server.services.blocks.parts import (
    PartPlan,
    latin_square,
    read_order,
    written_order,
)
from tests.study_server.services.blocks.test_blocks import pool_trial


def plan(number: int, *conditions: str, n_main: int, n_practice: int = 0) -> PartPlan:
    return PartPlan(
        number=number,
        conditions=frozenset(conditions),
        n_main=n_main,
        n_practice=n_practice,
    )


def crossed(n_images: int, conditions: str):
    """Every image under every condition."""
    return [
        pool_trial(image * 10 + place, sources=(f"s{image}",), condition=condition)
        for image in range(n_images)
        for place, condition in enumerate(conditions)
    ]


def deal(main, **pools) -> SessionDeal:
    return SessionDeal(
        main=main,
        pools=pools,
        n_drawn={"known_yes": 2},
        n_practice=1,
        seen=frozenset(),
    )


@pytest.mark.parametrize("n", range(1, 9))
def test_a_latin_square_balances_places_and_what_comes_before(n):
    rows = latin_square(n)
    assert len(rows) == (n if n % 2 == 0 else 2 * n)
    assert all(sorted(row) == list(range(n)) for row in rows)
    places = Counter((place, part) for row in rows for place, part in enumerate(row))
    assert len(set(places.values())) == 1
    # Every ordered pair: n (n - 1) of them, each once in n rows, twice in 2 n.
    follows = Counter(pair for row in rows for pair in pairwise(row))
    assert len(follows) == n * (n - 1)
    assert len(set(follows.values())) <= 1


def test_an_order_is_read_as_it_was_written():
    assert read_order(written_order((2, 0, 1))) == (2, 0, 1)
    assert read_order(None) == ()


def test_blocks_of_crossed_images_are_full_and_show_none_twice():
    trials = crossed(40, "ab")
    parts = [plan(0, "a", n_main=10), plan(1, "b", n_main=10)]
    blocks = cut_for_parts(trials, parts, rng=np.random.default_rng(1))
    # 40 images under two conditions, 10 and 10 to a block: 4 blocks, all full.
    assert len(blocks) == 4
    for block in blocks:
        assert Counter(trial.condition for trial in block) == {"a": 10, "b": 10}
        assert len({trial.sources for trial in block}) == 20
    assert len({trial.id for block in blocks for trial in block}) == 80


def test_parts_of_different_sizes_get_their_own_number_of_trials():
    trials = [pool_trial(n, condition="easy" if n < 60 else "hard") for n in range(180)]
    parts = [plan(0, "easy", n_main=5), plan(1, "hard", n_main=10)]
    blocks = cut_for_parts(trials, parts, rng=np.random.default_rng(1))
    # 60 / 5 = 120 / 10 = 12 blocks.
    assert len(blocks) == 12
    assert {
        tuple(sorted(Counter(trial.condition for trial in block).items()))
        for block in blocks
    } == {(("easy", 5), ("hard", 10))}


@settings(max_examples=60, deadline=None)
@given(
    n_images=st.integers(1, 30),
    conditions=st.sampled_from(["ab", "abc", "abcd"]),
    n_main=st.integers(1, 6),
    dropped=st.sets(st.integers(0, 119), max_size=40),
    seed=st.integers(0, 5),
)
def test_whatever_is_missing_every_trial_is_cut_once(
    n_images, conditions, n_main, dropped, seed
):
    every = crossed(n_images, conditions)
    trials = [trial for at, trial in enumerate(every) if at not in dropped]
    parts = [
        plan(number, name, n_main=n_main + number)
        for number, name in enumerate(conditions)
    ]
    blocks = cut_for_parts(trials, parts, rng=np.random.default_rng(seed))
    assert Counter(t.id for block in blocks for t in block) == Counter(
        t.id for t in trials
    )
    for block in blocks:
        sources = [source for trial in block for source in trial.sources]
        assert len(set(sources)) == len(sources)
        counts = Counter(trial.condition for trial in block)
        assert all(
            counts[name] <= n_main + number for number, name in enumerate(conditions)
        )


def test_every_trial_of_a_study_in_parts_gets_its_n_responses():
    design = BlockDesign(
        n_responses=3,
        n_main=20,
        is_fresh=True,
        is_crossed=True,
        parts=(plan(0, "a", n_main=10), plan(1, "b", n_main=10)),
    )
    plans = cut_blocks(crossed(40, "ab"), design, rng=np.random.default_rng(2))
    assert len(plans) == 12  # 4 blocks, cut 3 times
    assert {p.condition for p in plans} == {""}
    assert set(Counter(t.id for p in plans for t in p.trials).values()) == {3}


def test_a_session_goes_through_its_parts_in_the_order_given():
    main = [pool_trial(n, condition="ab"[n % 2]) for n in range(20)]
    catches = [pool_trial(100 + n, control="known_yes") for n in range(5)]
    parts = [plan(1, "b", n_main=10), plan(0, "a", n_main=10)]
    dealt = deal_in_parts(
        deal(main, catch=catches), parts, rng=np.random.default_rng(3)
    )
    assert dealt.order == (1, 0)
    assert [entry.part for entry in dealt.trials] == [1] * 11 + [0] * 11
    assert [entry.position for entry in dealt.trials] == list(range(22))
    assert [entry.part_position for entry in dealt.trials] == [*range(11), *range(11)]
    assert {e.trial.condition for e in dealt.trials if e.part == 1} == {"b", ""}
    # One catch in each part, though two were drawn for the session.
    assert Counter(e.part for e in dealt.trials if e.role == "catch") == {0: 1, 1: 1}


def test_a_control_of_one_condition_stands_among_its_own():
    main = [pool_trial(n, condition="ab"[n % 2]) for n in range(8)]
    catches = [
        pool_trial(100 + n, control="known_yes", condition="b") for n in range(5)
    ]
    parts = [plan(0, "a", n_main=4), plan(1, "b", n_main=4)]
    dealt = deal_in_parts(
        deal(main, catch=catches), parts, rng=np.random.default_rng(3)
    )
    assert {e.part for e in dealt.trials if e.role == "catch"} == {1}


def test_each_part_has_its_own_practice_and_none_comes_twice():
    main = [pool_trial(n) for n in range(6)]
    practice = [pool_trial(50 + n, sources=()) for n in range(5)]
    parts = [plan(0, n_main=3, n_practice=2), plan(1, n_main=3, n_practice=3)]
    dealt = deal_in_parts(
        deal(main, practice=practice), parts, rng=np.random.default_rng(3)
    )
    found = [entry for entry in dealt.trials if entry.kind == "practice"]
    assert [entry.part for entry in found] == [0, 0, 1, 1, 1]
    assert len({entry.trial.id for entry in found}) == 5


def test_parts_without_conditions_share_a_block_by_their_sizes():
    main = [pool_trial(n) for n in range(9)]
    parts = [plan(0, n_main=8), plan(1, n_main=4)]
    dealt = deal_in_parts(deal(main), parts, rng=np.random.default_rng(3))
    # A block of 9 instead of 12 is shared 2 : 1.
    assert Counter(entry.part for entry in dealt.trials) == {0: 6, 1: 3}


def test_a_part_that_a_block_has_nothing_for_is_left_out():
    main = [pool_trial(n, condition="b") for n in range(3)]
    parts = [plan(0, "a", n_main=4), plan(1, "b", n_main=4)]
    dealt = deal_in_parts(deal(main), parts, rng=np.random.default_rng(3))
    assert dealt.order == (1,)
    assert len(dealt.trials) == 3
