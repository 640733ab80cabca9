"""The label most workers gave; ties are said, not broken."""

from __future__ import annotations

import pandas as pd

from analysis.statistics.aggregation.vote_counts import maybe_as_yes
from analysis.statistics.frame_checks import check_columns, check_once


def majority(votes: pd.DataFrame, *, accept_maybe: bool = False) -> pd.DataFrame:
    """Per task, the label with the most votes.

    Args:
        votes: Columns task, worker, label; one row per worker and task.
        accept_maybe: Whether the label maybe counts as yes; it is one of its own
            unless it does.

    Returns:
        Index task, sorted; columns label (NaN where there is a tie), n_votes, n_top
        (votes of the most frequent label), share (of n_votes), is_tie, tied (the
        labels that tie, joined by "|"; empty where one wins).

    Raises:
        AnalysisError: If a column is missing or empty, a worker answered a task
            twice, or maybe is to count and no label is yes or no.

    >>> votes = pd.DataFrame({
    ...     "task": list("aaabb"), "worker": list("uvwuv"),
    ...     "label": ["yes", "yes", "no", "yes", "no"],
    ... })
    >>> majority(votes)[["label", "n_top", "tied"]].to_dict("index")
    {'a': {'label': 'yes', 'n_top': 2, 'tied': ''}, 'b': {'label': nan, 'n_top': 1, \
'tied': 'no|yes'}}
    """
    check_columns(votes, ["task", "worker", "label"])
    check_once(votes, ["worker", "task"], what="a worker answered a task twice")
    if accept_maybe:
        votes = maybe_as_yes(votes)
    counts = votes.groupby(["task", "label"], sort=True).size().rename("n")
    n_top = counts.groupby("task").max()
    is_top = counts == n_top.reindex(counts.index.get_level_values("task")).to_numpy()
    top = counts[is_top].reset_index()
    grouped = top.groupby("task")["label"]
    is_tie = grouped.size() > 1
    tied = grouped.agg(lambda labels: "|".join(map(str, labels))).astype(object)
    n_votes = counts.groupby("task").sum()
    return pd.DataFrame(
        {
            "label": grouped.first().mask(is_tie),
            "n_votes": n_votes,
            "n_top": n_top,
            "share": n_top / n_votes,
            "is_tie": is_tie,
            "tied": tied.where(is_tie, ""),
        }
    )
