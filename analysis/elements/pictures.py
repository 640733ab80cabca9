"""Figures made of a study's own pictures, in rows that belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Final

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.elements.figures import QUIET, STYLE, WIDTH_IN
from stimuli.files.images import open_image

_PX: Final = 160
_LETTERS_PER_IN: Final = 13


@dataclass(frozen=True, kw_only=True)
class PictureCell:
    """A picture and what stands under it."""

    path: Path
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class PictureRow:
    """Pictures side by side under one line of text."""

    title: str
    cells: tuple[PictureCell, ...]


def picture_rows(
    rows: Sequence[PictureRow], *, heads: Sequence[str] = (), across: int = 1
) -> Figure:
    """Rows of pictures; with `across` above 1 several rows share a line.

    Args:
        rows: From top to bottom, at least one.
        heads: What the columns of a row are called.
        across: Rows of pictures set side by side.
    """
    n_cells = max(len(row.cells) for row in rows)
    n_lines = -(-len(rows) // across)
    n_columns = n_cells * across
    side = WIDTH_IN / n_columns
    height = n_lines * (side + 0.46) + 0.2
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, height))
        grid = figure.subplots(n_lines, n_columns, squeeze=False)
        for axes in grid.ravel():
            axes.set_axis_off()
        for place, row in enumerate(rows):
            line, start = divmod(place, across)
            mine = grid[line, start * n_cells : (start + 1) * n_cells]
            _draw_row(list(mine), row, heads=heads, side=side)
    return figure


def _draw_row(
    places: Sequence[Axes], row: PictureRow, *, heads: Sequence[str], side: float
) -> None:
    wide = int(_LETTERS_PER_IN * side * len(places))
    title = fill(row.title, max(wide, 12))
    for number, (axes, cell) in enumerate(zip(places, row.cells, strict=False)):
        axes.imshow(_pixels(cell.path))
        if number == 0:
            axes.set_title(title, loc="left", fontsize=7.5)
        under = [heads[number]] if number < len(heads) else []
        under += [cell.text] if cell.text else []
        axes.text(
            0.0,
            -0.04,
            "\n".join(under),
            transform=axes.transAxes,
            va="top",
            fontsize=7,
            color=QUIET,
        )


def _pixels(path: Path) -> npt.NDArray[np.uint8]:
    with open_image(path) as picture:
        small = picture.convert("RGB")
        small.thumbnail((_PX, _PX))
        return np.asarray(small)
