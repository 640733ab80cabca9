"""One scene: objects placed on a ground, lit, hidden in part, photographed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from stimuli.scenes.camera import Camera
from stimuli.scenes.classes import BIAS, CLASSES, IMAGE_SIZE, ClassSpec, Split
from stimuli.scenes.foreground import draw_foreground
from stimuli.scenes.geometry import Array
from stimuli.scenes.objects.household import books
from stimuli.scenes.photography import develop
from stimuli.scenes.raymarch import render
from stimuli.scenes.sprites import Light, Sprite, View
from stimuli.scenes.surfaces import SceneObject
from stimuli.scenes.surroundings import SETTINGS, Setting, draw_light

MIN_VISIBLE: Final = 0.3  # share of an object that must show for it to be present
_MAX_TRIES: Final = 20
_N_OBJECTS: Final = (0.56, 0.32, 0.12)  # probability of one, two, three


Repaint = Callable[[SceneObject], SceneObject]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A finished picture and the truth about it.

    Attributes:
        pixels: 8-bit RGB, (size, size, 3).
        label: Index of the class that the data set calls right.
        present: Sorted indices of the classes with at least `MIN_VISIBLE` to
            be seen; the label is one of them.
        visible: Class index to the share of the object that shows, for every
            object placed, also the hidden ones.
        setting: Name of the surroundings.
        has_companion: Whether the planted bias's companion was placed.
        mask: How much of each pixel the label's object fills as it is seen, 0 to
            255, (size, size).
    """

    pixels: npt.NDArray[np.uint8]
    label: int
    present: tuple[int, ...]
    visible: dict[int, float]
    setting: str
    has_companion: bool
    mask: npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A sprite in the picture's own pixels.

    Attributes:
        colour: Linear light, (size, size, 3).
        alpha: Coverage, (size, size).
        shade: Factor for what lies behind, (size, size).
        area: Coverage of the whole object in pixels, also outside the picture.
    """

    colour: Array
    alpha: Array
    shade: Array
    area: float


def draw_scene(
    rng: np.random.Generator,
    *,
    label: int,
    split: Split,
    size: int = IMAGE_SIZE,
    repaint: Repaint | None = None,
    is_alone: bool = False,
) -> Scene:
    """A scene in which class `label` is present.

    Args:
        rng: Source of everything that varies.
        label: Class index; other objects are drawn at random beside it.
        split: Decides how often the planted bias's companion appears.
        size: Pixels on a side.
        repaint: Gives each object another surface; draws nothing from `rng`, so the
            scene is the same but for that.
        is_alone: No other object, nor the bias's companion, is placed.

    Raises:
        RuntimeError: If the label stayed hidden in every attempt.
    """
    for _ in range(_MAX_TRIES):
        scene = _compose(
            rng, label=label, split=split, size=size, repaint=repaint, is_alone=is_alone
        )
        if label in scene.present:
            return scene
    raise RuntimeError(
        f"class {CLASSES[label].name} was hidden in {_MAX_TRIES} attempts in a row; "
        "this has a probability below 1e-9, so the placement must be broken"
    )


def visible_shares(layers: Sequence[Layer], cover: Array) -> list[float]:
    """Share of each object that shows, layers from far to near.

    Args:
        layers: The objects; a later one hides an earlier one.
        cover: Coverage by the foreground, (size, size).
    """
    free = 1 - cover
    shares = []
    for layer in reversed(layers):
        shares.append(float((layer.alpha * free).sum()) / max(layer.area, 1e-6))
        free = free * (1 - layer.alpha)
    return shares[::-1]


def _compose(
    rng: np.random.Generator,
    *,
    label: int,
    split: Split,
    size: int,
    repaint: Repaint | None,
    is_alone: bool,
) -> Scene:
    setting = _draw_setting(CLASSES[label], rng)
    classes = (label,) if is_alone else _draw_classes(label, setting, rng)
    has_companion = not is_alone and bool(
        rng.random() < BIAS.probability(classes, split=split)
    )
    camera = setting.draw_camera(rng, size=size, n_objects=len(classes))
    light = draw_light(setting, rng)
    named, layers = _place(
        classes, has_companion, camera, light=light, rng=rng, repaint=repaint
    )
    picture = setting.paint(camera, light, rng=rng)
    for layer in layers:
        cover = layer.alpha[..., None]
        picture = picture * layer.shade[..., None]
        picture = picture * (1 - cover) + layer.colour * cover
    front = draw_foreground(setting, size, rng=rng)
    picture = (
        picture * (1 - front.alpha[..., None]) + front.colour * front.alpha[..., None]
    )
    shares = visible_shares(layers, front.alpha)
    visible = {c: s for c, s in zip(named, shares, strict=True) if c is not None}
    return Scene(
        pixels=develop(picture, rng=rng),
        label=label,
        present=tuple(sorted(c for c, s in visible.items() if s >= MIN_VISIBLE)),
        visible=visible,
        setting=setting.name,
        has_companion=has_companion,
        mask=_mask_of(label, named, layers, cover=front.alpha),
    )


def _mask_of(
    label: int, named: Sequence[int | None], layers: Sequence[Layer], *, cover: Array
) -> npt.NDArray[np.uint8]:
    """What shows of the label's object, layers from far to near."""
    place = named.index(label)
    seen = layers[place].alpha * (1 - cover)
    for nearer in layers[place + 1 :]:
        seen = seen * (1 - nearer.alpha)
    mask: npt.NDArray[np.uint8] = np.rint(seen * 255).astype(np.uint8)
    return mask


def _draw_setting(spec: ClassSpec, rng: np.random.Generator) -> Setting:
    weights = np.array([_affinity(spec, setting) for setting in SETTINGS])
    return SETTINGS[int(rng.choice(len(SETTINGS), p=weights / weights.sum()))]


def _draw_classes(
    label: int, setting: Setting, rng: np.random.Generator
) -> tuple[int, ...]:
    """The label and up to two other classes, in random order."""
    n_others = int(rng.choice(3, p=_N_OBJECTS))
    weights = np.array([_affinity(spec, setting) for spec in CLASSES])
    weights[label] = 0
    others = rng.choice(
        len(CLASSES), n_others, replace=False, p=weights / weights.sum()
    )
    return tuple(int(c) for c in rng.permutation([label, *others]))


def _affinity(spec: ClassSpec, setting: Setting) -> float:
    return 3.0 if setting.name in spec.at_home else 1.0


def _place(
    classes: tuple[int, ...],
    has_companion: bool,
    camera: Camera,
    *,
    light: Light,
    rng: np.random.Generator,
    repaint: Repaint | None,
) -> tuple[list[int | None], list[Layer]]:
    """Class (None for the companion) and layer of everything, far to near."""
    things: list[int | None] = [*classes]
    if has_companion:
        things.insert(int(rng.integers(len(things) + 1)), None)
    columns = _columns(len(things), rng)
    rows = rng.uniform(camera.edge + 0.3 * (1 - camera.edge), 0.93, len(things))
    named, layers = [], []
    for i in np.argsort(rows):
        thing = things[i]
        shown = books(rng) if thing is None else CLASSES[thing].draw(rng)
        if repaint is not None:
            shown = repaint(shown)
        view = _draw_view(thing, shown, camera, row=float(rows[i]), rng=rng)
        sprite = render(shown, view, light=light)
        row = float(rows[i])
        if shown.floats:
            middle = float(rng.uniform(0.3, 0.5))
            row = (
                middle
                + shown.middle * view.pixels_per_unit * np.cos(view.pitch) / camera.size
            )
        layers.append(
            lay(sprite, (row * camera.size, columns[i] * camera.size), camera)
        )
        named.append(thing)
    return named, layers


def _columns(n: int, rng: np.random.Generator) -> Array:
    """Where n things stand, as shares of the width; neighbours may overlap."""
    spread = {1: 0.0, 2: 0.36, 3: 0.5, 4: 0.62}[n]
    middles = 0.5 + (np.arange(n) - (n - 1) / 2) * (spread / max(n - 1, 1))
    jitter = 0.15 if n == 1 else 0.08
    columns: Array = middles + rng.normal(0, jitter, n).clip(-2 * jitter, 2 * jitter)
    return columns


def _draw_view(
    thing: int | None,
    shown: SceneObject,
    camera: Camera,
    *,
    row: float,
    rng: np.random.Generator,
) -> View:
    turned = 0.45 if thing is None or CLASSES[thing].is_flat else 1.1
    scale = float(camera.pixels_per_unit(row)) * float(rng.uniform(0.75, 1.2))
    if shown.floats:
        scale = camera.scale * camera.size * float(rng.uniform(0.7, 1.1))
    lowest, highest = 0.09 * camera.size, 0.34 * camera.size
    yaw = float(rng.uniform(-turned, turned))
    if thing is not None and CLASSES[thing].is_flat and rng.random() < 0.5:
        yaw += 0.0 if CLASSES[thing].name in ("clock", "key") else np.pi
    return View(
        pixels_per_unit=min(max(scale, lowest), highest),
        pitch=max(camera.pitch, 0.16),
        yaw=yaw,
        lean=float(rng.normal(0, 0.06)),
    )


def lay(sprite: Sprite, at: tuple[float, float], camera: Camera) -> Layer:
    """`sprite` with its base at row and column `at` of the picture."""
    size = camera.size
    top, left = round(at[0] - sprite.base[0]), round(at[1] - sprite.base[1])
    height, width = sprite.alpha.shape
    inside = (
        slice(max(top, 0), min(top + height, size)),
        slice(max(left, 0), min(left + width, size)),
    )
    source = (
        slice(inside[0].start - top, max(inside[0].stop - top, 0)),
        slice(inside[1].start - left, max(inside[1].stop - left, 0)),
    )
    colour = np.zeros((size, size, 3), np.float32)
    alpha, shade = np.zeros((size, size), np.float32), np.ones((size, size), np.float32)
    colour[inside], alpha[inside] = sprite.colour[source], sprite.alpha[source]
    shade[inside] = sprite.shade[source]
    shade[: camera.edge_row] = 1  # a shadow does not climb the backdrop
    return Layer(
        colour=colour, alpha=alpha, shade=shade, area=float(sprite.alpha.sum())
    )
