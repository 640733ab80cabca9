"""Scenes as tensors, and how often a network names what can be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from stimuli.scenes.classes import CLASSES, MEAN, STD, Split
from stimuli.scenes.drawing import Surfaces, draw_scenes

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How the network does on scenes it has not seen.

    Attributes:
        n: Scenes.
        n_right: Prediction is the label.
        n_present: Prediction is not the label but can be seen in the scene.
        n_absent: Prediction cannot be seen.
    """

    n: int
    n_right: int
    n_present: int
    n_absent: int

    @property
    def accuracy(self) -> float:
        """Share of scenes whose predicted class is the label."""
        return self.n_right / self.n

    @property
    def present_share(self) -> float:
        """Share of errors whose predicted class can be seen; NaN without errors."""
        n_errors = self.n_present + self.n_absent
        return self.n_present / n_errors if n_errors else float("nan")


@dataclass(frozen=True, kw_only=True)
class SceneBatch:
    """Scenes as tensors.

    Attributes:
        images: 8-bit RGB, (n, 3, size, size).
        labels: Class indices, (n,).
        present: Whether each class can be seen, (n, 16).
    """

    images: torch.Tensor
    labels: torch.Tensor
    present: torch.Tensor


def collect(
    n: int,
    *,
    seed: int,
    split: Split,
    size: int,
    workers: int = 1,
    progress: Progress | None = None,
    surfaces: Surfaces = "own",
) -> SceneBatch:
    """`n` drawn scenes as tensors; see `draw_scenes` for the arguments."""
    images = np.empty((n, size, size, 3), np.uint8)
    labels, present = np.empty(n, np.int64), np.zeros((n, len(CLASSES)), bool)
    scenes = draw_scenes(
        n, seed=seed, split=split, size=size, workers=workers, surfaces=surfaces
    )
    for i, scene in enumerate(scenes):
        images[i], labels[i] = scene.pixels, scene.label
        present[i, list(scene.present)] = True
        if progress is not None:
            progress(f"drawing {split} scenes", i + 1, n)
    return SceneBatch(
        images=torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(),
        labels=torch.from_numpy(labels),
        present=torch.from_numpy(present),
    )


def evaluate(network: nn.Module, scenes: SceneBatch) -> Evaluation:
    """How `network` does on full-size scenes (n, 3, 224, 224)."""
    counts = np.zeros(3, int)
    with torch.inference_mode():
        for rows in torch.split(torch.arange(len(scenes.labels)), 64):
            predicted = network(normalised(scenes.images[rows])).argmax(dim=1)
            is_right = predicted == scenes.labels[rows]
            is_present = scenes.present[rows].gather(1, predicted[:, None])[:, 0]
            counts += [
                int(is_right.sum()),
                int((is_present & ~is_right).sum()),
                int((~is_present & ~is_right).sum()),
            ]
    right, present, absent = (int(count) for count in counts)
    return Evaluation(
        n=len(scenes.labels), n_right=right, n_present=present, n_absent=absent
    )


def normalised(images: torch.Tensor) -> torch.Tensor:
    """8-bit images to the network's input, the arithmetic of `Preprocessing`."""
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (MEAN, STD))
    return (images.float() / 255 - mean) / std
