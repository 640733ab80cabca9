"""Things of the house and of play: lamp, umbrella, key, ball, balloon, kite."""

from __future__ import annotations

import numpy as np

from stimuli.scenes.geometry import (
    Array,
    Field,
    blend,
    box,
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

_BRIGHT = ("#c9302c", "#2a62b0", "#e0b12c", "#2f8a55", "#7f3f98", "#e07a2a", "#e8e4da")
_METALS = ("#b8963e", "#a8a8ac", "#7a6a4a", "#c9a24a", "#6f7276")


def lamp(rng: np.random.Generator) -> Model:
    """A table lamp: shade, stand and foot."""
    low, top = float(rng.uniform(0.66, 0.82)), float(rng.uniform(0.36, 0.52))
    wall = 0.03
    shade = lathe(
        [(low - wall, 1.15), (low, 1.15), (top, 2.0), (top - wall, 2.0)], rounding=0.01
    )
    bulge = float(rng.uniform(0.1, 0.36))
    stand = lathe(
        curve([(0, 0.1), (0.1, 0.1), (bulge, 0.45), (0.12, 0.85), (0.05, 1.0), (0.05, 1.5), (0, 1.5)])
    )
    foot = lathe([(0, 0), (0.42, 0), (0.4, 0.07), (0.12, 0.14), (0, 0.14)], rounding=0.01)
    cloth = plain(hue(rng, ("#e6d6ae", "#e6d6ae", "#d9c9b0", "#b8502f", "#5f8f8a", "#c9b23a")), mottle=0.05)
    glow = float(rng.choice([0.1, 0.5, 1.1]))
    glaze = plain(hue(rng, ("#3f5f8a", "#8a5a34", "#b8963e", "#e0dccb", "#3a3a3e", "#5a8a6a")))
    bulb = sphere((0, 1.5, 0), 0.16)
    warm = Surface(paint=plain((1.0, 0.85, 0.55), mottle=0), glow=3 * glow)
    return Model(
        parts=(
            Part(field=shade, surface=Surface(paint=cloth, glow=glow, gloss=0.02)),
            Part(field=union(stand, foot), surface=Surface(paint=glaze, gloss=0.5)),
            Part(field=bulb, surface=warm),
        ),
        middle=1.0,
        radius=1.3,
    )


def umbrella(rng: np.random.Generator) -> Model:
    """An open umbrella with ribs, panels of one or two colours and a hooked handle."""
    wide, tall = float(rng.uniform(0.95, 1.12)), float(rng.uniform(1.75, 1.95))
    n_panels = 8
    outer = ellipsoid((0, tall - 0.72, 0), (wide, 0.74, wide))
    inner = ellipsoid((0, tall - 0.75, 0), (wide - 0.02, 0.72, wide - 0.02))
    below = box((0, tall - 1.62, 0), (2, 1.0, 2))

    def scalloped(points: Array) -> Array:
        around = np.arctan2(points[0], points[2])
        lifted = points.copy()
        lifted[1] -= 0.1 * np.abs(np.sin(around * n_panels / 2)) - 0.04
        return below(lifted)

    canopy = carve(carve(outer, inner), scalloped)
    stick = tube((0, 0.1, 0), (0, tall + 0.12, 0), radii=(0.03, 0.03))
    hook = carve(ring((0.15, 0.12, 0), major=0.15, minor=0.05), box((0.15, 0.42, 0), (0.4, 0.3, 0.3)))
    first, second = plain(hue(rng, _BRIGHT)), plain(hue(rng, _BRIGHT))

    def panel(points: Array) -> Array:
        around = np.arctan2(points[0], points[2]) / (2 * np.pi) * n_panels
        return (np.floor(around) % 2).astype(np.float32)

    def seam(points: Array) -> Array:
        around = np.arctan2(points[0], points[2]) / (2 * np.pi) * n_panels
        near = np.abs(around - np.round(around)) * np.hypot(points[0], points[2])
        return (near < 0.035).astype(np.float32) * 0.6

    cloth = mixed(first, second, where=panel) if rng.random() < 0.5 else first
    ribs = mixed(cloth, plain((0.03, 0.03, 0.03)), where=seam)
    wood = Surface(paint=plain(linear("#6b4526")), gloss=0.3)
    return Model(
        parts=(
            Part(field=canopy, surface=Surface(paint=ribs, gloss=0.12, glow=0.08)),
            Part(field=union(stick, hook), surface=wood),
        ),
        middle=1.05,
        radius=1.5,
    )


def key(rng: np.random.Generator) -> Model:
    """An old-fashioned key, bow up or to one side, leaning towards the camera."""
    loops = rng.random() < 0.45
    if loops:
        bow: Field = union(*(
            ring((0.24 * np.cos(a), 1.5 + 0.24 * np.sin(a), 0), major=0.21, minor=0.075)
            for a in (0.0, 2.1, 4.2)
        ))  # fmt: skip
    else:
        bow = ring((0, 1.5, 0), major=0.33, minor=0.09, stretch=float(rng.uniform(0.8, 1.2)))
    shaft = tube((0, 0.0, 0), (0, 1.2, 0), radii=(0.08, 0.08))
    collar = ring((0, 1.02, 0), major=0.08, minor=0.07, axis=1)
    teeth = [
        box((0.2, y, 0), (float(rng.uniform(0.14, 0.24)), 0.075, 0.05), rounding=0.02)
        for y in (0.06, 0.3, 0.5)[: 2 + int(rng.random() < 0.6)]
    ]
    plate_ = box((0.14, 0.25, 0), (0.1, 0.25, 0.04), rounding=0.02)
    turn = rotation(roll=float(rng.choice([-1.1, -0.5, 0.35, 0.9, 1.35])), pitch=-0.25)
    whole = moved(union(bow, shaft, collar, plate_, *teeth), (0, 0.95, 0), turn=turn)
    lifted = moved(whole, (0, 0, 0))
    centered = moved(union(bow, shaft, collar, plate_, *teeth), _recentre(turn), turn=turn)
    metal = plain(hue(rng, _METALS), mottle=0.18, grain=5)
    del whole, lifted
    return Model(
        parts=(Part(field=centered, surface=Surface(paint=metal, gloss=0.8, sharpness=40)),),
        middle=0.9,
        radius=1.2,
    )


def _recentre(turn: Array) -> tuple[float, float, float]:
    """Where to put a key's tip so that its middle is 0.85 above the ground."""
    middle = turn @ np.array([[0.05], [0.9], [0]], np.float32)
    return -float(middle[0, 0]), 0.85 - float(middle[1, 0]), -float(middle[2, 0])


def ball(rng: np.random.Generator) -> Model:
    """A beach ball, football or basketball."""
    turn = rotation(
        yaw=float(rng.uniform(0, 6.3)), pitch=float(rng.uniform(-0.9, 0.9)), roll=float(rng.uniform(-0.7, 0.7))
    )
    kind = int(rng.integers(3))
    skin = (_beach_ball, _football, _basketball)[kind](rng)

    def paint(points: Array) -> Array:
        offset = points - np.array([[0], [0.85], [0]], np.float32)
        return skin(turn.T @ offset)

    return Model(
        parts=(
            Part(
                field=sphere((0, 0.85, 0), 0.85),
                surface=Surface(paint=paint, gloss=(0.45, 0.2, 0.06)[kind], sharpness=40),
            ),
        ),
        middle=0.85,
        radius=0.92,
    )


def _beach_ball(rng: np.random.Generator) -> Paint:
    colors = np.asarray([hue(rng, _BRIGHT[:-1]) for _ in range(3)])
    white = np.asarray(linear("#efece2"))
    table = np.stack([colors[0], white, colors[1], white, colors[2], white])

    def paint(points: Array) -> Array:
        around = np.arctan2(points[0], points[2]) / (2 * np.pi) + 0.5
        panel = table[np.minimum((around * 6).astype(int), 5)]
        panel[np.abs(points[1]) > 0.79] = white
        return panel.astype(np.float32)

    return paint


def _football(rng: np.random.Generator) -> Paint:
    golden = (1 + np.sqrt(5)) / 2
    corners = [
        p for a in (-1, 1) for b in (-golden, golden)
        for p in ((0, a, b), (a, b, 0), (b, 0, a))
    ]  # fmt: skip
    axes = np.asarray(corners, np.float32) / np.hypot(1, golden)
    dark = np.asarray(hue(rng, ("#1c1c20", "#1c1c20", "#22407a", "#8a2420")))

    def paint(points: Array) -> Array:
        nearness = np.sort(axes @ (points / 0.85), axis=0)
        patch = step(nearness[-1], edge=0.93, width=0.02)
        # Seams lie where two white panels meet, halfway between three patches.
        seam = step(-(nearness[-1] - nearness[-2]), edge=-0.04, width=0.03) * 0.6
        share = np.maximum(patch, seam)[:, None]
        white = np.asarray(linear("#f0eee6")) * np.ones((points.shape[1], 1))
        return (white * (1 - share) + dark * share).astype(np.float32)

    return paint


def _basketball(rng: np.random.Generator) -> Paint:
    leather = plain(hue(rng, ("#c8642a", "#b5531f", "#a8582e")), mottle=0.1, grain=9)

    def lines(points: Array) -> Array:
        x, y, z = points / 0.85
        bow = np.abs(np.abs(x) - 0.5 - 0.35 * z * z)
        near = np.minimum(np.minimum(np.abs(x), np.abs(y)), bow)
        return step(-near, edge=-0.03, width=0.02)

    return mixed(leather, plain((0.02, 0.02, 0.02)), where=lines)


def balloon(rng: np.random.Generator) -> Model:
    """A party balloon with its knot and a string."""
    outline = curve(
        [(0, -0.78), (0.12, -0.72), (0.5, -0.25), (0.68, 0.3), (0.5, 0.78), (0.2, 0.95), (0, 0.97)]
    )
    skin = lathe(outline)
    knot = lathe([(0, -0.75), (0.11, -0.9), (0, -0.9)], rounding=0.015)
    sway = rng.uniform(-0.22, 0.22, 3)
    joints = [(0.0, -0.88, 0.0), (float(sway[0]), -1.3, 0.0), (float(sway[1]), -1.75, 0.0), (float(sway[2]), -2.1, 0.0)]
    string = union(*(tube(a, b, radii=(0.018, 0.018)) for a, b in zip(joints, joints[1:], strict=False)))
    rubber = plain(hue(rng, _BRIGHT), mottle=0.03)
    fields = (union(skin, knot), string)
    surfaces = (
        Surface(paint=rubber, gloss=0.7, sharpness=90, glow=0.18),
        Surface(paint=plain(linear("#d8d4c8"))),
    )
    return Model(
        parts=tuple(
            Part(field=moved(field, (0, 1.6, 0)), surface=surface)
            for field, surface in zip(fields, surfaces, strict=True)
        ),
        middle=1.02,
        radius=1.6,
        floats=True,
    )


def kite(rng: np.random.Generator) -> Model:
    """A diamond kite in two or four colours with a tail of bows."""
    sail = plate([(0, 0.85), (0.62, 0.25), (0, -0.85), (-0.62, 0.25)], half=0.015)
    spar = union(
        tube((0, 0.85, 0.02), (0, -0.85, 0.02), radii=(0.022, 0.022)),
        tube((-0.62, 0.25, 0.02), (0.62, 0.25, 0.02), radii=(0.022, 0.022)),
    )
    bend = rng.uniform(-0.3, 0.3, 3)
    joints = [(0.0, -0.85, 0.0), (float(bend[0]), -1.2, 0.0), (float(bend[1]), -1.55, 0.0), (float(bend[2]), -1.9, 0.0)]
    line = union(*(tube(a, b, radii=(0.018, 0.018)) for a, b in zip(joints, joints[1:], strict=False)))
    bows = union(*(
        ellipsoid((x + side * 0.1, y, 0), (0.11, 0.065, 0.03))
        for x, y, _ in joints[1:] for side in (-1, 1)
    ))  # fmt: skip
    colors = [plain(hue(rng, _BRIGHT), mottle=0.04) for _ in range(3)]
    halves = mixed(colors[0], colors[1], where=lambda p: step(p[0], edge=0, width=0.02))
    quarters = mixed(halves, colors[2], where=lambda p: (p[0] * (p[1] - 0.25) > 0).astype(np.float32))
    cloth = quarters if rng.random() < 0.6 else halves
    turn = rotation(roll=float(rng.uniform(-0.5, 0.5)), pitch=float(rng.uniform(-0.35, 0.1)))
    parts = ((sail, cloth, 0.2), (spar, plain(linear("#8a6a40")), 0.0), (union(line, bows), colors[2], 0.1))
    offset = (0.0, 1.5, 0.0)

    def placed(paint: Paint) -> Paint:
        return lambda points: paint(turn.T @ (points - np.array([[0], [1.5], [0]], np.float32)))

    return Model(
        parts=tuple(
            Part(field=moved(field, offset, turn=turn), surface=Surface(paint=placed(paint), glow=glow, gloss=0.05))
            for field, paint, glow in parts
        ),
        middle=1.0,
        radius=1.6,
        floats=True,
    )


def books(rng: np.random.Generator) -> Model:
    """A pile of three or four books: the companion, not a class."""
    covers, pages, height = [], [], 0.0
    for _ in range(int(rng.integers(3, 5))):
        thick, wide = float(rng.uniform(0.14, 0.22)), float(rng.uniform(0.62, 0.85))
        turn = rotation(yaw=float(rng.normal(0, 0.22)))
        middle = (0.0, height + thick, 0.0)
        cover = carve(box((0, 0, 0), (wide, thick, 0.55), rounding=0.03), box((0.12, 0, 0.1), (wide, thick - 0.045, 0.56)))
        leaves = box((-0.02, 0, 0), (wide - 0.03, thick - 0.05, 0.5))
        covers.append(Part(field=moved(cover, middle, turn=turn), surface=Surface(paint=plain(hue(rng, ("#7a2a26", "#2a4a6b", "#3f5f3a", "#a8702a", "#4a3a5a", "#1f6f73")), mottle=0.12), gloss=0.15)))
        pages.append(moved(leaves, middle, turn=turn))
        height += 2 * thick + 0.01

    def lines(points: Array) -> Array:
        return 0.5 + 0.5 * np.sin(points[1] * 90)

    paper = mixed(plain(linear("#e8dfc6")), plain(linear("#b8ab8a")), where=lines)
    return Model(
        parts=(*covers, Part(field=union(*pages), surface=Surface(paint=paper, gloss=0))),
        middle=height / 2,
        radius=1.35,
    )
