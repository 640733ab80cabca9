"""Things of the garden and the water: mushroom, leaf, fish, boat."""

from __future__ import annotations

import numpy as np

from stimuli.scenes.geometry import (
    Array,
    Field,
    blend,
    box,
    carve,
    common,
    curve,
    ellipsoid,
    lathe,
    moved,
    plate,
    rotation,
    sphere,
    tube,
    union,
)
from stimuli.scenes.surfaces import (
    Model,
    Paint,
    Part,
    Surface,
    hue,
    linear,
    mixed,
    noise,
    plain,
    step,
)

_CAPS = ("#b5281e", "#a8602f", "#8a5a34", "#c9a06a", "#c2471f")
_PAINTED = ("#b3342b", "#2b5fa0", "#e2ded0", "#2f7a5b", "#d6a030", "#8a4f7d")


def mushroom(rng: np.random.Generator) -> Model:
    """A mushroom with a domed cap, pale gills and sometimes white spots."""
    tall, wide = float(rng.uniform(0.75, 1.1)), float(rng.uniform(0.72, 0.95))
    dome = float(rng.uniform(0.5, 0.75))
    outline = [
        (0, tall), (wide * 0.6, tall - 0.06), (wide, tall - 0.1), (wide * 0.93, tall + dome * 0.4),
        (wide * 0.6, tall + dome * 0.85), (0.2, tall + dome), (0, tall + dome),
    ]  # fmt: skip
    stem = lathe(curve([(0, 0), (0.34, 0.02), (0.27, 0.3), (0.2, tall), (0, tall)]))
    skirt = lathe([(0, tall * 0.72), (0.38, tall * 0.6), (0.36, tall * 0.57), (0, tall * 0.64)])
    skin = plain(hue(rng, _CAPS), mottle=0.12)
    if rng.random() < 0.65:
        skin = mixed(skin, plain(linear("#efe9d8")), where=_spots(rng, tall + dome * 0.2))
    gills = mixed(
        plain(linear("#d8c6a0")),
        skin,
        where=lambda points: step(points[1], edge=tall - 0.03, width=0.05),
    )
    pale = plain(linear("#e3d8bd"), mottle=0.15)
    return Model(
        parts=(
            Part(
                field=lathe(curve(outline), rounding=0.02),
                surface=Surface(paint=gills, gloss=0.2, sharpness=25),
            ),
            Part(field=union(stem, skirt), surface=Surface(paint=pale, gloss=0.03)),
        ),
        middle=(tall + dome) / 2,
        radius=1.2,
    )


def leaf(rng: np.random.Generator) -> Model:
    """A broad or lobed leaf with veins and a stalk, standing on its stalk."""
    maple = rng.random() < 0.45
    half = _maple() if maple else _oval(rng)
    outline = half + [(-x, y) for x, y in reversed(half)]
    blade = plate(outline, half=0.02, rounding=0.01)
    cup = float(rng.uniform(0.1, 0.35))

    def bent(points: Array) -> Array:
        curved = points.copy()
        curved[2] += cup * (points[0] ** 2 + 0.4 * (points[1] - 1) ** 2)
        return 0.8 * blade(curved)

    stalk = tube((0.06, 0, 0), (0, 0.5, -0.1), radii=(0.04, 0.035))
    color = hue(rng, ("#4f8a2b", "#3f7a30", "#c9781f", "#b5361f", "#d1a92e", "#8a5a2a"))
    darker = plain((color[0] * 0.45, color[1] * 0.5, color[2] * 0.5))
    lighter = plain(color, mottle=0.16, grain=2)
    veined = mixed(lighter, darker, where=_veins(maple))
    lean = rotation(pitch=float(rng.uniform(-0.4, -0.1)), roll=float(rng.uniform(-0.6, 0.6)))
    whole: Field = moved(union(bent, stalk), (0, 0.0, 0), turn=lean)

    def paint(points: Array) -> Array:
        return veined(lean.T @ points)

    return Model(
        parts=(Part(field=whole, surface=Surface(paint=paint, gloss=0.12, glow=0.12)),),
        middle=0.95,
        radius=1.25,
    )


def fish(rng: np.random.Generator) -> Model:
    """A fish seen from the side: body, tail, fins, an eye, scales."""
    long, deep = float(rng.uniform(0.85, 1.0)), float(rng.uniform(0.4, 0.56))
    high = deep + 0.05
    body = ellipsoid((0.1, high, 0), (long, deep, 0.26))
    tail = plate(
        curve([(-0.6, high), (-1.3, high + 0.52), (-1.12, high), (-1.3, high - 0.48)], closed=True),
        half=0.03,
    )
    top = plate(
        [(-0.45, high + deep * 0.6), (-0.35, high + deep * 1.25), (0.35, high + deep * 1.35), (0.5, high + deep * 0.6)],
        half=0.025,
    )
    side = moved(ellipsoid((-0.15, 0, 0), (0.24, 0.11, 0.03)), (0.3, high - 0.1, 0.25),
                 turn=rotation(yaw=-0.35, roll=0.5))  # fmt: skip
    eye = union(*(sphere((0.1 + long * 0.68, high + 0.12, z), 0.09) for z in (0.15, -0.15)))
    pupil = union(*(sphere((0.13 + long * 0.68, high + 0.12, z), 0.058) for z in (0.2, -0.2)))
    back = hue(rng, ("#5f7f8f", "#d9742a", "#c9a23a", "#7a8a5a", "#b84a3a", "#4f6fa0"))
    belly = plain(linear("#e8e2d0"))
    scales = mixed(plain(back), belly, where=lambda p: step(-p[1], edge=0.12 - high, width=0.4))
    scaled = mixed(scales, plain((back[0] * 0.4, back[1] * 0.4, back[2] * 0.4)), where=_scales(long))
    fin = plain((back[0] * 0.75, back[1] * 0.7, back[2] * 0.7), mottle=0.3)
    return Model(
        parts=(
            Part(field=body, surface=Surface(paint=scaled, gloss=0.5, sharpness=30)),
            Part(field=union(tail, top, side), surface=Surface(paint=fin, gloss=0.2)),
            Part(field=eye, surface=Surface(paint=plain(linear("#efe9c8")), gloss=0.3)),
            Part(field=pupil, surface=Surface(paint=plain((0.01, 0.01, 0.01)), gloss=0.8)),
        ),
        middle=0.62,
        radius=1.4,
    )


def boat(rng: np.random.Generator) -> Model:
    """A sailing boat: hull with a deck, mast and two sails."""
    tall = float(rng.uniform(1.95, 2.25))
    long = float(rng.uniform(0.85, 1.0))
    hull = common(
        ellipsoid((0, 0.5, 0), (long * 1.08, 0.52, 0.36)),
        box((0, 0.22, 0), (1.3, 0.24, 0.6)),
    )
    cabin = box((-0.3, 0.5, 0), (0.28, 0.1, 0.16), rounding=0.04)
    mast = tube((0.08, 0.3, 0), (0.08, tall + 0.1, 0), radii=(0.035, 0.025))
    boom = tube((0.08, 0.68, 0), (-long * 0.85, 0.66, 0.04), radii=(0.025, 0.02))
    main = _sail([(0.03, 0.74), (0.03, tall), (-long * 0.82, 0.74)])
    jib = _sail([(0.13, tall * 0.9), (0.13, 0.6), (long * 0.95, 0.55)])
    cloth = plain(hue(rng, ("#ece6d6", "#ece6d6", "#b8402f", "#3f6f9a", "#d8b25a")), mottle=0.06)
    hem = mixed(cloth, plain(hue(rng, _PAINTED)),
                where=lambda p: step(p[1], edge=1.25, width=0.02) - step(p[1], edge=1.38, width=0.02))  # fmt: skip
    color = hue(rng, _PAINTED)
    line = mixed(plain(color), plain(linear("#efece2")),
                 where=lambda p: step(p[1], edge=0.32, width=0.03))  # fmt: skip
    wood = Surface(paint=plain(linear("#9a6b3a"), mottle=0.2), gloss=0.2)
    return Model(
        parts=(
            Part(field=hull, surface=Surface(paint=line, gloss=0.4)),
            Part(field=union(main, jib), surface=Surface(paint=hem, gloss=0.02, glow=0.1)),
            Part(field=union(mast, boom, cabin), surface=wood),
        ),
        middle=1.1,
        radius=1.42,
    )


def _sail(corners: list[tuple[float, float]]) -> Field:
    flat = plate(corners, half=0.012)

    def bulging(points: Array) -> Array:
        shifted = points.copy()
        shifted[2] -= 0.14 * np.sin(np.clip(points[1] - 0.5, 0, 1.6) * 1.9)
        return 0.85 * flat(shifted)

    return bulging


def _oval(rng: np.random.Generator) -> list[tuple[float, float]]:
    wide = float(rng.uniform(0.42, 0.62))
    side = [(0, 0.4), (wide * 0.75, 0.62), (wide, 1.05), (wide * 0.62, 1.55), (0.12, 1.88), (0, 2.0)]
    return curve(side)


def _maple() -> list[tuple[float, float]]:
    return [
        (0, 0.5), (0.12, 0.52), (0.5, 0.4), (0.46, 0.58), (0.75, 0.68), (0.62, 0.8),
        (0.95, 1.05), (0.88, 1.12), (0.98, 1.38), (0.7, 1.32), (0.62, 1.42), (0.38, 1.18),
        (0.42, 1.62), (0.28, 1.56), (0.14, 1.8), (0, 2.02),
    ]  # fmt: skip


def _veins(is_maple: bool) -> Paint:
    """Dark midrib and side veins, in the leaf's own coordinates."""

    def along_midrib(points: Array) -> Array:
        x, y = np.abs(points[0]), points[1]
        slanted = ((y - 0.85 * x) * 4.2) % 1
        sides = (np.abs(slanted - 0.5) < 0.075).astype(np.float32) * 0.65
        return np.maximum(sides, (x < 0.028).astype(np.float32))

    def from_stalk(points: Array) -> Array:
        x, y = np.abs(points[0]), points[1] - 0.52
        angle, radius = np.arctan2(x, y), np.hypot(x, y)
        dark = np.zeros(x.shape, np.float32)
        for direction in (0.0, 0.78, 1.45):
            dark[np.abs(angle - direction) * radius < 0.026] = 0.9
        return dark

    return from_stalk if is_maple else along_midrib


def _spots(rng: np.random.Generator, height: float) -> Paint:
    """Round white flakes on the cap, where it faces up."""
    angle = rng.uniform(0, 2 * np.pi, 26)
    radius = np.sqrt(rng.uniform(0, 0.8, 26))
    size = rng.uniform(0.06, 0.13, 26)
    x, z = radius * np.cos(angle), radius * np.sin(angle)

    def flakes(points: Array) -> Array:
        white = np.zeros(points.shape[1], np.float32)
        for cx, cz, r in zip(x, z, size, strict=True):
            gap = np.hypot(points[0] - cx, points[2] - cz)
            white[(gap < r) & (points[1] > height)] = 1
        return white

    return flakes


def _scales(long: float) -> Paint:
    """A faint net of scales, and the edge of the gill cover."""

    def net(points: Array) -> Array:
        a = np.sin((points[0] + points[1]) * 26)
        b = np.sin((points[0] - points[1]) * 26)
        grid = (np.maximum(a, b) > 0.9).astype(np.float32) * 0.4
        behind_head = points[0] < long * 0.45
        gill = np.abs(np.hypot(points[0] - long * 0.75, points[1] - 0.5) - long * 0.36)
        edge = (gill < 0.025) & (points[0] < long * 0.6)
        return np.where(behind_head, grid, 0) + 0.7 * edge

    return net
