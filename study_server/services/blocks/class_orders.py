"""One order of classes throughout, for ways of asking that want it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from hit_templates.questions import Question
from study_server.services.blocks.cutting import DealtTrial


def is_in_one_order(questions: Mapping[str, Question]) -> bool:
    """Whether a person is to meet the classes in one order throughout."""
    return any(each.shuffled == "classes-once" for each in questions.values())


def in_person_order(
    dealt: Iterable[DealtTrial], questions: Mapping[str, Question], *, seed: int
) -> list[DealtTrial]:
    """Dealt trials, those of as many classes in one and the same order of them.

    Nothing changes where no question is "classes-once".

    Args:
        dealt: A session's trials.
        questions: As the study's paradigm declares them.
        seed: Of the person, or of whatever else keeps one order.
    """
    if not is_in_one_order(questions):
        return list(dealt)
    return [replace(each, class_order=_order(each, seed=seed)) for each in dealt]


def _order(dealt: DealtTrial, *, seed: int) -> tuple[int, ...]:
    places = np.random.default_rng(seed).permutation(dealt.trial.n_classes)
    return tuple(int(place) for place in places)
