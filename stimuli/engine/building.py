"""From a recipe to a stimulus set on disk."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from stimuli.engine.assembling import Assembly
from stimuli.engine.judging_stage import make_judging_stage
from stimuli.engine.planning import BuildPlan, adopt_plan, make_plan
from stimuli.engine.preparing import prepare
from stimuli.engine.running.cores import one_core_each
from stimuli.engine.running.execution import (
    OpenProgress,
    Results,
    ShardRunner,
    choose_engine,
)
from stimuli.engine.summarising import summarise
from stimuli.errors import BuildError
from stimuli.manifest import (
    StimulusSet,
    StimulusSetError,
    stimulus_to_json,
    trial_to_json,
)
from stimuli.observations import OBSERVATIONS
from stimuli.recipe_file import RecipeFile
from stimuli.recipes import RECIPES, Recipe, read_any_recipe
from stimuli.recipes.batches.judging import Judge
from stimuli.records.classes import ClassList
from stimuli.records.classified_images import ClassifiedImage
from stimuli.records.storage import Disk, make_folder, only_writer

SET_FILES: Final = (
    "recipe.toml",
    "classes.json",
    "manifest.jsonl",
    "trials.jsonl",
    "summary.json",
)
WORK: Final = ".build"
ORIGIN: Final = ".origin.json"
# What observers responded, and work on it; of no use to another set.
OBSERVED: Final = (OBSERVATIONS, ".observing")
_OURS: Final = frozenset({*SET_FILES, "images", WORK, ORIGIN, ".lock", *OBSERVED})


@dataclass(frozen=True, kw_only=True)
class BuiltSet:
    """The outcome of a build.

    Attributes:
        set: The stimulus set.
        summary: Its summary.
        is_new: False where the folder held this very set already.
    """

    set: StimulusSet
    summary: Mapping[str, Any]
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class Builder:
    """Builds stimulus sets.

    Attributes:
        open_progress: Given the number of images, a progress to tell.
        say: Given what is known before anything is predicted, note by note.
        is_fresh: Throw away what the folder holds of an earlier build.
        disk: How files are written.
        now: The time, aware UTC.
    """

    open_progress: OpenProgress
    say: Callable[[str], None] = lambda _: None
    is_fresh: bool = False
    disk: Disk = field(default_factory=Disk)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def build(self, recipe_path: Path, out: Path) -> BuiltSet:
        """The set that a recipe describes, in the folder `out`.

        Killed at any moment, the next call goes on from the last whole shard.

        Raises:
            StimuliError: If something is wrong that its user can mend.
        """
        file = read_any_recipe(recipe_path)
        recipe = RECIPES[file.kind].make(file.parameters)
        _check_folder(out, file)
        make_folder(out)
        with only_writer(out):
            if self.is_fresh:
                _clear(out)
            for folder in (out / "images", out / WORK):
                make_folder(folder)
            return self._build(file, recipe, out)

    def _build(self, file: RecipeFile, recipe: Recipe, out: Path) -> BuiltSet:
        with one_core_each():
            prepared = prepare(file, recipe)
        for note in prepared.notes:
            self.say(note)
        former = _former_summary(out)
        plan = make_plan(prepared, out / WORK, former=former, now=self.now())
        if former is not None:
            return _reuse(out, former, plan)
        plan = adopt_plan(out / WORK, plan, disk=self.disk)
        judge = Judge(
            classifiers=prepared.classifiers,
            classes=prepared.classes,
            display=prepared.display,
            seed=file.seed,
            max_probability=file.controls.max_probability,
            is_shown=_IsShown(recipe, prepared.classes),
            images=out / "images",
            disk=self.disk,
            image_work=recipe.image_work,
            work=prepared.work,
            relevant=prepared.adjudicated.relevant,
            eased_probability=file.controls.eased_limit(len(prepared.classes)),
            most_pixels=file.dataset.most_pixels,
            masks=None if recipe.masks is None else file.locate(recipe.masks),
        )
        runner = ShardRunner(
            engine=choose_engine(file.execution),
            folder=out / WORK,
            disk=self.disk,
            open_progress=self.open_progress,
        )
        results = runner.run(
            make_judging_stage(judge, prepared=prepared, plan=plan, folder=out / WORK)
        )
        assembly = Assembly(
            prepared=prepared,
            recipe=recipe,
            judge=judge,
        )
        return self._finish(assembly, results, plan=plan, runner=runner)

    def _finish(
        self,
        assembly: Assembly,
        results: Results,
        *,
        plan: BuildPlan,
        runner: ShardRunner,
    ) -> BuiltSet:
        out = runner.folder.parent
        assembled = assembly.assemble(results)
        prepared = assembly.prepared
        summary = summarise(
            prepared,
            assembled.outcome,
            recipe=assembly.recipe,
            plan=plan,
            runner=runner,
        )
        contents = {
            ORIGIN: json.dumps({"recipe": str(prepared.recipe.path)}),
            "recipe.toml": prepared.recipe.text,
            "classes.json": json.dumps(
                [vars(info) for info in assembled.classes],
                indent=1,
                ensure_ascii=False,
            ),
            "manifest.jsonl": _lines(map(stimulus_to_json, assembled.stimuli)),
            "trials.jsonl": _lines(map(trial_to_json, assembled.outcome.trials)),
            # Last: a set without its summary is unfinished.
            "summary.json": json.dumps(summary, indent=1, ensure_ascii=False) + "\n",
        }
        _remove_strays(out / "images", {s.id for s in assembled.stimuli})
        for name, content in contents.items():
            self.disk.write(out / name, content.encode())
        shutil.rmtree(out / WORK)
        return BuiltSet(set=StimulusSet.open(out), summary=summary, is_new=True)


@dataclass(frozen=True)
class _IsShown:
    """Asks the recipe; goes to other processes with it."""

    recipe: Recipe
    classes: ClassList

    def __call__(self, seen: ClassifiedImage) -> bool:
        return self.recipe.is_shown(seen, self.classes)


def _check_folder(out: Path, file: RecipeFile) -> None:
    if out.is_file():
        raise BuildError(f"{out} is a file; --out names a folder")
    dataset = file.locate(file.dataset.path).resolve()
    if out.resolve().is_relative_to(dataset):
        raise BuildError(
            f"{out} lies inside the data set {dataset}, where its pictures would "
            "be taken for images of the data set; choose a folder elsewhere"
        )
    others = [p.name for p in out.glob("*") if p.name not in _OURS]
    if others:
        raise BuildError(
            f"{out} holds other things ({', '.join(sorted(others)[:3])}); choose a "
            "new or empty folder"
        )


def _clear(out: Path) -> None:
    for name in (*SET_FILES[::-1], OBSERVATIONS):
        (out / name).unlink(missing_ok=True)
    for folder in (out / WORK, out / "images", out / OBSERVED[1]):
        shutil.rmtree(folder, ignore_errors=True)


def _former_summary(out: Path) -> Mapping[str, Any] | None:
    try:
        StimulusSet.open(out)
    except StimulusSetError:
        return None
    summary: Mapping[str, Any] = StimulusSet(out).summary()
    return summary


def _reuse(out: Path, former: Mapping[str, Any], plan: BuildPlan) -> BuiltSet:
    shutil.rmtree(out / WORK, ignore_errors=True)
    if former["execution"]["plan_sha256"] != plan.sha256:
        raise BuildError(
            f"{out} holds a finished set made from another recipe, classifier or "
            "data; choose another folder, or replace it with --fresh"
        )
    return BuiltSet(set=StimulusSet(out), summary=former, is_new=False)


def _remove_strays(images: Path, wanted: set[str]) -> None:
    """Pictures of an interrupted build that no trial came to need."""
    for path in images.iterdir():
        if path.stem not in wanted or path.suffix != ".png":
            path.unlink()


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
