"""Whatever is sent to whatever route of the marketplace, no answer is a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from study_server.marketplace.app import create_marketplace
from study_server.marketplace.operations import OPERATIONS
from study_server.marketplace.protocol.service_model import find_operation
from tests.marketplace_server import (
    ACCESS_KEY,
    ADMIN_TOKEN,
    HTML,
    SECRET_KEY,
    LiveMarketplace,
    serving_marketplace,
)
from tests.study_server.fuzzing import (
    BOUNDED,
    ODD,
    Known,
    Request,
    answer,
    cookie_header,
    dumped,
    requests_to,
)
from tests.study_server.marketplace.requests import QUESTION, post

PASSWORD = "long-password-1"  # noqa: S105
FIELDS = (
    *("name", "password", "country", "subdivision", "adult", "next", "access_key"),
    *("secret_key", "status", "before", "words", "qualified", "groupId", "feedback"),
    *("assignmentId", "hitId", "workerId", "turkSubmitTo", "answer", "csrf_token"),
    *("seconds", "HITId", "AssignmentId", "QualificationTypeId", "answers"),
    *("answer_xml", "is_adult", "is_master", "n_approved_before", "throttle_rate"),
    *("operations", "seed", "latency", "problem"),
)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveMarketplace]:
    with serving_marketplace(tmp_path_factory.mktemp("fuzzed")) as found:
        yield found


@pytest.fixture(scope="module")
def app(live: LiveMarketplace) -> Any:
    made = create_marketplace(live.market, has_courier=False)
    made.config.update(WTF_CSRF_ENABLED=False)
    return made


@pytest.fixture(scope="module")
def known(live: LiveMarketplace, app: Any) -> Known:
    client = live.client()
    hits = [
        post(client, MaxAssignments=9),
        post(client, Question=HTML.format(html="x")),
    ]
    anna = {"name": "anna", "password": PASSWORD, "country": "DE"}
    worker = cookie_header(app, "/worker/sign-up", anna)
    keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    requester = cookie_header(app, "/requester/sign-in", keys)
    helper = live.add_worker()
    assignment_id = helper.accept(hits[0]["HITId"])
    ids = tuple(hit["HITId"] for hit in hits)
    return Known(
        parts={
            "hit_id": ids,
            "group_id": [hit["HITGroupId"] for hit in hits],
            "assignment_id": (assignment_id,),
            "worker_id": (helper.id,),
            "action": ("accept", "submit", "return", "preview", "ask-qualification"),
            "decision": ("approve", "reject"),
            "filename": ("secondlook.css",),
        },
        fields=FIELDS,
        values=(*ids, assignment_id, helper.id, "anna", PASSWORD, ACCESS_KEY, "yes"),
        cookies=("", worker, requester),
    )


@BOUNDED
@given(data=st.data())
def test_no_request_is_answered_with_a_fault_of_ours(app, live, known, data):
    _fuzz_pages(app, live, known, data)


def test_what_once_was_a_fault_of_ours_is_refused_in_words(app, live, known):
    client = app.test_client(use_cookies=False)
    requester = {"Cookie": known.cookies[2]}
    for before in ("9" * 5000, "9" * 30, "-1", "²"):
        page = client.get(f"/requester/?before={before}", headers=requester)
        assert page.status_code == 200
    admin = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    for body in (b'{"seconds": 1e308}', b'{"seconds": 1e999}', b"[1]", b'"\\ud800"'):
        refused = client.post("/admin/clock", data=body, headers=admin)
        assert refused.status_code == 400, body
    action = f"/admin/workers/{known.parts['worker_id'][0]}/submit"
    answers = {"AssignmentId": known.parts["assignment_id"][0], "answers": ["a"]}
    assert client.post(action, json=answers, headers=admin).status_code == 400
    signed = "AWS4-HMAC-SHA256 Credential=é/a/b/c/d, SignedHeaders=host, Signature=é"
    assert client.post("/", headers={"Authorization": signed}).status_code == 400


@pytest.mark.parametrize("height", ["²", "-1", "1.5"])
def test_a_height_that_is_none_is_refused(live, height):
    question = HTML.format(html="x").replace(">450<", f">{height}<")
    with pytest.raises(ClientError, match="FrameHeight: expected"):
        post(live.client(), Question=question)


@pytest.mark.slow
@settings(BOUNDED, max_examples=10_000, derandomize=False)
@given(data=st.data())
def test_no_request_of_many_is_either(app, live, known, data):
    _fuzz_pages(app, live, known, data)


def _fuzz_pages(app, live, known, data) -> None:
    request = data.draw(requests_to(app, known))
    if request.path.startswith("/admin/") and data.draw(st.booleans()):
        token = {"AUTHORIZATION": f"Bearer {ADMIN_TOKEN}"}
        request = Request(**{**vars(request), "headers": token})
    answer(app, request)
    live.clear_faults()


@BOUNDED
@given(data=st.data())
def test_no_signed_request_is_answered_with_a_fault_of_ours(app, known, data):
    answer(app, _signed(data.draw(calls(known))))


@pytest.mark.slow
@settings(BOUNDED, max_examples=10_000, derandomize=False)
@given(data=st.data())
def test_no_signed_request_of_many_is_either(app, known, data):
    answer(app, _signed(data.draw(calls(known))))


@st.composite
def calls(draw: Any, known: Known) -> tuple[str, Any]:
    """An operation, and parameters of its names with odd values."""
    name = draw(st.sampled_from(sorted(OPERATIONS)))
    shape = find_operation(f"MTurkRequesterServiceV20170117.{name}").input_shape
    return name, draw(_values_of(shape, known))


def _values_of(shape: Any, known: Known, depth: int = 0) -> Any:
    numbers = (0, 1, -1, 2**31, 2**63, 10**400, 1.5, 1e308, float("inf"))
    odd: st.SearchStrategy[Any] = st.sampled_from(
        (*ODD, *known.values, *numbers, None, True, [], {}, QUESTION)
    )
    if shape is None or depth > 3:
        return odd
    if shape.type_name == "structure":
        inner = {n: _values_of(s, known, depth + 1) for n, s in shape.members.items()}
        asked = {n: inner.pop(n) for n in shape.required_members}
        return st.one_of(st.fixed_dictionaries(asked, optional=inner), odd)
    if shape.type_name == "list":
        return st.lists(_values_of(shape.member, known, depth + 1), max_size=2) | odd
    good = {
        "integer": st.integers(0, 1000),
        "long": st.integers(0, 100_000),
        "boolean": st.booleans(),
        "timestamp": st.sampled_from((0, 1.5e9, -1e12, 1e15, "2026-01-01")),
    }.get(
        shape.type_name,
        st.sampled_from((*(getattr(shape, "enum", None) or ()), "0.05", *known.values)),
    )
    return st.one_of(good, good, odd)


def _signed(call: tuple[str, Any]) -> Request:
    name, parameters = call
    body = dumped(parameters)
    made = AWSRequest(
        method="POST",
        url="http://127.0.0.1:8000/",
        headers={"X-Amz-Target": f"MTurkRequesterServiceV20170117.{name}"},
        data=body,
    )
    keys = Credentials(ACCESS_KEY, SECRET_KEY)
    SigV4Auth(keys, "mturk-requester", "us-east-1").add_auth(made)
    headers = {k.upper().replace("-", "_"): v for k, v in made.headers.items()}
    return Request(
        method="POST",
        path="/",
        query="",
        content_type="application/x-amz-json-1.1",
        body=body,
        headers=headers,
    )
