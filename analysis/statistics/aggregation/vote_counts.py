"""Votes of workers on tasks as a sparse table of counts."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from analysis.errors import AnalysisError
from analysis.statistics.frame_checks import (
    FloatArray,
    check_columns,
    check_once,
    rows_where,
)


@dataclass(frozen=True, kw_only=True)
class VoteCounts:
    """Who gave which label to what.

    Attributes:
        table: Votes, sparse, shape (tasks, workers * labels).
        known: Class of tasks whose truth is known as a number, -1 elsewhere.
        tasks, workers, labels, classes: What the numbers stand for.
        n: Votes.
    """

    table: Any
    known: npt.NDArray[np.int_]
    tasks: pd.Index
    workers: pd.Index
    labels: pd.Index
    classes: pd.Index
    n: int

    @classmethod
    def of(
        cls,
        votes: pd.DataFrame,
        *,
        classes: Sequence[Hashable] | None,
        known: pd.Series | None,
        repeats: Literal["refuse", "count"],
    ) -> VoteCounts:
        """Counted from columns task, worker, label."""
        check_columns(votes, ["task", "worker", "label"])
        task, tasks = pd.factorize(votes["task"], sort=True)
        worker, workers = pd.factorize(votes["worker"], sort=True)
        label, labels = pd.factorize(votes["label"], sort=True)
        _check_workers(workers)
        named = pd.Index(labels if classes is None else list(classes))
        _check_classes(named, labels=pd.Index(labels), n=len(votes))
        answer = worker * len(labels) + label
        table = sparse.csr_array(
            (np.ones(len(votes)), (task, answer)),
            shape=(len(tasks), len(workers) * len(labels)),
        )
        if repeats == "refuse" and _has_repeats(table, n_labels=len(labels)):
            check_once(votes, ["worker", "task"], what="a worker answered a task twice")
        truth = _known(known, tasks=pd.Index(tasks), classes=named)
        return cls(
            table=table,
            known=truth,
            tasks=pd.Index(tasks, name="task"),
            workers=pd.Index(workers),
            labels=pd.Index(labels),
            classes=pd.Index(named, name="class"),
            n=len(votes),
        )

    def without(self, workers: pd.Index) -> VoteCounts:
        """The votes of everybody else, and the tasks that still have one."""
        kept = ~self.workers.isin(workers)
        table = self.table[:, np.repeat(kept, len(self.labels))]
        has_votes = np.diff(table.indptr) > 0
        return replace(
            self,
            table=table[has_votes],
            known=self.known[has_votes],
            tasks=self.tasks[has_votes],
            workers=self.workers[kept],
            n=int(table.sum()),
        )

    def start(self, weights: FloatArray | None = None) -> FloatArray:
        """Shares of each task's votes by class, shape (classes, tasks).

        Equal where none of them names a class, certain where the class is known.

        Args:
            weights: How much each worker's votes count, shape (workers,); alike
                unless given.
        """
        own = np.ones(len(self.workers)) if weights is None else weights
        names = np.equal.outer(
            np.asarray(self.labels, dtype=object),
            np.asarray(self.classes, dtype=object),
        )
        counted = (own[:, None, None] * names).reshape(-1, len(self.classes))
        shares = np.ascontiguousarray((self.table @ counted).T)
        shares[:, shares.sum(axis=0) == 0] = 1.0
        is_known = np.flatnonzero(self.known >= 0)
        shares[:, is_known] = 0.0
        shares[self.known[is_known], is_known] = 1.0
        return np.asarray(shares / shares.sum(axis=0))


def maybe_as_yes(votes: pd.DataFrame) -> pd.DataFrame:
    """The same votes with every label "maybe" taken as "yes".

    Raises:
        AnalysisError: If there is no column label, or no label is yes or no.

    >>> maybe_as_yes(pd.DataFrame({"label": ["maybe", "no"]}))["label"].to_list()
    ['yes', 'no']
    """
    check_columns(votes, ["label"])
    came = pd.unique(votes["label"])
    if len(came) and not {"yes", "no"} & set(came):
        raise AnalysisError(
            "maybe can count as yes where labels are yes, no and maybe; they are "
            f"{', '.join(map(str, came[:5]))}"
        )
    return votes.assign(label=votes["label"].replace("maybe", "yes"))


def _has_repeats(table: sparse.csr_array, *, n_labels: int) -> bool:
    """Whether a worker answered a task twice, with one label or with two."""
    table.sum_duplicates()
    if (table.data > 1).any():
        return True
    worker = table.indices // max(n_labels, 1)
    is_same = worker[1:] == worker[:-1]
    # Two neighbours of different tasks are no repeat.
    is_same[table.indptr[1:-1] - 1] = False
    return bool(is_same.any())


def _check_workers(workers: pd.Index) -> None:
    if len(workers) == 1:
        raise AnalysisError(
            f"one worker only ({workers[0]}): nobody to compare with, so nothing can "
            "be said about errors; take the votes as they are"
        )


def _check_classes(classes: pd.Index, *, labels: pd.Index, n: int) -> None:
    if not classes.is_unique:
        twice = ", ".join(map(str, classes[classes.duplicated()].unique()))
        raise AnalysisError(f"class {twice} was given more than once")
    if n and not classes.isin(labels).any():
        raise AnalysisError(
            f"no vote names a class: labels are {', '.join(map(str, labels[:5]))}, "
            f"classes {', '.join(map(str, classes[:5]))}"
        )


def _known(
    known: pd.Series | None, *, tasks: pd.Index, classes: pd.Index
) -> npt.NDArray[np.int_]:
    """Class of each task as a number, -1 where not known."""
    if known is None:
        return np.full(len(tasks), -1)
    unknown = pd.Series(~known.isin(classes).to_numpy())
    if unknown.any():
        came = known.iloc[int(unknown.to_numpy().argmax())]
        raise AnalysisError(
            f"known truth {came!r} in {rows_where(unknown)} is not one of the classes "
            f"{', '.join(map(str, classes))}"
        )
    codes = pd.Series(classes.get_indexer(pd.Index(known)), index=known.index)
    return codes.reindex(tasks).fillna(-1).to_numpy(dtype=int)
