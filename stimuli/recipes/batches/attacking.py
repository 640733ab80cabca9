"""An attack on a batch of images, whatever happens to one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.attacks import Attack, AttackResult, GradientError
from stimuli.methods.segmentation import Pixels
from stimuli.methods.selection import take_last_known
from stimuli.recipes.batches.image_work import JudgedImage, WorkBench
from stimuli.records.classes import ClassList
from stimuli.records.seeds import rng_for


@dataclass(frozen=True, kw_only=True, eq=False)
class AttackedImage:
    """One image after the attack.

    Attributes:
        pixels: `(height, width, 3)` uint8, what would be stored; None where the
            attack could not be made.
        final: Class id on the floats after the attack.
        is_same: Whether the bytes equal the source's.
        steps_to_flip: First step at which the prediction left the true class, or
            its group (targeted: reached the target); M + 1 where it never did.
        linf_norm_8_bits: Of the change from the source's bytes, where white is 1.
        l2_norm_8_bits: Of the same change.
        facts: For the manifest.
        trouble: Why there is nothing; empty otherwise.
        halved_to: Batch sizes the device's memory forced.
    """

    pixels: Pixels | None = None
    final: str = ""
    is_same: bool = False
    steps_to_flip: int = 0
    linf_norm_8_bits: float = 0.0
    l2_norm_8_bits: float = 0.0
    facts: dict[str, Any]
    trouble: str = ""
    halved_to: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BatchAttack:
    """Attacks subjects that the classifier gets right.

    Attributes:
        attack: With its options.
        targets: Class number per subject to go to; None goes away from the truth.
    """

    attack: Attack
    targets: Sequence[int] | None = None

    def __call__(
        self, bench: WorkBench, subjects: Sequence[JudgedImage]
    ) -> list[AttackedImage]:
        """One result per subject, in order.

        A gradient that is no number costs its image alone.

        Raises:
            StimuliError: If attack, classifier and images do not go together, which
                no image is to blame for.
        """
        if not subjects:
            return []
        model = PixelModel.of(bench.classifier)
        everyone = list(range(len(subjects)))
        try:
            return list(self._attack(bench, subjects, rows=everyone, model=model))
        except GradientError as error:
            if len(subjects) == 1:
                return [AttackedImage(facts={}, trouble=str(error))]
        # One bad image must not cost its neighbours.
        return [
            self._attack_alone(bench, subjects, row=row, model=model)
            for row in everyone
        ]

    def _attack_alone(
        self,
        bench: WorkBench,
        subjects: Sequence[JudgedImage],
        *,
        row: int,
        model: PixelModel,
    ) -> AttackedImage:
        try:
            (found,) = self._attack(bench, subjects, rows=[row], model=model)
        except GradientError as error:
            return AttackedImage(facts={}, trouble=str(error))
        return found

    def _attack(
        self,
        bench: WorkBench,
        subjects: Sequence[JudgedImage],
        *,
        rows: Sequence[int],
        model: PixelModel,
    ) -> Iterator[AttackedImage]:
        chosen = [subjects[row] for row in rows]
        # Away from what the classifier says: where classes are grouped that may
        # be another member of the label's group.
        labels = torch.tensor([int(s.seen.predictions[0].classes[0]) for s in chosen])
        targets = None
        if self.targets is not None:
            targets = torch.tensor([self.targets[row] for row in rows])
        result = self.attack(
            model,
            to_tensor([s.pixels for s in chosen]),
            labels=labels,
            targets=targets,
            names=[_name(bench.classes, s) for s in chosen],
            generators=[_generator(bench.seed, s.seen.source) for s in chosen],
        )
        margins = take_last_known(result.margins.double().cpu().numpy())
        for place, subject in enumerate(chosen):
            yield _read(
                result,
                place,
                subject=subject,
                classes=bench.classes,
                margin=float(margins[place]),
                is_targeted=targets is not None,
            )


def _generator(seed: int, source: str) -> torch.Generator:
    """An image draws the same whatever batch it is in."""
    number = int(rng_for(seed, "attack", source).integers(2**63))
    return torch.Generator().manual_seed(number)


def to_tensor(pixels: Sequence[Pixels]) -> Tensor:
    """`(n, 3, height, width)` float32 in [0, 1] of `(height, width, 3)` bytes."""
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float().div_(255)


def _name(classes: ClassList, subject: JudgedImage) -> str:
    label = subject.seen.label
    return (
        subject.seen.source
        if label is None
        else f"{subject.seen.source} (class {classes[label].name})"
    )


def _read(
    result: AttackResult,
    place: int,
    *,
    subject: JudgedImage,
    classes: ClassList,
    margin: float,
    is_targeted: bool,
) -> AttackedImage:
    stored = result.eight_bit
    if stored is None:
        raise ValueError("the attack must check what 8 bits keep")
    trajectory = [int(label) for label in result.labels[place].tolist() if label >= 0]
    steps = int(result.steps_to_flip[place])
    if not is_targeted:
        steps = _first_wrong(trajectory, subject, classes, n_steps=result.max_steps)
    pixels = stored.pixels[place].permute(1, 2, 0).contiguous().cpu().numpy()
    return AttackedImage(
        pixels=pixels,
        final=str(int(result.final_labels[place])),
        is_same=bool(stored.is_same[place]),
        steps_to_flip=steps,
        linf_norm_8_bits=_short(float(stored.linf_norms[place])),
        l2_norm_8_bits=_short(float(stored.l2_norms[place])),
        facts={
            "steps_to_flip": steps,
            "n_steps": result.max_steps,
            "labels": [str(label) for label in trajectory],
            "margin": _short(margin),
            "final_loss": _short(float(result.final_losses[place])),
            "linf_norm": _short(float(result.linf_norms[place])),
            "l2_norm": _short(float(result.l2_norms[place])),
        },
        halved_to=result.halved_to,
    )


def _first_wrong(
    trajectory: Sequence[int], subject: JudgedImage, classes: ClassList, *, n_steps: int
) -> int:
    label = str(subject.seen.label)
    wrong = (
        step
        for step, said in enumerate(trajectory)
        if not classes.is_right(str(said), label)
    )
    return next(wrong, n_steps + 1)


def _short(number: float) -> float:
    return float(f"{number:.6g}")
