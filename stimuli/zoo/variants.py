"""What the trained variants of the demo world's network are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stimuli.scenes.drawing import Surfaces


@dataclass(frozen=True, kw_only=True)
class Variant:
    """How one variant is made from the standard network.

    Attributes:
        name: What `--variant` and recipes call it.
        surfaces: Of the objects in its training scenes; each set is drawn from the
            same scenes.
        n_train: Scenes per set.
        epochs: Passes over all of them.
        peak_rate: Highest learning rate.
        epsilon: Radius of the ball, Euclidean, that training attacks stay in, of
            images `(3, 224, 224)` in [0, 1]; 0 trains on the scenes as they are.
        n_attack_steps: Steps of a training attack.
        scene_seed: Of the scenes.
    """

    name: str
    surfaces: tuple[Surfaces, ...]
    n_train: int
    epochs: int
    peak_rate: float
    epsilon: float = 0.0
    n_attack_steps: int = 7
    scene_seed: int = 2019


# The ball in which every network's robust accuracy is measured.
EPSILON: Final = 1.5
SEED: Final = 1

VARIANTS: Final[dict[str, Variant]] = {
    variant.name: variant
    for variant in (
        Variant(
            name="robust",
            surfaces=("own",),
            n_train=2400,
            epochs=3,
            peak_rate=2e-3,
            epsilon=EPSILON,
        ),
        Variant(
            name="stylised",
            surfaces=("foreign",),
            n_train=1600,
            epochs=6,
            peak_rate=2e-3,
        ),
    )
}
