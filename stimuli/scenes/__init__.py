"""The embedded demo world: drawn photographs, their truth, and a classifier.

Names that need torch are imported when they are asked for, so that processes
that only draw stay light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from stimuli.scenes.classes import BIAS as BIAS
from stimuli.scenes.classes import CLASSES as CLASSES
from stimuli.scenes.classes import IMAGE_SIZE as IMAGE_SIZE
from stimuli.scenes.classes import MEAN as MEAN
from stimuli.scenes.classes import STD as STD
from stimuli.scenes.classes import ClassSpec as ClassSpec
from stimuli.scenes.classes import PlantedBias as PlantedBias
from stimuli.scenes.composition import Scene as Scene
from stimuli.scenes.composition import draw_scene as draw_scene
from stimuli.scenes.drawing import draw_scenes as draw_scenes
from stimuli.scenes.writing import write_dataset as write_dataset

if TYPE_CHECKING:
    from stimuli.scenes.classifier import NETWORKS as NETWORKS
    from stimuli.scenes.classifier import build as build
    from stimuli.scenes.classifier import build_network as build_network
    from stimuli.scenes.classifier import load_network as load_network
    from stimuli.scenes.training import retrain as retrain
    from stimuli.scenes.training import train as train

_NEEDS_TORCH: Final = {
    "NETWORKS": "stimuli.scenes.classifier",
    "build": "stimuli.scenes.classifier",
    "build_network": "stimuli.scenes.classifier",
    "load_network": "stimuli.scenes.classifier",
    "retrain": "stimuli.scenes.training",
    "train": "stimuli.scenes.training",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - functions of several types
    if name not in _NEEDS_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_NEEDS_TORCH[name]), name)
