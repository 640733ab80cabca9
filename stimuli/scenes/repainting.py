"""Objects in other surfaces than their own, their shape unchanged."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from stimuli.scenes.geometry import Array
from stimuli.scenes.surfaces import (
    Colour,
    Paint,
    SceneObject,
    Surface,
    mixed,
    noise,
    plain,
    step,
)

_EDGE: Final = 0.25  # width of a pattern's edges, where its pattern runs from -1 to 1


def repainted(shown: SceneObject, surface: Surface) -> SceneObject:
    """`shown` with all of its solids made of `surface`."""
    parts = tuple(replace(part, surface=surface) for part in shown.parts)
    return replace(shown, parts=parts)


def foreign_surface(rng: np.random.Generator) -> Surface:
    """A surface that says nothing of a class: two colours of any hue, in a pattern.

    Stripes, checks, dots, rings or blotches, from bold to hardly to be seen; no class
    of the demo world has such a pattern all over, nor a hue of its own among them.
    """
    first = plain(_any_colour(rng))
    second = mixed(first, plain(_any_colour(rng)), where=_share(float(rng.uniform())))
    pattern = _PATTERNS[int(rng.integers(len(_PATTERNS)))](rng)
    return Surface(
        paint=mixed(first, second, where=_ramp(pattern)),
        gloss=float(rng.uniform(0, 0.7)),
        sharpness=float(rng.uniform(20, 120)),
        glow=float(rng.choice([0, 0, 0, 0.4])),
    )


def surface_of(worn: SceneObject, *, by: SceneObject) -> Surface:
    """The surface of `worn`, laid on the shape of another object.

    Each point takes the colour of that part of `worn` which is nearest to it when both
    objects fill the same sphere; gloss and glow are those of the first part.

    Args:
        worn: Whose colours are taken.
        by: The object that will wear them.
    """
    size = worn.radius / by.radius
    lift = np.array([[0], [worn.middle - by.middle * size], [0]], np.float32)

    def paint(points: Array) -> Array:
        there = (points * np.float32(size) + lift).astype(np.float32)
        gaps = np.stack([part.field(there) for part in worn.parts])
        owner = gaps.argmin(axis=0)
        colours = np.zeros((points.shape[1], 3), np.float32)
        for number, part in enumerate(worn.parts):
            mine = owner == number
            if mine.any():
                colours[mine] = part.surface.paint(there[:, mine])
        return colours

    return replace(worn.parts[0].surface, paint=paint)


def _any_colour(rng: np.random.Generator) -> Colour:
    """Linear reflectance of any hue, from pale to full and from dark to light."""
    shades = colorsys.hsv_to_rgb(
        float(rng.uniform()), float(rng.uniform(0.1, 1)), float(rng.uniform(0.15, 1))
    )
    red, green, blue = (float(np.clip(shade**2.2, 0.01, 0.95)) for shade in shades)
    return red, green, blue


def _share(value: float) -> Callable[[Array], Array]:
    return lambda points: np.full(points.shape[1], value, np.float32)


def _ramp(pattern: Paint) -> Paint:
    return lambda points: step(pattern(points), edge=0, width=_EDGE)


def _stripes(rng: np.random.Generator) -> Paint:
    along = _direction(rng) * np.float32(rng.uniform(5, 25))
    return lambda points: np.sin((points * along).sum(axis=0))


def _checks(rng: np.random.Generator) -> Paint:
    first, second = _stripes(rng), _stripes(rng)
    return lambda points: first(points) * second(points) * 2


def _dots(rng: np.random.Generator) -> Paint:
    scale, phase = float(rng.uniform(6, 18)), float(rng.uniform(0, 6))

    def pattern(points: Array) -> Array:
        waves: Array = np.cos(points * np.float32(scale) + np.float32(phase))
        dots: Array = waves.sum(axis=0) - np.float32(0.9)
        return dots

    return pattern


def _rings(rng: np.random.Generator) -> Paint:
    middle = rng.uniform(-0.5, 1.5, (3, 1)).astype(np.float32)
    scale = float(rng.uniform(8, 25))

    def pattern(points: Array) -> Array:
        away = points - middle
        waves: Array = np.sin(np.sqrt((away * away).sum(axis=0)) * np.float32(scale))
        return waves

    return pattern


def _blotches(rng: np.random.Generator) -> Paint:
    scale = float(rng.uniform(0.8, 3))
    shift = rng.uniform(0, 10, (3, 1)).astype(np.float32)
    return lambda points: noise(points + shift, scale=scale)


def _direction(rng: np.random.Generator) -> Array:
    drawn = rng.normal(size=(3, 1))
    unit: Array = (drawn / np.sqrt((drawn * drawn).sum())).astype(np.float32)
    return unit


_PATTERNS: Final = (_stripes, _checks, _dots, _rings, _blotches)
