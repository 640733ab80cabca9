"""Progress on stderr: a bar with rate and time left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm


class ProgressBar:
    """A progress bar; what an earlier run did does not count towards the rate."""

    def __init__(self, bar: tqdm[None]) -> None:
        self._bar = bar

    def skip(self, n: int) -> None:
        """Begin at `n`."""
        self._bar.initial = n
        self._bar.n = n
        self._bar.refresh()

    def update(self, n: int) -> None:
        """`n` more are done."""
        self._bar.update(n)


@contextmanager
def open_bar(n_images: int) -> Iterator[ProgressBar]:
    """A bar over `n_images`; in a log file, a line every ten seconds."""
    interval = 0.2 if sys.stderr.isatty() else 10
    with tqdm(
        total=n_images, unit=" images", file=sys.stderr, mininterval=interval
    ) as bar:
        yield ProgressBar(bar)
