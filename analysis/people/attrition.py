"""The way of the participants: who came how far, and where they left, by condition.

With a test that people were lost equally often in every condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, nan
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.special import gammaln

from analysis.bundles.reading import Bundle

ALL: Final = "all"
STEPS: Final = (
    ("arrived", "arrived at the study"),
    ("consented", "gave consent"),
    ("failed_comprehension", "failed the comprehension check"),
    ("started", "started the trials"),
    ("left", "left before the last trial"),
    ("under_way", "still under way"),
    ("completed", "completed a block"),
    ("valid", "passed the quality rules"),
)
_FROM_SESSIONS: Final = ("started", "left", "under_way", "completed", "valid")
LOSSES: Final = (
    ("before the trials", "consented", "started"),
    ("during the trials", "started", "completed"),
    ("by the quality rules", "completed", "valid"),
)
_TEST_COLUMNS: Final = [
    "lost",
    "condition",
    "n_people",
    "n_lost",
    "share",
    "statistic",
    "df",
    "p_value",
    "method",
]
# Under this many expected in a cell, the test is exact; over so many tables it is not.
_LEAST_EXPECTED: Final = 5.0
_MOST_TABLES: Final = 200_000


def people(bundle: Bundle) -> pd.DataFrame:
    """One row per participant who was given trials.

    Returns:
        Index participant; columns condition, is_started, is_completed, is_valid,
        is_under_way (has not completed a block, and one is still open), is_left
        (started, completed none, and none is open), n_responses (trials responded
        to in the last block begun), n_trials (handed out in it; NaN: unknown).

    >>> from analysis.bundles.example import example_bundle
    >>> int(people(example_bundle())["is_completed"].sum())
    5
    """
    sessions = bundle.sessions
    is_open = sessions["state"] == "started"
    rows = sessions.assign(
        condition=named_condition(sessions["condition"]),
        is_started=sessions["started_at"].notna() | (sessions["n_responses"] > 0),
        is_completed=sessions["state"] == "completed",
        is_valid=sessions["is_valid"].fillna(value=False).astype(bool),
        is_open=is_open,
        n_trials=sessions["n_trials"].astype("Float64"),
    )
    flags = ["is_started", "is_completed", "is_valid", "is_open"]
    grouped = rows.groupby("participant", sort=True)
    found = grouped[flags].any()
    found["condition"] = grouped["condition"].first()
    found["n_responses"] = grouped["n_responses"].last()
    found["n_trials"] = grouped["n_trials"].last()
    found["is_started"] |= found["is_completed"]
    found["is_under_way"] = (
        found["is_open"] & found["is_started"] & ~found["is_completed"]
    )
    found["is_left"] = found["is_started"] & ~found["is_completed"] & ~found["is_open"]
    return found.drop(columns="is_open")


def named_condition(condition: pd.Series) -> pd.Series:
    """The condition's name; "all" where the study has none between people."""
    named: pd.Series = condition.astype(object).where(condition != "", ALL)
    return named


def flow_by_condition(bundle: Bundle) -> pd.DataFrame:
    """People at each step, for each condition and for all of them.

    Returns:
        Columns condition ("all" last), step, meaning, n (missing: unknown, as in
        bundles of earlier versions and studies collected elsewhere).

    >>> from analysis.bundles.example import example_bundle
    >>> flow_by_condition(example_bundle())[["step", "n"]].tail(3)
            step    n
    5  under_way  0.0
    6  completed  5.0
    7      valid  4.0
    """
    told = people(bundle)
    head = bundle.head.get("flow_by_condition") or []
    by_name = {entry.get("condition") or ALL: entry for entry in head}
    names = sorted({*by_name, *told["condition"]} - {ALL})
    rows = []
    for name in [*names, ALL]:
        mine = told if name == ALL else told[told["condition"] == name]
        stated = bundle.head["flow"] if name == ALL else by_name.get(name, {})
        for step, meaning in STEPS:
            n = int(mine[f"is_{step}"].sum()) if step in _FROM_SESSIONS else None
            rows.append(
                {
                    "condition": name,
                    "step": step,
                    "meaning": meaning,
                    "n": stated.get(step) if n is None else n,
                }
            )
    return pd.DataFrame(rows).astype({"n": "Float64"})


def left_at(bundle: Bundle) -> pd.DataFrame:
    """After how many responses people left, of those who started and did not finish.

    Returns:
        Columns condition, n_responses, n_people; by condition and number.

    >>> from analysis.bundles.example import example_bundle
    >>> left_at(example_bundle()).empty    # everybody did every trial
    True
    """
    told = people(bundle)
    gone = told[told["is_left"]]
    counted = gone.groupby(["condition", "n_responses"]).size().rename("n_people")
    return counted.reset_index().astype({"n_people": int})


def retention(bundle: Bundle) -> pd.DataFrame:
    """Share of those who started who went on beyond each trial, by condition.

    People still under way are left out: nobody knows yet whether they will leave.

    Returns:
        Columns condition, trial (0: all who started), n_people, share.

    >>> from analysis.bundles.example import example_bundle
    >>> retention(example_bundle()).tail(1)
      condition  trial  n_people  share
    6       all      6         5    1.0
    """
    told = people(bundle)
    told = told[told["is_left"] | told["is_completed"]]
    columns = ["condition", "trial", "n_people", "share"]
    rows = []
    for condition, mine in told.groupby("condition", sort=True):
        done = mine["n_responses"].to_numpy(dtype=float)
        gone = np.where(mine["is_left"], done, np.inf)
        longest = int(max(done.max(), mine["n_trials"].fillna(0).max()))
        for trial in range(longest + 1):
            n = int((gone >= trial).sum()) if trial else len(mine)
            rows.append((condition, trial, n, n / len(mine)))
    return pd.DataFrame(rows, columns=columns)


def loss_tests(bundle: Bundle) -> pd.DataFrame:
    """Tests that each kind of loss was as frequent in every condition.

    Returns:
        Columns lost (where), condition, n_people, n_lost, share (NaN where there
        was nobody), and, the same for every condition, statistic, df, p_value,
        method. Empty where the study has no conditions between people.

    >>> from analysis.bundles.example import example_bundle
    >>> loss_tests(example_bundle()).empty    # there are no conditions
    True
    """
    told = people(bundle)
    rows = []
    for where, before, after in LOSSES:
        counts = _counts(bundle, told, before=before, after=after)
        if len(counts) < 2:
            continue
        tested = loss_test(counts["n_lost"].to_list(), counts["n_people"].to_list())
        rows.append(_as_rows(where, counts, tested))
    if not rows:
        return pd.DataFrame(columns=_TEST_COLUMNS)
    return pd.concat(rows, ignore_index=True)


def _counts(
    bundle: Bundle, told: pd.DataFrame, *, before: str, after: str
) -> pd.DataFrame:
    """Index condition; columns n_people, n_lost. Who is under way is in neither."""
    told = told[~told["is_under_way"] | (after == "started")]
    n_after = told.groupby("condition")[f"is_{after}"].sum()
    if f"is_{before}" in told:
        n_before = told.groupby("condition")[f"is_{before}"].sum()
    else:
        head = bundle.head.get("flow_by_condition") or []
        n_before = pd.Series({e["condition"] or ALL: e.get(before) for e in head})
    counts = pd.DataFrame({"n_people": n_before, "n_after": n_after})
    counts = counts[counts["n_people"].notna()].fillna({"n_after": 0}).astype(int)
    counts["n_lost"] = counts["n_people"] - counts["n_after"]
    return counts.rename_axis("condition")


def _as_rows(where: str, counts: pd.DataFrame, tested: LossTest) -> pd.DataFrame:
    share = counts["n_lost"] / counts["n_people"].where(counts["n_people"] > 0)
    frame = counts.reset_index().assign(
        lost=where,
        share=share.to_numpy(dtype=float),
        statistic=tested.statistic,
        df=tested.df,
        p_value=tested.p_value,
        method=tested.method,
    )
    return frame[_TEST_COLUMNS]


@dataclass(frozen=True, kw_only=True)
class LossTest:
    """A test that the share lost is the same in every condition.

    Attributes:
        statistic: Pearson's chi-square; NaN without a test.
        df: Its degrees of freedom.
        p_value: NaN where there is nothing to compare.
        n: People.
        method: How it was tested, or why it was not.
    """

    statistic: float
    df: int
    p_value: float
    n: int
    method: str


def loss_test(lost: Sequence[int], people: Sequence[int]) -> LossTest:
    """Test equal loss, exactly where counts are small.

    Args:
        lost: How many were lost, per condition.
        people: Of how many.

    Raises:
        ValueError: If more were lost than there were.

    Source:
        Pearson's chi-square without continuity correction; Freeman & Halton (1951)
        where an expected count is under 5: the probability of the tables with these
        margins that are no more likely than the one found.

    >>> loss_test([3, 0], [3, 3]).p_value
    0.1
    """
    gone, there = np.asarray(lost, dtype=int), np.asarray(people, dtype=int)
    if (gone > there).any() or (gone < 0).any():
        raise ValueError(f"lost {gone.tolist()} of {there.tolist()} people: too many")
    is_used = there > 0
    gone, there = gone[is_used], there[is_used]
    n, n_lost = int(there.sum()), int(gone.sum())
    if len(there) < 2:
        return _no_test(n, "one condition: nothing to compare")
    if n_lost in (0, n):
        return _no_test(n, "nobody was lost" if n_lost == 0 else "everybody was lost")
    table = np.stack([gone, there - gone])
    found = stats.chi2_contingency(table, correction=False)
    is_small = found.expected_freq.min() < _LEAST_EXPECTED
    n_tables = comb(n_lost + len(there) - 1, len(there) - 1)
    is_exact = is_small and n_tables <= _MOST_TABLES
    method = "Freeman-Halton exact test" if is_exact else "chi-square test"
    if is_small and not is_exact:
        method += ", although some expected counts are under 5"
    return LossTest(
        statistic=float(found.statistic),
        df=int(found.dof),
        p_value=_exact_p(gone, there) if is_exact else float(found.pvalue),
        n=n,
        method=method,
    )


def _no_test(n: int, method: str) -> LossTest:
    return LossTest(statistic=nan, df=0, p_value=nan, n=n, method=method)


def _exact_p(gone: npt.NDArray[np.int_], there: npt.NDArray[np.int_]) -> float:
    """Walks every way to spread the lost over the conditions."""
    n_lost = int(gone.sum())
    sums, weights = np.zeros(1, dtype=int), np.zeros(1)
    for people in there:
        taken = np.arange(min(int(people), n_lost) + 1)
        sums = (sums[:, None] + taken).ravel()
        weights = (weights[:, None] + _log_choose(int(people), taken)).ravel()
        is_possible = sums <= n_lost
        sums, weights = sums[is_possible], weights[is_possible]
    whole = weights[sums == n_lost]
    log_total = _log_choose(int(there.sum()), np.array([n_lost]))[0]
    own = sum(
        _log_choose(int(n), np.array([k]))[0] for n, k in zip(there, gone, strict=True)
    )
    # Tables as likely as the one found differ from it by rounding only.
    p_value = np.exp(whole[whole <= own + 1e-7] - log_total).sum()
    return float(round(min(1.0, p_value), 12))


def _log_choose(n: int, k: npt.NDArray[np.int_]) -> npt.NDArray[np.float64]:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))
