"""A batch of images: read, cut, predicted on, and stored if they are to be shown."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stimuli.classifiers.batching import Batches
from stimuli.classifiers.loading import Classifier
from stimuli.errors import BuildError, UnreadableImageError
from stimuli.files.images import MOST_PIXELS
from stimuli.manifest import Prediction
from stimuli.recipes.batches.image_work import (
    ImagesWorkedOn,
    ImageWork,
    JudgedImage,
    WorkBench,
)
from stimuli.records.classes import ClassList
from stimuli.records.classified_images import N_TOP, ClassifiedImage, UnreadableImage
from stimuli.records.seeds import rng_for
from stimuli.records.storage import Disk
from stimuli.sources.datasets import Source
from stimuli.sources.images import CroppedImage, Display, encode_png, read_picture

# Errors that would list every image as unreadable, one after the other.
_MACHINE_ERRORS: Final = frozenset(
    {errno.ENOENT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE}
    | {errno.ENODEV, errno.ENOTCONN, errno.EHOSTDOWN, errno.ETIMEDOUT}
)

# Enough for five classes of a display and a few that are dropped later.
_N_FAR: Final = 12


@dataclass(frozen=True, kw_only=True)
class BatchScores:
    """What one classifier says of a batch.

    Attributes:
        predictions: One per image.
        probabilities: `(n, n_classes)` float64.
        halved_to: Batch sizes the device's memory forced.
    """

    predictions: list[Prediction]
    probabilities: NDArray[np.float64]
    halved_to: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Turns sources into results, one batch at a time.

    Attributes:
        classifiers: In the recipe's order.
        classes: What they can name.
        display: The crop.
        seed: The recipe's seed.
        max_probability: A class is far below this under every classifier.
        eased_probability: Below this where few classes are that far; None for no
            easier limit.
        is_shown: Whether an image certainly becomes a stimulus.
        images: Folder for the stored crops.
        disk: How they are written.
        image_work: The recipe's own work, where it has some.
        work: What it is done on.
        relevant: Source to class ids that people found in it by hand.
        most_pixels: Width times height of an image that are read at most.
        masks: Folder of the objects' masks, named as their images are.
    """

    classifiers: Sequence[Classifier]
    classes: ClassList
    display: Display
    seed: int
    max_probability: float
    is_shown: Callable[[ClassifiedImage], bool]
    images: Path
    disk: Disk
    image_work: ImageWork | None = None
    work: ImagesWorkedOn = field(default_factory=ImagesWorkedOn)
    relevant: Mapping[str, frozenset[str]] = field(default_factory=dict)
    eased_probability: float | None = None
    most_pixels: int = MOST_PIXELS
    masks: Path | None = None

    def copy_for_thread(self) -> Judge:
        """A twin whose modules no other thread calls."""
        return replace(
            self, classifiers=[c.copy_for_thread() for c in self.classifiers]
        )

    def judge(
        self, sources: Sequence[Source]
    ) -> list[ClassifiedImage | UnreadableImage]:
        """Results in the order of `sources`.

        Raises:
            ClassifierError: If a classifier's output makes no sense.
            BuildError: If a crop cannot be stored, or a file not be reached.
        """
        read = [self._read(source) for source in sources]
        pictures = [picture for picture in read if isinstance(picture, CroppedImage)]
        if not pictures:
            return [result for result in read if isinstance(result, UnreadableImage)]
        known = [
            source
            for source, picture in zip(sources, read, strict=True)
            if isinstance(picture, CroppedImage)
        ]
        judged = iter(self._judge(known, pictures))
        return [r if isinstance(r, UnreadableImage) else next(judged) for r in read]

    def _judge(
        self, sources: Sequence[Source], pictures: Sequence[CroppedImage]
    ) -> list[ClassifiedImage]:
        pixels = np.stack([picture.pixels for picture in pictures])
        scores = [predict(classifier, pixels) for classifier in self.classifiers]
        highest = np.max([score.probabilities for score in scores], axis=0)
        halved_to = tuple(size for score in scores for size in score.halved_to)
        judged = []
        for row, (source, picture) in enumerate(zip(sources, pictures, strict=True)):
            predictions = tuple(s.predictions[row] for s in scores)
            seen = self._note(source, picture, predictions)
            seen = self._draw_absent(seen, highest[row])
            seen = self._store(seen, picture)
            judged.append(replace(seen, halved_to=halved_to))
        return self._work_on_images(judged, pictures, scores[0])

    def _work_on_images(
        self,
        judged: list[ClassifiedImage],
        pictures: Sequence[CroppedImage],
        scores: BatchScores,
    ) -> list[ClassifiedImage]:
        rows = [row for row, seen in enumerate(judged) if seen.source in self.work]
        if self.image_work is None or not rows:
            return judged
        bench = WorkBench(
            classifiers=self.classifiers,
            classes=self.classes,
            seed=self.seed,
            aside=self.work.aside,
            store=self.keep,
        )
        subjects = [
            JudgedImage(
                seen=judged[row],
                pixels=pictures[row].pixels,
                probabilities=scores.probabilities[row],
                mask=self._read_mask(judged[row].source),
            )
            for row in rows
        ]
        done = self.image_work(bench, subjects)
        for row, seen in zip(rows, done, strict=True):
            judged[row] = seen
        return judged

    def store(self, source: Source, seen: ClassifiedImage) -> str:
        """Store a crop that was judged before; returns its stimulus id.

        Raises:
            BuildError: If the source is no longer what was judged.
        """
        picture = self._read(source)
        if isinstance(picture, UnreadableImage) or _hash(picture) != seen.pixels_sha256:
            raise BuildError(
                f"{source.name} changed while the set was being built; start afresh "
                "with --fresh"
            )
        return self.keep(picture.pixels)

    def _read(self, source: Source) -> CroppedImage | UnreadableImage:
        try:
            return read_picture(source.path, self.display, most_pixels=self.most_pixels)
        except UnreadableImageError as error:
            if _is_of_the_machine(error.__cause__):
                raise BuildError(
                    f"{source.path}, which was there when the build began, cannot be "
                    f"reached: {error}; no image is to blame for that: mend it and run "
                    "the same command again, finished shards are kept"
                ) from error
            return UnreadableImage(source=source.name, reason=str(error))

    def _read_mask(self, source: str) -> NDArray[np.float64] | None:
        """Cut as its image is.

        Raises:
            BuildError: If there is none, or it cannot be read.
        """
        if self.masks is None:
            return None
        path = self.masks / source
        try:
            read = read_picture(path, self.display, most_pixels=self.most_pixels)
        except UnreadableImageError as error:
            raise BuildError(
                f"{path}: no mask of {source} can be read there: {error}; give one "
                "for every image, or leave out recipe.masks"
            ) from error
        mask: NDArray[np.float64] = read.pixels.mean(axis=2) / 255
        return mask

    def _note(
        self, source: Source, picture: CroppedImage, predictions: tuple[Prediction, ...]
    ) -> ClassifiedImage:
        return ClassifiedImage(
            source=source.name,
            source_sha256=picture.source_sha256,
            pixels_sha256=_hash(picture),
            label=source.label,
            present=source.present,
            also=source.also,
            predictions=predictions,
            far=(),
            notes=picture.notes,
            shorter_side=picture.shorter_side,
            is_flat=picture.is_flat,
        )

    def _draw_absent(
        self, seen: ClassifiedImage, highest: NDArray[np.float64]
    ) -> ClassifiedImage:
        """With classes that a person should find absent, in random order.

        Args:
            seen: The image.
            highest: `(n_classes,)` the most that any classifier gives each.
        """
        free = self._unnamed(seen)
        is_far = free & (highest < self.max_probability)
        far = self._draw(seen, is_far, purpose="far")
        if self.eased_probability is None or len(far) > N_TOP:
            return replace(seen, far=far)
        is_spare = free & ~is_far & (highest < self.eased_probability)
        spare = self._draw(seen, is_spare, purpose="spare")
        return replace(seen, far=far, spare=spare)

    def _unnamed(self, seen: ClassifiedImage) -> NDArray[np.bool_]:
        """Classes that nobody names for the image."""
        free = np.ones(len(self.classes), dtype=np.bool_)
        by_hand = self.relevant.get(seen.source, frozenset())
        named = {seen.label, *(seen.present or ()), *by_hand} - {None}
        # Of few classes the most probable five are all there are.
        n_named = min(N_TOP, max(1, len(self.classes) - N_TOP))
        for prediction in seen.predictions:
            named.update(prediction.classes[:n_named])
        for class_id in named:
            free[[int(other) for other in self.classes.same_kind(str(class_id))]] = 0
        return free

    def _draw(
        self, seen: ClassifiedImage, allowed: NDArray[np.bool_], *, purpose: str
    ) -> tuple[str, ...]:
        rng = rng_for(self.seed, purpose, seen.source)
        chosen = rng.permutation(np.flatnonzero(allowed))[:_N_FAR]
        return tuple(str(index) for index in chosen)

    def _store(self, seen: ClassifiedImage, picture: CroppedImage) -> ClassifiedImage:
        return (
            replace(seen, stimulus=self.keep(picture.pixels))
            if self.is_shown(seen)
            else seen
        )

    def keep(self, pixels: NDArray[np.uint8]) -> str:
        """Store a picture; returns its stimulus id."""
        blob = encode_png(pixels)
        stimulus_id = hashlib.sha256(blob).hexdigest()
        self.disk.write(self.images / f"{stimulus_id}.png", blob)
        return stimulus_id


def predict(classifier: Classifier, pixels: NDArray[np.uint8]) -> BatchScores:
    """One classifier on one batch.

    Args:
        classifier: Any.
        pixels: `(n, height, width, 3)` uint8, the bytes shown.
    """
    batches = Batches(len(pixels))
    parts: list[NDArray[np.float32]] = []
    batches.run(len(pixels), lambda a, b: parts.append(classifier.logits(pixels[a:b])))
    logits = np.concatenate(parts).astype(np.float64)
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
    return BatchScores(
        predictions=predictions,
        probabilities=probabilities,
        halved_to=tuple(batches.halved_to),
    )


def predict_picture(
    classifiers: Sequence[Classifier], pixels: NDArray[np.uint8]
) -> tuple[Prediction, ...]:
    """What every classifier says of one picture `(height, width, 3)`."""
    return tuple(predict(c, pixels[None]).predictions[0] for c in classifiers)


def _is_of_the_machine(cause: BaseException | None) -> bool:
    """Whether a file could not be reached, whatever it holds."""
    return isinstance(cause, OSError) and cause.errno in _MACHINE_ERRORS


def _hash(picture: CroppedImage) -> str:
    return hashlib.sha256(np.ascontiguousarray(picture.pixels).tobytes()).hexdigest()


def _short(number: float) -> float:
    """Six figures: more would be noise between machines."""
    return float(f"{number:.6g}")
