"""What every attack keeps, whoever wrote it.

An attack says where images go; calling it does the rest: it checks what it is given,
holds the images to bounds and ball, measures the change, stores it in 8 bits and asks
the network what it makes of it all.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, final, get_args

import torch
from torch import Tensor

from stimuli.classifiers.batching import Batches
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.attacks._ball import (
    Ball,
    from_bytes,
    largest,
    lengths,
    squares,
    to_bytes,
)
from stimuli.methods.attacks._checking import NetworkState, check_input, check_moved
from stimuli.methods.attacks._result import (
    AttackError,
    AttackResult,
    EightBit,
    Trace,
    last_of,
    last_steps,
    margin,
    move_to,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class AttackInput:
    """What an attack works on; everything lies on the network's device.

    Attributes:
        model: In evaluation mode; to be left as it is.
        clean: `(n, 3, height, width)` in [0, 1]; the attack's own copy.
        trace: Takes what the network says at each step; its `loss` is the one
            to raise, or to lower towards a target.
        batches: Runs work on so many images at a time.
        generators: On the CPU, one per image, for attacks that draw; empty
            otherwise. Whatever else is in the batch, an image draws the same.
    """

    model: PixelModel
    clean: Tensor
    trace: Trace
    batches: Batches
    generators: Sequence[torch.Generator] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class MovedImages:
    """Where an attack put the images.

    Attributes:
        images: `(n, 3, height, width)`. The last step noted in the trace is about
            them; where nothing was noted, the network is asked once more.
        n_gradients: Gradients computed, summed over images.
        first_flipped: Each image as it was when it flipped, if asked for.
    """

    images: Tensor
    n_gradients: int = 0
    first_flipped: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class Attack(ABC):
    """Moves images so that a network errs; the fields of a subclass are its options.

    A subclass is a frozen dataclass with `name`, `max_steps`, `ball` and `run`.

    Attributes:
        is_targeted: Go towards `targets` instead of away from the labels.
        batch_size: Images per pass; None takes all that are given.
        checks_eight_bit: Store the images in 8 bits and predict once more on those.
    """

    name: ClassVar[str]

    is_targeted: bool = False
    batch_size: int | None = None
    checks_eight_bit: bool = True

    @property
    @abstractmethod
    def max_steps(self) -> int:
        """M, the last step that the trace has room for; at least 1."""

    @property
    @abstractmethod
    def ball(self) -> Ball:
        """What the change of an image may amount to."""

    @property
    def is_random(self) -> bool:
        """Whether it draws, and needs generators."""
        return False

    @abstractmethod
    def run(self, given: AttackInput) -> MovedImages:
        """Move the images."""

    def check_options(self, *positive: str, **choices: object) -> None:
        """Refuse options that have no meaning; for `__post_init__` of a subclass.

        Args:
            positive: Numbers that must be finite and above 0, or None; `batch_size`
                always is one.
            choices: What words may be, each a `Literal`.

        Raises:
            AttackError: Naming all such numbers, or the first such word.
        """
        given = {name: getattr(self, name) for name in (*positive, "batch_size")}
        problems = [
            f"{name} must be above 0, got {value!r}"
            for name, value in given.items()
            if value is not None and not (math.isfinite(value) and value > 0)
        ]
        if problems:
            raise AttackError("; ".join(problems))
        for name, kind in choices.items():
            known, value = get_args(kind), getattr(self, name)
            if value not in known:
                raise AttackError(
                    f"{name} must be one of {', '.join(known)}, got {value!r}"
                )

    def parameters(self) -> dict[str, Any]:
        """Every option, for the record."""
        return asdict(self)

    @final
    def __call__(
        self,
        model: PixelModel,
        images: Tensor,
        *,
        labels: Tensor,
        targets: Tensor | None = None,
        names: Sequence[str] | None = None,
        generators: Sequence[torch.Generator] | None = None,
    ) -> AttackResult:
        """Attack a batch.

        Args:
            model: In evaluation mode; left as it is.
            images: `(n, 3, height, width)` in [0, 1], float; left as they are.
            labels: `(n,)` true classes. An image that the network gets wrong
                from the start has `steps_to_flip` 0.
            targets: `(n,)` classes to reach, for a targeted attack.
            names: What messages call the images; their numbers by default.
            generators: One per image, on the CPU; attacks that draw need them.

        Raises:
            AttackError: If the input does not fit, or the attack returns what is no
                image or changes the network.
            GradientError: If a loss or a gradient is not finite.
            MemoryShortageError: If one image alone does not fit the device.
        """
        check_input(
            model, images, labels=labels, targets=targets, is_targeted=self.is_targeted
        )
        self._check_generators(generators, n_images=len(images))
        before = NetworkState.of(model)
        clean = model.arrange(images).detach()
        given = AttackInput(
            model=model,
            # An attack may write into what it gets; the change is measured all
            # the same.
            clean=clean.clone(),
            trace=Trace(
                truth=labels.to(clean.device),
                aim=(labels if targets is None else targets).to(clean.device),
                is_targeted=self.is_targeted,
                names=names or [f"image {number}" for number in range(len(images))],
                max_steps=self.max_steps,
            ),
            batches=Batches(self.batch_size or len(images)),
            generators=generators or (),
        )
        moved = self.run(given)
        before.check(model, attack=self.name)
        return move_to(self._settle(given, moved, clean), images.device)

    def _check_generators(
        self, generators: Sequence[torch.Generator] | None, *, n_images: int
    ) -> None:
        n_given = 0 if generators is None else len(generators)
        if n_given == n_images or not (self.is_random or n_given):
            return
        raise AttackError(
            f"{self.name} needs {n_images} generators, one per image, got {n_given}; "
            "give torch.Generator().manual_seed(...) for each"
        )

    def _settle(
        self, given: AttackInput, moved: MovedImages, clean: Tensor
    ) -> AttackResult:
        """Hold, measure, and ask what is not known yet."""
        trace = given.trace
        trace.check()
        check_moved(moved.images, clean, names=trace.names, attack=self.name)
        held = self.ball.hold(moved.images, clean)
        change = held.images - clean
        linf = largest(change)
        images, first = held.images, moved.first_flipped
        _note_last(given, images, clean, is_stale=held.was_outside, is_moved=linf > 0)
        return AttackResult(
            images=images,
            steps_to_flip=trace.steps_to_flip(),
            labels=trace.labels,
            losses=trace.losses,
            margins=trace.margins,
            linf_norms=linf,
            l2_norms=lengths(change).flatten(),
            n_gradients=moved.n_gradients,
            first_flipped=None
            if first is None
            else self.ball.hold(first, clean).images,
            eight_bit=self._store(given, images, clean)
            if self.checks_eight_bit
            else None,
            halved_to=tuple(given.batches.halved_to),
        )

    def _store(self, given: AttackInput, images: Tensor, clean: Tensor) -> EightBit:
        """Store the images in 8 bits and predict on what is read back."""
        pixels = self.ball.store(images, clean)
        labels = torch.empty_like(given.trace.truth)
        margins = torch.empty(len(pixels), device=pixels.device)

        def predict(start: int, stop: int) -> None:
            part = slice(start, stop)
            with torch.inference_mode():
                logits = given.model(from_bytes(pixels[part], dtype=clean.dtype))
                labels[part] = logits.argmax(1)
                margins[part] = margin(logits, given.trace.truth[part]).float()

        given.batches.run(len(pixels), predict)
        change = pixels.to(torch.int16) - to_bytes(clean).to(torch.int16)
        return EightBit(
            pixels=pixels,
            labels=labels,
            margins=margins,
            is_same=~change.flatten(1).any(1),
            is_surviving=labels == last_of(given.trace.labels),
            linf_norms=largest(change).double() / 255,
            l2_norms=squares(change).sqrt() / 255,
        )


def _note_last(
    given: AttackInput,
    images: Tensor,
    clean: Tensor,
    *,
    is_stale: Tensor,
    is_moved: Tensor,
) -> None:
    """Ask the network about images that the trace does not speak of.

    Args:
        given: With the trace.
        images: Where they are now.
        clean: The sources.
        is_stale: `(n,)` which are not where the attack left them.
        is_moved: `(n,)` which differ from their source.
    """
    trace, taken = given.trace, last_steps(given.trace.labels)
    is_unseen = taken < 0
    is_new = is_stale | is_unseen | ((taken == 0) & is_moved)
    last = torch.where((taken <= 0) & is_moved, trace.max_steps, taken.clamp(min=0))
    for is_wanted, pictures, steps in (
        (is_unseen, clean, torch.zeros_like(taken)),
        (is_new, images, last),
    ):
        _note(given, is_wanted.nonzero()[:, 0], pictures, steps=steps)


def _note(given: AttackInput, rows: Tensor, images: Tensor, *, steps: Tensor) -> None:
    def ask(start: int, stop: int) -> None:
        at = rows[start:stop]
        with torch.inference_mode():
            given.trace.note(given.model(images[at]), rows=at, steps=steps[at])

    given.batches.run(len(rows), ask)
