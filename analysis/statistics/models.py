"""Logistic models of conditions when people and stimuli both come back.

`crossed_logistic` gives people and stimuli effects of their own (a mixed model);
`clustered_logistic` compares shares and lets the errors be alike within people
and within stimuli. Both speak of log odds: the first of those of a typical person
and stimulus, the second of those of the shares of all.

The mixed model's likelihood integrates over all person and stimulus effects;
Laplace's approximation replaces the integrand by a normal density around its mode.
The modes come from Newton steps; the larger side of the crossed Hessian is diagonal
and is eliminated first (Schur), so that only the smaller side is ever dense. The
gradient is exact, by the implicit function theorem.

The approximation is exact in the limit of many responses per person and per
stimulus. With few (five per stimulus, say) it takes standard deviations for too
small; `docs/statistics.md` has the measured size.

Source:
    Breslow & Clayton (1993), "Approximate inference in generalized linear mixed
    models", eq. 3 to 5; Pinheiro & Chao (2006), "Efficient Laplacian and adaptive
    Gaussian quadrature algorithms for multilevel generalized linear mixed models".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, nan, sqrt
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse, stats
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.special import expit, logit

from analysis.errors import AnalysisError
from analysis.statistics.frame_checks import (
    FloatArray,
    check_binary,
    check_columns,
    numbers_of,
)
from analysis.statistics.intervals import LEVEL, critical_value

Codes = npt.NDArray[np.int_]

_SMALLEST_SD: Final = 1e-3
_LARGEST_SD: Final = 20.0
_N_NEWTON: Final = 60
_N_HALVINGS: Final = 30
# A Newton step that promises less than this (in log density) is not made.
_ENOUGH: Final = 1e-10
_STEP: Final = 1e-4


@dataclass(frozen=True, kw_only=True)
class LogisticFit:
    """What a logistic model says about conditions.

    Attributes:
        coefficients: Columns term, estimate (log odds), se, z, p_value, low, high.
            The first term is the reference condition, the others are differences
            from it.
        probabilities: Columns condition, share, low, high: over all people and
            stimuli like these.
        sd_participant: Standard deviation of people's log odds; NaN where the
            model has none.
        sd_stimulus: The same of stimuli.
        is_converged: Whether the fit ended at a maximum; do not use it otherwise.
        method: What was fitted.
        log_odds: By condition.
        covariance: Of the log odds, conditions by conditions.
        df: Degrees of freedom of the intervals; infinite for normal ones.
        n: CrossedResponses.
        n_participants: People.
        n_stimuli: Stimuli.
    """

    coefficients: pd.DataFrame
    probabilities: pd.DataFrame
    sd_participant: float
    sd_stimulus: float
    is_converged: bool
    method: str
    log_odds: pd.Series
    covariance: pd.DataFrame
    df: float
    n: int
    n_participants: int
    n_stimuli: int

    def contrasts(self, weights: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
        """Weighted sums of the conditions' log odds.

        Args:
            weights: Name of the contrast to condition to weight; a difference of
                two conditions is {"a": 1, "b": -1}.

        Returns:
            Columns contrast, estimate (log odds), se, z, p_value, low, high.

        Raises:
            AnalysisError: Naming conditions that the model does not have.
        """
        unknown = {name for each in weights.values() for name in each} - set(
            self.log_odds.index
        )
        if unknown:
            raise AnalysisError(
                f"no such condition: {', '.join(sorted(unknown))}; the model has "
                f"{', '.join(map(str, self.log_odds.index))}"
            )
        rows = np.array(
            [[each.get(name, 0.0) for name in self.log_odds.index]
             for each in weights.values()]
        )  # fmt: skip
        found = _combined(
            rows.reshape(-1, len(self.log_odds)),
            self.log_odds.to_numpy(dtype=float),
            covariance=self.covariance.to_numpy(dtype=float),
            df=self.df,
        )
        found.insert(0, "contrast", list(weights))
        return found


def crossed_logistic(
    frame: pd.DataFrame,
    *,
    outcome: str,
    condition: str,
    participant: str,
    stimulus: str,
    reference: str | None = None,
) -> LogisticFit:
    """A mixed logistic model: conditions, with people and stimuli crossed.

    logit P(yes) = condition + participant + stimulus, the last two normal around
    zero; fitted by Laplace's approximation.

    Args:
        frame: One row per response.
        outcome: Column of 0 and 1, or booleans.
        condition: Column that names the condition.
        participant: Column that names the person.
        stimulus: Column that names the stimulus.
        reference: The condition others are compared with; the first by name unless
            given.

    Returns:
        Shares are averaged over people and stimuli; their ends hold the standard
        deviations at their estimates.

    Raises:
        AnalysisError: Naming missing columns, bad rows, a condition in which
            everybody gave the same response (its log odds are infinite), or one
            person or stimulus only.

    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({
    ...     "person": np.repeat(np.arange(20), 30), "image": np.tile(np.arange(30), 20),
    ... })
    >>> frame["shown"] = np.where((frame["person"] + frame["image"]) % 2, "part", "all")
    >>> frame["right"] = rng.random(600) < np.where(frame["shown"] == "all", 0.8, 0.5)
    >>> fit = crossed_logistic(
    ...     frame, outcome="right", condition="shown",
    ...     participant="person", stimulus="image",
    ... )
    >>> fit.coefficients["term"].to_list(), fit.is_converged
    (['all', 'part - all'], True)
    """
    read = _Read.of(frame, outcome, condition=condition, reference=reference)
    person, stimuli = read.codes(frame, participant=participant, stimulus=stimulus)
    design = np.eye(len(read.conditions))[read.group]
    found = fit_laplace(
        CrossedResponses(yes=read.yes, design=design, person=person, stimulus=stimuli),
        start=logit(read.shares),
    )
    spread = sqrt(found.sd[0] ** 2 + found.sd[1] ** 2)
    return _fit_of(
        read.conditions,
        found.fixed,
        n=len(read.yes),
        covariance=found.covariance,
        spread=spread,
        sd=found.sd,
        is_converged=found.is_converged,
        method="logistic model with crossed participant and stimulus effects, Laplace",
        n_clusters=(int(person.max()) + 1, int(stimuli.max()) + 1),
    )


def clustered_logistic(
    frame: pd.DataFrame,
    *,
    outcome: str,
    condition: str,
    participant: str,
    stimulus: str,
    reference: str | None = None,
) -> LogisticFit:
    """Log odds of conditions' shares, errors clustered by people and by stimuli.

    Needs no model of how people and stimuli differ. Student's t with one degree of
    freedom less than there are people or stimuli, whichever are fewer.

    Args and Raises are those of `crossed_logistic`.

    Source:
        Cameron, Gelbach & Miller (2011), "Robust inference with multiway
        clustering", eq. 2.11, with G / (G - 1) and negative eigenvalues set to
        zero.

    >>> frame = pd.DataFrame({
    ...     "person": list("aabbccdd"), "image": list("xyxyxyxy"),
    ...     "shown": ["whole", "part"] * 4, "right": [1, 0, 1, 1, 0, 0, 1, 0],
    ... })
    >>> fit = clustered_logistic(
    ...     frame, outcome="right", condition="shown",
    ...     participant="person", stimulus="image",
    ... )
    >>> dict(fit.probabilities.set_index("condition")["share"].round(4))
    {'part': np.float64(0.25), 'whole': np.float64(0.75)}
    """
    read = _Read.of(frame, outcome, condition=condition, reference=reference)
    codes = read.codes(frame, participant=participant, stimulus=stimulus)
    counts = np.bincount(read.group)
    spread = counts * read.shares * (1 - read.shares)
    influence = np.zeros((len(read.yes), len(counts)))
    rows = np.arange(len(read.yes))
    away = read.yes - read.shares[read.group]
    influence[rows, read.group] = away / spread[read.group]
    covariance = _two_way(influence, codes)
    n_clusters = (int(codes[0].max()) + 1, int(codes[1].max()) + 1)
    return _fit_of(
        read.conditions,
        logit(read.shares),
        n=len(read.yes),
        covariance=covariance,
        spread=0.0,
        sd=(nan, nan),
        is_converged=True,
        method="logistic regression, errors clustered by participant and stimulus",
        n_clusters=n_clusters,
        df=min(n_clusters) - 1,
    )


@dataclass(frozen=True, kw_only=True)
class _Read:
    """The outcome by condition, checked; the reference comes first."""

    yes: FloatArray
    group: np.ndarray
    conditions: tuple[str, ...]
    shares: FloatArray

    @classmethod
    def of(
        cls, frame: pd.DataFrame, outcome: str, *, condition: str, reference: str | None
    ) -> _Read:
        """From a frame."""
        check_columns(frame, [outcome, condition])
        if frame.empty:
            raise AnalysisError("no rows to fit a model to (n = 0)")
        yes = numbers_of(frame, outcome)
        check_binary(yes, outcome)
        names = sorted(frame[condition].unique(), key=str)
        if reference is not None:
            if reference not in names:
                raise AnalysisError(
                    f"reference condition {reference!r} does not occur; there are "
                    f"{', '.join(map(str, names))}"
                )
            names = [reference, *(name for name in names if name != reference)]
        places = {name: place for place, name in enumerate(names)}
        group = frame[condition].map(places).to_numpy(dtype=int)
        shares = np.bincount(group, yes) / np.bincount(group)
        for name, share in zip(names, shares, strict=True):
            if share in (0, 1):
                raise AnalysisError(
                    f"every response in condition {name} is {share:g}, so its log odds "
                    "are infinite; compare shares with clustered_difference instead"
                )
        return cls(
            yes=yes, group=group, conditions=tuple(map(str, names)), shares=shares
        )

    def codes(
        self, frame: pd.DataFrame, *, participant: str, stimulus: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """People and stimuli as numbers from 0; at least two of each."""
        check_columns(frame, [participant, stimulus])
        codes = []
        for name in (participant, stimulus):
            code, found = pd.factorize(frame[name])
            if len(found) < 2:
                raise AnalysisError(
                    f"column {name} holds one value only ({found[0]}): a model needs "
                    "at least two people and two stimuli"
                )
            codes.append(code)
        return codes[0], codes[1]


def _two_way(influence: FloatArray, codes: tuple[np.ndarray, np.ndarray]) -> FloatArray:
    """Covariance of sums of influences, clustered by both codes."""
    person, stimulus = codes
    meeting = pd.factorize(person * (int(stimulus.max()) + 1) + stimulus)[0]
    total = np.zeros((influence.shape[1],) * 2)
    for code, sign in ((person, 1), (stimulus, 1), (meeting, -1)):
        n_clusters = int(code.max()) + 1
        sums = np.array(
            [np.bincount(code, column, n_clusters) for column in influence.T]
        )
        total += sign * n_clusters / (n_clusters - 1) * (sums @ sums.T)
    values, vectors = np.linalg.eigh(total)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def _fit_of(
    names: Sequence[str],
    log_odds: FloatArray,
    *,
    n: int,
    covariance: FloatArray,
    spread: float,
    sd: tuple[float, float],
    is_converged: bool,
    method: str,
    n_clusters: tuple[int, int],
    df: float = inf,
) -> LogisticFit:
    """Tables of a fit from the log odds of its conditions, the reference first.

    Args:
        names: The conditions.
        log_odds: Of each, shape (conditions,).
        n: CrossedResponses.
        covariance: Of the log odds.
        spread: Standard deviation of all effects that shares are averaged over.
        sd: Standard deviations of people and of stimuli; NaN where not modelled.
        is_converged: Whether the fit ended at a maximum.
        method: What was fitted.
        n_clusters: People and stimuli.
        df: Degrees of freedom of the intervals.
    """
    terms = np.eye(len(names))
    terms[1:, 0] = -1
    coefficients = _combined(terms, log_odds, covariance=covariance, df=df)
    labels = [names[0], *(f"{name} - {names[0]}" for name in names[1:])]
    coefficients.insert(0, "term", labels)
    critical = critical_value(level=LEVEL, dof=df)
    half = critical * np.sqrt(np.diag(covariance))
    shares = [
        average_share(each, spread=spread)
        for each in (log_odds, log_odds - half, log_odds + half)
    ]
    return LogisticFit(
        coefficients=coefficients,
        probabilities=pd.DataFrame(
            {
                "condition": names,
                "share": shares[0],
                "low": shares[1],
                "high": shares[2],
            }
        ),
        sd_participant=sd[0],
        sd_stimulus=sd[1],
        is_converged=is_converged,
        method=method,
        log_odds=pd.Series(log_odds, index=list(names)),
        covariance=pd.DataFrame(covariance, index=list(names), columns=list(names)),
        df=df,
        n=n,
        n_participants=n_clusters[0],
        n_stimuli=n_clusters[1],
    )


def average_share(log_odds: FloatArray, *, spread: float) -> FloatArray:
    """P(yes) averaged over normal effects, by Gauss-Hermite quadrature.

    Args:
        log_odds: Of a typical person and stimulus, any shape.
        spread: Standard deviation of the effects added up.

    >>> average_share(np.array([0.0, 2.0]), spread=1.5).round(3).tolist()
    [0.5, 0.81]
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    spread_out = np.asarray(log_odds)[..., None] + spread * nodes
    return np.asarray(expit(spread_out) @ (weights / weights.sum()))


def _combined(
    rows: FloatArray, log_odds: FloatArray, *, covariance: FloatArray, df: float
) -> pd.DataFrame:
    """Weighted sums with tests of zero; NaN p-value where the error is zero."""
    estimate = rows @ log_odds
    se = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", rows, covariance, rows), 0.0))
    z = np.divide(estimate, se, out=np.full(len(se), nan), where=se > 0)
    sizes = np.abs(z)
    tail = stats.norm.sf(sizes) if df == inf else stats.t.sf(sizes, df)
    half = np.where(se > 0, critical_value(level=LEVEL, dof=df) * se, nan)
    return pd.DataFrame(
        {
            "estimate": estimate,
            "se": se,
            "z": z,
            "p_value": 2 * tail,
            "low": estimate - half,
            "high": estimate + half,
        }
    )


@dataclass(frozen=True, kw_only=True)
class CrossedResponses:
    """Yes and no of people crossed with stimuli.

    Attributes:
        yes: 0 or 1, shape (rows,).
        design: Fixed effects, shape (rows, terms).
        person: Code of each row's person, from 0.
        stimulus: Code of each row's stimulus, from 0.
    """

    yes: FloatArray
    design: FloatArray
    person: Codes
    stimulus: Codes

    @property
    def n_people(self) -> int:
        """People."""
        return int(self.person.max()) + 1

    @property
    def n_stimuli(self) -> int:
        """Stimuli."""
        return int(self.stimulus.max()) + 1


@dataclass(frozen=True, kw_only=True)
class LaplaceFit:
    """The maximum of the approximate likelihood.

    Attributes:
        fixed: Coefficients, shape (terms,).
        covariance: Of the coefficients, shape (terms, terms).
        sd: Standard deviations of person and stimulus effects; 0 where the best is
            none.
        person, stimulus: Modes of the effects.
        person_se, stimulus_se: Their conditional standard errors.
        log_likelihood: Laplace's approximation of it.
        is_converged: Whether the search ended at a maximum.
    """

    fixed: FloatArray
    covariance: FloatArray
    sd: tuple[float, float]
    person: FloatArray
    person_se: FloatArray
    stimulus: FloatArray
    stimulus_se: FloatArray
    log_likelihood: float
    is_converged: bool


def fit_laplace(responses: CrossedResponses, *, start: FloatArray) -> LaplaceFit:
    """Maximum likelihood of fixed effects and of both standard deviations.

    Args:
        responses: What people said.
        start: First guess of the fixed effects, shape (terms,).

    >>> person, stimulus = np.divmod(np.arange(12), 4)
    >>> found = fit_laplace(
    ...     CrossedResponses(
    ...         yes=np.array([1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1.0]),
    ...         design=np.ones((12, 1)), person=person, stimulus=stimulus,
    ...     ),
    ...     start=np.zeros(1),
    ... )
    >>> found.is_converged, len(found.person), len(found.stimulus)
    (True, 3, 4)
    """
    search = _Search(responses)
    n_terms = len(start)
    bounds = [(None, None)] * n_terms
    bounds += [(np.log(_SMALLEST_SD), np.log(_LARGEST_SD))] * 2
    first = np.concatenate([start, np.log([0.5, 0.5])])
    found = minimize(
        search.loss, first, jac=True, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": 300, "ftol": 1e-11, "gtol": 1e-5},
    )  # fmt: skip
    best = np.asarray(found.x)
    around = search.around(best)
    at_zero = np.exp(best[n_terms:]) < 2 * _SMALLEST_SD
    sd = np.where(at_zero, 0.0, np.exp(best[n_terms:]))
    variances = around.variances()
    return LaplaceFit(
        fixed=best[:n_terms],
        covariance=search.covariance(best, is_fixed=at_zero),
        sd=(float(sd[0]), float(sd[1])),
        person=around.effects[0],
        person_se=np.sqrt(variances.person),
        stimulus=around.effects[1],
        stimulus_se=np.sqrt(variances.stimulus),
        log_likelihood=-float(found.fun),
        is_converged=bool(found.success),
    )


class _Search:
    """The loss and its gradient, each search starting at the last modes."""

    def __init__(self, responses: CrossedResponses) -> None:
        self._responses = responses
        self._effects = (
            np.zeros(responses.n_people),
            np.zeros(responses.n_stimuli),
        )

    def around(self, place: FloatArray) -> _Mode:
        """The modes of the effects at these coefficients and log SDs."""
        mode = _Mode.find(self._responses, place, start=self._effects)
        self._effects = mode.effects
        return mode

    def loss(self, place: FloatArray) -> tuple[float, FloatArray]:
        """Negative log likelihood and its gradient."""
        mode = self.around(place)
        return -mode.log_likelihood(), -mode.gradient()

    def covariance(
        self, best: FloatArray, *, is_fixed: npt.NDArray[np.bool_]
    ) -> FloatArray:
        """Of the coefficients, from differences of the gradient.

        A standard deviation at zero is held there.
        """
        n_terms = len(best) - 2
        free = [*range(n_terms), *(n_terms + np.flatnonzero(~is_fixed))]
        hessian = np.empty((len(free), len(free)))
        for row, place in enumerate(free):
            step = np.zeros(len(best))
            step[place] = _STEP
            up, down = (self.loss(best + sign * step)[1] for sign in (1, -1))
            hessian[row] = (up - down)[free] / (2 * _STEP)
        inverse = np.linalg.pinv((hessian + hessian.T) / 2, hermitian=True)
        return np.asarray(inverse[:n_terms, :n_terms])


@dataclass(frozen=True, kw_only=True)
class _Mode:
    """The effects that are likeliest at given coefficients and SDs."""

    responses: CrossedResponses
    sd: tuple[float, float]
    effects: tuple[FloatArray, FloatArray]
    probability: FloatArray
    joint: float
    hessian: _Hessian

    @classmethod
    def find(
        cls,
        responses: CrossedResponses,
        place: FloatArray,
        *,
        start: tuple[FloatArray, FloatArray],
    ) -> _Mode:
        """Newton's method with halved steps where the joint density would fall."""
        sd = (float(np.exp(place[-2])), float(np.exp(place[-1])))
        at = _Joint.of(responses, responses.design @ place[:-2], effects=start, sd=sd)
        for _ in range(_N_NEWTON):
            slope = at.slope()
            step = _Hessian.of(responses, at.probability, sd=sd).solve(*slope)
            if float(slope[0] @ step[0] + slope[1] @ step[1]) < _ENOUGH:
                break
            at = at.uphill(step)
        hessian = _Hessian.of(responses, at.probability, sd=sd)
        return cls(
            responses=responses, sd=sd, effects=at.effects, joint=at.height,
            probability=at.probability, hessian=hessian,
        )  # fmt: skip

    def log_likelihood(self) -> float:
        """Laplace's approximation."""
        sizes = (self.responses.n_people, self.responses.n_stimuli)
        spread = sum(n * np.log(sd) for n, sd in zip(sizes, self.sd, strict=True))
        return float(self.joint - spread - self.hessian.log_determinant / 2)

    def variances(self) -> _Variances:
        """Conditional variances of the effects, and of their sum in each row."""
        return self.hessian.variances(self.responses)

    def gradient(self) -> FloatArray:
        """By coefficients and log SDs; the modes move with both."""
        given, p = self.responses, self.probability
        weight = p * (1 - p)
        variances = self.variances()
        bend = -variances.of_rows * weight * (1 - 2 * p) / 2
        person, stimulus = self.hessian.solve(
            _totals(given.person, bend, given.n_people),
            _totals(given.stimulus, bend, given.n_stimuli),
        )
        moved = weight * (person[given.person] + stimulus[given.stimulus])
        by_fixed = given.design.T @ (given.yes - p + bend - moved)
        by_sd = [
            (effect @ effect + float(variance.sum()) + 2 * float(moves @ effect))
            / sd**2
            - len(effect)
            for effect, variance, moves, sd in zip(
                self.effects,
                (variances.person, variances.stimulus),
                (person, stimulus),
                self.sd,
                strict=True,
            )
        ]
        return np.concatenate([by_fixed, by_sd])


@dataclass(frozen=True, kw_only=True)
class _Joint:
    """Log density of responses and effects (up to constants) at some effects."""

    responses: CrossedResponses
    fixed: FloatArray
    effects: tuple[FloatArray, FloatArray]
    sd: tuple[float, float]
    height: float
    probability: FloatArray

    @classmethod
    def of(
        cls,
        responses: CrossedResponses,
        fixed: FloatArray,
        *,
        effects: tuple[FloatArray, FloatArray],
        sd: tuple[float, float],
    ) -> _Joint:
        """With P(yes) of every row."""
        person, stimulus = effects
        tendency = fixed + person[responses.person] + stimulus[responses.stimulus]
        of_yes = responses.yes @ tendency - np.logaddexp(0, tendency).sum()
        penalty = float(person @ person) / sd[0] ** 2
        penalty += float(stimulus @ stimulus) / sd[1] ** 2
        return cls(
            responses=responses, fixed=fixed, effects=effects, sd=sd,
            height=float(of_yes - penalty / 2), probability=expit(tendency),
        )  # fmt: skip

    def slope(self) -> tuple[FloatArray, FloatArray]:
        """By the effects of people and of stimuli."""
        given, away = self.responses, self.responses.yes - self.probability
        person = _totals(given.person, away, given.n_people)
        stimulus = _totals(given.stimulus, away, given.n_stimuli)
        return (
            person - self.effects[0] / self.sd[0] ** 2,
            stimulus - self.effects[1] / self.sd[1] ** 2,
        )

    def uphill(self, step: tuple[FloatArray, FloatArray]) -> _Joint:
        """Where the step leads, halved until it does not lead down."""
        tried = self
        for halving in range(_N_HALVINGS):
            effects = (
                self.effects[0] + step[0] / 2**halving,
                self.effects[1] + step[1] / 2**halving,
            )
            tried = _Joint.of(self.responses, self.fixed, effects=effects, sd=self.sd)
            if tried.height >= self.height - 1e-12:
                break
        return tried


@dataclass(frozen=True, kw_only=True)
class _Hessian:
    """Of the negative joint density by the effects.

    Each side by itself is diagonal. The larger side is eliminated first (Schur), so
    that only the smaller side is ever dense.

    Attributes:
        is_swapped: Whether stimuli are the dense side.
        wide: The diagonal side's diagonal.
        crossed: Dense side by diagonal side, sparse.
        factor: Cholesky factor of the Schur complement.
    """

    is_swapped: bool
    wide: FloatArray
    crossed: Any
    factor: tuple[FloatArray, bool]

    @classmethod
    def of(
        cls,
        responses: CrossedResponses,
        probability: FloatArray,
        *,
        sd: tuple[float, float],
    ) -> _Hessian:
        """At these probabilities of yes."""
        weight = probability * (1 - probability)
        sides = [
            (responses.person, responses.n_people, sd[0]),
            (responses.stimulus, responses.n_stimuli, sd[1]),
        ]
        is_swapped = sides[0][1] > sides[1][1]
        (few, n_few, sd_few), (many, n_many, sd_many) = (
            reversed(sides) if is_swapped else sides
        )
        wide = _totals(many, weight, n_many) + 1 / sd_many**2
        dense = _totals(few, weight, n_few) + 1 / sd_few**2
        crossed = sparse.csr_array((weight, (few, many)), shape=(n_few, n_many))
        schur = -(crossed * (1 / wide)[None, :] @ crossed.T).toarray()
        schur[np.diag_indices(n_few)] += dense
        return cls(
            is_swapped=is_swapped, wide=wide, crossed=crossed,
            factor=cho_factor(schur, lower=True),
        )  # fmt: skip

    @property
    def log_determinant(self) -> float:
        """Of the whole Hessian."""
        dense = 2 * np.log(np.diag(self.factor[0])).sum()
        return float(np.log(self.wide).sum() + dense)

    def solve(
        self, person: FloatArray, stimulus: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """The inverse times a vector of people and stimuli."""
        few, many = (stimulus, person) if self.is_swapped else (person, stimulus)
        first = cho_solve(self.factor, few - self.crossed @ (many / self.wide))
        second = (many - self.crossed.T @ first) / self.wide
        return (second, first) if self.is_swapped else (first, second)

    def variances(self, responses: CrossedResponses) -> _Variances:
        """The inverse's diagonal, and what its entries add up to in each row."""
        inverse = cho_solve(self.factor, np.eye(self.factor[0].shape[0]))
        reach = np.asarray((self.crossed.T @ inverse).T)
        of_few = np.diag(inverse)
        squared = np.asarray(self.crossed.multiply(reach).sum(axis=0)).ravel()
        of_many = 1 / self.wide + squared / self.wide**2
        few, many = responses.person, responses.stimulus
        if self.is_swapped:
            few, many = many, few
        both = -reach[few, many] / self.wide[many]
        of_rows = of_few[few] + of_many[many] + 2 * both
        person, stimulus = (of_many, of_few) if self.is_swapped else (of_few, of_many)
        return _Variances(person=person, stimulus=stimulus, of_rows=of_rows)


@dataclass(frozen=True, kw_only=True)
class _Variances:
    """The inverse Hessian's entries that are needed."""

    person: FloatArray
    stimulus: FloatArray
    of_rows: FloatArray


def _totals(codes: Codes, weights: FloatArray, n: int) -> FloatArray:
    """Sum of weights per code, shape (n,)."""
    return np.asarray(np.bincount(codes, weights, n), dtype=float)
