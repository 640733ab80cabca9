"""What goes wrong on purpose: seeded, so that a bad day can be had again."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

import numpy as np

from study_server.marketplace.errors import MarketplaceError

_RATES: Final = (
    "throttle_rate",
    "error_rate",
    "lost_reply_rate",
    "id_reuse_rate",
    "duplicate_rate",
    "disorder_rate",
    "late_rate",
)
_MAX_LATENCY_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class FaultPlan:
    """How often what goes wrong; rates lie in [0, 1].

    Attributes:
        throttle_rate: Requests refused with ThrottlingException.
        error_rate: Requests refused with a ServiceFault, HTTP 500, nothing done.
        lost_reply_rate: Requests carried out whose reply never arrives.
        id_reuse_rate: Returned assignments whose id the next worker gets.
        duplicate_rate: Notifications delivered twice.
        disorder_rate: Notifications held back behind the next one.
        late_rate: Submissions accepted although their time was over.
        latency_s: Added to every request, in seconds.
        operations: Only these operations fail; empty means all of them.
        seed: Of the random numbers.
    """

    throttle_rate: float = 0.0
    error_rate: float = 0.0
    lost_reply_rate: float = 0.0
    id_reuse_rate: float = 0.0
    duplicate_rate: float = 0.0
    disorder_rate: float = 0.0
    late_rate: float = 0.0
    latency_s: float = 0.0
    operations: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            MarketplaceError: Every value out of its range, at once.
        """
        rates = {name: getattr(self, name) for name in _RATES}
        problems = [
            f"{name}: expected a share between 0 and 1, got {value}"
            for name, value in rates.items()
            if not 0 <= value <= 1
        ]
        if not 0 <= self.latency_s <= _MAX_LATENCY_S:
            problems.append(
                f"latency_s: expected 0 to {_MAX_LATENCY_S:g} seconds, "
                f"got {self.latency_s}"
            )
        if problems:
            raise MarketplaceError("\n".join(problems))


NAMES: Final = tuple(entry.name for entry in fields(FaultPlan))


class Faults:
    """Throws the dice of a plan; safe to share between threads."""

    def __init__(self, plan: FaultPlan) -> None:
        self._lock = threading.Lock()
        self.plan = plan
        self._rng = np.random.default_rng(plan.seed)

    def change(self, **values: object) -> FaultPlan:
        """Change some of the plan; a seed starts the dice anew.

        Raises:
            MarketplaceError: On an unknown name or a value out of range.
        """
        plan = _changed(self.plan, values)
        with self._lock:
            self.plan = plan
            if "seed" in values:
                self._rng = np.random.default_rng(plan.seed)
        return plan

    def strikes(self, name: str, *, operation: str | None = None) -> bool:
        """Whether this time the fault with that rate happens."""
        rate = getattr(self.plan, name)
        if rate <= 0 or not self._concerns(operation):
            return False
        with self._lock:
            return bool(self._rng.random() < rate)

    def latency_s(self, operation: str) -> float:
        """Seconds to wait before a request is looked at."""
        return self.plan.latency_s if self._concerns(operation) else 0.0

    def _concerns(self, operation: str | None) -> bool:
        only = self.plan.operations
        return operation is None or not only or operation in only


def describe(plan: FaultPlan) -> dict[str, Any]:
    """A plan as JSON has it."""
    return asdict(plan)


def _changed(plan: FaultPlan, values: Mapping[str, object]) -> FaultPlan:
    unknown = sorted(set(values) - set(NAMES))
    if unknown:
        raise MarketplaceError(
            f"no such fault: {', '.join(unknown)}; there are: {', '.join(NAMES)}"
        )
    read: dict[str, Any] = {name: _read(name, value) for name, value in values.items()}
    return replace(plan, **read)


def _read(name: str, value: object) -> object:
    if name == "operations":
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise MarketplaceError(f"operations: expected a list, got {value!r}")
        return tuple(str(entry) for entry in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MarketplaceError(f"{name}: expected a number, got {value!r}")
    return int(value) if name == "seed" else float(value)
