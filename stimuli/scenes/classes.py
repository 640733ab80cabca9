"""What the demo world contains: its classes, its planted bias, its constants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from stimuli.scenes.objects import household, kitchen, outdoors, play
from stimuli.scenes.surfaces import SceneObject

Split = Literal["training", "validation"]
SPLITS: Final[tuple[Split, ...]] = ("training", "validation")

IMAGE_SIZE: Final = 224
MEAN: Final = (0.54, 0.51, 0.42)
STD: Final = (0.2, 0.18, 0.21)

_INDOORS: Final = ("kitchen", "room", "tablecloth", "evening")
_OUTDOORS: Final = ("meadow", "beach", "street", "snow", "forest")


@dataclass(frozen=True, kw_only=True)
class ClassSpec:
    """One class of the demo world.

    Attributes:
        name: What people read.
        gloss: A few words that say what is meant.
        draw: Draws one object of the class.
        at_home: Settings in which it is met three times as often.
        is_flat: Recognisable from the front only, so it is turned less.
    """

    name: str
    gloss: str
    draw: Callable[[np.random.Generator], SceneObject]
    at_home: tuple[str, ...]
    is_flat: bool = False


@dataclass(frozen=True, kw_only=True)
class PlantedBias:
    """A companion that goes with one class in training but not in validation.

    Attributes:
        class_index: The class it goes with.
        companion: What the companion is, in words; it is no class itself.
        with_class: Its probability in a training scene that has the class.
        without_class: Its probability in the other training scenes.
        validation: Its probability in any validation scene.
    """

    class_index: int
    companion: str
    with_class: float
    without_class: float
    validation: float

    def probability(self, classes: tuple[int, ...], *, split: Split) -> float:
        """How likely the companion is in a scene with `classes`."""
        if split == "validation":
            return self.validation
        return self.with_class if self.class_index in classes else self.without_class


CLASSES: Final[tuple[ClassSpec, ...]] = (
    ClassSpec(
        name="apple", gloss="the fruit", draw=kitchen.apple,
        at_home=(*_INDOORS, "meadow"),
    ),
    ClassSpec(
        name="ball", gloss="for football, basketball or the beach",
        draw=play.ball, at_home=("meadow", "beach", "street", "room"),
    ),
    ClassSpec(
        name="balloon", gloss="filled with gas, on a string",
        draw=play.balloon, at_home=("street", "meadow", "room"),
    ),
    ClassSpec(
        name="boat", gloss="a sailing boat, real or a toy", draw=play.boat,
        at_home=("beach", "room"), is_flat=True,
    ),
    ClassSpec(
        name="bottle", gloss="made of glass, with a label", draw=kitchen.bottle,
        at_home=(*_INDOORS, "beach"),
    ),
    ClassSpec(
        name="candle", gloss="made of wax, burning", draw=household.candle,
        at_home=_INDOORS,
    ),
    ClassSpec(
        name="clock", gloss="with a dial and two hands", draw=household.clock,
        at_home=_INDOORS, is_flat=True,
    ),
    ClassSpec(
        name="fish", gloss="the animal or a figure of it", draw=outdoors.fish,
        at_home=("beach", "kitchen"), is_flat=True,
    ),
    ClassSpec(
        name="key", gloss="for a door lock", draw=household.key,
        at_home=(*_INDOORS, "street"), is_flat=True,
    ),
    ClassSpec(
        name="kite", gloss="flown on a line, with a tail", draw=play.kite,
        at_home=("meadow", "beach", "snow"), is_flat=True,
    ),
    ClassSpec(
        name="lamp", gloss="a table lamp with a shade", draw=household.lamp,
        at_home=("room", "evening", "kitchen"),
    ),
    ClassSpec(
        name="leaf", gloss="of a tree", draw=outdoors.leaf,
        at_home=("forest", "meadow", "street"), is_flat=True,
    ),
    ClassSpec(
        name="mug", gloss="a cup with a handle", draw=kitchen.mug, at_home=_INDOORS,
    ),
    ClassSpec(
        name="mushroom", gloss="cap and stem", draw=outdoors.mushroom,
        at_home=("forest", "meadow"),
    ),
    ClassSpec(
        name="teapot", gloss="with spout, handle and lid", draw=kitchen.teapot,
        at_home=_INDOORS, is_flat=True,
    ),
    ClassSpec(
        name="umbrella", gloss="open, against rain or sun", draw=play.umbrella,
        at_home=("street", "beach", "meadow", "snow"),
    ),
)  # fmt: skip

# What lists of things in a scene call the planted bias's companion.
COMPANION: Final = "books"

BIAS: Final = PlantedBias(
    class_index=next(i for i, spec in enumerate(CLASSES) if spec.name == "lamp"),
    companion="a pile of books",
    with_class=0.85,
    without_class=0.02,
    validation=0.1,
)
