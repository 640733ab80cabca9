"""The explanation path: superpixels revealed one by one, most important first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stimuli.methods.segmentation import Pixels, Segments
from stimuli.rendering.attention import (
    BLACK,
    AttentionImage,
    Colour,
    draw_attention,
    show_superpixels,
)
from stimuli.rendering.side_by_side import WHITE, tile


@dataclass(frozen=True, kw_only=True, eq=False)
class PathFrames:
    """Frames of one image, from one superpixel to all that were wanted.

    Attributes:
        frames: Frame j shows the j + 1 most important superpixels.
        n_wanted: How many frames there should have been.
    """

    frames: tuple[AttentionImage, ...]
    n_wanted: int

    @property
    def facts(self) -> dict[str, Any]:
        """For the manifest: the order, and the area shown in each frame."""
        last = self.frames[-1].superpixels if self.frames else ()
        return {
            "superpixels": list(last),
            "n_shown": len(last),
            "n_wanted": self.n_wanted,
            "areas": [frame.area for frame in self.frames],
        }

    def strip(
        self, *, n_columns: int = 4, gap: int = 8, colour: Colour = WHITE
    ) -> Pixels:
        """All frames in one picture, row by row.

        Args:
            n_columns: Frames per row.
            gap: Pixels between them.
            colour: Of the gaps, 0 to 255.
        """
        pixels = [frame.pixels for frame in self.frames]
        rows = [pixels[at : at + n_columns] for at in range(0, len(pixels), n_columns)]
        return tile(rows, gap=gap, colour=colour)


def draw_path(
    pixels: Pixels,
    segments: Segments,
    *,
    weights: NDArray[np.floating],
    k: int = 8,
    colour: Colour = BLACK,
) -> PathFrames:
    """The superpixels of positive weight, revealed in order of importance.

    Args:
        pixels: `(height, width, 3)` uint8.
        segments: `(height, width)`, 0..d-1.
        weights: `(d,)` of one class.
        k: Frames at most; fewer where fewer weights are positive.
        colour: Of what is hidden, 0 to 255.

    Raises:
        RenderingError: If the sizes do not fit together.

    Source: Stock and Cisse (2018), figure 10b.
    """
    whole = draw_attention(pixels, segments, weights=weights, k=k, colour=colour)
    order = whole.superpixels
    frames = [
        show_superpixels(pixels, segments, shown=order[:n], n_wanted=n, colour=colour)
        for n in range(1, len(order) + 1)
    ]
    return PathFrames(frames=tuple(frames), n_wanted=k)
