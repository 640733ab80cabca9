"""Sessions and responses are judged as the study file says; counters follow."""

from __future__ import annotations

from sqlalchemy import select, update

from study_server.services.participation import responding, taking_steps
from study_server.services.participation.validity import check_study, judge_study
from study_server.services.studies.block_composition import recut_missing
from study_server.services.studies.life import study_progress
from study_server.store.tables import Response, Session, Study, Trial
from tests.study_server.conftest import open_things
from tests.study_server.walking import (
    do_block,
    enter,
    failed_payload,
    go_all_the_way,
    go_to_practice,
    keys_of,
    payload,
)


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
    taking_steps.withdraw(opened, withdrawn)
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


def test_checking_a_study_says_what_judging_it_would_change(opened):
    go_all_the_way(opened, "anna")
    go_all_the_way(opened, "bob", is_careful=False)
    assert check_study(opened, "things").changes == ()
    with opened.store.write() as tx:
        tx.execute(
            update(Session)
            .where(Session.reason == "catch_accuracy")
            .values(reason="fast_responses")
        )
    found = check_study(opened, "things")
    (changed,) = found.changes
    assert (found.n_judged, found.n_changed, found.n_valid) == (2, 1, 1)
    assert (changed.stored, changed.found) == ("fast_responses", "catch_accuracy")
    assert changed.n_responses == 0
    assert check_study(opened, "things") == found
    assert judge_study(opened, "things") == found
    assert check_study(opened, "things").changes == ()


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


def slow_on_one(services, person: str, *, rt_ms: float = 5000.0) -> None:
    """From the link to the survey, right everywhere, slow on one main trial."""
    token = enter(services, person)
    go_to_practice(services, token)
    do_block(services, token)
    page = responding.load_block(services, token)
    right = keys_of(services, page)
    main = next(e for e in page.trials if e.view.classes[0].id != "1")
    for entry in page.trials:
        took = rt_ms if entry is main else 900.0
        responding.take_response(
            services, token, payload(entry.token, right[entry.token], rt_ms=took)
        )


def reasons_in(services) -> list[str]:
    with services.store.read() as tx:
        found = tx.scalars(select(Response.exclusion_reason)).all()
    return [why for why in found if why is not None]


QUICK = "[quality]\nresponse_seconds = [0.5, 3]"


def test_a_slow_response_is_left_out_alone_and_topped_up(
    both_services, stimuli, tmp_path
):
    services = open_things(both_services, stimuli, folder=tmp_path, more=QUICK)
    slow_on_one(services, "p0")
    progress = study_progress(services, "things")
    # The session is valid and fills its block; one of its four responses is not.
    assert progress.sessions[0].validity == "valid"
    assert blocks(services)[0] == (1, 0)
    assert progress.responses_per_trial == {0: 5, 1: 3}
    assert reasons_in(services) == ["response_too_slow"]
    # Its block is full: nobody else would bring that response.
    assert recut_missing(services, "things").n_missing == 1
    for number in (1, 2, 3):
        go_all_the_way(services, f"p{number}")
    late = enter(services, "late")
    go_to_practice(services, late)
    do_block(services, late)
    do_block(services, late)
    assert study_progress(services, "things").responses_per_trial == {2: 8}
    assert recut_missing(services, "things").n_missing == 0


def test_a_session_whose_main_responses_all_fail_reopens_its_block(
    services, stimuli, tmp_path
):
    more = "[quality]\nresponse_seconds = [1, 3]"  # everybody takes 0.9 s
    open_things(services, stimuli, folder=tmp_path, more=more)
    go_all_the_way(services, "anna")
    ended = study_progress(services, "things").sessions[0]
    assert (ended.validity, ended.reason) == ("invalid", "no_valid_response")
    assert blocks(services)[0] == (0, 0)


def test_judging_anew_follows_rules_for_single_responses(services, stimuli, tmp_path):
    open_things(services, stimuli, folder=tmp_path)
    slow_on_one(services, "p0")
    assert reasons_in(services) == []
    with services.store.write() as tx:
        row = tx.scalars(select(Study)).one()
        quality = {**row.settings["quality"], "response_seconds": [0.5, 3]}
        tx.execute(update(Study).values(settings={**row.settings, "quality": quality}))
    strict = judge_study(services, "things")
    assert (strict.n_judged, strict.n_changed, strict.n_valid) == (1, 1, 1)
    assert strict.response_reasons == {"response_too_slow": 1}
    assert reasons_in(services) == ["response_too_slow"]
    assert judge_study(services, "things").n_changed == 0


def test_an_image_that_failed_is_a_response_left_out(opened):
    token = enter(opened)
    go_to_practice(opened, token)
    do_block(opened, token)
    page = responding.load_block(opened, token)
    responding.take_response(opened, token, failed_payload(page.trials[0].token))
    do_block(opened, token)
    with opened.store.read() as tx:
        n_trials = len(tx.scalars(select(Trial)).all())
    assert n_trials > 0
    assert reasons_in(opened) == ["not_shown"]
