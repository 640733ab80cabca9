"""A batch of images: read, cut, predicted on, and stored if they are to be shown."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stimuli.classes import ClassList
from stimuli.classifiers import Classifier
from stimuli.datasets import Source
from stimuli.errors import BuildError, UnreadableImageError
from stimuli.findings import N_TOP, Seen, Unreadable
from stimuli.images import Display, Picture, encode_png, read_picture
from stimuli.manifest import Prediction
from stimuli.seeds import rng_for
from stimuli.storage import Disk

# Enough for five classes of a display and a few that are dropped later.
_N_FAR: Final = 12


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What one classifier says of a batch.

    Attributes:
        predictions: One per image.
        probabilities: `(n, n_classes)` float64.
    """

    predictions: list[Prediction]
    probabilities: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Turns sources into results, one batch at a time.

    Attributes:
        classifiers: In the recipe's order.
        classes: What they can name.
        display: The crop.
        seed: The recipe's seed.
        max_probability: A class is far below this under every classifier.
        is_shown: Whether an image certainly becomes a stimulus.
        images: Folder for the stored crops.
        disk: How they are written.
    """

    classifiers: Sequence[Classifier]
    classes: ClassList
    display: Display
    seed: int
    max_probability: float
    is_shown: Callable[[Seen], bool]
    images: Path
    disk: Disk

    def copy_for_thread(self) -> Judge:
        """A twin whose modules no other thread calls."""
        return replace(
            self, classifiers=[c.copy_for_thread() for c in self.classifiers]
        )

    def judge(self, sources: Sequence[Source]) -> list[Seen | Unreadable]:
        """Results in the order of `sources`.

        Raises:
            ClassifierError: If a classifier's output makes no sense.
            BuildError: If a crop cannot be stored.
        """
        read = [self._read(source) for source in sources]
        pictures = [picture for picture in read if isinstance(picture, Picture)]
        if not pictures:
            return [result for result in read if isinstance(result, Unreadable)]
        pixels = np.stack([picture.pixels for picture in pictures])
        scores = [predict(classifier, pixels) for classifier in self.classifiers]
        is_far = _far_classes(scores, self.max_probability)
        results: list[Seen | Unreadable] = []
        position = 0
        for source, picture in zip(sources, read, strict=True):
            if isinstance(picture, Unreadable):
                results.append(picture)
                continue
            predictions = tuple(s.predictions[position] for s in scores)
            seen = self._note(source, picture, predictions)
            seen = replace(seen, far=self._draw_far(seen, is_far[position]))
            results.append(self._store(seen, picture))
            position += 1
        return results

    def store(self, source: Source, seen: Seen) -> str:
        """Store a crop that was judged before; returns its stimulus id.

        Raises:
            BuildError: If the source is no longer what was judged.
        """
        picture = self._read(source)
        if isinstance(picture, Unreadable) or _hash(picture) != seen.pixels_sha256:
            raise BuildError(
                f"{source.name} changed while the set was being built; start afresh "
                "with --fresh"
            )
        return self._write(picture)

    def _read(self, source: Source) -> Picture | Unreadable:
        try:
            return read_picture(source.path, self.display)
        except UnreadableImageError as error:
            return Unreadable(source=source.name, reason=str(error))

    def _note(
        self, source: Source, picture: Picture, predictions: tuple[Prediction, ...]
    ) -> Seen:
        return Seen(
            source=source.name,
            source_sha256=picture.source_sha256,
            pixels_sha256=_hash(picture),
            label=source.label,
            present=source.present,
            predictions=predictions,
            far=(),
            notes=picture.notes,
        )

    def _draw_far(self, seen: Seen, is_far: NDArray[np.bool_]) -> tuple[str, ...]:
        """Classes that a person should find absent, in random order."""
        allowed = is_far.copy()
        named = {seen.label, *(seen.present or ())} - {None}
        for prediction in seen.predictions:
            named.update(prediction.classes)
        for class_id in named:
            allowed[[int(other) for other in self.classes.same_kind(str(class_id))]] = 0
        candidates = np.flatnonzero(allowed)
        rng = rng_for(self.seed, "far", seen.source)
        chosen = rng.permutation(candidates)[:_N_FAR]
        return tuple(str(index) for index in chosen)

    def _store(self, seen: Seen, picture: Picture) -> Seen:
        return (
            replace(seen, stimulus=self._write(picture))
            if self.is_shown(seen)
            else seen
        )

    def _write(self, picture: Picture) -> str:
        blob = encode_png(picture.pixels)
        stimulus_id = hashlib.sha256(blob).hexdigest()
        self.disk.write(self.images / f"{stimulus_id}.png", blob)
        return stimulus_id


def predict(classifier: Classifier, pixels: NDArray[np.uint8]) -> Scores:
    """One classifier on one batch.

    Args:
        classifier: Any.
        pixels: `(n, height, width, 3)` uint8, the bytes shown.
    """
    logits = classifier.logits(pixels).astype(np.float64)
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    # Stable, so that of equal logits the lower class comes first.
    order = np.argsort(-logits, axis=1, kind="stable")[:, :N_TOP]
    predictions = [
        Prediction(
            classifier=classifier.name,
            weights_sha256=classifier.weights_sha256,
            classes=tuple(str(index) for index in top),
            probabilities=tuple(_short(p) for p in probability[top]),
            margin=_short(row[top[0]] - row[top[1]]),
        )
        for row, probability, top in zip(logits, probabilities, order, strict=True)
    ]
    return Scores(predictions=predictions, probabilities=probabilities)


def _far_classes(scores: Sequence[Scores], limit: float) -> NDArray[np.bool_]:
    highest = np.max([score.probabilities for score in scores], axis=0)
    is_far: NDArray[np.bool_] = highest < limit
    return is_far


def _hash(picture: Picture) -> str:
    return hashlib.sha256(np.ascontiguousarray(picture.pixels).tobytes()).hexdigest()


def _short(number: float) -> float:
    """Six figures: more would be noise between machines."""
    return float(f"{number:.6g}")
