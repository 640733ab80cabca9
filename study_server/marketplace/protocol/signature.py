"""Signature Version 4, checked by computing it again with botocore's signer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from study_server.marketplace.errors import (
    BadSignatureError,
    IncompleteSignatureError,
    MissingSignatureError,
)

SIGNING_NAME: Final = "mturk-requester"
MAX_SKEW: Final = timedelta(minutes=5)
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_DATE: Final = "%Y%m%dT%H%M%SZ"
_PARTS: Final = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")


@dataclass(frozen=True, kw_only=True)
class SignedRequest:
    """What a signature was computed over, as it arrived.

    Attributes:
        method: "POST".
        url: The whole address.
        headers: Every header, by its name in lower case.
        body: The bytes.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class SignatureClaim:
    """Who says that they signed, and how.

    Attributes:
        access_key: Whose key it is.
        date: Day of the credential's scope, "20261122".
        region: Any region will do.
        service: "mturk-requester".
        signed_headers: Names in lower case, in order.
        signature: 64 hexadecimal digits.
    """

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


class _Signer(SigV4Auth):  # type: ignore[misc] # botocore ships no types
    """Signs the headers that were signed, no others."""

    def __init__(
        self, credentials: Credentials, claim: SignatureClaim, headers: HTTPHeaders
    ) -> None:
        super().__init__(credentials, claim.service, claim.region)
        self._headers = headers

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        """Those of the claim."""
        return self._headers


def read_claim(request: SignedRequest) -> SignatureClaim:
    """The claim of an Authorization header.

    Raises:
        MissingSignatureError: If there is none.
        IncompleteSignatureError: If it cannot be read.
    """
    header = request.headers.get("authorization", "")
    if not header:
        raise MissingSignatureError("Missing Authentication Token")
    parts = dict(_PARTS.findall(header))
    scope = parts.get("Credential", "").split("/")
    if not header.startswith(_ALGORITHM) or len(parts) != 3 or len(scope) != 5:
        raise IncompleteSignatureError(
            f"Authorization header requires '{_ALGORITHM}' with 'Credential' (of five "
            "parts), 'SignedHeaders' and 'Signature' parameters."
        )
    return SignatureClaim(
        access_key=scope[0],
        date=scope[1],
        region=scope[2],
        service=scope[3],
        signed_headers=tuple(parts["SignedHeaders"].split(";")),
        signature=parts["Signature"],
    )


def check_signature(
    claim: SignatureClaim, request: SignedRequest, *, secret_key: str, now: datetime
) -> None:
    """Refuse a request that this secret did not sign, just now.

    Raises:
        BadSignatureError: With what does not fit.
    """
    if claim.service != SIGNING_NAME:
        raise BadSignatureError(
            f"Credential should be scoped to correct service: '{SIGNING_NAME}'."
        )
    _check_headers(claim, request)
    _check_time(claim, request, now)
    _check_body(request)
    if not _is_same(claim.signature, _signature(claim, request, secret_key)):
        raise BadSignatureError(
            "The request signature we calculated does not match the signature you "
            "provided. Check your AWS Secret Access Key and signing method."
        )


def _check_headers(claim: SignatureClaim, request: SignedRequest) -> None:
    """Refuse headers that say what is asked for and could be anybody's."""
    missing = [n for n in claim.signed_headers if n not in request.headers]
    if missing or "host" not in claim.signed_headers:
        raise BadSignatureError(
            "'Host' and every header named in 'SignedHeaders' must be sent and signed"
            f"; not sent: {', '.join(missing) or 'none'}."
        )
    unsigned = [
        name
        for name in request.headers
        if name.startswith("x-amz-") and name not in claim.signed_headers
    ]
    if unsigned:
        raise BadSignatureError(
            "every 'X-Amz-' header must be signed; sent and not named in "
            f"'SignedHeaders': {', '.join(unsigned)}."
        )


def _check_time(claim: SignatureClaim, request: SignedRequest, now: datetime) -> None:
    given = request.headers.get("x-amz-date", "")
    try:
        signed_at = datetime.strptime(given, _DATE).replace(tzinfo=UTC)
    except ValueError as error:
        raise IncompleteSignatureError(
            f"Date must be in ISO-8601 'basic format'. Got '{given}'."
        ) from error
    if not given.startswith(claim.date):
        raise BadSignatureError(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
            "of date from HTTP"
        )
    if abs(now - signed_at) > MAX_SKEW:
        word = "expired" if now > signed_at else "not yet current"
        raise BadSignatureError(
            f"Signature {word}: {given} is more than {MAX_SKEW.seconds // 60} min away "
            f"from {now.astimezone(UTC).strftime(_DATE)}, the time here; "
            "set your computer's clock."
        )


def _check_body(request: SignedRequest) -> None:
    stated = request.headers.get("x-amz-content-sha256")
    if stated is None:
        return
    if not _is_same(stated, hashlib.sha256(request.body).hexdigest()):
        raise BadSignatureError("X-Amz-Content-SHA256 is not the hash of the body.")


def _is_same(given: str, right: str) -> bool:
    # As bytes: text with other letters than ASCII cannot be compared in equal time.
    return compare_digest(given.encode("utf-8", "replace"), right.encode())


def _signature(claim: SignatureClaim, request: SignedRequest, secret_key: str) -> str:
    headers = HTTPHeaders()
    for name in claim.signed_headers:
        headers[name] = request.headers[name]
    again = AWSRequest(
        method=request.method,
        url=request.url,
        data=request.body,
    )
    again.context["timestamp"] = request.headers["x-amz-date"]
    signer = _Signer(Credentials(claim.access_key, secret_key), claim, headers)
    to_sign = signer.string_to_sign(again, signer.canonical_request(again))
    return str(signer.signature(to_sign, again))
