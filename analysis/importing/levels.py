"""Conditions that are levels of one thing, by the numbers in their names."""

from __future__ import annotations

import re
from typing import Any, Final

import pandas as pd

from analysis.bundles.frames import Problems
from analysis.importing.base import ImportOptions, shown_values

SCALES: Final = ("log", "linear")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")


def levels_of_conditions(
    answers: pd.DataFrame, options: ImportOptions, *, problems: Problems
) -> dict[str, Any] | None:
    """What `bundle.json` says of the levels; None where nothing was said of them.

    Args:
        answers: A column condition.
        options: `levels`, NAME=SCALE.
        problems: Takes conditions without one number, and a scale that cannot be.

    >>> answers = pd.DataFrame({"condition": ["c100", "c5"]})
    >>> found = levels_of_conditions(
    ...     answers, ImportOptions(levels="contrast=log"), problems=Problems())
    >>> found["of"]
    {'c100': 100.0, 'c5': 5.0}
    """
    if not options.levels:
        return None
    name, _, scale = (part.strip() for part in options.levels.partition("="))
    if not name or scale not in SCALES:
        problems.add(
            f"--levels {options.levels}: expected NAME=log or NAME=linear, such as "
            "contrast=log"
        )
    conditions = pd.Series(answers["condition"].astype("str").unique())
    numbers = {each: _NUMBER.findall(each) for each in conditions}
    bad = conditions[[len(numbers[each]) != 1 for each in conditions]]
    if len(bad):
        problems.add(
            f"--levels {options.levels}: expected one number in the name of every "
            f"condition, got {shown_values(bad)}; --where takes some conditions only"
        )
    of = {each: float(found[0]) for each, found in numbers.items() if len(found) == 1}
    if scale == "log" and (least := min(of.values(), default=1.0)) <= 0:
        problems.add(
            f"--levels {options.levels}: {least:g} has no logarithm; linear takes any "
            "number"
        )
    return {"name": name, "scale": scale, "unit": "", "of": of}
