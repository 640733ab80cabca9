"""What people answered, where only counts are known and nobody knows who.

Source:
    Peterson, Battleday, Griffiths & Russakovsky (2019), "Human uncertainty makes
    classification more robust", for counts of answers beside one label per image;
    Krippendorff (2011), "Computing Krippendorff's alpha-reliability".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.measures.agreement.numbers import N_DRAWS, SEED
from analysis.statistics.agreement import AgreementEstimate, percentile_ends
from analysis.statistics.frame_checks import FloatArray
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


def counted_agreement(bundle: Bundle) -> AgreementEstimate:
    """Krippendorff's alpha on names, with an interval for other images."""
    counts = answers_by_trial(bundle).to_numpy(dtype=float)
    counts = counts[counts.sum(axis=1) >= 2]
    rng = np.random.default_rng(SEED)
    found, n = _alpha(counts), len(counts)
    low, high = nan, nan
    if not np.isnan(found):
        draws = [_alpha(counts[rng.integers(n, size=n)]) for _ in range(N_DRAWS)]
        low, high = percentile_ends(np.array(draws), level=LEVEL)
    return AgreementEstimate(
        value=found,
        low=low,
        high=high,
        n=int(counts.sum()),
        n_units=n,
        method="Krippendorff's alpha (nominal) of counts, bootstrap over units",
    )


def _alpha(counts: FloatArray) -> float:
    """Of counts, shape (units, values), every unit with two ratings at least."""
    per_unit, per_value = counts.sum(axis=1), counts.sum(axis=0)
    n = per_value.sum()
    if n == 0:
        return nan
    differing = per_unit**2 - (counts**2).sum(axis=1)
    expected = (n**2 - per_value @ per_value) / (n - 1)
    if expected <= 0:
        return nan
    return float(1 - (differing / (per_unit - 1)).sum() / expected)


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
