"""The preregistered rules applied once more, from the bundle alone.

The server judged each session when it was completed. Here the same rules judge the
exported responses again, so that nobody needs to take its word for it, and so that
a result can be had without some of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

import pandas as pd

from analysis.bundles.counting import answers_of, is_given
from analysis.bundles.frames import taken
from analysis.bundles.reading import Bundle
from analysis.people.exclusion_rules import (
    RESPONSE_COLUMNS,
    RULES,
    SEPARATOR,
    Evidence,
    QualityRules,
    Verdicts,
    judge,
    make_evidence,
    read_quality,
)

OF_SESSION: Final = "session"
RULE_NAMES: Final = frozenset(rule.name for rule in RULES)
DIFFERENCE_COLUMNS: Final = ("level", "id", "session", "stated", "found")


def quality_of(bundle: Bundle) -> QualityRules:
    """The thresholds that were frozen with the study.

    >>> from analysis.bundles.example import example_bundle
    >>> quality_of(example_bundle()).min_catch_accuracy
    0.8
    """
    quality = bundle.head.get("quality")
    return read_quality(quality if isinstance(quality, Mapping) else None)


def bundle_evidence(bundle: Bundle) -> Evidence:
    """What the rules look at: completed sessions, practice left out.

    >>> from analysis.bundles.example import example_bundle
    >>> evidence = bundle_evidence(example_bundle())
    >>> evidence.responses[["session", "role", "answer"]].head(2)
      session  role answer
    0   s-ann  main    yes
    1   s-ann  main    yes
    """
    done = bundle.sessions[bundle.sessions["state"] == "completed"]
    rows = bundle.responses
    rows = taken(rows, rows["session"].isin(done["session"]))
    told = bundle.told_of_trials(rows, ["role", "control"])
    is_judged = told["role"] != "practice"
    rows = taken(rows.assign(**told, is_given=is_given(rows)), is_judged)
    right = rows["is_right"].astype("Float64").to_numpy(float, na_value=float("nan"))
    order = rows["acceptance_order"]
    single = rows[[name for name in RESPONSE_COLUMNS if name in rows]]
    single = single.assign(is_right=right, order=order, answer=_answers(rows))
    single = taken(single, ~single["response"].duplicated())
    ordered = single.sort_values("order", kind="stable", ignore_index=True)
    return make_evidence(ordered, done)


def _answers(rows: pd.DataFrame) -> pd.Series:
    """What the response of each row says in all its fields; index of `rows`."""
    answers = answers_of(rows)
    if len(answers) == len(rows):
        return answers.set_axis(rows.index)
    return rows["response"].map(answers)


def judge_bundle(bundle: Bundle, *, without: Collection[str] = ()) -> Verdicts:
    """What the rules say of the bundle's completed sessions and their responses.

    Returns:
        `responses` has the index of the responses' ids, `sessions` that of the
        sessions' ids; sessions that were not completed are not judged.

    >>> from analysis.bundles.example import example_bundle
    >>> judge_bundle(example_bundle()).sessions.to_dict()
    {'s-ann': '', 's-bob': '', 's-dan': 'catch_accuracy', 's-cyd': '', 's-eve': ''}
    """
    evidence = bundle_evidence(bundle)
    verdicts = judge(evidence, quality_of(bundle), without=without)
    return Verdicts(
        responses=verdicts.responses.set_axis(pd.Index(evidence.responses["response"])),
        sessions=verdicts.sessions.set_axis(pd.Index(evidence.sessions["session"])),
    )


def differences(bundle: Bundle) -> pd.DataFrame:
    """Where the rules, applied again, come to another end than the bundle states.

    Sessions left out for something that is no rule (erased, withdrawn) are no
    difference, nor are sessions that were not judged.

    Returns:
        Columns level ("session", "response"), id, session, stated, found: names of
        rules joined by ";", "" for valid.

    >>> from analysis.bundles.example import example_bundle
    >>> differences(example_bundle()).empty
    True
    """
    found = judge_bundle(bundle)
    sessions = _stated_sessions(bundle)
    own = _stated_responses(bundle, sessions.index)
    frames = [
        _differing(sessions, found.sessions, level="session", session=sessions.index),
        _differing(
            own["reason"], found.responses, level="response", session=own["session"]
        ),
    ]
    return pd.concat(frames, ignore_index=True)[list(DIFFERENCE_COLUMNS)]


def without_rules(bundle: Bundle, names: Collection[str]) -> Bundle:
    """The same study as if these rules had not been set.

    The other rules are applied again; sessions left out for something that is no
    rule stay out.

    Raises:
        ValueError: If there is no such rule.

    >>> from analysis.bundles.example import example_bundle
    >>> bundle = example_bundle()
    >>> int(bundle.sessions["is_valid"].sum())
    4
    >>> int(without_rules(bundle, ["catch_accuracy"]).sessions["is_valid"].sum())
    5
    """
    if unknown := sorted(set(names) - RULE_NAMES):
        raise ValueError(
            f"no rule is named {', '.join(unknown)}; there are: "
            f"{', '.join(rule.name for rule in RULES)}"
        )
    verdicts = judge_bundle(bundle, without=names)
    judged = _stated_sessions(bundle).index
    sessions = bundle.sessions
    stated = sessions["exclusion_reason"].where(sessions["is_valid"].notna())
    again = sessions["session"].map(verdicts.sessions)
    is_judged = sessions["session"].isin(judged)
    own = bundle.responses["response"].map(verdicts.responses).fillna("")
    return bundle.with_validity(
        sessions=stated.mask(is_judged, again), responses=own.astype(object)
    )


def own_reasons(responses: pd.DataFrame) -> pd.Series:
    """Rules that each response breaks by itself, "" for none; index of `responses`.

    >>> from analysis.bundles.example import example_bundle
    >>> own_reasons(example_bundle().responses).unique().tolist()
    ['']
    """
    stated = responses["exclusion_reason"].fillna("").astype(str)
    # There are few reasons, and very many responses.
    last = re.compile(rf"(^|{SEPARATOR}){OF_SESSION}$")
    kept = {reason: last.sub("", reason) for reason in stated.unique()}
    return stated.map(kept).astype(object)


def _stated_sessions(bundle: Bundle) -> pd.Series:
    """Reasons of the completed sessions that the rules decided, by session."""
    sessions = bundle.sessions
    stated = sessions["exclusion_reason"].fillna("").astype(str)
    names = stated.str.split(SEPARATOR)
    is_by_rules = names.map(lambda parts: set(parts) <= RULE_NAMES | {""})
    is_told = (stated != "") | sessions["is_valid"].fillna(value=False).astype(bool)
    is_judged = (sessions["state"] == "completed") & sessions["is_valid"].notna()
    kept = is_judged & is_by_rules.astype(bool) & is_told
    return pd.Series(
        stated[kept].to_numpy(), index=pd.Index(sessions["session"][kept]), dtype=object
    )


def _stated_responses(bundle: Bundle, judged: pd.Index) -> pd.DataFrame:
    """Columns reason, session of the responses in sessions the rules decided."""
    rows = bundle.responses[["response", "session"]]
    rows = rows.assign(reason=own_reasons(bundle.responses))
    rows = taken(rows, rows["session"].isin(judged))
    rows = taken(rows, ~rows["response"].duplicated())
    return rows.set_index("response")[["reason", "session"]]


def _differing(
    stated: pd.Series,
    found: pd.Series,
    *,
    level: str,
    session: pd.Series | pd.Index,
) -> pd.DataFrame:
    # Where both say nothing they are alike, which is so nearly everywhere.
    is_said = (stated != "").to_numpy() | stated.index.isin(found.index[found != ""])
    told = stated[is_said]
    both = pd.DataFrame(
        {
            "level": level,
            "id": told.index,
            "session": session[is_said].to_numpy(),
            "stated": told.to_numpy(),
            "found": found.reindex(told.index).to_numpy(),
        }
    )
    # Practice is not judged, so nothing is found there.
    return both[both["found"].notna() & (both["found"] != both["stated"])]
