"""Whether a stimulus set is still what it says it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from stimuli.classifiers.loading import choose_device, load_classifiers
from stimuli.engine.building import ORIGIN
from stimuli.engine.repredicting import RepeatedPredictions, repeat_predictions
from stimuli.errors import RecipeError
from stimuli.files.images import why_not_shown
from stimuli.files.text import TextFileError, read_json
from stimuli.manifest import (
    Stimulus,
    StimulusSet,
    StimulusSetError,
    Trial,
    stimulus_from_json,
    trial_from_json,
    trial_id,
)
from stimuli.recipe_file import RecipeFile
from stimuli.recipes import read_any_recipe

Record = TypeVar("Record")


@dataclass(kw_only=True)
class CheckedSet:
    """What a check found.

    Attributes:
        n_stimuli: Pictures whose bytes were hashed.
        n_trials: Trials read.
        n_predictions: Predictions made again.
        problems: What differs, one sentence each; empty when all is well.
        notes: What was not checked, and why.
    """

    n_stimuli: int = 0
    n_trials: int = 0
    n_predictions: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check_set(
    folder: Path,
    *,
    recipe_path: Path | None = None,
    has_predictions: bool = True,
    tolerance: float = 0.01,
) -> CheckedSet:
    """Check a set's files, and make its predictions again on the stored bytes.

    Args:
        folder: The set.
        recipe_path: Where its recipe lies, in whose folder the classifier's paths
            start; found by itself on the machine that built the set. What counts
            is the recipe in the set.
        has_predictions: Whether to make the predictions again.
        tolerance: How far probabilities, and the margin of a changed first
            class in logits, may move between machines.

    Raises:
        StimuliError: If it is no stimulus set, or the classifier is gone.
    """
    opened = StimulusSet.open(folder)
    checked = CheckedSet()
    stimuli = _read(folder / "manifest.jsonl", stimulus_from_json, checked)
    trials = _read(folder / "trials.jsonl", trial_from_json, checked)
    _check_texts(opened, checked)
    checked.n_stimuli, checked.n_trials = len(stimuli), len(trials)
    good = [s for s in stimuli if _check_picture(opened, s, checked)]
    _check_strays(folder, stimuli, checked)
    if not checked.problems:
        _check_trials(opened, stimuli, trials=trials, checked=checked)
    if not has_predictions:
        return checked
    repeated = _predict_again(
        opened, good, recipe_path=recipe_path, tolerance=tolerance
    )
    if repeated is None:
        checked.notes.append(
            "predictions were not made again: the recipe is not where it was when "
            "the set was built; give it with --recipe"
        )
        return checked
    checked.n_predictions = repeated.n_predictions
    checked.problems += repeated.problems
    return checked


def _read(
    path: Path, parse: Callable[[str], Record], checked: CheckedSet
) -> list[Record]:
    records = []
    with path.open(encoding="utf-8", errors="replace") as handle:
        for number, line in enumerate(handle, start=1):
            try:
                records.append(parse(line))
            except StimulusSetError as error:
                checked.problems.append(f"{path.name} line {number}: {error}")
    return records


def _check_texts(opened: StimulusSet, checked: CheckedSet) -> None:
    try:
        summary = opened.summary()
        opened.classes()
    except StimulusSetError as error:
        checked.problems.append(f"summary.json or classes.json is damaged: {error}")
        return
    digest = hashlib.sha256(opened.recipe_text().encode()).hexdigest()
    if digest != summary.get("recipe_sha256"):
        checked.problems.append("recipe.toml is not the recipe the set was built from")


def _check_picture(
    opened: StimulusSet, stimulus: Stimulus, checked: CheckedSet
) -> bool:
    name = f"{stimulus.file} ({stimulus.source})"
    try:
        path = opened.image_path(stimulus.id)
    except StimulusSetError as error:
        checked.problems.append(f"{name}: {error}")
        return False
    if not path.is_file():
        checked.problems.append(f"{name}: missing")
        return False
    if hashlib.sha256(path.read_bytes()).hexdigest() != stimulus.id:
        checked.problems.append(f"{name}: its bytes are not those its name promises")
        return False
    if why := why_not_shown(path, size=(stimulus.width, stimulus.height)):
        checked.problems.append(f"{name}: {why}")
        return False
    return True


def _check_strays(
    folder: Path, stimuli: Sequence[Stimulus], checked: CheckedSet
) -> None:
    known = {f"{stimulus.id}.png" for stimulus in stimuli}
    strays = sorted(p.name for p in (folder / "images").iterdir())
    checked.problems += [
        f"images/{name}: in no line of the manifest"
        for name in strays
        if name not in known
    ]


def _check_trials(
    opened: StimulusSet,
    stimuli: Sequence[Stimulus],
    *,
    trials: Sequence[Trial],
    checked: CheckedSet,
) -> None:
    ids = {stimulus.id for stimulus in stimuli}
    origins = {stimulus.id: stimulus.source_sha256 for stimulus in stimuli}
    classes = opened.classes()
    for trial in trials:
        expected = trial_id(trial.slots, trial.question, classes=trial.classes)
        if trial.id != expected:
            checked.problems.append(f"trial {trial.id}: its id should be {expected}")
        if missing := set(trial.slots.values()) - ids:
            checked.problems.append(f"trial {trial.id}: no stimulus {sorted(missing)}")
        shown = {origins[i] for i in trial.slots.values() if i in origins}
        if shown - set(trial.sources):
            checked.problems.append(
                f"trial {trial.id}: shows an image that is not among its sources"
            )
        if unknown := set(trial.classes) - set(classes):
            checked.problems.append(f"trial {trial.id}: no class {sorted(unknown)}")
    counted = opened.summary()["trials"]
    for role, n in counted.items():
        n_there = sum(trial.role == role for trial in trials)
        if n_there != n:
            checked.problems.append(f"{n_there} {role} trials, the summary says {n}")


def _predict_again(
    opened: StimulusSet,
    stimuli: Sequence[Stimulus],
    *,
    recipe_path: Path | None,
    tolerance: float,
) -> RepeatedPredictions | None:
    path = recipe_path or _find_recipe(opened.folder)
    if path is None:
        return None
    recipe = _read_own_recipe(opened, path)
    device = choose_device(recipe.execution.device)
    return repeat_predictions(
        opened,
        stimuli,
        classifiers=load_classifiers(recipe, device=device),
        tolerance=tolerance,
    )


def _read_own_recipe(opened: StimulusSet, path: Path) -> RecipeFile:
    """What the set was built from; the file at `path` may say something else by now."""
    try:
        return read_any_recipe(path, text=opened.recipe_text())
    except RecipeError as error:
        raise RecipeError(
            f"{opened.folder / 'recipe.toml'}, with its paths taken from "
            f"{path.parent}, cannot be followed: {error}"
        ) from error


def _find_recipe(folder: Path) -> Path | None:
    origin = folder / ORIGIN
    if not origin.is_file():
        return None
    try:
        path = Path(read_json(origin)["recipe"])
    except (TextFileError, LookupError, TypeError):
        return None
    return path if path.is_file() else None
