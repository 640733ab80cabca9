"""Further training of the standard network, on attacked or repainted scenes.

Source: Madry, Makelov, Schmidt, Tsipras and Vladu (2018), "Towards deep learning models
resistant to adversarial attacks", section 2.1, with steps along the gradient over its
length.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stimuli.scenes.classes import STD
from stimuli.scenes.classifier import SceneNetwork
from stimuli.scenes.evaluation import Progress, SceneBatch, normalised
from stimuli.scenes.training import (
    BATCH,
    TrainingResult,
    augmented,
    batches_of,
    repeatable,
)
from stimuli.zoo.variants import Variant

_THREADS: Final = 1
# Steps add up to this many radii, so that the far side of the ball can be reached.
_REACH: Final = 2.5
# The network halves pictures first by means of four pixels. A change of the half-size
# picture is made with least length by the same change in all four, of twice its length.
_HALVING: Final = 2.0
_TINY: Final = 1e-12


def fit_further(
    network: SceneNetwork,
    scenes: SceneBatch,
    variant: Variant,
    *,
    seed: int,
    progress: Progress | None = None,
    n_steps: int | None = None,
) -> TrainingResult:
    """Train `network` on, as `variant` says; the same arguments give the same weights.

    Args:
        network: Trained already; changed in place.
        scenes: Of 112 pixels.
        variant: Epochs, rate and attack.
        seed: Of order, augmentation and the attacks' starts.
        progress: Called with a stage, how much is done, and of how much.
        n_steps: Stop after so many steps; None takes all.

    Raises:
        ValueError: If there are fewer scenes than one batch holds.
    """
    n = len(scenes.labels)
    if n < BATCH:
        raise ValueError(f"training needs at least {BATCH} scenes, got {n}")
    generator = torch.Generator().manual_seed(seed)
    n_planned = variant.epochs * (n // BATCH)
    losses = []
    with repeatable(threads=_THREADS):
        network = network.to(memory_format=torch.channels_last).train()
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=0.02)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=variant.peak_rate,
            total_steps=n_planned + 1,
            cycle_momentum=False,
        )
        batches = batches_of(n, epochs=variant.epochs, generator=generator)
        for step, rows in enumerate(batches, start=1):
            images = augmented(normalised(scenes.images[rows]), generator=generator)
            images = images.contiguous(memory_format=torch.channels_last)
            labels = scenes.labels[rows]
            if variant.epsilon:
                images = attacked(
                    network, images, labels, variant=variant, generator=generator
                )
            losses.append(_learn(network, optimizer, images, labels=labels))
            schedule.step()
            if progress is not None:
                progress("training", step, n_planned)
            if step == n_steps:
                break
    per_epoch = [float(np.mean(part)) for part in _parts(losses, n // BATCH)]
    return TrainingResult(network=network.eval(), losses=tuple(per_epoch))


def attacked(
    network: SceneNetwork,
    images: Tensor,
    labels: Tensor,
    *,
    variant: Variant,
    generator: torch.Generator,
) -> Tensor:
    """Where steps up the loss from a point of the ball lead; one pass for each step.

    The network is attacked as it predicts, in evaluation mode, and left as it was.

    Args:
        network: Whose loss is raised.
        images: Normalised and half size, `(n, 3, 112, 112)`.
        labels: `(n,)`.
        variant: Radius and number of steps.
        generator: Of the starts.
    """
    was_training = network.training
    network.eval()
    scale = torch.tensor(STD).view(1, 3, 1, 1)
    radius = variant.epsilon / _HALVING
    step = _REACH * radius / variant.n_attack_steps
    change = torch.randn(images.shape, generator=generator).to(images)
    far = radius * torch.rand(len(images), 1, 1, 1, generator=generator)
    change *= far / _lengths(change).clamp(min=_TINY)
    for _ in range(variant.n_attack_steps):
        change.requires_grad_()
        logits = network.classify_halved(images + change / scale)
        loss = functional.cross_entropy(logits, labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, change)
        change = change.detach()
        change += gradient * (step / _lengths(gradient).clamp(min=_TINY))
        change *= (radius / _lengths(change).clamp(min=_TINY)).clamp(max=1)
    network.train(was_training)
    return images + change / scale


def _learn(
    network: SceneNetwork,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    *,
    labels: Tensor,
) -> float:
    loss = functional.cross_entropy(network.classify_halved(images), labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return float(loss.detach())


def _lengths(change: Tensor) -> Tensor:
    """Euclidean length of each image's change, `(n, 1, 1, 1)`."""
    found: Tensor = torch.linalg.vector_norm(change, dim=(1, 2, 3), keepdim=True)
    return found


def _parts(losses: list[float], length: int) -> list[list[float]]:
    return [losses[i : i + length] for i in range(0, len(losses), length)]
