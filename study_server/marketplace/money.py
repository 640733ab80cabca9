"""Money in whole cents, and what the marketplace charges.

The rules are those of the service's pricing page while it lasted: 20 % of rewards and
bonuses, another 20 % for HITs of 10 or more assignments, 5 % for Masters, at least one
cent each time, rounded half up.
"""

from __future__ import annotations

import re
from typing import Final

MANY_ASSIGNMENTS: Final = 10
_BASE_PERCENT: Final = 20
_MANY_PERCENT: Final = 20
_MASTERS_PERCENT: Final = 5
_MIN_FEE_CENTS: Final = 1
_MAX_DIGITS: Final = 12
_AMOUNT: Final = re.compile(r"([0-9]+)(?:\.([0-9]{0,2}))?")


def read_cents(text: str) -> int | None:
    """Cents of an amount such as "0.5" or "12"; None if it is not one."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return None
    whole, part = found.groups(default="")
    if len(whole) > _MAX_DIGITS:
        return None
    return int(whole) * 100 + int(part.ljust(2, "0") or "0")


def write_cents(cents: int) -> str:
    """An amount as the API writes it: "0.50"."""
    return f"{cents // 100}.{cents % 100:02d}"


def assignment_fee_cents(
    reward_cents: int, *, max_assignments: int, is_for_masters: bool
) -> int:
    """The fee on one assignment's reward."""
    percent = _BASE_PERCENT
    percent += _MANY_PERCENT if max_assignments >= MANY_ASSIGNMENTS else 0
    percent += _MASTERS_PERCENT if is_for_masters else 0
    return _fee(reward_cents, percent)


def bonus_fee_cents(bonus_cents: int) -> int:
    """The fee on a bonus."""
    return _fee(bonus_cents, _BASE_PERCENT)


def _fee(cents: int, percent: int) -> int:
    return max(_MIN_FEE_CENTS, (cents * percent + 50) // 100)
