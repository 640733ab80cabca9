"""Who took part, who was left out and why, and what that changed.

The quality rules are preregistered in the study file and were applied by the
server per session; here their effect is counted, by condition and with reasons.
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.people.exclusion_rules import SEPARATOR
from analysis.people.reapplied_rules import own_reasons
from analysis.statistics.clustered import clustered_mean

NO_CONDITION: Final = "all"


def fate(sessions: pd.DataFrame) -> pd.Series:
    """Why each session counts or not: "valid", "not judged yet" or the reason.

    >>> from analysis.bundles.example import example_bundle
    >>> fate(example_bundle().sessions).value_counts().to_dict()
    {'valid': 4, 'catch_accuracy': 1}
    """
    is_valid = sessions["is_valid"]
    reason = sessions["exclusion_reason"].where(
        sessions["exclusion_reason"] != "", "no reason given"
    )
    unfinished = sessions["state"].isin(("started", "withdrawn", "expired", "returned"))
    told = reason.mask(unfinished, sessions["state"])
    told = told.mask(is_valid.isna() & ~unfinished, "not judged yet")
    return told.mask(is_valid.fillna(value=False).astype(bool), "valid")


def reasons(bundle: Bundle) -> pd.DataFrame:
    """Columns condition, reason, n_sessions, n_participants, n_responses.

    >>> from analysis.bundles.example import example_bundle
    >>> reasons(example_bundle())[["reason", "n_sessions", "n_responses"]]
               reason  n_sessions  n_responses
    0           valid           4           24
    1  catch_accuracy           1            6
    """
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
    """Responses to main trials before and after exclusion, by condition.

    People who withdrew are in neither: what they did is not analysed.

    Returns:
        Columns condition, stage ("before", "after"), n_participants, n_sessions,
        n_trials, n_responses, n_votes, share_yes (NaN without votes).

    >>> from analysis.bundles.example import example_bundle
    >>> before_after(example_bundle())[["stage", "n_responses", "share_yes"]]
        stage  n_responses  share_yes
    0  before           12   0.666667
    1   after           12   0.500000
    """
    stages = {"before": bundle.before_exclusion, "after": bundle}
    counted = {stage: _counted(study) for stage, study in stages.items()}
    names = sorted({*_between(bundle), *counted["before"]["condition"]})
    rows = []
    for condition in names or [NO_CONDITION]:
        for stage, responses in counted.items():
            mine = responses[responses["condition"] == condition]
            rows.append(_described(mine, condition=condition, stage=stage))
    return pd.DataFrame(rows)


def response_exclusions(bundle: Bundle) -> pd.DataFrame:
    """Responses that were left out by themselves, by condition and reason.

    Of responses to main trials in sessions that were valid. Conditions are those
    of trials where people met several.

    Returns:
        Columns condition, reason, n_responses, n_left_out, share with low and high
        (95 %, people and trials as clusters). Empty where none was left out.

    >>> from analysis.bundles.example import example_bundle
    >>> response_exclusions(example_bundle()).empty    # whole sessions only
    True
    """
    single = bundle.single_responses
    rows = single.assign(
        reason=own_reasons(single),
        condition=response_condition(bundle, single),
    )
    main = bundle.trials.loc[bundle.trials["role"] == "main", "trial"]
    valid = bundle.sessions["is_valid"].fillna(value=False).astype(bool)
    in_valid = rows["session"].isin(bundle.sessions.loc[valid, "session"])
    rows = rows[rows["trial"].isin(main) & in_valid]
    names = {name for text in rows["reason"].unique() for name in text.split(SEPARATOR)}
    found = sorted(names - {""})
    return pd.DataFrame(
        [
            _left_out(mine, condition=str(condition), reason=reason)
            for condition, mine in rows.groupby("condition", sort=True)
            for reason in found
        ],
        columns=_LEFT_OUT_COLUMNS,
    )


_LEFT_OUT_COLUMNS: Final = [
    "condition",
    "reason",
    "n_responses",
    "n_left_out",
    "share",
    "low",
    "high",
]


def response_condition(bundle: Bundle, responses: pd.DataFrame) -> pd.Series:
    """The condition of each response: its person's, or else its trial's."""
    sessions = bundle.sessions
    if (sessions["condition"] != "").any():
        of = sessions.set_index("session")["condition"]
        found = responses["session"].map(of)
    else:
        found = bundle.told_of_trials(responses, ["condition"])["condition"]
    return found.where(found != "", NO_CONDITION).astype(object)


def _left_out(rows: pd.DataFrame, *, condition: str, reason: str) -> dict[str, Any]:
    hits = rows["reason"].str.split(SEPARATOR).map(lambda names: reason in names)
    share = clustered_mean(rows.assign(hit=hits), value="hit", stimulus="trial")
    return {
        "condition": condition,
        "reason": reason,
        "n_responses": len(rows),
        "n_left_out": int(hits.sum()),
        "share": share.value,
        "low": share.low,
        "high": share.high,
    }


def _between(bundle: Bundle) -> set[str]:
    """Conditions that people were put into; none where all met the same."""
    return set(bundle.sessions["condition"]) - {""}


def _condition(sessions: pd.DataFrame) -> pd.Series:
    return sessions["condition"].where(sessions["condition"] != "", NO_CONDITION)


def _counted(bundle: Bundle) -> pd.DataFrame:
    """The responses that count, once each, with their condition."""
    single = bundle.counted_responses
    return single.assign(condition=response_condition(bundle, single))


def _described(
    responses: pd.DataFrame, *, condition: str, stage: str
) -> dict[str, Any]:
    votes = responses["accepts"].dropna().astype(float)
    return {
        "condition": condition,
        "stage": stage,
        "n_participants": responses["participant"].nunique(),
        "n_sessions": responses["session"].nunique(),
        "n_trials": responses["trial"].nunique(),
        "n_responses": len(responses),
        "n_votes": len(votes),
        "share_yes": votes.mean() if len(votes) else float("nan"),
    }
