"""Cutting trials into blocks and blocks into sessions."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study_server.errors import StudyDesignError
from study_server.services.blocks.cutting import (
    BlockDesign,
    SessionDeal,
    cut_blocks,
    deal_session,
    per_block_counts,
    seed_from,
)
from study_server.store.trials import PoolTrial


def pool_trial(
    number: int,
    *,
    sources: tuple[str, ...] | None = None,
    control: str = "",
    condition: str = "",
    n_classes: int = 1,
    key: str = "",
) -> PoolTrial:
    return PoolTrial(
        id=number,
        trial_id=f"t{number:04}",
        control=control,
        condition=condition,
        sources=sources or (f"s{number}",),
        n_classes=n_classes,
        key=key,
    )


def design(*, n_responses: int = 5, n_main: int = 14, is_fresh: bool = True):
    return BlockDesign(n_responses=n_responses, n_main=n_main, is_fresh=is_fresh)


def test_fresh_blocks_bring_every_trial_n_responses():
    trials = [pool_trial(number) for number in range(390)]
    plans = cut_blocks(trials, design(), rng=np.random.default_rng(1))
    # 390 / 14 = 27.9: 28 blocks per cut, 5 cuts.
    assert len(plans) == 140
    assert {plan.n_wanted for plan in plans} == {1}
    assert {len(plan.trials) for plan in plans} == {13, 14}
    assert set(Counter(t.id for p in plans for t in p.trials).values()) == {5}


def test_fresh_cuts_do_not_put_the_same_images_together():
    trials = [pool_trial(number) for number in range(390)]
    plans = cut_blocks(trials, design(), rng=np.random.default_rng(1))
    pairs = Counter(
        pair
        for plan in plans
        for pair in pairwise(sorted(trial.id for trial in plan.trials))
    )
    assert max(pairs.values()) <= 3
    shared = cut_blocks(trials, design(is_fresh=False), rng=np.random.default_rng(1))
    assert len(shared) == 28
    assert {plan.n_wanted for plan in shared} == {5}


def test_the_same_seed_cuts_the_same_blocks():
    trials = [pool_trial(number) for number in range(50)]
    first, again, other = (
        cut_blocks(trials, design(), rng=np.random.default_rng(seed))
        for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


def test_conditions_are_cut_apart():
    trials = [pool_trial(n, condition="ab"[n % 2]) for n in range(20)]
    plans = cut_blocks(trials, design(n_main=5), rng=np.random.default_rng(0))
    for plan in plans:
        assert {trial.condition for trial in plan.trials} == {plan.condition}


@given(
    sources=st.lists(
        st.lists(st.integers(0, 12), min_size=1, max_size=3, unique=True),
        min_size=1,
        max_size=40,
    ),
    n_main=st.integers(1, 9),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=150, deadline=None)
def test_no_block_shows_a_source_twice_whatever_the_trials(sources, n_main, seed):
    trials = [
        pool_trial(number, sources=tuple(f"s{s}" for s in entry))
        for number, entry in enumerate(sources)
    ]
    plans = cut_blocks(
        trials, design(n_responses=2, n_main=n_main), rng=np.random.default_rng(seed)
    )
    for plan in plans:
        shown = [source for trial in plan.trials for source in trial.sources]
        assert len(shown) == len(set(shown))
        assert 1 <= len(plan.trials) <= n_main
    assert set(Counter(t.id for p in plans for t in p.trials).values()) == {2}


def deal(**changes) -> SessionDeal:
    catches = [
        pool_trial(100 + n, control="known_yes" if n < 10 else "known_no")
        for n in range(20)
    ]
    practice = [pool_trial(200 + n, key="yes" if n < 8 else "no") for n in range(10)]
    fields = {
        "main": [pool_trial(n, n_classes=5) for n in range(14)],
        "pools": {
            "catch": catches,
            "practice": practice,
            "control": [pool_trial(300 + n, control="random_foil") for n in range(3)],
        },
        "n_drawn": {"known_yes": 3, "known_no": 3, "random_foil": 2},
        "n_practice": 4,
        "seen": frozenset(),
    }
    return SessionDeal(**{**fields, **changes})


def dealt(seed: int = 0, **changes):
    return deal_session(deal(**changes), rng=np.random.default_rng(seed))


def test_a_session_holds_practice_and_the_block_with_its_catches():
    session = dealt()
    assert Counter((e.kind, e.role) for e in session) == {
        ("practice", "practice"): 4,
        ("trials", "main"): 14,
        ("trials", "catch"): 6,
        ("trials", "control"): 2,
    }
    trials = [entry for entry in session if entry.kind == "trials"]
    assert [entry.position for entry in trials] == list(range(22))
    assert Counter(e.trial.control for e in trials if e.role == "catch") == {
        "known_yes": 3,
        "known_no": 3,
    }


def test_practice_takes_yes_and_no_evenly():
    for seed in range(5):
        practice = [e for e in dealt(seed) if e.kind == "practice"]
        assert Counter(e.trial.key for e in practice) == {"yes": 2, "no": 2}


def test_roles_stand_anywhere_and_classes_in_any_order():
    first_roles: Counter[str] = Counter()
    first_classes: Counter[int] = Counter()
    for seed in range(600):
        first = next(e for e in dealt(seed) if e.kind == "trials")
        first_roles[first.role] += 1
        first_classes.update(e.class_order[0] for e in dealt(seed) if e.role == "main")
    # 6 of 22 first places: 164 expected, standard deviation 10.9.
    assert abs(first_roles["catch"] - 164) < 4 * 10.9
    # 600 x 14 draws of 5: 1680 expected each, standard deviation 36.7.
    assert all(abs(first_classes[index] - 1680) < 4 * 36.7 for index in range(5))


def test_different_sessions_get_different_catches():
    drawn = {
        frozenset(e.trial.id for e in dealt(seed) if e.role == "catch")
        for seed in range(10)
    }
    assert len(drawn) > 5


def test_what_was_seen_never_comes_again():
    seen = frozenset({f"s{100 + n}" for n in range(9)} | {"s300", "s301"})
    session = dealt(seen=seen)
    catches = [e.trial.id for e in session if e.trial.control == "known_yes"]
    assert catches == [109]  # the only new one
    assert [e.trial.id for e in session if e.role == "control"] == [302]


def test_a_trial_never_comes_again_even_where_its_source_may():
    given = frozenset({*range(100, 109), 300, 301})
    session = dealt(given=given)
    catches = [e.trial.id for e in session if e.trial.control == "known_yes"]
    assert catches == [109]
    assert [e.trial.id for e in session if e.role == "control"] == [302]


def test_catches_are_enough_until_one_kind_runs_short():
    # Ten of each kind, three a block: after three blocks there is one left.
    assert deal(given=frozenset(range(100, 107))).has_catches()
    assert not deal(given=frozenset(range(100, 108))).has_catches()
    assert not deal(seen=frozenset(f"s{n}" for n in range(110, 118))).has_catches()
    assert deal(n_drawn={"random_foil": 9}).has_catches()  # no catches, none short


def test_a_catch_never_shows_a_source_of_its_block():
    main = [pool_trial(n, sources=(f"s{100 + n}",)) for n in range(9)]
    session = dealt(main=main)
    trials = [entry for entry in session if entry.kind == "trials"]
    shown = [source for entry in trials for source in entry.trial.sources]
    assert len(shown) == len(set(shown))


def test_seeds_follow_from_their_parts():
    assert seed_from(7, "live", 3, 1) == seed_from(7, "live", 3, 1)
    assert len({seed_from(7, "live", 3, n) for n in range(100)}) == 100
    assert all(0 <= seed_from(n) < 2**63 for n in range(100))


def test_practice_is_not_among_the_counts_per_block():
    summary = {"controls": {"known_yes": 3, "practice": 4, "hard_foil": 0}}
    assert per_block_counts(summary) == {"known_yes": 3}
    assert per_block_counts({}) == {}


@pytest.mark.parametrize("count", [None, -1, "three", 2.5, True, [3]])
def test_a_count_that_is_none_is_said_in_words(count):
    summary = {"controls": {"known_yes": count, "practice": 4}}
    with pytest.raises(StudyDesignError) as caught:
        per_block_counts(summary)
    assert f"controls.known_yes: expected a whole number from 0, got {count!r}" in str(
        caught.value
    )
    assert "practice" not in str(caught.value)
    with pytest.raises(StudyDesignError, match="expected a table of counts"):
        per_block_counts({"controls": count})


def crossed(n_items: int, n_conditions: int = 7) -> list[PoolTrial]:
    """Trials of items, one per condition, each item with a source of its own."""
    return [
        PoolTrial(
            id=item * n_conditions + condition,
            trial_id=f"t{item:03}-{condition}",
            control="",
            condition="abcdefg"[condition],
            sources=(f"s{item}",),
            n_classes=6,
            key=str(item % 6),
            classes=("1", "2"),
        )
        for item in range(n_items)
        for condition in range(n_conditions)
    ]


def crossing(n_responses: int = 1, n_main: int = 7, *, is_fresh: bool = True):
    return BlockDesign(
        n_responses=n_responses, n_main=n_main, is_fresh=is_fresh, is_crossed=True
    )


def test_a_latin_square_takes_every_item_through_every_condition():
    plans = cut_blocks(crossed(7), crossing(), rng=np.random.default_rng(5))
    # 7 items, 7 conditions, blocks of 7: one square of 7 blocks.
    assert len(plans) == 7
    for plan in plans:
        assert plan.condition == ""
        assert sorted(t.condition for t in plan.trials) == list("abcdefg")
        assert len({t.sources for t in plan.trials}) == 7
    cells = Counter((t.sources, t.condition) for p in plans for t in p.trials)
    assert len(cells) == 49
    assert set(cells.values()) == {1}


@given(
    n_items=st.integers(1, 30),
    n_conditions=st.integers(2, 7),
    n_main=st.integers(1, 16),
    n_responses=st.integers(1, 3),
    is_fresh=st.booleans(),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=120, deadline=None)
def test_blocks_of_every_condition_are_balanced_whatever_their_size(
    n_items, n_conditions, n_main, n_responses, is_fresh, seed
):
    plans = cut_blocks(
        crossed(n_items, n_conditions),
        crossing(n_responses, n_main, is_fresh=is_fresh),
        rng=np.random.default_rng(seed),
    )
    wanted: Counter[int] = Counter()
    for plan in plans:
        items = [trial.sources for trial in plan.trials]
        assert len(items) == len(set(items)) <= n_main
        per_condition = Counter(trial.condition for trial in plan.trials)
        counts = [per_condition["abcdefg"[c]] for c in range(n_conditions)]
        assert max(counts) - min(counts) <= 1
        for trial in plan.trials:
            wanted[trial.id] += plan.n_wanted
    assert set(wanted.values()) == {n_responses}
    assert len(wanted) == n_items * n_conditions


def test_the_display_of_an_image_is_drawn_for_each_person():
    trials = crossed(40, 2)
    plans = cut_blocks(trials, crossing(5, 20), rng=np.random.default_rng(8))
    # Both displays five times each, ten people per image, each of them once.
    shown = Counter((t.sources, t.condition) for p in plans for t in p.trials)
    assert set(shown.values()) == {5}
    # Which images go together under one display differs from cut to cut.
    whole = [frozenset(t.id for t in p.trials if t.condition == "a") for p in plans]
    assert len(set(whole)) == len(whole) == 20


def test_what_is_missing_fills_whole_blocks_whatever_its_condition():
    # One trial each of ten items, conditions in turn: nothing to cross.
    missing = [trial for n, trial in enumerate(crossed(10)) if n % 8 == 0]
    assert len(missing) == 9
    plans = cut_blocks(missing, crossing(1, 5), rng=np.random.default_rng(0))
    assert sorted(len(plan.trials) for plan in plans) == [4, 5]
    per_block = [Counter(t.condition for t in p.trials) for p in plans]
    assert all(max(counts.values()) <= 2 for counts in per_block)
    assert {plan.condition for plan in plans} == {""}


def test_two_attacks_on_one_image_never_meet_in_a_block():
    twins = [
        replace(trial, id=trial.id + 100, trial_id=f"{trial.trial_id}-twin")
        for trial in crossed(6, 2)
    ]
    plans = cut_blocks(
        [*crossed(6, 2), *twins], crossing(1, 6), rng=np.random.default_rng(2)
    )
    for plan in plans:
        assert len({t.sources for t in plan.trials}) == len(plan.trials)
    assert sum(len(plan.trials) for plan in plans) == 24


def test_controls_of_a_mixed_block_come_from_both_displays():
    main = [pool_trial(n, condition="ab"[n % 2]) for n in range(14)]
    foils = [
        pool_trial(300 + n, control="random_foil", condition="abc"[n % 3])
        for n in range(30)
    ]
    for seed in range(20):
        session = dealt(
            seed, main=main, pools={"control": foils}, n_drawn={"random_foil": 4}
        )
        drawn = Counter(e.trial.condition for e in session if e.role == "control")
        assert drawn == {"a": 2, "b": 2}  # never of the condition it has not


def test_controls_of_a_block_of_one_display_are_its_own():
    main = [pool_trial(n, condition="a") for n in range(4)]
    foils = [
        pool_trial(300 + n, control="random_foil", condition="ab"[n % 2])
        for n in range(30)
    ]
    session = dealt(0, main=main, pools={"control": foils}, n_drawn={"random_foil": 3})
    drawn = {e.trial.condition for e in session if e.role == "control"}
    assert drawn == {"a"}
