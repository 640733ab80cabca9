"""Records and file formats of a stimulus set; standard library only.

A stimulus set is a folder:

    recipe.toml       the recipe, verbatim
    summary.json      denominators per classifier, versions, shard plan
    classes.json      every class a trial can name
    manifest.jsonl    one `Stimulus` per line
    trials.jsonl      one `Trial` per line
    images/<id>.png   the bytes shown, named by their SHA-256

This module is the only part of `stimuli` that the other packages may import.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from stimuli.errors import StimuliError

FORMAT_VERSION: Final = 1

Role = Literal["main", "practice", "catch", "control"]
ROLES: Final[tuple[Role, ...]] = ("main", "practice", "catch", "control")


class StimulusSetError(StimuliError):
    """A stimulus set that cannot be used, in words its maker can act on."""


@dataclass(frozen=True, kw_only=True)
class ClassInfo:
    """One class that a question can name.

    Attributes:
        id: Stable key, the classifier's output index as text ("0".."999").
        name: What people read; two classes may share it ("crane").
        gloss: A few words that say what is meant; may be empty.
        examples: Ids of stimuli that show the class; may be empty.
    """

    id: str
    name: str
    gloss: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What one classifier says of the decoded 8-bit image.

    Attributes:
        classifier: The classifier's name, unique within the set.
        weights_sha256: Hash of its parameters.
        classes: Ids of the most probable classes, best first (at most five).
        probabilities: Softmax probabilities of `classes`, in [0, 1].
        margin: Logit of the first class minus that of the second.
    """

    classifier: str
    weights_sha256: str
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    margin: float


@dataclass(frozen=True, kw_only=True)
class Stimulus:
    """One asset a trial can show, with where it came from.

    Attributes:
        id: SHA-256 (hex) of the bytes shown.
        file: Path inside the set, "images/<id>.png".
        media_type: "image/png".
        width: Pixels.
        height: Pixels.
        source: Source image, relative to the data set, POSIX separators.
        source_sha256: SHA-256 of the source file.
        label: Class id given by the data set; None where unlabelled.
        predictions: One per classifier of the recipe.
        method: How it was made ("crop", later "ifgsm", "lime", ...).
        parameters: The method's parameters.
        seed: The recipe's seed.
        versions: Library versions that can change the bytes.
        facts: What the method found out about this stimulus.
    """

    id: str
    file: str
    width: int
    height: int
    source: str
    source_sha256: str
    label: str | None
    predictions: tuple[Prediction, ...]
    method: str
    media_type: str = "image/png"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Use:
    """Why a trial exists for one classifier: the error it re-examines.

    One judgment serves every classifier that made the same prediction, so a
    trial has one `Use` per classifier and measure.

    Attributes:
        classifier: The classifier's name.
        shows: "top1", "top5-of-top1-errors", "top5-of-top5-errors",
            "correct-top1", "correct-top5" (right by the measure of the recipe, put
            up for judgment as well) or "prediction" (unlabelled).
        source_sha256: The source image judged.
        label: True class id, None where unlabelled.
        predicted: The class ids of the prediction, best first.
    """

    classifier: str
    shows: str
    source_sha256: str
    label: str | None
    predicted: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One question with named slots filled by stimuli.

    Attributes:
        id: From `trial_id`: what is shown, the question and the classes.
        slots: Slot name to stimulus id.
        question: A question the paradigm knows ("relevant", "any", "each").
        classes: Class ids asked about, sorted; never in order of rank.
        role: main, practice, catch or control.
        control: Which catch or control: "known_yes", "known_no",
            "random_foil", "hard_foil"; empty otherwise.
        key: The right response for practice and catch trials, in the
            paradigm's fields; None where there is none.
        condition: Level of what the study varies; empty where nothing varies.
        sources: SHA-256 of every source image shown.
        uses: The predictions this trial judges; empty for catches.
        exposure: Timing, in milliseconds; empty means until the response.
        truth: What simulated participants know, for example
            `{"present": ["3", "7"]}`; None where nothing is known.
    """

    id: str
    slots: Mapping[str, str]
    question: str
    classes: tuple[str, ...]
    role: Role
    sources: tuple[str, ...]
    control: str = ""
    key: Mapping[str, Any] | None = None
    condition: str = ""
    uses: tuple[Use, ...] = ()
    exposure: Mapping[str, float] = field(default_factory=dict)
    truth: Mapping[str, Any] | None = None


def trial_id(slots: Mapping[str, str], question: str, *, classes: Iterable[str]) -> str:
    """The identity of a trial: 32 hex digits of what is shown and asked."""
    payload = [dict(sorted(slots.items())), question, sorted(classes)]
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def stimulus_to_json(stimulus: Stimulus) -> str:
    """One manifest line, keys sorted, no line break."""
    return _line(asdict(stimulus))


def stimulus_from_json(line: str) -> Stimulus:
    """Read a manifest line back.

    Raises:
        StimulusSetError: If the line is not a stimulus.
    """
    try:
        raw = json.loads(line)
        raw["predictions"] = tuple(
            Prediction(**_tuples(p, "classes", "probabilities"))
            for p in raw["predictions"]
        )
        return Stimulus(**raw)
    except (ValueError, TypeError, KeyError) as error:
        raise StimulusSetError(f"not a manifest line: {error}") from error


def trial_to_json(trial: Trial) -> str:
    """One trials line, keys sorted, no line break."""
    return _line(asdict(trial))


def trial_from_json(line: str) -> Trial:
    """Read a trials line back.

    Raises:
        StimulusSetError: If the line is not a trial.
    """
    try:
        raw = json.loads(line)
        raw["uses"] = tuple(Use(**_tuples(u, "predicted")) for u in raw["uses"])
        return Trial(**_tuples(raw, "classes", "sources"))
    except (ValueError, TypeError, KeyError) as error:
        raise StimulusSetError(f"not a trials line: {error}") from error


@dataclass(frozen=True)
class StimulusSet:
    """A finished stimulus set on disk."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> StimulusSet:
        """The set in `folder`.

        Raises:
            StimulusSetError: If files are missing (an unfinished build, or
                not a stimulus set at all).
        """
        missing = [name for name in _FILES if not (folder / name).is_file()]
        if missing:
            raise StimulusSetError(
                f"{folder} is not a finished stimulus set: {', '.join(missing)} "
                "missing; build it with `secondlook stimuli build RECIPE --out "
                f"{folder}` (an interrupted build goes on where it stopped)"
            )
        return cls(folder)

    def stimuli(self) -> Iterator[Stimulus]:
        """Every stimulus, in manifest order."""
        return map(stimulus_from_json, _lines(self.folder / "manifest.jsonl"))

    def trials(self) -> Iterator[Trial]:
        """Every trial, in file order."""
        return map(trial_from_json, _lines(self.folder / "trials.jsonl"))

    def classes(self) -> dict[str, ClassInfo]:
        """Class id to class, in the classifier's order."""
        raw = json.loads((self.folder / "classes.json").read_text("utf-8"))
        infos = (ClassInfo(**_tuples(entry, "examples")) for entry in raw)
        return {info.id: info for info in infos}

    def summary(self) -> dict[str, Any]:
        """Denominators and provenance; see `docs/formats.md`."""
        loaded: dict[str, Any] = json.loads(
            (self.folder / "summary.json").read_text("utf-8")
        )
        return loaded

    def recipe_text(self) -> str:
        """The recipe, verbatim."""
        return (self.folder / "recipe.toml").read_text("utf-8")

    def image_path(self, stimulus_id: str) -> Path:
        """Where the bytes of a stimulus lie."""
        return self.folder / "images" / f"{stimulus_id}.png"

    def sha256(self) -> str:
        """Hash over the set's text files, which name every image by its hash."""
        digest = hashlib.sha256()
        for name in _FILES:
            digest.update(name.encode() + b"\0")
            digest.update((self.folder / name).read_bytes() + b"\0")
        return digest.hexdigest()


_FILES: Final = (
    "recipe.toml",
    "classes.json",
    "manifest.jsonl",
    "trials.jsonl",
    "summary.json",
)


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as handle:
        for line in handle:
            if line.strip():
                yield line


def _tuples(raw: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {
        key: tuple(value) if key in names and value is not None else value
        for key, value in raw.items()
    }
