"""Things of the house: lamp, candle, clock, key, and a pile of books."""

from __future__ import annotations

from typing import Final

import numpy as np

from stimuli.scenes.geometry import (
    Array,
    Field,
    box,
    carve,
    curve,
    ellipsoid,
    lathe,
    moved,
    ring,
    rotation,
    sphere,
    tube,
    union,
)
from stimuli.scenes.objects.kitchen import CERAMIC
from stimuli.scenes.surfaces import Paint, SceneObject, hue, linear, made, mixed, plain

_METALS: Final = ("#b8963e", "#a8a8ac", "#7a6a4a", "#c9a24a", "#6f7276")
_SHADES: Final = ("#e6d6ae", "#e6d6ae", "#d9c9b0", "#b8502f", "#5f8f8a", "#c9b23a")
_STANDS: Final = ("#3f5f8a", "#8a5a34", "#b8963e", "#e0dccb", "#3a3a3e", "#5a8a6a")
_WAXES: Final = ("#efe3c2", "#efe3c2", "#b3322a", "#d9b98a", "#7b8fae")
_CASES: Final = ("#b03a2e", "#2f4f6b", "#c9a24a", "#9aa0a6", "#3b6b4f")
_COVERS: Final = ("#7a2a26", "#2a4a6b", "#3f5f3a", "#a8702a", "#4a3a5a", "#1f6f73")


def lamp(rng: np.random.Generator) -> SceneObject:
    """A table lamp: shade, stand and foot; off, dim or bright."""
    low, top = float(rng.uniform(0.66, 0.82)), float(rng.uniform(0.36, 0.52))
    wall = [(low - 0.03, 1.15), (low, 1.15), (top, 2.0), (top - 0.03, 2.0)]
    bulge = float(rng.uniform(0.1, 0.36))
    stand = lathe(curve([
        (0, 0.1), (0.1, 0.1), (bulge, 0.45), (0.12, 0.85),
        (0.05, 1.0), (0.05, 1.5), (0, 1.5),
    ]))  # fmt: skip
    rim = [(0, 0), (0.42, 0), (0.4, 0.07), (0.12, 0.14), (0, 0.14)]
    foot = lathe(rim, rounding=0.01)
    cloth = plain(hue(rng, _SHADES), mottle=0.05)
    glow = float(rng.choice([0.1, 0.5, 1.1]))
    warm = plain((1.0, 0.85, 0.55), mottle=0)
    parts = (
        made(lathe(wall, rounding=0.01), cloth, glow=glow, gloss=0.02),
        made(union(stand, foot), plain(hue(rng, _STANDS)), gloss=0.5),
        made(sphere((0, 1.5, 0), 0.16), warm, glow=3 * glow),
    )
    return SceneObject(parts=parts, middle=1.0, radius=1.3)


def candle(rng: np.random.Generator) -> SceneObject:
    """A burning candle on a small plate."""
    wide, tall = float(rng.uniform(0.2, 0.3)), float(rng.uniform(1.15, 1.5))
    stick = [(0, 0), (wide, 0), (wide, tall), (0, tall - 0.05)]
    wax = union(lathe(stick, rounding=0.03), _drips(wide, tall, rng))
    dish = [(0, 0), (0.5, 0), (0.72, 0.13), (0.7, 0.17), (0.45, 0.07), (0, 0.07)]
    drop = [(0, 0), (0.09, 0.05), (0.125, 0.17), (0.07, 0.34), (0.0, 0.52)]
    flame = moved(lathe(drop, rounding=0.02), (0, tall + 0.1, 0))
    wick = tube((0, tall, 0), (0.01, tall + 0.16, 0), radii=(0.02, 0.02))

    def up_the_flame(points: Array) -> Array:
        share: Array = (points[1] - tall - 0.12) / 0.4
        return share

    yellow = plain((1.0, 0.86, 0.42), mottle=0)
    fire = mixed(yellow, plain((1.0, 0.5, 0.1)), where=up_the_flame)
    parts = (
        made(wax, plain(hue(rng, _WAXES)), glow=0.15),
        made(flame, fire, glow=3.2, gloss=0),
        made(wick, plain((0.02, 0.02, 0.02))),
        made(lathe(dish), plain(hue(rng, CERAMIC)), gloss=0.5),
    )
    return SceneObject(parts=parts, middle=0.95, radius=1.2)


def clock(rng: np.random.Generator) -> SceneObject:
    """A round clock on two feet, often with alarm bells."""
    rim = ring((0, 1.0, 0), major=0.78, minor=0.11)
    disc = lathe([(0, -0.2), (0.78, -0.2), (0.78, 0.06), (0, 0.06)])
    case = moved(disc, (0, 1, 0), turn=rotation(pitch=np.pi / 2))
    body: list[Field] = [rim]
    for side in (-1, 1):
        hip, toe = (side * 0.5, 0.4, 0.0), (side * 0.66, 0.06, 0.0)
        body.append(tube(hip, toe, radii=(0.08, 0.06)))
    if rng.random() < 0.6:
        body += [ellipsoid((x, 1.88, 0), (0.3, 0.22, 0.26)) for x in (-0.42, 0.42)]
        body.append(tube((0, 1.8, 0), (0, 2.08, 0), radii=(0.05, 0.07)))
    metal = plain(hue(rng, _CASES))
    card = plain(hue(rng, ("#f2eee2", "#f2eee2", "#e4dcc0")), mottle=0.03)
    dial = mixed(card, plain((0.02, 0.02, 0.03), mottle=0), where=_dial(rng))
    parts = (
        made(union(*body), metal, gloss=0.6, sharpness=60),
        made(case, dial, gloss=0.12),
    )
    return SceneObject(parts=parts, middle=1.05, radius=1.18)


def key(rng: np.random.Generator) -> SceneObject:
    """An old-fashioned key, on its tip or its side, facing the camera."""
    bow = _bow(rng)
    shaft = tube((0, 0.0, 0), (0, 1.2, 0), radii=(0.08, 0.08))
    collar = ring((0, 1.02, 0), major=0.08, minor=0.07, axis=1)
    bit = box((0.14, 0.25, 0), (0.1, 0.25, 0.04), rounding=0.02)
    heights = (0.06, 0.3, 0.5) if rng.random() < 0.6 else (0.06, 0.3)
    lengths = rng.uniform(0.14, 0.24, len(heights))
    teeth = [
        box((0.2, y, 0), (float(length), 0.075, 0.05), rounding=0.02)
        for y, length in zip(heights, lengths, strict=True)
    ]
    roll = float(rng.choice([-1.1, -0.5, 0.35, 0.9, 1.35]))
    turn = rotation(roll=roll, pitch=-0.25)
    middle = turn @ np.array([0.05, 0.9, 0])
    whole = moved(
        union(bow, shaft, collar, bit, *teeth),
        (-float(middle[0]), 0.85 - float(middle[1]), -float(middle[2])),
        turn=turn,
    )
    metal = plain(hue(rng, _METALS), mottle=0.18, grain=5)
    part = made(whole, metal, gloss=0.8, sharpness=40)
    return SceneObject(parts=(part,), middle=0.9, radius=1.2)


def books(rng: np.random.Generator) -> SceneObject:
    """A pile of three or four books: the companion, not a class."""
    parts, pages, height = [], [], 0.0
    for _ in range(int(rng.integers(3, 5))):
        thick, wide = float(rng.uniform(0.14, 0.22)), float(rng.uniform(0.62, 0.85))
        turn = rotation(yaw=float(rng.normal(0, 0.22)))
        middle = (0.0, height + thick, 0.0)
        block = box((0, 0, 0), (wide, thick, 0.55), rounding=0.03)
        gap = box((0.12, 0, 0.1), (wide, thick - 0.045, 0.56))
        leaves = box((-0.02, 0, 0), (wide - 0.03, thick - 0.05, 0.5))
        cover = moved(carve(block, gap), middle, turn=turn)
        parts.append(made(cover, plain(hue(rng, _COVERS), mottle=0.12), gloss=0.15))
        pages.append(moved(leaves, middle, turn=turn))
        height += 2 * thick + 0.01
    light, dark = plain(linear("#e8dfc6")), plain(linear("#b8ab8a"))
    paper = mixed(light, dark, where=_page_edges)
    parts.append(made(union(*pages), paper, gloss=0))
    return SceneObject(parts=tuple(parts), middle=height / 2, radius=1.35)


def _bow(rng: np.random.Generator) -> Field:
    """The handle of a key: three loops or one."""
    if rng.random() < 0.45:
        turns = (0.0, 2.1, 4.2)
        at = [(0.24 * np.cos(a), 1.5 + 0.24 * np.sin(a), 0.0) for a in turns]
        return union(*(ring(c, major=0.21, minor=0.075) for c in at))
    stretch = float(rng.uniform(0.8, 1.2))
    return ring((0, 1.5, 0), major=0.33, minor=0.09, stretch=stretch)


def _drips(wide: float, tall: float, rng: np.random.Generator) -> Field:
    """Wax that has run down the side."""
    runs = []
    for angle, drop in rng.uniform((0, 0.15), (6.3, 0.6), (4, 2)):
        x, z = wide * np.cos(angle), wide * np.sin(angle)
        runs.append(tube((x, tall, z), (x, tall - drop, z), radii=(0.05, 0.06)))
    return union(*runs)


def _dial(rng: np.random.Generator) -> Paint:
    """Ink on a clock's face: twelve marks and two hands at a random time."""
    minute, hour = (float(turn) for turn in rng.uniform(0, 2 * np.pi, 2))

    def ink(points: Array) -> Array:
        x, y = points[0], points[1] - 1
        radius, angle = np.hypot(x, y), np.arctan2(x, y)
        twelfth = (angle / (np.pi / 6) + 0.5) % 1 - 0.5
        marks = (np.abs(twelfth) * radius < 0.075) & (radius > 0.5) & (radius < 0.64)
        dark: Array = marks.astype(np.float32)
        for turn, length, width in ((minute, 0.56, 0.035), (hour, 0.36, 0.055)):
            along = x * np.sin(turn) + y * np.cos(turn)
            aside = np.abs(x * np.cos(turn) - y * np.sin(turn))
            dark[(aside < width) & (along > -0.1) & (along < length)] = 1
        return dark

    return ink


def _page_edges(points: Array) -> Array:
    lines: Array = 0.5 + 0.5 * np.sin(points[1] * 90)
    return lines
