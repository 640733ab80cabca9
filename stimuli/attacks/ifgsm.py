"""The iterated fast gradient (sign) method, with the way of every image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from stimuli.attacks._all_steps import AllSteps
from stimuli.attacks._checking import check_choice, check_input, check_options
from stimuli.attacks._flipping import Flipping
from stimuli.attacks._result import AttackResult, Trace, move_to, store_and_predict
from stimuli.attacks._steps import Norm, Space, lengths, make_rule
from stimuli.batching import Batches
from stimuli.pixel_model import PixelModel

Stop = Literal["never", "flip", "flip-8bit"]
Reduction = Literal["sum", "mean"]


@dataclass(frozen=True, kw_only=True)
class Ifgsm:
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
        is_targeted: Go towards `targets` instead of away from the labels.
        reduction: How the loss joins a batch. It changes the rounding of tiny
            gradients and nothing else: "sum" equals foolbox, "mean" torchattacks.
        batch_size: Images per pass; None takes all that are given.
        keeps_first_flip: Keep each image as it was when it flipped.
        checks_eight_bit: Predict once more on what 8 bits keep.

    Raises:
        AttackError: If an option has no meaning.

    Source: Kurakin, Goodfellow and Bengio (2017); Stock and Cisse (2018).
    """

    norm: Norm = "linf"
    step: float = 0.001
    max_steps: int = 10
    epsilon: float | None = None
    space: Space = "normalised"
    stop: Stop = "never"
    is_targeted: bool = False
    reduction: Reduction = "sum"
    batch_size: int | None = None
    keeps_first_flip: bool = False
    checks_eight_bit: bool = True

    def __post_init__(self) -> None:
        names = ("step", "max_steps", "epsilon", "batch_size")
        check_options({name: getattr(self, name) for name in names})
        choices = {"norm": Norm, "space": Space, "stop": Stop, "reduction": Reduction}
        for name, kind in choices.items():
            check_choice(name, getattr(self, name), known=get_args(kind))

    @property
    def name(self) -> str:
        """What manifests call it."""
        return "ifgsm"

    def parameters(self) -> dict[str, Any]:
        """Every option, for the record."""
        return asdict(self)

    def __call__(
        self,
        model: PixelModel,
        images: Tensor,
        *,
        labels: Tensor,
        targets: Tensor | None = None,
        names: Sequence[str] | None = None,
    ) -> AttackResult:
        """Attack a batch.

        Args:
            model: In evaluation mode; left as it is.
            images: `(n, 3, height, width)` in [0, 1], float; left as they are.
            labels: `(n,)` true classes. An image that the network gets wrong
                from the start has `steps_to_flip` 0.
            targets: `(n,)` classes to reach, for a targeted attack.
            names: What messages call the images; their numbers by default.

        Raises:
            AttackError: If the input does not fit, or a gradient is not finite.
            MemoryShortageError: If one image alone does not fit the device.
        """
        check_input(
            model,
            images,
            labels=labels,
            targets=targets,
            is_targeted=self.is_targeted,
        )
        device = model.device
        trace = Trace(
            truth=labels.to(device),
            aim=(labels if targets is None else targets).to(device),
            is_targeted=self.is_targeted,
            names=names or [f"image {number}" for number in range(len(images))],
            max_steps=self.max_steps,
        )
        run = self._start(model, model.arrange(images).detach(), trace=trace)
        run.run()
        trace.check()
        return self._finish(run, device=images.device)

    def _start(
        self, model: PixelModel, clean: Tensor, *, trace: Trace
    ) -> AllSteps | Flipping:
        rule = make_rule(
            model,
            norm=self.norm,
            step=self.step,
            epsilon=self.epsilon,
            space=self.space,
            is_targeted=self.is_targeted,
            dtype=clean.dtype,
        )
        batches = Batches(self.batch_size or max(len(clean), 1))
        is_mean = self.reduction == "mean"
        if self.stop == "never":
            return AllSteps(
                model=model,
                images=torch.empty_like(clean),
                clean=clean,
                trace=trace,
                rule=rule,
                batches=batches,
                is_mean=is_mean,
                first_flipped=clean.clone() if self.keeps_first_flip else None,
            )
        return Flipping(
            model=model,
            images=clean.clone(),
            clean=clean,
            trace=trace,
            rule=rule,
            batches=batches,
            is_mean=is_mean,
            is_in_bytes=self.stop == "flip-8bit",
        )

    def _finish(
        self, run: AllSteps | Flipping, *, device: torch.device
    ) -> AttackResult:
        trace, change = run.trace, run.images - run.clean
        first = run.images if isinstance(run, Flipping) else run.first_flipped
        result = AttackResult(
            images=run.images,
            steps_to_flip=trace.steps_to_flip(),
            labels=trace.labels,
            losses=trace.losses,
            margins=trace.margins,
            linf_norms=change.abs().amax((1, 2, 3)),
            l2_norms=lengths(change).flatten(),
            n_gradients=run.n_gradients,
            first_flipped=first if self.keeps_first_flip else None,
            halved_to=tuple(run.batches.halved_to),
        )
        if self.checks_eight_bit:
            stored = store_and_predict(
                run.model,
                result,
                clean=run.clean,
                truth=trace.truth,
                batches=run.batches,
            )
            result = replace(result, eight_bit=stored)
        return move_to(result, device)
