"""An item-response model: how able people are, how hard trials are.

Logit P(1) of a person on a trial is level + ability - difficulty, both normal
around zero (a Rasch model with trials drawn at random as people are, since few
people meet each trial). With responses graded right or wrong it orders people and
trials. With votes it reads: leniency of people, and how acceptable a prediction is
once leniency is taken out.

Abilities and difficulties are those among all people and trials like these, so their
intervals count that the level and both spreads are estimated from few of them.

Source:
    Rasch (1960), "Probabilistic models for some intelligence and attainment
    tests"; De Boeck (2008), "Random item IRT models", eq. 4. Fitted by
    `analysis.statistics.models.over_spreads`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.errors import AnalysisError
from analysis.statistics.frame_checks import (
    check_binary,
    check_columns,
    check_once,
    numbers_of,
)
from analysis.statistics.intervals import LEVEL
from analysis.statistics.models.crossed_effects import CrossedResponses
from analysis.statistics.models.logistic import average_share
from analysis.statistics.models.mixtures import Mixture
from analysis.statistics.models.over_spreads import FOR_EFFECTS, fit_crossed

# Workers and tasks that intervals need, and responses a task on average: with three a
# task those of abilities covered in 90 to 92 of 100.
FEWEST: Final = 5


@dataclass(frozen=True, kw_only=True)
class ItemResponse:
    """People and trials on one scale of log odds.

    Attributes:
        workers: Columns worker, ability, se, low, high, n, share: the higher, the more
            ones than others on the same tasks; share is the raw one.
        tasks: Columns task, difficulty, se, low, high, n, share, and of_typical: P(1)
            of a typical worker, and of_all: P(1) over all workers like these.
        level: Log odds of a typical worker on a typical task.
        level_se: Its standard error.
        level_low: Lower end of its interval.
        level_high: Upper end.
        sd_ability: Standard deviation of abilities.
        sd_difficulty: Standard deviation of difficulties.
        is_converged: Whether the fit ended at a maximum.
        refusal: Why there are no intervals and standard errors (they are NaN then);
            empty where there are.
    """

    workers: pd.DataFrame
    tasks: pd.DataFrame
    level: float
    level_se: float
    level_low: float
    level_high: float
    sd_ability: float
    sd_difficulty: float
    is_converged: bool
    refusal: str


def item_response(responses: pd.DataFrame, *, outcome: str = "right") -> ItemResponse:
    """Abilities and difficulties, each drawn towards the middle as far as unsure.

    Args:
        responses: Columns task, worker, and the outcome (0 and 1, or booleans); one
            row per worker and task.
        outcome: The column of outcomes.

    Returns:
        Without intervals, and with the reason, where there are fewer than five
        workers, five tasks, or five responses a task on average.

    Raises:
        AnalysisError: If somebody answered a task twice, there is one worker or one
            task only, or all outcomes are equal.

    >>> rows = [(t, w, int(t + w > 3)) for t in range(6) for w in range(5)]
    >>> frame = pd.DataFrame(rows, columns=["task", "worker", "right"])
    >>> fit = item_response(frame)
    >>> fit.tasks.sort_values("difficulty")["task"].to_list()
    [5, 4, 3, 2, 1, 0]
    """
    yes, worker, task = _read(responses, outcome)
    given = CrossedResponses(
        yes=yes, design=np.ones((len(yes), 1)), person=worker.codes, stimulus=task.codes
    )
    found = fit_crossed(given, start=np.array([logit(yes.mean())]), prior=FOR_EFFECTS)
    level = found.sums(np.ones((1, 1)))
    low, high = level.interval(LEVEL)
    workers = _side(worker, yes, found.person).rename(
        columns={"value": "worker", "effect": "ability"}
    )
    tasks = _side(task, yes, found.stimulus)
    tendency = float(level.mean[0]) + tasks["effect"].to_numpy(dtype=float)
    tasks["of_typical"] = expit(tendency)
    tasks["of_all"] = average_share(tendency, spread=found.sd[0])
    tasks["effect"] = -tasks["effect"]
    tasks["low"], tasks["high"] = -tasks["high"], -tasks["low"]
    refusal = _too_few(worker, task)
    if refusal:
        workers[["se", "low", "high"]] = nan
        tasks[["se", "low", "high"]] = nan
    return ItemResponse(
        workers=workers,
        tasks=tasks.rename(columns={"value": "task", "effect": "difficulty"}),
        level=float(level.mean[0]),
        level_se=nan if refusal else float(level.sd[0]),
        level_low=nan if refusal else float(low[0]),
        level_high=nan if refusal else float(high[0]),
        sd_ability=found.sd[0],
        sd_difficulty=found.sd[1],
        is_converged=found.is_converged,
        refusal=refusal,
    )


@dataclass(frozen=True)
class _Coded:
    codes: np.ndarray
    values: pd.Index


def _read(responses: pd.DataFrame, outcome: str) -> tuple[np.ndarray, _Coded, _Coded]:
    check_columns(responses, ["task", "worker", outcome])
    if responses.empty:
        raise AnalysisError("no responses to fit an item-response model to (n = 0)")
    check_once(responses, ["worker", "task"], what="a worker answered a task twice")
    yes = numbers_of(responses, outcome)
    check_binary(yes, outcome)
    coded = []
    for name in ("worker", "task"):
        codes, values = pd.factorize(responses[name], sort=True)
        if len(values) < 2:
            raise AnalysisError(
                f"one {name} only ({values[0]}): an item-response model needs at least "
                "two workers and two tasks"
            )
        coded.append(_Coded(codes, pd.Index(values)))
    if yes.min() == yes.max():
        raise AnalysisError(
            f"every response is {yes[0]:g}: abilities and difficulties are not defined"
        )
    return yes, coded[0], coded[1]


def _too_few(worker: _Coded, task: _Coded) -> str:
    for side, what in ((worker, "workers"), (task, "tasks")):
        if len(side.values) < FEWEST:
            return (
                f"no interval with fewer than {FEWEST} {what} (there are "
                f"{len(side.values)}): how much they differ is not known"
            )
    per_task = len(task.codes) / len(task.values)
    if per_task < FEWEST:
        return (
            f"no interval with fewer than {FEWEST} responses a task (there are "
            f"{per_task:.1f}): abilities and difficulties are hardly told apart"
        )
    return ""


def _side(side: _Coded, yes: np.ndarray, effects: Mixture) -> pd.DataFrame:
    n = np.bincount(side.codes)
    low, high = effects.interval(LEVEL)
    return pd.DataFrame(
        {
            "value": side.values,
            "effect": effects.mean,
            "se": effects.sd,
            "low": low,
            "high": high,
            "n": n,
            "share": np.bincount(side.codes, yes) / n,
        }
    )
