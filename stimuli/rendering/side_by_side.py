"""Pictures beside and below each other, for comparing at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from stimuli.methods.segmentation import Pixels
from stimuli.rendering.attention import Colour, RenderingError

WHITE: Final[Colour] = (255, 255, 255)


def tile(
    rows: Sequence[Sequence[Pixels]], *, gap: int = 8, colour: Colour = WHITE
) -> Pixels:
    """Pictures of one size as a table.

    Args:
        rows: From top to bottom; short rows end in the gaps' colour.
        gap: Pixels between pictures.
        colour: Of the gaps, 0 to 255.

    Raises:
        RenderingError: If there is nothing to show, or sizes differ.
    """
    shapes = {picture.shape for row in rows for picture in row}
    if len(shapes) != 1:
        raise RenderingError(
            f"expected pictures of one size, got {sorted(shapes) or 'no picture'}"
        )
    height, width, channels = shapes.pop()
    n_columns = max(len(row) for row in rows)
    size = (
        len(rows) * (height + gap) - gap,
        n_columns * (width + gap) - gap,
        channels,
    )
    sheet: Pixels = np.empty(size, dtype=np.uint8)
    sheet[:] = colour
    for down, row in enumerate(rows):
        for right, picture in enumerate(row):
            top, left = down * (height + gap), right * (width + gap)
            sheet[top : top + height, left : left + width] = picture
    return sheet


def draw_pair(
    clean: Pixels,
    adversarial: Pixels,
    *,
    clean_attention: Pixels,
    adversarial_attention: Pixels,
    gap: int = 8,
    colour: Colour = WHITE,
) -> Pixels:
    """Clean on the left, adversarial on the right; images above explanations.

    Args:
        clean: `(height, width, 3)` uint8.
        adversarial: The same size, the bytes that were stored.
        clean_attention: For the true class on the clean image.
        adversarial_attention: For the adversarial class on the other one.
        gap: Pixels between the four.
        colour: Of the gaps, 0 to 255.

    Raises:
        RenderingError: If sizes differ.

    Source: Stock and Cisse (2018), figure 5.
    """
    rows = [
        [clean, adversarial],
        [clean_attention, adversarial_attention],
    ]
    return tile(rows, gap=gap, colour=colour)
