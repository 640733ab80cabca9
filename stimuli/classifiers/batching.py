"""How many images go through a network at once: measured, and halved when short."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import torch

from stimuli.errors import StimuliError

_CANDIDATES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_GAIN: Final = 0.98


class MemoryShortageError(StimuliError):
    """Not even one image fits the device's memory."""


@dataclass
class Batches:
    """Runs work in batches, and in smaller ones once the device is full.

    Attributes:
        size: Images per batch; falls when the device runs out of memory.
        halved_to: Every size it fell to, for the record.
    """

    size: int
    halved_to: list[int] = field(default_factory=list)

    def run(self, n_images: int, work: Callable[[int, int], None]) -> None:
        """Call `work(start, stop)` until all of `n_images` are done, in order.

        Raises:
            MemoryShortageError: If a batch of one does not fit either.
        """
        start = 0
        while start < n_images:
            stop = min(start + self.size, n_images)
            try:
                work(start, stop)
            except torch.OutOfMemoryError as error:
                self.halve(stop - start, error)
            else:
                start = stop

    def halve(self, size: int, error: BaseException) -> None:
        """Go on with half of `size`.

        Raises:
            MemoryShortageError: If `size` is one.
        """
        if size <= 1:
            raise MemoryShortageError(
                "the device has no memory for a batch of one image "
                f"({str(error).splitlines()[0] if str(error) else 'no detail'}); "
                'free it, take smaller images, or set device = "cpu"'
            ) from error
        self.size = size // 2
        self.halved_to.append(self.size)
        # Tensors of the failed pass hang on the exception's frames.
        error.__traceback__ = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def calibrate_batch(
    run: Callable[[int], object],
    *,
    candidates: tuple[int, ...] = _CANDIDATES,
    n_repeats: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> int:
    """The batch size with the least time per image.

    Args:
        run: Does the work for a batch of the given size, and waits for it.
        candidates: Sizes to try, rising; stops after two that bring no gain of
            2 %, or when one no longer fits.
        n_repeats: Timed runs per size; the fastest counts.
        clock: Seconds.

    Raises:
        MemoryShortageError: If the smallest does not fit.
    """
    best_size, best_s, n_vain = 0, float("inf"), 0
    for size in candidates:
        try:
            per_image_s = _fastest(run, size, n_repeats=n_repeats, clock=clock) / size
        except torch.OutOfMemoryError as error:
            if not best_size:
                raise MemoryShortageError(
                    f"the device has no memory for a batch of {size}"
                ) from error
            break
        if per_image_s < best_s * _GAIN:
            best_size, best_s, n_vain = size, per_image_s, 0
        else:
            n_vain += 1
        if n_vain == 2:
            break
    return best_size


def _fastest(
    run: Callable[[int], object],
    size: int,
    *,
    n_repeats: int,
    clock: Callable[[], float],
) -> float:
    run(size)
    times = []
    for _ in range(n_repeats):
        started = clock()
        run(size)
        times.append(clock() - started)
    return min(times)


def wait_for(device: torch.device) -> None:
    """Return once the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
