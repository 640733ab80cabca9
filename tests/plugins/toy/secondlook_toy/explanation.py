"""An explanation that looks at nothing: the middle of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.explanations import Explained, Explanation


@dataclass(frozen=True, kw_only=True)
class Centre:
    """A hill in the middle, for whatever class."""

    name: ClassVar[str] = "centre"

    def parameters(self) -> dict[str, Any]:
        """Every option, for the record."""
        return {}

    def __call__(
        self,
        model: PixelModel,
        images: Tensor,
        *,
        labels: Sequence[Sequence[int]],
        image_ids: Sequence[str],
        seed: int,
    ) -> Explained[Explanation]:
        """Explain classes `labels[i]` of image i, `(n, 3, height, width)` in [0, 1]."""
        height, width = images.shape[-2:]
        rows = np.hanning(height + 2)[1:-1, None]
        hill = (rows * np.hanning(width + 2)[None, 1:-1]).astype(np.float32)
        found = tuple(
            Explanation(
                image_id=image_id,
                method=self.name,
                labels=tuple(wanted),
                maps=np.repeat(hill[None], len(wanted), axis=0),
            )
            for image_id, wanted in zip(image_ids, labels, strict=True)
        )
        return Explained(explanations=found, failed={}, batch_size=len(images))
