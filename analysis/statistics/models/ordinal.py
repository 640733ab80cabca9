"""A model of ordered answers under conditions: cumulative log odds.

Answers on a scale (never, seldom, often, always) have an order but no distances, so
that a mean of their ranks is a choice. The cumulative logit (proportional odds) model
needs the order only: logit P(answer at least step j) = a_j + effect of the condition,
the same at every step. An effect of 0.69 doubles the odds of answering above any step.

People and stimuli are clusters: errors are those of each response's influence on the
effect, by the variance of clustered means. Where odds are not proportional, the effect
is an average over the steps.

Source:
    McCullagh (1980), "Regression models for ordinal data", section 2; Cameron, Gelbach
    & Miller (2011), "Robust inference with multiway clustering", section 2.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.errors import AnalysisError
from analysis.statistics.crossed_variance import Crossing, Variance
from analysis.statistics.frame_checks import FloatArray, check_columns, rows_where
from analysis.statistics.models.crossed_effects import Codes
from analysis.statistics.models.logistic import (
    of_student,
    ordered_conditions,
    too_few,
    two_sides,
)

_N_NEWTON: Final = 50
_N_HALVINGS: Final = 30
_ENOUGH: Final = 1e-12
# An effect beyond this (in log odds) is on its way to infinity.
_FAR: Final = 15.0


@dataclass(frozen=True, kw_only=True)
class OrdinalFit:
    """How much higher people answer under conditions.

    Attributes:
        differences: Columns condition, estimate (log odds of answering higher, less
            those under the reference), se, p_value, low, high, n (responses of both),
            refusal (why there is no interval; often empty).
        reference: The condition others are compared with.
        order: Answers from the lowest, those that came.
        method: What was fitted.
        n: Responses.
        n_participants: People.
        n_stimuli: Stimuli.
    """

    differences: pd.DataFrame
    reference: str
    order: tuple[str, ...]
    method: str
    n: int
    n_participants: int
    n_stimuli: int


def ordinal_logistic(
    frame: pd.DataFrame,
    *,
    answer: str,
    order: Sequence[str],
    condition: str,
    participant: str,
    stimulus: str,
    reference: str | None = None,
    clusters: Sequence[str] = (),
) -> OrdinalFit:
    """Differences of conditions in the log odds of a higher answer.

    Each is from the responses of the two conditions alone, with steps of their own.

    Args:
        frame: One row per response.
        answer: Column of answers.
        order: The answers, lowest first; those that nobody gave do not matter.
        condition: Column that names the condition.
        participant: Column that names the person.
        stimulus: Column that names the stimulus.
        reference: The condition others are compared with; the first by name unless
            given.
        clusters: Columns of what stimuli that are alike have in common.

    Returns:
        Without an interval, and with the reason, where a condition has fewer than
        four people or four stimuli, or all answers of one condition lie on one side
        of those of the other.

    Raises:
        AnalysisError: Naming missing columns, answers that the order lacks, or one
            condition, person, stimulus or answer only.

    >>> frame = pd.DataFrame({
    ...     "said": ["no", "rather", "yes", "rather", "yes", "yes"] * 4,
    ...     "shown": ["all", "all", "all", "part", "part", "part"] * 4,
    ...     "person": np.repeat(range(4), 6), "image": list(range(6)) * 4})
    >>> fit = ordinal_logistic(
    ...     frame, answer="said", order=["no", "rather", "yes"], condition="shown",
    ...     participant="person", stimulus="image")
    >>> float(fit.differences["estimate"][0].round(2)), fit.order
    (1.72, ('no', 'rather', 'yes'))
    """
    check_columns(frame, [answer, condition, *clusters])
    ranks, came = _ranks(frame, answer, order)
    names, group = ordered_conditions(frame[condition], reference=reference)
    if len(names) < 2:
        raise AnalysisError(
            f"one condition only ({', '.join(names) or 'no rows'}): nothing to compare"
        )
    sides = two_sides(frame, participant=participant, stimulus=stimulus)
    of_clusters = [frame[name].to_numpy() for name in clusters]
    rows = []
    for place in range(1, len(names)):
        mine = (group == 0) | (group == place)
        crossing = Crossing.of(
            *(codes[mine] for codes in sides),
            group=(group[mine] > 0).astype(int),
            clusters=[each[mine] for each in of_clusters],
        )
        few = too_few(
            (names[0], names[place]),
            crossing.group,
            sides=(sides[0][mine], sides[1][mine]),
        )
        rows.append(
            {
                "condition": names[place],
                **_difference(ranks[mine], crossing, refusal=few),
                "n": int(mine.sum()),
            }
        )
    return OrdinalFit(
        differences=pd.DataFrame(rows),
        reference=names[0],
        order=came,
        method="cumulative logit model, errors clustered by participant and stimulus",
        n=len(frame),
        n_participants=int(sides[0].max()) + 1,
        n_stimuli=int(sides[1].max()) + 1,
    )


def _ranks(
    frame: pd.DataFrame, answer: str, order: Sequence[str]
) -> tuple[Codes, tuple[str, ...]]:
    """Place of each answer among those that came."""
    is_unknown = ~frame[answer].isin(list(order))
    if is_unknown.any():
        came = frame[answer].to_numpy()[is_unknown.to_numpy().argmax()]
        raise AnalysisError(
            f"column {answer} holds {str(came)[:40]!r} in {rows_where(is_unknown)}, "
            f"which is none of {', '.join(map(str, order))}"
        )
    given = set(frame[answer])
    came = tuple(value for value in order if value in given)
    if len(came) < 2:
        raise AnalysisError(
            f"every answer is {came[0]}: nothing to compare"
            if came
            else "no answers to fit a model to (n = 0)"
        )
    places = {value: place for place, value in enumerate(came)}
    return frame[answer].map(places).to_numpy(dtype=int), tuple(map(str, came))


def _difference(
    ranks: Codes, crossing: Crossing, *, refusal: str
) -> dict[str, float | str]:
    """Of two conditions, numbered 0 and 1."""
    given = np.unique(ranks, return_inverse=True)[1]
    n_answers = int(given.max()) + 1
    cells = crossing.group * n_answers + given
    counts = np.bincount(cells, minlength=2 * n_answers).reshape(2, -1).astype(float)
    nothing = dict.fromkeys(("estimate", "se", "p_value", "low", "high"), nan)
    found = _fit(counts) if n_answers > 1 else None
    if found is None:
        words = "all answers under one condition lie on one side of the other's"
        return {
            **nothing,
            "refusal": words if n_answers > 1 else "every answer is equal",
        }
    sizes = counts.sum(axis=1)
    # Of the mean of the first less that of the second, as the crossing has it.
    values = found.influences[crossing.group, given] * np.where(
        crossing.group == 0, sizes[0], -sizes[1]
    )
    variance: Variance = crossing.variance(values)
    told = of_student(
        np.array([found.effect]),
        se=np.sqrt([variance.variance]),
        dof=np.array([variance.df]),
    ).iloc[0]
    known = {str(name): float(value) for name, value in told.items()}
    if refusal:
        known = {**nothing, "estimate": found.effect}
    return {**known, "refusal": refusal}


@dataclass(frozen=True)
class _Fit:
    """The effect, and how far one response of a condition moves it, by answer."""

    effect: float
    influences: FloatArray


def _fit(counts: FloatArray) -> _Fit | None:
    """Maximum likelihood of the steps and the effect; None where it is infinite.

    Args:
        counts: Responses, shape (2, answers); every answer came.
    """
    total = counts.sum(axis=0)
    above = 1 - np.cumsum(total)[:-1] / total.sum()
    at = _Likelihood.of(counts, np.append(logit(above), 0.0))
    for _ in range(_N_NEWTON):
        step = np.asarray(np.linalg.lstsq(at.information, at.score)[0], dtype=float)
        if float(at.score @ step) < _ENOUGH:
            break
        at = at.uphill(step)
    if abs(at.place[-1]) > _FAR:
        return None
    inverse = np.linalg.pinv(at.information, hermitian=True)
    return _Fit(float(at.place[-1]), at.scores @ inverse[-1])


@dataclass(frozen=True)
class _Likelihood:
    """Of steps (falling log odds of answering above) and the effect."""

    counts: FloatArray
    place: FloatArray
    height: float
    scores: FloatArray

    @classmethod
    def of(cls, counts: FloatArray, place: FloatArray) -> _Likelihood:
        """At some steps and an effect; height −∞ where steps are out of order."""
        n = counts.shape[1]
        tendency = place[:-1] + np.array([[0.0], [place[-1]]])
        above = np.pad(expit(tendency), ((0, 0), (1, 1)), constant_values=(0, 0))
        above[:, 0] = 1.0
        chance = above[:, :-1] - above[:, 1:]
        if chance.min() <= 0:
            return cls(counts, place, -np.inf, np.empty((2, n, len(place))))
        slope = above * (1 - above)
        # d log P(answer j) by step j − 1 and step j: up with the lower, down with
        # the upper one; by the effect: both.
        scores = np.zeros((2, n, len(place)))
        for step in range(n - 1):
            scores[:, step + 1, step] = slope[:, step + 1] / chance[:, step + 1]
            scores[:, step, step] = -slope[:, step + 1] / chance[:, step]
        scores[1, :, -1] = scores[1, :, :-1].sum(axis=1)
        return cls(counts, place, float((counts * np.log(chance)).sum()), scores)

    @property
    def score(self) -> FloatArray:
        """Slope of the log likelihood, shape (steps + 1,)."""
        return np.asarray(np.einsum("cj,cjk->k", self.counts, self.scores))

    @property
    def information(self) -> FloatArray:
        """Expected, from the chances that the scores imply."""
        n = self.counts.sum(axis=1)
        return np.asarray(
            np.einsum("c,cj,cjk,cjl->kl", n, self._chances, self.scores, self.scores)
        )

    @property
    def _chances(self) -> FloatArray:
        tendency = self.place[:-1] + np.array([[0.0], [self.place[-1]]])
        above = np.pad(expit(tendency), ((0, 0), (1, 1)))
        above[:, 0] = 1.0
        return np.asarray(above[:, :-1] - above[:, 1:])

    def uphill(self, step: FloatArray) -> _Likelihood:
        """Where the step leads, halved until it does not lead down."""
        tried = self
        for halving in range(_N_HALVINGS):
            tried = _Likelihood.of(self.counts, self.place + step / 2**halving)
            if tried.height >= self.height - 1e-13:
                break
        return tried
