"""Networks small enough to work out by hand, or to run in a moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from stimuli.classifiers.pixel_model import PixelModel


class Sum(nn.Module):
    """Class 0 scores the sum of weighted pixels, class 1 a constant."""

    def __init__(self, threshold: float, *, weights: Sequence[float] = (1, 1, 1)):
        super().__init__()
        self.threshold = threshold
        self.register_buffer("weights", torch.tensor(weights).view(1, 3, 1, 1).float())

    def forward(self, images: Tensor) -> Tensor:
        total = (images * self.get_buffer("weights")).sum((1, 2, 3))
        return torch.stack([total, torch.full_like(total, self.threshold)], dim=1)


class Cramped(nn.Module):
    """Runs out of memory on batches of more than `limit` images."""

    def __init__(self, inner: nn.Module, *, limit: int):
        super().__init__()
        self.inner = inner
        self.limit = limit

    def forward(self, images: Tensor) -> Tensor:
        if len(images) > self.limit:
            raise torch.OutOfMemoryError(f"tried to hold {len(images)} images")
        return cast("Tensor", self.inner(images))


def summing(threshold: float) -> PixelModel:
    return PixelModel(Sum(threshold).eval())


def convolutional(seed: int = 0, *, n_classes: int = 5) -> PixelModel:
    """A small network with random weights and torchvision's normalisation."""
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2),
        nn.ReLU(),
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 8, 3),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(32, n_classes),
    ).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in network.parameters():
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.5)
    network.requires_grad_(False)
    return PixelModel(network, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def eight_bit_images(n: int, *, side: int = 24, seed: int = 0) -> Tensor:
    """Smooth coloured images whose values are multiples of 1/255."""
    rng = np.random.default_rng(seed)
    coarse = torch.from_numpy(rng.random((n, 3, 4, 4), dtype=np.float32))
    smooth = nn.functional.interpolate(coarse, (side, side), mode="bilinear")
    return (smooth * 255).round() / 255


def predicted(model: PixelModel, images: Tensor) -> Tensor:
    with torch.no_grad():
        labels: Tensor = model(images).argmax(1)
    return labels
