"""Signature Version 4: who may ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from study_server.marketplace.errors import (
    ApiError,
    BadSignatureError,
    IncompleteSignatureError,
    MissingSignatureError,
)
from study_server.marketplace.protocol.signature import (
    MAX_SKEW,
    SignedRequest,
    check_signature,
    read_claim,
)
from tests.marketplace_server import ACCESS_KEY, SECRET_KEY, LiveMarketplace
from tests.study_server.marketplace.requests import refusal

URL = "http://127.0.0.1:8010/"
TARGET = "MTurkRequesterServiceV20170117.GetAccountBalance"


def signed(*, body: bytes = b"{}", service: str = "mturk-requester") -> SignedRequest:
    """A request as boto3 would sign it, now."""
    request = AWSRequest(
        method="POST", url=URL, headers={"X-Amz-Target": TARGET}, data=body
    )
    SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), service, "us-east-1").add_auth(
        request
    )
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers.setdefault("host", "127.0.0.1:8010")
    return SignedRequest(method="POST", url=URL, headers=headers, body=body)


def check(request: SignedRequest, *, secret_key: str = SECRET_KEY, later_s: int = 0):
    now = datetime.now(UTC) + timedelta(seconds=later_s)
    check_signature(read_claim(request), request, secret_key=secret_key, now=now)


def changed(request: SignedRequest, **values: Any) -> SignedRequest:
    return replace(request, **values)


def test_what_was_signed_is_let_in():
    check(signed())
    check(signed(), later_s=290)


@pytest.mark.parametrize(
    "forged",
    [
        {"body": b'{"x": 1}'},
        {"url": URL + "other"},
        {"method": "PUT"},
        {"headers": {"x-amz-target": "Other"}},
        {"headers": {"host": "elsewhere"}},
    ],
)
def test_a_changed_request_is_not(forged):
    request = signed()
    headers = {**request.headers, **forged.get("headers", {})}
    with pytest.raises(BadSignatureError, match="does not match"):
        check(changed(request, **{**forged, "headers": headers}))


def test_a_wrong_secret_a_wrong_service_and_a_wrong_clock_are_named():
    with pytest.raises(BadSignatureError, match="AWS Secret Access Key"):
        check(signed(), secret_key="another")
    with pytest.raises(BadSignatureError, match="correct service: 'mturk-requester'"):
        check(signed(service="s3"))
    with pytest.raises(BadSignatureError, match="Signature expired"):
        check(signed(), later_s=301)
    with pytest.raises(BadSignatureError, match="not yet current"):
        check(signed(), later_s=-301)


@pytest.mark.parametrize(
    "header", ["", "Basic abc", "AWS4-HMAC-SHA256 Credential=x, Signature=y"]
)
def test_a_header_that_is_none_is_refused(header):
    with pytest.raises(ApiError):
        read_claim(changed(signed(), headers={"authorization": header}))


@pytest.mark.parametrize(
    ("name", "value"), [("x-amz-target", TARGET), ("x-amz-security-token", "t")]
)
def test_what_is_asked_for_has_to_be_signed_too(name, value):
    request = AWSRequest(method="POST", url=URL, headers={}, data=b"{}")
    keys = Credentials(ACCESS_KEY, SECRET_KEY)
    SigV4Auth(keys, "mturk-requester", "us-east-1").add_auth(request)
    headers = {k.lower(): v for k, v in request.headers.items()}
    headers["host"] = "127.0.0.1:8010"
    check(changed(signed(), headers=headers))
    with pytest.raises(BadSignatureError, match=f"not named.*{name}"):
        check(changed(signed(), headers={**headers, name: value}))


def test_every_header_named_has_to_be_sent_and_the_host_named():
    request = signed()
    without = {k: v for k, v in request.headers.items() if k != "x-amz-target"}
    with pytest.raises(BadSignatureError, match="not sent: x-amz-target"):
        check(changed(request, headers=without))
    claim = request.headers["authorization"].replace("host;", "")
    assert "host" not in claim
    with pytest.raises(BadSignatureError, match="'Host' and every header"):
        check(changed(request, headers={**request.headers, "authorization": claim}))


def test_what_is_missing_or_of_another_kind_is_told_apart():
    request = signed()
    with pytest.raises(MissingSignatureError):
        read_claim(changed(request, headers={}))
    undated = {k: v for k, v in request.headers.items() if k != "x-amz-date"}
    undated["authorization"] = undated["authorization"].replace(";x-amz-date", "")
    with pytest.raises(IncompleteSignatureError, match="Got ''"):
        check(changed(request, headers=undated))
    given = request.headers["authorization"]
    for other in (
        given.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"),
        given.replace("/us-east-1", ""),
        given.split(", Signature=")[0],
    ):
        with pytest.raises(IncompleteSignatureError, match="of five"):
            read_claim(changed(request, headers={"authorization": other}))


def test_the_clock_may_be_away_by_the_limit_and_no_more():
    request = signed()
    signed_at = datetime.strptime(
        request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ"
    ).replace(tzinfo=UTC)
    claim, second = read_claim(request), timedelta(seconds=1)
    for away in (MAX_SKEW, -MAX_SKEW):
        check_signature(claim, request, secret_key=SECRET_KEY, now=signed_at + away)
    for away in (MAX_SKEW + second, -MAX_SKEW - second):
        with pytest.raises(BadSignatureError, match="min away"):
            check_signature(claim, request, secret_key=SECRET_KEY, now=signed_at + away)


def test_a_body_that_is_not_signed_is_refused():
    request = AWSRequest(
        method="POST",
        url=URL,
        headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"},
        data=b"{}",
    )
    keys = Credentials(ACCESS_KEY, SECRET_KEY)
    SigV4Auth(keys, "mturk-requester", "us-east-1").add_auth(request)
    headers = {k.lower(): v for k, v in request.headers.items()}
    headers["host"] = "127.0.0.1:8010"
    with pytest.raises(BadSignatureError, match="not the hash of the body"):
        check(changed(signed(), headers=headers))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization", "Signature=\xe9"),
        ("authorization", "Signature=\udcff"),
        ("x-amz-content-sha256", "\xe9"),
        ("x-amz-date", "\xe9"),
        ("x-amz-date", "9" * 5000),
        ("x-amz-date", "00000000T000000Z"),
    ],
)
def test_odd_headers_are_refused_like_any_other(name, value):
    request = signed()
    if name == "authorization":
        value = request.headers[name].split("Signature=")[0] + value
    with pytest.raises(ApiError):
        check(changed(request, headers={**request.headers, name: value}))


def test_boto3_says_what_was_wrong_with_the_keys(live: LiveMarketplace):
    wrong_secret = live.client(aws_secret_access_key="wrong")
    assert refusal(wrong_secret.get_account_balance)[0] == "InvalidSignatureException"
    unknown = live.client(aws_access_key_id="AKIANOBODY")
    assert refusal(unknown.list_hits)[0] == "UnrecognizedClientException"


def test_strangers_get_errors_in_the_protocols_form(live: LiveMarketplace):
    unsigned = httpx.post(live.url, headers={"X-Amz-Target": TARGET}, content=b"{}")

    assert unsigned.status_code == 400
    assert unsigned.json()["__type"] == "MissingAuthenticationTokenException"
    assert unsigned.headers["x-amzn-requestid"]


def test_an_unknown_operation_and_a_body_that_is_not_json_are_named(live):
    def send(target: str, body: bytes) -> Any:
        request = AWSRequest(
            method="POST",
            url=live.url + "/",
            headers={"X-Amz-Target": target},
            data=body,
        )
        keys = Credentials(ACCESS_KEY, SECRET_KEY)
        SigV4Auth(keys, "mturk-requester", "us-east-1").add_auth(request)
        reply = httpx.post(request.url, headers=dict(request.headers), content=body)
        return reply.json()["__type"]

    assert send("MTurkRequesterServiceV20170117.Nothing", b"{}") == (
        "UnknownOperationException"
    )
    assert send(TARGET, b"<xml/>") == "SerializationException"
    assert send(TARGET, b"[" * 100_000) == "SerializationException"
