"""Take all steps with every image, whatever the network says on the way."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stimuli.attacks._result import Trace
from stimuli.attacks._steps import StepRule
from stimuli.batching import Batches
from stimuli.pixel_model import PixelModel


@dataclass(kw_only=True, eq=False)
class AllSteps:
    """M gradients per image, and one pass without for the last image.

    Attributes:
        images: `(n, 3, height, width)`, overwritten by what comes out.
        clean: The sources.
        first_flipped: Overwritten by each image as it was when it flipped; None
            where that is not asked for.
    """

    model: PixelModel
    images: Tensor
    clean: Tensor
    trace: Trace
    rule: StepRule
    batches: Batches
    is_mean: bool
    first_flipped: Tensor | None = None
    n_gradients: int = 0

    def run(self) -> None:
        """All batches."""
        self.batches.run(len(self.images), self._run_batch)

    def _run_batch(self, start: int, stop: int) -> None:
        rows = slice(start, stop)
        clean = self.clean[rows]
        images = clean.clone()
        for step in range(self.trace.max_steps):
            images.requires_grad_()
            with torch.enable_grad():
                logits = self.model(images)
                losses = self.trace.loss(logits, rows)
                loss = losses.mean() if self.is_mean else losses.sum()
                (gradient,) = torch.autograd.grad(loss, images)
            self.trace.note(logits, rows=rows, steps=step)
            self.trace.note_rises(self.rule.rise(gradient), rows=rows, steps=step)
            images = images.detach()
            self._keep_flipped(images, rows, step=step)
            images = self.rule.move(images, gradient, clean=clean)
        last = self.trace.max_steps
        with torch.inference_mode():
            self.trace.note(self.model(images), rows=rows, steps=last)
        self._keep_flipped(images, rows, step=last)
        self.images[rows] = images
        self.n_gradients += last * len(clean)

    def _keep_flipped(self, images: Tensor, rows: slice, *, step: int) -> None:
        """Until an image flips, what is kept of it follows it."""
        if self.first_flipped is None:
            return
        before = self.trace.labels[rows, :step]
        still = ~self.trace.is_flipped(before, rows).any(1)
        kept = self.first_flipped[rows]
        kept.copy_(torch.where(still[:, None, None, None], images, kept))
