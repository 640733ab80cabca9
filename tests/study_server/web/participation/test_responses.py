"""What browsers may post, and what they get for garbage."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from study_server.services import Services, utc_now
from study_server.store.trials import trials_behind
from study_server.web.application import EXTENSION
from tests.study_server.web.worlds import Visitor, World, make_world, write_set


@pytest.fixture
def visitor(world: World) -> Visitor:
    return world.visitor().walk_to_trials()


def first(visitor: Visitor) -> str:
    return str(next(visitor.open_trials())["token"])


def test_a_response_is_acknowledged_with_the_count(visitor: Visitor):
    answer = visitor.send(visitor.payload(first(visitor)))
    assert answer.status_code == 200
    assert answer.get_json() == {
        "saved": True,
        "is_duplicate": False,
        "n_done": 1,
        "n_trials": 5,
        "feedback": None,
    }


def test_the_same_key_again_is_the_same_response(visitor: Visitor):
    payload = visitor.payload(first(visitor))
    visitor.send(payload)
    again = visitor.send(payload)
    assert again.status_code == 200
    assert again.get_json()["is_duplicate"] is True
    assert again.get_json()["n_done"] == 1


def test_the_same_trial_under_another_key_is_refused(visitor: Visitor):
    token = first(visitor)
    visitor.send(visitor.payload(token))
    second = visitor.send(visitor.payload(token, response={"relevant": "no"}))
    assert second.status_code == 409
    assert second.get_json()["is_final"] is True
    assert visitor.block()["n_done"] == 1


def test_practice_is_told_whether_it_was_right(world: World):
    visitor = world.visitor().walk_to_practice()
    tokens = [trial["token"] for trial in visitor.open_trials()]
    with world.services.store.read() as tx:
        keys = {token: trial.key for token, trial in trials_behind(tx, tokens).items()}
    for token in tokens:
        feedback = visitor.send(visitor.payload(token)).get_json()["feedback"]
        assert feedback["is_right"] is (keys[token] == {"relevant": "yes"})
        assert feedback["text"]


def test_another_sessions_trial_is_unknown(world: World, visitor: Visitor):
    other = world.visitor().walk_to_trials()
    answer = visitor.send(visitor.payload(first(other)))
    assert answer.status_code == 404
    assert answer.get_json()["is_final"] is True
    assert other.block()["n_done"] == 0


def test_an_unknown_enrolment_is_unknown(world: World, visitor: Visitor):
    stranger = Visitor(world.app.test_client(), "", {}, home="/p/nobody-has-this-one/")
    answer = stranger.send(visitor.payload(first(visitor)))
    assert answer.status_code == 404
    assert "error" in answer.get_json()


BAD_BODIES: list[tuple[str, bytes]] = [
    ("nothing", b""),
    ("not JSON", b"{'relevant': yes}"),
    ("not UTF-8", b'{"key": "\xff\xfe"}'),
    ("a list", b"[1, 2]"),
    ("a number", b"7"),
    ("null", b"null"),
    ("NaN", b'{"rt_ms": NaN}'),
    ("half a surrogate pair", b'{"key": "\\ud800"}'),
    ("a NUL", b'{"key": "a\\u0000b"}'),
    ("very deep", b"[" * 100_000),
    ("an empty object", b"{}"),
]


@pytest.mark.parametrize(
    "body", [b for _, b in BAD_BODIES], ids=[n for n, _ in BAD_BODIES]
)
def test_a_garbage_body_is_refused_in_words(visitor: Visitor, body):
    answer = visitor.client.post(
        f"{visitor.home}responses", data=body, content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.get_json()["is_final"] is True
    assert len(answer.get_json()["error"]) > 10
    assert visitor.block()["n_done"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"key": None},
        {"key": 7},
        {"key": "x" * 500},
        {"trial": None},
        {"trial": ["a"]},
        {"response": "yes"},
        {"response": {}},
        {"response": {"relevant": "maybe"}},
        {"response": {"relevant": True}},
        {"response": {"relevant": "yes", "key": "yes"}},
        {"response": {"relevant_0": "yes"}},
        {"rt_ms": "fast"},
        {"rt_ms": -1},
        {"rt_ms": 1e300},
        {"rt_ms": True},
        {"events": "onset"},
        {"events": [1]},
        {"events": [{"kind": 3}]},
        {"context": [1]},
        {"context": "wide"},
        {"is_right": True},
    ],
    ids=str,
)
def test_a_field_of_the_wrong_kind_is_refused(visitor: Visitor, changes):
    token = first(visitor)
    answer = visitor.send(visitor.payload(token, **changes))
    assert answer.status_code in (400, 404), answer.text
    assert answer.get_json()["is_final"] is True
    assert visitor.block()["n_done"] == 0
    # Nothing is lost: the proper response is still taken.
    assert visitor.send(visitor.payload(token)).status_code == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=10,
)
FIELDS = st.sampled_from(["key", "trial", "response", "rt_ms", "events", "context"])


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=st.dictionaries(FIELDS, JSON, min_size=1, max_size=3))
def test_no_garbage_breaks_the_server(visitor: Visitor, changes: dict[str, Any]):
    left = [trial["token"] for trial in visitor.open_trials()]
    payload = visitor.payload(left[0] if left else "none-is-left", **changes)
    body = json.dumps(payload)
    answer = visitor.client.post(
        f"{visitor.home}responses", data=body, content_type="application/json"
    )
    if answer.status_code == 200:  # what was drawn happened to be fine
        assert answer.get_json()["saved"] is True
    else:
        assert 400 <= answer.status_code < 500
        assert answer.get_json()["is_final"] is True


def test_too_large_a_body_is_refused(visitor: Visitor):
    payload = visitor.payload(first(visitor), context={"x": "y" * 300_000})
    answer = visitor.send(payload)
    assert answer.status_code == 413
    assert answer.get_json()["is_final"] is True
    assert visitor.block()["n_done"] == 0


def test_after_the_lease_nothing_more_is_taken(world: World, visitor: Visitor):
    token = first(visitor)
    later = _later(world, hours=3)
    answer = visitor.send(visitor.payload(token))
    assert answer.status_code == 410
    # The browser keeps it: coming back by the link may take the block up again.
    assert answer.get_json()["is_final"] is False
    assert visitor.client.get(f"{visitor.home}block.json").status_code == 410
    assert "The time is over" in visitor.page()
    assert later.clock() > utc_now()


def test_a_late_retry_of_a_saved_response_is_still_acknowledged(
    world: World, visitor: Visitor
):
    payload = visitor.payload(first(visitor))
    visitor.send(payload)
    _later(world, hours=3)
    again = visitor.send(payload)
    assert again.status_code == 200
    assert again.get_json()["is_duplicate"] is True


def _later(world: World, *, hours: int) -> Services:
    old = world.services
    services = Services(
        settings=old.settings,
        store=old.store,
        clock=lambda: utc_now() + timedelta(hours=hours),
        new_token=old.new_token,
    )
    world.app.extensions[EXTENSION] = services
    return services


def test_an_image_that_failed_is_recorded_and_not_asked_again(visitor: Visitor):
    token = first(visitor)
    failed = [{"kind": "failed", "at_ms": 900.0, "slot": "target"}]
    payload = visitor.payload(
        token, response=None, rt_ms=None, events=failed, context={}
    )
    answer = visitor.send(payload)
    assert answer.status_code == 200
    assert token not in {trial["token"] for trial in visitor.open_trials()}


def test_null_without_a_failed_image_is_no_response(visitor: Visitor):
    payload = visitor.payload(first(visitor), response=None, events=[])
    assert visitor.send(payload).status_code == 400


def test_a_block_in_its_final_form_has_no_page_for_what_is_done(visitor: Visitor):
    visitor.send(visitor.payload(first(visitor)))
    done = [trial for trial in visitor.block()["trials"] if trial["is_done"]]
    assert [trial["html"] for trial in done] == [""]


def test_there_is_no_block_before_its_step(world: World):
    visitor = world.visitor()
    visitor.come_in()
    answer = visitor.client.get(f"{visitor.home}block.json")
    assert answer.status_code == 410
    assert answer.get_json()["is_final"] is True


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_other_methods_are_refused(visitor: Visitor, method):
    answer = getattr(visitor.client, method)(f"{visitor.home}responses")
    assert answer.status_code == 405


def test_a_fault_of_ours_is_no_verdict_on_the_response(world: World, visitor: Visitor):
    payload = visitor.payload(first(visitor))
    world.app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    whole = world.app.extensions[EXTENSION]
    world.app.extensions[EXTENSION] = None
    answer = visitor.send(payload)
    assert answer.status_code == 500
    assert answer.get_json()["is_final"] is False
    assert "Traceback" not in answer.text
    world.app.extensions[EXTENSION] = whole
    assert visitor.send(payload).get_json()["is_duplicate"] is False


def test_a_slip_in_one_of_five_rows_is_told_nearly(tmp_path):
    write_set(tmp_path / "set", practice="each")
    world = make_world(tmp_path, set_folder=tmp_path / "set")
    visitor = world.visitor().walk_to_practice()
    slip = dict.fromkeys([f"relevant_{index}" for index in range(5)], "no")
    slip["relevant_4"] = "yes"  # what is in no picture of the practice set
    told = [
        visitor.send(visitor.payload(trial["token"], response=slip)).get_json()
        for trial in visitor.open_trials()
    ]
    told = [receipt["feedback"] for receipt in told]
    texts = world.study.file.texts
    # Where the first class is in the picture, it was missed.
    right = {feedback["text"] for feedback in told if feedback["is_right"]}
    wrong = {feedback["text"] for feedback in told if not feedback["is_right"]}
    assert right == {texts["feedback_nearly"]}
    assert wrong == {texts["feedback_wrong"]}
