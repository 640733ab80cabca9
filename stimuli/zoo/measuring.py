"""How well a network of the demo zoo does: clean, attacked, and in others' surfaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.attacks import Pgd
from stimuli.scenes.classes import IMAGE_SIZE, MEAN, STD
from stimuli.scenes.classifier import SceneNetwork
from stimuli.scenes.drawing import swapped_class
from stimuli.scenes.evaluation import Progress, SceneBatch, collect, normalised

# Steps add up to this many radii.
_REACH: Final = 2.5
_IMAGES_AT_ONCE: Final = 32


@dataclass(frozen=True, kw_only=True)
class Stress:
    """How hard networks are attacked.

    Attributes:
        epsilon: Radius of the Euclidean ball, of images in [0, 1].
        n_steps: Steps of each attack.
        n_restarts: Attacks on each image, from points of the ball drawn afresh.
        seed: Of the starts.
    """

    epsilon: float
    n_steps: int = 100
    n_restarts: int = 5
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What a network decides where shape and surface disagree.

    Attributes:
        n: Scenes.
        n_shape: It names the class of the shape.
        n_surface: It names the class whose surface the object wears.
    """

    n: int
    n_shape: int
    n_surface: int

    @property
    def shape_bias(self) -> float:
        """Share of shape among decisions for either; NaN where there are none.

        Source: Geirhos and others (2019), "ImageNet-trained CNNs are biased towards
        texture".

        >>> Decisions(n=10, n_shape=3, n_surface=1).shape_bias
        0.75
        """
        n = self.n_shape + self.n_surface
        return self.n_shape / n if n else float("nan")


def attack_hard(
    network: SceneNetwork,
    scenes: SceneBatch,
    *,
    stress: Stress,
    progress: Progress | None = None,
) -> Tensor:
    """Each scene as the attack left it that fooled `network`, or else the last one.

    An image that the network gets wrong is not attacked any more.

    Args:
        network: In evaluation mode.
        scenes: `(n, 3, 224, 224)`.
        stress: How hard.
        progress: Called with a stage, how much is done, and of how much.

    Returns:
        `(n, 3, 224, 224)` float32 in [0, 1].
    """
    model = PixelModel(network, mean=MEAN, std=STD)
    attack = Pgd(
        norm="l2",
        epsilon=stress.epsilon,
        step=_REACH * stress.epsilon / stress.n_steps,
        max_steps=stress.n_steps,
        checks_eight_bit=False,
    )
    moved = scenes.images.float() / 255
    left = _right(network, moved, scenes.labels).nonzero()[:, 0]
    total, done = stress.n_restarts * len(moved), 0
    for restart in range(stress.n_restarts):
        fooled = []
        # Nothing is left to attack where all have been fooled.
        for rows in torch.split(left, _IMAGES_AT_ONCE) if len(left) else ():
            found = attack(
                model,
                scenes.images[rows].float() / 255,
                labels=scenes.labels[rows],
                generators=[_generator(stress, restart, int(row)) for row in rows],
            )
            is_fooled = ~_right(network, found.images, scenes.labels[rows])
            moved[rows] = found.images
            fooled.append(rows[is_fooled])
            done += len(rows)
            if progress is not None:
                progress("attacking", done, total)
        gone = torch.cat([*fooled, left[:0]])
        left = left[~torch.isin(left, gone)]
    if progress is not None:
        progress("attacking", total, total)
    return moved


def count_right(network: SceneNetwork, images: Tensor, labels: Tensor) -> int:
    """How many images `(n, 3, 224, 224)` in [0, 1] it names as `labels` do."""
    return int(_right(network, images, labels).sum())


def decide(network: SceneNetwork, *, n: int, seed: int, workers: int = 1) -> Decisions:
    """What it says of `n` validation objects that wear another class's surface."""
    scenes = collect(
        n,
        seed=seed,
        split="validation",
        size=IMAGE_SIZE,
        workers=workers,
        surfaces="swapped",
    )
    return decisions_on(network, scenes, seed=seed)


def decisions_on(network: SceneNetwork, scenes: SceneBatch, *, seed: int) -> Decisions:
    """The same, of such scenes drawn already, from the first on, with `seed`."""
    with torch.inference_mode():
        parts = [
            network(normalised(part)).argmax(1)
            for part in torch.split(scenes.images, _IMAGES_AT_ONCE)
        ]
    named: Sequence[int] = torch.cat(parts).tolist()
    worn = [swapped_class(i, seed=seed, split="validation") for i in range(len(named))]
    shape = scenes.labels.tolist()
    return Decisions(
        n=len(named),
        n_shape=sum(a == b for a, b in zip(named, shape, strict=True)),
        n_surface=sum(a == b for a, b in zip(named, worn, strict=True)),
    )


def _right(network: SceneNetwork, images: Tensor, labels: Tensor) -> Tensor:
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (MEAN, STD))
    with torch.inference_mode():
        parts = [
            network((part - mean) / std).argmax(1)
            for part in torch.split(images, _IMAGES_AT_ONCE)
        ]
    return torch.cat([*parts, labels[:0]]) == labels


def _generator(stress: Stress, restart: int, row: int) -> torch.Generator:
    number = (stress.seed * stress.n_restarts + restart) * 1_000_003 + row
    return torch.Generator().manual_seed(number)
