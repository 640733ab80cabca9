"""Things of the kitchen: mug, teapot, bottle, apple, candle, clock."""

from __future__ import annotations

import numpy as np

from stimuli.scenes.geometry import (
    Array,
    Field,
    Vector,
    blend,
    carve,
    curve,
    ellipsoid,
    lathe,
    moved,
    plate,
    ring,
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

_CERAMIC = ("#c8372d", "#2c5f9e", "#e6e1d3", "#3c7d5a", "#d9a12c", "#7d9fb5", "#4a4a52")
_GLASS = ("#2f6b3a", "#5a3a1c", "#8fb8a8", "#274d6b")


def mug(rng: np.random.Generator) -> Model:
    """A mug with a handle, plain or with a band, filled with coffee or tea."""
    width, height = float(rng.uniform(0.58, 0.7)), float(rng.uniform(1.3, 1.6))
    flare = float(rng.uniform(0.96, 1.1))
    solid = lathe(
        [(0, 0), (width, 0), (width * flare, height), (0, height)], rounding=0.03
    )
    inner = width - 0.09
    hollow = lathe(
        [(0, 0.15), (inner, 0.15), (inner * flare, height + 0.3), (0, height + 0.3)]
    )
    handle = ring(
        (width + 0.12, height * 0.52, 0), major=0.34, minor=0.085, stretch=1.3
    )
    shell = carve(union(solid, handle), hollow)
    glaze = hue(rng, _CERAMIC)
    band = mixed(
        plain(glaze),
        plain(hue(rng, _CERAMIC)),
        where=_between(height * 0.35, height * 0.65),
    )
    paint = band if rng.random() < 0.4 else plain(glaze)
    coffee = lathe([(0, 0.12), (inner, 0.12), (inner, height * 0.8), (0, height * 0.8)])
    return Model(
        parts=(
            Part(field=shell, surface=Surface(paint=paint, gloss=0.5, sharpness=60)),
            Part(
                field=coffee,
                surface=Surface(paint=plain(linear("#3a2012")), gloss=0.5),
            ),
        ),
        middle=height / 2,
        radius=1.22,
    )


def teapot(rng: np.random.Generator) -> Model:
    """A round pot with spout, handle and lid with a knob."""
    high = float(rng.uniform(0.58, 0.72))
    body = ellipsoid((0, high + 0.03, 0), (0.82, high, 0.82))
    foot = lathe([(0, 0), (0.48, 0), (0.5, 0.2), (0, 0.2)])
    spout = union(
        tube((0.62, high * 0.75, 0), (1.08, high * 1.2, 0), radii=(0.24, 0.13)),
        tube((1.08, high * 1.2, 0), (1.3, high * 1.75, 0), radii=(0.13, 0.09)),
    )
    pot = blend(union(body, foot), spout, width=0.12)
    handle = ring((-0.86, high * 1.1, 0), major=0.42, minor=0.085, stretch=1.1)
    lid = lathe([(0, 0), (0.45, 0), (0.42, 0.1), (0.16, 0.2), (0, 0.22)], rounding=0.02)
    knob = sphere((0, high * 2 + 0.24, 0), 0.13)
    glaze = hue(rng, _CERAMIC)
    trim = plain(hue(rng, _CERAMIC) if rng.random() < 0.4 else glaze)
    shiny = Surface(paint=plain(glaze), gloss=0.6, sharpness=70)
    edge = Surface(paint=trim, gloss=0.6, sharpness=70)
    cover = moved(lid, (0, high * 2 - 0.08, 0))
    return Model(
        parts=(
            Part(field=union(pot, handle), surface=shiny),
            Part(field=union(cover, knob), surface=edge),
        ),
        middle=0.72,
        radius=1.5,
    )


def bottle(rng: np.random.Generator) -> Model:
    """A glass bottle with a label and a cork or cap."""
    wide, shoulder = float(rng.uniform(0.4, 0.5)), float(rng.uniform(1.2, 1.55))
    neck = float(rng.uniform(0.13, 0.17))
    profile = [
        (0, 0), (wide, 0), (wide, shoulder), (wide * 0.85, shoulder + 0.17),
        (neck * 1.2, shoulder + 0.42), (neck, 2.15), (0, 2.15),
    ]  # fmt: skip
    cap = lathe([(0, 2.05), (neck + 0.04, 2.05), (neck + 0.04, 2.32), (0, 2.32)])
    sticker = mixed(
        plain(linear("#efe8d2")),
        plain(hue(rng, _CERAMIC), mottle=0.3, grain=8),
        where=_between(shoulder * 0.45, shoulder * 0.6),
    )
    low, top = shoulder * 0.25, shoulder * 0.85
    paint = mixed(
        plain(hue(rng, _GLASS), mottle=0.15), sticker, where=_between(low, top)
    )
    glass = Surface(paint=paint, gloss=0.75, sharpness=120, glow=0.12)
    metal = Surface(paint=plain(hue(rng, ("#a9793f", "#b8b8bc", "#8a2b22"))), gloss=0.3)
    return Model(
        parts=(
            Part(field=lathe(profile, rounding=0.03), surface=glass),
            Part(field=cap, surface=metal),
        ),
        middle=1.15,
        radius=1.28,
    )


def apple(rng: np.random.Generator) -> Model:
    """An apple with a dimple, a stalk and a leaf."""
    skin = hue(rng, ("#b3201f", "#8fb02e", "#c8402a", "#d1a83a"))
    blush = hue(rng, ("#d8b23c", "#b8362a", "#a8bd4a"))
    outline = [
        (0, 0.1), (0.25, 0.02), (0.48, 0.1), (0.74, 0.45), (0.84, 0.85),
        (0.74, 1.2), (0.48, 1.4), (0.25, 1.4), (0.08, 1.27), (0, 1.22),
    ]  # fmt: skip
    flesh = lathe(curve(outline), rounding=0.03)
    bend = float(rng.uniform(-0.15, 0.15))
    stalk = tube((0, 1.2, 0), (bend, 1.72, 0), radii=(0.04, 0.055))
    leaf = moved(
        ellipsoid((0.3, 0, 0), (0.32, 0.035, 0.15)),
        (bend * 0.6, 1.55, 0.05),
        turn=rotation(roll=float(rng.uniform(0.1, 0.7)), pitch=0.7),
    )

    def streaks(points: Array) -> Array:
        round_about = np.arctan2(points[0], points[2])
        stripe = np.stack([round_about * 1.2, points[1] * 0.3, points[1] * 0])
        return 0.35 + 0.4 * noise(stripe.astype(np.float32), scale=1.4)

    paint = mixed(plain(skin), plain(blush), where=streaks)
    green = Surface(paint=plain(linear("#4f7d2a"), mottle=0.2))
    parts = [
        Part(field=flesh, surface=Surface(paint=paint, gloss=0.35, sharpness=40)),
        Part(field=stalk, surface=Surface(paint=plain(linear("#5b4024")))),
    ]
    if rng.random() < 0.75:
        parts.append(Part(field=leaf, surface=green))
    return Model(parts=tuple(parts), middle=0.85, radius=1.1)


def candle(rng: np.random.Generator) -> Model:
    """A burning candle on a small plate."""
    wide, tall = float(rng.uniform(0.2, 0.3)), float(rng.uniform(1.15, 1.5))
    wax = lathe([(0, 0), (wide, 0), (wide, tall), (0, tall - 0.05)], rounding=0.03)
    drips = [
        tube(
            (wide * np.cos(a), tall, wide * np.sin(a)),
            (wide * np.cos(a), tall - drop, wide * np.sin(a)),
            radii=(0.05, 0.06),
        )
        for a, drop in zip(
            rng.uniform(0, 6.3, 4), rng.uniform(0.15, 0.6, 4), strict=True
        )
    ]
    plate_ = lathe([(0, 0), (0.5, 0), (0.72, 0.13), (0.7, 0.17), (0.45, 0.07), (0, 0.07)])
    flame = lathe(
        [(0, 0), (0.09, 0.05), (0.125, 0.17), (0.07, 0.34), (0.0, 0.52)], rounding=0.02
    )
    wick = tube((0, tall, 0), (0.01, tall + 0.16, 0), radii=(0.02, 0.02))

    def heat(points: Array) -> Array:
        height: Array = (points[1] - tall - 0.12) / 0.4
        return height

    fire = mixed(plain((1.0, 0.86, 0.42), mottle=0), plain((1.0, 0.5, 0.1)), where=heat)
    dyed = plain(hue(rng, ("#efe3c2", "#efe3c2", "#b3322a", "#d9b98a", "#7b8fae")))
    dish = Surface(paint=plain(hue(rng, _CERAMIC)), gloss=0.5)
    return Model(
        parts=(
            Part(field=union(wax, *drips), surface=Surface(paint=dyed, glow=0.15)),
            Part(field=moved(flame, (0, tall + 0.1, 0)), surface=Surface(paint=fire, glow=3.2, gloss=0)),
            Part(field=wick, surface=Surface(paint=plain((0.02, 0.02, 0.02)))),
            Part(field=plate_, surface=dish),
        ),
        middle=0.95,
        radius=1.2,
    )


def clock(rng: np.random.Generator) -> Model:
    """A round clock on two feet, some with alarm bells."""
    rim = ring((0, 1.0, 0), major=0.78, minor=0.11)
    case = moved(lathe([(0, -0.2), (0.78, -0.2), (0.78, 0.06), (0, 0.06)]), (0, 1, 0),
                 turn=rotation(pitch=np.pi / 2))  # fmt: skip
    feet = union(
        tube((-0.5, 0.4, 0), (-0.66, 0.06, 0), radii=(0.08, 0.06)),
        tube((0.5, 0.4, 0), (0.66, 0.06, 0), radii=(0.08, 0.06)),
    )
    body: list[Field] = [rim, feet]
    if rng.random() < 0.6:
        body += [ellipsoid((x, 1.88, 0), (0.3, 0.22, 0.26)) for x in (-0.42, 0.42)]
        body.append(tube((0, 1.8, 0), (0, 2.08, 0), radii=(0.05, 0.07)))
    metal = plain(hue(rng, ("#b03a2e", "#2f4f6b", "#c9a24a", "#9aa0a6", "#3b6b4f")))
    dial = mixed(
        plain(hue(rng, ("#f2eee2", "#f2eee2", "#e4dcc0")), mottle=0.03),
        plain((0.02, 0.02, 0.03), mottle=0),
        where=_dial(rng),
    )
    return Model(
        parts=(
            Part(field=union(*body), surface=Surface(paint=metal, gloss=0.6, sharpness=60)),
            Part(field=case, surface=Surface(paint=dial, gloss=0.12)),
        ),
        middle=1.05,
        radius=1.18,
    )


def _dial(rng: np.random.Generator) -> "Paint":
    """Ink on a clock's face: twelve marks and two hands at a random time."""
    minute = float(rng.uniform(0, 2 * np.pi))
    hour = float(rng.uniform(0, 2 * np.pi))

    def ink(points: Array) -> Array:
        x, y = points[0], points[1] - 1
        radius, angle = np.hypot(x, y), np.arctan2(x, y)
        twelfth = (angle / (np.pi / 6) + 0.5) % 1 - 0.5
        marks = (np.abs(twelfth) * radius < 0.075) & (radius > 0.5) & (radius < 0.64)
        dark = marks.astype(np.float32)
        for turn, length, width in ((minute, 0.56, 0.035), (hour, 0.36, 0.055)):
            along = x * np.sin(turn) + y * np.cos(turn)
            aside = np.abs(x * np.cos(turn) - y * np.sin(turn))
            dark[(aside < width) & (along > -0.1) & (along < length)] = 1
        return dark

    return ink


def _between(low: float, high: float) -> Paint:
    """1 for points whose height lies between, 0 elsewhere."""

    def inside(points: Array) -> Array:
        above = step(points[1], edge=low, width=0.03)
        return above - step(points[1], edge=high, width=0.03)

    return inside
