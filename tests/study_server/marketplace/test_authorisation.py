"""Every route of the marketplace by every role: who is answered what."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from study_server.marketplace.app import create_marketplace
from study_server.marketplace.opening import Marketplace
from study_server.marketplace.people import WorkerProfile, add_requester, add_worker
from tests.marketplace_server import (
    ACCESS_KEY,
    ADMIN_TOKEN,
    HTML,
    SECRET_KEY,
    LiveMarketplace,
)
from tests.study_server.marketplace.requests import get, post
from tests.study_server.marketplace.work.test_qualifications import KEY, TEST, make_type
from tests.study_server.matrix import (
    SIGN_IN,
    Line,
    answer,
    otherwise_answered,
    routes_of,
)

PASSWORD = "long-password-1"  # noqa: S105
# The worker holds the assignment, the requester posted the HIT.
ROLES = (
    "nobody",
    "worker",
    "another worker",
    "requester",
    "another requester",
    "admin",
)
ADMIN_ONLY = (403, 403, 403, 403, 403)


def all_get(status: int) -> tuple[int | str, ...]:
    return (status,) * 6


def workers(own: int, other: int) -> tuple[int | str, ...]:
    return (SIGN_IN, own, other, SIGN_IN, SIGN_IN, SIGN_IN)


def requesters(own: int, other: int) -> tuple[int | str, ...]:
    return (SIGN_IN, SIGN_IN, SIGN_IN, own, other, SIGN_IN)


LINES = (
    Line(route="GET static", path="/static/secondlook.css", gets=all_get(200)),
    Line(route="GET market_health.check", path="/healthz", gets=all_get(200)),
    Line(
        route="GET market_frames.crowd_script",
        path="/crowd-html-elements.js",
        gets=all_get(200),
    ),
    Line(route="POST market_api.answer", path="/", gets=all_get(400)),
    Line(route="GET market_worker.home", path="/", gets=all_get(302)),
    Line(route="GET market_worker.groups", path="/worker/", gets=all_get(200)),
    Line(
        route="GET market_worker.old_preview",
        path="/mturk/preview?groupId={group}",
        gets=all_get(302),
    ),
    Line(
        route="GET market_worker.preview",
        path="/worker/projects/{group}/tasks",
        gets=all_get(200),
    ),
    Line(route="GET market_frames.show", path="{task}", gets=all_get(200)),
    Line(
        route="GET market_worker.work",
        path="/worker/assignments/{assignment}",
        gets=workers(200, 404),
    ),
    Line(
        route="POST market_worker.give_back",
        path="/worker/assignments/{spare}/return",
        gets=workers(303, 404),
    ),
    Line(
        route="POST market_worker.accept",
        path="/worker/hits/{hit}/accept",
        gets=workers(303, 303),
    ),
    Line(
        route="GET market_worker_account.work",
        path="/worker/work",
        gets=workers(200, 200),
    ),
    Line(
        route="GET market_worker_account.messages",
        path="/worker/messages",
        gets=workers(200, 200),
    ),
    Line(
        route="GET market_worker_account.list_qualifications",
        path="/worker/qualifications",
        gets=workers(200, 200),
    ),
    Line(
        route="POST market_worker_account.ask",
        path="/worker/qualifications/{type}",
        gets=workers(303, 303),
    ),
    Line(
        route="GET market_worker_account.take_test",
        path="/worker/tests/{asked}",
        gets=workers(200, 404),
    ),
    # Its address is signed and shown to one worker only.
    Line(route="GET market_frames.show_test", path="{test}", gets=all_get(200)),
    Line(route="POST market_frames.submit_test", path="{test}", gets=all_get(200)),
    Line(
        route="GET market_frames.submit",
        path="/mturk/externalSubmit",
        gets=all_get(409),
    ),
    Line(
        route="POST market_frames.submit",
        path="/mturk/externalSubmit",
        gets=all_get(409),
    ),
    Line(
        route="GET market_requester.overview",
        path="/requester/",
        gets=requesters(200, 200),
    ),
    Line(
        route="GET market_requester.hits_of_type",
        path="/requester/types/{hit type}",
        gets=requesters(200, 404),
    ),
    Line(
        route="GET market_requester.hit",
        path="/requester/hits/{hit}",
        gets=requesters(200, 404),
    ),
    Line(
        route="GET market_requester.people_page",
        path="/requester/workers",
        gets=requesters(200, 200),
    ),
    Line(
        route="POST market_requester.decide",
        path="/requester/assignments/{done}/approve",
        gets=requesters(303, 404),
    ),
    Line(
        route="POST market_admin.add_worker",
        path="/admin/workers",
        gets=(*ADMIN_ONLY, 201),
        send={"json": {}},
    ),
    Line(
        route="POST market_admin.act",
        path="/admin/workers/{worker}/preview",
        gets=(*ADMIN_ONLY, 200),
        send={"json": {"HITId": "{hit}"}},
    ),
    Line(
        route="POST market_admin.advance",
        path="/admin/clock",
        gets=(*ADMIN_ONLY, 200),
        send={"json": {"seconds": 0}},
    ),
    Line(
        route="GET market_admin.show_faults",
        path="/admin/faults",
        gets=(*ADMIN_ONLY, 200),
    ),
    Line(
        route="POST market_admin.change_faults",
        path="/admin/faults",
        gets=(*ADMIN_ONLY, 200),
        send={"json": {}},
    ),
    Line(
        route="POST market_admin.deliver",
        path="/admin/deliver",
        gets=(*ADMIN_ONLY, 200),
    ),
    Line(
        route="GET market_worker_account.sign_up",
        path="/worker/sign-up",
        gets=all_get(200),
    ),
    Line(
        route="POST market_worker_account.add",
        path="/worker/sign-up",
        gets=all_get(400),
    ),
    Line(
        route="GET market_worker_account.sign_in",
        path="/worker/sign-in",
        gets=all_get(200),
    ),
    Line(
        route="POST market_worker_account.enter",
        path="/worker/sign-in",
        gets=all_get(403),
        send={"data": {"name": "nobody"}},
    ),
    Line(
        route="GET market_requester.sign_in",
        path="/requester/sign-in",
        gets=all_get(200),
    ),
    Line(
        route="POST market_requester.enter",
        path="/requester/sign-in",
        gets=all_get(403),
        send={"data": {"access_key": "nobody"}},
    ),
    Line(
        route="POST market_requester.leave",
        path="/requester/sign-out",
        gets=(SIGN_IN,) * 6,
    ),
    Line(
        route="POST market_worker_account.leave",
        path="/worker/sign-out",
        gets=all_get(303),
    ),
)


@pytest.fixture
def app(live: LiveMarketplace) -> Flask:
    made = create_marketplace(live.market, has_courier=False)
    made.config["WTF_CSRF_ENABLED"] = False
    return made


def client_as(app: Flask, market: Marketplace, role: str) -> FlaskClient:
    client = app.test_client()
    name = role.replace(" ", "-")
    if role.endswith("worker"):
        with market.store.write() as tx:
            add_worker(
                tx, WorkerProfile(name=name, password=PASSWORD), at=market.clock()
            )
        fields = {"name": name, "password": PASSWORD}
        assert client.post("/worker/sign-in", data=fields).status_code == 303
    if role.endswith("requester"):
        keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        if role.startswith("another"):
            with market.store.write() as tx:
                made = add_requester(tx, name, balance_cents=100, at=market.clock())
                keys = {"access_key": made.access_key, "secret_key": made.secret_key}
        assert client.post("/requester/sign-in", data=keys).status_code == 303
    if role == "admin":
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {ADMIN_TOKEN}"
    return client


def things(app: Flask, live: LiveMarketplace) -> dict[str, str]:
    """HITs of the requester, and what the worker has of them."""
    posting = live.client()
    worker = client_as(app, live.market, "worker")
    hits = [
        post(posting, MaxAssignments=9, Title=title, Question=HTML.format(html="x"))
        for title in ("first", "second")
    ]
    ids = [_accepted(worker, hit["HITId"]) for hit in hits]
    helper = live.add_worker()
    done = helper.do(hits[0]["HITId"])
    kind = make_type(posting, Test=TEST, AnswerKey=KEY, TestDurationInSeconds=600)
    other = make_type(posting, "Another", Test=TEST, TestDurationInSeconds=600)
    asked = worker.post(f"/worker/qualifications/{kind}").headers["Location"]
    page = worker.get(f"/worker/assignments/{ids[0]}").text
    return {
        "hit": hits[0]["HITId"],
        "hit type": hits[0]["HITTypeId"],
        "group": hits[0]["HITGroupId"],
        "assignment": ids[0],
        "spare": ids[1],
        "done": done,
        "worker": helper.id,
        "type": other,
        "asked": asked.rsplit("/", 1)[-1],
        "task": _framed(page),
        "test": _framed(worker.get(asked).text),
    }


def _accepted(worker: FlaskClient, hit_id: str) -> str:
    there = worker.post(f"/worker/hits/{hit_id}/accept").headers["Location"]
    return there.rsplit("/", 1)[-1]


def _framed(page: str) -> str:
    found = re.search(r'<iframe[^>]* src="([^"]+)"', page)
    assert found, page
    return found[1].replace("&amp;", "&")


def test_every_route_has_a_line(app: Flask):
    assert {line.route for line in LINES} == routes_of(app)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_gets_what_its_column_says(app, live, role):
    names = things(app, live)
    if role == "worker":
        client = app.test_client()
        fields = {"name": "worker", "password": PASSWORD}
        assert client.post("/worker/sign-in", data=fields).status_code == 303
    else:
        client = client_as(app, live.market, role)
    column = ROLES.index(role)
    assert otherwise_answered(client, LINES, column=column, names=names) == []


def test_what_is_posted_while_signed_in_needs_the_pages_token(app, live):
    clients = [client_as(app, live.market, role) for role in ("worker", "requester")]
    app.config["WTF_CSRF_ENABLED"] = True
    changing = [
        line
        for line in LINES
        if line.route.startswith("POST ")
        and not line.route.startswith(("POST market_api", "POST market_admin"))
        and not line.route.startswith("POST market_frames")
    ]
    given = {answer(c, line, names={}) for line in changing for c in clients}
    assert given == {400}


def test_without_a_token_of_its_own_there_are_no_admin_routes(app, live, monkeypatch):
    object.__setattr__(live.market.settings, "admin_token", None)
    client = app.test_client()
    assert client.get("/admin/faults").status_code == 404
    bearer = {"Authorization": "Bearer None"}
    assert client.get("/admin/faults", headers=bearer).status_code == 404


OTHERS: dict[str, dict[str, Any]] = {
    "get_assignment": {"AssignmentId": "{done}"},
    "approve_assignment": {"AssignmentId": "{done}"},
    "reject_assignment": {"AssignmentId": "{done}", "RequesterFeedback": "no"},
    "list_assignments_for_hit": {"HITId": "{hit}"},
    "update_expiration_for_hit": {"HITId": "{hit}", "ExpireAt": 0},
    "delete_hit": {"HITId": "{hit}"},
    "create_additional_assignments_for_hit": {
        "HITId": "{hit}",
        "NumberOfAdditionalAssignments": 1,
    },
    "send_bonus": {
        "WorkerId": "{worker}",
        "BonusAmount": "0.01",
        "AssignmentId": "{done}",
        "Reason": "good",
    },
    "delete_qualification_type": {"QualificationTypeId": "{type}"},
    "list_workers_with_qualification_type": {"QualificationTypeId": "{type}"},
    "associate_qualification_with_worker": {
        "QualificationTypeId": "{type}",
        "WorkerId": "{worker}",
    },
}


def test_no_script_of_another_requester_reaches_a_hit_or_changes_it(app, live):
    names = things(app, live)
    stranger = live.requester_client("stranger")
    before = get(live.client(), names["hit"])
    for operation, template in OTHERS.items():
        request = {
            key: names.get(value.strip("{}"), value)
            if isinstance(value, str)
            else value
            for key, value in template.items()
        }
        with pytest.raises(stranger.exceptions.RequestError):
            getattr(stranger, operation)(**request)
    assert get(live.client(), names["hit"]) == before
    assert stranger.list_hits()["HITs"] == []
