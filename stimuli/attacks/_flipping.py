"""Attack each image until it flips, with as few gradients as that takes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor

from stimuli.attacks._result import Trace, from_bytes, to_bytes
from stimuli.attacks._steps import StepRule
from stimuli.batching import Batches
from stimuli.pixel_model import PixelModel

# The loss is convex where images flip, so that the gradient promises too little.
_EAGERNESS: Final = 1.2


@dataclass(kw_only=True, eq=False)
class Flipping:
    """Images at different steps share batches; what has flipped leaves.

    A pass that yields a gradient costs two to three times one that does not, and
    the last pass of an image needs none. So images that the gradient says are
    about to flip wait for a pass without; if one did not flip, it joins the
    others again.

    Attributes:
        images: `(n, 3, height, width)`, moved in place.
        clean: The sources.
        is_in_bytes: Whether an image counts as flipped once its stored bytes do.
    """

    model: PixelModel
    images: Tensor
    clean: Tensor
    trace: Trace
    rule: StepRule
    batches: Batches
    is_mean: bool
    is_in_bytes: bool
    n_gradients: int = 0
    _steps: list[int] = field(init=False)
    _for_gradient: deque[int] = field(init=False)
    _for_check: deque[int] = field(init=False)

    def __post_init__(self) -> None:
        self._steps = [0] * len(self.images)
        self._for_gradient = deque(range(len(self.images)))
        self._for_check = deque()

    def run(self) -> None:
        """Until every image has flipped or taken all its steps."""
        while self._for_gradient or self._for_check:
            n_ready = len(self._for_gradient)
            if n_ready >= self.batches.size or not self._for_check:
                self._serve(self._for_gradient, self._advance)
            else:
                self._serve(self._for_check, self._check)

    def _serve(self, queue: deque[int], work: Callable[[list[int]], None]) -> None:
        rows = [queue.popleft() for _ in range(min(self.batches.size, len(queue)))]
        try:
            work(rows)
        except torch.OutOfMemoryError as error:
            # Nothing has moved yet: the pass through the network comes first.
            queue.extendleft(reversed(rows))
            self.batches.halve(len(rows), error)

    def _advance(self, rows: list[int]) -> None:
        at, steps = self._places(rows)
        images = self.images[at].requires_grad_()
        with torch.enable_grad():
            logits = self.model(images)
            losses = self.trace.loss(logits, at)
            loss = losses.mean() if self.is_mean else losses.sum()
        flipped = self._look(logits.detach(), at, steps=steps)
        if bool(flipped.all()):
            return
        (gradient,) = torch.autograd.grad(loss, images)
        self.n_gradients += len(rows)
        rises = self.rule.rise(gradient) * (len(rows) if self.is_mean else 1)
        self.trace.note_rises(rises, rows=at, steps=steps)
        moved = self.rule.move(images.detach(), gradient, clean=self.clean[at])
        self.images[at[~flipped]] = moved[~flipped] if flipped.any() else moved
        is_close = self._expect(logits.detach(), at, rises=rises)
        for row, is_out, is_soon in zip(
            rows, flipped.tolist(), is_close.tolist(), strict=True
        ):
            if not is_out:
                self._queue(row, is_soon=is_soon)

    def _queue(self, row: int, *, is_soon: bool) -> None:
        """Where an image goes that has just moved."""
        self._steps[row] += 1
        is_last = self._steps[row] == self.trace.max_steps
        is_checked = is_last or is_soon or self.is_in_bytes
        (self._for_check if is_checked else self._for_gradient).append(row)

    def _look(self, logits: Tensor, at: Tensor, *, steps: Tensor) -> Tensor:
        """Record, and say what has flipped; bytes are looked at in their own pass."""
        is_new = (steps == 0) if self.is_in_bytes else torch.ones_like(steps).bool()
        self.trace.note(logits[is_new], rows=at[is_new], steps=steps[is_new])
        return self.trace.is_flipped(logits.argmax(1), at) & is_new

    def _check(self, rows: list[int]) -> None:
        at, steps = self._places(rows)
        images = self.images[at]
        if self.is_in_bytes:
            images = from_bytes(to_bytes(images), dtype=images.dtype)
        with torch.inference_mode():
            logits = self.model(images)
            self.trace.note(logits, rows=at, steps=steps)
            flipped = self.trace.is_flipped(logits.argmax(1), at).tolist()
        for row, is_out in zip(rows, flipped, strict=True):
            if not is_out and self._steps[row] < self.trace.max_steps:
                self._for_gradient.append(row)

    def _places(self, rows: list[int]) -> tuple[Tensor, Tensor]:
        device = self.images.device
        steps = torch.tensor([self._steps[row] for row in rows], device=device)
        return torch.tensor(rows, device=device), steps

    def _expect(self, logits: Tensor, at: Tensor, *, rises: Tensor) -> Tensor:
        """Whether the class leads no more (or leads) once the loss has risen so."""
        aim = self.trace.aim[at][:, None]
        shares = logits.float().softmax(1)
        own = shares.gather(1, aim)[:, 0]
        best = shares.scatter(1, aim, 0).amax(1)
        later = own * torch.exp(-_EAGERNESS * rises)
        others = best * (1 - later) / (1 - own).clamp_(min=1e-6)
        return later > others if self.trace.is_targeted else later < others
