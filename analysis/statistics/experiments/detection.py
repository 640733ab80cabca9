"""Signal detection: how well people tell, apart from how readily they say yes.

d′ is how far apart signal and noise lie for a person, in standard deviations, and the
criterion how far the person's bar lies from the middle between them (above zero: slow
to say yes). Both are taken per person and then averaged: votes of careful and of
generous people put together make d′ too small (1.23 where everybody's is 1.5 and
criteria spread by 0.7).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import Final, Literal

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import ndtri

from analysis.statistics.frame_checks import (
    FloatArray,
    check_binary,
    check_columns,
    numbers_of,
)
from analysis.statistics.intervals import LEVEL, Estimate, critical_value

Task = Literal["yes-no", "two alternatives"]

# Fewer people say too little of others; whoever has fewer trials of a kind than this
# is left out.
LEAST_PEOPLE: Final = 5
LEAST_TRIALS: Final = 5
# Share of people whom the correction may give a share other than 0 or 1.
MOST_AT_THE_END: Final = 0.25
_METHOD: Final = "log-linear correction, per person, Student's t over people"


@dataclass(frozen=True, kw_only=True)
class Detection:
    """How well people tell signal from noise.

    Attributes:
        d_prime: Mean over people, for other people on these trials; `n` counts
            trials.
        criterion: The same of the criterion.
        people: Index participant; columns n_signal, n_noise, hits (yes to signal),
            false_alarms (yes to noise), d_prime, criterion: those who count.
        n_left_out: People with fewer than 5 trials of either kind.
    """

    d_prime: Estimate
    criterion: Estimate
    people: pd.DataFrame
    n_left_out: int


def detection(
    frame: pd.DataFrame,
    *,
    says: str,
    signal: str,
    participant: str = "participant",
    task: Task = "yes-no",
    level: float = LEVEL,
) -> Detection:
    """d′ and criterion of every person, and their means.

    Shares are (yes + ½) / (trials + 1), so that nobody's is 0 or 1. That takes a
    little off d′ where people are nearly always right; the end of the interval on
    that side is moved out by as much as it is expected to take off.

    Args:
        frame: One row per response.
        says: Column of 0 and 1: yes; with two alternatives, the first one.
        signal: Column of 0 and 1: yes is right; the first one is.
        participant: Column that names the person.
        task: With two alternatives, people see both and d′ is less by √2:
            (z(H) − z(F)) / √2, which is √2 z(share right) where nobody prefers a side.
        level: Nominal coverage.

    Returns:
        Estimates without an interval, and with the reason in `method`, with fewer
        than 5 people who have 5 trials of either kind, where all people are alike,
        or where more than a quarter of them said the same to all signals or to all
        noise (the correction would decide).

    Raises:
        AnalysisError: Naming missing columns, empty cells, or values other than 0
            and 1.

    Source:
        Hautus (1995), "Corrections for extreme proportions and their biasing effects
        on estimated values of d′" (log-linear); Macmillan & Creelman (2005),
        "Detection Theory", eqs. 1.5, 2.1 and 7.2.

    >>> frame = pd.DataFrame({
    ...     "participant": ["p"] * 18, "signal": [1] * 9 + [0] * 9,
    ...     "says": [1] * 8 + [0] + [1] * 1 + [0] * 8,
    ... })
    >>> found = detection(frame, says="says", signal="signal")
    >>> round(float(found.people.loc["p", "d_prime"]), 4)     # 2 z(8.5 / 10)
    2.0729
    >>> found.d_prime.method
    'no interval: 1 person with 5 trials of either kind, at least 5 are needed'
    """
    check_columns(frame, [says, signal, participant])
    for name in (says, signal):
        check_binary(numbers_of(frame, name), name)
    counted = _counted(frame, names=(says, signal, participant))
    is_in = counted[["n_signal", "n_noise"]].min(axis=1) >= LEAST_TRIALS
    people = counted[is_in]
    apart = sqrt(2) if task == "two alternatives" else 1.0
    hit, false = (
        _z(people[n_yes], people[n])
        for n_yes, n in (("hits", "n_signal"), ("false_alarms", "n_noise"))
    )
    off_hit, off_false = (
        _taken_off(people[n_yes], people[n])
        for n_yes, n in (("hits", "n_signal"), ("false_alarms", "n_noise"))
    )
    known = people.assign(d_prime=(hit - false) / apart, criterion=-(hit + false) / 2)
    off = {
        "d_prime": (off_hit - off_false) / apart,
        "criterion": -(off_hit + off_false) / 2,
    }
    found = {name: _mean(known, name, off=off[name], level=level) for name in off}
    return Detection(
        d_prime=found["d_prime"],
        criterion=found["criterion"],
        people=known,
        n_left_out=int((~is_in).sum()),
    )


def _counted(frame: pd.DataFrame, *, names: tuple[str, str, str]) -> pd.DataFrame:
    """Index participant; columns n_signal, n_noise, hits, false_alarms."""
    says, signal, participant = names
    is_signal = numbers_of(frame, signal)
    said = numbers_of(frame, says)
    rows = pd.DataFrame(
        {
            "participant": frame[participant].to_numpy(),
            "n_signal": is_signal,
            "n_noise": 1 - is_signal,
            "hits": said * is_signal,
            "false_alarms": said * (1 - is_signal),
        }
    )
    return rows.groupby("participant").sum().astype(int)


def _z(n_yes: pd.Series, n: pd.Series) -> FloatArray:
    """The normal quantile of the corrected share."""
    return np.asarray(ndtri((n_yes.to_numpy() + 0.5) / (n.to_numpy() + 1)))


def _taken_off(n_yes: pd.Series, n: pd.Series) -> FloatArray:
    """What the mean of z is away from z, taking the corrected share as the true one."""
    pairs = np.stack([n_yes.to_numpy(), n.to_numpy()], axis=1)
    kinds, kind = np.unique(pairs, axis=0, return_inverse=True)
    said, trials = kinds[:, :1], kinds[:, 1:]
    share = (said + 0.5) / (trials + 1)
    could = np.arange(int(trials.max(initial=0)) + 1)
    # Nobody says yes more often than there are trials: those have no chance.
    z = ndtri((np.minimum(could, trials) + 0.5) / (trials + 1))
    mean = (stats.binom.pmf(could, trials, share) * z).sum(axis=1)
    return np.asarray((mean - ndtri(share[:, 0]))[kind.ravel()])


def _mean(
    people: pd.DataFrame, name: str, *, off: FloatArray, level: float
) -> Estimate:
    values, n_people = people[name].to_numpy(), len(people)
    mean = float(values.mean()) if n_people else nan
    se = float(values.std(ddof=1)) / sqrt(n_people) if n_people > 1 else nan
    away = float(off.mean()) if n_people else nan
    reason = _reason_for_none(people, se)
    half = nan if reason else critical_value(level=level, dof=n_people - 1) * se
    return Estimate(
        value=mean,
        low=mean - half - max(away, 0.0),
        high=mean + half - min(away, 0.0),
        n=int(people[["n_signal", "n_noise"]].to_numpy().sum()),
        level=level,
        standard_error=nan if reason else se,
        n_people=n_people,
        target="these images",
        dof=nan if reason else n_people - 1,
        method=f"no interval: {reason}" if reason else _METHOD,
    )


def _reason_for_none(people: pd.DataFrame, se: float) -> str:
    n_people = len(people)
    if n_people < LEAST_PEOPLE:
        who = "1 person" if n_people == 1 else f"{n_people} people"
        return (
            f"{who} with {LEAST_TRIALS} trials of either kind, at least "
            f"{LEAST_PEOPLE} are needed"
        )
    n_at_the_end = int(_is_at_the_end(people).sum())
    if n_at_the_end > MOST_AT_THE_END * n_people:
        return (
            f"{n_at_the_end} of {n_people} people said the same to all signals or to "
            "all noise; more or harder trials a person are needed"
        )
    return "" if se > 0 else "all people are alike"


def _is_at_the_end(people: pd.DataFrame) -> pd.Series:
    """Whether a person said the same to all trials of a kind."""
    return (
        (people["hits"] == 0)
        | (people["false_alarms"] == 0)
        | (people["hits"] == people["n_signal"])
        | (people["false_alarms"] == people["n_noise"])
    )
