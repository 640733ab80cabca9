"""What observers responded to the trials that people met, beside what was right.

An observer is no participant: it stands for itself and is in no table of people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd

from analysis.bundles.reading import Bundle


def observer_names(bundle: Bundle) -> list[str]:
    """Observers in the order of `bundle.json`, then any others that responded.

    >>> from analysis.bundles.example import example_bundle
    >>> observer_names(example_bundle())
    []
    """
    listed = [str(each["name"]) for each in bundle.observers]
    came = bundle.observations["observer"].astype(str).unique()
    there = set(came)
    return [
        *(n for n in dict.fromkeys(listed) if n in there),
        *sorted(there - {*listed}),
    ]


def key_of(text: object) -> Mapping[str, str]:
    """A trial's key: field to the right value; empty where it has none.

    >>> key_of('{"category": "cat"}'), key_of("")
    ({'category': 'cat'}, {})
    """
    found = json.loads(str(text)) if isinstance(text, str) and text else {}
    if not isinstance(found, dict):
        return {}
    return {str(name): str(value) for name, value in found.items()}


def observed_values(bundle: Bundle) -> pd.DataFrame:
    """What observers entered in the fields of main trials that have a key.

    Returns:
        Columns observer, trial, repeat, field, value ("" for a refusal), key, is_right:
        a row per observer, trial, repeat and keyed field.

    >>> from analysis.bundles.example import example_bundle
    >>> observed_values(example_bundle()).empty
    True
    """
    rows = bundle.observations
    main = bundle.trials[bundle.trials["role"] == "main"].set_index("trial")
    keys = {trial: key_of(text) for trial, text in main["key"].items()}
    asked = [
        keys.get(trial, {}).get(field)
        for trial, field in zip(rows["trial"], rows["field"], strict=True)
    ]
    known = rows.assign(
        observer=rows["observer"].astype(str),
        value=rows["value"].fillna("").astype(str),
        key=pd.Series(asked, index=rows.index, dtype=object),
    )
    found = known[known["key"].notna()].reset_index(drop=True)
    columns = ["observer", "trial", "repeat", "field", "value", "key"]
    return found[columns].assign(is_right=found["value"] == found["key"])


def observed_decisions(bundle: Bundle) -> pd.DataFrame:
    """Whether each observer was right on each trial: on every field that has a key.

    Where an observer responded to a trial several times, its first response counts.

    Returns:
        Columns observer, trial, is_right, n_repeats.

    >>> from analysis.bundles.example import example_bundle
    >>> observed_decisions(example_bundle()).empty
    True
    """
    rows = observed_values(bundle)
    each = rows.groupby(["observer", "trial", "repeat"], sort=False)["is_right"]
    whole = each.all().reset_index().sort_values("repeat", kind="stable")
    grouped = whole.groupby(["observer", "trial"], sort=False)["is_right"]
    found = grouped.agg(is_right="first", n_repeats="size").reset_index()
    return found.astype({"is_right": bool})
