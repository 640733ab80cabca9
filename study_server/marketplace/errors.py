"""What the requester API answers when it will not do what was asked.

Codes and wording are our restatement of what public documentation, SDKs and issue
threads report of the real service; docs/marketplace.md names the sources.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

from study_server.errors import StudyError
from study_server.marketplace.refusal_rules import RULES

PREFIX: Final = "AWS.MechanicalTurk."


class MarketplaceError(StudyError):
    """Base of what somebody who runs or uses the marketplace can mend."""


class WorkerError(MarketplaceError):
    """Something a worker cannot do (now)."""

    status = 409


class ApiError(Exception):
    """An error of the protocol.

    Attributes:
        kind: What `client.exceptions` calls it, sent as `__type`.
        http_status: Of the reply.
    """

    kind: ClassVar[str] = "RequestError"
    http_status: ClassVar[int] = 400

    def payload(self, at: datetime) -> dict[str, str]:
        """The reply's body."""
        return {"__type": self.kind, "message": str(self)}


class RequestError(ApiError):
    """The request cannot be carried out.

    Attributes:
        code: The TurkErrorCode.
        rule: What the refusal rests on, of `rules.RULES`.
    """

    def __init__(self, code: str, message: str, *, rule: str) -> None:
        super().__init__(message)
        self.code = code if code.startswith("AWS.") else PREFIX + code
        self.rule = RULES[rule]

    def payload(self, at: datetime) -> dict[str, str]:
        """The reply's body; the message ends with the time, in milliseconds."""
        return {
            "__type": self.kind,
            "Message": f"{self} ({int(at.timestamp() * 1000)})",
            "TurkErrorCode": self.code,
            # No client reads it; whoever looks at the reply finds the sentence.
            "Rule": f"{self.rule.where}: {self.rule.says}",
        }


class ServiceFault(RequestError):  # noqa: N818 - the protocol's own name
    """The service is at fault; the same request may succeed later."""

    kind = "ServiceFault"
    http_status = 500


class ThrottlingError(ApiError):
    """Too many requests."""

    kind = "ThrottlingException"


class MissingSignatureError(ApiError):
    """The request is not signed."""

    kind = "MissingAuthenticationTokenException"


class UnknownKeyError(ApiError):
    """Nobody has this access key."""

    kind = "UnrecognizedClientException"


class BadSignatureError(ApiError):
    """The signature does not belong to the request, or is too old."""

    kind = "InvalidSignatureException"


class IncompleteSignatureError(ApiError):
    """The Authorization header cannot be read."""

    kind = "IncompleteSignatureException"


class UnknownOperationError(ApiError):
    """The service model has no such operation."""

    kind = "UnknownOperationException"


class InvalidInputError(ApiError):
    """The request is not as the service model describes it."""

    kind = "ValidationException"


class UnreadableError(ApiError):
    """The body is not JSON."""

    kind = "SerializationException"


def does_not_exist(noun: str, public_id: str, *, rule: str) -> RequestError:
    """The error about an id that leads nowhere; HIT, Assignment, HITType, ..."""
    word = {"HIT": "Hit"}.get(noun, noun)
    return RequestError(
        f"{noun}DoesNotExist", f"{word} {public_id} does not exist.", rule=rule
    )


def wrong_state(noun: str, state: str, *, allowed: str, rule: str) -> RequestError:
    """The error about something that is not in a state the operation is for."""
    return RequestError(
        f"Invalid{noun}State",
        f"This {noun} is currently in the state '{state}'. "
        f"This operation can be called with a status of: {allowed}",
        rule=rule,
    )
