"""Dawid and Skene's model: what is true of each task, and how each worker errs.

Every task has one true class; a worker gives each label with a probability that
depends on the class only. Expectation and maximisation take turns from the shares
of votes; the likelihood (with a prior, the posterior density) never falls.

Source:
    Dawid & Skene (1979), "Maximum likelihood estimation of observer error-rates
    using the EM algorithm", started as in section 4; Varadhan & Roland (2008),
    "Simple and globally convergent methods for accelerating the convergence of any
    EM algorithm".
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError
from analysis.statistics.aggregation.ascent import N_ITERATIONS, TOLERANCE, Ascent
from analysis.statistics.aggregation.confusion_model import (
    ClassShares,
    ConfusionModel,
    Expected,
    Prior,
)
from analysis.statistics.aggregation.vote_counts import VoteCounts, maybe_as_yes
from analysis.statistics.frame_checks import FloatArray

__all__ = ["ClassShares", "DawidSkene", "Prior", "dawid_skene"]

_NO_PRIOR: Final = Prior()
_TIE: Final = 1e-9
# Ends whose posteriors differ by less are one and the same.
_SAME: Final = 0.01
# How much the first end is shaken.
_SHAKE: Final = 1e-3
# A density must be higher by this to be another maximum's.
_HIGHER: Final = 1e-6


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
        is_converged: Whether no posterior had further to go than the tolerance.
        n: Votes.
        optima: One row per distinct end of the starts, the highest first; columns
            log_posterior, n_starts, n_converged (of those), largest_difference (of a
            posterior from the one returned).
    """

    posteriors: pd.DataFrame
    confusions: pd.DataFrame
    shares: pd.Series
    trace: pd.DataFrame
    n_iterations: int
    is_converged: bool
    n: int
    optima: pd.DataFrame

    @property
    def n_optima(self) -> int:
        """Distinct ends of the starts; 1 proves nothing of starts not tried."""
        return len(self.optima)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be known before the numbers are read; mostly nothing."""
        found = []
        if self.confusions["label"].nunique() == 1:
            found.append(
                f"everybody gave the same label ({self.confusions['label'].iloc[0]}), "
                "so nothing is known of anybody's errors"
            )
        if self.n and not self.is_converged:
            found.append(
                f"after {self.n_iterations} iterations it does not stand at a maximum"
            )
        if self.n_optima > 1:
            far = float(self.optima["largest_difference"].max())
            found.append(
                f"{self.optima['n_starts'].sum()} starts led to {self.n_optima} maxima, "
                f"a probability differs between them by up to {far:.2f}; the highest "
                "is taken"
            )
        return tuple(found)

    def labels(self) -> pd.DataFrame:
        """Index task; columns label (NaN at a tie), probability, is_tie."""
        values = self.posteriors.to_numpy(dtype=float)
        best = values.max(axis=1, initial=0.0)
        is_tie = (values >= best[:, None] - _TIE).sum(axis=1) > 1
        names = np.asarray(self.posteriors.columns, dtype=object)
        chosen = names[values.argmax(axis=1)] if len(values) else names[:0]
        label = pd.Series(chosen, index=self.posteriors.index).mask(is_tie)
        return pd.DataFrame({"label": label, "probability": best, "is_tie": is_tie})


def dawid_skene(
    votes: pd.DataFrame,
    *,
    classes: Sequence[Hashable] | None = None,
    prior: Prior = _NO_PRIOR,
    class_shares: ClassShares = "estimated",
    accept_maybe: bool = False,
    n_iterations: int = N_ITERATIONS,
    tolerance: float = TOLERANCE,
    has_leaps: bool = True,
    n_starts: int = 1,
    rng: np.random.Generator | None = None,
    start: pd.DataFrame | None = None,
    known: pd.Series | None = None,
    repeats: Literal["refuse", "count"] = "refuse",
) -> DawidSkene:
    """The probability of each class for each task, and each worker's confusions.

    Where everybody gave one and the same label, one class is all there is: its
    probability is 1, and `remarks` say that nothing is known of errors.

    Args:
        votes: Columns task, worker, label; one row per vote.
        classes: What can be true; every label that occurs unless given. There may
            be more labels than classes (no, maybe, yes on two classes): a label
            that is no class still tells classes apart.
        prior: Imagined votes; without any, the estimate is that of the paper, and
            workers with few votes get confusions of 0 and 1.
        class_shares: "equal" leaves out the prior of classes: each is as probable
            as any other before the votes. In the paper their shares are estimated.
        accept_maybe: Whether the label maybe counts as yes; it is a label of its own
            unless it does.
        n_iterations: Expectations at most, those of leaps included.
        tolerance: Stops where no posterior has further to go than this, by how fast
            moves shrink.
        has_leaps: Whether turns are sped up (SQUAREM); otherwise they are the paper's,
            one by one.
        n_starts: Starts: the shares of votes; where that led, shaken (from a saddle,
            where turns stand still too, it leads away); then shares in which every
            worker counts for an amount drawn at random (exponential). The end with
            the highest density is returned, the first of equals.
        rng: Draws those amounts; needed for more than one start.
        start: Posteriors to begin from instead of shares of votes (index task,
            columns classes), for tasks it has, as from a fit to almost the same votes.
        known: Task to class, for tasks whose truth is known (catch trials).
        repeats: Whether a worker may answer a task more than once, as observers on
            several occasions do.

    Returns:
        Empty frames with n = 0 for an empty frame.

    Raises:
        AnalysisError: If columns are missing or empty, a worker answered a task
            twice (unless they may), there is one worker only, no label is a class,
            maybe is to count and no label is yes or no, several starts come without
            `rng`, or `start` lacks a class.

    >>> votes = pd.DataFrame({
    ...     "task": list("aaabbbccc"), "worker": list("uvw") * 3,
    ...     "label": ["yes", "yes", "no", "no", "no", "no", "yes", "yes", "yes"],
    ... })
    >>> found = dawid_skene(votes, prior=Prior(same=2, other=1))
    >>> found.labels()["label"].to_list(), found.is_converged
    (['yes', 'no', 'yes'], True)
    >>> bool(found.trace["log_posterior"].is_monotonic_increasing)
    True
    """
    _check(class_shares, n_starts, rng)
    given = maybe_as_yes(votes) if accept_maybe else votes
    counts = VoteCounts.of(given, classes=classes, known=known, repeats=repeats)
    if counts.n == 0:
        return _empty(counts)
    model = ConfusionModel(counts, prior=prior, class_shares=class_shares)
    ends: list[_End] = []
    first = counts.start() if start is None else _given(counts, start)
    for number in range(n_starts):
        ascent = Ascent(
            model,
            n_iterations=n_iterations,
            tolerance=tolerance,
            has_leaps=has_leaps,
        )
        begin = first if rng is None or number == 0 else _another(model, ends, rng)
        ends.append(_End(ascent.run(begin), ascent))
    return _result(model, ends)


@dataclass(frozen=True)
class _End:
    """Where one start led."""

    at: Expected
    ascent: Ascent


def _check(
    class_shares: ClassShares, n_starts: int, rng: np.random.Generator | None
) -> None:
    if class_shares not in get_args(ClassShares):
        raise AnalysisError(
            f"class_shares is one of {', '.join(get_args(ClassShares))}, got "
            f"{class_shares!r}"
        )
    if n_starts < 1:
        raise AnalysisError(f"at least one start is needed, got n_starts = {n_starts}")
    if n_starts > 1 and rng is None:
        raise AnalysisError(
            f"{n_starts} starts are drawn at random: give rng, for example "
            "np.random.default_rng(0)"
        )


def _another(
    model: ConfusionModel, ends: Sequence[_End], rng: np.random.Generator
) -> FloatArray:
    """Posteriors to start from: the first end shaken, then shares with other weights."""
    if len(ends) > 1:
        return model.counts.start(rng.exponential(size=len(model.counts.workers)))
    shaken = ends[0].at.posterior + _SHAKE * rng.random(ends[0].at.posterior.shape)
    return model.with_known(shaken / shaken.sum(axis=0))


def _given(counts: VoteCounts, start: pd.DataFrame) -> FloatArray:
    missing = counts.classes.difference(start.columns)
    if len(missing):
        raise AnalysisError(
            f"start has no column for class {', '.join(map(str, missing))}"
        )
    found = start.reindex(index=counts.tasks, columns=counts.classes)
    own = found.to_numpy(dtype=float).T
    is_used = np.isfinite(own).all(axis=0) & (counts.known < 0)
    return np.where(is_used, own, counts.start())


def _result(model: ConfusionModel, ends: Sequence[_End]) -> DawidSkene:
    best = ends[0]
    for end in ends[1:]:
        if end.at.log_density > best.at.log_density + _HIGHER:
            best = end
    counts, at = model.counts, best.at
    trace = pd.DataFrame(best.ascent.trace, columns=["log_likelihood", "log_posterior"])
    return DawidSkene(
        posteriors=pd.DataFrame(
            at.posterior.T, index=counts.tasks, columns=counts.classes
        ),
        confusions=_confusions(model, at),
        shares=pd.Series(at.parameters.shares, index=counts.classes, name="share"),
        trace=trace.rename_axis("iteration").reset_index(),
        n_iterations=len(trace),
        is_converged=best.ascent.is_converged,
        n=counts.n,
        optima=_optima(ends, best=best),
    )


def _optima(ends: Sequence[_End], *, best: _End) -> pd.DataFrame:
    """Ends that differ, the one returned first."""
    rows: list[dict[str, float]] = []
    kept: list[_End] = []
    others = sorted(ends, key=lambda end: -end.at.log_density)
    for end in [best, *(other for other in others if other is not best)]:
        same = [_apart(end, other) < _SAME for other in kept]
        if not any(same):
            kept.append(end)
            rows.append(
                {
                    "log_posterior": end.at.log_density,
                    "n_starts": 0,
                    "n_converged": 0,
                    "largest_difference": _apart(end, best),
                }
            )
        mine = rows[same.index(True)] if any(same) else rows[-1]
        mine["n_starts"] += 1
        mine["n_converged"] += end.ascent.is_converged
    return pd.DataFrame(rows)


def _apart(one: _End, other: _End) -> float:
    """Largest difference of a posterior."""
    return float(np.abs(one.at.posterior - other.at.posterior).max(initial=0.0))


def _confusions(model: ConfusionModel, at: Expected) -> pd.DataFrame:
    """Long; workers, then classes, then labels."""
    counts = model.counts
    expected = model.votes_expected(at.posterior).transpose(0, 2, 1)
    shares = at.parameters.confusions.transpose(0, 2, 1).copy()
    shares[~model.is_defined(at.posterior)] = nan
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
        optima=pd.DataFrame(
            columns=["log_posterior", "n_starts", "n_converged", "largest_difference"]
        ),
    )
