"""What every explanation has in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from stimuli.classifiers.batching import Batches
from stimuli.classifiers.pixel_model import (
    PixelModel,
    list_image_problems,
    list_mode_problems,
)
from stimuli.errors import StimuliError


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

    @classmethod
    def of(
        cls, made: Iterable[E], *, failed: Mapping[str, str], batches: Batches
    ) -> Self:
        """What was made, with what `batches` came to."""
        return cls(
            explanations=tuple(made),
            failed=failed,
            batch_size=batches.size,
            halved_to=tuple(batches.halved_to),
        )


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
    problems = list_image_problems(images)
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
    problems += list_mode_problems(model)
    if problems:
        raise ExplanationError("; ".join(problems))
