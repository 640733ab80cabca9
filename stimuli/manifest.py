"""Records and file formats of a stimulus set; standard library only.

A stimulus set is a folder:

    recipe.toml       the recipe, verbatim
    summary.json      denominators per classifier, versions, shard plan
    classes.json      every class a trial can name
    manifest.jsonl    one `Stimulus` per line
    trials.jsonl      one `Trial` per line
    images/<id>.png   the bytes shown, named by their SHA-256

Beside it the other packages may import only `stimuli.errors` and
`stimuli.files.text`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from stimuli.errors import StimuliError
from stimuli.files.paths import PathOutsideError, check_relative, inside, is_plain_id
from stimuli.files.text import (
    MAX_BYTES,
    MAX_TABLE_BYTES,
    TextFileError,
    read_json,
    read_text,
)

FORMAT_VERSION: Final = 1
# What a line raises that is no record.
_NO_RECORD: Final = (
    *(ValueError, TypeError, KeyError, AttributeError),
    *(RecursionError, PathOutsideError),
)

Role = Literal["main", "practice", "catch", "control"]
ROLES: Final[tuple[Role, ...]] = ("main", "practice", "catch", "control")


# What trials may hold beside what their slots show, for ways of asking to need.
HOLDINGS: Final[Mapping[str, str]] = {
    "class": "one class, which may or may not describe what is shown",
    "classes": "several classes, each of which may or may not",
    "alternatives": "two or more classes, one of which describes it best",
    "sides": "two pictures (slots image_left, image_right), one of which is right",
    "groups": "groups of pictures (slots group_k_i, k from 1), one for each class, and "
    "a target that belongs to one",
    "told-apart": "in each group what is unusual stands after what is usual",
    "options": "two to four pictures (slots option1, option2, …) to choose between; the "
    "trial's classes, in their order, say what each stands for",
    "frames": "one picture in several frames, in order, and a class",
}


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
class Posed:
    """What the trials of one question hold, so that ways of asking can tell if they fit.

    Attributes:
        slots: Slots they fill; "group_*" stands for any number of them.
        holds: What else there is, words of `HOLDINGS`.
    """

    slots: tuple[str, ...]
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a recipe knows to be right on a trial, whoever asks about it.

    Attributes:
        there: The trial's classes that are in the picture; None where not known.
        place: Number, from "1", of the right group or class; empty where not known.
    """

    there: tuple[str, ...] | None = None
    place: str = ""


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
        question: What its recipe asks, in a word of the recipe's or the paradigm's.
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
        observing: How what a classifier gives becomes a response, for
            `stimuli.observing`: `{"rule": NAME, "field": FIELD, "choices": {value:
            [outputs]}}`; None where the recipe says nothing of it.
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
    observing: Mapping[str, Any] | None = None


def trial_id(slots: Mapping[str, str], question: str, *, classes: Iterable[str]) -> str:
    """The identity of a trial: 32 hex digits of what is shown and asked."""
    payload = [dict(sorted(slots.items())), question, sorted(classes)]
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def known_of(trial: Trial) -> Known:
    """What is right on a trial, read from the key that its recipe wrote.

    >>> asked = {"slots": {}, "role": "catch", "sources": (), "id": "", "question": ""}
    >>> known_of(Trial(**asked, classes=("3",), key={"seen": "no"}))
    Known(there=(), place='')
    >>> known_of(Trial(**asked, classes=("3", "7"), key={"a_0": "no", "a_1": "yes"}))
    Known(there=('7',), place='')
    >>> known_of(Trial(**asked, classes=("3", "7"), key={"right": "2"}))
    Known(there=('7',), place='2')
    >>> known_of(Trial(**asked, classes=("cat", "dog"), key={"category": "dog"}))
    Known(there=('dog',), place='2')
    """
    values = [str(value) for _, value in sorted((trial.key or {}).items())]
    n_classes = len(trial.classes)
    if len(values) == n_classes and set(values) <= {"yes", "no"}:
        pairs = zip(trial.classes, values, strict=True)
        return Known(there=tuple(c for c, value in pairs if value == "yes"))
    if values == ["no"]:
        return Known(there=())
    if len(values) == 1 and values[0] in trial.classes and not values[0].isdigit():
        place = str(trial.classes.index(values[0]) + 1)
        return Known(there=(values[0],), place=place)
    if len(values) != 1 or not values[0].isdigit():
        return Known()
    return Known(place=values[0], there=_at_place(trial, int(values[0])))


def _at_place(trial: Trial, place: int) -> tuple[str, ...] | None:
    """The class at a place, from 1; groups stand in an order of their own."""
    has_groups = any(slot != "target" for slot in trial.slots)
    if has_groups or not 1 <= place <= len(trial.classes):
        return None
    return (trial.classes[place - 1],)


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
        check_relative(raw["file"])
        _check_ids([raw["id"]])
        return Stimulus(**raw)
    except _NO_RECORD as error:
        raise StimulusSetError(f"not a manifest line: {error}") from error


def trial_to_json(trial: Trial) -> str:
    """One trials line, keys sorted, no line break."""
    record = asdict(trial)
    # Sets of before there were observers keep their bytes.
    if trial.observing is None:
        record.pop("observing")
    return _line(record)


def trial_from_json(line: str) -> Trial:
    """Read a trials line back.

    Raises:
        StimulusSetError: If the line is not a trial.
    """
    try:
        raw = json.loads(line)
        _check_ids(raw["slots"].values())
        raw["uses"] = tuple(Use(**_tuples(u, "predicted")) for u in raw["uses"])
        return Trial(**_tuples(raw, "classes", "sources"))
    except _NO_RECORD as error:
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
        raw = _read_json(self.folder / "classes.json")
        try:
            infos = [ClassInfo(**_tuples(entry, "examples")) for entry in raw]
        except (TypeError, AttributeError) as error:
            raise StimulusSetError(
                f"{self.folder / 'classes.json'} is no list of classes: {error}"
            ) from error
        return {info.id: info for info in infos}

    def summary(self) -> dict[str, Any]:
        """Denominators and provenance; see `docs/formats.md`."""
        path = self.folder / "summary.json"
        loaded = _read_json(path)
        if not isinstance(loaded, dict):
            raise StimulusSetError(f"{path} is no summary: expected an object")
        return loaded

    def recipe_text(self) -> str:
        """The recipe, verbatim."""
        try:
            return read_text(self.folder / "recipe.toml")
        except TextFileError as error:
            raise StimulusSetError(str(error)) from error

    def image_path(self, stimulus_id: str) -> Path:
        """Where the bytes of a stimulus lie.

        Raises:
            StimulusSetError: If that is not a file of the set, or behind a link.
        """
        _check_ids([stimulus_id])
        return self.path_of(f"images/{stimulus_id}.png")

    def path_of(self, file: str) -> Path:
        """Where a file lies that the manifest names.

        Raises:
            StimulusSetError: If that is not a file of the set, or behind a link.
        """
        try:
            return inside(self.folder, file)
        except PathOutsideError as error:
            raise StimulusSetError(str(error)) from error

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


def _check_ids(ids: Iterable[object]) -> None:
    for each in ids:
        if not is_plain_id(each):
            raise StimulusSetError(
                f"the id {each!r:.80} cannot name a file: expected the SHA-256 of the "
                "bytes shown"
            )


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _lines(path: Path) -> Iterator[str]:
    with path.open("rb") as handle:
        # A line of gigabytes would fill the memory before it is found to be none.
        while raw := handle.readline(MAX_BYTES):
            if len(raw) == MAX_BYTES:
                raise StimulusSetError(f"{path} holds a line of {MAX_BYTES:,} bytes")
            try:
                line = raw.decode("utf-8")
            except UnicodeDecodeError as error:
                raise StimulusSetError(f"{path} is not UTF-8 text: {error}") from error
            if line.strip():
                yield line


def _read_json(path: Path) -> Any:  # noqa: ANN401 - any JSON
    try:
        return read_json(path, max_bytes=MAX_TABLE_BYTES)
    except TextFileError as error:
        raise StimulusSetError(str(error)) from error


def _tuples(raw: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {
        key: tuple(value) if key in names and value is not None else value
        for key, value in raw.items()
    }
