"""Shares of responses of two bundles: said yes, right, by condition and control."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan, nan
from typing import Final

import pandas as pd

from analysis.bundles.clusters import clusters_in, with_clusters
from analysis.bundles.reading import Bundle
from analysis.measures.yes_bias.numbers import CONTROL_KINDS
from analysis.statistics.contrasts import contrast
from analysis.statistics.shares import (
    SharesCompared,
    compare_shares,
    verdict,
)

CROSSED: Final = "people and stimuli both counted"
APART: Final = "independent responses"
_CONTROLS: Final = frozenset(CONTROL_KINDS.values())
_VALUES: Final = (("said yes", "accepts"), ("right", "is_right"))


@dataclass(frozen=True, kw_only=True)
class SharePair:
    """A share of responses in A and in B.

    Attributes:
        what: Which responses ("main trials, whole").
        quantity: "said yes" or "right".
        shares: Both shares as if every response were independent.
        low: Lower end of the difference's interval; NaN where there is none.
        high: Upper end.
        standard_error: Of the difference.
        p_value: Two-sided, of no difference.
        dof: Degrees of freedom of Student's t; NaN for the normal distribution.
        method: What the interval counts, or why there is none.
        n_people: People in A, in B and in both.
        n_stimuli: Source images in A, in B and in both.
    """

    what: str
    quantity: str
    shares: SharesCompared
    low: float
    high: float
    standard_error: float
    p_value: float
    dof: float
    method: str
    n_people: tuple[int, int, int]
    n_stimuli: tuple[int, int, int]

    @property
    def verdict(self) -> str:
        """Whether the interval leaves out zero, in words."""
        return verdict(self.low, self.high)


def share_pairs(a: Bundle, b: Bundle) -> list[SharePair]:
    """Every share that both bundles have, main trials first.

    >>> from analysis.bundles.example import example_bundle
    >>> bundle = example_bundle()
    >>> pairs = share_pairs(bundle, bundle.before_exclusion)
    >>> pairs[0].what, pairs[0].quantity, len(pairs)
    ('main trials', 'said yes', 3)
    """
    first, second = _responses(a), _responses(b)
    found = []
    for what in _common(first, second):
        one, two = first[first["what"] == what], second[second["what"] == what]
        for quantity, column in _VALUES:
            mine, theirs = one[one[column].notna()], two[two[column].notna()]
            # On a trial with a key, being right is the same as saying yes (or no).
            is_same = quantity == "right" and what in _CONTROLS
            if len(mine) and len(theirs) and not is_same:
                found.append(_pair(mine, theirs, column, what=what, quantity=quantity))
    return found


def _common(first: pd.DataFrame, second: pd.DataFrame) -> Iterator[str]:
    there = set(second["what"])
    yield from (what for what in first["what"].unique() if what in there)


def _responses(bundle: Bundle) -> pd.DataFrame:
    """Counted responses of main trials and valid ones of controls.

    Columns what, participant, stimulus (source images, the trial where there is
    none), accepts, is_right.
    """
    single = bundle.single_responses
    trials = bundle.trials.set_index("trial")
    role = single["trial"].map(trials["role"])
    is_valid = single["is_valid"].fillna(value=False).astype(bool)
    is_control = role.isin(("catch", "control")) & is_valid
    kept = single[(role == "main") & single["is_counted"] | is_control]
    sources = kept["trial"].map(trials["sources"]).fillna("")
    frame = pd.DataFrame(
        {
            "trial": kept["trial"],
            "what": _kind(bundle, kept),
            "participant": kept["participant"],
            "stimulus": sources.where(sources != "", kept["trial"]),
            "accepts": kept["accepts"].astype("Float64"),
            "is_right": kept["is_right"].astype("Float64"),
        }
    )
    is_main = (role.reindex(kept.index) == "main").to_numpy()
    frame = with_clusters(frame, bundle).drop(columns="trial").assign(order=~is_main)
    return frame.sort_values(["order", "what"], kind="stable").drop(columns="order")


def _kind(bundle: Bundle, responses: pd.DataFrame) -> pd.Series:
    """Main trials by condition, controls by kind."""
    trials = bundle.trials.set_index("trial")
    by_trial = responses["trial"].map(trials["condition"]).fillna("")
    sessions = bundle.sessions.set_index("session")["condition"]
    by_person = responses["session"].map(sessions).fillna("")
    condition = by_trial.where(by_trial != "", by_person)
    main = "main trials" + (", " + condition).where(condition != "", "")
    control = responses["trial"].map(trials["control"]).fillna("")
    named = control.map(lambda kind: CONTROL_KINDS.get(kind, kind))
    return main.where(control == "", named)


def _pair(
    mine: pd.DataFrame,
    theirs: pd.DataFrame,
    column: str,
    *,
    what: str,
    quantity: str,
) -> SharePair:
    both = pd.concat(
        [mine.assign(side="A"), theirs.assign(side="B")], ignore_index=True
    )
    both = both.astype({column: float})
    shares = compare_shares(
        float(mine[column].mean()),
        len(mine),
        float(theirs[column].mean()),
        len(theirs),
    )
    if _is_same(mine, theirs, column):
        interval = _SAME_RESPONSES
    elif _is_once(both):
        interval = _Interval.apart(shares)
    else:
        interval = _Interval.of(both, column)
    return SharePair(
        what=what,
        quantity=quantity,
        shares=shares,
        low=interval.low,
        high=interval.high,
        standard_error=interval.standard_error,
        p_value=interval.p_value,
        dof=interval.dof,
        method=interval.method,
        n_people=_counts(mine["participant"], theirs["participant"]),
        n_stimuli=_counts(mine["stimulus"], theirs["stimulus"]),
    )


def _is_same(mine: pd.DataFrame, theirs: pd.DataFrame, column: str) -> bool:
    """Whether the same people gave the same responses to the same stimuli."""
    keys = ["participant", "stimulus", column]
    one, two = (
        side[keys].astype({column: float}).sort_values(keys).reset_index(drop=True)
        for side in (mine, theirs)
    )
    return one.equals(two)


def _is_once(both: pd.DataFrame) -> bool:
    """Whether every response is of another person and another stimulus."""
    return bool(both["participant"].is_unique and both["stimulus"].is_unique)


def _counts(mine: pd.Series, theirs: pd.Series) -> tuple[int, int, int]:
    one, two = set(mine), set(theirs)
    return len(one), len(two), len(one & two)


@dataclass(frozen=True, kw_only=True)
class _Interval:
    low: float
    high: float
    standard_error: float
    p_value: float
    method: str
    dof: float = nan

    @classmethod
    def apart(cls, shares: SharesCompared) -> _Interval:
        return cls(
            low=shares.low,
            high=shares.high,
            standard_error=shares.standard_error,
            p_value=shares.p_value,
            method=APART,
        )

    @classmethod
    def of(cls, both: pd.DataFrame, column: str) -> _Interval:
        found = contrast(
            both,
            {"A": 1, "B": -1},
            value=column,
            group="side",
            stimulus="stimulus",
            clusters=clusters_in(both.dropna(axis="columns")),
        )
        difference, is_known = found.estimate, not isnan(found.p_value)
        return cls(
            low=difference.low,
            high=difference.high,
            standard_error=difference.standard_error,
            p_value=found.p_value,
            dof=difference.dof,
            method=CROSSED if is_known else difference.method,
        )


_SAME_RESPONSES: Final = _Interval(
    low=0.0, high=0.0, standard_error=0.0, p_value=1.0, method="the same responses"
)
