"""Steps along the gradient: one of them, and all of them with every image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from stimuli.methods.attacks._attack import AttackInput, MovedImages
from stimuli.methods.attacks._ball import TINY, Ball, Norm, lengths
from stimuli.methods.attacks._result import AttackError

Space = Literal["pixel", "normalised"]


@dataclass(frozen=True, kw_only=True, eq=False)
class StepRule:
    """How an image moves, given the gradient of the loss.

    Attributes:
        norm: "linf": the sign of the gradient; "l2": the gradient over its
            length, per image.
        step: Length, in units of the space.
        scale: What one unit of the space is in pixels where white is 1: a
            number, or one per channel `(1, 3, 1, 1)`.
        ball: Where the image may be.

    Source: facts of the published methods; Kurakin, Goodfellow and Bengio
    (2017), equation 2.
    """

    norm: Norm
    step: float
    scale: Tensor | None
    ball: Ball

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
        return self.ball.keep(moved, clean)

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
        return gradient.div_(lengths(gradient).clamp_(min=TINY))

    def _add(self, images: Tensor, direction: Tensor, *, step: float) -> Tensor:
        if self.scale is None:
            return images.add_(direction, alpha=step)
        return images.addcmul_(direction, self.scale, value=step)


def make_rule(given: AttackInput, *, ball: Ball, step: float, space: Space) -> StepRule:
    """The rule for one network; steps are measured as the ball is.

    Raises:
        AttackError: If the space has no meaning for the network.
    """
    scale = None
    if space == "normalised":
        model = given.model
        if model.std is None:
            raise AttackError(
                'space = "normalised" needs a classifier with mean and std, and this '
                'one has a transform of its own; use space = "pixel"'
            )
        scale = torch.tensor(model.std, dtype=given.clean.dtype, device=model.device)
        scale = scale.view(1, -1, 1, 1)
    signed = -step if given.trace.is_targeted else step
    return StepRule(norm=ball.norm, step=signed, scale=scale, ball=ball)


@dataclass(kw_only=True, eq=False)
class AllSteps:
    """All steps with every image, whatever the network says on the way.

    M gradients per image, and one pass without for the last image.

    Attributes:
        origins: Where the first step starts, where that is not the source; step 0
            of the trace is the source all the same.
        keeps_first_flip: Keep each image as it was when it flipped.
    """

    given: AttackInput
    rule: StepRule
    is_mean: bool = False
    origins: Tensor | None = None
    keeps_first_flip: bool = False
    _images: Tensor = field(init=False)
    _first_flipped: Tensor | None = field(default=None, init=False)
    _n_gradients: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        clean = self.given.clean
        self._images = torch.empty_like(clean)
        if self.keeps_first_flip:
            self._first_flipped = clean.clone()

    def run(self) -> MovedImages:
        """All batches."""
        self.given.batches.run(len(self._images), self._run_batch)
        return MovedImages(
            images=self._images,
            n_gradients=self._n_gradients,
            first_flipped=self._first_flipped,
        )

    def _run_batch(self, start: int, stop: int) -> None:
        model, trace = self.given.model, self.given.trace
        rows = slice(start, stop)
        clean = self.given.clean[rows]
        images = self._set_out(rows)
        for step in range(trace.max_steps):
            images.requires_grad_()
            with torch.enable_grad():
                logits = model(images)
                losses = trace.loss(logits, rows)
                loss = losses.mean() if self.is_mean else losses.sum()
                gradient = model.gradient(loss, images)
            if step or self.origins is None:
                trace.note(logits, rows=rows, steps=step)
            trace.note_rises(self.rule.rise(gradient), rows=rows, steps=step)
            images = images.detach()
            self._keep_flipped(images, rows, step=step)
            images = self.rule.move(images, gradient, clean=clean)
        last = trace.max_steps
        with torch.inference_mode():
            trace.note(model(images), rows=rows, steps=last)
        self._keep_flipped(images, rows, step=last)
        self._images[rows] = images
        self._n_gradients += last * len(clean)

    def _set_out(self, rows: slice) -> Tensor:
        """The images before the first step."""
        clean = self.given.clean[rows]
        if self.origins is None:
            return clean.clone()
        with torch.inference_mode():
            self.given.trace.note(self.given.model(clean), rows=rows, steps=0)
        return self.origins[rows].clone()

    def _keep_flipped(self, images: Tensor, rows: slice, *, step: int) -> None:
        """Until an image flips, what is kept of it follows it."""
        if self._first_flipped is None:
            return
        trace = self.given.trace
        still = ~trace.is_flipped(trace.labels[rows, :step], rows).any(1)
        kept = self._first_flipped[rows]
        kept.copy_(torch.where(still[:, None, None, None], images, kept))
