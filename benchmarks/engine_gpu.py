"""The engine on a GPU: LIME and IFGSM on ResNet-101 with random weights."""

from __future__ import annotations

import statistics

import torch
import torchvision
from torch import Tensor

from benchmarks.attacks import take_gradient
from benchmarks.harness import Row, Skipped, time_pairs
from benchmarks.lime import explain, make_image, run_bare
from benchmarks.photographs import MEAN, STD
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.attacks import Ifgsm
from stimuli.methods.explanations import Lime
from stimuli.methods.explanations.lime import Dtype, calibrate_forward
from stimuli.methods.segmentation import SegmentationPool

N_IMAGES, N_SAMPLES = 16, 1000
# Ninety percent of the bare forward rate.
LIME_BAR = 1 / 0.9


def measure() -> list[Row]:
    """Both precisions of LIME, and the attack.

    Raises:
        Skipped: Without a CUDA device.
    """
    if not torch.cuda.is_available():
        raise Skipped("no CUDA device")
    network = torchvision.models.resnet101(weights=None).eval()
    network.requires_grad_(False)
    network = network.to("cuda", memory_format=torch.channels_last)
    model = PixelModel(network, mean=MEAN, std=STD)
    images = make_image()[0].expand(N_IMAGES, -1, -1, -1).contiguous()
    dtypes: tuple[Dtype, ...] = ("float32", "bfloat16")
    with SegmentationPool(n_workers=8) as pool:
        rows = [measure_lime(model, images, dtype=d, pool=pool) for d in dtypes]
    return [*rows, measure_attack(model, images)]


def measure_lime(
    model: PixelModel, images: Tensor, *, dtype: Dtype, pool: SegmentationPool
) -> Row:
    """Sixteen images against sixteen thousand bare passes at the same batch."""
    kind = torch.bfloat16 if dtype == "bfloat16" else torch.float32
    twin = model.twin(dtype=kind)
    size = calibrate_forward(twin, images.shape[2:], dtype=kind)
    lime = Lime(n_samples=N_SAMPLES, batch_size=size, dtype=dtype)
    inputs = images.to(kind)
    paired = time_pairs(
        lambda: explain(lime, model, images, pool=pool),
        lambda: run_bare(twin, inputs, n=N_IMAGES * N_SAMPLES, size=size),
        n_pairs=3,
    )
    rate = N_IMAGES * N_SAMPLES / statistics.median(paired.ours)
    bare = N_IMAGES * N_SAMPLES / statistics.median(paired.peer)
    return Row(
        name=f"LIME on ResNet-101, GPU, {dtype}",
        ours=f"{rate:.0f} samples/s",
        peer=f"{bare:.0f} bare forward passes/s",
        ratio=paired.ratio,
        bar=LIME_BAR,
        note=f"{paired.note}; batch {size}; {torch.cuda.get_device_name()}",
    )


def measure_attack(model: PixelModel, images: Tensor) -> Row:
    """Ten steps against ten bare gradients."""
    inputs = model.arrange(images)
    labels = torch.zeros(len(images), dtype=torch.int64, device=model.device)
    attack = Ifgsm(checks_eight_bit=False)

    def bare() -> None:
        for _ in range(attack.max_steps):
            take_gradient(model, inputs, labels)

    paired = time_pairs(lambda: attack(model, inputs, labels=labels), bare)
    return Row(
        name="IFGSM never on ResNet-101, GPU",
        ours=f"{statistics.median(paired.ours):.3f} s",
        peer=f"{statistics.median(paired.peer):.3f} s ten bare gradients",
        ratio=paired.ratio,
        bar=None,
        note=f"{paired.note}; batch {len(images)}; {torch.cuda.get_device_name()}",
    )
