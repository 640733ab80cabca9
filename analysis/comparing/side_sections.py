"""The images that changed side: counts, a list and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.comparing.error_sections import pair_names
from analysis.comparing.errors import ErrorPair
from analysis.comparing.sides import (
    STATES,
    change_test,
    changed,
    changed_gallery,
    side_by_side,
    transitions,
)
from analysis.elements.sections import Block, DataTable, Prose, Section
from analysis.elements.wording import NOTHING, class_list, count, p_text
from analysis.statistics.contrasts import Contrast

_SIDES: Final = (
    "Each error of either side by what people said of it. “Not asked about” means that "
    "the classifier was right there, or that the image was not put up."
)


def sides_sections(pairs: Sequence[ErrorPair], a: Bundle, b: Bundle) -> list[Section]:
    """Which images changed side, a section per pair that has images in common."""
    found = []
    for number, pair in enumerate(each for each in pairs if each.n_both):
        suffix = "" if number == 0 else f"_{number + 1}"
        sides = side_by_side(pair, a, b)
        table = transitions(sides)
        blocks: list[Block] = [
            Prose(text=_SIDES),
            _transitions_table(table, name=f"sides{suffix}"),
            Prose(text=_said_of(sides, change_test(pair, a, b))),
        ]
        if len(changed(sides)):
            blocks.append(_changed_table(sides, a, b, name=f"changed{suffix}"))
        blocks.append(changed_gallery(sides, a, b, name=f"changed{suffix}"))
        found.append(
            Section(
                id=f"sides{suffix.replace('_', '-')}",
                title=f"Images that changed side: {pair_names(pairs)[pairs.index(pair)]}",
                blocks=blocks,
            )
        )
    return found


def _transitions_table(table: pd.DataFrame, *, name: str) -> DataTable:
    shown = table.map(count).rename(columns=lambda state: f"{state} in B")
    shown = shown.reset_index(names="in A").rename_axis(columns=None)
    total = int(table.to_numpy().sum())
    return DataTable(
        name=name,
        caption=f"Images by what people said of them in A (rows) and in B (columns); n "
        f"= {count(total)} images that are an error on either side.",
        shown=shown,
        numbers=table.reset_index(),
    )


def _said_of(sides: pd.DataFrame, tested: Contrast) -> str:
    up = int(((sides["state_a"] == STATES[1]) & (sides["state_b"] == STATES[0])).sum())
    down = int(
        ((sides["state_a"] == STATES[0]) & (sides["state_b"] == STATES[1])).sum()
    )
    said = (
        f"{count(up)} images are rejected in A and accepted in B, {count(down)} the "
        "other way round"
    )
    if isnan(tested.p_value):
        reason = tested.estimate.method.removeprefix("no interval: ")
        return f"{said}; no test: {reason}."
    return (
        f"{said}; as many each way, for other people and images like these: p "
        f"{p_text(tested.p_value, is_in_text=True)}."
    )


def _changed_table(
    sides: pd.DataFrame, a: Bundle, b: Bundle, *, name: str
) -> DataTable:
    found = changed(sides)
    names = {**b.class_names, **a.class_names}
    short = found.head(20)
    shown = pd.DataFrame(
        {
            "image": [str(image)[:12] for image in short["image"]],
            "label": [class_list([str(label)], names) for label in short["label"]],
            "predicted in A": [_classes(each, names) for each in short["predicted_a"]],
            "predicted in B": [_classes(each, names) for each in short["predicted_b"]],
            "A": [f"{n:.0f} of {a.n}, {s}" for n, s in _voted(short, "a")],
            "B": [f"{n:.0f} of {b.n}, {s}" for n, s in _voted(short, "b")],
        }
    )
    more = "" if len(short) == len(found) else "; the first 20, all in the CSV file"
    return DataTable(
        name=name,
        caption=f"{count(len(found))} images that changed side, with people who "
        f"accept the prediction{more}.",
        shown=shown,
        numbers=found,
        text_columns=4,
    )


def _voted(found: pd.DataFrame, side: str) -> list[tuple[float, str]]:
    return list(zip(found[f"n_yes_{side}"], found[f"state_{side}"], strict=True))


def _classes(ids: str, names: Mapping[str, str]) -> str:
    return class_list(ids.split("|"), names) or NOTHING
