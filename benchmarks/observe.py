"""A classifier that observes a set, against its bare forward passes.

Ours is the whole of `secondlook stimuli observe` after the imports: loading the
weights, hashing the set, decoding the pictures, predicting, deciding, writing. The peer
has the pictures in memory and runs the network alone, a batch per core, at the fastest
of the batch sizes tried, which ours takes as well. Decoding a picture costs the same
whatever looks at it, so the ratio hangs on the network: the cheapest there is, and one
of the size that studies use.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.models import get_model

from benchmarks.harness import Row, time_pairs
from benchmarks.stimuli_build import find_photographs, prepare
from stimuli.classifiers.loading import Classifier, choose_device, load_classifiers
from stimuli.engine.building import Builder
from stimuli.engine.running.cores import count_cores, one_core_each
from stimuli.manifest import StimulusSet
from stimuli.observing.classifying import ClassifierObserver, execution_of
from stimuli.observing.keeping import ObserverShelf
from stimuli.probing.classifiers import name_classifiers
from stimuli.recipe_file import RecipeFile
from stimuli.sources.images import decode_png

BAR = 1.1
BATCH_SIZES = (1, 2, 4, 8, 16, 32)


def measure() -> list[Row]:
    """A row per network: observing real photographs over its forward passes alone."""
    data = find_photographs()
    with tempfile.TemporaryDirectory() as name:
        untrained = Path(name) / "resnet50.pth"
        torch.save(get_model("resnet50", weights=None).state_dict(), untrained)
        networks = (
            ("squeezenet1_1", data / "weights" / "squeezenet1_1.pth", 1000),
            ("resnet50", untrained, 128),
        )
        return [
            _measure(Path(name) / network, data, network, weights, n_images=n_images)
            for network, weights, n_images in networks
        ]


def _measure(
    folder: Path, data: Path, network: str, weights: Path, *, n_images: int
) -> Row:
    folder.mkdir()
    opened = _build(folder, data, n_images=n_images)
    bare = _Bare.of(opened, _recipe(network, weights, None))
    best = min(BATCH_SIZES, key=bare.time)
    recipe = _recipe(network, weights, best)
    paired = time_pairs(lambda: _observe(opened, recipe), lambda: bare.run(best))
    ours, peer = np.median(paired.ours), np.median(paired.peer)
    return Row(
        name=f"{network} observes a set",
        ours=f"{ours:.2f} s",
        peer=f"{peer:.2f} s, the forward passes alone",
        ratio=paired.ratio,
        bar=BAR,
        note=f"{len(bare.pixels)} pictures, {count_cores()} cores, a batch of {best} "
        f"per core; {paired.note}",
    )


def _build(folder: Path, data: Path, *, n_images: int) -> StimulusSet:
    work = prepare(folder, data, device="cpu", n_images=n_images)
    text = work.recipe.read_text()
    rest = text.partition("[dataset]")[2]
    work.recipe.write_text(
        '[recipe]\nkind = "predictions"\n[controls]\nknown_yes = 0\nknown_no = 0\n'
        f"practice = 0\n[dataset]{rest}"
    )
    return Builder(open_progress=_no_bar).build(work.recipe, folder / "set").set


def _recipe(network: str, weights: Path, batch_size: int | None) -> RecipeFile:
    execution = execution_of({"device": "cpu", "batch_size": batch_size})
    return name_classifiers([network], [str(weights)], execution=execution)


def _observe(opened: StimulusSet, recipe: RecipeFile) -> None:
    ClassifierObserver(
        shelf=ObserverShelf(set=opened), recipe=recipe, open_progress=_no_bar
    ).observe(is_fresh=True)


@dataclass(frozen=True)
class _Bare:
    """The network, and every picture in memory."""

    classifier: Classifier
    pixels: NDArray[np.uint8]

    @classmethod
    def of(cls, opened: StimulusSet, recipe: RecipeFile) -> _Bare:
        (classifier,) = load_classifiers(recipe, device=choose_device("cpu"))
        paths = [opened.image_path(each.id) for each in opened.stimuli()]
        return cls(classifier, np.stack([decode_png(p.read_bytes()) for p in paths]))

    def time(self, batch_size: int) -> float:
        """Seconds for every picture, the faster of two."""
        taken = []
        for _ in range(2):
            started = time.perf_counter()
            self.run(batch_size)
            taken.append(time.perf_counter() - started)
        return min(taken)

    def run(self, batch_size: int) -> None:
        """Every picture once, a batch per core."""
        twins: SimpleQueue[Classifier] = SimpleQueue()
        for _ in range(count_cores()):
            twins.put(self.classifier.copy_for_thread())

        def work(start: int) -> None:
            twin = twins.get()
            twin.logits(self.pixels[start : start + batch_size])
            twins.put(twin)

        with one_core_each(), ThreadPoolExecutor(count_cores()) as pool:
            list(pool.map(work, range(0, len(self.pixels), batch_size)))


class _Silent:
    """A progress that nobody watches."""

    def skip(self, n: int) -> None:
        """Nothing."""

    def update(self, n: int) -> None:
        """Nothing."""


@contextlib.contextmanager
def _no_bar(_n_pictures: int) -> Iterator[_Silent]:
    yield _Silent()
