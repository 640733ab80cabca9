"""The predictions of a set made again, on the bytes that people are shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stimuli.classifiers.loading import Classifier
from stimuli.engine.running.cores import count_cores, one_core_each
from stimuli.errors import UnreadableImageError
from stimuli.manifest import Prediction, Stimulus, StimulusSet
from stimuli.recipes.batches.judging import BatchScores, predict
from stimuli.sources.images import decode_png

_BATCH_SIZE = 8


@dataclass(kw_only=True)
class RepeatedPredictions:
    """What making the predictions again showed.

    Attributes:
        n_predictions: Predictions compared.
        problems: Those that differ, one sentence each.
    """

    n_predictions: int = 0
    problems: list[str] = field(default_factory=list)


def repeat_predictions(
    opened: StimulusSet,
    stimuli: Sequence[Stimulus],
    *,
    classifiers: Sequence[Classifier],
    tolerance: float,
) -> RepeatedPredictions:
    """Compare every stored prediction with a new one.

    Args:
        opened: The set.
        stimuli: Those whose bytes are sound.
        classifiers: Those of the set's recipe.
        tolerance: How far probabilities, and the margin in logits of a first
            class that changed, may move.
    """
    repeated = RepeatedPredictions()
    named = {p.classifier for s in stimuli for p in s.predictions}
    repeated.problems += [
        f"{name}: the set has its predictions, the recipe has no such classifier"
        for name in sorted(named - {classifier.name for classifier in classifiers})
    ]
    for classifier in classifiers:
        stored = {s.id: _find(s, classifier.name) for s in stimuli}
        hashes = {p.weights_sha256 for p in stored.values() if p is not None}
        if hashes - {classifier.weights_sha256}:
            repeated.problems.append(
                f"{classifier.name}: its weights are not those the set was built with"
            )
            continue
        for stimulus, scores, row in _predict_all(opened, stimuli, classifier):
            former = stored[stimulus.id]
            if former is None:
                continue
            repeated.n_predictions += 1
            difference = _differ(former, scores, row=row, tolerance=tolerance)
            if difference:
                place = f"{stimulus.file} ({stimulus.source})"
                repeated.problems.append(f"{place}: {classifier.name} {difference}")
    return repeated


def _find(stimulus: Stimulus, classifier: str) -> Prediction | None:
    found = (p for p in stimulus.predictions if p.classifier == classifier)
    return next(found, None)


def _predict_all(
    opened: StimulusSet, stimuli: Sequence[Stimulus], classifier: Classifier
) -> Iterator[tuple[Stimulus, BatchScores, int]]:
    own = threading.local()

    def work(batch: Sequence[Stimulus]) -> BatchScores:
        if not hasattr(own, "twin"):
            own.twin = classifier.copy_for_thread()
        pixels = np.stack([_load(opened, stimulus) for stimulus in batch])
        return predict(own.twin, pixels)

    starts = range(0, len(stimuli), _BATCH_SIZE)
    batches = [stimuli[start : start + _BATCH_SIZE] for start in starts]
    with one_core_each(), ThreadPoolExecutor(count_cores()) as pool:
        results = list(pool.map(work, batches))
    for batch, scores in zip(batches, results, strict=True):
        for row, stimulus in enumerate(batch):
            yield stimulus, scores, row


def _load(opened: StimulusSet, stimulus: Stimulus) -> NDArray[np.uint8]:
    try:
        return decode_png(opened.image_path(stimulus.id).read_bytes())
    except UnreadableImageError as error:
        raise UnreadableImageError(f"{stimulus.file}: {error}") from error


def _differ(
    former: Prediction, scores: BatchScores, *, row: int, tolerance: float
) -> str | None:
    new = scores.predictions[row]
    if new.classes[0] != former.classes[0] and former.margin > tolerance:
        return (
            f"now says class {new.classes[0]}, the set has {former.classes[0]} "
            f"(margin {former.margin:g})"
        )
    for class_id, probability in zip(former.classes, former.probabilities, strict=True):
        now = float(scores.probabilities[row, int(class_id)])
        if abs(now - probability) > tolerance:
            return f"gives class {class_id} {now:.4f}, the set has {probability:.4f}"
    return None
