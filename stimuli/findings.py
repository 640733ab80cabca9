"""What the classifiers said of every image, and the trials drafted from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from stimuli.classes import ClassList
from stimuli.manifest import Prediction, Role, Use

Question = Literal["relevant", "any", "each"]

N_TOP: Final = 5


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One image that could be read, and what every classifier said.

    Attributes:
        source: Path inside the data set.
        source_sha256: Hash of the file.
        pixels_sha256: Hash of the crop's pixels, to recognise them later.
        label: Class id; None if unlabelled.
        present: Class ids in the image; None where nothing is known.
        predictions: One per classifier, in the recipe's order.
        far: A few classes drawn from those improbable under every classifier.
        notes: What reading had to convert.
        stimulus: Id of the stored crop; None if it was not stored at once.
    """

    source: str
    source_sha256: str
    pixels_sha256: str
    label: str | None
    present: tuple[str, ...] | None
    predictions: tuple[Prediction, ...]
    far: tuple[str, ...]
    notes: tuple[str, ...] = ()
    stimulus: str | None = None


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """One image that could not be read."""

    source: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Everything a recipe chooses its trials from.

    Attributes:
        seen: Every readable image, sorted by source.
        classes: What the classifiers can name.
        classifiers: Their names, in the recipe's order.
        seed: The recipe's seed.
    """

    seen: Sequence[Seen]
    classes: ClassList
    classifiers: tuple[str, ...]
    seed: int

    def is_right(self, seen: Seen, position: int) -> bool:
        """Whether classifier number `position` has the label, or its group, first."""
        return self._hits(seen, seen.predictions[position].classes[:1])

    def is_right_in_top5(self, seen: Seen, position: int) -> bool:
        """Whether the label, or its group, is among the five most probable."""
        return self._hits(seen, seen.predictions[position].classes[:N_TOP])

    def _hits(self, seen: Seen, predicted: Iterable[str]) -> bool:
        label = seen.label
        return label is not None and any(
            self.classes.is_right(class_id, label) for class_id in predicted
        )


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A trial before its picture is stored.

    Attributes:
        seen: The image shown.
        question: What is asked.
        classes: Class ids asked about, in any order.
        role: main, practice, catch or control.
        control: Which catch or control.
        key: The right response, where there is one.
        use: The prediction judged, for main trials.
    """

    seen: Seen
    question: Question
    classes: tuple[str, ...]
    role: Role
    control: str = ""
    key: Mapping[str, Any] | None = None
    use: Use | None = None


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What a recipe chose.

    Attributes:
        drafts: Main trials.
        facts: What the recipe adds to the summary.
    """

    drafts: Sequence[Draft]
    facts: Mapping[str, Any] = field(default_factory=dict)


def to_json(results: Iterable[Seen | Unreadable]) -> str:
    """One shard's results."""
    return json.dumps([asdict(result) for result in results], separators=(",", ":"))


def from_json(text: str) -> list[Seen | Unreadable]:
    """Read one shard's results back."""
    return [_from_raw(raw) for raw in json.loads(text)]


def _from_raw(raw: dict[str, Any]) -> Seen | Unreadable:
    if "reason" in raw:
        return Unreadable(**raw)
    present = raw["present"]
    return Seen(
        **{
            **raw,
            "predictions": tuple(_prediction(p) for p in raw["predictions"]),
            "present": None if present is None else tuple(present),
            "far": tuple(raw["far"]),
            "notes": tuple(raw["notes"]),
        }
    )


def _prediction(raw: dict[str, Any]) -> Prediction:
    return Prediction(
        **{
            **raw,
            "classes": tuple(raw["classes"]),
            "probabilities": tuple(raw["probabilities"]),
        }
    )
