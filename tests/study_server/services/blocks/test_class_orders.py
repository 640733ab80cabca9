"""One order of classes throughout, where a question wants it."""

from __future__ import annotations

from dataclasses import replace

from hit_templates.base import get_paradigm
from study_server.services.blocks.class_orders import in_person_order
from study_server.services.blocks.cutting import DealtTrial
from study_server.store.trials import PoolTrial


def dealt(number: int, order: tuple[int, ...]) -> DealtTrial:
    trial = PoolTrial(
        id=number,
        trial_id=str(number),
        control="",
        condition="",
        sources=(),
        n_classes=len(order),
        key="",
    )
    return DealtTrial(
        trial=trial, role="main", kind="trials", position=number, class_order=order
    )


SHUFFLED = get_paradigm("categorise").configure({"order": "shuffled"}).questions
TRIALS = [dealt(0, (0, 1, 2, 3, 4)), dealt(1, (4, 3, 2, 1, 0)), dealt(2, (1, 0))]


def test_a_person_meets_the_categories_in_one_order():
    first, second, other = in_person_order(TRIALS, SHUFFLED, seed=7)
    assert first.class_order == second.class_order
    assert sorted(first.class_order) == [0, 1, 2, 3, 4]
    assert sorted(other.class_order) == [0, 1]
    orders = {
        in_person_order(TRIALS, SHUFFLED, seed=seed)[0].class_order
        for seed in range(20)
    }
    assert len(orders) > 10


def test_other_ways_of_asking_keep_an_order_for_each_trial():
    plain = get_paradigm("relevance").questions
    assert in_person_order(TRIALS, plain, seed=7) == TRIALS


def test_every_picture_stands_at_every_place_equally_often():
    even = get_paradigm("prefer").questions
    trials = [dealt(n, (0, 1)) for n in range(8)] + [
        dealt(n, (0, 1, 2)) for n in range(8, 14)
    ]
    for seed in range(5):
        found = in_person_order(trials, even, seed=seed)
        firsts = [each.class_order[0] for each in found]
        assert [firsts[:8].count(n) for n in range(2)] == [4, 4]
        for place in range(3):
            stood = [each.class_order[place] for each in found[8:]]
            assert [stood.count(n) for n in range(3)] == [2, 2, 2]
    # Who knows one place does not know the next.
    orders = {
        tuple(each.class_order for each in in_person_order(trials, even, seed=seed))
        for seed in range(20)
    }
    assert len(orders) == 20


def test_catches_are_evened_out_by_themselves():
    trials = [dealt(n, (0, 1)) for n in range(4)]
    trials[1] = replace(trials[1], role="catch")
    trials[3] = replace(trials[3], role="catch")
    found = in_person_order(trials, get_paradigm("prefer").questions, seed=1)
    assert sorted(found[n].class_order for n in (1, 3)) == [(0, 1), (1, 0)]
