"""One turn of Dawid and Skene's model: maximise, then expect.

Source:
    Dawid & Skene (1979), "Maximum likelihood estimation of observer error-rates
    using the EM algorithm", eq. 2.3 to 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from analysis.errors import AnalysisError
from analysis.statistics.aggregation.vote_counts import VoteCounts
from analysis.statistics.frame_checks import FloatArray

ClassShares = Literal["estimated", "equal"]
CLASS_SHARES: Final[tuple[ClassShares, ...]] = ("estimated", "equal")


@dataclass(frozen=True, kw_only=True)
class Prior:
    """Votes and tasks imagined before the real ones; zero is maximum likelihood.

    Attributes:
        tasks: Tasks of every class.
        same: Votes of every worker, for every class, that name the class.
        other: The same for every other label.

    Raises:
        AnalysisError: If one is negative, infinite or NaN.
    """

    tasks: float = 0.0
    same: float = 0.0
    other: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be imagined."""
        for name, value in vars(self).items():
            if not (isfinite(value) and value >= 0):
                raise AnalysisError(
                    f"imagined votes must be numbers of at least 0, got {name} = {value}"
                )


@dataclass(frozen=True)
class Parameters:
    """Shares of classes and confusions of workers.

    Attributes:
        shares: Of classes, shape (classes,).
        confusions: Shape (workers, labels, classes).
    """

    shares: FloatArray
    confusions: FloatArray

    def beyond(
        self, one: Parameters, two: Parameters, *, longest: float
    ) -> tuple[Parameters, float]:
        """Where turns from here by one to two lead, and how long the leap is.

        Nothing falls to zero, from where no turn comes back, and shares sum to one.

        Args:
            one: After one turn.
            two: After two.
            longest: The length is at most this; 1 leads to `two`.

        Source:
            Varadhan & Roland (2008), "Simple and globally convergent methods for
            accelerating the convergence of any EM algorithm", scheme S3.
        """
        here, first, second = (
            np.concatenate([each.shares, each.confusions.ravel()])
            for each in (self, one, two)
        )
        step, bend = first - here, (second - first) - (first - here)
        curved = float(np.linalg.norm(bend))
        length = float(np.linalg.norm(step)) / curved if curved > 0 else longest
        length = min(max(length, 1.0), longest)
        leapt = here + 2 * length * step + length**2 * bend
        leapt = np.maximum(leapt, _KEPT * second)
        shares, confusions = leapt[: len(self.shares)], leapt[len(self.shares) :]
        confusions = confusions.reshape(self.confusions.shape)
        return Parameters(
            shares / shares.sum(), confusions / confusions.sum(axis=1, keepdims=True)
        ), length


# Of a share that a leap would take below zero, so much is kept.
_KEPT: Final = 0.01


@dataclass(frozen=True)
class Expected:
    """What parameters say of the tasks.

    Attributes:
        parameters: Which.
        posterior: Probability of each class, shape (classes, tasks).
        log_likelihood: Of the votes.
        log_density: The same with the prior, up to a constant.
    """

    parameters: Parameters
    posterior: FloatArray
    log_likelihood: float
    log_density: float


class ConfusionModel:
    """The model on one table of votes.

    Args:
        counts: The votes.
        prior: What is imagined besides.
        class_shares: Whether the shares of classes are estimated, or classes are
            taken to be equally frequent.
    """

    def __init__(
        self, counts: VoteCounts, *, prior: Prior, class_shares: ClassShares
    ) -> None:
        self.counts, self._prior, self._class_shares = counts, prior, class_shares
        self._by_answer = counts.table.T.tocsr()
        same = np.equal.outer(
            np.asarray(counts.labels, dtype=object),
            np.asarray(counts.classes, dtype=object),
        )
        self._imagined: FloatArray = np.where(same, prior.same, prior.other)

    def with_known(self, posterior: FloatArray) -> FloatArray:
        """The same with certainty where the truth is known."""
        found, known = posterior.copy(), self.counts.known
        place = np.flatnonzero(known >= 0)
        found[:, place] = 0.0
        found[known[place], place] = 1.0
        return found

    def votes_expected(self, posterior: FloatArray) -> FloatArray:
        """Votes by worker, label and true class, shape (workers, labels, classes)."""
        n_labels, n_classes = self._imagined.shape
        columns = [self._by_answer @ each for each in posterior]
        return np.stack(columns, axis=1).reshape(-1, n_labels, n_classes)

    def is_defined(self, posterior: FloatArray) -> npt.NDArray[np.bool_]:
        """Whether a worker has votes on a class, shape (workers, classes)."""
        votes = self.votes_expected(posterior) + self._imagined
        return np.asarray(votes.sum(axis=1) > 0)

    def maximise(self, posterior: FloatArray) -> Parameters:
        """Parameters that are likeliest given what is thought true.

        Where a worker has no votes on a class every confusion is as likely; an
        equal one is taken.
        """
        votes = self.votes_expected(posterior) + self._imagined
        totals = votes.sum(axis=1, keepdims=True)
        equal = np.full_like(votes, 1 / len(self._imagined))
        confusions = np.divide(votes, totals, out=equal, where=totals > 0)
        if self._class_shares == "equal":
            return Parameters(np.full(len(posterior), 1 / len(posterior)), confusions)
        tasks = posterior.sum(axis=1) + self._prior.tasks
        return Parameters(tasks / tasks.sum(), confusions)

    def expect(self, parameters: Parameters) -> Expected:
        """Posteriors, and how likely the votes are."""
        joint = _joint(self.counts.table, parameters, known=self.counts.known)
        highest = joint.max(axis=0)
        joint -= highest
        posterior = np.exp(joint, out=joint)
        total = posterior.sum(axis=0)
        posterior /= total
        likelihood = float(highest.sum() + np.log(total).sum())
        density = likelihood + self._log_prior(parameters)
        return Expected(parameters, posterior, likelihood, density)

    def _log_prior(self, parameters: Parameters) -> float:
        """Log density of the parameters, up to a constant."""
        found = 0.0
        if self._prior.tasks:
            found += self._prior.tasks * float(np.log(parameters.shares).sum())
        if self._imagined.any():
            with np.errstate(divide="ignore"):
                logs = np.log(parameters.confusions)
            kept = np.where(self._imagined > 0, logs, 0.0)
            found += float((self._imagined * kept).sum())
        return found


def _joint(
    table: sparse.csr_array, parameters: Parameters, *, known: npt.NDArray[np.int_]
) -> FloatArray:
    """Log of class and votes together, shape (classes, tasks)."""
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
    return joint
