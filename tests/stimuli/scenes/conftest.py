"""One validation draw, shared: drawing is what costs time here."""

import pytest

from stimuli.scenes.composition import Scene
from stimuli.scenes.drawing import draw_scenes
from stimuli.scenes.training import VALIDATION_SEED

N_SCENES = 64


@pytest.fixture(scope="session")
def validation_scenes() -> list[Scene]:
    """The first 64 of the scenes on which the stated accuracy was measured."""
    drawn = draw_scenes(N_SCENES, seed=VALIDATION_SEED, split="validation", workers=2)
    return list(drawn)
