"""Which images were asked for, written down with the next response.

A row for every image would be a write for every image. So requests are counted in
memory and written in the transaction of the next response that the process takes; a
crash loses a few of them, and a page's word that an image failed is then believed
less than it might be, by a person who looks.
"""

from __future__ import annotations

import threading
from dataclasses import replace

from study_server.store import Transaction
from study_server.store.participation import image_requests
from study_server.store.participation.image_requests import (
    ImageDeliveries,
    RequestedImage,
)

_MAX_WAITING = 20_000


class ImageRequestLog:
    """Requests of one process that are not written yet; safe to share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[RequestedImage, ImageDeliveries] = {}

    def note(self, asked: RequestedImage, *, is_sent: bool) -> None:
        """Count one request."""
        with self._lock:
            if asked not in self._waiting and len(self._waiting) >= _MAX_WAITING:
                return
            known = self._waiting.get(asked, ImageDeliveries())
            if is_sent:
                counted = replace(known, n_sent=known.n_sent + 1)
            else:
                counted = replace(known, n_refused=known.n_refused + 1)
            self._waiting[asked] = counted

    def write(self, tx: Transaction) -> None:
        """Write what waits, with whatever else the transaction writes."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        if waiting:
            image_requests.add(tx, waiting)
