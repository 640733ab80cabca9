"""Pictures of solids: sphere tracing, lighting, and shadow on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from stimuli.scenes.geometry import Array, rotated, rotation
from stimuli.scenes.sprites import Light, Sprite, View
from stimuli.scenes.surfaces import SceneObject

_STEPS: Final = 34
_SHADOW_STEPS: Final = 12
_SHADOW_GRID: Final = 3  # pixels between shadow samples; shadows are soft
_TETRAHEDRON: Final = ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1))


def render(shown: SceneObject, view: View, *, light: Light) -> Sprite:
    """The picture of `shown` under `light`."""
    caster = _Caster(shown, view, light=light)
    return caster.sprite()


@dataclass(frozen=True, kw_only=True)
class _Trace:
    """Where rays came closest to the object.

    Attributes:
        points: World coordinates, (3, n).
        is_hit: Whether that is within a pixel, (n,).
        coverage: Share of the pixel that the object covers, (n,).
    """

    points: Array
    is_hit: npt.NDArray[np.bool_]
    coverage: Array


@dataclass(frozen=True, kw_only=True)
class _Look:
    """Material at surface points: albedo (n, 3), the others (n,)."""

    albedo: Array
    gloss: Array
    sharpness: Array
    glow: Array


class _Caster:
    """One object in world coordinates, with the rays that meet it."""

    def __init__(self, shown: SceneObject, view: View, *, light: Light) -> None:
        self._shown, self._view, self._light = shown, view, light
        self._turn = rotation(yaw=view.yaw)
        if view.lean:
            self._turn = rotation(roll=view.lean) @ self._turn
        self._pixel = 1 / view.pixels_per_unit
        self._half = int(np.ceil(shown.radius * view.pixels_per_unit)) + 2
        sine, cosine = np.sin(view.pitch), np.cos(view.pitch)
        self._forward = np.array([[0], [-sine], [-cosine]], np.float32)
        self._up = np.array([[0], [cosine], [-sine]], np.float32)
        self._center = np.array([[0], [shown.middle], [0]], np.float32)
        self._light_to = light.direction.reshape(3, 1).astype(np.float32)

    def sprite(self) -> Sprite:
        """Colour, coverage and shadow; the shadow reaches past the object."""
        size = 2 * self._half + 1
        right, up = self._pixel_grid(self._half, 1)
        origins = self._center + self._up * up - self._forward * self._shown.radius
        origins[0] += right
        trace = self._march(origins)
        colour = np.zeros((size * size, 3), np.float32)
        colour[trace.is_hit] = self._shade(trace.points[:, trace.is_hit])
        margin = 0 if self._shown.floats else self._half
        pad = ((margin, margin), (margin, margin))
        base_up = float(-self._shown.middle * self._up[1, 0])
        return Sprite(
            colour=np.pad(colour.reshape(size, size, 3), (*pad, (0, 0))),
            alpha=np.pad(trace.coverage.reshape(size, size), pad),
            shade=self._ground_shade(margin),
            base=(
                self._half + margin - base_up / self._pixel,
                float(self._half + margin),
            ),
        )

    def _pixel_grid(self, half: int, every: int) -> tuple[Array, Array]:
        ticks = np.arange(-half, half + 1, every, dtype=np.float32) * self._pixel
        right, up = np.meshgrid(ticks, -ticks)
        return right.ravel(), up.ravel()

    def _distance(self, points: Array) -> Array:
        local = self._local(points)
        nearest = self._shown.parts[0].field(local)
        for part in self._shown.parts[1:]:
            nearest = np.minimum(nearest, part.field(local))
        return nearest

    def _local(self, points: Array) -> Array:
        pivot = np.zeros((3, 1), np.float32)
        if self._shown.floats:
            pivot = self._center
        turned: Array = rotated(self._turn.T, points - pivot) + pivot
        return turned

    def _march(self, origins: Array) -> _Trace:
        """Follow the rays from `origins` (3, n) to the object or past it."""
        n = origins.shape[1]
        travelled = np.zeros(n, np.float32)
        best, best_at = np.full(n, 9, np.float32), np.zeros(n, np.float32)
        active = np.flatnonzero(self._meets_bounds(origins))
        for _ in range(_STEPS):
            gap = self._distance(origins[:, active] + self._forward * travelled[active])
            closer = gap < best[active]
            best[active[closer]] = gap[closer]
            best_at[active[closer]] = travelled[active[closer]]
            travelled[active] += gap * 0.92
            far = travelled[active] > 2 * self._shown.radius
            active = active[~far & (gap > 0.2 * self._pixel)]
            if not active.size:
                break
        return _Trace(
            points=origins + self._forward * best_at,
            is_hit=best < self._pixel,
            coverage=np.clip(1.25 - best / self._pixel, 0, 1).astype(np.float32),
        )

    def _meets_bounds(self, origins: Array) -> Array:
        offset = origins - self._center
        along = (offset * self._forward).sum(axis=0)
        beside = (offset * offset).sum(axis=0) - along * along
        meets: Array = beside < self._shown.radius**2
        return meets

    def _shade(self, points: Array) -> Array:
        """Linear light that leaves the surface points, (n, 3)."""
        normals = self._normals(points)
        look = self._materials(points)
        light = self._light
        facing = np.clip((normals * self._light_to).sum(axis=0), 0, 1)
        lit, turned_to = np.zeros_like(facing), facing > 0
        start = points + normals * np.float32(2.5 * self._pixel)
        lit[turned_to] = facing[turned_to] * self._sunlit(start[:, turned_to])
        open_sky = self._openness(points, normals)
        upward = (0.5 + 0.5 * normals[1])[:, None]
        around = (light.sky * upward + light.bounce * (1 - upward)) * open_sky[:, None]
        received = lit[:, None] * light.sun + around
        mirrored = self._mirror(normals, open_sky, lit, look.sharpness)
        shaded: Array = look.albedo * (received + look.glow[:, None])
        shaded += look.gloss[:, None] * mirrored
        return shaded

    def _mirror(
        self, normals: Array, open_sky: Array, lit: Array, sharpness: Array
    ) -> Array:
        """Highlight of the sun and a dim picture of the surroundings."""
        toward = -self._forward
        halfway = self._light_to + toward
        halfway = halfway / np.sqrt((halfway * halfway).sum())
        peak = np.clip((normals * halfway).sum(axis=0), 0, 1) ** sharpness
        facing = np.clip((normals * toward).sum(axis=0), 0, 1)
        rim = 0.08 + 0.92 * (1 - facing) ** 4
        reflected = self._forward + 2 * facing * normals
        above = np.clip(0.5 + 1.2 * reflected[1], 0, 1)[:, None]
        scene = self._light.sky * above + self._light.bounce * (1 - above)
        bright = (peak * (0.15 + lit) * sharpness / 22)[:, None] * self._light.sun
        mirrored: Array = bright + scene * (rim * open_sky)[:, None]
        return mirrored

    def _normals(self, points: Array) -> Array:
        reach = np.float32(max(0.5 * self._pixel, 0.02))
        total = np.zeros_like(points)
        for corner in _TETRAHEDRON:
            offset = np.asarray(corner, np.float32).reshape(3, 1)
            total += offset * self._distance(points + offset * reach)
        normals: Array = total / (np.sqrt((total * total).sum(axis=0)) + 1e-9)
        return normals

    def _materials(self, points: Array) -> _Look:
        local = self._local(points)
        gaps = np.stack([part.field(local) for part in self._shown.parts])
        owner = gaps.argmin(axis=0)
        albedo = np.zeros((points.shape[1], 3), np.float32)
        numbers = np.zeros((3, points.shape[1]), np.float32)
        for i, part in enumerate(self._shown.parts):
            mine = owner == i
            if mine.any():
                surface = part.surface
                albedo[mine] = surface.paint(local[:, mine])
                values = (surface.gloss, surface.sharpness, surface.glow)
                numbers[:, mine] = np.asarray(values, np.float32)[:, None]
        gloss, sharpness, glow = numbers
        return _Look(albedo=albedo, gloss=gloss, sharpness=sharpness, glow=glow)

    def _openness(self, points: Array, normals: Array) -> Array:
        """Ambient occlusion by the object and the ground, in [0.2, 1]."""
        closed = np.zeros(points.shape[1], np.float32)
        for reach in (0.1, 0.28):
            probe = points + normals * np.float32(reach)
            gap = self._distance(probe)
            if not self._shown.floats:
                gap = np.minimum(gap, np.maximum(probe[1], 0))
            closed += np.clip(reach - gap, 0, reach) / reach
        openness: Array = np.clip(1 - 0.45 * closed, 0.2, 1)
        return openness

    def _sunlit(self, points: Array) -> Array:
        """Share of the sun that reaches the points past the object."""
        lit = np.ones(points.shape[1], np.float32)
        travelled = np.full(points.shape[1], 0.04, np.float32)
        active = np.arange(points.shape[1])
        for _ in range(_SHADOW_STEPS):
            position = points[:, active] + self._light_to * travelled[active]
            gap = self._distance(position)
            cone = 0.5 + 0.5 * gap / (self._light.softness * travelled[active])
            lit[active] = np.minimum(lit[active], np.clip(cone, 0, 1))
            travelled[active] += np.clip(gap, 0.03, 0.4)
            inside = travelled[active] < 2.6 * self._shown.radius
            active = active[inside & (lit[active] > 0.01)]
            if not active.size:
                break
        return lit

    def _may_shade(self, points: Array) -> npt.NDArray[np.bool_]:
        """Whether the bounding sphere, or its penumbra, is towards the sun."""
        offset = self._center - points
        along = (offset * self._light_to).sum(axis=0)
        beside = (offset * offset).sum(axis=0) - along * along
        reach = self._shown.radius + self._light.softness * np.maximum(along, 0)
        near: npt.NDArray[np.bool_] = (beside < reach**2) & (along > -reach)
        return near

    def _ground_shade(self, margin: int) -> Array:
        """Factor on the light of the ground around a standing object."""
        half = self._half + margin
        size = 2 * half + 1
        if not margin:
            return np.ones((size, size), np.float32)
        right, up = self._pixel_grid(half, _SHADOW_GRID)
        # The ground seen through a pixel: solve y = 0 along the ray.
        points = self._center + self._up * up
        points[0] += right
        points = points + self._forward * (-points[1] / self._forward[1, 0])
        gap = self._distance(points)
        lit, near = np.ones(points.shape[1], np.float32), self._may_shade(points)
        lit[near] = self._sunlit(points[:, near])
        crowded = np.clip(0.3 + gap / 0.35, 0, 1)
        sun, sky = float(self._light.sun.mean()), float(self._light.sky.mean())
        high = max(float(self._light.direction[1]), 0.1)
        shade = (sun * high * lit + sky * crowded) / (sun * high + sky)
        side = (size - 1) // _SHADOW_GRID + 1
        # A long shadow fades out before the sprite's border cuts it.
        fade = np.clip((half * self._pixel - np.hypot(right, up)) / 0.7, 0, 1)
        shade = 1 - (1 - shade) * fade
        return _enlarged(shade.reshape(side, side), size)


def _enlarged(coarse: Array, size: int) -> Array:
    """Bilinear enlargement of a square array to (size, size)."""
    where = np.linspace(0, coarse.shape[0] - 1.001, size)
    low = where.astype(int)
    share = (where - low).astype(np.float32)
    rows = coarse[low] * (1 - share)[:, None] + coarse[low + 1] * share[:, None]
    wide: Array = rows[:, low] * (1 - share) + rows[:, low + 1] * share
    return wide
