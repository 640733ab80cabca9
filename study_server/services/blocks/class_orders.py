"""Orders of a person's trials that belong together, for ways of asking that want it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from hit_templates.questions import Question
from study_server.services.blocks.cutting import DealtTrial


def is_in_one_order(questions: Mapping[str, Question]) -> bool:
    """Whether a person is to meet the classes in one order throughout."""
    return any(each.shuffled == "classes-once" for each in questions.values())


def is_even(questions: Mapping[str, Question]) -> bool:
    """Whether what is shown stands at every place equally often for a person."""
    return any(each.shuffled == "places-evenly" for each in questions.values())


def in_person_order(
    dealt: Iterable[DealtTrial], questions: Mapping[str, Question], *, seed: int
) -> list[DealtTrial]:
    """Dealt trials, in orders of their classes that belong together.

    With "classes-once", those of as many classes in one and the same order; with
    "places-evenly", each class as often at one place as at any other, as far as there
    are trials. Nothing changes where no question is either.

    Args:
        dealt: A session's trials.
        questions: As the study's paradigm declares them.
        seed: Of the person, or of whatever else keeps one order.
    """
    if is_even(questions):
        return list(_evenly(dealt, seed=seed))
    if not is_in_one_order(questions):
        return list(dealt)
    return [replace(each, class_order=_order(each, seed=seed)) for each in dealt]


def _order(dealt: DealtTrial, *, seed: int) -> tuple[int, ...]:
    places = np.random.default_rng(seed).permutation(dealt.trial.n_classes)
    return tuple(int(place) for place in places)


def _evenly(dealt: Iterable[DealtTrial], *, seed: int) -> Iterator[DealtTrial]:
    """Trials of a role and as many classes take the turns of one order, then the next."""
    rng = np.random.default_rng(seed)
    left: defaultdict[tuple[str, int], list[tuple[int, ...]]] = defaultdict(list)
    for each in dealt:
        turns = left[each.role, each.trial.n_classes]
        if not turns:
            turns += _turns(each.trial.n_classes, rng=rng)
        yield replace(each, class_order=turns.pop() if turns else ())


def _turns(n: int, *, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """An order and its turns, themselves in random order: each class at every place."""
    order = [int(place) for place in rng.permutation(n)]
    return [(*order[by:], *order[:by]) for by in rng.permutation(n)]
