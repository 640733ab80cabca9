"""What lies behind the ground: sky and trees, sea, walls, houses, forest.

Each function gives linear light, (rows above the ground, size, 3), before the
lens blurs it.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from stimuli.scenes.camera import Camera
from stimuli.scenes.geometry import Array
from stimuli.scenes.surfaces import Colour, hue, linear
from stimuli.scenes.textures import texture


def trees(camera: Camera, rng: np.random.Generator) -> Array:
    """Sky with clouds above a line of trees."""
    scene = _sky(camera, rng)
    color = np.asarray(hue(rng, ("#3f5a2e", "#4f6a38", "#5f6f4a")))
    return _skyline(scene, color, camera, rng, height=float(rng.uniform(0.1, 0.3)))


def sea(camera: Camera, rng: np.random.Generator) -> Array:
    """Sky, and waves below it."""
    scene = _sky(camera, rng)
    rows, size = scene.shape[:2]
    top = round(rows * float(rng.uniform(0.35, 0.75)))
    y, x = _grid(rows - top, size)
    swell = texture(x * 40 / size, y * 260 / size + rng.uniform(0, 256), roughness=0.9)
    base = np.asarray(hue(rng, ("#2f6f8a", "#3f7f8f", "#4a6f86", "#2a5a7a")))
    water = base * (1 + 0.16 * swell[..., None])
    foam = (texture(x * 30 / size, y * 180 / size, roughness=0.8) > 1.7)[..., None]
    scene[top:] = np.where(foam, 0.75, water)
    return scene


def tiles(camera: Camera, rng: np.random.Generator) -> Array:
    """A kitchen wall: tiles with grout, sometimes a shelf or a window."""
    rows, size = camera.edge_row, camera.size
    y, x = _grid(rows, size)
    side = size * float(rng.uniform(0.1, 0.2))
    base = np.asarray(hue(rng, ("#d9d4c6", "#b8c6c2", "#c9d2d9", "#dccfae", "#7f9a94")))
    tone = texture(np.floor(x / side) * 17.7, np.floor(y / side) * 29.3, roughness=1.8)
    shine = texture(x * 20 / size, y * 20 / size, roughness=0.0)
    grout = (x / side % 1 < 0.05) | (y / side % 1 < 0.05)
    wall = base * (0.75 + 0.05 * tone + 0.06 * shine)[..., None]
    wall = np.where(grout[..., None], base * 0.5, wall).astype(np.float32)
    return _with_window(wall, rng) if rng.random() < 0.45 else wall


def houses(camera: Camera, rng: np.random.Generator) -> Array:
    """Fronts of houses: bricks or plaster, windows, doors."""
    rows, size = camera.edge_row, camera.size
    walls = ("#a8644a", "#c9b48a", "#8f8a84", "#b88a6a", "#d9cdb8", "#7a8a94")
    picture = Image.new("RGB", (size, max(rows, 1)))
    pen = ImageDraw.Draw(picture)
    left = -size * float(rng.uniform(0, 0.4))
    while left < size:
        right = left + size * float(rng.uniform(0.35, 0.7))
        pen.rectangle(
            (left, 0, right, rows), fill=_ink(hue(rng, walls), rng.uniform(0.6, 1))
        )
        _openings(pen, (left, right), rows, rng)
        left = right
    y, x = _grid(max(rows, 1), size)
    bricks = texture(x * 120 / size, y * 200 / size, roughness=1.5)
    front = np.asarray(picture, np.float32) / 255 * (1 + 0.1 * bricks)[..., None]
    return front[:rows].astype(np.float32)


def firs(camera: Camera, rng: np.random.Generator) -> Array:
    """A grey winter sky above dark firs dusted with snow."""
    rows, size = camera.edge_row, camera.size
    y, x = _grid(rows, size)
    cloud = texture(x * 30 / size + rng.uniform(0, 256), y * 50 / size, roughness=0.1)
    sky = np.asarray(hue(rng, ("#b9c4d0", "#ccd2d6", "#9fb6cf")))
    scene = (sky * (0.9 + 0.05 * cloud)[..., None]).astype(np.float32)
    picture = Image.fromarray(np.clip(scene * 255, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(7, 16))):
        _draw_fir(pen, (size, rows), rng)
    return np.asarray(picture, np.float32) / 255


def wall(camera: Camera, rng: np.random.Generator) -> Array:
    """A painted or papered wall with a skirting board, perhaps a picture."""
    rows, size = camera.edge_row, camera.size
    y, x = _grid(rows, size)
    paints = (
        "#c9bfa8",
        "#a8b4a0",
        "#b8a9b4",
        "#8fa3b3",
        "#d8c8a0",
        "#9a6f5f",
        "#dad6cd",
    )
    base = np.asarray(hue(rng, paints))
    rough = texture(x * 90 / size, y * 90 / size, roughness=1.3)
    from_window = 1.0 - rng.uniform(0, 0.5) * np.abs(x / size - rng.integers(2))
    light = (0.72 + 0.02 * rough) * from_window
    if rng.random() < 0.4:
        stripes = np.sin(x / size * rng.uniform(40, 90)) > 0.2
        light = light * np.where(stripes, 0.88, 1)
    plaster = (base * light[..., None]).astype(np.float32)
    if rng.random() < 0.5:
        plaster = _with_picture(plaster, rng)
    board = max(round(size * float(rng.uniform(0.02, 0.07))), 1)
    plaster[-board:] = np.asarray(linear("#cfcabd")) * 0.75
    return plaster


def forest(camera: Camera, rng: np.random.Generator) -> Array:
    """Trunks before green with discs of light between the leaves."""
    rows, size = camera.edge_row, camera.size
    y, x = _grid(rows, size)
    shift = rng.uniform(0, 256)
    green = np.asarray(hue(rng, ("#3f5a2a", "#56703a", "#6f7f3a", "#7a6a34")))
    mottle = texture(x * 60 / size + shift, y * 60 / size, roughness=0.6)
    picture = _as_image(green * (0.7 + 0.3 * mottle)[..., None])
    pen = ImageDraw.Draw(picture)
    _discs(pen, (size, rows), rng, palette=("#d8e09a", "#b9cf7a", "#f0eebf"))
    for _ in range(int(rng.integers(3, 8))):
        left, wide = rng.uniform(0, size), size * rng.uniform(0.02, 0.08)
        lean = rng.normal(0, size * 0.03)
        ink = _ink(hue(rng, ("#4a3a2c", "#5f4f3e", "#3a332a")), 1.0)
        pen.polygon(
            [
                (left, 0),
                (left + wide, 0),
                (left + wide * 1.2 + lean, rows),
                (left + lean, rows),
            ],
            fill=ink,
        )
    return np.asarray(picture, np.float32) / 255


def evening(camera: Camera, rng: np.random.Generator) -> Array:
    """A dim room or garden with out-of-focus lamps."""
    rows, size = camera.edge_row, camera.size
    y, x = _grid(rows, size)
    base = np.asarray(hue(rng, ("#4a3f38", "#3a4450", "#5a4a3a", "#44503f")))
    cloud = texture(x * 20 / size + rng.uniform(0, 256), y * 20 / size, roughness=0.1)
    picture = _as_image(base * (1 + 0.25 * cloud)[..., None])
    pen = ImageDraw.Draw(picture)
    _discs(pen, (size, rows), rng, palette=("#f0c987", "#e8a05a", "#f4e3c0", "#c98a7a"))
    return np.asarray(picture, np.float32) / 255


def _sky(camera: Camera, rng: np.random.Generator) -> Array:
    rows, size = camera.edge_row, camera.size
    y, x = _grid(rows, size)
    zenith = np.asarray(hue(rng, ("#5f93cf", "#7fa9d8", "#8fa3b8", "#4f86c6")))
    haze = np.asarray(linear("#dde5ea"))
    share = (y / max(rows, 1))[..., None]
    shift = rng.uniform(0, 256)
    clouds = texture(x * 35 / size + shift, y * 70 / size + shift, roughness=0.25)
    cover = np.clip((clouds - rng.uniform(-0.6, 1.4)) * 0.7, 0, 1)[..., None]
    clear = zenith * (1 - share) + haze * share
    blended: Array = (clear * (1 - cover) + 0.92 * cover).astype(np.float32)
    return blended


def _skyline(
    scene: Array,
    color: Array,
    camera: Camera,
    rng: np.random.Generator,
    *,
    height: float,
) -> Array:
    """Hills of leaves along the lower edge of `scene`."""
    rows, size = scene.shape[:2]
    y, x = _grid(rows, size)
    shift = float(rng.uniform(0, 256))
    for depth in (0.55, 1.0):
        crest = texture(x[:1] * 60 / size + shift * depth, x[:1] * 0, roughness=0.7)
        top = rows - camera.size * height * (1.3 - 0.6 * depth) * (1 + 0.28 * crest)
        leaves = texture(x * 110 / size + shift, y * 110 / size, roughness=1.1)
        haze = np.asarray(linear("#aebcc4")) * (1 - depth)
        tone = color * depth * (1 + 0.3 * leaves)[..., None] + haze
        scene = np.where((y > top)[..., None], tone, scene).astype(np.float32)
    return scene


def _with_window(wall_: Array, rng: np.random.Generator) -> Array:
    rows, size = wall_.shape[:2]
    left = round(size * float(rng.uniform(0.05, 0.6)))
    right, low = left + round(size * 0.32), round(rows * 0.75)
    pane = np.asarray(hue(rng, ("#e8eef0", "#cfe0e8", "#dfe8d0"))) * 1.25
    bar = max(size // 50, 2)
    wall_[:low, left - bar : right + bar] = 0.6
    wall_[: low - bar, left:right] = pane
    middle = (left + right) // 2
    wall_[:low, middle - bar // 2 : middle + bar // 2] = 0.6
    return wall_


def _with_picture(wall_: Array, rng: np.random.Generator) -> Array:
    rows, size = wall_.shape[:2]
    left, top = round(size * rng.uniform(0, 0.7)), round(rows * rng.uniform(-0.2, 0.3))
    right, low = left + round(size * rng.uniform(0.2, 0.4)), top + round(size * 0.28)
    top, low = max(top, 0), max(low, 1)
    border = max(size // 40, 2)
    wall_[top:low, left:right] = np.asarray(hue(rng, ("#3a2a1e", "#c9a75a", "#202022")))
    inner = wall_[top : low - border, left + border : right - border]
    inner[:] = np.asarray(hue(rng, ("#8fa9b0", "#c9b58a", "#a86a4a", "#6f7f5a")))
    inner[inner.shape[0] // 2 :] *= 0.6
    return wall_


def _openings(
    pen: ImageDraw.ImageDraw,
    span: tuple[float, float],
    rows: int,
    rng: np.random.Generator,
) -> None:
    """Windows, and a door, in the front of one house."""
    left, right = span
    n = int(rng.integers(2, 4))
    pitch = (right - left) / n
    frame_ink, glass = (
        _ink(hue(rng, ("#e0dccf", "#4a3a30")), 0.9),
        _ink(hue(rng, ("#2f3a44", "#5f7484")), 1.0),
    )
    for i in range(n):
        x = left + (i + 0.25) * pitch
        for top, low in ((0.05, 0.34), (0.5, 0.8)):
            pen.rectangle(
                (x - 2, rows * top - 2, x + pitch * 0.5 + 2, rows * low + 2),
                fill=frame_ink,
            )
            pen.rectangle((x, rows * top, x + pitch * 0.5, rows * low), fill=glass)
    door = left + int(rng.integers(n)) * pitch + pitch * 0.25
    pen.rectangle(
        (door, rows * 0.45, door + pitch * 0.5, rows),
        fill=_ink(hue(rng, ("#5a2f26", "#2a4a3f", "#3a3a4a")), 1.0),
    )


def _draw_fir(
    pen: ImageDraw.ImageDraw, extent: tuple[int, int], rng: np.random.Generator
) -> None:
    """One fir: six tiers of branches, each with snow on its left."""
    size, rows = extent
    middle, wide = rng.uniform(0, size), size * rng.uniform(0.05, 0.12)
    top = rows * rng.uniform(0.05, 0.6)
    ink = _ink(hue(rng, ("#2f4238", "#3a4a42", "#52625c")), 1.0)
    for tier in np.linspace(0, 0.8, 6):
        peak = top + (rows - top) * tier
        reach, drop = wide * (0.35 + tier), (rows - top) * 0.3
        tip = (middle, peak)
        left, right = (middle - reach, peak + drop), (middle + reach, peak + drop)
        pen.polygon([tip, left, right], fill=ink)
        edge, inner = (middle - reach / 2, peak + drop / 2), (middle, peak + drop * 0.3)
        pen.polygon([tip, edge, inner], fill=(200, 208, 218))


def _discs(
    pen: ImageDraw.ImageDraw,
    extent: tuple[int, int],
    rng: np.random.Generator,
    *,
    palette: tuple[str, ...],
) -> None:
    """Out-of-focus points of light."""
    for _ in range(int(rng.integers(8, 26))):
        x, y = rng.uniform(0, extent[0]), rng.uniform(0, max(extent[1], 1) * 0.85)
        radius = extent[0] * rng.uniform(0.012, 0.05)
        box = (x - radius, y - radius, x + radius, y + radius)
        pen.ellipse(box, fill=_ink(hue(rng, palette), rng.uniform(0.35, 0.95)))


def _grid(rows: int, size: int) -> tuple[Array, Array]:
    y, x = np.mgrid[0:rows, 0:size].astype(np.float32)
    return y, x


def _as_image(light: Array) -> Image.Image:
    return Image.fromarray(np.clip(light * 255, 0, 255).astype(np.uint8))


def _ink(color: Colour, light: float) -> tuple[int, int, int]:
    red, green, blue = (min(int(c * light * 255), 255) for c in color)
    return red, green, blue
