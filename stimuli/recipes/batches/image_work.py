"""What a recipe does with images beside predicting on them, batch by batch.

Work happens where an image is judged: inside a shard, on the batch that the plan
fixed, so that it is resumed and shared out like everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stimuli.classifiers.loading import Classifier
from stimuli.methods.segmentation import Pixels
from stimuli.records.classes import ClassList
from stimuli.records.classified_images import ClassifiedImage


@dataclass(frozen=True, kw_only=True)
class ImagesWorkedOn:
    """Which images are worked on; the others only get predictions.

    Attributes:
        main: Sources whose pictures may become main trials.
        aside: Sources kept for controls; none of them is in `main`.
    """

    main: frozenset[str] = field(default_factory=frozenset)
    aside: frozenset[str] = field(default_factory=frozenset)

    def __contains__(self, source: str) -> bool:
        return source in self.main or source in self.aside


@dataclass(frozen=True, kw_only=True, eq=False)
class JudgedImage:
    """An image to work on.

    Attributes:
        seen: What is known of it.
        pixels: `(height, width, 3)` uint8, its crop.
        probabilities: `(n_classes,)` that the first classifier gives.
        mask: `(height, width)` in [0, 1], how much of each pixel its object fills;
            None where the recipe has no masks.
    """

    seen: ClassifiedImage
    pixels: Pixels
    probabilities: NDArray[np.float64]
    mask: NDArray[np.float64] | None = None


@dataclass(frozen=True, kw_only=True)
class WorkBench:
    """Where the work is done.

    Attributes:
        classifiers: In the recipe's order; the first is worked with.
        classes: What they can name.
        seed: The recipe's seed.
        aside: Sources kept for controls.
        store: Stores pixels, returns the stimulus id.
    """

    classifiers: Sequence[Classifier]
    classes: ClassList
    seed: int
    aside: frozenset[str]
    store: Callable[[Pixels], str]

    @property
    def classifier(self) -> Classifier:
        """The one that is attacked and explained."""
        return self.classifiers[0]


class ImageWork(Protocol):
    """A recipe's own work; picklable, and a function of its input."""

    def __call__(
        self, bench: WorkBench, subjects: Sequence[JudgedImage]
    ) -> list[ClassifiedImage]:
        """What is known of each subject afterwards, in their order."""
        ...
