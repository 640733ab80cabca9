"""The requester API: JSON 1.1 over HTTP, every request a POST to "/"."""

from __future__ import annotations

import json
import logging
import socket
import time
import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from botocore.model import OperationModel
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from study_server.marketplace.errors import (
    ApiError,
    BadSignatureError,
    ServiceFault,
    ThrottlingError,
    UnknownKeyError,
    UnreadableError,
)
from study_server.marketplace.opening import ApiCall, Marketplace
from study_server.marketplace.operations import OPERATIONS, is_reading
from study_server.marketplace.protocol.service_model import (
    find_operation,
    read_request,
    write_reply,
)
from study_server.marketplace.protocol.signature import (
    SignedRequest,
    check_signature,
    read_claim,
)
from study_server.marketplace.store import Transaction, requesters
from study_server.marketplace.store.tables import Requester
from study_server.marketplace.web.access import for_signed_requests
from study_server.marketplace.web.application import courier, market
from study_server.marketplace.work.deadlines import pass_time
from study_server.network.whole_requests import HANG_UP
from study_server.webkit.reading import load_json

api = Blueprint("market_api", __name__)

CONTENT_TYPE: Final = "application/x-amz-json-1.1"
_AWAY: Final = "Amazon Mechanical Turk is temporarily unable to process your request."
_log: Final = logging.getLogger(__name__)


@api.post("/")
@for_signed_requests
def answer() -> Response:
    """One operation."""
    request_id = str(uuid.uuid4())
    here = market()
    try:
        body = _answer(here, request_id)
    except ApiError as error:
        return _refuse(error, request_id, at=here.clock())
    except HTTPException as error:
        # A program reads JSON: a body that is too large must not be told by a page.
        refusal = UnreadableError(error.description or "the request cannot be read")
        return _refuse(refusal, request_id, at=here.clock(), status=error.code)
    except Exception as error:  # noqa: BLE001 - a program reads JSON, not a page
        _log.exception("an operation failed")
        words = f"{_AWAY} ({type(error).__name__}, which the marketplace's log tells)"
        fault = ServiceFault("ServiceUnavailable", words, rule="faults")
        return _refuse(fault, request_id, at=here.clock())
    return _reply(body, request_id)


def _refuse(
    error: ApiError, request_id: str, *, at: datetime, status: int | None = None
) -> Response:
    return _reply(error.payload(at), request_id, status=status or error.http_status)


def _answer(here: Marketplace, request_id: str) -> dict[str, Any]:
    signed = _signed_request()
    access_key = _check_signed(here, signed)
    operation = find_operation(request.headers.get("X-Amz-Target", ""))
    name = operation.name
    time.sleep(here.faults.latency_s(name))
    _fail_before(here, name)
    pass_time(here.store, now=here.clock())
    parameters = read_request(operation, _json(signed.body))
    reply = _carry_out(here, operation, parameters, access_key, request_id)
    courier().wake()
    if here.faults.strikes("lost_reply_rate", operation=name):
        _hang_up()
    return reply


def _carry_out(
    here: Marketplace,
    operation: OperationModel,
    parameters: dict[str, Any],
    access_key: str,
    request_id: str,
) -> dict[str, Any]:
    is_read = is_reading(operation.name)
    opened = here.store.read() if is_read else here.store.write()
    with opened as tx:
        call = ApiCall(
            market=here,
            tx=tx,
            requester=_requester(tx, access_key),
            now=here.clock(),
            request_id=request_id,
        )
        reply = OPERATIONS[operation.name](call, parameters)
        return write_reply(operation, reply)


def _check_signed(here: Marketplace, signed: SignedRequest) -> str:
    claim = read_claim(signed)
    with here.store.read() as tx:
        secret_key = _requester(tx, claim.access_key).secret_key
    now = here.wall_clock()
    try:
        check_signature(claim, signed, secret_key=secret_key, now=now)
    except BadSignatureError:
        # Clients sign the address they were given, with or without a slash after the
        # path that this site lies below, and a web server in front may add or drop it.
        if not request.script_root:
            raise
        bare = replace(signed, url=signed.url.rstrip("/"))
        check_signature(claim, bare, secret_key=secret_key, now=now)
    return claim.access_key


def _requester(tx: Transaction, access_key: str) -> Requester:
    found = requesters.by_access_key(tx, access_key)
    if found is None:
        raise UnknownKeyError("The security token included in the request is invalid.")
    return found


def _signed_request() -> SignedRequest:
    return SignedRequest(
        method=request.method,
        url=request.url,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.get_data(cache=True),
    )


def _json(body: bytes) -> object:
    try:
        return load_json(body or b"{}")
    except ValueError as error:
        raise UnreadableError("the body is not JSON") from error


def _fail_before(here: Marketplace, name: str) -> None:
    if here.faults.strikes("throttle_rate", operation=name):
        raise ThrottlingError("Rate exceeded")
    if here.faults.strikes("error_rate", operation=name):
        raise ServiceFault(
            "ServiceUnavailable",
            f"{_AWAY} Try your call again.",
            rule="faults",
        )


def _hang_up() -> None:
    """Close the connection, so that the reply goes nowhere.

    Raises:
        ServiceFault: Where the server does not hand its socket to us.
    """
    if (hang_up := request.environ.get(HANG_UP)) is not None:
        hang_up()
    elif (found := request.environ.get("werkzeug.socket")) is not None:
        found.shutdown(socket.SHUT_RDWR)
    else:
        raise ServiceFault("ServiceUnavailable", "The reply was lost.", rule="faults")


def _reply(body: dict[str, Any], request_id: str, *, status: int = 200) -> Response:
    response = Response(
        json.dumps(body, ensure_ascii=False), status=status, content_type=CONTENT_TYPE
    )
    response.headers["x-amzn-RequestId"] = request_id
    if status != 200:
        response.headers["x-amzn-ErrorType"] = body["__type"]
    return response
