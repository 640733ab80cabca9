"""Adversarial training and the recipe `gradients`, against the passes they need.

The peer of a training step is seven gradients by the images and one training pass, on
the same batch. The peer of the recipe is, for every batch and classifier: predicting on
the crops, one gradient, predicting after the step and on every picture drawn, and
decoding and storing the PNGs.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.harness import Row, time_pairs
from stimuli.engine.building import Builder
from stimuli.files.images import open_image
from stimuli.scenes.classifier import SceneNetwork, load_network
from stimuli.scenes.evaluation import SceneBatch, normalised
from stimuli.scenes.training import repeatable
from stimuli.scenes.writing import write_dataset
from stimuli.sources.images import encode_png
from stimuli.zoo.fitting import fit_further
from stimuli.zoo.variants import VARIANTS

STEP_BAR, RECIPE_BAR = 1.1, 1.15
N_IMAGES, BATCH = 64, 8

RECIPE = """
[recipe]
kind = "gradients"
images = "all"
shows_image = false

[dataset]
path = "world"

[[classifier]]
demo = true

[[classifier]]
demo = true
name = "again"

[execution]
threads = 1
batch_size = 8
"""


def measure() -> list[Row]:
    """A training step, and a set."""
    return [measure_step(), measure_recipe()]


def measure_step() -> Row:
    """One step of adversarial training on 48 pictures of noise, one thread."""
    variant = VARIANTS["robust"]
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (48, 3, 112, 112), generator=generator)
    scenes = SceneBatch(
        images=images.to(torch.uint8),
        labels=torch.arange(48) % 16,
        present=torch.zeros(48, 16, dtype=torch.bool),
    )
    trained, bare = load_network(), _channels_last(load_network())
    batch = normalised(scenes.images).contiguous(memory_format=torch.channels_last)

    def ours() -> None:
        fit_further(trained, scenes, variant, seed=1, n_steps=1)

    def passes() -> None:
        with repeatable(threads=1):
            bare.eval()
            for _ in range(variant.n_attack_steps):
                _gradient(bare, batch, scenes.labels, is_half=True)
            bare.train()
            loss = functional.cross_entropy(bare.classify_halved(batch), scenes.labels)
            loss.backward()  # type: ignore[no-untyped-call]

    paired = time_pairs(ours, passes, n_pairs=5)
    return Row(
        name="a step of adversarial training",
        ours=f"{np.median(paired.ours):.2f} s",
        peer=f"{np.median(paired.peer):.2f} s, its bare passes",
        ratio=paired.ratio,
        bar=STEP_BAR,
        note=f"48 pictures, {variant.n_attack_steps} steps, 1 thread; {paired.note}",
    )


def measure_recipe() -> Row:
    """A set of gradients of two networks."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_dataset(folder / "world", n=N_IMAGES, seed=1)
        recipe = folder / "recipe.toml"
        recipe.write_text(RECIPE, encoding="utf-8")
        files = sorted((folder / "world/images").iterdir())
        labels = torch.arange(N_IMAGES) % 16
        networks = [_channels_last(load_network()) for _ in range(2)]
        paired = time_pairs(
            lambda: _build(recipe, folder / "set"),
            lambda: _passes(networks, files, labels, folder / "bare.png"),
            n_pairs=3,
        )
    return Row(
        name="building gradients of two networks",
        ours=f"{np.median(paired.ours):.2f} s",
        peer=f"{np.median(paired.peer):.2f} s, the sum of its passes and PNGs",
        ratio=paired.ratio,
        bar=RECIPE_BAR,
        note=f"{N_IMAGES} drawn scenes, 1 thread; {paired.note}",
    )


def _build(recipe: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    Builder(open_progress=_no_bar).build(recipe, out)


class _Silent:
    def update(self, n: int) -> None:
        """Nobody looks."""

    skip = update


@contextlib.contextmanager
def _no_bar(_n_images: int) -> Iterator[_Silent]:
    yield _Silent()


def _passes(
    networks: Sequence[SceneNetwork],
    files: Sequence[Path],
    labels: Tensor,
    out: Path,
) -> None:
    for start in range(0, len(files), BATCH):
        crops = []
        for file in files[start : start + BATCH]:
            with open_image(file) as picture:
                crops.append(np.asarray(picture.convert("RGB")))
        pixels = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2)
        batch = normalised(pixels)
        for network in networks:
            _predict(network, batch)
            _gradient(network, batch, labels[start : start + BATCH])
            _predict(network, batch)
            for crop in crops:
                out.write_bytes(encode_png(crop))
            for other in networks:
                _predict(other, batch)


def _predict(network: SceneNetwork, batch: Tensor) -> None:
    with torch.inference_mode():
        network(batch)


def _gradient(
    network: SceneNetwork, batch: Tensor, labels: Tensor, *, is_half: bool = False
) -> None:
    images = batch.detach().clone().requires_grad_()
    logits = network.classify_halved(images) if is_half else network(images)
    torch.autograd.grad(functional.cross_entropy(logits, labels), images)


def _channels_last(network: SceneNetwork) -> SceneNetwork:
    return network.to(memory_format=torch.channels_last)
