"""How each participant and each trial is doing: for a person to look at.

Nothing here leaves anybody out. Agreement with others, above all, says as much of
the trials as of the person, and is never a rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.bundles.counting import answers_of, is_given
from analysis.bundles.frames import taken
from analysis.bundles.reading import Bundle
from analysis.people.exclusion_rules.catch_rules import KNOWN_NO, KNOWN_YES
from analysis.people.exclusions import response_condition
from analysis.statistics.aggregation.dawid_skene import Prior, dawid_skene
from hit_templates.questions import Question

COLUMNS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "participant": "",
        "session": "",
        "trial": "",
        "role": "main",
        "control": "",
        "condition": "",
        "answer": "",
        "laid_out": "",
        "is_given": True,
        "accepts": np.nan,
        "is_right": np.nan,
        "rt_ms": np.nan,
        "wall_ms": np.nan,
        "visible_ms": np.nan,
        "is_left_out": False,
    }
)
# A little, so that nobody is called perfect, or hopeless, for two responses.
_PRIOR: Final = Prior(tasks=1.0, same=2.0, other=1.0)


def responses_of(bundle: Bundle) -> pd.DataFrame:
    """One row per response, practice and people who withdrew left out.

    Returns:
        Columns participant, session, trial, role, control, condition, answer (text;
        only whether two are the same matters: how sure somebody is, or what they
        write, is no part of it where they choose as well), laid_out (as it lay on the
        page), is_given (False: the image failed to show), accepts and is_right (1, 0,
        NaN), rt_ms, wall_ms, visible_ms, is_left_out (by a rule, alone or with its
        session).

    >>> from analysis.bundles.example import example_bundle
    >>> responses_of(example_bundle())[["participant", "trial", "answer"]].head(2)
      participant trial answer
    0         ann    i1    yes
    1         ann    i2    yes
    """
    single = bundle.single_responses
    frame = pd.DataFrame(
        {
            **{name: single[name] for name in ("participant", "session", "trial")},
            **bundle.told_of_trials(single, ["role", "control"]),
            "condition": response_condition(bundle, single),
            **_said(bundle),
            "laid_out": single["laid_out"].fillna(""),
            "accepts": _as_float(single["accepts"]),
            "is_right": _as_float(single["is_right"]),
            **{name: single[name] for name in ("rt_ms", "wall_ms", "visible_ms")},
            "is_left_out": ~single["is_valid"].fillna(value=True).astype(bool),
        }
    )
    return taken(frame, frame["role"] != "practice").reset_index(drop=True)


def _said(bundle: Bundle) -> dict[str, pd.Series]:
    """Answer and is_given of each of `Bundle.single_responses`."""
    rows, single = bundle.responses, bundle.single_responses
    if rows["response"].is_unique:
        values = bundle.single_values
        return {"answer": values, "is_given": is_given(single.assign(value=values))}
    answers = answers_of(rows[_is_choice(bundle)])
    given = is_given(rows)[~rows["response"].duplicated()]
    given.index = pd.Index(rows["response"].drop_duplicates())
    return {
        "answer": single["response"].map(answers),
        "is_given": single["response"].map(given).astype(bool),
    }


def _is_choice(bundle: Bundle) -> pd.Series:
    """Whether each row of `responses` is of a field that two people agree on or not.

    Those are the nominal ones, or every field of a question that has none.
    """
    asked = bundle.responses["trial"].map(bundle.trials.set_index("trial")["question"])
    pairs = pd.Series(
        list(zip(asked, bundle.responses["field"], strict=True)),
        index=bundle.responses.index,
        dtype=object,
    )
    counts = {
        pair: _counts(bundle.questions.get(str(pair[0])), str(pair[1]))
        for pair in pairs.unique()
    }
    return pairs.map(counts).astype(bool)


def _counts(question: Question | None, name: str) -> bool:
    if question is None or not any(f.measured_on == "nominal" for f in question.fields):
        return True
    found = question.field_of(name)
    return found is None or found.measured_on == "nominal"


def participant_quality(responses: pd.DataFrame) -> pd.DataFrame:
    """Time, catches, agreement and estimated confusion of every participant.

    Args:
        responses: The columns of `responses_of`; those that are missing are taken
            as unknown.

    Returns:
        Index participant; columns n_sessions, n_responses (given), n_failures
        (images that failed to show), n_left_out, median_s (wall clock, else
        response time), minutes (of all trials), n_catch_yes, n_catch_yes_right,
        n_catch_no, n_catch_no_right, n_compared and agreement (share of others who
        responded the same to the same main trial, over trials), same_share (of the
        most frequent response), n_placed (responses that chose a shuffled place) and
        same_place_share (of the most frequent one), hidden_share (of the time, out of
        sight), and by Dawid and Skene's model yes_if_yes and yes_if_no (share of yes
        where the answer is probably yes, or no) with n_yes and n_no (expected trials).
        NaN where there is nothing to say.

    >>> from analysis.bundles.example import example_bundle
    >>> table = participant_quality(responses_of(example_bundle()))
    >>> table[["n_responses", "n_catch_no_right", "agreement"]].loc["dan"].to_dict()
    {'n_responses': 6.0, 'n_catch_no_right': 0.0, 'agreement': 0.5}
    """
    rows = _filled(responses)
    given = rows[rows["is_given"]]
    people = rows.groupby("participant", sort=True)
    found = pd.DataFrame(
        {
            "n_sessions": people["session"].nunique(),
            "n_responses": people["is_given"].sum().astype(int),
            "n_failures": (people.size() - people["is_given"].sum()).astype(int),
            "n_left_out": people["is_left_out"].sum().astype(int),
        }
    )
    seconds = _seconds(given)
    found["median_s"] = seconds.groupby(given["participant"]).median()
    found["minutes"] = seconds.groupby(given["participant"]).sum(min_count=1) / 60
    for control, name in ((KNOWN_YES, "catch_yes"), (KNOWN_NO, "catch_no")):
        graded = given[(given["control"] == control) & given["is_right"].notna()]
        by_person = graded.groupby("participant")["is_right"]
        found[f"n_{name}"] = by_person.size()
        found[f"n_{name}_right"] = by_person.sum()
    counts = [str(name) for name in found if str(name).startswith("n_")]
    found[counts] = found[counts].fillna(0).astype(int)
    found = found.join(_agreement(given)).join(_patterns(given))
    return found.join(_confusion(given)).fillna({"n_compared": 0, "n_placed": 0})


def trial_quality(responses: pd.DataFrame) -> pd.DataFrame:
    """Disagreement and time of every trial.

    Args:
        responses: The columns of `responses_of`.

    Returns:
        Index trial; columns role, condition, n_responses, disagreement (share of
        pairs of people who responded differently; NaN below two), top_share (of
        the most frequent response), median_s, n_failures, n_left_out.

    >>> from analysis.bundles.example import example_bundle
    >>> table = trial_quality(responses_of(example_bundle()))
    >>> table.loc["i2", ["n_responses", "disagreement"]].to_dict()
    {'n_responses': 5.0, 'disagreement': 0.6}
    """
    rows = _filled(responses)
    given = rows[rows["is_given"]]
    trials = rows.groupby("trial", sort=True)
    found = pd.DataFrame(
        {
            "role": trials["role"].first(),
            "condition": trials["condition"].first(),
            "n_responses": trials["is_given"].sum().astype(int),
            "n_failures": (trials.size() - trials["is_given"].sum()).astype(int),
            "n_left_out": trials["is_left_out"].sum().astype(int),
        }
    )
    same = given.groupby(["trial", "answer"], sort=False).size()
    n = same.groupby(level="trial").sum()
    pairs_same = (same * (same - 1)).groupby(level="trial").sum()
    pairs = (n * (n - 1)).where(n > 1)
    found["disagreement"] = 1 - pairs_same / pairs
    found["top_share"] = same.groupby(level="trial").max() / n
    found["median_s"] = _seconds(given).groupby(given["trial"]).median()
    return found


def _filled(responses: pd.DataFrame) -> pd.DataFrame:
    missing = {k: value for k, value in COLUMNS.items() if k not in responses}
    return responses.assign(**missing)


def _as_float(flags: pd.Series) -> np.ndarray:
    return np.asarray(flags.astype("Float64").to_numpy(float, na_value=np.nan))


def _seconds(given: pd.DataFrame) -> pd.Series:
    wall = given["wall_ms"].astype(float)
    return wall.where(wall.notna(), given["rt_ms"].astype(float)) / 1000


def _agreement(given: pd.DataFrame) -> pd.DataFrame:
    """Index participant; columns n_compared, agreement."""
    main = given[given["role"] == "main"].drop_duplicates(["participant", "trial"])
    n_same = main.groupby(["trial", "answer"], sort=False)["answer"].transform("size")
    n_there = main.groupby("trial", sort=False)["answer"].transform("size")
    is_compared = n_there > 1
    shares = ((n_same - 1) / (n_there - 1).where(is_compared))[is_compared]
    by_person = shares.groupby(main["participant"][is_compared])
    return pd.DataFrame({"n_compared": by_person.size(), "agreement": by_person.mean()})


def _patterns(given: pd.DataFrame) -> pd.DataFrame:
    """Index participant; columns same_share, n_placed, same_place_share, hidden_share."""
    same = given.groupby(["participant", "answer"], sort=False).size()
    people = same.groupby(level="participant")
    # One place: several choices in a row may well be laid out alike.
    placed = given[given["laid_out"].astype(str).str.isdigit()]
    places = placed.groupby(["participant", "laid_out"], sort=False).size()
    of_places = places.groupby(level="participant")
    wall = given["wall_ms"].astype(float).where(given["visible_ms"].notna())
    shown = given["visible_ms"].astype(float).where(wall.notna())
    whole = wall.groupby(given["participant"]).sum(min_count=1)
    seen = shown.groupby(given["participant"]).sum(min_count=1)
    return pd.DataFrame(
        {
            "same_share": people.max() / people.sum(),
            "n_placed": of_places.sum(),
            "same_place_share": of_places.max() / of_places.sum(),
            "hidden_share": ((whole - seen) / whole.where(whole > 0)).clip(lower=0),
        }
    )


def _confusion(given: pd.DataFrame) -> pd.DataFrame:
    """Index participant; columns yes_if_yes, yes_if_no, n_yes, n_no."""
    columns = ["yes_if_yes", "yes_if_no", "n_yes", "n_no"]
    votes = given[given["accepts"].notna()].drop_duplicates(["participant", "trial"])
    if votes["participant"].nunique() < 2 or votes["accepts"].nunique() < 2:
        return pd.DataFrame(columns=columns, dtype=float)
    label = votes["accepts"].map({1.0: "yes", 0.0: "no"}).astype(object)
    model = dawid_skene(
        pd.DataFrame(
            {"task": votes["trial"], "worker": votes["participant"], "label": label}
        ),
        classes=("no", "yes"),
        prior=_PRIOR,
        known=_known(votes),
    )
    said_yes = model.confusions[model.confusions["label"] == "yes"]
    wide = said_yes.pivot(
        index="worker", columns="class", values=["share", "n_expected"]
    )
    n_all = model.confusions.groupby(["worker", "class"])["n_expected"].sum().unstack()
    found = pd.DataFrame(
        {
            "yes_if_yes": wide["share"]["yes"],
            "yes_if_no": wide["share"]["no"],
            "n_yes": n_all["yes"],
            "n_no": n_all["no"],
        }
    )
    return found.rename_axis("participant")


def _known(votes: pd.DataFrame) -> pd.Series:
    """Trial to "yes" or "no", where the trial has a key."""
    graded = votes[votes["is_right"].notna()].drop_duplicates("trial")
    is_yes = graded["accepts"] == graded["is_right"]
    return pd.Series(
        is_yes.map({True: "yes", False: "no"}).to_numpy(dtype=object),
        index=pd.Index(graded["trial"]),
    )
