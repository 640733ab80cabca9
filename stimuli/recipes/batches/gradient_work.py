"""The input gradient of every classifier, as a picture, and a step along its sign."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stimuli.classifiers.batching import Batches
from stimuli.classifiers.loading import Classifier
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.explanations.input_gradient import (
    RawGradients,
    draw_gradient,
    share_inside,
    take_gradients,
)
from stimuli.recipes.batches.attacking import to_tensor
from stimuli.recipes.batches.image_work import JudgedImage, WorkBench
from stimuli.recipes.batches.judging import BatchScores, predict
from stimuli.records.classes import ClassList
from stimuli.records.classified_images import ClassifiedImage, MadePicture

FORM: Final = "input_gradient"


@dataclass(frozen=True, kw_only=True)
class GradientWork:
    """Draws the gradients of labelled images; picklable.

    Attributes:
        of: What the gradient is of, the loss of the label or its score.
        clip_sd: Standard deviations of a gradient that become black and white.
        fgsm_step: Length of the step along the loss's sign, where white is 1.
    """

    of: Literal["loss", "score"]
    clip_sd: float
    fgsm_step: float

    def __call__(
        self, bench: WorkBench, subjects: Sequence[JudgedImage]
    ) -> list[ClassifiedImage]:
        """Each subject with a picture per classifier, or the reason why not."""
        images = to_tensor([subject.pixels for subject in subjects])
        labels = [int(str(subject.seen.label)) for subject in subjects]
        found = [
            self._look(bench.classes, classifier, images, labels)
            for classifier in bench.classifiers
        ]
        drawn = [
            self._draw(bench, each.shown.gradients, classifier.name)
            for each, classifier in zip(found, bench.classifiers, strict=True)
        ]
        halved_to = tuple(n for each in found for n in each.shown.halved_to)
        return [
            replace(
                self._finish(bench, subject, row, found=found, drawn=drawn),
                halved_to=(*subject.seen.halved_to, *halved_to),
            )
            for row, subject in enumerate(subjects)
        ]

    def _look(
        self,
        classes: ClassList,
        classifier: Classifier,
        images: Tensor,
        labels: Sequence[int],
    ) -> _Found:
        model = PixelModel.of(classifier)
        shown = take_gradients(model, images, labels=labels, of=self.of)
        of_loss = (
            shown if self.of == "loss" else take_gradients(model, images, labels=labels)
        )
        # What is not finite, or zero, takes no step.
        sign = torch.from_numpy(np.nan_to_num(np.sign(of_loss.gradients), nan=0.0))
        moved = (images + self.fgsm_step * sign).clamp_(0, 1)
        named = _name(model, moved)
        return _Found(
            shown=shown,
            is_right_after=tuple(
                classes.is_right(str(name), str(label))
                for name, label in zip(named, labels, strict=True)
            ),
        )

    def _draw(
        self, bench: WorkBench, gradients: NDArray[np.float32], name: str
    ) -> list[_Drawn]:
        pictures = np.stack(
            [
                draw_gradient(
                    gradient if np.isfinite(gradient).all() else gradient * 0,
                    clip_sd=self.clip_sd,
                )
                for gradient in np.nan_to_num(gradients)
            ]
        )
        scores = [predict(classifier, pictures) for classifier in bench.classifiers]
        return [
            _Drawn(name=name, pixels=pixels, row=row, scores=scores)
            for row, pixels in enumerate(pictures)
        ]

    def _finish(
        self,
        bench: WorkBench,
        subject: JudgedImage,
        row: int,
        *,
        found: Sequence[_Found],
        drawn: Sequence[Sequence[_Drawn]],
    ) -> ClassifiedImage:
        names = [classifier.name for classifier in bench.classifiers]
        after = {
            name: each.is_right_after[row]
            for name, each in zip(names, found, strict=True)
        }
        seen = replace(subject.seen, facts={"is_right_after_step": after})
        gradients = [each.shown.gradients[row] for each in found]
        if troubles := list(_troubles(subject.seen.source, names, gradients)):
            return replace(seen, troubles=tuple(troubles))
        made = tuple(
            self._made(bench, subject, row, found=one, drawn=pictures[row])
            for one, pictures in zip(found, drawn, strict=True)
        )
        return replace(seen, made=made)

    def _made(
        self,
        bench: WorkBench,
        subject: JudgedImage,
        row: int,
        *,
        found: _Found,
        drawn: _Drawn,
    ) -> MadePicture:
        return MadePicture(
            form=FORM,
            stimulus=bench.store(drawn.pixels),
            class_id=str(subject.seen.label),
            predictions=tuple(each.predictions[row] for each in drawn.scores),
            method=FORM,
            parameters={"of": self.of, "clip_sd": self.clip_sd},
            facts={
                "classifier": drawn.name,
                "explained_class": str(subject.seen.label),
                "loss": _short(float(found.shown.losses[row])),
                **_on_object(found.shown.gradients[row], subject.mask),
            },
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Found:
    """What one classifier's gradients are, and what it says after the step."""

    shown: RawGradients
    is_right_after: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Drawn:
    """One classifier's picture, and what all of them say of the whole batch."""

    name: str
    pixels: NDArray[np.uint8]
    row: int
    scores: Sequence[BatchScores]


def _name(model: PixelModel, images: Tensor) -> list[int]:
    """The most probable class of each."""
    named: list[int] = []

    def ask(start: int, stop: int) -> None:
        with torch.inference_mode():
            logits = model(model.arrange(images[start:stop]))
        named.extend(logits.argmax(1).tolist())

    Batches(len(images)).run(len(images), ask)
    return named


def _troubles(
    source: str, names: Sequence[str], gradients: Sequence[NDArray[np.float32]]
) -> Iterator[str]:
    for name, gradient in zip(names, gradients, strict=True):
        if not np.isfinite(gradient).all():
            yield f"{source}: the gradient of {name} is not finite"
        elif not gradient.any():
            yield f"{source}: the gradient of {name} is zero everywhere"


def _on_object(
    gradient: NDArray[np.float32], mask: NDArray[np.float64] | None
) -> Mapping[str, Any]:
    """How much of the gradient lies on the object, beyond the object's area."""
    if mask is None:
        return {}
    share, area = share_inside(gradient, mask), float(mask.mean())
    return {
        "object_share": _short(share),
        "object_area": _short(area),
        "on_object": _short(share - area),
    }


def _short(number: float) -> float:
    return float(f"{number:.6g}")
