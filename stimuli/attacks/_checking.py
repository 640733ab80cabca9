"""What an attack is given must make sense; every message says what to do."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from stimuli.attacks._result import AttackError
from stimuli.pixel_model import PixelModel


def check_options(options: dict[str, float | int | None]) -> None:
    """Every number must be finite and above zero, or None.

    Raises:
        AttackError: Naming all that are not.
    """
    problems = [
        f"{name} must be above 0, got {value!r}"
        for name, value in options.items()
        if value is not None and not (math.isfinite(value) and value > 0)
    ]
    if problems:
        raise AttackError("; ".join(problems))


def check_choice(name: str, value: str, *, known: tuple[str, ...]) -> None:
    """The value must be one of those known.

    Raises:
        AttackError: If it is not.
    """
    if value not in known:
        raise AttackError(f"{name} must be one of {', '.join(known)}, got {value!r}")


def check_input(
    model: PixelModel,
    images: Tensor,
    *,
    labels: Tensor,
    targets: Tensor | None,
    is_targeted: bool,
) -> None:
    """Images, classes and network must fit together.

    Raises:
        AttackError: With every problem.
    """
    problems = [
        *_image_problems(images),
        *_class_problems("labels", labels, len(images)),
    ]
    if targets is not None:
        problems += _class_problems("targets", targets, len(images))
    if (targets is not None) != is_targeted:
        given = "no targets" if targets is None else "targets"
        problems.append(
            "targets and is_targeted go together: got "
            f"is_targeted = {is_targeted} and {given}"
        )
    if any(part.training for part in model.modules()):
        problems.append("the network is in training mode; call eval() on it")
    if problems:
        raise AttackError("; ".join(problems))


def _image_problems(images: Tensor) -> list[str]:
    shape = tuple(images.shape)
    if images.ndim != 4 or shape[1] != 3:
        return [f"images must be (n, 3, height, width), got {shape}"]
    if not images.is_floating_point():
        return [f"images must be floats in [0, 1], got {images.dtype}; divide by 255"]
    if not len(images):
        return ["there are no images: expected at least one"]
    low, high = (float(value) for value in torch.aminmax(images))
    if not (low >= 0 and high <= 1):
        return [
            f"images must lie in [0, 1], got [{low:.3g}, {high:.3g}]; "
            "divide 8-bit images by 255, and leave normalisation to the model"
        ]
    return []


def _class_problems(name: str, classes: Tensor, n_images: int) -> list[str]:
    if classes.dtype != torch.int64 or tuple(classes.shape) != (n_images,):
        return [
            f"{name} must be int64 of shape ({n_images},), got {classes.dtype} of "
            f"shape {tuple(classes.shape)}"
        ]
    return []
