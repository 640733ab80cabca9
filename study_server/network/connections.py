"""Who is connected to a process, and who has to make room."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from study_server.network.server_limits import ServerLimits

_NETWORK_BITS: Final = 64


@dataclass(eq=False)
class Connection:
    """One connection of a visitor.

    Attributes:
        transport: Its two ends.
        group: The address, or the network, it counts for.
        is_served: Whether a whole request of it is being worked on.
        n_requests: Requests whose headers were whole.
        since: When it began to wait, in seconds of the monotonic clock.
    """

    transport: asyncio.BaseTransport
    group: str
    is_served: bool = False
    n_requests: int = 0
    since: float = field(default_factory=time.monotonic)

    def hang_up(self) -> None:
        """Close it now, without a word."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def begin(self) -> None:
        """A whole request is there."""
        self.is_served = True

    def end(self) -> None:
        """Its reply is on its way; the next request is waited for."""
        self.is_served = False
        self.since = time.monotonic()


class Connections:
    """All connections of a process."""

    def __init__(self, limits: ServerLimits) -> None:
        self._limits = limits
        self._all: dict[Connection, None] = {}
        self._per_group: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._all)

    def enter(
        self, transport: asyncio.BaseTransport, *, address: str
    ) -> Connection | None:
        """A new connection, or None where its address has too many."""
        group = group_of(address)
        most = self._limits.max_per_address
        if most and not is_this_machine(address) and self._per_group[group] >= most:
            return None
        if len(self._all) >= self._limits.max_connections:
            self._make_room()
        connection = Connection(transport=transport, group=group)
        self._all[connection] = None
        self._per_group[group] += 1
        return connection

    def leave(self, connection: Connection) -> None:
        """It is closed."""
        if connection not in self._all:
            return
        del self._all[connection]
        self._per_group[connection.group] -= 1
        if not self._per_group[connection.group]:
            del self._per_group[connection.group]

    def close_waiting(self, *, longer_than_s: float) -> None:
        """Hang up on those that have had so long and sent no whole request."""
        now = time.monotonic()
        for connection in list(self._all):
            if not connection.is_served and now - connection.since > longer_than_s:
                connection.hang_up()

    def _make_room(self) -> None:
        waiting = [entry for entry in self._all if not entry.is_served]
        if waiting:
            longest = min(waiting, key=lambda entry: entry.since)
            longest.hang_up()
            self.leave(longest)


def group_of(address: str) -> str:
    """What an address counts for: IPv6 by network, as one visitor has a whole one."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, _NETWORK_BITS), strict=False))
    return address if parsed is None else str(parsed)


def is_this_machine(address: str) -> bool:
    """Whether it is a loopback address: a web server in front, or nobody else."""
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    # An IPv4 address on a socket that takes both.
    return getattr(parsed, "ipv4_mapped", None) or parsed
