"""What rendering takes and gives: light, view, and a picture with its shadow."""

from __future__ import annotations

from dataclasses import dataclass

from stimuli.scenes.geometry import Array


@dataclass(frozen=True, kw_only=True)
class Light:
    """One sun (or window) and the light from all around.

    Attributes:
        direction: Unit vector (3,) towards the sun.
        sun: Its linear colour.
        sky: Light from above.
        bounce: Light from the ground.
        softness: Width of shadows' edges, 0.05 (hard) to 0.5 (overcast).
    """

    direction: Array
    sun: Array
    sky: Array
    bounce: Array
    softness: float


@dataclass(frozen=True, kw_only=True)
class View:
    """From where an object is seen, and how large.

    Attributes:
        pixels_per_unit: Scale of the picture.
        pitch: Camera looking down by this angle, radians.
        yaw: Object turned about its vertical axis, radians.
        lean: Object turned in the picture plane, radians.
    """

    pixels_per_unit: float
    pitch: float
    yaw: float = 0.0
    lean: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Sprite:
    """A rendered object, to be laid over a background.

    Attributes:
        colour: Linear light, (height, width, 3).
        alpha: Coverage in [0, 1], (height, width).
        shade: Factor for the ground behind it, (height, width), 1 where lit.
        base: Row and column of the point of the ground below its centre.
    """

    colour: Array
    alpha: Array
    shade: Array
    base: tuple[float, float]
