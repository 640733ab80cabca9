"""Logistic models of conditions when people and stimuli both come back.

`crossed_logistic` gives people and stimuli effects of their own (a mixed model);
`clustered_logistic` compares shares and lets the errors be alike within people
and within stimuli. Both speak of log odds: the first of those of a typical person
and stimulus, the second of those of the shares of all.

The mixed model's intervals and p values count that the spreads of people and of
stimuli are estimated too. It takes a condition to move everybody alike: where
conditions are met by the same people and their effect differs between people, the
clustered model is right and the mixed one too sure. With two responses per
stimulus its standard deviations come out too small; `docs/statistics.md` has the
measured sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import isnan, nan
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.special import expit, logit

from analysis.errors import AnalysisError
from analysis.statistics.crossed_variance import Crossing
from analysis.statistics.frame_checks import (
    FloatArray,
    check_binary,
    check_columns,
    numbers_of,
)
from analysis.statistics.intervals import LEVEL
from analysis.statistics.models.crossed_effects import Codes, CrossedResponses
from analysis.statistics.models.mixtures import Mixture
from analysis.statistics.models.over_spreads import CrossedFit, fit_crossed

# People and stimuli that every condition needs for an interval.
FEWEST: Final = 4
# The same for the mixed model: with four people a condition intervals cover 91 %.
FEWEST_AS_EFFECTS: Final = 8


@dataclass(frozen=True, kw_only=True)
class LogisticFit:
    """What a logistic model says about conditions.

    Attributes:
        coefficients: Columns term, estimate (log odds), se, p_value, low, high.
            The first term is the reference condition, the others are differences
            from it.
        probabilities: Columns condition, share, low, high: over all people and
            stimuli like these.
        sd_participant: Standard deviation of people's log odds; NaN where the
            model has none.
        sd_stimulus: The same of stimuli.
        is_converged: Whether the fit ended at a maximum; do not use it otherwise.
        method: What was fitted.
        refusal: Why there are no intervals and p values (they are NaN then); empty
            where there are.
        log_odds: By condition.
        n: Responses.
        n_participants: People.
        n_stimuli: Stimuli.
    """

    coefficients: pd.DataFrame
    probabilities: pd.DataFrame
    sd_participant: float
    sd_stimulus: float
    is_converged: bool
    method: str
    refusal: str
    log_odds: pd.Series
    n: int
    n_participants: int
    n_stimuli: int
    _sums: _Sums = field(repr=False)

    def contrasts(self, weights: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
        """Weighted sums of the conditions' log odds.

        Args:
            weights: Name of the contrast to condition to weight; a difference of
                two conditions is {"a": 1, "b": -1}.

        Returns:
            Columns contrast, estimate (log odds), se, p_value, low, high.

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
        found = _told(
            self._sums, rows.reshape(-1, len(self.log_odds)), refusal=self.refusal
        )
        found.insert(0, "contrast", list(weights))
        return found


# Columns estimate, se, p_value, low, high of weighted sums of the log odds, from
# weights of shape (sums, conditions).
_Sums = Callable[[FloatArray], pd.DataFrame]


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
    zero. Estimates, intervals and p values are averages over the likely standard
    deviations of both (`analysis.statistics.models.over_spreads`).

    Args:
        frame: One row per response.
        outcome: Column of 0 and 1, or booleans.
        condition: Column that names the condition.
        participant: Column that names the person.
        stimulus: Column that names the stimulus.
        reference: The condition others are compared with; the first by name unless
            given.

    Returns:
        Without intervals, and with the reason, where a condition has fewer than
        eight people or eight stimuli.

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
    found = fit_crossed(
        CrossedResponses(yes=read.yes, design=design, person=person, stimulus=stimuli),
        start=logit(read.shares),
    )
    shares = _shares_of_all(found)
    low, high = shares.interval(LEVEL)
    return _fit_of(
        read,
        (person, stimuli),
        log_odds=np.asarray(found.weights @ found.fixed),
        sums=lambda rows: _of_mixture(found.sums(rows)),
        shares=(shares.mean, low, high),
        sd=found.sd,
        is_converged=found.is_converged,
        method="logistic model with crossed participant and stimulus effects, Laplace, "
        "averaged over their likely spreads",
    )


def clustered_logistic(
    frame: pd.DataFrame,
    *,
    outcome: str,
    condition: str,
    participant: str,
    stimulus: str,
    reference: str | None = None,
    clusters: Sequence[str] = (),
) -> LogisticFit:
    """Log odds of conditions' shares, errors clustered by people and by stimuli.

    Needs no model of how people and stimuli differ. The variance is the one of
    clustered means (`analysis.statistics.crossed_variance`) of each response's
    influence on the log odds, with its degrees of freedom for Student's t.

    Args:
        frame: One row per response.
        outcome: Column of 0 and 1, or booleans.
        condition: Column that names the condition.
        participant: Column that names the person.
        stimulus: Column that names the stimulus.
        reference: The condition others are compared with; the first by name unless
            given.
        clusters: Columns of what stimuli that are alike have in common.

    Returns:
        Without intervals, and with the reason, where a condition has fewer than
        four people or four stimuli.

    Raises:
        AnalysisError: As `crossed_logistic` does.

    Source:
        Cameron, Gelbach & Miller (2011), "Robust inference with multiway
        clustering", section 2.4 (estimators with influences).

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
    check_columns(frame, list(clusters))
    crossing = Crossing.of(
        *codes, group=read.group, clusters=[frame[name] for name in clusters]
    )
    own = read.shares[read.group]
    influences = (read.yes - own) / (own * (1 - own))
    log_odds = logit(read.shares)

    def sums(rows: FloatArray) -> pd.DataFrame:
        found = [crossing.variance(influences, row) for row in rows]
        return of_student(
            rows @ log_odds,
            se=np.sqrt([each.variance for each in found]),
            dof=np.array([each.df for each in found]),
        )

    each = sums(np.eye(len(log_odds)))
    return _fit_of(
        read,
        codes,
        log_odds=log_odds,
        sums=sums,
        shares=(log_odds, each["low"].to_numpy(), each["high"].to_numpy()),
        sd=(nan, nan),
        is_converged=True,
        method="logistic regression, errors clustered by participant and stimulus",
    )


@dataclass(frozen=True, kw_only=True)
class _Read:
    """The outcome by condition, checked; the reference comes first."""

    yes: FloatArray
    group: Codes
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
        names, group = ordered_conditions(frame[condition], reference=reference)
        shares = np.bincount(group, yes) / np.bincount(group)
        for name, share in zip(names, shares, strict=True):
            if share in (0, 1):
                raise AnalysisError(
                    f"every response in condition {name} is {share:g}, so its log odds "
                    "are infinite; compare shares with clustered_difference instead"
                )
        return cls(yes=yes, group=group, conditions=names, shares=shares)

    def codes(
        self, frame: pd.DataFrame, *, participant: str, stimulus: str
    ) -> tuple[Codes, Codes]:
        """People and stimuli as numbers from 0; at least two of each."""
        return two_sides(frame, participant=participant, stimulus=stimulus)


def ordered_conditions(
    column: pd.Series, *, reference: str | None
) -> tuple[tuple[str, ...], Codes]:
    """Names of conditions, the reference first, and each row's number among them.

    Raises:
        AnalysisError: If the reference does not occur.

    >>> ordered_conditions(pd.Series(["b", "a", "b"]), reference="b")
    (('b', 'a'), array([0, 1, 0]))
    """
    names = sorted(column.unique(), key=str)
    if reference is not None:
        if reference not in names:
            raise AnalysisError(
                f"reference condition {reference!r} does not occur; there are "
                f"{', '.join(map(str, names))}"
            )
        names = [reference, *(name for name in names if name != reference)]
    places = {name: place for place, name in enumerate(names)}
    return tuple(map(str, names)), column.map(places).to_numpy(dtype=int)


def two_sides(
    frame: pd.DataFrame, *, participant: str, stimulus: str
) -> tuple[Codes, Codes]:
    """People and stimuli as numbers from 0; at least two of each.

    Raises:
        AnalysisError: If a column holds one value only.

    >>> frame = pd.DataFrame({"person": ["p", "q"], "image": ["y", "x"]})
    >>> two_sides(frame, participant="person", stimulus="image")
    (array([0, 1]), array([0, 1]))
    """
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


def too_few(
    conditions: Sequence[str],
    group: Codes,
    *,
    sides: tuple[Codes, Codes],
    fewest: int = FEWEST,
) -> str:
    """Why there can be no intervals: a condition with too few people or stimuli.

    >>> too_few(["a"], np.zeros(3, int), sides=(np.array([0, 0, 1]), np.arange(3)))
    'no interval with fewer than 4 people in a condition (a has 2)'
    """
    for codes, what in zip(sides, ("people", "stimuli"), strict=True):
        for place, name in enumerate(conditions):
            n = len(np.unique(codes[group == place]))
            if n < fewest:
                return (
                    f"no interval with fewer than {fewest} {what} in a condition "
                    f"({name} has {n})"
                )
    return ""


def _fit_of(
    read: _Read,
    sides: tuple[Codes, Codes],
    *,
    log_odds: FloatArray,
    sums: _Sums,
    shares: tuple[FloatArray, FloatArray, FloatArray],
    sd: tuple[float, float],
    is_converged: bool,
    method: str,
) -> LogisticFit:
    """Tables of a fit, the reference first.

    Args:
        read: What was fitted to.
        sides: Codes of people and of stimuli.
        log_odds: Of the conditions, shape (conditions,).
        sums: What is known of weighted sums of them.
        shares: Of each condition over all people and stimuli with the ends of its
            interval, in log odds.
        sd: Standard deviations of people and of stimuli; NaN where not modelled.
        is_converged: Whether the fit ended at a maximum.
        method: What was fitted.
    """
    names = list(read.conditions)
    fewest = FEWEST if isnan(sd[0]) else FEWEST_AS_EFFECTS
    refusal = too_few(names, read.group, sides=sides, fewest=fewest)
    terms = np.eye(len(names))
    terms[1:, 0] = -1
    coefficients = _told(sums, terms, refusal=refusal)
    labels = [names[0], *(f"{name} - {names[0]}" for name in names[1:])]
    coefficients.insert(0, "term", labels)
    share, low, high = (expit(each) for each in shares)
    probabilities = pd.DataFrame(
        {"condition": names, "share": share, "low": low, "high": high}
    )
    if refusal:
        probabilities[["low", "high"]] = nan
    return LogisticFit(
        coefficients=coefficients,
        probabilities=probabilities,
        sd_participant=sd[0],
        sd_stimulus=sd[1],
        is_converged=is_converged,
        method=method,
        refusal=refusal,
        log_odds=pd.Series(log_odds, index=names),
        n=len(read.yes),
        n_participants=int(sides[0].max()) + 1,
        n_stimuli=int(sides[1].max()) + 1,
        _sums=sums,
    )


def average_share(log_odds: FloatArray, *, spread: npt.ArrayLike) -> FloatArray:
    """P(yes) averaged over normal effects, by Gauss-Hermite quadrature.

    Args:
        log_odds: Of a typical person and stimulus, any shape.
        spread: Standard deviation of the effects added up, of a shape that fits.

    >>> average_share(np.array([0.0, 2.0]), spread=1.5).round(3).tolist()
    [0.5, 0.81]
    """
    nodes, weights = _normal_nodes()
    spread_out = np.asarray(log_odds)[..., None] + np.asarray(spread)[..., None] * nodes
    return np.asarray(expit(spread_out) @ weights)


@cache
def _normal_nodes() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    return nodes, weights / weights.sum()


def _shares_of_all(found: CrossedFit) -> Mixture:
    """Log odds of the conditions' shares over all people and stimuli."""
    spread = np.hypot(*found.spreads.T)[:, None]
    here = found.sums(np.eye(found.fixed.shape[1]))
    step = 1e-3
    up, down = (
        logit(average_share(here.means + sign * step, spread=spread))
        for sign in (1, -1)
    )
    return Mixture(
        weights=here.weights,
        means=(up + down) / 2,
        sds=here.sds * (up - down) / (2 * step),
    )


def _told(sums: _Sums, rows: FloatArray, *, refusal: str) -> pd.DataFrame:
    found = sums(rows)
    if refusal:
        found[["se", "p_value", "low", "high"]] = nan
    return found


def _of_mixture(found: Mixture) -> pd.DataFrame:
    low, high = found.interval(LEVEL)
    return pd.DataFrame(
        {
            "estimate": found.mean,
            "se": found.sd,
            "p_value": found.p_value(),
            "low": low,
            "high": high,
        }
    )


def of_student(
    estimate: FloatArray, *, se: FloatArray, dof: FloatArray
) -> pd.DataFrame:
    """Student's intervals and tests of zero; NaN where the error is zero.

    Args:
        estimate: Shape (numbers,).
        se: Standard errors.
        dof: Degrees of freedom.

    Returns:
        Columns estimate, se, p_value, low, high.

    >>> of_student(np.array([2.0]), se=np.array([1.0]), dof=np.array([4.0])).round(3)
       estimate   se  p_value    low   high
    0       2.0  1.0    0.116 -0.776  4.776
    """
    known = np.where(se > 0, se, nan)
    half = stats.t.ppf((1 + LEVEL) / 2, dof) * known
    return pd.DataFrame(
        {
            "estimate": estimate,
            "se": known,
            "p_value": 2 * stats.t.sf(np.abs(estimate) / known, dof),
            "low": estimate - half,
            "high": estimate + half,
        }
    )
