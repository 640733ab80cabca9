"""Things of the kitchen: mug, teapot, bottle, apple."""

from __future__ import annotations

from typing import Final

import numpy as np

from stimuli.scenes.geometry import (
    Array,
    Field,
    blend,
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
from stimuli.scenes.surfaces import (
    SceneObject,
    between,
    hue,
    linear,
    made,
    mixed,
    noise,
    plain,
)

CERAMIC: Final = (
    "#c8372d", "#2c5f9e", "#e6e1d3", "#3c7d5a", "#d9a12c", "#7d9fb5", "#4a4a52",
)  # fmt: skip
_GLASS: Final = ("#2f6b3a", "#5a3a1c", "#8fb8a8", "#274d6b")


def mug(rng: np.random.Generator) -> SceneObject:
    """A mug with a handle, plain or with a band, filled with coffee."""
    width, height = float(rng.uniform(0.58, 0.7)), float(rng.uniform(1.3, 1.6))
    flare = float(rng.uniform(0.96, 1.1))
    body = [(0, 0), (width, 0), (width * flare, height), (0, height)]
    inner, brim = width - 0.09, height + 0.3
    hollow = lathe([(0, 0.15), (inner, 0.15), (inner * flare, brim), (0, brim)])
    at = (width + 0.12, height * 0.52, 0.0)
    handle = ring(at, major=0.34, minor=0.085, stretch=1.3)
    shell = carve(union(lathe(body, rounding=0.03), handle), hollow)
    level = height * 0.8
    coffee = lathe([(0, 0.12), (inner, 0.12), (inner, level), (0, level)])
    paint = plain(hue(rng, CERAMIC))
    if rng.random() < 0.4:
        band = between(height * 0.35, height * 0.65)
        paint = mixed(paint, plain(hue(rng, CERAMIC)), where=band)
    parts = (
        made(shell, paint, gloss=0.5, sharpness=60),
        made(coffee, plain(linear("#3a2012")), gloss=0.5),
    )
    return SceneObject(parts=parts, middle=height / 2, radius=1.22)


def teapot(rng: np.random.Generator) -> SceneObject:
    """A round pot with spout, handle and lid with a knob."""
    high = float(rng.uniform(0.58, 0.72))
    body = ellipsoid((0, high + 0.03, 0), (0.82, high, 0.82))
    foot = lathe([(0, 0), (0.48, 0), (0.5, 0.2), (0, 0.2)])
    pot = blend(union(body, foot), _spout(high), width=0.12)
    handle = ring((-0.86, high * 1.1, 0), major=0.42, minor=0.085, stretch=1.1)
    dome = [(0, 0), (0.45, 0), (0.42, 0.1), (0.16, 0.2), (0, 0.22)]
    lid = moved(lathe(dome, rounding=0.02), (0, high * 2 - 0.08, 0))
    knob = sphere((0, high * 2 + 0.24, 0), 0.13)
    glaze = plain(hue(rng, CERAMIC))
    trim = plain(hue(rng, CERAMIC)) if rng.random() < 0.4 else glaze
    parts = (
        made(union(pot, handle), glaze, gloss=0.6, sharpness=70),
        made(union(lid, knob), trim, gloss=0.6, sharpness=70),
    )
    return SceneObject(parts=parts, middle=0.72, radius=1.5)


def bottle(rng: np.random.Generator) -> SceneObject:
    """A glass bottle with a label and a cork or cap."""
    wide, shoulder = float(rng.uniform(0.4, 0.5)), float(rng.uniform(1.2, 1.55))
    neck = float(rng.uniform(0.13, 0.17))
    profile = [
        (0, 0), (wide, 0), (wide, shoulder), (wide * 0.85, shoulder + 0.17),
        (neck * 1.2, shoulder + 0.42), (neck, 2.15), (0, 2.15),
    ]  # fmt: skip
    lip = neck + 0.04
    cap = lathe([(0, 2.05), (lip, 2.05), (lip, 2.32), (0, 2.32)])
    print_ = plain(hue(rng, CERAMIC), mottle=0.3, grain=8)
    stripe = between(shoulder * 0.45, shoulder * 0.6)
    sticker = mixed(plain(linear("#efe8d2")), print_, where=stripe)
    glass = plain(hue(rng, _GLASS), mottle=0.15)
    paint = mixed(glass, sticker, where=between(shoulder * 0.25, shoulder * 0.85))
    lid = plain(hue(rng, ("#a9793f", "#b8b8bc", "#8a2b22")))
    parts = (
        made(
            lathe(profile, rounding=0.03), paint, gloss=0.75, sharpness=120, glow=0.12
        ),
        made(cap, lid, gloss=0.3),
    )
    return SceneObject(parts=parts, middle=1.15, radius=1.28)


def apple(rng: np.random.Generator) -> SceneObject:
    """An apple with a dimple, a stalk and mostly a leaf."""
    skin = plain(hue(rng, ("#b3201f", "#8fb02e", "#c8402a", "#d1a83a")))
    blush = plain(hue(rng, ("#d8b23c", "#b8362a", "#a8bd4a")))
    outline = [
        (0, 0.1), (0.25, 0.02), (0.48, 0.1), (0.74, 0.45), (0.84, 0.85),
        (0.74, 1.2), (0.48, 1.4), (0.25, 1.4), (0.08, 1.27), (0, 1.22),
    ]  # fmt: skip
    flesh = lathe(curve(outline), rounding=0.03)
    bend = float(rng.uniform(-0.15, 0.15))
    stalk = tube((0, 1.2, 0), (bend, 1.72, 0), radii=(0.04, 0.055))
    parts = [
        made(flesh, mixed(skin, blush, where=_streaks), gloss=0.35, sharpness=40),
        made(stalk, plain(linear("#5b4024"))),
    ]
    if rng.random() < 0.75:
        turn = rotation(roll=float(rng.uniform(0.1, 0.7)), pitch=0.7)
        flat = ellipsoid((0.3, 0, 0), (0.32, 0.035, 0.15))
        leaf = moved(flat, (bend * 0.6, 1.55, 0.05), turn=turn)
        parts.append(made(leaf, plain(linear("#4f7d2a"), mottle=0.2)))
    return SceneObject(parts=tuple(parts), middle=0.85, radius=1.1)


def _spout(high: float) -> Field:
    knee = (1.08, high * 1.2, 0.0)
    return union(
        tube((0.62, high * 0.75, 0), knee, radii=(0.24, 0.13)),
        tube(knee, (1.3, high * 1.75, 0), radii=(0.13, 0.09)),
    )


def _streaks(points: Array) -> Array:
    """Blush that runs from stalk to flower."""
    around = np.arctan2(points[0], points[2])
    where = np.stack([around * 1.2, points[1] * 0.3, points[1] * 0])
    share: Array = 0.35 + 0.4 * noise(where, scale=1.4)
    return share
