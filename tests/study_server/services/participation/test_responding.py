"""Trials out, responses in: saved once, refused with words, never lost."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from study_server.errors import (
    AlreadyRespondedError,
    LeaseEndedError,
    LeaseLapsedError,
    MalformedResponseError,
    ResponseTooLargeError,
    StimulusSetChangedError,
    UnknownTokenError,
    UnknownTrialError,
)
from study_server.services.participation import (
    leases,
    responding,
    stimulus_images,
    taking_steps,
)
from study_server.services.participation.responding import read_posted
from study_server.services.studies.life import study_progress
from study_server.store.tables import DisplayEvent, Response, Session
from tests.study_server.conftest import open_things
from tests.study_server.made_sets import SetSize, write_set
from tests.study_server.walking import (
    do_block,
    enter,
    failed_payload,
    go_to_practice,
    payload,
)


def at_trials(services, person: str = "anna") -> str:
    token = enter(services, person)
    go_to_practice(services, token)
    do_block(services, token)
    return token


def n_rows(services, table) -> int:
    with services.store.read() as tx:
        return tx.scalar(select(func.count()).select_from(table)) or 0


def test_a_page_of_trials_gives_nothing_away(opened):
    page = responding.load_block(opened, at_trials(opened))
    text = json.dumps(
        [
            [t.token, t.view.images, dict(t.view.texts), t.images, t.position]
            for t in page.trials
        ]
    )
    assert [t.position for t in page.trials] == list(range(6))
    for word in ("known_yes", "catch", "photo_", "sha", ".png", "main", "truth"):
        assert word not in text
    assert all(len(trial.token) >= 22 for trial in page.trials)  # 128 bits


def test_every_session_has_an_order_of_its_own(services, stimuli, tmp_path):
    open_things(services, stimuli, folder=tmp_path, design='composition = "shared"')
    tokens = [enter(services, f"p{n}") for n in range(4)]
    with services.store.read() as tx:
        seeds = tx.scalars(select(Session.order_seed)).all()
        blocks = tx.scalars(select(Session.block_id)).all()
    assert len(set(seeds)) == 4
    assert len(set(blocks)) == 2  # two people share each block
    assert len(set(tokens)) == 4


def test_a_retry_under_the_same_key_is_answered_the_same(opened_on_both):
    token = at_trials(opened_on_both)
    trial = responding.load_block(opened_on_both, token).trials[0].token
    sent = payload(trial)
    first = responding.take_response(opened_on_both, token, sent)
    again = responding.take_response(opened_on_both, token, sent)
    assert (first.is_duplicate, again.is_duplicate) == (False, True)
    assert (first.n_done, first.n_trials) == (again.n_done, again.n_trials) == (1, 6)


def test_a_retry_of_practice_is_told_the_same(opened):
    token = enter(opened)
    go_to_practice(opened, token)
    trial = responding.load_block(opened, token).trials[0].token
    sent = payload(trial)
    first = responding.take_response(opened, token, sent)
    assert responding.take_response(opened, token, sent).feedback == first.feedback
    assert first.feedback is not None


def test_a_lost_reply_can_be_fetched_after_the_lease_ended(opened, clock):
    token = at_trials(opened)
    trial = responding.load_block(opened, token).trials[0].token
    sent = payload(trial)
    responding.take_response(opened, token, sent)
    clock.move(minutes=61)
    leases.sweep(opened)
    assert responding.take_response(opened, token, sent).is_duplicate


def test_the_same_trial_under_another_key_is_refused(opened):
    token = at_trials(opened)
    trial = responding.load_block(opened, token).trials[0].token
    responding.take_response(opened, token, payload(trial, "yes"))
    with pytest.raises(AlreadyRespondedError) as caught:
        responding.take_response(opened, token, payload(trial, "no"))
    assert (caught.value.status, caught.value.is_final) == (409, True)


def test_a_key_used_for_another_trial_is_refused(opened):
    token = at_trials(opened)
    first, second, *_ = responding.load_block(opened, token).trials
    key = str(uuid4())
    responding.take_response(opened, token, payload(first.token, key=key))
    with pytest.raises(AlreadyRespondedError, match="key was used"):
        responding.take_response(opened, token, payload(second.token, key=key))


def test_another_persons_trial_is_not_found(opened):
    anna, bob = at_trials(opened, "anna"), at_trials(opened, "bob")
    trial = responding.load_block(opened, anna).trials[0].token
    with pytest.raises(UnknownTrialError) as caught:
        responding.take_response(opened, bob, payload(trial))
    assert caught.value.status == 404
    with pytest.raises(UnknownTokenError):
        responding.take_response(opened, "nobody", payload(trial))


@pytest.mark.parametrize("is_swept", [True, False])
def test_what_comes_after_the_lease_is_taken_once_its_person_is_back(
    opened, clock, is_swept
):
    token = at_trials(opened)
    late = payload(responding.load_block(opened, token).trials[0].token)
    clock.move(minutes=60)
    if is_swept:
        leases.sweep(opened)
    with pytest.raises(LeaseLapsedError) as caught:
        responding.take_response(opened, token, late)
    assert (caught.value.status, caught.value.is_final) == (410, False)
    with pytest.raises(LeaseLapsedError):
        responding.load_block(opened, token)
    assert enter(opened, "anna") == token
    assert responding.take_response(opened, token, late).n_done == 1


def test_what_comes_after_a_block_that_nobody_can_take_up_is_refused_for_good(opened):
    token = at_trials(opened)
    late = payload(responding.load_block(opened, token).trials[0].token)
    taking_steps.withdraw(opened, token)
    with pytest.raises(LeaseEndedError) as caught:
        responding.take_response(opened, token, late)
    assert (caught.value.status, caught.value.is_final) == (410, True)


def test_after_withdrawing_nothing_more_is_taken(opened):
    token = at_trials(opened)
    trial = responding.load_block(opened, token).trials[0].token
    taking_steps.withdraw(opened, token)
    with pytest.raises(LeaseEndedError):
        responding.take_response(opened, token, payload(trial))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"key": "short"}, "key"),
        ({"key": 17}, "key"),
        ({"trial": None}, "trial"),
        ({"trial": "x" * 65}, "trial"),
        ({"response": {"relevant": "perhaps"}}, "yes or no"),
        ({"response": {"relevant": "yes", "more": 1}}, "unknown"),
        ({"response": {}}, "missing"),
        ({"response": "yes"}, "response"),
        ({"response": None}, "failed"),
        ({"rt_ms": None}, "rt_ms"),
        ({"rt_ms": -1}, "rt_ms"),
        ({"rt_ms": True}, "rt_ms"),
        ({"rt_ms": float("nan")}, "finite"),
        ({"rt_ms": 10**400}, "rt_ms"),
        ({"events": {"kind": "onset"}}, "events"),
        ({"events": [{"kind": "<script>"}]}, "events"),
        ({"events": [{"kind": "onset", "at_ms": "now"}]}, "events"),
        (
            {"context": {"user_agent": "Mozilla/5.0 (X11; Linux x86_64) " * 3}},
            "context",
        ),
        ({"context": {"deep": {"er": 1}}}, "context"),
        ({"surprise": 1}, "unknown field"),
    ],
)
def test_garbage_is_refused_with_words_and_leaves_nothing(opened, change, words):
    token = at_trials(opened)
    before = n_rows(opened, Response)
    trial = responding.load_block(opened, token).trials[0].token
    with pytest.raises(MalformedResponseError, match=words) as caught:
        responding.take_response(opened, token, {**payload(trial), **change})
    assert caught.value.status == 400
    assert n_rows(opened, Response) == before


def test_too_much_is_refused(opened):
    token = at_trials(opened)
    trial = responding.load_block(opened, token).trials[0].token
    events = [{"kind": "onset", "at_ms": 1.0}] * 501
    with pytest.raises(ResponseTooLargeError) as caught:
        responding.take_response(opened, token, {**payload(trial), "events": events})
    assert caught.value.status == 413


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    posted=ANY_JSON
    | st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("key", "trial", "response", "rt_ms", "events", "context"), ANY_JSON
        ),
    )
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_posted_is_read_or_refused_never_a_crash(posted: Any):
    try:
        read = read_posted(posted)
    except (MalformedResponseError, ResponseTooLargeError):
        return
    assert 8 <= len(read.key) <= 64


def test_an_image_that_failed_is_recorded_and_never_scored(opened_on_both):
    token = at_trials(opened_on_both)
    page = responding.load_block(opened_on_both, token)
    receipt = responding.take_response(
        opened_on_both, token, failed_payload(page.trials[0].token)
    )
    assert receipt.n_done == 1
    with opened_on_both.store.read() as tx:
        saved = tx.scalars(select(Response).order_by(Response.id.desc())).first()
        events = tx.scalars(
            select(DisplayEvent).where(DisplayEvent.response_id == saved.id)
        ).all()
    assert (saved.payload, saved.is_right, saved.accepts) == (None, None, None)
    assert saved.n_display_failures == 1
    assert [(e.kind, e.at_ms, e.slot) for e in events] == [("failed", 8000.0, "target")]


def test_display_events_and_sizes_are_kept(opened):
    token = at_trials(opened)
    trial = responding.load_block(opened, token).trials[0].token
    event = {"kind": "onset", "at_ms": 3.5, "slot": "target", "n_dropped": 2}
    sent = {**payload(trial), "events": [event]}
    responding.take_response(opened, token, sent)
    with opened.store.read() as tx:
        saved = tx.scalars(
            select(DisplayEvent).order_by(DisplayEvent.id.desc())
        ).first()
        response = tx.scalars(select(Response).order_by(Response.id.desc())).first()
    assert saved.details == {"n_dropped": 2}
    assert response.context == {"css_width": 224, "device_pixel_ratio": 2.0}


def test_a_reload_shows_the_same_order_with_what_is_done(opened):
    token = at_trials(opened)
    before = responding.load_block(opened, token)
    responding.take_response(opened, token, payload(before.trials[2].token))
    after = responding.load_block(opened, token)
    assert [t.token for t in after.trials] == [t.token for t in before.trials]
    assert [t.is_done for t in after.trials] == [False, False, True, *[False] * 3]
    assert after.n_done == 1


def test_thirty_posts_of_one_response_at_once_save_it_once(opened_on_both):
    services = opened_on_both
    token = at_trials(services)
    trial = responding.load_block(services, token).trials[0].token
    sent = payload(trial)
    before = n_rows(services, Response)
    with ThreadPoolExecutor(10) as pool:
        receipts = list(
            pool.map(
                lambda _: responding.take_response(services, token, sent), range(30)
            )
        )
    assert sum(not receipt.is_duplicate for receipt in receipts) == 1
    assert n_rows(services, Response) == before + 1


def test_all_responses_of_a_block_at_once_complete_it_once(opened_on_both):
    services = opened_on_both
    token = at_trials(services)
    page = responding.load_block(services, token)
    with ThreadPoolExecutor(6) as pool:
        receipts = list(
            pool.map(
                lambda t: responding.take_response(services, token, payload(t.token)),
                page.trials,
            )
        )
    assert sorted(receipt.n_done for receipt in receipts) == [1, 2, 3, 4, 5, 6]
    assert taking_steps.current_step(services, token).name == "survey"
    progress = study_progress(services, "things")
    assert sum(block.n_reserved for block in progress.blocks) == 0
    assert len(progress.sessions) == 1


def test_an_image_is_served_only_with_its_own_bytes(services, tmp_path):
    stimuli = write_set(tmp_path / "pictures", SetSize())
    open_things(services, stimuli, folder=tmp_path)
    address = responding.load_block(services, at_trials(services)).trials[0].images[0]
    media_token = address.removeprefix("/media/").split("?")[0]
    path = stimulus_images.media_file(services, media_token)
    assert path.read_bytes().startswith(b"\x89PNG")
    path.write_bytes(b"something else")
    with pytest.raises(StimulusSetChangedError, match="changed"):
        stimulus_images.media_file(services, media_token)
    path.unlink()
    with pytest.raises(StimulusSetChangedError, match="gone"):
        stimulus_images.media_file(services, media_token)
    with pytest.raises(UnknownTokenError):
        stimulus_images.media_file(services, "nothing")
