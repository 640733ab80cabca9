"""Many scenes at once: which label each gets, and drawing in parallel."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Final, Literal, get_args

import numpy as np

from stimuli.scenes.classes import CLASSES, IMAGE_SIZE, SPLITS, Split
from stimuli.scenes.composition import Scene, draw_scene
from stimuli.scenes.repainting import foreign_surface, repainted, surface_of
from stimuli.scenes.surfaces import SceneObject

Surfaces = Literal["own", "foreign", "swapped"]

_CHUNK: Final = 16


def draw_scenes(
    n: int,
    *,
    seed: int,
    split: Split,
    size: int = IMAGE_SIZE,
    workers: int = 1,
    label: int | None = None,
    surfaces: Surfaces = "own",
) -> Iterator[Scene]:
    """`n` scenes in order; every class is the label equally often.

    Scene i depends on (seed, split, i) alone, so a longer draw begins with the
    shorter one, and the number of workers changes nothing.

    Args:
        n: How many.
        seed: Any non-negative integer.
        split: "training" or "validation".
        size: Pixels on a side.
        workers: Processes that draw; 1 draws in this one.
        label: Only the draw's scenes of this class.
        surfaces: "foreign": every object in a surface that belongs to no class, the
            scene otherwise the same. "swapped": the label's object stands alone, in
            the surface of another class (`swapped_class` names it).

    Raises:
        ValueError: If the surfaces or the split is unknown or a number is out of range.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    if surfaces not in get_args(Surfaces):
        raise ValueError(
            f"surfaces must be one of {', '.join(get_args(Surfaces))}, got {surfaces!r}"
        )
    if n < 1 or seed < 0 or workers < 1:
        raise ValueError(
            "n and workers must be at least 1 and seed at least 0, "
            f"got n={n}, workers={workers}, seed={seed}"
        )
    if label is not None and not 0 <= label < len(CLASSES):
        raise ValueError(
            f"label must be a class from 0 to {len(CLASSES) - 1}, got {label}"
        )
    draw = partial(draw_one, seed=seed, split=split, size=size, surfaces=surfaces)
    step = 1 if label is None else len(CLASSES)
    indices = range(label or 0, (label or 0) + n * step, step)
    if workers == 1:
        return map(draw, indices)
    return _in_processes(draw, indices, workers=workers)


def draw_one(
    index: int,
    *,
    seed: int,
    split: Split,
    size: int = IMAGE_SIZE,
    surfaces: Surfaces = "own",
) -> Scene:
    """Scene number `index` of the draw (seed, split)."""
    key = [seed, SPLITS.index(split), index]
    # Of its own, so that shapes, places and light are those of the same scene in its
    # own surfaces.
    painting = np.random.default_rng([*key, 1])

    def in_foreign(shown: SceneObject) -> SceneObject:
        return repainted(shown, foreign_surface(painting))

    def in_swapped(shown: SceneObject) -> SceneObject:
        other = swapped_class(index, seed=seed, split=split)
        worn = CLASSES[other].draw(painting)
        return repainted(shown, surface_of(worn, by=shown))

    return draw_scene(
        np.random.default_rng(key),
        label=index % len(CLASSES),
        split=split,
        size=size,
        repaint={"own": None, "foreign": in_foreign, "swapped": in_swapped}[surfaces],
        is_alone=surfaces == "swapped",
    )


def swapped_class(index: int, *, seed: int, split: Split) -> int:
    """The class whose surface the object of scene `index` wears; never its own."""
    rng = np.random.default_rng([seed, SPLITS.index(split), index, 2])
    return (index + int(rng.integers(1, len(CLASSES)))) % len(CLASSES)


def _in_processes(
    draw: partial[Scene], indices: range, *, workers: int
) -> Iterator[Scene]:
    # "spawn": a fork would copy the locks of torch's running threads.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(draw, indices, chunksize=_CHUNK)
