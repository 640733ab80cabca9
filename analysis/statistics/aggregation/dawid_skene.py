"""Dawid and Skene's model: what is true of each task, and how each worker errs.

Every task has one true class; a worker gives each label with a probability that
depends on the class only. Expectation and maximisation take turns from the shares
of votes; the likelihood (with a prior, the posterior density) never falls.

Source:
    Dawid & Skene (1979), "Maximum likelihood estimation of observer error-rates
    using the EM algorithm", eq. 2.3 to 2.5, started as in section 4.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from analysis.statistics.aggregation.vote_counts import VoteCounts
from analysis.statistics.frame_checks import FloatArray

_TIE: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class Prior:
    """Votes and tasks imagined before the real ones; zero is maximum likelihood.

    Attributes:
        tasks: Tasks of every class.
        same: Votes of every worker, for every class, that name the class.
        other: The same for every other label.
    """

    tasks: float = 0.0
    same: float = 0.0
    other: float = 0.0


@dataclass(frozen=True, kw_only=True)
class DawidSkene:
    """What the model says.

    Attributes:
        posteriors: Index task, one column per class: its probability.
        confusions: Columns worker, class, label, share (of the worker's votes on
            tasks of that class; NaN where there are none), n_expected (such votes).
        shares: Share of tasks, by class.
        trace: Columns iteration, log_likelihood, log_posterior (up to a constant).
        n_iterations: How many were made.
        is_converged: Whether the last one gained less than the tolerance.
        n: Votes.
    """

    posteriors: pd.DataFrame
    confusions: pd.DataFrame
    shares: pd.Series
    trace: pd.DataFrame
    n_iterations: int
    is_converged: bool
    n: int

    def labels(self) -> pd.DataFrame:
        """Index task; columns label (NaN at a tie), probability, is_tie."""
        values = self.posteriors.to_numpy(dtype=float)
        best = values.max(axis=1, initial=0.0)
        is_tie = (values >= best[:, None] - _TIE).sum(axis=1) > 1
        names = np.asarray(self.posteriors.columns, dtype=object)
        chosen = names[values.argmax(axis=1)] if len(values) else names[:0]
        label = pd.Series(chosen, index=self.posteriors.index).mask(is_tie)
        return pd.DataFrame({"label": label, "probability": best, "is_tie": is_tie})


@dataclass(frozen=True)
class _Parameters:
    """What one maximisation gives.

    Attributes:
        shares: Of classes, shape (classes,).
        confusions: Shape (workers, labels, classes).
        expected: Votes expected, the same shape.
        is_defined: Whether a worker has votes on a class, shape (workers, classes).
    """

    shares: FloatArray
    confusions: FloatArray
    expected: FloatArray
    is_defined: npt.NDArray[np.bool_]


def dawid_skene(
    votes: pd.DataFrame,
    *,
    classes: Sequence[Hashable] | None = None,
    prior: Prior = Prior(),
    n_iterations: int = 200,
    tolerance: float = 1e-7,
    known: pd.Series | None = None,
    repeats: Literal["refuse", "count"] = "refuse",
) -> DawidSkene:
    """The probability of each class for each task, and each worker's confusions.

    Args:
        votes: Columns task, worker, label; one row per vote.
        classes: What can be true; every label that occurs unless given. There may
            be more labels than classes (no, maybe, yes on two classes): a label
            that is no class still tells classes apart.
        prior: Imagined votes; without any, the estimate is that of the paper, and
            workers with few votes get confusions of 0 and 1.
        n_iterations: At most so many.
        tolerance: Stops when an iteration gains less than this per vote.
        known: Task to class, for tasks whose truth is known (catch trials).
        repeats: Whether a worker may answer a task more than once, as observers on
            several occasions do.

    Returns:
        Empty frames with n = 0 for an empty frame.

    Raises:
        AnalysisError: If columns are missing or empty, a worker answered a task
            twice (unless they may), there is one worker only, or no label is a
            class.

    >>> votes = pd.DataFrame({
    ...     "task": list("aaabbbccc"), "worker": list("uvw") * 3,
    ...     "label": ["yes", "yes", "no", "no", "no", "no", "yes", "yes", "yes"],
    ... })
    >>> found = dawid_skene(votes, prior=Prior(same=2, other=1))
    >>> found.labels()["label"].to_list()
    ['yes', 'no', 'yes']
    >>> bool(found.trace["log_posterior"].is_monotonic_increasing)
    True
    """
    counts = VoteCounts.of(votes, classes=classes, known=known, repeats=repeats)
    if counts.n == 0:
        return _empty(counts)
    run = _Run(counts, prior)
    while run.n_iterations < max(n_iterations, 1) and not run.is_converged:
        run.iterate(tolerance=tolerance * counts.n)
    return _result(counts, run)


class _Run:
    """Maximisation and expectation in turn."""

    def __init__(self, counts: VoteCounts, prior: Prior) -> None:
        self._counts, self._prior = counts, prior
        self._imagined = _imagined(counts, prior)
        self._by_answer = counts.table.T.tocsr()
        self.posterior = counts.start
        self.parameters = self._maximise()
        self.trace: list[tuple[float, float]] = []
        self.is_converged = False

    @property
    def n_iterations(self) -> int:
        """So far."""
        return len(self.trace)

    def iterate(self, *, tolerance: float) -> None:
        """One turn; converged when it gains less than the tolerance."""
        if self.trace:
            self.parameters = self._maximise()
        self.posterior, likelihood = _expect(
            self._counts.table, self.parameters, known=self._counts.known
        )
        density = likelihood + _log_prior(
            self.parameters, imagined=self._imagined, prior=self._prior
        )
        if self.trace:
            self.is_converged = density - self.trace[-1][1] < tolerance
        self.trace.append((likelihood, density))

    def _maximise(self) -> _Parameters:
        return _maximise(
            self._by_answer, self.posterior, imagined=self._imagined, prior=self._prior
        )


def _imagined(counts: VoteCounts, prior: Prior) -> FloatArray:
    """Imagined votes of one worker, shape (labels, classes)."""
    same = np.equal.outer(
        np.asarray(counts.labels, dtype=object),
        np.asarray(counts.classes, dtype=object),
    )
    return np.where(same, prior.same, prior.other)


def _maximise(
    by_answer: sparse.csr_array,
    posterior: FloatArray,
    *,
    imagined: FloatArray,
    prior: Prior,
) -> _Parameters:
    """Shares and confusions that are likeliest given what is thought true.

    Where a worker has no votes on a class every confusion is as likely; an equal
    one is taken.
    """
    n_labels, n_classes = imagined.shape
    columns = [by_answer @ each for each in posterior]
    expected = np.stack(columns, axis=1).reshape(-1, n_labels, n_classes)
    votes = expected + imagined
    totals = votes.sum(axis=1, keepdims=True)
    equal = np.full_like(votes, 1 / n_labels)
    confusions = np.divide(votes, totals, out=equal, where=totals > 0)
    tasks = posterior.sum(axis=1) + prior.tasks
    return _Parameters(tasks / tasks.sum(), confusions, expected, totals[:, 0] > 0)


def _expect(
    table: sparse.csr_array, parameters: _Parameters, *, known: npt.NDArray[np.int_]
) -> tuple[FloatArray, float]:
    """Posteriors, shape (classes, tasks), and the log likelihood of the votes."""
    with np.errstate(divide="ignore"):
        logs = np.log(parameters.confusions).reshape(-1, len(parameters.shares))
        of_class = np.log(parameters.shares)
    joint = np.empty((len(of_class), table.shape[0]))
    for place, own in enumerate(logs.T):
        joint[place] = table @ np.ascontiguousarray(own)
        joint[place] += of_class[place]
    is_known = np.flatnonzero(known >= 0)
    if len(is_known):
        kept = joint[known[is_known], is_known]
        joint[:, is_known] = -np.inf
        joint[known[is_known], is_known] = kept
    highest = joint.max(axis=0)
    joint -= highest
    posterior = np.exp(joint, out=joint)
    total = posterior.sum(axis=0)
    posterior /= total
    return posterior, float(highest.sum() + np.log(total).sum())


def _log_prior(parameters: _Parameters, *, imagined: FloatArray, prior: Prior) -> float:
    """Log density of the parameters, up to a constant."""
    found = 0.0
    if prior.tasks:
        found += prior.tasks * float(np.log(parameters.shares).sum())
    if imagined.any():
        with np.errstate(divide="ignore"):
            logs = np.log(parameters.confusions)
        found += float((imagined * np.where(imagined > 0, logs, 0.0)).sum())
    return found


def _result(counts: VoteCounts, run: _Run) -> DawidSkene:
    shares = pd.Series(run.parameters.shares, index=counts.classes, name="share")
    trace = pd.DataFrame(run.trace, columns=["log_likelihood", "log_posterior"])
    return DawidSkene(
        posteriors=pd.DataFrame(
            run.posterior.T, index=counts.tasks, columns=counts.classes
        ),
        confusions=_confusions(counts, run.parameters),
        shares=shares,
        trace=trace.rename_axis("iteration").reset_index(),
        n_iterations=run.n_iterations,
        is_converged=run.is_converged,
        n=counts.n,
    )


def _confusions(counts: VoteCounts, parameters: _Parameters) -> pd.DataFrame:
    """Long; workers, then classes, then labels."""
    expected = parameters.expected.transpose(0, 2, 1)
    shares = parameters.confusions.transpose(0, 2, 1).copy()
    shares[~parameters.is_defined] = nan
    index = pd.MultiIndex.from_product(
        [counts.workers, counts.classes, counts.labels],
        names=["worker", "class", "label"],
    )
    return pd.DataFrame(
        {"share": shares.ravel(), "n_expected": expected.ravel()}, index=index
    ).reset_index()


def _empty(counts: VoteCounts) -> DawidSkene:
    return DawidSkene(
        posteriors=pd.DataFrame(
            index=counts.tasks, columns=counts.classes, dtype=float
        ),
        confusions=pd.DataFrame(
            columns=["worker", "class", "label", "share", "n_expected"]
        ),
        shares=pd.Series(nan, index=counts.classes, name="share", dtype=float),
        trace=pd.DataFrame(columns=["iteration", "log_likelihood", "log_posterior"]),
        n_iterations=0,
        is_converged=False,
        n=0,
    )
