"""Two stimulus sets of one recipe, made by different machines or engines."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from stimuli.manifest import Stimulus, StimulusSet

MIN_SHARE: Final = 0.995

_Key = tuple[str, str, str, int]


@dataclass(kw_only=True)
class ComparedSets:
    """How far two sets agree.

    Attributes:
        n_stimuli: Stimuli of either set, each pair counted once.
        n_same: Pairs of the same bytes.
        n_alike: Pairs with the same labels and steps, whatever their bytes.
        differences: Of all others, one sentence each.
    """

    n_stimuli: int = 0
    n_same: int = 0
    n_alike: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Share with the same labels and steps; NaN where there is nothing."""
        return self.n_alike / self.n_stimuli if self.n_stimuli else float("nan")

    @property
    def is_enough(self) -> bool:
        """Whether at least 99.5 % agree in labels and steps."""
        return self.share >= MIN_SHARE

    def to_raw(self) -> dict[str, Any]:
        """Counts, share (None where there is nothing) and differences, for JSON."""
        share = None if math.isnan(self.share) else self.share
        return {**vars(self), "share": share, "is_enough": self.is_enough}


def compare_sets(first: Path, second: Path) -> ComparedSets:
    """Compare the stimuli that two sets made of the same sources.

    Stimuli are paired by source image, method and parameters, and in the
    manifest's order where one source has several.

    Args:
        first: A set.
        second: Another one.

    Raises:
        StimulusSetError: If one of them is no stimulus set.
    """
    mine, theirs = (_by_key(StimulusSet.open(folder)) for folder in (first, second))
    compared = ComparedSets()
    for key in sorted(mine.keys() | theirs.keys()):
        compared.n_stimuli += 1
        pair = mine.get(key), theirs.get(key)
        if pair[0] is None or pair[1] is None:
            where = second if pair[1] is None else first
            compared.differences.append(f"{_name(key)}: not in {where}")
            continue
        compared.n_same += pair[0].id == pair[1].id
        problems = _differ(pair[0], pair[1])
        compared.n_alike += not problems
        compared.differences += [f"{_name(key)}: {problem}" for problem in problems]
    return compared


def _by_key(opened: StimulusSet) -> Mapping[_Key, Stimulus]:
    found: dict[_Key, Stimulus] = {}
    counts: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for stimulus in opened.stimuli():
        parameters = json.dumps(stimulus.parameters, sort_keys=True)
        what = (stimulus.source, stimulus.method, parameters)
        found[*what, counts[what]] = stimulus
        counts[what] += 1
    return found


def _name(key: _Key) -> str:
    source, method, _, number = key
    return f"{source} ({method}{f', number {number + 1}' if number else ''})"


def _differ(mine: Stimulus, theirs: Stimulus) -> list[str]:
    """What is not alike: labels that the classifiers give, and steps."""
    problems = []
    other = {prediction.classifier: prediction for prediction in theirs.predictions}
    for prediction in mine.predictions:
        now = other.get(prediction.classifier)
        label = now.classes[0] if now else None
        if label != prediction.classes[0]:
            problems.append(
                f"{prediction.classifier} says class {prediction.classes[0]} in the "
                f"one, {label} in the other (margin {prediction.margin:g})"
            )
    steps = _find_steps(mine.facts), _find_steps(theirs.facts)
    for name in sorted(steps[0].keys() | steps[1].keys()):
        values = [found.get(name) for found in steps]
        if values[0] != values[1]:
            problems.append(f"{name} {values[0]} in the one, {values[1]} in the other")
    return problems


def _find_steps(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Every fact that counts steps, or names the label at each, at any depth."""
    found: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping):
            found |= _find_steps(value, f"{prefix}{name}.")
        elif "steps" in name or name == "labels":
            found[prefix + name] = value
    return found
