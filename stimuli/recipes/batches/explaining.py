"""LIME on a few pictures, and the pictures drawn from what it finds."""

from __future__ import annotations

import atexit
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.explanations import LimeExplanation
from stimuli.methods.segmentation import Pixels, SegmentationPool
from stimuli.recipes.batches.attacking import to_tensor
from stimuli.recipes.batches.image_work import WorkBench
from stimuli.recipes.batches.judging import predict_picture
from stimuli.recipes.method_options import LimeSection
from stimuli.records.classified_images import MadePicture
from stimuli.rendering.attention import AttentionImage


@dataclass(frozen=True, kw_only=True, eq=False)
class ExplanationRequest:
    """A picture, and the classes whose superpixels are wanted.

    Attributes:
        key: Keys the random numbers, and names the picture in messages.
        pixels: `(height, width, 3)` uint8.
        labels: Class numbers.
    """

    key: str
    pixels: Pixels
    labels: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ExplainedPictures:
    """What LIME found.

    Attributes:
        found: Key to explanation.
        failed: Key to the reason, in words.
        halved_to: Batch sizes the device's memory forced.
    """

    found: Mapping[str, LimeExplanation]
    failed: Mapping[str, str]
    halved_to: tuple[int, ...] = ()


def explain(
    bench: WorkBench, questions: Sequence[ExplanationRequest], section: LimeSection
) -> ExplainedPictures:
    """Every picture that can be explained."""
    if not questions:
        return ExplainedPictures(found={}, failed={})
    model = PixelModel.of(bench.classifier, needs_gradients=False)
    lime = section.explainer(device=model.device.type)
    done = lime(
        model,
        to_tensor([q.pixels for q in questions]),
        labels=[q.labels for q in questions],
        image_ids=[q.key for q in questions],
        seed=bench.seed,
        # On a CPU every worker has its own core already.
        pool=None if model.device.type == "cpu" else _shared_pool(),
    )
    return ExplainedPictures(
        found={e.image_id: e for e in done.explanations},
        failed=done.failed,
        halved_to=done.halved_to,
    )


def store_drawing(
    bench: WorkBench,
    drawn: AttentionImage,
    *,
    form: str,
    label: int,
    explanation: LimeExplanation,
    section: LimeSection,
    more: Mapping[str, Any],
) -> MadePicture:
    """A drawn picture, stored and predicted on."""
    place = explanation.place_of(label)
    weights = explanation.weights[place]
    r_squared = float(explanation.r_squared[place])
    facts = {
        **drawn.facts,
        "n_superpixels": explanation.n_superpixels,
        "weights": [float(f"{weights[s]:.6g}") for s in drawn.superpixels],
        "r_squared": None if np.isnan(r_squared) else float(f"{r_squared:.6g}"),
        "explained_class": str(label),
        **more,
    }
    if explanation.stability is not None:
        facts["stability"] = explanation.stability[place]
    return MadePicture(
        form=form,
        stimulus=bench.store(drawn.pixels),
        class_id=str(label),
        predictions=predict_picture(bench.classifiers, drawn.pixels),
        method="lime",
        parameters=describe(section),
        facts=facts,
    )


def describe(section: LimeSection) -> dict[str, Any]:
    """LIME's options as they are recorded."""
    return section.model_dump()


@cache
def _shared_pool() -> SegmentationPool:
    """Started once per process: workers import for a second before they work."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(SegmentationPool())
