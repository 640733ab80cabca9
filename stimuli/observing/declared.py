"""What each trial of a set says of observers, or what its question lets expect."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stimuli.manifest import Trial
from stimuli.observing.rules import (
    NEAREST,
    NO,
    ODD_ONE,
    YES,
    ObservingError,
    ResponseRule,
    highest_output,
    read_rule,
)
from stimuli.recipes.questions import (
    ALTERNATIVES,
    ANY_CLASS,
    EACH_CLASS,
    GROUP,
    GROUP_TOLD_APART,
    JUDGED,
    ODD,
    ODD_ONE_OUT,
    ONE_CLASS,
)


@dataclass(frozen=True, kw_only=True)
class ObservedTrial:
    """A trial that observers can respond to.

    Attributes:
        trial: As the set has it.
        rule: How outputs become a response; also which values there are.
    """

    trial: Trial
    rule: ResponseRule


def observed_trials(
    trials: Sequence[Trial], *, wanted: str | None = None
) -> list[ObservedTrial]:
    """Every trial with its rule; trials that no observer can respond to are left out.

    Args:
        trials: Of the set.
        wanted: "top1" or "top5", for trials about classes that say nothing themselves;
            None takes the classifier's first class.

    Raises:
        ObservingError: If a rule makes no sense, or no trial has one.
    """
    read: dict[str, ResponseRule] = {}
    found = []
    for trial in trials:
        raw = trial.observing or usual_rule(trial, wanted=wanted)
        if raw is None:
            continue
        key = json.dumps(raw, sort_keys=True)
        if key not in read:
            try:
                read[key] = read_rule(raw)
            except ObservingError as error:
                raise ObservingError(f"trial {trial.id}: {error}") from error
        found.append(ObservedTrial(trial=trial, rule=read[key]))
    if not found:
        asked = ", ".join(sorted({trial.question for trial in trials})) or "nothing"
        raise ObservingError(
            f"no trial of the set says how an observer responds (they ask: {asked}); "
            "the recipe writes it, for example `categorise`"
        )
    return found


def usual_rule(trial: Trial, *, wanted: str | None = None) -> dict[str, Any] | None:
    """What follows from a question about classes or pictures; None where nothing does."""
    if trial.question == ODD_ONE_OUT:
        return _odd()
    ids = [int(each) for each in trial.classes if each.isdecimal()]
    if len(ids) < len(trial.classes) or not ids:
        return None if trial.question not in _GROUPS else _nearest(trial)
    name = wanted or "top1"
    match trial.question:
        case _ if trial.question in _GROUPS:
            return _nearest(trial)
        case _ if trial.question == EACH_CLASS:
            fields = {f"{JUDGED}_{n}": {YES: [i], NO: []} for n, i in enumerate(ids)}
            return {"rule": name, "fields": fields}
        case _ if trial.question in (ONE_CLASS, ANY_CLASS):
            return {"rule": name, "field": JUDGED, "choices": {YES: ids, NO: []}}
        case _ if trial.question == ALTERNATIVES:
            choices = {str(place): [i] for place, i in enumerate(ids, start=1)}
            return {"rule": "present", "field": "right", "choices": choices}
    return None


_GROUPS = (GROUP, GROUP_TOLD_APART)
_OF_THREE = 3


def _nearest(trial: Trial) -> dict[str, Any]:
    groups: dict[str, list[str]] = {}
    for slot in sorted(trial.slots):
        if slot.startswith("group_"):
            groups.setdefault(slot.split("_")[1], []).append(slot)
    return {
        "rule": NEAREST,
        "field": "group",
        "choices": {place: [] for place in groups},
        "groups": groups,
    }


def _odd() -> dict[str, Any]:
    slots = {str(place): [f"option{place}"] for place in range(1, _OF_THREE + 1)}
    return {
        "rule": ODD_ONE,
        "field": ODD,
        "choices": {place: [] for place in slots},
        "groups": slots,
    }


def output_problems(
    trials: Sequence[ObservedTrial],
    *,
    n_outputs: int,
    own: Sequence[str],
    of_set: Mapping[int, str],
) -> Iterator[str]:
    """Why a classifier does not have the classes that the trials are about.

    Args:
        trials: Of the set.
        n_outputs: Of the classifier.
        own: What it calls them; empty where it says nothing.
        of_set: Number to what the set calls the class.
    """
    highest = max((highest_output(each.rule) for each in trials), default=-1)
    if highest >= n_outputs:
        yield (
            f"the trials ask for output {highest}, the classifier has {n_outputs} "
            "(from 0)"
        )
    if not own or not of_set:
        return
    pairs = [
        (number, _plain(name), _plain(own[number]))
        for number, name in of_set.items()
        if number < len(own)
    ]
    other = [(number, a, b) for number, a, b in pairs if a != b]
    places = {_plain(name) for name in own}
    moved = [each for each in other if each[1] in places]
    if moved or len(other) > len(pairs) / 2:
        number, of, found = (moved or other)[0]
        yield (
            f"{len(other)} of {len(pairs)} classes have another name: class {number} is "
            f"{of!r} in the set and {found!r} for the classifier"
        )


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())
