"""Right responses by level, a curve through them, and its threshold.

For questions whose key says which category is right, in studies whose conditions are
levels of one thing (contrast, noise): the set says which number each condition stands
for (`levels` in `bundle.json`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.bundles.clusters import clusters_in
from analysis.bundles.kept import kept
from analysis.bundles.reading import Bundle
from analysis.errors import AnalysisError
from analysis.measures.category_accuracy.numbers import (
    PEOPLE,
    CategoryAccuracy,
    CategoryChoices,
    accuracies,
    category_choices,
)
from analysis.statistics.experiments.psychometric import (
    LEAST_LEVELS,
    PsychometricCurve,
    Scale,
    psychometric_curve,
)

_SCALES: Final[tuple[Scale, ...]] = ("log", "linear")


@dataclass(frozen=True, kw_only=True)
class Levels:
    """What the conditions are levels of.

    Attributes:
        name: What was varied ("contrast").
        scale: "log" where levels differ by factors, else "linear".
        unit: Of the numbers; often empty.
        of: Condition to its level.
    """

    name: str
    scale: Scale
    unit: str
    of: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class LevelCurve:
    """One decider's curve, with the shares it goes through.

    Attributes:
        question: The question's name.
        decider: `PEOPLE`, or the observer's name.
        curve: With its threshold.
        shares: Level to the share right there, in the order of levels.
    """

    question: str
    decider: str
    curve: PsychometricCurve
    shares: Mapping[float, CategoryAccuracy]


def levels_of(bundle: Bundle) -> Levels | None:
    """What the conditions are levels of; None where the study varies no such thing.

    Raises:
        AnalysisError: If `bundle.json` says so in a way that cannot be.

    >>> from analysis.bundles.example import example_bundle
    >>> levels_of(example_bundle()) is None
    True
    """
    told = bundle.levels
    if told is None:
        return None
    if not isinstance(told.get("of"), Mapping):
        raise AnalysisError(
            f"{bundle.name}: levels in bundle.json must say which number each condition "
            f"stands for (an object “of”), got {str(told)[:60]}"
        )
    scale = str(told.get("scale", "linear"))
    found = {str(name): _number(value) for name, value in told["of"].items()}
    bad = [name for name, value in found.items() if not np.isfinite(value)]
    if scale not in _SCALES or bad:
        raise AnalysisError(
            f"{bundle.name}: levels in bundle.json are numbers on the scale log or "
            f"linear, got scale {scale!r} and {', '.join(bad) or 'numbers'}"
        )
    return Levels(
        name=str(told.get("name") or "level"),
        scale="log" if scale == "log" else "linear",
        unit=str(told.get("unit") or ""),
        of=found,
    )


def _number(value: Any) -> float:  # noqa: ANN401 - whatever the JSON holds
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else float("nan")


def level_curves(bundle: Bundle) -> list[LevelCurve]:
    """Curves of people and of every observer, question by question.

    Deciders who met fewer than three levels have none. On a scale of logarithms,
    levels of 0 (no noise, say) are shown as shares and left out of the curve.

    Raises:
        AnalysisError: As `levels_of` does.

    >>> from analysis.bundles.example import example_bundle
    >>> level_curves(example_bundle())
    []
    """
    return list(_curves(bundle))


@kept
def _curves(bundle: Bundle) -> list[LevelCurve]:
    levels = levels_of(bundle)
    if levels is None:
        return []
    return [
        found
        for choices in category_choices(bundle)
        for decider in choices.deciders
        if (found := _curve(choices, decider, levels)) is not None
    ]


def _curve(choices: CategoryChoices, decider: str, levels: Levels) -> LevelCurve | None:
    rows = choices.of(decider)
    rows = rows.assign(level=rows["condition"].map(levels.of))
    rows = rows[rows["level"].notna()]
    if levels.scale == "log":
        rows = rows[rows["level"] > 0]
    if rows["level"].nunique() < LEAST_LEVELS:
        return None
    curve = psychometric_curve(
        rows,
        level="level",
        right="is_right",
        guess=choices.guess,
        stimulus="image",
        scale=levels.scale,
        participant="participant" if decider == PEOPLE else None,
        clusters=clusters_in(rows),
    )
    return LevelCurve(
        question=choices.question.name,
        decider=decider,
        curve=curve,
        shares=_shares(choices, decider, levels),
    )


def _shares(
    choices: CategoryChoices, decider: str, levels: Levels
) -> dict[float, CategoryAccuracy]:
    found = {
        levels.of[each.condition]: each
        for each in accuracies(choices)
        if each.decider == decider and each.condition in levels.of
    }
    return dict(sorted(found.items()))
