"""What an attack found out about a batch of images, and what can go wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import torch
from torch import Tensor
from torch.nn import functional

from stimuli.errors import StimuliError

NOT_EVALUATED = -1


class AttackError(StimuliError):
    """An attack that cannot be made: its options, its input or the network."""


class GradientError(AttackError):
    """Losses or gradients of some images that are no numbers; others may do."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EightBit:
    """What is left of a batch once it is stored in 8 bits and read back.

    Attributes:
        pixels: `(n, 3, height, width)` uint8, the bytes to store.
        labels: `(n,)` predictions on those bytes.
        margins: `(n,)` logit of the true class minus the best other one.
        is_same: `(n,)` whether the bytes equal the source's; such an image is
            never an adversarial one, whatever the floats said.
        is_surviving: `(n,)` whether the prediction equals that on the floats.
        linf_norms: `(n,)` float64, largest change from the source's bytes, where
            white is 1. Like the floats, the bytes lie inside the attack's ball.
        l2_norms: `(n,)` float64, Euclidean length of the same change.
    """

    pixels: Tensor
    labels: Tensor
    margins: Tensor
    is_same: Tensor
    is_surviving: Tensor
    linf_norms: Tensor
    l2_norms: Tensor

    @property
    def is_storable(self) -> Tensor:
        """`(n,)` whether the image may be stored as adversarial."""
        return self.is_surviving & ~self.is_same


@dataclass(frozen=True, kw_only=True, eq=False)
class AttackResult:
    """A batch after the attack; tensors lie where the images given lay.

    Steps run from 0 (the clean image) to M. Where an attack stopped early, what
    was not evaluated is -1 in `labels` and NaN in `losses` and `margins`.

    Attributes:
        images: `(n, 3, height, width)` in [0, 1]: after M steps, or where the
            attack stopped.
        steps_to_flip: `(n,)` first step at which the prediction left the true
            class (targeted: reached the target); 0 where the clean image did
            already, M + 1 where it never did.
        labels: `(n, M + 1)` prediction at each step.
        losses: `(n, M + 1)` cross entropy with the class that the attack uses.
        margins: `(n, M + 1)` logit of the true class minus the best other one.
        linf_norms: `(n,)` largest change of a value, where white is 1.
        l2_norms: `(n,)` Euclidean length of the change.
        n_gradients: Gradients computed, summed over images.
        first_flipped: Each image as it was at `steps_to_flip`, if asked for;
            where it never flipped, as it ended.
        eight_bit: The same after storing, if asked for.
        halved_to: Batch sizes the device's memory forced, in order.
    """

    images: Tensor
    steps_to_flip: Tensor
    labels: Tensor
    losses: Tensor
    margins: Tensor
    linf_norms: Tensor
    l2_norms: Tensor
    n_gradients: int
    first_flipped: Tensor | None = None
    eight_bit: EightBit | None = None
    halved_to: tuple[int, ...] = ()

    @property
    def max_steps(self) -> int:
        """M."""
        return self.labels.shape[1] - 1

    @property
    def is_survivor(self) -> Tensor:
        """`(n,)` whether the prediction held for all M steps."""
        return self.steps_to_flip > self.max_steps

    @property
    def steps_taken(self) -> Tensor:
        """`(n,)` last step that was evaluated."""
        return last_steps(self.labels)

    @property
    def final_labels(self) -> Tensor:
        """`(n,)` prediction on `images`."""
        return last_of(self.labels)

    @property
    def final_losses(self) -> Tensor:
        """`(n,)` loss on `images`."""
        return self.losses.gather(1, self.steps_taken[:, None])[:, 0]

    @property
    def final_margins(self) -> Tensor:
        """`(n,)` margin on `images`."""
        return self.margins.gather(1, self.steps_taken[:, None])[:, 0]


@dataclass(kw_only=True, eq=False)
class Trace:
    """Fills in what is seen at each step.

    Attributes:
        truth: `(n,)` true classes.
        aim: `(n,)` classes of the loss: the truth, or the targets.
        is_targeted: Whether a flip is reaching `aim` rather than leaving it.
        names: What messages call the images.
        max_steps: M.
    """

    truth: Tensor
    aim: Tensor
    is_targeted: bool
    names: Sequence[str]
    max_steps: int
    labels: Tensor = field(init=False)
    losses: Tensor = field(init=False)
    margins: Tensor = field(init=False)
    bad_gradients: Tensor = field(init=False)

    def __post_init__(self) -> None:
        shape, device = (len(self.truth), self.max_steps + 1), self.truth.device
        self.labels = torch.full(shape, NOT_EVALUATED, dtype=torch.int64, device=device)
        self.losses = torch.full(shape, torch.nan, device=device)
        self.margins = torch.full(shape, torch.nan, device=device)
        self.bad_gradients = torch.full_like(self.truth, self.max_steps + 1)

    def loss(self, logits: Tensor, rows: Tensor | slice) -> Tensor:
        """`(rows,)` cross entropy with the class that the attack uses."""
        return functional.cross_entropy(logits, self.aim[rows], reduction="none")

    def note(
        self, logits: Tensor, *, rows: Tensor | slice, steps: Tensor | int
    ) -> None:
        """Record what the network said.

        Args:
            logits: `(rows, n_classes)`.
            rows: Which images.
            steps: At which step each is.
        """
        seen = logits.detach()
        self.labels[rows, steps] = seen.argmax(1)
        self.losses[rows, steps] = self.loss(seen, rows).float()
        self.margins[rows, steps] = margin(seen, self.truth[rows]).float()

    def is_flipped(self, labels: Tensor, rows: Tensor | slice) -> Tensor:
        """Whether predictions `(rows,)` or `(rows, steps)` count as flipped."""
        aim = self.aim[rows].view(-1, *[1] * (labels.ndim - 1))
        return labels == aim if self.is_targeted else labels != aim

    def steps_to_flip(self) -> Tensor:
        """`(n,)` first flipped step, M + 1 where there is none."""
        hits = self.is_flipped(self.labels, slice(None))
        hits &= self.labels != NOT_EVALUATED
        steps = torch.arange(self.max_steps + 1, device=hits.device)
        return torch.where(hits, steps, self.max_steps + 1).amin(1)

    def note_rises(
        self, rises: Tensor, *, rows: Tensor | slice, steps: Tensor | int
    ) -> None:
        """Remember which gradients are not numbers; `torch.sign` hides that."""
        is_bad = ~torch.isfinite(rises)
        first = torch.where(is_bad, steps, self.bad_gradients[rows])
        self.bad_gradients[rows] = torch.minimum(self.bad_gradients[rows], first)

    def check(self) -> None:
        """Stop if a gradient or a loss was not a number.

        Asked once at the end, so that a GPU is never waited for on the way.

        Raises:
            GradientError: Naming the images and the steps.
        """
        is_seen = self.labels != NOT_EVALUATED
        is_bad = (~torch.isfinite(self.losses) & is_seen).any(1)
        is_bad |= self.bad_gradients <= self.max_steps
        rows = is_bad.nonzero()[:, 0].tolist()
        if not rows:
            return
        said = [self._describe(row) for row in rows[:5]]
        more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
        raise GradientError(
            f"the loss or its gradient is not finite for {', '.join(said)}{more}. "
            "Look for a square root or a logarithm of zero in the network, run it in "
            "float32, or leave these images out"
        )

    def _describe(self, row: int) -> str:
        step = int(self.bad_gradients[row])
        if step <= self.max_steps:
            return f"{self.names[row]} (gradient at step {step})"
        step = int((~torch.isfinite(self.losses[row])).nonzero()[0, 0])
        return f"{self.names[row]} (loss at step {step})"


def last_steps(labels: Tensor) -> Tensor:
    """`(n,)` the last step noted of each image, -1 where there is none.

    Args:
        labels: `(n, M + 1)`, -1 where nothing was noted.
    """
    steps = torch.arange(labels.shape[1], device=labels.device)
    return torch.where(labels != NOT_EVALUATED, steps, -1).amax(1)


def last_of(labels: Tensor) -> Tensor:
    """`(n,)` the label at each image's last step."""
    return labels.gather(1, last_steps(labels)[:, None])[:, 0]


def margin(logits: Tensor, classes: Tensor) -> Tensor:
    """Logit of the class minus the largest other one, `(n,)`."""
    own = logits.gather(1, classes[:, None])
    others = logits.scatter(1, classes[:, None], -torch.inf)
    return own[:, 0] - others.amax(1)


def move_to(result: AttackResult, device: torch.device) -> AttackResult:
    """The same result with every tensor on `device`."""
    moved: dict[str, object] = {
        part.name: getattr(result, part.name).to(device)
        for part in fields(result)
        if isinstance(getattr(result, part.name), Tensor)
    }
    if result.eight_bit is not None:
        stored = result.eight_bit
        names = [part.name for part in fields(stored)]
        moved["eight_bit"] = EightBit(
            **{n: getattr(stored, n).to(device) for n in names}
        )
    return replace(result, **moved)  # type: ignore[arg-type]
