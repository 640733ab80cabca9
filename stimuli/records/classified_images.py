"""Images that could be read, with what every classifier said of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from stimuli.manifest import Prediction
from stimuli.records.classes import ClassList

N_TOP: Final = 5


@dataclass(frozen=True, kw_only=True)
class MadePicture:
    """A picture made from an image, stored already.

    Attributes:
        form: What it is, for example "adversarial" or "attention".
        stimulus: Id of its bytes.
        class_id: The class that a trial with it asks about.
        predictions: One per classifier, on the decoded bytes.
        method: How it was made.
        parameters: The method's parameters.
        facts: What the method found out.
    """

    form: str
    stimulus: str
    class_id: str
    predictions: tuple[Prediction, ...]
    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ClassifiedImage:
    """One image that could be read, and what every classifier said.

    Attributes:
        source: Path inside the data set.
        source_sha256: Hash of the file.
        pixels_sha256: Hash of the crop's pixels, to recognise them later.
        label: Class id; None if unlabelled.
        present: Class ids in the image; None where nothing is known.
        also: Other things in the image, by name; no classes.
        predictions: One per classifier, in the recipe's order.
        far: A few classes drawn from those improbable under every classifier.
        spare: Others that are less improbable, drawn where those are few.
        notes: What reading had to convert.
        shorter_side: Of the source image, in pixels; 0 where that is not known.
        is_flat: Whether the crop has next to no contrast.
        stimulus: Id of the stored crop; None if it was not stored at once.
        made: Pictures made from it.
        facts: What the recipe's own work found out about it.
        features: A layer's response, float32 as base64; empty if not asked for.
        troubles: What could not be made of it, and why.
        halved_to: Batch sizes the device's memory forced.
    """

    source: str
    source_sha256: str
    pixels_sha256: str
    label: str | None
    present: tuple[str, ...] | None
    predictions: tuple[Prediction, ...]
    far: tuple[str, ...]
    spare: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    shorter_side: int = 0
    is_flat: bool = False
    stimulus: str | None = None
    made: tuple[MadePicture, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    features: str = ""
    troubles: tuple[str, ...] = ()
    halved_to: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UnreadableImage:
    """One image that could not be read."""

    source: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ClassifiedImages:
    """What the classifiers said of every image: what a recipe chooses its trials from.

    Attributes:
        seen: Every readable image, sorted by source.
        classes: What the classifiers can name.
        classifiers: Their names, in the recipe's order.
        seed: The recipe's seed.
    """

    seen: Sequence[ClassifiedImage]
    classes: ClassList
    classifiers: tuple[str, ...]
    seed: int

    def is_right(self, seen: ClassifiedImage, position: int) -> bool:
        """Whether classifier number `position` has the label, or its group, first."""
        return self._hits(seen, seen.predictions[position].classes[:1])

    def is_right_in_top5(self, seen: ClassifiedImage, position: int) -> bool:
        """Whether the label, or its group, is among the five most probable."""
        return self._hits(seen, seen.predictions[position].classes[:N_TOP])

    def _hits(self, seen: ClassifiedImage, predicted: Iterable[str]) -> bool:
        label = seen.label
        return label is not None and any(
            self.classes.is_right(class_id, label) for class_id in predicted
        )


def to_json(results: Iterable[ClassifiedImage | UnreadableImage]) -> str:
    """One shard's results."""
    return json.dumps([_to_raw(result) for result in results], separators=(",", ":"))


def from_json(text: str) -> list[ClassifiedImage | UnreadableImage]:
    """Read one shard's results back."""
    return [_from_raw(raw) for raw in json.loads(text)]


def _to_raw(result: ClassifiedImage | UnreadableImage) -> dict[str, Any]:
    # `asdict` copies deeply, which costs as much as cutting the picture.
    if isinstance(result, UnreadableImage):
        return vars(result)
    return {
        **vars(result),
        "predictions": [vars(p) for p in result.predictions],
        "made": [
            {**vars(made), "predictions": [vars(p) for p in made.predictions]}
            for made in result.made
        ],
    }


def _from_raw(raw: dict[str, Any]) -> ClassifiedImage | UnreadableImage:
    if "reason" in raw:
        return UnreadableImage(**raw)
    present = raw["present"]
    return ClassifiedImage(
        **{
            **raw,
            "predictions": tuple(_prediction(p) for p in raw["predictions"]),
            "present": None if present is None else tuple(present),
            "far": tuple(raw["far"]),
            "spare": tuple(raw["spare"]),
            "also": tuple(raw.get("also", ())),
            "notes": tuple(raw["notes"]),
            "made": tuple(_made(m) for m in raw["made"]),
            "troubles": tuple(raw["troubles"]),
            "halved_to": tuple(raw["halved_to"]),
        }
    )


def _made(raw: dict[str, Any]) -> MadePicture:
    predictions = tuple(_prediction(p) for p in raw["predictions"])
    return MadePicture(**{**raw, "predictions": predictions})


def _prediction(raw: dict[str, Any]) -> Prediction:
    return Prediction(
        **{
            **raw,
            "classes": tuple(raw["classes"]),
            "probabilities": tuple(raw["probabilities"]),
        }
    )
