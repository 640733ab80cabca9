"""Solids as signed distance fields: functions of points, negative inside.

Points are float32 arrays of shape (3, n): x to the right, y up from the
ground, z towards the camera. Lengths are object units (an object is about two
units high).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Field = Callable[[Array], Array]
Vector = tuple[float, float, float]

_GRID: Final = 64


def ellipsoid(center: Vector, radii: Vector) -> Field:
    """An ellipsoid; a bound on the distance, exact on the surface."""
    middle, size = _column(center), _column(radii)

    def field(points: Array) -> Array:
        offset = (points - middle) / size
        near = _norm(offset)
        return near * (near - 1) / (_norm(offset / size) + 1e-6)

    return field


def sphere(center: Vector, radius: float) -> Field:
    """A sphere."""
    middle = _column(center)
    return lambda points: _norm(points - middle) - radius


def box(center: Vector, half: Vector, *, rounding: float = 0.0) -> Field:
    """A box with half-widths `half`, its edges rounded."""
    middle, size = _column(center), _column(half) - np.float32(rounding)

    def field(points: Array) -> Array:
        excess = np.abs(points - middle) - size
        outside = _norm(np.maximum(excess, 0))
        distance: Array = outside + np.minimum(excess.max(axis=0), 0) - rounding
        return distance

    return field


def tube(start: Vector, end: Vector, *, radii: tuple[float, float]) -> Field:
    """A straight rod with round ends, tapering from `radii[0]` to `radii[1]`."""
    first = _column(start)
    along = _column(end) - first
    squared = float((along * along).sum())

    def field(points: Array) -> Array:
        offset = points - first
        share = np.clip((offset * along).sum(axis=0) / squared, 0, 1)
        gap = _norm(offset - along * share)
        distance: Array = gap - (radii[0] + (radii[1] - radii[0]) * share)
        return distance

    return field


def ring(
    center: Vector, *, major: float, minor: float, axis: int = 2, stretch: float = 1.0
) -> Field:
    """A torus around coordinate `axis`, `stretch` times as high as wide."""
    middle = _column(center)
    first, second = (i for i in range(3) if i != axis)

    def field(points: Array) -> Array:
        offset = points - middle
        around = np.hypot(offset[first], offset[second] / stretch) - major
        distance: Array = np.hypot(around, offset[axis]) - minor
        return distance

    return field


def lathe(profile: Sequence[tuple[float, float]], *, rounding: float = 0.0) -> Field:
    """A solid of revolution around y; `profile` is a polygon of (radius, y)."""
    # Mirrored, so that the axis itself is no surface.
    outline = list(profile) + [(-r, y) for r, y in reversed(profile)]
    flat = _Outline(outline, left=0.0)

    def field(points: Array) -> Array:
        return flat(np.hypot(points[0], points[2]), points[1]) - rounding

    return field


def plate(
    outline: Sequence[tuple[float, float]], *, half: float, rounding: float = 0.0
) -> Field:
    """A polygon in x and y, `half` thick to either side of z = 0."""
    flat = _Outline(outline, left=-np.inf)

    def field(points: Array) -> Array:
        side = flat(points[0], points[1])
        depth = np.abs(points[2]) - half
        outside = np.hypot(np.maximum(side, 0), np.maximum(depth, 0))
        distance: Array = outside + np.minimum(np.maximum(side, depth), 0) - rounding
        return distance

    return field


def union(*fields: Field) -> Field:
    """All of the solids."""

    def field(points: Array) -> Array:
        nearest = fields[0](points)
        for other in fields[1:]:
            nearest = np.minimum(nearest, other(points))
        return nearest

    return field


def blend(first: Field, second: Field, *, width: float) -> Field:
    """Both solids, joined by a fillet about `width` wide."""

    def field(points: Array) -> Array:
        a, b = first(points), second(points)
        mix = np.clip(0.5 + 0.5 * (b - a) / width, 0, 1)
        return b + (a - b) * mix - width * mix * (1 - mix)

    return field


def carve(solid: Field, hole: Field) -> Field:
    """`solid` without `hole`."""
    return lambda points: np.maximum(solid(points), -hole(points))


def common(first: Field, second: Field) -> Field:
    """What lies in both solids."""
    return lambda points: np.maximum(first(points), second(points))


def moved(field: Field, offset: Vector, *, turn: Array | None = None) -> Field:
    """`field` turned by the rotation matrix `turn`, then moved by `offset`."""
    shift = _column(offset)
    if turn is None:
        return lambda points: field(points - shift)
    back = turn.T.astype(np.float32)
    return lambda points: field(rotated(back, points - shift))


def rotated(turn: Array, points: Array) -> Array:
    """Matrix `turn` (k, 3) times points (3, n).

    Written out: a BLAS may round differently for each number of threads.
    """
    product: Array = (
        turn[:, :1] * points[:1] + turn[:, 1:2] * points[1:2] + turn[:, 2:] * points[2:]
    )
    return product


def rotation(*, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Array:
    """A rotation matrix: about z (roll), then x (pitch), then y (yaw); radians."""
    cy, sy = np.cos(yaw), np.sin(yaw)
    cp, sp = np.cos(pitch), np.sin(pitch)
    cr, sr = np.cos(roll), np.sin(roll)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    turn: Array = (about_y @ about_x @ about_z).astype(np.float32)
    return turn


def curve(
    corners: Sequence[tuple[float, float]], *, closed: bool = False, per_edge: int = 5
) -> list[tuple[float, float]]:
    """A smooth line through all corners (Catmull-Rom), as a fine polygon."""
    points = np.asarray(corners, np.float64)
    if closed:
        around = np.concatenate([points[-1:], points, points[:2]])
    else:
        around = np.concatenate([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, per_edge, endpoint=False)[:, None]
    line = []
    for a, b, c, d in zip(around, around[1:], around[2:], around[3:], strict=False):
        cubic = -a + 3 * b - 3 * c + d
        line.append(b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * cubic)))
    if not closed:
        line.append(points[-1:])
    return [(float(x), float(y)) for x, y in np.concatenate(line)]


class _Outline:
    """Signed distance to a polygon, tabulated on a grid."""

    def __init__(self, outline: Sequence[tuple[float, float]], *, left: float) -> None:
        corners = np.asarray(outline, np.float32)
        low, high = corners.min(axis=0) - 0.2, corners.max(axis=0) + 0.2
        low[0] = max(float(low[0]), left)
        self._low = low
        self._step = ((high - low) / (_GRID - 1)).astype(np.float32)
        self._table = _distances(tuple(outline), tuple(low), tuple(self._step))

    def __call__(self, x: Array, y: Array) -> Array:
        across = (x - self._low[0]) / self._step[0]
        up = (y - self._low[1]) / self._step[1]
        column, row = (np.clip(v, 0, _GRID - 1.001) for v in (across, up))
        # Beyond the table the way back to it is added, a safe lower bound.
        beyond = np.abs(across - column) * self._step[0]
        beyond = np.maximum(beyond, np.abs(up - row) * self._step[1])
        left, low = column.astype(np.int32), row.astype(np.int32)
        dx, dy = column - left, row - low
        corner = low * _GRID + left
        table = self._table
        bottom, top = table[corner], table[corner + _GRID]
        bottom += (table[corner + 1] - bottom) * dx
        top += (table[corner + _GRID + 1] - top) * dx
        distance: Array = bottom + (top - bottom) * dy + beyond
        return distance


@lru_cache(maxsize=64)
def _distances(
    outline: tuple[tuple[float, float], ...],
    low: tuple[float, float],
    pitch: tuple[float, float],
) -> Array:
    """Signed distances to a closed polygon at the points of a grid, row by row."""
    ticks = np.arange(_GRID, dtype=np.float32)
    x = np.tile(low[0] + pitch[0] * ticks, _GRID)
    y = np.repeat(low[1] + pitch[1] * ticks, _GRID)
    nearest = np.full(x.shape, np.inf, np.float32)
    inside = np.zeros(x.shape, bool)
    for (x0, y0), (x1, y1) in zip(outline, (*outline[1:], outline[0]), strict=True):
        ex, ey = x1 - x0, y1 - y0
        wx, wy = x - x0, y - y0
        share = np.clip((wx * ex + wy * ey) / max(ex * ex + ey * ey, 1e-9), 0, 1)
        gx, gy = wx - ex * share, wy - ey * share
        np.minimum(nearest, gx * gx + gy * gy, out=nearest)
        if ey:
            inside ^= ((y0 > y) != (y1 > y)) & (wx < wy * (ex / ey))
    distance: Array = np.sqrt(nearest)
    return np.where(inside, -distance, distance)


def _column(vector: Sequence[float]) -> Array:
    return np.asarray(vector, np.float32).reshape(3, 1)


def _norm(vectors: Array) -> Array:
    x, y, z = vectors
    length: Array = np.sqrt(x * x + y * y + z * z)
    return length
