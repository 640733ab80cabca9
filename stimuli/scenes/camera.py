"""The camera of a scene: which row of the picture is how far away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from stimuli.scenes.geometry import Array

FOCAL: Final = 1.2  # focal length as a share of the picture's width


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A square picture of a ground plane that ends at a backdrop.

    Attributes:
        size: Pixels on a side.
        pitch: Camera looking down by this angle, radians.
        edge: Row at which the ground meets the backdrop, share of the size.
        scale: Pixels per object unit at the middle of the ground, as a share
            of the size.
    """

    size: int
    pitch: float
    edge: float
    scale: float

    @property
    def horizon(self) -> float:
        """Row of the horizon, share of the size; negative above the picture."""
        return 0.5 - FOCAL * float(np.tan(self.pitch))

    @property
    def edge_row(self) -> int:
        """First row of the ground."""
        return round(self.edge * self.size)

    def pixels_per_unit(self, row: float | Array) -> float | Array:
        """Scale at ground row `row` (share of the size)."""
        middle = (self.edge + 1) / 2 - self.horizon
        return self.scale * self.size * (row - self.horizon) / middle

    def ground(self) -> tuple[Array, Array]:
        """Object units to the right and away, each (rows of ground, size)."""
        rows = np.arange(self.edge_row, self.size, dtype=np.float32)[:, None]
        columns = np.arange(self.size, dtype=np.float32)[None] - self.size / 2
        scale = np.asarray(self.pixels_per_unit((rows + 0.5) / self.size))
        across = columns / scale
        # Foreshortening: a row further away spans more ground.
        away = FOCAL * self.size / scale / max(np.sin(self.pitch), 0.15) * 0.5
        return across.astype(np.float32), np.broadcast_to(
            away.astype(np.float32), across.shape
        )
