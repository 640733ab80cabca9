"""Batch sizes: measured with a clock that is told, halved when memory is short."""

from __future__ import annotations

import pytest
import torch

from stimuli.classifiers.batching import Batches, MemoryShortageError, calibrate_batch


class Device:
    """Takes a stated time per batch, and holds a stated number of images."""

    def __init__(self, seconds: dict[int, float], *, room: int = 10**6):
        self.seconds = seconds
        self.room = room
        self.now = 0.0
        self.tried: list[int] = []

    def run(self, size: int) -> None:
        if size > self.room:
            raise torch.OutOfMemoryError("no room")
        self.tried.append(size)
        self.now += self.seconds[size]

    def clock(self) -> float:
        return self.now


def test_the_size_with_the_least_time_per_image_is_taken():
    # Per image: 1.0, 0.6, 0.5, 0.55, 0.6 s: two in vain, so 32 is not tried.
    device = Device({1: 1.0, 2: 1.2, 4: 2.0, 8: 4.4, 16: 9.6, 32: 0.0})
    assert calibrate_batch(device.run, clock=device.clock) == 4
    assert max(device.tried) == 16


def test_sizes_that_do_not_fit_are_not_taken():
    device = Device({1: 1.0, 2: 1.2, 4: 1.4}, room=4)
    assert calibrate_batch(device.run, clock=device.clock) == 4
    with pytest.raises(MemoryShortageError, match="batch of 1"):
        calibrate_batch(Device({}, room=0).run)


def test_every_image_is_done_once_though_the_device_fills_up():
    done: list[int] = []

    def work(start: int, stop: int) -> None:
        # Another program takes memory once five images are done.
        if stop - start > (4 if len(done) < 5 else 1):
            raise torch.OutOfMemoryError("no room")
        done.extend(range(start, stop))

    batches = Batches(16)
    batches.run(11, work)
    assert done == list(range(11))
    # Eleven do not fit, so half of eleven; then 5, 2 and 1.
    assert batches.halved_to == [5, 2, 1]


def test_one_image_too_many_is_an_error_with_advice():
    def work(start: int, stop: int) -> None:
        raise torch.OutOfMemoryError("tried to allocate 9 GiB\nmore detail")

    with pytest.raises(MemoryShortageError, match=r"tried to allocate 9 GiB\).*cpu"):
        Batches(2).run(2, work)
