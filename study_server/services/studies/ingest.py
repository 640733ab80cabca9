"""A stimulus set taken into a study: checked, registered, and checked again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from analysis.bundles.cluster_names import BUILT_IN, unknown_columns
from hit_templates.base import Paradigm, check_trials, judged_sources
from hit_templates.fitting import fit_trials, read_asks
from stimuli.files.images import why_not_shown
from stimuli.files.paths import PathOutsideError, inside
from stimuli.manifest import ClassInfo, Stimulus, StimulusSet, StimulusSetError, Trial
from study_server.errors import StimulusSetChangedError, StudyDesignError
from study_server.services.blocks.cutting import per_block_counts
from study_server.services.study_files.catch_odds import catch_blocks
from study_server.services.study_files.conditions import (
    asked_controls,
    asked_trials,
    condition_problems,
)
from study_server.services.study_files.paradigm import paradigm_of
from study_server.services.study_files.part_fits import part_problems
from study_server.services.study_files.sections import StudyFile

_SHOWN_PROBLEMS: Final = 20


@dataclass(frozen=True, kw_only=True)
class LoadedSet:
    """A stimulus set in memory: records, not images."""

    folder: Path
    sha256: str
    recipe_toml: str
    summary: Mapping[str, Any]
    classes: Mapping[str, ClassInfo]
    stimuli: tuple[Stimulus, ...]
    trials: tuple[Trial, ...]

    def source_of(self) -> dict[str, str]:
        """Stimulus id to the SHA-256 of its source image."""
        return {stimulus.id: stimulus.source_sha256 for stimulus in self.stimuli}

    def fitted_to(self, paradigm: Paradigm) -> LoadedSet:
        """The set with its trials in the terms of a way of asking, where they fit it."""
        asks = read_asks(self.summary)
        return replace(self, trials=fit_trials(paradigm, self.trials, asks=asks))

    def at_levels(self, file: StudyFile) -> LoadedSet:
        """The set as far as the study asks about it."""
        if not file.design.levels:
            return self
        trials = asked_trials(self.trials, file.design)
        controls = asked_controls(self.summary.get("controls", {}), trials)
        summary = {**self.summary, "controls": controls}
        return replace(self, trials=trials, summary=summary)


def load_set(folder: Path) -> LoadedSet:
    """The set in `folder`, every image's bytes checked against its name.

    Raises:
        StimulusSetError: If it is no finished set, or holds what is no picture.
        StimulusSetChangedError: If images are missing, lie elsewhere or have other bytes.
    """
    opened = StimulusSet.open(folder.resolve())
    loaded = LoadedSet(
        folder=opened.folder,
        sha256=opened.sha256(),
        recipe_toml=opened.recipe_text(),
        summary=opened.summary(),
        classes=opened.classes(),
        stimuli=tuple(opened.stimuli()),
        trials=tuple(opened.trials()),
    )
    files = {s.id: s.file for s in loaded.stimuli}
    check_images(loaded.folder, files)
    _check_pictures(loaded.folder, loaded.stimuli)
    return loaded


def trials_of_set(file: StudyFile, folder: Path) -> tuple[Trial, ...]:
    """The trials of the set in `folder` as the study asks them, no image looked at.

    Raises:
        StimulusSetError: If it is no finished set.
    """
    found = StimulusSet.open(folder)
    asks = read_asks(found.summary())
    return fit_trials(paradigm_of(file), found.trials(), asks=asks)


def set_warnings(summary: Mapping[str, Any]) -> list[str]:
    """What the build of a set warned of, in words; empty where it said nothing."""
    found = summary.get("warnings")
    return [str(words) for words in found] if isinstance(found, list) else []


def check_images(folder: Path, files: Mapping[str, str]) -> None:
    """Whether every image still has the bytes its name is the hash of.

    Args:
        folder: The set.
        files: SHA-256 of the bytes to path inside the set.

    Raises:
        StimulusSetChangedError: Naming the first few that do not.
    """
    found = ((file, _why_wrong(folder, file, sha256)) for sha256, file in files.items())
    wrong = [f"{file}: {why}" for file, why in found if why]
    if wrong:
        raise StimulusSetChangedError(
            f"{len(wrong)} of {len(files)} images in {folder} are not those of its "
            f"manifest; build the set anew with `secondlook stimuli build`:\n"
            + _listed(wrong)
        )


def _why_wrong(folder: Path, file: str, sha256: str) -> str:
    try:
        path = inside(folder, file)
    except PathOutsideError as error:
        return str(error)
    found = file_sha256(path)
    if found is None:
        return "missing"
    return "" if found == sha256 else "other bytes"


def _check_pictures(folder: Path, stimuli: Iterable[Stimulus]) -> None:
    """Only pictures of the stated size are shown: what a browser could run stays out."""
    found = (
        (s.file, why_not_shown(inside(folder, s.file), size=(s.width, s.height)))
        for s in stimuli
    )
    wrong = [f"{file}: {why}" for file, why in found if why]
    if wrong:
        raise StimulusSetError(
            f"{len(wrong)} files of {folder} cannot be shown; build the set anew with "
            "`secondlook stimuli build`:\n" + _listed(wrong)
        )


def check_unchanged(folder: Path, *, set_sha256: str, files: Mapping[str, str]) -> None:
    """Whether a study's set is still what it was when the study was created.

    Raises:
        StimulusSetChangedError: If it is not, with what to do about it.
    """
    advice = (
        "put the set back as it was, or create a study under another name from the "
        "changed set"
    )
    try:
        found = StimulusSet.open(folder).sha256()
    except StimulusSetError as error:
        raise StimulusSetChangedError(
            f"the study's stimulus set is gone from {folder}: {error}; {advice}"
        ) from error
    if found != set_sha256:
        raise StimulusSetChangedError(
            f"the stimulus set in {folder} changed after the study was created "
            f"(then {set_sha256[:12]}, now {found[:12]}): {advice}"
        )
    check_images(folder, files)


def file_sha256(path: Path) -> str | None:
    """SHA-256 (hex) of a file's bytes; None where there is none."""
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError:
        return None


def check_design(file: StudyFile, loaded: LoadedSet) -> None:
    """Whether the study file can be run with this set.

    Raises:
        StudyDesignError: Naming every problem.
    """
    paradigm = paradigm_of(file)
    problems = [
        *check_trials(paradigm, loaded.trials),
        *_unknown_names(loaded),
        *condition_problems(
            loaded.trials,
            file.design,
            paradigm=paradigm,
            source_of=loaded.source_of(),
        ),
        *_count_problems(file, loaded.at_levels(file)),
        *_part_problems(file, loaded.at_levels(file)),
        *_cluster_problems(file, loaded.stimuli),
    ]
    if problems:
        raise StudyDesignError(
            f"study {file.study.name!r} cannot be run with {loaded.folder}:\n"
            + _listed(problems)
        )


def n_main_per_block(file: StudyFile, summary: Mapping[str, Any]) -> int:
    """Main trials in a block: what catches and controls leave of it."""
    return file.design.trials_per_block - sum(per_block_counts(summary).values())


def class_rows(loaded: LoadedSet, study_id: int) -> list[dict[str, Any]]:
    """Rows of `study_class`."""
    return [
        {
            "study_id": study_id,
            "class_id": info.id,
            "position": position,
            "name": info.name,
            "gloss": info.gloss,
            "examples": list(info.examples),
        }
        for position, info in enumerate(loaded.classes.values())
    ]


def stimulus_rows(
    loaded: LoadedSet, study_id: int, *, new_token: Callable[[], str]
) -> Iterator[dict[str, Any]]:
    """Rows of `stimulus`, each with a public name of its own."""
    for stimulus in loaded.stimuli:
        yield {
            "study_id": study_id,
            "stimulus_id": stimulus.id,
            "media_token": new_token(),
            "media_type": stimulus.media_type,
            "file": stimulus.file,
            "source": stimulus.source,
            "source_sha256": stimulus.source_sha256,
            "label": stimulus.label,
            "width": stimulus.width,
            "height": stimulus.height,
            "method": stimulus.method,
            "licence": stimulus.facts.get("licence"),
            "credit": stimulus.facts.get("credit"),
            "predictions": [asdict(entry) for entry in stimulus.predictions],
            "image_columns": image_columns_of(stimulus),
        }


def image_columns_of(stimulus: Stimulus) -> dict[str, str]:
    """What the data set's table says of its image: column to text."""
    said = stimulus.facts.get("columns")
    if not isinstance(said, Mapping):
        return {}
    return {str(name): str(text) for name, text in said.items()}


def trial_rows(
    loaded: LoadedSet, study_id: int, *, paradigm: Paradigm
) -> list[dict[str, Any]]:
    """Rows of `trial`, each with the sources judged in it under `judged`."""
    source_of = loaded.source_of()
    return [
        {
            "study_id": study_id,
            "trial_id": trial.id,
            "role": trial.role,
            "control": trial.control,
            "condition": trial.condition,
            "question": trial.question,
            "slots": dict(trial.slots),
            "classes": list(trial.classes),
            "sources": list(trial.sources),
            "judged": judged_sources(paradigm, trial, source_of=source_of),
            "key": None if trial.key is None else dict(trial.key),
            "uses": [asdict(use) for use in trial.uses],
            "exposure": dict(trial.exposure),
            "truth": None if trial.truth is None else dict(trial.truth),
        }
        for trial in loaded.trials
    ]


def _cluster_problems(file: StudyFile, stimuli: Iterable[Stimulus]) -> Iterator[str]:
    columns = {name for stimulus in stimuli for name in image_columns_of(stimulus)}
    known = [*sorted(columns), *(name for name in BUILT_IN if name not in columns)]
    for name in unknown_columns(file.analysis.cluster, known):
        yield (
            f"[analysis] cluster: {name!r} is no column of the images' table, "
            f"labels.csv (there are: {', '.join(known)})"
        )


def _part_problems(file: StudyFile, loaded: LoadedSet) -> Iterator[str]:
    n_main = n_main_per_block(file, loaded.summary)
    yield from part_problems(loaded.trials, file.design, n_main_per_block=n_main)


def _unknown_names(loaded: LoadedSet) -> Iterator[str]:
    known = {stimulus.id for stimulus in loaded.stimuli}
    for trial in loaded.trials:
        for slot, stimulus_id in trial.slots.items():
            if stimulus_id not in known:
                yield f"trial {trial.id}: slot {slot!r} names an unknown stimulus"
        for class_id in trial.classes:
            if class_id not in loaded.classes:
                yield f"trial {trial.id}: class {class_id!r} is not in classes.json"


def _count_problems(file: StudyFile, loaded: LoadedSet) -> Iterator[str]:
    if not any(trial.role == "main" for trial in loaded.trials):
        yield "the set has no main trials, so there is nothing to ask"
    if len({trial.id for trial in loaded.trials}) < len(loaded.trials):
        yield "trials.jsonl has the same trial twice"
    yield from _unchecked_problems(loaded)
    counts = per_block_counts(loaded.summary)
    if n_main_per_block(file, loaded.summary) < 1:
        yield (
            f"[design] trials_per_block: {file.design.trials_per_block} leaves no room "
            f"for main trials beside {sum(counts.values())} catch and control trials"
        )
    for control, n_wanted in counts.items():
        n_there = sum(
            trial.control == control and trial.role in ("catch", "control")
            for trial in loaded.trials
        )
        if n_there < n_wanted:
            yield (
                f"the recipe wants {n_wanted} {control} trials per block, the set has "
                f"{n_there}"
            )
    n_blocks = catch_blocks(loaded.trials, per_block=counts)
    n_wanted = file.design.max_blocks_per_participant
    if n_blocks is not None and 0 < n_blocks < n_wanted:
        yield (
            f"[design] max_blocks_per_participant: {n_wanted}, but the set has catch "
            f"trials for {n_blocks} blocks per person, and nobody is given the same "
            "one twice; lower it, or build a set with more catches"
        )


def _unchecked_problems(loaded: LoadedSet) -> Iterator[str]:
    for role in ("catch", "practice"):
        trials = [trial for trial in loaded.trials if trial.role == role]
        if n := sum(trial.key is None for trial in trials):
            yield (
                f"{n} of {len(trials)} {role} trials have no right response to "
                f"{trials[0].question!r}: build the set without them ([controls] "
                "known_yes, known_no and practice = 0), or ask what has one"
            )


def _listed(problems: list[str]) -> str:
    shown = [f"  {problem}" for problem in problems[:_SHOWN_PROBLEMS]]
    if len(problems) > _SHOWN_PROBLEMS:
        shown.append(f"  and {len(problems) - _SHOWN_PROBLEMS} more")
    return "\n".join(shown)
