"""Every rule, on responses few enough to judge by eye."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from analysis.bundles.shuffled_places import laid_out
from analysis.people.exclusion_rules import (
    RULES,
    Evidence,
    QualityRules,
    judge,
    make_evidence,
    read_quality,
)
from hit_templates.base import Field, Question, get_paradigm
from study_server.services.study_files.sections import QualitySection

NOTHING = QualityRules(min_catch_accuracy=None, min_given_share=None)


def evidence(
    *responses: dict[str, Any], duration_s: float | None = 60.0, **of_session: Any
) -> Evidence:
    """One session; what is not said of a response is as good as can be."""
    usual = {"session": "s", "participant": "p", "wall_ms": 1000.0, "rt_ms": 980.0}
    rows = [
        {
            **usual,
            "response": str(number),
            "trial": f"t{number}",
            "position": number,
            "role": "main",
            "control": "",
            "answer": f"a{number}",
            "is_given": True,
            "is_right": None,
            "visible_ms": each.get("wall_ms", 1000.0),
            "n_display_failures": 0,
            **each,
        }
        for number, each in enumerate(responses)
    ]
    sessions = pd.DataFrame([{"session": "s", "duration_s": duration_s, **of_session}])
    return make_evidence(pd.DataFrame(rows), sessions)


def session_reason(given: Evidence, quality: QualityRules) -> str:
    return str(judge(given, quality).sessions.iloc[0])


def response_reasons(given: Evidence, quality: QualityRules) -> list[str]:
    return judge(given, quality).responses.tolist()


def catches(control: str, *, right: int, wrong: int) -> list[dict[str, Any]]:
    graded = [1.0] * right + [0.0] * wrong
    return [{"role": "catch", "control": control, "is_right": g} for g in graded]


UNSEEN = {"is_given": False, "rt_ms": None, "wall_ms": None, "n_display_failures": 1}


@pytest.mark.parametrize(
    ("right", "wrong", "is_broken"),
    [
        (5, 1, False),  # 0.83
        (4, 1, False),  # 0.80 is enough
        (4, 2, True),  # 0.67
        (0, 6, True),
        (8, 2, False),
        (7, 3, True),
        (0, 0, False),  # no catch, nothing to break
    ],
)
def test_catch_accuracy_counts_the_share_of_catches_right(right, wrong, is_broken):
    given = evidence({}, *catches("known_yes", right=right, wrong=wrong))
    reason = session_reason(given, QualityRules(min_catch_accuracy=0.8))
    assert reason == ("catch_accuracy" if is_broken else "")


def test_yes_and_no_catches_are_judged_apart():
    # A yes-sayer: 4 of 4 and 0 of 2, in all 4 of 6 = 0.67.
    given = evidence(
        {},
        *catches("known_yes", right=4, wrong=0),
        *catches("known_no", right=0, wrong=2),
    )
    apart = QualityRules(
        min_catch_accuracy=0.6, min_catch_yes_accuracy=0.9, min_catch_no_accuracy=0.5
    )
    assert session_reason(given, apart) == "catch_no_accuracy"
    assert session_reason(given, QualityRules(min_catch_accuracy=0.6)) == ""


def test_a_catch_that_failed_to_show_is_not_wrong():
    unseen = {"role": "catch", "control": "known_no", **UNSEEN}
    given = evidence({}, *catches("known_no", right=4, wrong=1), unseen)
    quality = QualityRules(min_catch_accuracy=0.8, min_catch_no_accuracy=0.8)
    assert session_reason(given, quality) == ""


@pytest.mark.parametrize(
    ("duration_s", "reason"),
    [
        (59.9, "session_too_short"),
        (60.0, ""),
        (300.0, ""),
        (300.1, "session_too_long"),
        (None, ""),
    ],
)
@pytest.mark.parametrize(
    "quality",
    [
        QualityRules(session_minutes=(1, 5)),
        QualityRules(min_session_s=60, max_session_s=300),
    ],
)
def test_session_time_has_bounds(duration_s, reason, quality):
    assert session_reason(evidence({}, duration_s=duration_s), quality) == reason


def test_only_responses_between_20_s_and_3_min_count():
    seconds = (19.9, 20.0, 100.0, 180.0, 180.1)
    given = evidence(*({"wall_ms": 1000 * s} for s in seconds), UNSEEN)
    quality = QualityRules(response_seconds=(20, 180))
    assert response_reasons(given, quality) == [
        "response_too_quick",
        "",
        "",
        "",
        "response_too_slow",
        "not_shown",
    ]
    assert session_reason(given, quality) == ""


def test_a_session_without_any_valid_main_response_is_left_out():
    catch = {"role": "catch", "control": "known_yes", "is_right": 1.0}
    given = evidence({"wall_ms": 1000.0}, {"wall_ms": 200_000.0}, catch)
    quality = QualityRules(response_seconds=(20, 180))
    assert session_reason(given, quality) == "no_valid_response"
    without = judge(given, quality, without=["response_too_slow"])
    assert without.sessions.tolist() == [""]


def test_an_unknown_time_breaks_no_bound():
    given = evidence({"wall_ms": None, "visible_ms": None})
    quality = QualityRules(response_seconds=(20, 180), max_hidden_share=0.0)
    assert response_reasons(given, quality) == [""]
    assert session_reason(given, quality) == ""


def test_a_second_response_to_a_trial_is_a_duplicate_whatever_it_says():
    given = evidence({"trial": "t"}, {"trial": "t"}, {"trial": "u"}, {"trial": "t"})
    assert response_reasons(given, NOTHING) == [
        "",
        "duplicate_response",
        "",
        "duplicate_response",
    ]


def test_a_retry_after_a_display_failure_is_no_duplicate():
    given = evidence({"trial": "t", **UNSEEN}, {"trial": "t"})
    assert response_reasons(given, NOTHING) == ["not_shown", ""]


def test_a_whole_submission_sent_twice_is_left_out_once():
    rows = [
        {"session": session, "participant": "p", "trial": trial, "response": number}
        for number, (session, trial) in enumerate(
            [("first", "t"), ("first", "u"), ("again", "t"), ("again", "u")]
        )
    ]
    sessions = pd.DataFrame({"session": ["first", "again"]})
    verdicts = judge(make_evidence(pd.DataFrame(rows), sessions), NOTHING)
    assert verdicts.sessions.tolist() == ["", "no_valid_response"]
    assert verdicts.responses.tolist() == ["", "", *["duplicate_response"] * 2]


@pytest.mark.parametrize(
    ("answers", "share", "run"),
    [
        ("yyyyyyyyyy", 1.0, 10),
        ("yyynyyynny", 0.7, 3),  # 7 of 10 are yes; yyy twice
        ("ynynynynyn", 0.5, 1),
        ("nnnnnyyyyy", 0.5, 5),
    ],
)
def test_straight_lining_is_seen_by_share_and_by_run(answers, share, run):
    given = evidence(*({"answer": answer} for answer in answers))
    for limit, reason in ((share, ""), (share - 0.01, "same_response")):
        quality = QualityRules(max_same_response_share=limit)
        assert session_reason(given, quality) == reason
    for most, reason in ((run, ""), (run - 1, "long_run")):
        quality = QualityRules(max_run_length=most)
        assert session_reason(given, quality) == reason


def test_a_run_follows_the_order_shown_not_the_order_of_rows():
    rows = [{"answer": a, "position": p} for a, p in (("y", 0), ("n", 2), ("y", 1))]
    assert session_reason(evidence(*rows), QualityRules(max_run_length=1)) == "long_run"


def test_runs_do_not_cross_sessions():
    rows = pd.DataFrame(
        {
            "session": ["s", "s", "t", "t"],
            "answer": ["n", "y", "y", "y"],
            "position": [0, 1, 0, 1],
            "participant": ["p", "p", "q", "q"],
            "trial": list("abcd"),
        }
    )
    given = make_evidence(rows, pd.DataFrame({"session": ["s", "t"]}))
    verdicts = judge(given, QualityRules(max_run_length=1))
    assert verdicts.sessions.tolist() == ["", "long_run"]


def test_the_median_response_time_is_of_responses_that_were_given():
    quality = QualityRules(min_median_rt_ms=300)
    slow, quick = {"rt_ms": 900.0}, {"rt_ms": 100.0}
    assert session_reason(evidence(slow, slow, quick), quality) == ""  # 900
    assert session_reason(evidence(slow, quick, quick), quality) == "median_rt"  # 100
    # (100 + 500) / 2 = 300 is not under 300.
    assert session_reason(evidence(quick, {"rt_ms": 500.0}, UNSEEN), quality) == ""


def test_display_failures_have_a_limit_only_where_it_is_set():
    twice = {"n_display_failures": 2}
    limited = QualityRules(max_display_failures=1)
    assert session_reason(evidence(twice), NOTHING) == ""
    assert session_reason(evidence(twice), limited) == "display_failures"
    assert session_reason(evidence({"n_display_failures": 1}), limited) == ""


def test_time_out_of_sight_is_lost_attention():
    # 300 of 1000 ms and 0 of 2000 ms out of sight: 10 % of the session.
    looked_away = {"wall_ms": 1000.0, "visible_ms": 700.0}
    stayed = {"wall_ms": 2000.0, "visible_ms": 2000.0}
    given = evidence(looked_away, stayed)
    assert session_reason(given, QualityRules(max_hidden_share=0.1)) == ""
    lost = session_reason(given, QualityRules(max_hidden_share=0.09))
    assert lost == "lost_attention"
    quality = QualityRules(max_response_hidden_share=0.2)
    assert response_reasons(given, quality) == ["response_out_of_sight", ""]


def test_a_picture_shown_too_long_is_left_out_where_the_study_says_so():
    given = evidence({"missed_frames": 1}, {"missed_frames": 2}, {})
    assert response_reasons(given, QualityRules()) == ["", "", ""]
    found = response_reasons(given, QualityRules(max_missed_frames=1))
    assert found == ["", "exposure_missed", ""]


@pytest.mark.parametrize(("n_given", "reason"), [(0, True), (1, True), (2, False)])
def test_next_to_no_response_is_a_reason_of_its_own(n_given, reason):
    # A fifth of 10 main trials are 2; catches do not count.
    rows = [{} if number < n_given else UNSEEN for number in range(10)]
    given = evidence(*rows, *({"role": "catch", "is_right": 1.0} for _ in range(5)))
    found = session_reason(given, QualityRules(min_given_share=0.2))
    assert found == ("hardly_any_response" if reason else "")


def test_only_display_failures_make_a_session_incomplete():
    given = evidence(UNSEEN, UNSEEN)
    assert session_reason(given, NOTHING) == "incomplete"
    assert response_reasons(given, NOTHING) == ["not_shown", "not_shown"]


def test_a_trial_without_a_response_makes_a_session_incomplete():
    assert session_reason(evidence({}, n_trials=2), NOTHING) == "incomplete"
    assert session_reason(evidence({}, n_trials=1), NOTHING) == ""
    assert session_reason(evidence({}, n_trials=None), NOTHING) == ""


def test_every_broken_rule_is_named():
    quality = QualityRules(min_session_s=100, min_median_rt_ms=2000)
    given = evidence({}, *catches("known_no", right=0, wrong=2))
    reason = session_reason(given, quality)
    assert reason == "catch_accuracy;session_too_short;median_rt"
    assert set(reason.split(";")) <= {rule.name for rule in RULES}


def test_nobody_is_judged_where_nobody_came():
    empty: Sequence[dict[str, Any]] = []
    columns = ["session", "participant", "trial", "answer"]
    given = make_evidence(
        pd.DataFrame(empty, columns=columns), pd.DataFrame({"session": []})
    )
    every = QualityRules(
        max_run_length=1,
        max_same_response_share=0.5,
        max_hidden_share=0.1,
        min_median_rt_ms=1,
        max_display_failures=0,
        response_seconds=(1, 2),
        session_minutes=(1, 2),
        max_response_hidden_share=0.1,
        max_missed_frames=1,
    )
    verdicts = judge(given, every)
    assert len(verdicts.sessions) == len(verdicts.responses) == 0


def test_a_response_of_an_unknown_session_is_refused_in_words():
    rows = pd.DataFrame({"session": ["x"], "participant": ["p"], "trial": ["t"]})
    with pytest.raises(ValueError, match=r"1 responses belong to sessions .* x"):
        make_evidence(rows, pd.DataFrame({"session": ["s"]}))
    with pytest.raises(ValueError, match="session s is there twice"):
        make_evidence(rows, pd.DataFrame({"session": ["s", "s"]}))


def test_every_key_of_the_study_file_is_known_to_the_rules_and_the_reverse():
    asked = QualitySection().model_dump()
    assert read_quality(asked) == QualityRules()
    assert set(asked) == set(QualityRules.__dataclass_fields__)
    keys = {key for rule in RULES for key in rule.keys}
    assert keys == set(asked) - {"flag_agreement_below"}
    for rule in RULES:
        # The meaning names the keys that set it.
        assert all(f"`{key}`" in rule.meaning for key in rule.keys), rule.name


def test_no_rule_knows_of_other_people():
    # What one person did decides about them: others may do as they like.
    mine = {"session": "s", "participant": "p", "trial": "t", "answer": "yes"}
    for others in ("yes", "no"):
        rows = [
            mine,
            *(
                {**mine, "session": o, "participant": o, "answer": others}
                for o in "abc"
            ),
        ]
        given = make_evidence(
            pd.DataFrame(rows), pd.DataFrame({"session": ["s", "a", "b", "c"]})
        )
        every = QualityRules(max_same_response_share=1.0, max_run_length=1)
        assert judge(given, every).sessions.tolist() == [""] * 4


ONE, EACH = (get_paradigm("relevance").questions[name] for name in ("relevant", "each"))
GROUPS = get_paradigm("assignment").questions["assignment"]


def test_always_the_first_place_is_seen_where_groups_are_shuffled():
    # Ten trials of six groups: the first place holds another group on every trial,
    # so no response repeats much, but the place does: 9 of 10.
    orders = [[(start + step) % 6 for step in range(6)] for start in range(10)]
    # Groups are numbered from 1, their indexes from 0.
    chosen = [order[0] + 1 for order in orders[:9]] + [orders[9][3] + 1]
    rows = [
        {
            "answer": str(group),
            "laid_out": laid_out({"group": str(group)}, order, asked=GROUPS),
        }
        for group, order in zip(chosen, orders, strict=True)
    ]
    assert [row["laid_out"] for row in rows] == ["1"] * 9 + ["4"]
    given = evidence(*rows)
    assert session_reason(given, QualityRules(max_same_response_share=0.5)) == ""
    assert session_reason(given, QualityRules(max_same_place_share=0.9)) == ""
    assert session_reason(given, QualityRules(max_same_place_share=0.8)) == "same_place"


def test_a_page_without_shuffled_places_breaks_no_rule_on_places():
    rows = [
        {"answer": "yes", "laid_out": laid_out({"relevant": "yes"}, [0], asked=ONE)}
    ] * 5
    quality = QualityRules(min_catch_accuracy=None, max_same_place_share=0.5)
    assert session_reason(evidence(*rows), quality) == ""


def test_five_rows_are_read_from_the_first_place_to_the_last():
    rows = {f"relevant_{i}": "yes" if i == 3 else "no" for i in range(5)}
    assert laid_out(rows, [3, 0, 4, 1, 2], asked=EACH) == "yes no no no no"
    # Attributes have a fixed order and are numbered from 1: nothing was shuffled.
    said = {"attribute_1": "present", "attribute_2": "absent"}
    assert laid_out(said, [1, 0], asked=ONE) == ""


def test_a_rating_is_no_place_however_many_classes_were_shuffled():
    rating = Field(name="sure", type="choice", choices=("1", "2"), description="")
    for shuffled in ("classes", "places"):
        asked = Question(name="q", fields=(rating,), shuffled=shuffled)
        assert laid_out({"sure": "2"}, [1, 0], asked=asked) == ""
