"""The requester's money."""

from __future__ import annotations

from typing import Any, Final

from study_server.marketplace.money import write_cents
from study_server.marketplace.opening import ApiCall


def get_account_balance(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """What is free to be spent, and what is held for posted HITs."""
    return {
        "AvailableBalance": write_cents(call.requester.available_cents),
        "OnHoldBalance": write_cents(call.requester.on_hold_cents),
    }


OPERATIONS: Final = {"GetAccountBalance": get_account_balance}
