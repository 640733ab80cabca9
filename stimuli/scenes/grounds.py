"""What objects stand on: grass, sand, wood, paving, snow, carpet, cloth, litter.

Each function gives linear reflectance, (rows of ground, size, 3).
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from stimuli.scenes.camera import Camera
from stimuli.scenes.geometry import Array
from stimuli.scenes.surfaces import hue, linear
from stimuli.scenes.textures import texture


def grass(camera: Camera, rng: np.random.Generator) -> Array:
    """A lawn: patches of green under single blades."""
    across, away = camera.ground()
    shift = _shift(rng)
    patches = texture(across * 9 + shift[0], away * 5 + shift[1], roughness=0.4)
    fine = texture(across * 55 + shift[1], away * 16 + shift[0], roughness=1.5)
    green = np.asarray(hue(rng, ("#4f7a2c", "#5f8236", "#6f8a3c", "#44702e")))
    soil = _tinted(green * 0.75, 1 + 0.22 * patches + 0.25 * fine * _near(away))
    return _with_blades(soil, green, camera, rng)


def sand(camera: Camera, rng: np.random.Generator) -> Array:
    """A beach with ripples and pebbly grain."""
    across, away = camera.ground()
    shift = _shift(rng)
    dunes = texture(across * 5 + shift[0], away * 5 + shift[1], roughness=0.2)
    ripples = np.sin(away * rng.uniform(5, 9) + 2.2 * dunes + across * 0.7)
    grain = texture(across * 70 + shift[1], away * 50, roughness=2.0)
    light = 1 + 0.09 * dunes + 0.06 * ripples * _near(away) + 0.1 * grain * _near(away)
    base = np.asarray(hue(rng, ("#d9c196", "#cfb284", "#c2a67c")))
    return _tinted(base, light)


def planks(camera: Camera, rng: np.random.Generator) -> Array:
    """A wooden table or floor: boards with grain and dark joints."""
    across, away = camera.ground()
    shift = _shift(rng)
    wide = float(rng.uniform(0.7, 1.5))
    board = np.floor(across / wide + shift[0])
    offset = board * 37.7
    veins = texture(across * 28 + offset, away * 1.6 + shift[1] + offset, roughness=0.9)
    rings = np.sin(veins * 2.5 + across * 9)
    tone = texture(board * 13.3, board * 7.1, roughness=1.5)
    joint = np.abs((across / wide + shift[0]) % 1 - 0.5) > 0.5 - 0.012 / wide
    light = 1 + 0.12 * veins + 0.05 * rings + 0.08 * tone
    woods = ("#a8743f", "#8a5a30", "#c29660", "#6b4426", "#b58a5a")
    base = np.asarray(hue(rng, woods))
    return _tinted(base, np.where(joint, 0.3, light))


def paving(camera: Camera, rng: np.random.Generator) -> Array:
    """A street: slabs with joints, or bare asphalt."""
    across, away = camera.ground()
    shift = _shift(rng)
    speckle = texture(across * 60 + shift[0], away * 45, roughness=2.0)
    stains = texture(across * 4 + shift[1], away * 4 + shift[0], roughness=0.3)
    light = 1 + 0.16 * speckle * _near(away) + 0.12 * stains
    if rng.random() < 0.6:
        side = float(rng.uniform(0.9, 1.8))
        row = np.floor(away / side)
        column = across / side + 0.5 * (row % 2) + shift[0]
        tone = texture(np.floor(column) * 31.7, row * 17.3, roughness=1.8)
        seam = (np.abs(column % 1 - 0.5) > 0.48) | (
            np.abs(away / side % 1 - 0.5) > 0.475
        )
        light = np.where(seam, 0.55, light + 0.07 * tone)
    base = np.asarray(hue(rng, ("#7d7a75", "#8f8a80", "#66645f", "#a39a8c")))
    return _tinted(base, light)


def snow(camera: Camera, rng: np.random.Generator) -> Array:
    """Snow: soft mounds, blue in the hollows."""
    across, away = camera.ground()
    shift = _shift(rng)
    mounds = texture(across * 7 + shift[0], away * 6 + shift[1], roughness=0.1)
    crust = texture(across * 40 + shift[1], away * 28, roughness=1.4)
    light = 1 + 0.08 * mounds + 0.045 * crust * _near(away)
    white = np.asarray(linear("#e6ebf2"))
    blue = np.clip(-mounds, 0, 2)[..., None] * np.array([-0.05, -0.03, 0.0])
    covered: Array = np.clip(_tinted(white, light) + blue, 0, 1).astype(np.float32)
    return covered


def carpet(camera: Camera, rng: np.random.Generator) -> Array:
    """A room's carpet or rug with tufts, some with stripes."""
    across, away = camera.ground()
    shift = _shift(rng)
    tufts = texture(across * 50 + shift[0], away * 30 + shift[1], roughness=1.8)
    wear = texture(across * 5, away * 5 + shift[0], roughness=0.2)
    colors = ("#8a6a5a", "#5a6470", "#a08f78", "#6b3f3a", "#4f5f56", "#b0a595")
    base, second = np.asarray(hue(rng, colors)), np.asarray(hue(rng, colors))
    light = 1 + 0.17 * tufts * _near(away) + 0.07 * wear
    ground = _tinted(base, light)
    if rng.random() < 0.4:
        stripe = (np.sin(across * rng.uniform(1.5, 4)) > 0.55)[..., None]
        ground = np.where(stripe, _tinted(second, light), ground)
    return ground


def cloth(camera: Camera, rng: np.random.Generator) -> Array:
    """A checked or plain tablecloth with folds."""
    across, away = camera.ground()
    shift = _shift(rng)
    folds = texture(across * 4 + shift[0], away * 4 + shift[1], roughness=0.0)
    weave = texture(across * 60, away * 60 + shift[1], roughness=2.0)
    light = 1 + 0.1 * folds + 0.05 * weave * _near(away)
    tint = np.asarray(hue(rng, ("#b03a34", "#34568a", "#3f7a5a", "#c99a3a", "#8a8f96")))
    white = np.asarray(linear("#e9e4d8"))
    side = float(rng.uniform(0.35, 0.8))
    warp = (across / side + shift[0] + 0.05 * folds) % 1 < 0.5
    weft = (away / side + 0.05 * folds) % 1 < 0.5
    share = (0.5 * warp + 0.5 * weft)[..., None]
    if rng.random() < 0.35:
        share = np.ones_like(share)
    woven: Array = (white * (1 - share) + tint * share) * light[..., None]
    return np.clip(woven, 0, 1).astype(np.float32)


def litter(camera: Camera, rng: np.random.Generator) -> Array:
    """A forest floor: earth and fallen leaves."""
    across, away = camera.ground()
    shift = _shift(rng)
    earth = texture(across * 25 + shift[0], away * 15 + shift[1], roughness=1.2)
    ground = _tinted(np.asarray(linear("#5a452e")), 1 + 0.3 * earth)
    for code in ("#8a5a2a", "#a8743a", "#6b4a2a", "#7a6a34", "#4f5a2c"):
        where = _shift(rng)
        flakes = texture(across * 13 + where[0], away * 8 + where[1], roughness=0.9)
        leaf = _tinted(np.asarray(linear(code)), 1 + 0.25 * earth)
        ground = np.where((flakes > 0.85)[..., None], leaf, ground)
    return ground


def _with_blades(
    soil: Array, green: Array, camera: Camera, rng: np.random.Generator
) -> Array:
    """Blades of grass drawn over `soil`, longer where nearer."""
    picture = Image.fromarray(np.clip(soil * 255, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    n = 1300
    rows = np.sort(rng.uniform(0, soil.shape[0] + 4, n))
    columns = rng.uniform(0, camera.size, n)
    ahead = np.asarray(camera.pixels_per_unit((rows + camera.edge_row) / camera.size))
    length = ahead * rng.uniform(0.1, 0.32, n)
    bend = length * rng.normal(0, 0.35, n)
    tones = green * rng.lognormal(0.1, 0.35, (n, 1)) * rng.normal(1, 0.08, (n, 3))
    inks = np.clip(tones * 255, 0, 255).astype(int).tolist()
    lines = np.stack([columns, rows, columns + bend, rows - length], axis=1).tolist()
    for line, ink in zip(lines, inks, strict=True):
        pen.line(line, fill=tuple(ink), width=1)
    drawn: Array = np.asarray(picture, np.float32) / 255
    return drawn


def _shift(rng: np.random.Generator) -> tuple[float, float]:
    return float(rng.uniform(0, 256)), float(rng.uniform(0, 256))


def _near(away: Array) -> Array:
    """Fades what is finer than a pixel far away."""
    faded: Array = np.clip(7.0 / (away + 0.5), 0, 1)
    return faded


def _tinted(base: Array, light: Array) -> Array:
    lit: Array = np.clip(base * light[..., None], 0, 1).astype(np.float32)
    return lit
