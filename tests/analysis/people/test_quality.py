"""Quality of participants and trials, by hand and on people of known habits."""

from __future__ import annotations

from math import isnan
from time import perf_counter

import numpy as np
import pandas as pd
import pytest

from analysis.people.exclusion_rules import QualityRules
from analysis.people.quality import participant_quality, responses_of, trial_quality
from analysis.people.quality_flags import flags
from tests.analysis.bundle_maker import Plan

RULES = QualityRules()


def votes(said: dict[str, str], **of_all: object) -> pd.DataFrame:
    """Person to a letter per trial: y, n, or x for an image that failed."""
    rows = [
        {
            "participant": person,
            "session": f"s-{person}",
            "trial": f"t{number}",
            "answer": letter,
            "is_given": letter != "x",
            "accepts": {"y": 1.0, "n": 0.0}.get(letter, np.nan),
            "wall_ms": 2000.0,
            "visible_ms": 2000.0,
            **of_all,
        }
        for person, letters in said.items()
        for number, letter in enumerate(letters)
    ]
    return pd.DataFrame(rows)


def test_agreement_is_the_share_of_others_who_say_the_same():
    # t0: y y n: p agrees with 1 of 2, q with 1 of 2, r with none.
    # t1: y y y: everybody with both. t2 is p's alone.
    found = participant_quality(votes({"p": "yyy", "q": "yy", "r": "ny"}))
    assert found["agreement"].to_dict() == {"p": 0.75, "q": 0.75, "r": 0.5}
    assert found["n_compared"].to_dict() == {"p": 2, "q": 2, "r": 2}


def test_disagreement_is_the_share_of_pairs_that_differ():
    # Three say y and one n: of 6 pairs 3 differ. One alone has no pair.
    found = trial_quality(votes({"p": "yy", "q": "y", "r": "y", "s": "nx"}))
    assert found["disagreement"]["t0"] == pytest.approx(0.5)
    assert found["top_share"]["t0"] == 0.75
    assert isnan(found["disagreement"]["t1"])
    assert found["n_failures"].to_dict() == {"t0": 0, "t1": 1}
    assert found["median_s"]["t0"] == 2.0


def test_catches_with_yes_and_no_are_counted_apart():
    rows = pd.DataFrame(
        {
            "participant": "p",
            "trial": list("abcde"),
            "role": "catch",
            "control": ["known_yes"] * 3 + ["known_no"] * 2,
            "answer": "y",
            "is_right": [1.0, 1.0, 1.0, 0.0, 0.0],
        }
    )
    found = participant_quality(rows).loc["p"]
    assert (found["n_catch_yes_right"], found["n_catch_yes"]) == (3, 3)
    assert (found["n_catch_no_right"], found["n_catch_no"]) == (0, 2)
    said = flags(participant_quality(rows), RULES)["p"]
    assert "catches right: yes 3 of 3, no 0 of 2" in said
    assert "says yes to what is not there (catches right: 0 of 2)" in said


def test_time_in_and_out_of_sight():
    rows = votes({"p": "yn"}, wall_ms=6000.0, visible_ms=3000.0)
    found = participant_quality(rows).loc["p"]
    assert (found["median_s"], found["minutes"]) == (6.0, 0.2)
    assert found["hidden_share"] == 0.5
    assert (
        "page out of sight for 50 % of the time"
        in flags(participant_quality(rows), RULES)["p"]
    )


def test_without_wall_time_the_response_time_is_shown():
    rows = votes({"p": "yn"}, wall_ms=np.nan, visible_ms=np.nan, rt_ms=800.0)
    found = participant_quality(rows).loc["p"]
    assert found["median_s"] == 0.8
    assert pd.isna(found["hidden_share"])


def test_one_rater_is_compared_with_nobody():
    found = participant_quality(votes({"p": "ynyn"})).loc["p"]
    assert found["n_compared"] == 0
    assert found[["agreement", "yes_if_yes"]].isna().all()
    said = flags(participant_quality(votes({"p": "ynyn"})), RULES)
    assert said.to_dict() == {"p": ""}


def test_only_display_failures_say_so_and_nothing_else():
    found = participant_quality(votes({"p": "xx", "q": "xx"}))
    assert found["n_responses"].tolist() == [0, 0]
    assert found["median_s"].isna().all()
    assert flags(found, RULES)["p"] == "could not see 2 of 2 images"


def test_nobody_gives_empty_frames():
    nobody = votes({"p": "y"}).iloc[:0]
    assert participant_quality(nobody).empty
    assert trial_quality(nobody).empty
    assert flags(participant_quality(nobody), RULES).empty


def people_of_habits(rng: np.random.Generator, *, n_trials: int = 60) -> pd.DataFrame:
    """Ten careful people, a yes-sayer, a guesser and one who is far too quick."""
    truth = rng.random(n_trials) < 0.5
    habits = {f"careful{i}": (0.95, 0.05, 2500.0) for i in range(10)}
    habits |= {"yes-sayer": (0.98, 0.97, 2500.0), "guesser": (0.5, 0.5, 2500.0)}
    habits |= {"quick": (0.95, 0.05, 400.0)}
    frames = []
    for person, (yes_if_yes, yes_if_no, ms) in habits.items():
        is_yes = rng.random(n_trials) < np.where(truth, yes_if_yes, yes_if_no)
        letters = "".join(np.where(is_yes, "y", "n"))
        frames.append(votes({person: letters}, wall_ms=ms, visible_ms=ms))
    return pd.concat(frames, ignore_index=True)


def test_habits_are_recovered_and_flagged_with_a_reason():
    found = participant_quality(people_of_habits(np.random.default_rng(3)))
    careful = found[found.index.str.startswith("careful")]
    # 0.95 and 0.05 from 30 trials each: within three standard errors (0.12).
    assert careful["yes_if_yes"].between(0.80, 1.0).all()
    assert careful["yes_if_no"].between(0.0, 0.2).all()
    assert found["yes_if_no"]["yes-sayer"] > 0.8
    assert found["yes_if_yes"]["guesser"] == pytest.approx(0.5, abs=0.25)
    said = flags(found, RULES)
    assert (said[careful.index] == "").all()
    assert "hardly tells yes from no" in said["yes-sayer"]
    assert "hardly tells yes from no" in said["guesser"]
    assert "agrees with others in" in said["guesser"]
    assert said["quick"] == "quick: median 0.4 s, others 2.5 s"


def test_agreement_is_flagged_below_what_the_study_file_says():
    found = participant_quality(people_of_habits(np.random.default_rng(3)))
    strict = flags(found, QualityRules(flag_agreement_below=1.0))
    assert strict.str.contains("agrees with others").all()
    lenient = flags(found, QualityRules(flag_agreement_below=0.0))
    assert not lenient.str.contains("agrees with others").any()


def test_a_bundles_responses_are_looked_at_once_each(make_bundle):
    bundle = make_bundle(Plan(n_images=60, invalid_share=0.3))
    rows = responses_of(bundle)
    withdrew = bundle.sessions.loc[bundle.sessions["state"] == "withdrawn", "session"]
    assert not rows["session"].isin(withdrew).any()
    assert len(rows) == bundle.single_responses["response"].nunique()
    found = participant_quality(rows)
    assert found["n_responses"].sum() == len(rows)
    left_out = rows.groupby("participant")["is_left_out"].all()
    # Who answered at random agrees less with others.
    agreement = found["agreement"].groupby(left_out).mean()
    assert agreement[True] < agreement[False]


@pytest.mark.slow
def test_five_hundred_people_with_a_hundred_responses_take_under_two_seconds():
    rng = np.random.default_rng(0)
    n = 500 * 100
    rows = pd.DataFrame(
        {
            "participant": np.repeat([f"p{i}" for i in range(500)], 100),
            "trial": [
                f"t{i}"
                for i in rng.permuted(np.tile(np.arange(1000), (500, 1)), axis=1)[
                    :, :100
                ].ravel()
            ],
            "accepts": (rng.random(n) < 0.5).astype(float),
            "wall_ms": rng.lognormal(8, 0.5, n),
        }
    )
    rows["answer"] = rows["accepts"].astype(str)
    started = perf_counter()
    found = participant_quality(rows)
    flags(found, RULES)
    trial_quality(rows)
    assert perf_counter() - started < 2
    assert len(found) == 500
