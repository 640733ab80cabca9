"""Slow conditions lose more: exclusions by time, and the result without them."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.measures.assignment.numbers import (
    assignment_responses,
    conditions_of,
    success,
)
from analysis.statistics.experiments.stratified_loss import (
    StratifiedTest,
    equal_loss_within_people,
)
from analysis.statistics.intervals import Estimate

TIME_RULES: Final = ("response_too_quick", "response_too_slow")


@dataclass(frozen=True, kw_only=True)
class TimeLoss:
    """What one condition loses to the limits of time.

    Attributes:
        condition: Its name.
        n_given: Responses of people who did not withdraw.
        n_quick: Of them, too quick.
        n_slow: Of them, too slow.
        n_excluded: Of them, left out for whatever reason.
        median_s: Median time on the wall clock, of all given; NaN where unknown.
        median_all_shown_s: Median time until the last image was on screen.
        counted: Success rate as counted.
        without_time: Success rate as if there were no limits of time.
        before: Success rate before any exclusion.
    """

    condition: str
    n_given: int
    n_quick: int
    n_slow: int
    n_excluded: int
    median_s: float
    median_all_shown_s: float
    counted: Estimate
    without_time: Estimate
    before: Estimate

    @property
    def share_excluded(self) -> float:
        """Share left out; NaN where nobody responded."""
        return self.n_excluded / self.n_given if self.n_given else nan


def time_limits(bundle: Bundle) -> tuple[float, float] | None:
    """Seconds a response may take; None where the study has no such rule."""
    limits = (bundle.head.get("quality") or {}).get("response_seconds")
    return (float(limits[0]), float(limits[1])) if limits else None


def without_time_rule(bundle: Bundle) -> Bundle:
    """The same study as if responses had no limits of time."""
    stated = bundle.sessions["exclusion_reason"].fillna("").astype(str)
    is_valid = bundle.sessions["is_valid"].astype("boolean")
    reasons = stated.where(stated != "", "no reason given").astype(object)
    reasons = reasons.mask(is_valid.fillna(value=False).astype(bool), "")
    own = bundle.responses["exclusion_reason"].fillna("").astype(str)
    return bundle.with_validity(
        sessions=reasons.mask(is_valid.isna(), nan), responses=own.map(_without_time)
    )


def _without_time(reason: str) -> str:
    left = [r for r in reason.split(";") if r not in (*TIME_RULES, "session", "")]
    return ";".join(left)


def time_losses(bundle: Bundle) -> list[TimeLoss]:
    """One entry per condition."""
    counted = assignment_responses(bundle)
    without = assignment_responses(without_time_rule(bundle))
    before = assignment_responses(bundle.before_exclusion)
    given = assignment_responses(bundle, only_counted=False)
    losses = []
    for condition in conditions_of(bundle):
        mine = given[given["condition"] == condition]
        reasons = mine["exclusion_reason"].fillna("").astype(str).str.split(";")
        is_valid = mine["is_valid"].astype("boolean").fillna(value=False)
        losses.append(
            TimeLoss(
                condition=condition,
                n_given=len(mine),
                n_quick=_n_with(reasons, TIME_RULES[0]),
                n_slow=_n_with(reasons, TIME_RULES[1]),
                n_excluded=int((~is_valid.astype(bool)).sum()),
                median_s=_median_s(mine, "wall_ms"),
                median_all_shown_s=_median_s(mine, "all_shown_ms"),
                counted=success(counted[counted["condition"] == condition]),
                without_time=success(without[without["condition"] == condition]),
                before=success(before[before["condition"] == condition]),
            )
        )
    return losses


def equal_loss(bundle: Bundle) -> StratifiedTest:
    """Whether every condition loses the same share, each person by themselves."""
    given = assignment_responses(bundle, only_counted=False)
    is_valid = given["is_valid"].astype("boolean").fillna(value=False)
    return equal_loss_within_people(
        given.assign(lost=~is_valid.astype(bool)), lost="lost", condition="condition"
    )


def _n_with(reasons: pd.Series, rule: str) -> int:
    return sum(rule in each for each in reasons)


def _median_s(given: pd.DataFrame, column: str) -> float:
    times = given[column].dropna() if column in given else pd.Series(dtype=float)
    return float(times.median()) / 1000 if len(times) else nan
