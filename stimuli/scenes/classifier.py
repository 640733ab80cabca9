"""The demo world's classifier: a small convolutional network and its weights."""

from __future__ import annotations

import hashlib
import io
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from stimuli.scenes.classes import CLASSES, IMAGE_SIZE, MEAN, STD

WEIGHTS_PATH: Final = Path(__file__).with_name("weights.pt")
# The demo zoo: networks of one architecture, each beside its record.
NETWORKS: Final = {
    "standard": WEIGHTS_PATH,
    "robust": WEIGHTS_PATH.with_name("robust.pt"),
    "stylised": WEIGHTS_PATH.with_name("stylised.pt"),
}
PENULTIMATE: Final = "penultimate"

_WIDTHS: Final = (24, 48, 80, 128, 160)


class SceneNetwork(nn.Module):
    """Normalised images (batch, 3, 224, 224) to logits (batch, 16).

    The picture is halved first, so that the net trains in minutes. The module
    named by `PENULTIMATE` gives the features (batch, 160) before the last
    layer. No operation works in place, so hooks and gradients see every value.
    """

    def __init__(self) -> None:
        super().__init__()
        first, *others = _WIDTHS
        layers: list[tuple[str, nn.Module]] = [("block1", _block(3, first, kernel=5))]
        width = first
        for i, wider in enumerate(others, start=2):
            layers.append((f"pool{i}", nn.MaxPool2d(2)))
            layers.append((f"block{i}", _block(width, wider)))
            width = wider
        self.halve = nn.AvgPool2d(2)
        self.features = nn.Sequential(OrderedDict(layers))
        self.penultimate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(width, len(CLASSES))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (batch, 16) of normalised images (batch, 3, 224, 224)."""
        return self.classify_halved(self.halve(images))

    def classify_halved(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of images already at half size, (batch, 3, 112, 112)."""
        logits: torch.Tensor = self.head(self.penultimate(self.features(images)))
        return logits


def build_network(*, generator: torch.Generator | None = None) -> SceneNetwork:
    """An untrained network in training mode, its weights drawn from `generator`."""
    network = _blank_network()
    source = torch.Generator() if generator is None else generator
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(
                module.weight, mode="fan_out", nonlinearity="relu", generator=source
            )
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.02, generator=source)
            nn.init.zeros_(module.bias)
    return network


def load_network(path: Path = WEIGHTS_PATH) -> SceneNetwork:
    """The trained network in evaluation mode, on the CPU, in float32.

    Args:
        path: A file written by `save_network`; the shipped one by default.

    Raises:
        FileNotFoundError: If there is no such file.
        RuntimeError: If the file holds the weights of another network.
    """
    stored = torch.load(path, map_location="cpu", weights_only=True)
    network = _blank_network()
    network.load_state_dict({name: _widened(value) for name, value in stored.items()})
    return network.eval()


def save_network(network: nn.Module, path: Path) -> str:
    """Write the weights as float16; gives the file's SHA-256.

    The same weights give the same bytes, whatever the file is called.
    """
    stored = {name: _narrowed(value) for name, value in network.state_dict().items()}
    buffer = io.BytesIO()
    torch.save(stored, buffer)
    path.write_bytes(buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def build() -> tuple[nn.Module, dict[str, Any]]:
    """The trained network and its preprocessing, as a user's function gives them."""
    preprocessing = {
        "mean": MEAN,
        "std": STD,
        "resize": IMAGE_SIZE,
        "crop": IMAGE_SIZE,
        "classes": [(spec.name, spec.gloss) for spec in CLASSES],
    }
    return load_network(), preprocessing


def _blank_network() -> SceneNetwork:
    """A network without touching torch's global random state."""
    with torch.random.fork_rng(devices=[]):
        return SceneNetwork()


def _block(narrow: int, wide: int, *, kernel: int = 3) -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(
                narrow,
                wide,
                kernel,
                stride=2 if kernel == 5 else 1,
                padding=kernel // 2,
                bias=False,
            ),
            norm=nn.BatchNorm2d(wide),
            act=nn.ReLU(),
        )
    )


def _narrowed(value: torch.Tensor) -> torch.Tensor:
    # Training uses another memory layout, which the file must not depend on.
    plain = value.contiguous()
    return plain.half() if plain.is_floating_point() else plain


def _widened(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.is_floating_point() else value
