"""Whatever is sent to whatever route, the answer is never a fault of ours."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study_server.web.dashboard.preview_links import preview_url
from tests.study_server.fuzzing import (
    BOUNDED,
    Known,
    answer,
    cookie_header,
    requests_to,
)
from tests.study_server.web.worlds import DATABASE, PASSWORD, World, open_world

FIELDS = (
    *("name", "password", "next", "n", "environment", "agree", "go", "step"),
    *("question_0", "question_1", "age", "comments", "pid", "visit_id", "session"),
    *("PROLIFIC_PID", "assignmentId", "hitId", "workerId", "turkSubmitTo", "id"),
    *("participant", "competence", "start", "key", "trial", "response", "rt_ms"),
    *("events", "kind", "at_ms", "slot", "context", "relevant", "css_width", "field"),
    *("Message", "Type", "Events", "csrf_token", "code", "role"),
)


@pytest.fixture(scope="module")
def world(
    finished_world: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("fuzzed")
    shutil.copy(finished_world / DATABASE, folder / DATABASE)
    made = open_world(folder)
    made.app.config.update(TESTING=False, WTF_CSRF_ENABLED=False)
    yield made
    made.services.store.close()


@pytest.fixture(scope="module")
def known(world: World) -> Known:
    visitors = [world.visitor(), world.visitor().walk_to_practice()]
    visitors[0].come_in()
    trials = world.visitor().walk_to_trials()
    token = trials.block()["trials"][0]
    preview = preview_url(world.services, "small").rsplit("/", 2)[-2]
    homes = [visitor.home.split("/")[2] for visitor in (*visitors, trials)]
    signed_in = cookie_header(
        world.app, "/sign-in", {"name": "ada", "password": PASSWORD}
    )
    return Known(
        parts={
            "token": (*homes, preview, token["images"][0].rsplit("/", 1)[-1]),
            "recruitment": [world.link(who).split("/")[2] for who in ("lab", "link")],
            "name": ("small", "trial.js"),
            "paradigm": ("relevance",),
            "recruiter": ("mturk", "lab"),
            "step": ("consent", "comprehension", "survey"),
            "filename": ("secondlook.css",),
        },
        fields=FIELDS,
        values=(token["token"], "ada", PASSWORD, "live", "sandbox", "onset", "yes"),
        cookies=("", signed_in),
    )


@BOUNDED
@given(data=st.data())
def test_no_request_is_answered_with_a_fault_of_ours(world: World, known: Known, data):
    answer(world.app, data.draw(requests_to(world.app, known)))


@pytest.mark.parametrize("n", ["9" * 5000, "100001", "1234567890", "²", "0", "-1"])
def test_a_number_of_trials_beyond_its_limits_is_refused(world: World, known, n):
    client = world.app.test_client(use_cookies=False)
    headers = {"Cookie": known.cookies[1]}
    path = "/dashboard/studies/small/audit/draw"
    refused = client.post(path, data={"n": n}, headers=headers)
    assert refused.status_code == 400
    assert "a number of trials from 1 to 100000" in refused.text
    assert len(refused.text) < 20_000


@pytest.mark.parametrize("wanted", ["/\n/evil.example\\", "/\r\nA: b", "//[", "/\\x"])
def test_signing_in_leads_nowhere_else(world: World, known, wanted):
    fields = {"name": "ada", "password": PASSWORD, "next": wanted}
    there = world.app.test_client().post("/sign-in", data=fields)
    assert (there.status_code, there.location) == (303, "/dashboard/")


@pytest.mark.slow
@settings(BOUNDED, max_examples=10_000, derandomize=False)
@given(data=st.data())
def test_no_request_of_many_is_either(world: World, known: Known, data):
    answer(world.app, data.draw(requests_to(world.app, known)))
