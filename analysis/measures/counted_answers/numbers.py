"""What people answered, where only counts are known and nobody knows who.

Source:
    Peterson, Battleday, Griffiths & Russakovsky (2019), "Human uncertainty makes
    classification more robust", for counts of answers beside one label per image;
    Krippendorff (2011), "Computing Krippendorff's alpha-reliability".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.statistics.agreement import alpha_interval
from analysis.statistics.intervals import LEVEL, Estimate, critical_value, score_bounds


@dataclass(frozen=True, kw_only=True)
class CountedShare:
    """A share of all responses, or of all trials.

    Attributes:
        name: What it is a share of, in words.
        share: With its interval for other images.
        unit: What `share.n` counts.
    """

    name: str
    share: Estimate
    unit: str


def counted_shares(bundle: Bundle) -> list[CountedShare]:
    """Right responses and trials whose most frequent answer is right; every answer."""
    table = answers_by_trial(bundle)
    found: list[CountedShare] = []
    keys = _keys(bundle).reindex(table.index)
    known = table[keys != ""]
    if len(known):
        right = _right(known, keys[keys != ""])
        found += [
            CountedShare(name="right", share=_share(right, known), unit="responses"),
            CountedShare(
                name="most frequent answer is right",
                share=_of_trials(_is_top(known, right)),
                unit="trials",
            ),
        ]
    order = table.sum().sort_values(ascending=False, kind="stable").index
    return found + [
        CountedShare(
            name=str(answer), share=_share(table[answer], table), unit="responses"
        )
        for answer in order
    ]


def answers_by_trial(bundle: Bundle) -> pd.DataFrame:
    """How many people gave each answer: index trial, a column per answer.

    >>> from analysis.importing import import_counts
    >>> frame = pd.DataFrame({"image": ["a", "b"], "cat": [3, 1], "dog": [0, 2]})
    >>> answers_by_trial(import_counts(frame)).to_numpy().tolist()
    [[3, 0], [1, 2]]
    """
    order = bundle.trials["trial"]
    return (
        bundle.counts.pivot_table(
            index="trial", columns="value", values="n", aggfunc="sum", fill_value=0
        )
        .reindex(order)
        .rename_axis(columns=None)
    )


def counted_agreement(bundle: Bundle) -> Estimate:
    """Krippendorff's alpha on names, with an interval for other images."""
    counts = bundle.counts
    each = counts.loc[counts.index.repeat(counts["n"].astype(int))]
    return alpha_interval(each, unit="trial", value="value")


def _keys(bundle: Bundle) -> pd.Series:
    keys = bundle.trials.set_index("trial")["key"]
    return keys.map(
        lambda key: str(next(iter(json.loads(key).values()))) if key else ""
    )


def _right(table: pd.DataFrame, keys: pd.Series) -> pd.Series:
    """Responses that are the key of their trial."""
    places = table.columns.get_indexer(pd.Index(keys))
    values = table.to_numpy()[np.arange(len(table)), places]
    return pd.Series(np.where(places >= 0, values, 0), index=table.index)


def _is_top(table: pd.DataFrame, right: pd.Series) -> pd.Series:
    """Whether no other answer is as frequent as the right one."""
    top = table.max(axis=1)
    n_top = table.eq(top, axis=0).sum(axis=1)
    return (right == top) & (n_top == 1)


def _share(hits: pd.Series, table: pd.DataFrame) -> Estimate:
    """A share of responses, its images drawn anew and people as they are."""
    sizes = table.sum(axis=1).to_numpy(dtype=float)
    of = hits.to_numpy(dtype=float)
    n, n_images = sizes.sum(), len(sizes)
    share = float(of.sum() / n)
    squares = float(((of - share * sizes) ** 2).sum())
    error = sqrt(squares * n_images / max(n_images - 1, 1)) / n
    n_effective = n if error == 0 else share * (1 - share) / error**2
    critical = critical_value(level=LEVEL, dof=max(n_images - 1, 1))
    low, high = score_bounds(share, n_effective, critical=critical)
    return Estimate(
        value=share,
        low=low,
        high=high,
        n=int(n),
        standard_error=error,
        target="ignores people",
    )


def _of_trials(is_so: pd.Series) -> Estimate:
    return _share(
        is_so.astype(float),
        pd.DataFrame({"one": np.ones(len(is_so))}, index=is_so.index),
    )
