"""What solids are made of: colour over the surface, gloss, glow, and noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from stimuli.scenes.geometry import Array, Field

Colour = tuple[float, float, float]
Paint = Callable[[Array], Array]

_VOLUME: Final = 48


@dataclass(frozen=True, kw_only=True)
class Surface:
    """How a solid looks.

    Attributes:
        paint: Points (3, n) to linear reflectance (n, 3) in [0, 1].
        gloss: Strength of highlights and reflections, 0 (chalk) to 1 (metal).
        sharpness: Exponent of the highlight.
        glow: Light that it gives off or lets through, 0 to 1.
    """

    paint: Paint
    gloss: float = 0.1
    sharpness: float = 30.0
    glow: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Solid:
    """One solid of one material."""

    field: Field
    surface: Surface


@dataclass(frozen=True, kw_only=True)
class SceneObject:
    """An object ready to be rendered.

    Attributes:
        parts: Its solids.
        middle: Height above the ground of the centre of its bounding sphere.
        radius: Radius of the bounding sphere, object units.
        floats: Whether it hangs in the air and throws no shadow nearby.
    """

    parts: tuple[Solid, ...]
    middle: float
    radius: float
    floats: bool = False


def made(
    field: Field,
    paint: Paint,
    *,
    gloss: float = 0.1,
    sharpness: float = 30.0,
    glow: float = 0.0,
) -> Solid:
    """A solid of one material; see `Surface` for the numbers."""
    surface = Surface(paint=paint, gloss=gloss, sharpness=sharpness, glow=glow)
    return Solid(field=field, surface=surface)


def between(low: float, high: float, *, width: float = 0.03) -> Paint:
    """1 for points whose height lies between, 0 elsewhere."""

    def inside(points: Array) -> Array:
        above = step(points[1], edge=low, width=width)
        inside: Array = above - step(points[1], edge=high, width=width)
        return inside

    return inside


def darker(colour: Colour, share: float) -> Colour:
    """A `share` of the light of `colour`."""
    red, green, blue = colour
    return red * share, green * share, blue * share


def plain(colour: Colour, *, mottle: float = 0.08, grain: float = 3.0) -> Paint:
    """One colour with slight unevenness of relative size `mottle`."""
    base = np.asarray(colour, np.float32)

    def paint(points: Array) -> Array:
        uneven = noise(points, scale=grain) + 0.5 * noise(points, scale=grain * 3.1)
        shaded: Array = base * (1 + mottle * uneven[:, None])
        return np.clip(shaded, 0, 1)

    return paint


def mixed(first: Paint, second: Paint, *, where: Callable[[Array], Array]) -> Paint:
    """`second` where `where` is 1, `first` where it is 0, and between."""

    def paint(points: Array) -> Array:
        share = np.clip(where(points), 0, 1)[:, None]
        return first(points) * (1 - share) + second(points) * share

    return paint


def noise(points: Array, *, scale: float) -> Array:
    """Smooth noise of the points, mean 0 and standard deviation about 1."""
    volume = _noise_volume()
    index = (points * np.float32(scale * 4)).astype(np.float32)
    low = np.floor(index)
    share = index - low
    cell = low.astype(np.int32) % _VOLUME
    after = (cell + 1) % _VOLUME
    # Bilinear in x and y, nearest in z: surfaces are seen from the front.
    x, y, z = cell
    lower = volume[x, y, z] * (1 - share[0]) + volume[after[0], y, z] * share[0]
    upper = (
        volume[x, after[1], z] * (1 - share[0])
        + volume[after[0], after[1], z] * share[0]
    )
    value: Array = lower * (1 - share[1]) + upper * share[1]
    return value


def step(value: Array, *, edge: float, width: float) -> Array:
    """0 well below `edge`, 1 well above, a ramp `width` wide between."""
    ramp: Array = np.clip((value - edge) / width + 0.5, 0, 1)
    return ramp


def linear(code: str) -> Colour:
    """Linear reflectance of a screen colour such as "#c0392b"."""
    values = (int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (value**2.2 for value in values)
    return red, green, blue


def hue(rng: np.random.Generator, palette: Sequence[str]) -> Colour:
    """A screen colour of `palette` as linear reflectance, moved a little."""
    base = np.asarray(linear(palette[int(rng.integers(len(palette)))]))
    jitter = rng.normal(0, 0.14) + rng.normal(0, 0.06, 3)
    tint = np.clip(base * np.exp(jitter), 0.01, 0.95)
    return float(tint[0]), float(tint[1]), float(tint[2])


@cache
def _noise_volume() -> Array:
    rng = np.random.default_rng(20_190_831)
    volume: Array = rng.normal(size=(_VOLUME,) * 3)
    for axis in range(3):
        beside = np.roll(volume, -1, axis) + np.roll(volume, 1, axis)
        volume = (beside + 2 * volume) / 4
    scaled: Array = (volume / volume.std()).astype(np.float32)
    return scaled
