"""Ranges of values that the service model leaves to words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from study_server.marketplace.errors import RequestError
from study_server.marketplace.money import read_cents

YEAR_S: Final = 31_536_000
MONTH_S: Final = 2_592_000
# What a column of whole numbers holds, on every database.
LARGEST: Final = 2**31 - 1
# Parameter to its least and largest number, and the rule that says so.
_NUMBERS: Final[Mapping[str, tuple[int, int, str]]] = MappingProxyType(
    {
        "LifetimeInSeconds": (30, YEAR_S, "lifetime"),
        "AssignmentDurationInSeconds": (30, YEAR_S, "duration"),
        "AutoApprovalDelayInSeconds": (0, MONTH_S, "approval-delay"),
        "MaxAssignments": (1, 1_000_000_000, "assignments"),
        "NumberOfAdditionalAssignments": (1, 1_000_000_000, "more-assignments"),
        "TestDurationInSeconds": (0, LARGEST, "seconds"),
        "RetryDelayInSeconds": (0, LARGEST, "seconds"),
    }
)
# Parameter to its most characters, and the rule that says so.
_LENGTHS: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        "Title": (128, "title"),
        "RequesterAnnotation": (255, "annotation"),
        "Subject": (200, "subject"),
        "MessageText": (4096, "message"),
        "RequesterFeedback": (1024, "feedback"),
    }
)
# The same for a HIT's only: a Qualification type's words have no such limit.
_HIT_LENGTHS: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {"Description": (2000, "description"), "Keywords": (1000, "keywords")}
)


def check_limits(request: dict[str, Any]) -> None:
    """Refuse a request with values out of their range; money apart.

    Raises:
        RequestError: Every problem at once.
    """
    problems = {
        f"{name}: expected {low} to {high}, got {request[name]}": rule
        for name, (low, high, rule) in _NUMBERS.items()
        if name in request and not low <= request[name] <= high
    }
    _refuse({**problems, **_too_long(request, _LENGTHS)})


def check_words_of_hit(request: dict[str, Any]) -> None:
    """Refuse a HIT's description or keywords that are too long.

    Raises:
        RequestError: Both at once.
    """
    _refuse(_too_long(request, _HIT_LENGTHS))


def _too_long(
    request: dict[str, Any], lengths: Mapping[str, tuple[int, str]]
) -> dict[str, str]:
    return {
        f"{name}: expected at most {most} characters, got {len(request[name])}": rule
        for name, (most, rule) in lengths.items()
        if name in request and len(request[name]) > most
    }


def _refuse(problems: Mapping[str, str]) -> None:
    """Refuse for problems, in words, by their rules; for none nothing happens."""
    for rule in problems.values():
        words = "; ".join(problems)
        raise RequestError("ParameterValidationError", words, rule=rule)


def read_amount(request: dict[str, Any], name: str) -> int:
    """Cents of an amount.

    Raises:
        RequestError: If it is more than can be counted.
    """
    cents = read_cents(request[name])
    if cents is None or cents > LARGEST:
        raise RequestError(
            "ParameterValidationError",
            f"{name}: expected US dollars such as '0.25', at most {LARGEST / 100:,.2f}, "
            f"got {request[name][:40]!r}",
            rule="amount",
        )
    return cents
