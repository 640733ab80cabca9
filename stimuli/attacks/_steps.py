"""One step along the gradient: norm, space, ball and bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor

from stimuli.attacks._result import AttackError
from stimuli.pixel_model import PixelModel

Norm = Literal["linf", "l2"]
Space = Literal["pixel", "normalised"]

# What foolbox divides by at least; keeps a zero gradient from becoming NaN.
_TINY: Final = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class StepRule:
    """How an image moves, given the gradient of the loss.

    Attributes:
        norm: "linf": the sign of the gradient; "l2": the gradient over its
            length, per image.
        step: Length, in units of the space.
        scale: What one unit of the space is in pixels where white is 1: a
            number, or one per channel `(1, 3, 1, 1)`.
        epsilon: Radius of the ball around the source, in pixels where white is
            1; None for none.

    Source: facts of the published methods; Kurakin, Goodfellow and Bengio
    (2017), equation 2.
    """

    norm: Norm
    step: float
    scale: Tensor | None
    epsilon: float | None

    def move(self, images: Tensor, gradient: Tensor, *, clean: Tensor) -> Tensor:
        """The images one step on; `images` and `gradient` are overwritten.

        Args:
            images: `(n, 3, height, width)` in [0, 1].
            gradient: The same shape.
            clean: The sources, the same shape.
        """
        if self.norm == "linf":
            moved = self._add(images, gradient.sign_(), step=self.step)
        else:
            moved = self._add(images, self._unit(gradient), step=self.step)
        return self._bound(moved, clean)

    def rise(self, gradient: Tensor) -> Tensor:
        """How much the gradient promises that a step adds to the loss, `(n,)`.

        Not a finite number where the gradient is not; clipping is left out.

        Args:
            gradient: `(n, 3, height, width)`.
        """
        order = 1 if self.norm == "linf" else 2
        sizes: Tensor = torch.linalg.vector_norm(gradient, ord=order, dim=(2, 3))
        if self.scale is not None:
            sizes = sizes * self.scale.flatten()
        total: Tensor = torch.linalg.vector_norm(sizes, ord=order, dim=1)
        return total * self.step

    def _unit(self, gradient: Tensor) -> Tensor:
        # In normalised space the gradient itself is in normalised units.
        if self.scale is not None:
            gradient = gradient.mul_(self.scale)
        return gradient.div_(lengths(gradient).clamp_(min=_TINY))

    def _add(self, images: Tensor, direction: Tensor, *, step: float) -> Tensor:
        if self.scale is None:
            return images.add_(direction, alpha=step)
        return images.addcmul_(direction, self.scale, value=step)

    def _bound(self, images: Tensor, clean: Tensor) -> Tensor:
        if self.epsilon is None:
            return images.clamp_(0, 1)
        if self.norm == "linf":
            low, high = clean - self.epsilon, clean + self.epsilon
            return images.clamp_(low, high).clamp_(0, 1)
        change = images.sub_(clean)
        factor = (self.epsilon / lengths(change).clamp_(min=_TINY)).clamp_(max=1)
        return change.mul_(factor).add_(clean).clamp_(0, 1)


def lengths(images: Tensor) -> Tensor:
    """Euclidean length of each image, `(n, 1, 1, 1)`."""
    found: Tensor = torch.linalg.vector_norm(images, dim=(1, 2, 3), keepdim=True)
    return found


def make_rule(
    model: PixelModel,
    *,
    norm: Norm,
    step: float,
    epsilon: float | None,
    space: Space,
    is_targeted: bool,
    dtype: torch.dtype,
) -> StepRule:
    """The rule for one network.

    Raises:
        AttackError: If the space has no meaning for the network.
    """
    scale = None
    if space == "normalised":
        if model.std is None:
            raise AttackError(
                'space = "normalised" needs a classifier with mean and std, and this '
                'one has a transform of its own; use space = "pixel"'
            )
        scale = torch.tensor(model.std, dtype=dtype, device=model.device)
        scale = scale.view(1, -1, 1, 1)
    signed = -step if is_targeted else step
    return StepRule(norm=norm, step=signed, scale=scale, epsilon=epsilon)
