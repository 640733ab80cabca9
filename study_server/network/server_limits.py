"""What a visitor may take of a server before it hangs up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB


@dataclass(frozen=True, kw_only=True)
class ServerLimits:
    """Deadlines and sizes of one process.

    Attributes:
        max_body_bytes: More is answered with 413.
        n_threads: Requests that are worked on at once.
        header_s: Seconds from connecting to the end of the first headers.
        body_s: Seconds from the end of the headers to the end of the body.
        reply_s: Seconds a reply may take to be read.
        keepalive_s: Seconds until the next request of a connection is whole.
        max_connections: When there are more, the one that has waited longest
            makes room.
        max_per_address: Connections of one address; 0 for no limit, as behind
            a web server, whose address all of them come from.
        max_held_bytes: Of all bodies that are not whole yet.
    """

    max_body_bytes: int
    n_threads: int
    header_s: float = 10.0
    body_s: float = 30.0
    reply_s: float = 60.0
    keepalive_s: int = 15
    max_connections: int = 800
    max_per_address: int = 100
    max_held_bytes: int = 64 * MIB
