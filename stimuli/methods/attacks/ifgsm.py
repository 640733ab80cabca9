"""The iterated fast gradient (sign) method, with the way of every image."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

import torch
from torch import Tensor

from stimuli.methods.attacks._attack import Attack, AttackInput, MovedImages
from stimuli.methods.attacks._ball import Ball, Norm, from_bytes
from stimuli.methods.attacks._stepping import AllSteps, Space, StepRule, make_rule

Stop = Literal["never", "flip", "flip-8bit"]
Reduction = Literal["sum", "mean"]

# The loss is convex where images flip, so that the gradient promises too little.
_EAGERNESS: Final = 1.2


@dataclass(frozen=True, kw_only=True)
class Ifgsm(Attack):
    """Small steps up the loss; one forward pass gives prediction and gradient.

    Attributes:
        norm: "linf" steps along the sign of the gradient, "l2" along the
            gradient over its length.
        step: Length of a step, in units of `space`.
        max_steps: M.
        epsilon: Radius of the ball around the image, in pixels where white is
            1; None bounds it by the steps alone, as the paper does.
        space: Where steps are measured. The paper does not say; in normalised
            space a share of the images survives, as it does in the paper, and
            in pixel space next to none.
        stop: "never" takes all M steps, the paper's M taken literally; "flip"
            stops at the first other prediction and serves selection only, since
            8 bits mostly give back the clean image; "flip-8bit" stops when the
            stored bytes flip.
        reduction: How the loss joins a batch. It changes the rounding of tiny
            gradients and nothing else: "sum" equals foolbox, "mean" torchattacks.
            With "mean" an image's gradient is divided by the size of its batch, so
            that more of a larger batch rounds to zero, as it does there.
        keeps_first_flip: Keep each image as it was when it flipped.

    Raises:
        AttackError: If an option has no meaning.

    Source: Kurakin, Goodfellow and Bengio (2017); Stock and Cisse (2018).
    """

    name: ClassVar[str] = "ifgsm"

    norm: Norm = "linf"
    step: float = 0.001
    max_steps: int = 10
    epsilon: float | None = None
    space: Space = "normalised"
    stop: Stop = "never"
    reduction: Reduction = "sum"
    keeps_first_flip: bool = False

    def __post_init__(self) -> None:
        self.check_options(
            "step",
            "max_steps",
            "epsilon",
            norm=Norm,
            space=Space,
            stop=Stop,
            reduction=Reduction,
        )

    @property
    def ball(self) -> Ball:
        """`epsilon` around the source; steps alone where that is None."""
        return Ball(norm=self.norm, epsilon=self.epsilon)

    def run(self, given: AttackInput) -> MovedImages:
        """All steps, or as many as `stop` says."""
        rule = make_rule(given, ball=self.ball, step=self.step, space=self.space)
        is_mean = self.reduction == "mean"
        if self.stop == "never":
            return AllSteps(
                given=given,
                rule=rule,
                is_mean=is_mean,
                keeps_first_flip=self.keeps_first_flip,
            ).run()
        return Flipping(
            given=given,
            rule=rule,
            is_mean=is_mean,
            is_in_bytes=self.stop == "flip-8bit",
            keeps_first_flip=self.keeps_first_flip,
        ).run()


@dataclass(kw_only=True, eq=False)
class Flipping:
    """Each image until it flips, with as few gradients as that takes.

    Images at different steps share batches; what has flipped leaves. A pass
    that yields a gradient costs two to three times one that does not, and the last
    pass of an image needs none. So images that the gradient says are about to flip
    wait for a pass without; if one did not flip, it joins the others again.

    Attributes:
        is_in_bytes: Whether an image counts as flipped once its stored bytes do.
        keeps_first_flip: Give back each image as it was when it flipped.
    """

    given: AttackInput
    rule: StepRule
    is_mean: bool
    is_in_bytes: bool
    keeps_first_flip: bool
    _images: Tensor = field(init=False)
    _n_gradients: int = field(default=0, init=False)
    _steps: list[int] = field(init=False)
    _for_gradient: deque[int] = field(init=False)
    _for_check: deque[int] = field(init=False)

    def __post_init__(self) -> None:
        self._images = self.given.clean.clone()
        self._steps = [0] * len(self._images)
        self._for_gradient = deque(range(len(self._images)))
        self._for_check = deque()

    def run(self) -> MovedImages:
        """Until every image has flipped or taken all its steps."""
        batches = self.given.batches
        while self._for_gradient or self._for_check:
            n_ready = len(self._for_gradient)
            if n_ready >= batches.size or not self._for_check:
                self._serve(self._for_gradient, self._advance)
            else:
                self._serve(self._for_check, self._check)
        return MovedImages(
            images=self._images,
            n_gradients=self._n_gradients,
            first_flipped=self._images if self.keeps_first_flip else None,
        )

    def _serve(self, queue: deque[int], work: Callable[[list[int]], None]) -> None:
        batches = self.given.batches
        rows = [queue.popleft() for _ in range(min(batches.size, len(queue)))]
        try:
            work(rows)
        except torch.OutOfMemoryError as error:
            # Nothing has moved yet: the pass through the network comes first.
            queue.extendleft(reversed(rows))
            batches.halve(len(rows), error)

    def _advance(self, rows: list[int]) -> None:
        at, steps = self._places(rows)
        images = self._images[at].requires_grad_()
        with torch.enable_grad():
            logits = self.given.model(images)
            losses = self.given.trace.loss(logits, at)
            loss = losses.mean() if self.is_mean else losses.sum()
        flipped = self._look(logits.detach(), at, steps=steps)
        if bool(flipped.all()):
            return
        gradient = self.given.model.gradient(loss, images)
        self._n_gradients += len(rows)
        rises = self.rule.rise(gradient) * (len(rows) if self.is_mean else 1)
        self.given.trace.note_rises(rises, rows=at, steps=steps)
        moved = self.rule.move(images.detach(), gradient, clean=self.given.clean[at])
        self._images[at[~flipped]] = moved[~flipped] if flipped.any() else moved
        is_close = self._expect(logits.detach(), at, rises=rises)
        for row, is_out, is_soon in zip(
            rows, flipped.tolist(), is_close.tolist(), strict=True
        ):
            if not is_out:
                self._queue(row, is_soon=is_soon)

    def _queue(self, row: int, *, is_soon: bool) -> None:
        """Where an image goes that has just moved."""
        self._steps[row] += 1
        is_last = self._steps[row] == self.given.trace.max_steps
        is_checked = is_last or is_soon or self.is_in_bytes
        (self._for_check if is_checked else self._for_gradient).append(row)

    def _look(self, logits: Tensor, at: Tensor, *, steps: Tensor) -> Tensor:
        """Record, and say what has flipped; bytes are looked at in their own pass."""
        is_new = (steps == 0) if self.is_in_bytes else torch.ones_like(steps).bool()
        self.given.trace.note(logits[is_new], rows=at[is_new], steps=steps[is_new])
        return self.given.trace.is_flipped(logits.argmax(1), at) & is_new

    def _check(self, rows: list[int]) -> None:
        at, steps = self._places(rows)
        images = self._images[at]
        if self.is_in_bytes:
            stored = self.rule.ball.store(images, self.given.clean[at])
            images = from_bytes(stored, dtype=images.dtype)
        with torch.inference_mode():
            logits = self.given.model(images)
            self.given.trace.note(logits, rows=at, steps=steps)
            flipped = self.given.trace.is_flipped(logits.argmax(1), at).tolist()
        for row, is_out in zip(rows, flipped, strict=True):
            if not is_out and self._steps[row] < self.given.trace.max_steps:
                self._for_gradient.append(row)

    def _places(self, rows: list[int]) -> tuple[Tensor, Tensor]:
        device = self._images.device
        steps = torch.tensor([self._steps[row] for row in rows], device=device)
        return torch.tensor(rows, device=device), steps

    def _expect(self, logits: Tensor, at: Tensor, *, rises: Tensor) -> Tensor:
        """Whether the class leads no more (or leads) once the loss has risen so."""
        aim = self.given.trace.aim[at][:, None]
        shares = logits.float().softmax(1)
        own = shares.gather(1, aim)[:, 0]
        best = shares.scatter(1, aim, 0).amax(1)
        later = own * torch.exp(-_EAGERNESS * rises)
        others = best * (1 - later) / (1 - own).clamp_(min=1e-6)
        return later > others if self.given.trace.is_targeted else later < others
