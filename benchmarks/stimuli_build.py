"""Building a stimulus set, against the sum of its parts each alone.

Ours is the whole of `secondlook stimuli build` after the imports: loading the
weights, listing, hashing, predicting, choosing trials, storing, writing. The peer
decodes, resizes, writes the stored PNGs (zlib 1) and runs the bare model, one
after the other, each on the same cores, the model in the fastest of the ways tried
(batch sizes, one batch over all cores or one per core, both memory layouts).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image
from torch import Tensor

from benchmarks.harness import Row, Skipped, time_pairs
from stimuli.engine.building import Builder
from stimuli.engine.running.cores import count_cores
from stimuli.files.images import open_image
from stimuli.manifest import StimulusSet
from stimuli.sources.images import Display, cut_out

BAR = 1.15
# All of them: what a build costs once is then what it is in use, a small share.
N_IMAGES = 1000
BATCH_SIZES = (1, 2, 4, 8, 16, 32)


def measure() -> list[Row]:
    """One row: our build of real photographs over the sum of its parts."""
    data = find_photographs()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work = prepare(folder, data, device="cpu")
        stored = build(work, folder)
        parts = _Parts(work, stored)
        best = parts.calibrate()
        paired = time_pairs(lambda: build(work, folder), lambda: parts.run(best))
    ours, peer = np.median(paired.ours), np.median(paired.peer)
    return [
        Row(
            name="building a stimulus set",
            ours=f"{ours:.2f} s",
            peer=f"{peer:.2f} s, the sum of decoding, resizing, PNGs and the model",
            ratio=paired.ratio,
            bar=BAR,
            note=f"{N_IMAGES} photographs, {len(stored)} stored, squeezenet1_1, "
            f"{count_cores()} cores; peer's model {best}; {paired.note}",
        )
    ]


@dataclass(frozen=True)
class Work:
    """What both build: files, weights and a recipe."""

    files: Sequence[Path]
    weights: Path
    recipe: Path


@dataclass(frozen=True)
class _Way:
    """One way to run the bare model."""

    batch_size: int
    is_split: bool
    is_channels_last: bool

    def __str__(self) -> str:
        cores = "over all cores" if self.is_split else "per core"
        layout = "channels last" if self.is_channels_last else "channels first"
        return f"a batch of {self.batch_size} {cores}, {layout}"


def find_photographs() -> Path:
    """The folder with photos/ and weights/.

    Raises:
        Skipped: If it is not here.
    """
    given = os.environ.get("SECONDLOOK_REAL_DATA")
    repository = Path(__file__).parent.parent
    data = Path(given) if given else repository.parent / "shared" / "data"
    if not (data / "photos" / "labels.csv").is_file():
        raise Skipped("no photographs: set SECONDLOOK_REAL_DATA to the folder of them")
    return data


def prepare(folder: Path, data: Path, *, device: str, n_images: int = N_IMAGES) -> Work:
    """A copy of so many photographs and a recipe for them in `folder`."""
    rows = (data / "photos" / "labels.csv").read_text("utf-8").splitlines()
    photos = folder / "photos"
    photos.mkdir()
    header, *rows = rows
    step = max(1, len(rows) // n_images)
    rows = rows[::step][:n_images]
    files = [row.split(",")[0] for row in rows]
    for name in files:
        shutil.copy(data / "photos" / name, photos / name)
    (photos / "labels.csv").write_text("\n".join([header, *rows]) + "\n")
    weights = data / "weights" / "squeezenet1_1.pth"
    recipe = folder / "recipe.toml"
    recipe.write_text(
        '[recipe]\nkind = "misclassified"\ninclude_correct = 0.05\n'
        "[controls]\nknown_yes = 3\nknown_no = 3\n"
        f'[dataset]\npath = "photos"\n'
        f'[classifier]\ntorchvision = "squeezenet1_1"\nweights = "{weights}"\n'
        f'[execution]\ndevice = "{device}"\n'
    )
    return Work([photos / name for name in files], weights, recipe)


class _Silent:
    """A progress that nobody watches."""

    def skip(self, n: int) -> None:
        """Nothing."""

    def update(self, n: int) -> None:
        """Nothing."""


@contextlib.contextmanager
def _no_bar(_n_images: int) -> Iterator[_Silent]:
    yield _Silent()


def build(work: Work, folder: Path) -> list[str]:
    """A whole build into an empty folder; the sources of what it stored."""
    out = folder / "set"
    shutil.rmtree(out, ignore_errors=True)
    Builder(open_progress=_no_bar).build(work.recipe, out)
    return [stimulus.source for stimulus in StimulusSet(out).stimuli()]


class _Parts:
    """The parts of a build, each alone."""

    def __init__(self, work: Work, stored: Sequence[str]) -> None:
        self.work = work
        self.stored = set(stored)
        self.model = torchvision.models.squeezenet1_1()
        state = torch.load(work.weights, weights_only=True)
        self.model.load_state_dict({k: v.float() for k, v in state.items()})
        self.model.eval()
        crops = [resize(decode(path)) for path in work.files]
        self.pixels = np.stack([np.asarray(crop) for crop in crops])

    def run(self, way: _Way) -> None:
        """Decode, resize, write, predict: one after the other."""
        with ThreadPoolExecutor(count_cores()) as pool:
            images = list(pool.map(decode, self.work.files))
            crops = list(pool.map(resize, images))
            kept = zip(self.work.files, crops, strict=True)
            wanted = [(p, crop) for p, crop in kept if p.name in self.stored]
            with tempfile.TemporaryDirectory(dir=self.work.recipe.parent) as name:
                list(pool.map(lambda pair: write(Path(name), *pair), wanted))
        self.predict(way)

    def predict(self, way: _Way) -> None:
        """The bare model on every image."""
        starts = range(0, len(self.pixels), way.batch_size)
        batches = [self._input(start, way) for start in starts]
        before = torch.get_num_threads()
        torch.set_num_threads(count_cores() if way.is_split else 1)
        try:
            if way.is_split:
                for batch in batches:
                    self._forward(batch)
            else:
                with ThreadPoolExecutor(count_cores()) as pool:
                    list(pool.map(self._forward, batches))
        finally:
            torch.set_num_threads(before)

    def calibrate(self) -> _Way:
        """The fastest way: all timed once on a few images, the best four again."""
        ways = [
            _Way(size, is_split, is_last)
            for size in BATCH_SIZES
            for is_split in (False, True)
            for is_last in (True, False)
        ]
        once = {way: self._time(way, n_images=32) for way in ways}
        finalists = sorted(ways, key=lambda way: once[way])[:4]
        times = {
            way: min(self._time(way, n_images=128) for _ in range(3))
            for way in finalists
        }
        return min(times, key=lambda way: times[way])

    def _time(self, way: _Way, *, n_images: int) -> float:
        few = _Parts.__new__(_Parts)
        few.model, few.pixels = self.model, self.pixels[:n_images]
        return seconds(lambda: few.predict(way))

    def _input(self, start: int, way: _Way) -> Tensor:
        pixels = self.pixels[start : start + way.batch_size]
        batch = torch.from_numpy(pixels).permute(0, 3, 1, 2)
        return batch if way.is_channels_last else batch.contiguous()

    def _forward(self, batch: Tensor) -> Tensor:
        with torch.inference_mode():
            scaled = batch.float().div_(255).sub_(0.45).div_(0.225)
            output: Tensor = self.model(scaled)
        return output


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def decode(path: Path) -> Image.Image:
    """One photograph, whole."""
    with open_image(path.read_bytes()) as image:
        return image.convert("RGB")


def resize(image: Image.Image) -> Image.Image:
    """Its crop."""
    return cut_out(image, Display())


def write(folder: Path, path: Path, crop: Image.Image) -> None:
    """The crop as a PNG, zlib 1."""
    crop.save(folder / f"{path.stem}.png", compress_level=1)
