"""What an attack is given must make sense, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from stimuli.classifiers.pixel_model import (
    PixelModel,
    list_image_problems,
    list_mode_problems,
)
from stimuli.methods.attacks._result import AttackError, GradientError


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
        *list_image_problems(images, may_be_empty=False),
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
    problems += list_mode_problems(model)
    if problems:
        raise AttackError("; ".join(problems))


def check_moved(
    images: Tensor, clean: Tensor, *, names: Sequence[str], attack: str
) -> None:
    """What an attack returns must be images like those it was given.

    Raises:
        AttackError: If they are of another shape or type, or no numbers.
    """
    if images.shape != clean.shape or images.dtype != clean.dtype:
        raise AttackError(
            f"{attack} returned {images.dtype} of shape {tuple(images.shape)}, expected "
            f"{clean.dtype} of shape {tuple(clean.shape)}, as it was given"
        )
    is_bad = ~torch.isfinite(images).flatten(1).all(1)
    if bool(is_bad.any()):
        rows = is_bad.nonzero()[:, 0].tolist()
        raise GradientError(
            f"{attack} returned values that are not finite for "
            f"{', '.join(names[row] for row in rows[:5])} ({len(rows)} of {len(names)})"
        )


@dataclass(frozen=True, kw_only=True)
class NetworkState:
    """What an attack must not change of a network, as far as a look can tell.

    Attributes:
        training: Of every part.
        hooks: How many every part has.
        versions: How often each parameter was written to.
    """

    training: tuple[bool, ...]
    hooks: tuple[int, ...]
    versions: tuple[int, ...]

    @classmethod
    def of(cls, model: nn.Module) -> Self:
        """The state now."""
        parts = list(model.modules())
        return cls(
            training=tuple(part.training for part in parts),
            hooks=tuple(_count_hooks(part) for part in parts),
            versions=tuple(
                0 if p.is_inference() else p._version for p in model.parameters()
            ),
        )

    def check(self, model: nn.Module, *, attack: str) -> None:
        """The network must be as it was.

        Raises:
            AttackError: With everything that an attack changed.
        """
        now = NetworkState.of(model)
        changed = [
            what
            for what, before, after in (
                ("whether it is in training mode", self.training, now.training),
                ("its hooks", self.hooks, now.hooks),
                ("its weights", self.versions, now.versions),
            )
            if before != after
        ]
        if changed:
            raise AttackError(
                f"{attack} changed the network ({', '.join(changed)}); an attack "
                "leaves the network as it was"
            )


def _count_hooks(part: nn.Module) -> int:
    kinds = (
        part._forward_hooks,
        part._forward_pre_hooks,
        part._backward_hooks,
        part._backward_pre_hooks,
    )
    return sum(len(hooks) for hooks in kinds)


def _class_problems(name: str, classes: Tensor, n_images: int) -> list[str]:
    if classes.dtype != torch.int64 or tuple(classes.shape) != (n_images,):
        return [
            f"{name} must be int64 of shape ({n_images},), got {classes.dtype} of "
            f"shape {tuple(classes.shape)}"
        ]
    return []
