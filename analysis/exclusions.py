"""Who took part, who was left out and why, and what that changed.

The quality rules are preregistered in the study file and were applied by the
server per session; here their effect is counted, by condition and with reasons.
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from scipy import stats

from analysis.bundle import Bundle

FLOW_STEPS: Final = (
    ("arrived", "arrived at the study"),
    ("consented", "gave consent"),
    ("failed_comprehension", "failed the comprehension check"),
    ("started", "started the trials"),
    ("withdrawn", "withdrew"),
    ("expired", "ran out of time or left"),
    ("completed", "completed a block"),
    ("valid", "passed the quality rules"),
)
NO_CONDITION: Final = "all"


def flow(bundle: Bundle) -> pd.DataFrame:
    """People at each step of the way: columns step, meaning, n (NaN: unknown)."""
    counts = bundle.head["flow"]
    rows = [
        {"step": step, "meaning": meaning, "n": counts.get(step)}
        for step, meaning in FLOW_STEPS
    ]
    return pd.DataFrame(rows).astype({"n": "Float64"})


def fate(sessions: pd.DataFrame) -> pd.Series:
    """Why each session counts or not: "valid", "not judged yet" or the reason."""
    is_valid = sessions["is_valid"]
    reason = sessions["exclusion_reason"].where(
        sessions["exclusion_reason"] != "", "no reason given"
    )
    unfinished = sessions["state"].isin(("started", "withdrawn", "expired", "returned"))
    told = reason.mask(unfinished, sessions["state"])
    told = told.mask(is_valid.isna() & ~unfinished, "not judged yet")
    return told.mask(is_valid.fillna(value=False).astype(bool), "valid")


def reasons(bundle: Bundle) -> pd.DataFrame:
    """Columns condition, reason, n_sessions, n_participants, n_responses."""
    sessions = bundle.sessions.assign(
        reason=fate(bundle.sessions),
        condition=_condition(bundle.sessions),
    )
    grouped = sessions.groupby(["condition", "reason"], sort=True)
    table = pd.DataFrame(
        {
            "n_sessions": grouped["session"].nunique(),
            "n_participants": grouped["participant"].nunique(),
            "n_responses": grouped["n_responses"].sum(),
        }
    ).reset_index()
    is_valid = table["reason"] == "valid"
    order = pd.Series((~is_valid).astype(int), index=table.index)
    table = table.assign(order=order)
    table = table.sort_values(
        ["condition", "order", "n_sessions"], ascending=[True, True, False]
    )
    return table.drop(columns="order").reset_index(drop=True)


def before_after(bundle: Bundle) -> pd.DataFrame:
    """Votes on main trials before and after exclusion, by condition.

    People who withdrew are in neither: what they did is not analysed.

    Returns:
        Columns condition, stage ("before", "after"), n_participants, n_sessions,
        n_trials, n_votes, share_yes (NaN without votes).
    """
    stages = {"before": bundle.votes_before_exclusion, "after": bundle.votes}
    session_condition = _condition(bundle.sessions.set_index("session"))
    rows = []
    conditions = sorted(session_condition.unique()) or [NO_CONDITION]
    for condition in conditions:
        for stage, votes in stages.items():
            mine = votes[votes["session"].map(session_condition) == condition]
            rows.append(_described(mine, condition=condition, stage=stage))
    return pd.DataFrame(rows)


def attrition_p_value(bundle: Bundle) -> float | None:
    """P value of sessions being lost equally often in every condition.

    None where there is one condition, or nobody (or everybody) was lost.

    Source:
        Pearson's chi-square test without continuity correction.
    """
    lost = fate(bundle.sessions) != "valid"
    table = pd.crosstab(_condition(bundle.sessions), lost)
    if min(table.shape, default=0) < 2:
        return None
    return float(stats.chi2_contingency(table.to_numpy(), correction=False).pvalue)


def _condition(sessions: pd.DataFrame) -> pd.Series:
    return sessions["condition"].where(sessions["condition"] != "", NO_CONDITION)


def _described(votes: pd.DataFrame, *, condition: str, stage: str) -> dict[str, Any]:
    return {
        "condition": condition,
        "stage": stage,
        "n_participants": votes["participant"].nunique(),
        "n_sessions": votes["session"].nunique(),
        "n_trials": votes["trial"].nunique(),
        "n_votes": len(votes),
        "share_yes": votes["accepts"].mean() if len(votes) else float("nan"),
    }
