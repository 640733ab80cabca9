"""Every image before the judge, who is loaded anew in each worker process, here or elsewhere."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stimuli.classifiers.loading import Classifier, choose_device, load_classifiers
from stimuli.engine.planning import PLAN_FILE, BuildPlan
from stimuli.engine.preparing import PreparedBuild, library_versions
from stimuli.engine.running.shards import Stage
from stimuli.errors import BuildError
from stimuli.recipe_file import RecipeFile
from stimuli.recipes.batches.judging import Judge
from stimuli.records.classified_images import from_json, to_json
from stimuli.sources.datasets import Source


@dataclass(frozen=True, kw_only=True)
class LoadJudge:
    """Loads the judge of a build; picklable, and refuses what would differ.

    Attributes:
        judge: Everything but the classifiers.
        recipe: Says what the classifiers are.
        device: "cpu" or "cuda".
        hashes: Of each classifier's weights and code, by name.
        versions: Of the libraries.
        plan_file: The build's plan; who sees it sees the same folders.
        plan_sha256: Hash of its bytes.
    """

    judge: Judge
    recipe: RecipeFile
    device: str
    hashes: Mapping[str, tuple[str, str]]
    versions: Mapping[str, str]
    plan_file: Path
    plan_sha256: str

    def __call__(self) -> Judge:
        """The judge, with classifiers of this process.

        Raises:
            StimuliError: If this machine lacks something, or has another one.
        """
        self._check_folders()
        self._check_versions()
        device = choose_device(self.device)
        classifiers = load_classifiers(self.recipe, device=device)
        other = [c.name for c in classifiers if _hashes(c) != self.hashes[c.name]]
        if other:
            raise BuildError(
                f"{socket.gethostname()}: the code or weights of {', '.join(other)} "
                "are not those the build began with"
            )
        return replace(self.judge, classifiers=classifiers)

    def _check_folders(self) -> None:
        """Images that a node cannot see must not be listed as unreadable."""
        data = self.recipe.locate(self.recipe.dataset.path)
        missing = [path for path in (data, self.plan_file) if not path.exists()]
        if missing or _hash(self.plan_file) != self.plan_sha256:
            raise BuildError(
                f"{socket.gethostname()} does not see this build's "
                f"{(missing or [self.plan_file])[0]}: every node needs the recipe, the "
                "images and --out under the same paths, for example on a shared "
                "file system"
            )

    def _check_versions(self) -> None:
        here = library_versions()
        other = [
            f"{name} {here.get(name)} instead of {wanted}"
            for name, wanted in self.versions.items()
            if here.get(name) != wanted
        ]
        if other:
            raise BuildError(
                f"{socket.gethostname()} has {', '.join(other)}; every node needs the "
                "same versions"
            )


def make_judging_stage(
    judge: Judge, *, prepared: PreparedBuild, plan: BuildPlan, folder: Path
) -> Stage:
    """Every image of the data set before the judge, as the plan cuts it.

    Args:
        judge: With the classifiers of this process.
        prepared: What the recipe names.
        plan: Followed, and written in `folder`.
        folder: Where shards are kept.
    """
    path = (folder / PLAN_FILE).absolute()
    elsewhere = LoadJudge(
        judge=replace(judge, classifiers=(), images=judge.images.absolute()),
        recipe=prepared.recipe,
        device=plan.device,
        hashes={c.name: _hashes(c) for c in prepared.classifiers},
        versions=dict(prepared.versions),
        plan_file=path,
        plan_sha256=_hash(path),
    )
    return Stage(
        name="shard",
        items=prepared.dataset.sources,
        shard_size=plan.shard_size,
        batch_size=plan.batch_size,
        here=judge,
        elsewhere=elsewhere,
        call=_name,
        encode=to_json,
        decode=from_json,
    )


def _name(source: Source) -> str:
    return source.name


def _hashes(classifier: Classifier) -> tuple[str, str]:
    return (classifier.weights_sha256, classifier.code_sha256)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
