"""Two further classifiers: the demo world's, behind a blur and behind half a picture."""

from typing import Any

import torch
from torch import nn
from torchvision.transforms.functional import gaussian_blur

from stimuli.scenes.classes import CLASSES, IMAGE_SIZE, MEAN, STD
from stimuli.scenes.classifier import SceneNetwork, load_network

PREPROCESSING: dict[str, Any] = {
    "mean": MEAN,
    "std": STD,
    "resize": IMAGE_SIZE,
    "crop": IMAGE_SIZE,
    "classes": [(each.name, each.gloss) for each in CLASSES],
}


class ShortSighted(nn.Module):
    """Sees everything through a Gaussian blur of 3 pixels."""

    def __init__(self, network: SceneNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (batch, 16) of normalised images (batch, 3, 224, 224)."""
        blurred = gaussian_blur(images, kernel_size=[19, 19], sigma=[3.0, 3.0])
        logits: torch.Tensor = self.network(blurred)
        return logits


class UpperHalf(nn.Module):
    """Sees the upper half of a picture; the rest is the training pictures' mean."""

    def __init__(self, network: SceneNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (batch, 16) of normalised images (batch, 3, 224, 224)."""
        halved = images.clone()
        halved[:, :, IMAGE_SIZE // 2 :] = 0.0
        logits: torch.Tensor = self.network(halved)
        return logits


def short_sighted() -> tuple[nn.Module, dict[str, Any]]:
    """The blurred one, as `--classifier observers.py:short_sighted` loads it."""
    return ShortSighted(load_network()).eval(), PREPROCESSING


def upper_half() -> tuple[nn.Module, dict[str, Any]]:
    """The half-blind one."""
    return UpperHalf(load_network()).eval(), PREPROCESSING
