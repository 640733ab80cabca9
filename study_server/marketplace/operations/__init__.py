"""What each operation of the service model does; one function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from study_server.marketplace.opening import ApiCall
from study_server.marketplace.operations import (
    account,
    assignments,
    bonuses,
    hit_changes,
    hit_lists,
    hits,
    notifying,
    qualification_requests,
    qualification_types,
    qualifications,
    reviews,
    worker_blocks,
)

Operation = Callable[[ApiCall, dict[str, Any]], dict[str, Any] | None]

OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType(
    {
        **account.OPERATIONS,
        **assignments.OPERATIONS,
        **bonuses.OPERATIONS,
        **hit_changes.OPERATIONS,
        **hit_lists.OPERATIONS,
        **hits.OPERATIONS,
        **notifying.OPERATIONS,
        **qualification_requests.OPERATIONS,
        **qualification_types.OPERATIONS,
        **qualifications.OPERATIONS,
        **reviews.OPERATIONS,
        **worker_blocks.OPERATIONS,
    }
)

_READING: Final = ("Get", "List")


def is_reading(name: str) -> bool:
    """Whether an operation changes nothing."""
    return name.startswith(_READING)
