"""The researcher's own judgment of a sample: are accepted predictions right?

For every k, how many of the predictions that at least k people accept does the
researcher, not knowing the votes, find wrong?

Source:
    Stock & Cisse (2018), section 3: the authors checked more than 500 questions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.measures.rectified_error.numbers import right_shows
from analysis.statistics.intervals import Estimate, no_estimate
from analysis.statistics.parts.stratified import stratified_share
from analysis.tallies import counted_tally


@dataclass(frozen=True, kw_only=True)
class AuditedLevel:
    """What the audit says of predictions with at least k yes votes.

    Attributes:
        k: Yes votes at least.
        n_accepted: Resolved trials with so many.
        n_audited: How many of them the researcher judged.
        false_positive: Share of them that the researcher rejects.
    """

    k: int
    n_accepted: int
    n_audited: int
    false_positive: Estimate


def audited_levels(bundle: Bundle) -> list[AuditedLevel]:
    """One entry per k = 1..n, weighted back from the sample by votes.

    The audit is drawn by number of votes, so that every number is represented;
    each audited trial stands for all trials with as many votes.

    >>> from analysis.bundles.example import example_bundle
    >>> [(level.k, level.n_accepted) for level in audited_levels(example_bundle())]
    [(1, 3), (2, 2), (3, 1)]
    """
    resolved = resolved_errors(bundle)
    audited = bundle.audit.merge(resolved, left_on="trial", right_index=True)
    sizes = resolved["n_yes"].value_counts()
    levels = []
    for k in range(1, bundle.n + 1):
        mine = audited[audited["n_yes"] >= k]
        in_level = sizes[sizes.index >= k]
        levels.append(
            AuditedLevel(
                k=k,
                n_accepted=int(in_level.sum()),
                n_audited=len(mine),
                false_positive=_false_positive(mine, in_level),
            )
        )
    return levels


def _false_positive(audited: pd.DataFrame, sizes: pd.Series) -> Estimate:
    hits = (~audited["accepts"]).groupby(audited["n_yes"]).agg(["sum", "size"])
    missing = sorted(set(sizes.index) - set(hits.index))
    if missing:
        lacking = ", ".join(map(str, missing))
        reason = f"no trial with {lacking} yes votes was audited"
        return replace(no_estimate(target="ignores people"), method=reason)
    if hits.empty:
        return no_estimate(target="ignores people")
    return stratified_share(
        hits["sum"].to_numpy(float),
        hits["size"].to_numpy(float),
        sizes=sizes.reindex(hits.index).to_numpy(float),
    )


def resolved_errors(bundle: Bundle) -> pd.DataFrame:
    """Resolved trials that re-examine an error: index trial, column n_yes.

    >>> from analysis.bundles.example import example_bundle
    >>> resolved_errors(example_bundle())["n_yes"].to_dict()
    {'i1': 3, 'i2': 2, 'i3': 1, 'i4': 0}
    """
    counted = counted_tally(bundle)
    errors = bundle.uses.loc[~bundle.uses["shows"].isin(right_shows(bundle)), "trial"]
    return counted[counted["is_resolved"] & counted.index.isin(errors)][["n_yes"]]
