"""Building a stimulus set on a GPU, against the slowest of its parts alone.

A GPU predicts while cores decode, so a build can hide every part behind the
slowest: the bar is that part, not the sum. Ours is the whole of `secondlook stimuli
build` after the imports. The parts, each alone over all cores: decoding, resizing,
writing the stored PNGs (zlib 1), and the bare model with the pixels' way to the
device and the logits' way back, in the fastest of the batch sizes tried.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
import torchvision
from torch import Tensor

from benchmarks.harness import Row, Skipped, time_pairs
from benchmarks.stimuli_build import (
    BAR,
    N_IMAGES,
    Work,
    build,
    decode,
    find_photographs,
    prepare,
    resize,
    seconds,
    write,
)
from stimuli.engine.running.cores import count_cores

In = TypeVar("In")
Out = TypeVar("Out")

BATCH_SIZES = (16, 32, 64, 128, 256, 512)


def measure() -> list[Row]:
    """One row: our build on CUDA over the slowest of its parts.

    Raises:
        Skipped: Without a CUDA device, or without photographs.
    """
    if not torch.cuda.is_available():
        raise Skipped("no CUDA device")
    data = find_photographs()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work = prepare(folder, data, device="cuda")
        parts = Parts(work, build(work, folder))
        slowest = parts.find_slowest()
        paired = time_pairs(lambda: build(work, folder), slowest.call)
    ours, peer = np.median(paired.ours), np.median(paired.peer)
    told = ", ".join(f"{part} {time:.2f} s" for part, time in slowest.times.items())
    return [
        Row(
            name="building a stimulus set, GPU",
            ours=f"{ours:.2f} s",
            peer=f"{peer:.2f} s, {slowest.name} alone, the slowest part",
            ratio=paired.ratio,
            bar=BAR,
            note=f"{N_IMAGES} photographs, squeezenet1_1 in batches of "
            f"{parts.batch_size}, {count_cores()} cores, "
            f"{torch.cuda.get_device_name()}; alone: {told}; {paired.note}",
        )
    ]


@dataclass(frozen=True, kw_only=True)
class Slowest:
    """The slowest part.

    Attributes:
        name: In words.
        call: Does it once.
        times: Every part's best time in seconds.
    """

    name: str
    call: Callable[[], object]
    times: Mapping[str, float]


class Parts:
    """The parts of a build, each alone, its inputs ready."""

    def __init__(self, work: Work, stored: Sequence[str]) -> None:
        self.work = work
        model = torchvision.models.squeezenet1_1()
        state = torch.load(work.weights, weights_only=True)
        model.load_state_dict({key: value.float() for key, value in state.items()})
        self.model = model.eval().to("cuda", memory_format=torch.channels_last)
        self.images = [decode(path) for path in work.files]
        self.crops = [resize(image) for image in self.images]
        self.pixels = np.stack([np.asarray(crop) for crop in self.crops])
        named = zip(work.files, self.crops, strict=True)
        self.stored = [(p, crop) for p, crop in named if p.name in set(stored)]
        self.batch_size = self._calibrate()

    def find_slowest(self) -> Slowest:
        """The slowest part by the best of three."""
        parts: dict[str, Callable[[], object]] = {
            "decoding": lambda: spread(decode, self.work.files),
            "resizing": lambda: spread(resize, self.images),
            "writing": self._write,
            "the model": lambda: self.predict(self.batch_size),
        }
        times = {
            name: min(seconds(part) for _ in range(3)) for name, part in parts.items()
        }
        name = max(times, key=lambda name: times[name])
        return Slowest(name=name, call=parts[name], times=times)

    def predict(self, batch_size: int) -> list[Tensor]:
        """The bare model on every image; the logits are back when it returns."""
        starts = range(0, len(self.pixels), batch_size)
        with torch.inference_mode():
            return [
                self._forward(self.pixels[start : start + batch_size]).cpu()
                for start in starts
            ]

    def _forward(self, pixels: np.ndarray) -> Tensor:
        batch = torch.from_numpy(pixels).to("cuda").permute(0, 3, 1, 2)
        output: Tensor = self.model(batch.float().div_(255).sub_(0.45).div_(0.225))
        return output

    def _calibrate(self) -> int:
        """The fastest batch size, each tried once before it is timed."""
        times = {}
        for size in BATCH_SIZES:
            self.predict(size)
            times[size] = min(seconds(partial(self.predict, size)) for _ in range(3))
        return min(times, key=lambda size: times[size])

    def _write(self) -> None:
        with tempfile.TemporaryDirectory(dir=self.work.recipe.parent) as name:
            spread(lambda pair: write(Path(name), *pair), self.stored)


def spread(call: Callable[[In], Out], inputs: Sequence[In]) -> list[Out]:
    """One call over all cores."""
    with ThreadPoolExecutor(count_cores()) as pool:
        return list(pool.map(call, inputs))
