"""Things of the garden, the wood and the sea: mushroom, leaf, fish."""

from __future__ import annotations

from typing import Final

import numpy as np

from stimuli.scenes.geometry import (
    Array,
    Field,
    curve,
    ellipsoid,
    lathe,
    moved,
    plate,
    rotated,
    rotation,
    sphere,
    tube,
    union,
)
from stimuli.scenes.surfaces import (
    Colour,
    Paint,
    SceneObject,
    darker,
    hue,
    linear,
    made,
    mixed,
    plain,
    step,
)

_CAPS: Final = ("#b5281e", "#a8602f", "#8a5a34", "#c9a06a", "#c2471f")
_LEAVES: Final = ("#4f8a2b", "#3f7a30", "#c9781f", "#b5361f", "#d1a92e", "#8a5a2a")
_SKINS: Final = ("#5f7f8f", "#d9742a", "#c9a23a", "#7a8a5a", "#b84a3a", "#4f6fa0")
_MAPLE: Final = (
    (0, 0.5), (0.12, 0.52), (0.5, 0.4), (0.46, 0.58), (0.75, 0.68), (0.62, 0.8),
    (0.95, 1.05), (0.88, 1.12), (0.98, 1.38), (0.7, 1.32), (0.62, 1.42),
    (0.38, 1.18), (0.42, 1.62), (0.28, 1.56), (0.14, 1.8), (0, 2.02),
)  # fmt: skip


def mushroom(rng: np.random.Generator) -> SceneObject:
    """A mushroom with a domed cap, a ring and mostly pale flakes."""
    tall, wide = float(rng.uniform(0.75, 1.1)), float(rng.uniform(0.72, 0.95))
    dome = float(rng.uniform(0.5, 0.75))
    outline = [
        (0, tall), (wide * 0.6, tall - 0.06), (wide, tall - 0.1),
        (wide * 0.93, tall + dome * 0.4), (wide * 0.6, tall + dome * 0.85),
        (0.2, tall + dome), (0, tall + dome),
    ]  # fmt: skip
    stem = lathe(curve([(0, 0), (0.34, 0.02), (0.27, 0.3), (0.2, tall), (0, tall)]))
    flap = [(0, 0.72), (0.38, 0.6), (0.36, 0.57), (0, 0.64)]
    skirt = lathe([(r, tall * y) for r, y in flap])
    skin = plain(hue(rng, _CAPS), mottle=0.12)
    if rng.random() < 0.65:
        flakes = _flakes(rng, tall + dome * 0.2)
        skin = mixed(skin, plain(linear("#efe9d8")), where=flakes)

    def above_gills(points: Array) -> Array:
        return step(points[1], edge=tall - 0.03, width=0.05)

    cap = mixed(plain(linear("#d8c6a0")), skin, where=above_gills)
    pale = plain(linear("#e3d8bd"), mottle=0.15)
    parts = (
        made(lathe(curve(outline), rounding=0.02), cap, gloss=0.2, sharpness=25),
        made(union(stem, skirt), pale, gloss=0.03),
    )
    return SceneObject(parts=parts, middle=(tall + dome) / 2, radius=1.2)


def leaf(rng: np.random.Generator) -> SceneObject:
    """A maple or an oval leaf with veins, upright on its stalk."""
    is_maple = rng.random() < 0.45
    half = list(_MAPLE) if is_maple else _oval(rng)
    blade = plate(half + [(-x, y) for x, y in reversed(half)], half=0.02, rounding=0.01)
    cup = float(rng.uniform(0.1, 0.35))

    def bent(points: Array) -> Array:
        curved = points.copy()
        curved[2] += cup * (points[0] ** 2 + 0.4 * (points[1] - 1) ** 2)
        # The bend stretches distances; shorter steps keep the march safe.
        return 0.8 * blade(curved)

    stalk = tube((0.06, 0, 0), (0, 0.5, -0.1), radii=(0.04, 0.035))
    colour = hue(rng, _LEAVES)
    green, vein = plain(colour, mottle=0.16, grain=2), plain(darker(colour, 0.48))
    veins = _maple_veins if is_maple else _oval_veins
    roll, pitch = float(rng.uniform(-0.6, 0.6)), float(rng.uniform(-0.4, -0.1))
    turn = rotation(pitch=pitch, roll=roll)
    upright = mixed(green, vein, where=veins)
    whole = moved(union(bent, stalk), (0, 0, 0), turn=turn)
    part = made(
        whole, lambda points: upright(rotated(turn.T, points)), gloss=0.12, glow=0.12
    )
    return SceneObject(parts=(part,), middle=0.95, radius=1.25)


def fish(rng: np.random.Generator) -> SceneObject:
    """A fish seen from the side: body, tail, fins, eyes, scales."""
    long, deep = float(rng.uniform(0.85, 1.0)), float(rng.uniform(0.4, 0.56))
    high = deep + 0.05
    body = ellipsoid((0.1, high, 0), (long, deep, 0.26))
    snout = long * 0.68 + 0.1
    eyes = [sphere((snout, high + 0.12, z), 0.09) for z in (0.15, -0.15)]
    pupils = [sphere((snout + 0.03, high + 0.12, z), 0.058) for z in (0.2, -0.2)]
    back = hue(rng, _SKINS)
    fin = plain(darker(back, 0.72), mottle=0.3)
    parts = (
        made(body, _scaled(back, long, high), gloss=0.5),
        made(_fins(high, deep), fin, gloss=0.2),
        made(union(*eyes), plain(linear("#efe9c8")), gloss=0.3),
        made(union(*pupils), plain((0.01, 0.01, 0.01)), gloss=0.8),
    )
    return SceneObject(parts=parts, middle=0.62, radius=1.4)


def _fins(high: float, deep: float) -> Field:
    """Tail, back fin and the fin at the side."""
    fork = [(-0.6, 0), (-1.3, 0.52), (-1.12, 0), (-1.3, -0.48)]
    tail = curve([(x, high + y) for x, y in fork], closed=True)
    sail = [(-0.45, 0.6), (-0.35, 1.25), (0.35, 1.35), (0.5, 0.6)]
    top = plate([(x, high + deep * y) for x, y in sail], half=0.025)
    paddle = ellipsoid((-0.15, 0, 0), (0.24, 0.11, 0.03))
    turn = rotation(yaw=-0.35, roll=0.5)
    side = moved(paddle, (0.3, high - 0.1, 0.25), turn=turn)
    return union(plate(tail, half=0.03), top, side)


def _scaled(back: Colour, long: float, high: float) -> Paint:
    """A pale belly, and a net of scales behind the gill cover."""

    def belly(points: Array) -> Array:
        return step(-points[1], edge=0.12 - high, width=0.4)

    def net(points: Array) -> Array:
        a = np.sin((points[0] + points[1]) * 26)
        b = np.sin((points[0] - points[1]) * 26)
        grid = 0.4 * (np.maximum(a, b) > 0.9) * (points[0] < long * 0.45)
        gill = np.abs(np.hypot(points[0] - long * 0.75, points[1] - 0.5) - long * 0.36)
        edge: Array = grid + 0.6 * ((gill < 0.025) & (points[0] < long * 0.6))
        return edge

    skin = mixed(plain(back), plain(linear("#e8e2d0")), where=belly)
    return mixed(skin, plain(darker(back, 0.4)), where=net)


def _oval(rng: np.random.Generator) -> list[tuple[float, float]]:
    wide = float(rng.uniform(0.42, 0.62))
    side = [(0.75, 0.62), (1.0, 1.05), (0.62, 1.55)]
    inner = [(wide * x, y) for x, y in side]
    return curve([(0, 0.4), *inner, (0.12, 1.88), (0, 2.0)])


def _oval_veins(points: Array) -> Array:
    """A midrib and slanting side veins."""
    x, y = np.abs(points[0]), points[1]
    slanted = ((y - 0.85 * x) * 4.2) % 1
    sides = 0.65 * (np.abs(slanted - 0.5) < 0.075)
    dark: Array = np.maximum(sides, x < 0.028)
    return dark


def _maple_veins(points: Array) -> Array:
    """Five veins that spread from the stalk."""
    x, y = np.abs(points[0]), points[1] - 0.52
    angle, radius = np.arctan2(x, y), np.hypot(x, y)
    gaps = [np.abs(angle - turn) * radius for turn in (0.0, 0.78, 1.45)]
    dark: Array = 0.9 * (np.minimum.reduce(gaps) < 0.026)
    return dark


def _flakes(rng: np.random.Generator, height: float) -> Paint:
    """Round white flakes on the part of the cap above `height`."""
    angle, size = rng.uniform(0, 2 * np.pi, 26), rng.uniform(0.06, 0.13, 26)
    radius = np.sqrt(rng.uniform(0, 0.8, 26))
    x, z = radius * np.cos(angle), radius * np.sin(angle)

    def white(points: Array) -> Array:
        gap = np.hypot(points[0][:, None] - x, points[2][:, None] - z)
        share: Array = ((gap < size).any(axis=1) & (points[1] > height)) * 1.0
        return share

    return white
