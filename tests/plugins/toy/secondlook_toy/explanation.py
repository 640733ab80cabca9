"""An explanation that looks at the middle of the picture first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.explanations import Explained, Explanation, InputGradient


@dataclass(frozen=True, kw_only=True)
class Centre:
    """The gradient of the loss, weighed by a hill in the middle.

    Attributes:
        batch_size: Images per pass.
    """

    name: ClassVar[str] = "centre"

    batch_size: int = 8

    def parameters(self) -> dict[str, Any]:
        """Every option, for the record."""
        return {"batch_size": self.batch_size}

    def __call__(
        self,
        model: PixelModel,
        images: Tensor,
        *,
        labels: Sequence[Sequence[int]],
        image_ids: Sequence[str],
        seed: int,
    ) -> Explained[Explanation]:
        """Explain classes `labels[i]` of image i, `(n, 3, height, width)` in [0, 1].

        Raises:
            ExplanationError: If the input does not fit.
        """
        # What it builds on refuses, halves batches and leaves out what is not finite.
        found = InputGradient(batch_size=self.batch_size)(
            model, images, labels=labels, image_ids=image_ids, seed=seed
        )
        height, width = images.shape[-2:]
        rows = np.hanning(height + 2)[1:-1, None]
        hill = (rows * np.hanning(width + 2)[None, 1:-1]).astype(np.float32)
        explanations = tuple(
            Explanation(
                image_id=each.image_id,
                method=self.name,
                labels=each.labels,
                maps=each.maps * hill,
            )
            for each in found.explanations
        )
        return Explained(
            explanations=explanations,
            failed=found.failed,
            batch_size=found.batch_size,
            halved_to=found.halved_to,
        )
