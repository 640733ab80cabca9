"""SqueezeNet 1.1 and photographs that it gets right, for the engine's measures."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import Tensor

from benchmarks.harness import Skipped
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.classifiers.torchvision_models import read_state_dict
from stimuli.sources.images import Display, careful_reading, read_picture

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, kw_only=True, eq=False)
class Photographs:
    """A channels-last network and images in the same layout.

    Attributes:
        model: SqueezeNet 1.1 with its normalisation.
        images: `(n, 3, 224, 224)` in [0, 1].
        labels: `(n,)`, all predicted right.
    """

    model: PixelModel
    images: Tensor
    labels: Tensor


def load_photographs(n: int) -> Photographs:
    """The first `n` that are right, spread over the classes.

    Raises:
        Skipped: Where the data are not at hand.
    """
    given = os.environ.get("SECONDLOOK_REAL_DATA")
    shared = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(given) if given else shared
    if not (folder / "photos" / "labels.csv").is_file():
        raise Skipped("no photographs: set SECONDLOOK_REAL_DATA")
    model = _squeezenet(folder)
    images, labels = _read(folder, n_read=2 * n + 8)
    with torch.inference_mode():
        logits = [model(batch) for batch in images.split(8)]
        is_right = (torch.cat(logits).argmax(1) == labels).nonzero()[:n, 0].clone()
    chosen = images[is_right].contiguous(memory_format=torch.channels_last)
    return Photographs(model=model, images=chosen, labels=labels[is_right])


def _squeezenet(folder: Path) -> PixelModel:
    network = torchvision.models.squeezenet1_1(weights=None)
    network.load_state_dict(read_state_dict(folder / "weights" / "squeezenet1_1.pth"))
    network.eval().requires_grad_(False)
    return PixelModel(network.to(memory_format=torch.channels_last), mean=MEAN, std=STD)


def _read(folder: Path, *, n_read: int) -> tuple[Tensor, Tensor]:
    with (folder / "photos" / "labels.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    rows = rows[:: max(1, len(rows) // n_read)][:n_read]
    with careful_reading():
        files = [folder / "photos" / row["file"] for row in rows]
        pixels = np.stack([read_picture(file, Display()).pixels for file in files])
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    labels = torch.tensor([int(row["label"]) for row in rows])
    return images.contiguous(memory_format=torch.channels_last), labels
