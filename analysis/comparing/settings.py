"""What differs in the settings of two bundles."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.wording import NOTHING
from analysis.reporting.method_sections import settings_of

# Settings that could change the numbers, as against names and versions.
_WEIGHTY: Final = (
    "design ",
    "quality ",
    "recipe ",
    "classifier ",
    "study set_sha256",
    "study paradigm",
)


def different_settings(a: Bundle, b: Bundle) -> pd.DataFrame:
    """Every setting that is not the same on both sides, what weighs first.

    Columns setting, a, b (empty where a side does not have it) and is_weighty:
    whether it may change the numbers by itself.

    >>> from analysis.bundles.example import example_bundle
    >>> bundle = example_bundle()
    >>> different_settings(bundle, bundle).empty
    True
    """
    one, two = _told(a), _told(b)
    names = list(dict.fromkeys([*one, *two]))
    rows = [
        {"setting": name, "a": one.get(name, ""), "b": two.get(name, "")}
        for name in names
        if one.get(name) != two.get(name)
    ]
    table = pd.DataFrame(rows, columns=["setting", "a", "b"])
    is_weighty = table["setting"].astype(str).str.startswith(_WEIGHTY)
    table = table.assign(is_weighty=is_weighty.astype(bool))
    return table.sort_values(
        "is_weighty", ascending=False, kind="stable", ignore_index=True
    )


def same_settings(a: Bundle, b: Bundle) -> int:
    """How many settings are the same on both sides."""
    one, two = _told(a), _told(b)
    return sum(name in two and one[name] == two[name] for name in one)


def common_margin(a: Bundle, b: Bundle) -> float | None:
    """What both call small (`equivalence_margin`), or the one that says so.

    None where neither does, or where they part.

    >>> from analysis.bundles.example import example_bundle
    >>> common_margin(example_bundle(), example_bundle())
    """
    stated = {a.equivalence_margin, b.equivalence_margin} - {None}
    return stated.pop() if len(stated) == 1 else None


def shown_settings(table: pd.DataFrame) -> pd.DataFrame:
    """The table as read: an en dash where a side does not have a setting."""
    shown = table[["setting", "a", "b"]].replace("", NOTHING)
    return shown.rename(columns={"a": "A", "b": "B"})


def _told(bundle: Bundle) -> dict[str, str]:
    head = {
        "study environment": str(bundle.head["environment"]),
        "study exported_at": str(bundle.head.get("exported_at", "")),
    }
    return {**settings_of(bundle), **head}
