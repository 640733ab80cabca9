"""Validity rules, each with numbers worked out by hand; counters follow them."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from study_server.services import participation, responding, validity
from study_server.services.studies import study_progress
from study_server.services.study_sections import QualitySection
from study_server.services.validity import Evidence, find_reason, judge_study
from study_server.store.responses import Given
from study_server.store.tables import Session, Study
from tests.study_server.conftest import open_things
from tests.study_server.walking import (
    do_block,
    enter,
    failed_payload,
    go_all_the_way,
    go_to_practice,
    payload,
)


def trial(
    role: str = "main",
    *,
    is_right: bool | None = None,
    rt_ms: float | None = 1000.0,
    n_display_failures: int = 0,
    is_scored: bool = True,
    has_response: bool = True,
) -> Given:
    return Given(
        role=role,
        has_response=has_response,
        is_scored=is_scored,
        is_right=is_right,
        rt_ms=rt_ms,
        n_display_failures=n_display_failures,
    )


def catches(n_right: int, n_wrong: int) -> list[Given]:
    right = [trial("catch", is_right=True)] * n_right
    return right + [trial("catch", is_right=False)] * n_wrong


def evidence(*given: Given, duration_s: float | None = 60.0) -> Evidence:
    return Evidence(given=given, duration_s=duration_s)


@pytest.mark.parametrize(
    ("n_right", "n_wrong", "is_broken"),
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
def test_catch_accuracy_counts_the_share_of_catches_right(n_right, n_wrong, is_broken):
    broken = find_reason(
        evidence(trial(), *catches(n_right, n_wrong)), QualitySection()
    )
    assert broken == ("catch_accuracy" if is_broken else None)


def test_a_catch_that_failed_to_show_is_not_wrong():
    unseen = trial("catch", is_scored=False, rt_ms=None, n_display_failures=1)
    assert find_reason(evidence(*catches(4, 1), unseen), QualitySection()) is None


@pytest.mark.parametrize(
    ("duration_s", "reason"),
    [
        (19.9, "session_too_short"),
        (20.0, None),
        (180.0, None),
        (180.1, "session_too_long"),
        (None, None),
    ],
)
def test_session_time_has_bounds(duration_s, reason):
    quality = QualitySection(min_session_s=20, max_session_s=180)
    assert find_reason(evidence(trial(), duration_s=duration_s), quality) == reason


def test_the_median_response_time_is_of_scored_responses():
    quality = QualitySection(min_median_rt_ms=300)
    slow, quick = trial(rt_ms=900.0), trial(rt_ms=100.0)
    unseen = trial(rt_ms=None, is_scored=False, n_display_failures=1)
    assert find_reason(evidence(slow, slow, quick), quality) is None  # 900
    assert find_reason(evidence(slow, quick, quick), quality) == "median_rt"  # 100
    # (100 + 500) / 2 = 300 is not under 300.
    assert find_reason(evidence(quick, trial(rt_ms=500.0), unseen), quality) is None


def test_display_failures_have_a_limit_only_where_it_is_set():
    twice = trial(n_display_failures=2)
    assert find_reason(evidence(twice), QualitySection()) is None
    limited = QualitySection(max_display_failures=1)
    assert find_reason(evidence(twice), limited) == "display_failures"
    assert find_reason(evidence(trial(n_display_failures=1)), limited) is None


def test_a_session_without_any_scored_response_is_incomplete():
    unseen = trial(rt_ms=None, is_scored=False, n_display_failures=1)
    assert find_reason(evidence(unseen, unseen), QualitySection()) == "incomplete"
    missing = trial(has_response=False, is_scored=False, rt_ms=None)
    assert find_reason(evidence(trial(), missing), QualitySection()) == "incomplete"


def test_every_broken_rule_is_named():
    quality = QualitySection(min_session_s=100, min_median_rt_ms=2000)
    reason = find_reason(evidence(trial(), *catches(0, 2)), quality)
    assert reason == "catch_accuracy;session_too_short;median_rt"
    assert set(reason.split(";")) <= set(validity.RULES)


def blocks(services):
    return [
        (block.n_valid, block.n_reserved)
        for block in study_progress(services, "things").blocks
    ]


def test_a_valid_session_fills_its_block_and_an_invalid_one_reopens_it(opened_on_both):
    go_all_the_way(opened_on_both, "anna")
    assert blocks(opened_on_both) == [(1, 0), (0, 0), (0, 0), (0, 0)]
    go_all_the_way(opened_on_both, "bob", is_careful=False)
    assert blocks(opened_on_both) == [(1, 0), (0, 0), (0, 0), (0, 0)]
    ended = study_progress(opened_on_both, "things").sessions
    assert [(s.validity, s.reason, s.n_sessions) for s in ended] == [
        ("invalid", "catch_accuracy", 1),
        ("valid", None, 1),
    ]


def test_session_time_runs_from_the_first_trial_shown(
    services, stimuli, tmp_path, clock
):
    more = "[quality]\nmin_session_s = 20\nmax_session_s = 180"
    open_things(services, stimuli, folder=tmp_path, more=more)
    token = enter(services)
    clock.move(minutes=5)  # reading the instructions does not count
    go_to_practice(services, token)
    do_block(services, token)
    clock.move(minutes=5)
    page = responding.load_block(services, token)
    clock.move(seconds=20)
    for entry in page.trials:
        responding.take_response(services, token, payload(entry.token))
    reason = study_progress(services, "things").sessions[0].reason
    assert reason == "catch_accuracy"  # yes to everything, but 20 s are enough


def test_judging_anew_changes_nothing_by_itself_and_follows_the_rules(opened):
    go_all_the_way(opened, "anna")
    go_all_the_way(opened, "bob", is_careful=False)
    withdrawn = go_all_the_way(opened, "carla")
    participation.withdraw(opened, withdrawn)
    same = judge_study(opened, "things")
    assert (same.n_judged, same.n_changed, same.n_valid) == (3, 0, 1)
    assert same.reasons == {"catch_accuracy": 1, "withdrawn": 1}
    with opened.store.write() as tx:
        row = tx.scalars(select(Study)).one()
        quality = {**row.settings["quality"], "min_catch_accuracy": 0.0}
        tx.execute(update(Study).values(settings={**row.settings, "quality": quality}))
    lenient = judge_study(opened, "things")
    assert (lenient.n_changed, lenient.n_valid) == (1, 2)
    assert sum(n_valid for n_valid, _ in blocks(opened)) == 2
    with opened.store.read() as tx:
        reasons = tx.scalars(select(Session.reason).order_by(Session.id)).all()
    assert list(reasons) == [None, None, "withdrawn"]


def test_a_session_in_which_one_image_failed_still_counts(opened):
    token = enter(opened)
    go_to_practice(opened, token)
    do_block(opened, token)
    page = responding.load_block(opened, token)
    mains = [e for e in page.trials if e.view.classes[0].id != "1"]
    responding.take_response(opened, token, failed_payload(mains[0].token))
    do_block(opened, token)
    progress = study_progress(opened, "things")
    assert progress.sessions[0].validity == "valid"
    # Three of the block's four main trials have a response.
    assert progress.responses_per_trial == {0: 5, 1: 3}
