"""What every explanation has in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stimuli.errors import StimuliError
from stimuli.pixel_model import PixelModel


class ExplanationError(StimuliError):
    """An explanation that cannot be made."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """Why a network says what it says of one image, for some of its classes.

    Attributes:
        image_id: As given.
        method: The explanation's name.
        labels: The classes explained.
        maps: `(n_labels, height, width)` float32; positive speaks for the class.
        facts: What else is worth recording, ready for JSON.
    """

    image_id: str
    method: str
    labels: tuple[int, ...]
    maps: NDArray[np.float32]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def place_of(self, label: int) -> int:
        """Where a class stands among those explained.

        Raises:
            ExplanationError: If it was not explained.
        """
        if label not in self.labels:
            raise ExplanationError(
                f"{self.image_id}: class {label} was not explained, only "
                f"{', '.join(map(str, self.labels))}; ask for it in `labels`"
            )
        return self.labels.index(label)


E = TypeVar("E", bound=Explanation, covariant=True)


@dataclass(frozen=True, kw_only=True)
class Explained(Generic[E]):
    """Explanations of several images.

    Attributes:
        explanations: In the order of the images, without those that failed.
        failed: Image id to the reason, in words.
        batch_size: Images per pass at the end.
        halved_to: Batch sizes the device's memory forced, in order.
    """

    explanations: tuple[E, ...]
    failed: Mapping[str, str]
    batch_size: int
    halved_to: tuple[int, ...] = ()


class Explainer(Protocol):
    """Makes explanations; its fields are its options."""

    @property
    def name(self) -> str:
        """What recipes and manifests call it."""
        ...

    def parameters(self) -> dict[str, Any]:
        """Every option, for the record."""
        ...

    def __call__(
        self,
        model: PixelModel,
        images: Tensor,
        *,
        labels: Sequence[Sequence[int]],
        image_ids: Sequence[str],
        seed: int,
    ) -> Explained[Any]:
        """Explain classes `labels[i]` of image i, `(n, 3, height, width)` in [0, 1]."""
        ...


def check_request(
    model: PixelModel,
    images: Tensor,
    *,
    labels: Sequence[Sequence[int]],
    image_ids: Sequence[str],
) -> None:
    """Images, classes, ids and network must fit together.

    Raises:
        ExplanationError: With every problem.
    """
    problems = _image_problems(images)
    for name, given in (("labels", labels), ("image_ids", image_ids)):
        if len(given) != len(images):
            problems.append(f"{len(images)} images, but {len(given)} {name}")
    problems += [
        f"{image_id}: no class to explain"
        for image_id, wanted in zip(image_ids, labels, strict=False)
        if not len(wanted)
    ]
    if len(set(image_ids)) < len(image_ids):
        problems.append("image_ids must differ: random numbers are keyed by them")
    if any(part.training for part in model.modules()):
        problems.append("the network is in training mode; call eval() on it")
    if problems:
        raise ExplanationError("; ".join(problems))


def _image_problems(images: Tensor) -> list[str]:
    shape = tuple(images.shape)
    if images.ndim != 4 or shape[1] != 3:
        return [f"images must be (n, 3, height, width), got {shape}"]
    if not images.is_floating_point():
        return [f"images must be floats in [0, 1], got {images.dtype}; divide by 255"]
    if len(images):
        low, high = (float(value) for value in torch.aminmax(images))
        if not (low >= 0 and high <= 1):
            return [
                f"images must lie in [0, 1], got [{low:.3g}, {high:.3g}]; "
                "divide 8-bit images by 255, and leave normalisation to the model"
            ]
    return []
