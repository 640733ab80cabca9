"""The protocol's records in our words, and ours in the protocol's."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from study_server.errors import (
    MarketRefusedError,
)
from study_server.recruiters.market import (
    ListedPosting,
    Requirement,
    Status,
    Submission,
    UnreadableRecord,
)

STATUS: Final[Mapping[str, Status]] = {
    "Submitted": "submitted",
    "Approved": "approved",
    "Rejected": "rejected",
}


def dollars(amount_minor: int) -> str:
    """Cents as the protocol writes them: "1.20"."""
    return f"{amount_minor // 100}.{amount_minor % 100:02d}"


def read_minor(amount: str, *, endpoint: str) -> int:
    """Cents of an amount the market gives.

    Raises:
        MarketRefusedError: If it is no amount.
    """
    try:
        cents = Decimal(amount) * 100
    except (InvalidOperation, TypeError) as error:
        raise MarketRefusedError(
            f"the market at {endpoint} gives {amount!r} for an amount of money"
        ) from error
    return int(cents)


def write_requirement(requirement: Requirement) -> dict[str, Any]:
    """A requirement as the protocol has it."""
    found: dict[str, Any] = {
        "QualificationTypeId": requirement.qualification_id,
        "Comparator": requirement.comparator,
        "ActionsGuarded": requirement.guards,
    }
    if requirement.values:
        found["IntegerValues"] = list(requirement.values)
    if requirement.locales:
        found["LocaleValues"] = [_locale(name) for name in requirement.locales]
    return found


def _locale(name: str) -> dict[str, str]:
    country, _, part = name.partition("-")
    return {"Country": country, **({"Subdivision": part} if part else {})}


def read_posted(hit: Mapping[str, Any]) -> ListedPosting:
    """A HIT in our words."""
    return ListedPosting(
        id=str(hit["HITId"]),
        annotation=str(hit.get("RequesterAnnotation") or ""),
        is_open=hit.get("HITStatus") in ("Assignable", "Unassignable"),
        n_assignments=int(hit.get("MaxAssignments", 0)),
        n_available=int(hit.get("NumberOfAssignmentsAvailable", 0)),
        n_pending=int(hit.get("NumberOfAssignmentsPending", 0)),
        n_completed=int(hit.get("NumberOfAssignmentsCompleted", 0)),
        expires_at=hit["Expiration"],
    )


def read_submission(assignment: Mapping[str, Any]) -> Submission | UnreadableRecord:
    """An assignment in our words, or what is wrong with it."""
    try:
        return Submission(
            id=str(assignment["AssignmentId"]),
            hit_id=str(assignment["HITId"]),
            worker_id=str(assignment["WorkerId"]),
            status=STATUS[assignment["AssignmentStatus"]],
            accepted_at=assignment["AcceptTime"],
            submitted_at=assignment["SubmitTime"],
            answer=str(assignment.get("Answer") or ""),
        )
    except KeyError as error:
        name = assignment.get("AssignmentId", "without a name")
        return UnreadableRecord(
            problem=f"assignment {name} has no {error.args[0]} that the protocol knows"
        )
