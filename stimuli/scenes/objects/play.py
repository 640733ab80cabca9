"""Things for outings and play: ball, balloon, kite, boat, umbrella."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from stimuli.scenes.geometry import (
    Array,
    Field,
    Vector,
    box,
    carve,
    common,
    curve,
    ellipsoid,
    lathe,
    moved,
    plate,
    ring,
    rotated,
    rotation,
    sphere,
    tube,
    union,
)
from stimuli.scenes.surfaces import (
    Paint,
    SceneObject,
    between,
    hue,
    linear,
    made,
    mixed,
    plain,
    step,
)

_BRIGHT: Final = (
    "#c9302c", "#2a62b0", "#e0b12c", "#2f8a55", "#7f3f98", "#e07a2a", "#e8e4da",
)  # fmt: skip
_HULLS: Final = ("#b3342b", "#2b5fa0", "#e2ded0", "#2f7a5b", "#d6a030", "#8a4f7d")
_SAILS: Final = ("#ece6d6", "#ece6d6", "#b8402f", "#3f6f9a", "#d8b25a")
_PANELS: Final = 8


def ball(rng: np.random.Generator) -> SceneObject:
    """A beach ball, football or basketball."""
    yaw, pitch = float(rng.uniform(0, 6.3)), float(rng.uniform(-0.9, 0.9))
    turn = rotation(yaw=yaw, pitch=pitch, roll=float(rng.uniform(-0.7, 0.7)))
    kind = int(rng.integers(3))
    skin = (_beach_ball, _football, _basketball)[kind](rng)
    middle = np.array([[0], [0.85], [0]], np.float32)
    part = made(
        sphere((0, 0.85, 0), 0.85),
        lambda points: skin(rotated(turn.T, points - middle)),
        gloss=(0.45, 0.2, 0.06)[kind],
        sharpness=40,
    )
    return SceneObject(parts=(part,), middle=0.85, radius=0.92)


def balloon(rng: np.random.Generator) -> SceneObject:
    """A party balloon with its knot and a string."""
    outline = [
        (0, -0.78), (0.12, -0.72), (0.5, -0.25), (0.68, 0.3),
        (0.5, 0.78), (0.2, 0.95), (0, 0.97),
    ]  # fmt: skip
    knot = lathe([(0, -0.75), (0.11, -0.9), (0, -0.9)], rounding=0.015)
    sway = [0.0, *(float(x) for x in rng.uniform(-0.22, 0.22, 3))]
    string = _line(sway, (-0.88, -1.3, -1.75, -2.1))
    rubber = plain(hue(rng, _BRIGHT), mottle=0.03)
    skin = moved(union(lathe(curve(outline)), knot), (0, 1.6, 0))
    parts = (
        made(skin, rubber, gloss=0.7, sharpness=90, glow=0.18),
        made(moved(string, (0, 1.6, 0)), plain(linear("#d8d4c8"))),
    )
    return SceneObject(parts=parts, middle=1.02, radius=1.6, floats=True)


def kite(rng: np.random.Generator) -> SceneObject:
    """A diamond kite in two or three colours with a tail of bows."""
    cloth = plate([(0, 0.85), (0.62, 0.25), (0, -0.85), (-0.62, 0.25)], half=0.015)
    spars = union(
        tube((0, 0.85, 0.02), (0, -0.85, 0.02), radii=(0.022, 0.022)),
        tube((-0.62, 0.25, 0.02), (0.62, 0.25, 0.02), radii=(0.022, 0.022)),
    )
    tail = _tail(rng)
    colours = [plain(hue(rng, _BRIGHT), mottle=0.04) for _ in range(3)]
    panels = mixed(colours[0], colours[1], where=_right_half)
    if rng.random() < 0.6:
        panels = mixed(panels, colours[2], where=_opposite_quarters)
    roll, pitch = float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.35, 0.1))
    turn = rotation(roll=roll, pitch=pitch)
    lift = np.array([[0], [1.5], [0]], np.float32)
    things = (
        (cloth, panels, 0.2),
        (spars, plain(linear("#8a6a40")), 0.0),
        (tail, colours[2], 0.1),
    )
    parts = []
    for field, paint, glow in things:
        placed = moved(field, (0, 1.5, 0), turn=turn)
        parts.append(made(placed, _turned(paint, turn, lift), glow=glow))
    return SceneObject(parts=tuple(parts), middle=1.0, radius=1.6, floats=True)


def boat(rng: np.random.Generator) -> SceneObject:
    """A sailing boat: hull, cabin, mast and two sails."""
    tall, long = float(rng.uniform(1.95, 2.25)), float(rng.uniform(0.85, 1.0))
    bowl = ellipsoid((0, 0.5, 0), (long * 1.08, 0.52, 0.36))
    hull = common(bowl, box((0, 0.22, 0), (1.3, 0.24, 0.6)))
    cabin = box((-0.3, 0.5, 0), (0.28, 0.1, 0.16), rounding=0.04)
    mast = tube((0.08, 0.3, 0), (0.08, tall + 0.1, 0), radii=(0.035, 0.025))
    boom = tube((0.08, 0.68, 0), (-long * 0.85, 0.66, 0.04), radii=(0.025, 0.02))
    main = _sail([(0.03, 0.74), (0.03, tall), (-long * 0.82, 0.74)])
    jib = _sail([(0.13, tall * 0.9), (0.13, 0.6), (long * 0.95, 0.55)])
    cloth = plain(hue(rng, _SAILS), mottle=0.06)
    hem = mixed(cloth, plain(hue(rng, _HULLS)), where=between(1.25, 1.38))
    white = plain(linear("#efece2"))
    sides = mixed(plain(hue(rng, _HULLS)), white, where=between(0.32, 9))
    wood = plain(linear("#9a6b3a"), mottle=0.2)
    parts = (
        made(hull, sides, gloss=0.4),
        made(union(main, jib), hem, gloss=0.02, glow=0.1),
        made(union(mast, boom, cabin), wood, gloss=0.2),
    )
    return SceneObject(parts=parts, middle=1.1, radius=1.42)


def umbrella(rng: np.random.Generator) -> SceneObject:
    """An open umbrella of one or two colours with a hooked handle."""
    wide, tall = float(rng.uniform(0.95, 1.12)), float(rng.uniform(1.75, 1.95))
    outer = ellipsoid((0, tall - 0.72, 0), (wide, 0.74, wide))
    inner = ellipsoid((0, tall - 0.75, 0), (wide - 0.02, 0.72, wide - 0.02))
    below = box((0, tall - 1.62, 0), (2, 1.0, 2))

    def scalloped(points: Array) -> Array:
        around = np.arctan2(points[0], points[2])
        lifted = points.copy()
        lifted[1] -= 0.1 * np.abs(np.sin(around * _PANELS / 2)) - 0.04
        return below(lifted)

    canopy = carve(carve(outer, inner), scalloped)
    stick = tube((0, 0.1, 0), (0, tall + 0.12, 0), radii=(0.03, 0.03))
    bend = ring((0.15, 0.12, 0), major=0.15, minor=0.05)
    hook = carve(bend, box((0.15, 0.42, 0), (0.4, 0.3, 0.3)))
    cloth, second = plain(hue(rng, _BRIGHT)), plain(hue(rng, _BRIGHT))
    if rng.random() < 0.5:
        cloth = mixed(cloth, second, where=_every_other_panel)
    ribs = mixed(cloth, plain((0.03, 0.03, 0.03)), where=_seams)
    parts = (
        made(canopy, ribs, gloss=0.12, glow=0.08),
        made(union(stick, hook), plain(linear("#6b4526")), gloss=0.3),
    )
    return SceneObject(parts=parts, middle=1.05, radius=1.5)


def _beach_ball(rng: np.random.Generator) -> Paint:
    white = linear("#efece2")
    first, second, third = (hue(rng, _BRIGHT[:-1]) for _ in range(3))
    table = np.asarray([first, white, second, white, third, white], np.float32)

    def paint(points: Array) -> Array:
        around = np.arctan2(points[0], points[2]) / (2 * np.pi) + 0.5
        panel: Array = table[np.minimum((around * 6).astype(int), 5)]
        panel[np.abs(points[1]) > 0.79] = white
        return panel

    return paint


def _football(rng: np.random.Generator) -> Paint:
    golden = (1 + np.sqrt(5)) / 2
    corners = [
        corner
        for a in (-1, 1)
        for b in (-golden, golden)
        for corner in ((0, a, b), (a, b, 0), (b, 0, a))
    ]
    axes = np.asarray(corners, np.float32) / np.float32(np.hypot(1, golden))
    dark = plain(hue(rng, ("#1c1c20", "#1c1c20", "#22407a", "#8a2420")))

    def ink(points: Array) -> Array:
        nearness = np.sort(rotated(axes, points / 0.85), axis=0)
        patch = step(nearness[-1], edge=0.93, width=0.02)
        # Seams lie where two white panels meet: as near to one patch as another.
        seam = step(nearness[-2] - nearness[-1], edge=-0.04, width=0.03)
        share: Array = np.maximum(patch, 0.6 * seam)
        return share

    return mixed(plain(linear("#f0eee6")), dark, where=ink)


def _basketball(rng: np.random.Generator) -> Paint:
    leather = plain(hue(rng, ("#c8642a", "#b5531f", "#a8582e")), mottle=0.1, grain=9)

    def lines(points: Array) -> Array:
        x, y, z = points / 0.85
        bow = np.abs(np.abs(x) - 0.5 - 0.35 * z * z)
        near = np.minimum(np.minimum(np.abs(x), np.abs(y)), bow)
        return step(-near, edge=-0.03, width=0.02)

    return mixed(leather, plain((0.02, 0.02, 0.02)), where=lines)


def _sail(corners: Sequence[tuple[float, float]]) -> Field:
    flat = plate(corners, half=0.012)

    def bulging(points: Array) -> Array:
        shifted = points.copy()
        shifted[2] -= 0.14 * np.sin(np.clip(points[1] - 0.5, 0, 1.6) * 1.9)
        # The bulge stretches distances; shorter steps keep the march safe.
        return 0.85 * flat(shifted)

    return bulging


def _line(x: Sequence[float], y: Sequence[float]) -> Field:
    """A thin cord through the given joints."""
    joints: list[Vector] = [(a, b, 0.0) for a, b in zip(x, y, strict=True)]
    return union(*(tube(a, b, radii=(0.018, 0.018)) for a, b in pairwise(joints)))


def _tail(rng: np.random.Generator) -> Field:
    """A kite's tail: a cord with three bows."""
    bend = [0.0, *(float(x) for x in rng.uniform(-0.3, 0.3, 3))]
    depths = (-0.85, -1.2, -1.55, -1.9)
    bows = [
        ellipsoid((x + side, y, 0), (0.11, 0.065, 0.03))
        for x, y in zip(bend[1:], depths[1:], strict=True)
        for side in (-0.1, 0.1)
    ]
    return union(_line(bend, depths), *bows)


def _turned(paint: Paint, turn: Array, offset: Array) -> Paint:
    """`paint` in the coordinates of a part that was turned, then moved."""
    return lambda points: paint(rotated(turn.T, points - offset))


def _right_half(points: Array) -> Array:
    return step(points[0], edge=0, width=0.02)


def _opposite_quarters(points: Array) -> Array:
    share: Array = (points[0] * (points[1] - 0.25) > 0) * 1.0
    return share


def _every_other_panel(points: Array) -> Array:
    share: Array = np.floor(_panel(points)) % 2
    return share


def _seams(points: Array) -> Array:
    panel = _panel(points)
    gap = np.abs(panel - np.round(panel)) * np.hypot(points[0], points[2])
    share: Array = 0.6 * (gap < 0.035)
    return share


def _panel(points: Array) -> Array:
    """Which panel of the canopy, counted around the stick, as a real number."""
    number: Array = np.arctan2(points[0], points[2]) / (2 * np.pi) * _PANELS
    return number
