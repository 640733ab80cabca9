"""What a build will compute, and in which pieces; fixed before anything is predicted."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from stimuli.classifiers.loading import Classifier
from stimuli.engine.preparing import PreparedBuild
from stimuli.engine.running.cores import one_core_each
from stimuli.errors import BuildError, ClassifierError
from stimuli.files.text import TextFileError, read_json
from stimuli.recipe_file import ExecutionSection
from stimuli.records.storage import Disk
from stimuli.sources.datasets import Dataset
from stimuli.sources.images import Display

PLAN_FILE: Final = "plan.json"

_WORDS: Final = {
    "recipe": "the recipe",
    "classifiers": "the classifier or its weights",
    "labels": "the labels",
    "files": "the image files",
    "versions": "the versions of the libraries",
    "execution": "how the work is cut",
    "display": "the crop",
}
_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128)


@dataclass(frozen=True, kw_only=True)
class BuildPlan:
    """What will be computed, and in which pieces.

    Attributes:
        parts: Everything that can change the result, by what to call it.
        n_images: Images in all.
        shard_size: Images per shard.
        batch_size: Images per forward pass.
        device: Kind of device, "cpu" or "cuda".
        created_at: When it was first made, ISO 8601, UTC.
    """

    parts: Mapping[str, Any]
    n_images: int
    shard_size: int
    batch_size: int
    device: str
    created_at: str

    @property
    def n_shards(self) -> int:
        """Shards in all."""
        return -(-self.n_images // self.shard_size)

    @property
    def sha256(self) -> str:
        """Hash over the parts."""
        text = json.dumps(self.parts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> str:
        """The plan as it is kept beside the shards."""
        return json.dumps({"created_at": self.created_at, "parts": self.parts})


def make_plan(
    prepared: PreparedBuild,
    folder: Path,
    *,
    former: Mapping[str, Any] | None,
    now: datetime,
) -> BuildPlan:
    """What these settings, classifiers and images come to.

    Args:
        prepared: The recipe with everything it names.
        folder: Where an interrupted build left its plan.
        former: The summary of a finished set, if there is one.
        now: Aware UTC.

    Raises:
        StimuliError: If a batch size cannot be measured, or a former plan is damaged.
    """
    execution = prepared.recipe.execution
    batch_size = execution.batch_size
    device = _planned_device(execution, prepared.device)
    if batch_size is None:
        batch_size = 8 if device == "cpu" else 64
    elif batch_size == "calibrate":
        # Measured once: resuming must cut the work as before.
        batch_size = _former_batch_size(folder, former) or calibrate_batch_size(
            prepared.classifiers, prepared.display
        )
    cut = {
        "device": device,
        "dtype": "float32",
        # Per batch; how many batches run at a time changes nothing.
        "model_threads": 1,
        "batch_size": batch_size,
        "shard_size": execution.shard_size,
    }
    return BuildPlan(
        parts={**_fingerprint(prepared), "execution": cut},
        n_images=len(prepared.dataset.sources),
        shard_size=execution.shard_size,
        batch_size=batch_size,
        device=device,
        created_at=now.isoformat(timespec="seconds"),
    )


def adopt_plan(folder: Path, plan: BuildPlan, *, disk: Disk) -> BuildPlan:
    """The plan to follow: an interrupted build's own, if it is the same work.

    Raises:
        BuildError: If the folder holds other unfinished work; it says what differs.
    """
    path = folder / PLAN_FILE
    if not path.is_file():
        disk.write(path, plan.to_json().encode())
        return plan
    former = _read_plan(path)
    old, new = former["parts"], json.loads(json.dumps(plan.parts))
    changed = [_WORDS.get(key, key) for key in new if new[key] != old.get(key)]
    if changed:
        raise BuildError(
            f"{folder.parent} holds an unfinished build of something else: "
            f"{', '.join(changed)} changed since; put that back to go on with it, "
            "start afresh with --fresh, or choose another folder"
        )
    return BuildPlan(**{**vars(plan), "created_at": former["created_at"]})


def _planned_device(execution: ExecutionSection, here: torch.device) -> str:
    """The kind of device that predicts: on Ray the actors', otherwise this one's.

    Raises:
        ClassifierError: If a batch size is to be measured on what is not here.
    """
    if execution.ray is None:
        return here.type
    if execution.device == "auto":
        return "cuda" if execution.gpus_per_actor else "cpu"
    if execution.batch_size == "calibrate" and execution.device != here.type:
        raise ClassifierError(
            'batch_size = "calibrate" measures on this machine, which has no CUDA '
            "device as the actors have; give a number"
        )
    return execution.device


def _former_batch_size(folder: Path, former: Mapping[str, Any] | None) -> int | None:
    path = folder / PLAN_FILE
    if former is not None:
        cut = former["execution"]
    elif path.is_file():
        cut = _read_plan(path)["parts"]["execution"]
    else:
        return None
    batch_size: int = cut["batch_size"]
    return batch_size


def _read_plan(path: Path) -> dict[str, Any]:
    """The plan that an interrupted build left.

    Raises:
        BuildError: If the file is damaged.
    """
    try:
        plan: dict[str, Any] = read_json(path)
    except TextFileError as error:
        raise BuildError(
            f"{error}; the unfinished build cannot go on: start afresh with --fresh"
        ) from error
    return plan


def calibrate_batch_size(classifiers: Sequence[Classifier], display: Display) -> int:
    """The fastest of a few sizes, on one core, as a worker runs.

    Args:
        classifiers: All run on every batch.
        display: The crop.
    """
    with one_core_each():
        return _fastest(classifiers, display)


def _fastest(classifiers: Sequence[Classifier], display: Display) -> int:
    best, best_rate = 1, 0.0
    for size in _SIZES:
        pixels = np.zeros((size, display.crop, display.crop, 3), dtype=np.uint8)
        try:
            rate = max(_rate(classifiers, pixels) for _ in range(3))
        except torch.OutOfMemoryError:
            break
        if rate > best_rate:
            best, best_rate = size, rate
        elif rate < 0.8 * best_rate:
            # Past the best size it only gets slower.
            break
    return best


def _rate(classifiers: Sequence[Classifier], pixels: NDArray[np.uint8]) -> float:
    start = time.perf_counter()
    for classifier in classifiers:
        classifier.logits(pixels)
    return len(pixels) / (time.perf_counter() - start)


def _fingerprint(prepared: PreparedBuild) -> dict[str, Any]:
    """Everything that can change the result, by what to call it."""
    settings = prepared.recipe.settings()
    # Who does the work changes nothing but the time.
    for key in ("threads", "workers", "ray", "actors", "gpus_per_actor"):
        settings["execution"].pop(key)
    # Sets of before there was this bound are the same sets without it.
    if settings["dataset"]["max_megapixels"] is None:
        settings["dataset"].pop("max_megapixels")
    own = prepared.class_pictures.items()
    pictures = {class_id: picture.source_sha256 for class_id, picture in own}
    return {
        "recipe": settings,
        "classifiers": [
            {"name": c.name, "weights": c.weights_sha256, "code": c.code_sha256}
            for c in prepared.classifiers
        ],
        "labels": _hash_labels(prepared),
        "files": _hash_files(prepared.dataset),
        "versions": prepared.versions,
        "display": asdict(prepared.display),
        **({"class_pictures": pictures} if pictures else {}),
    }


def _hash_labels(prepared: PreparedBuild) -> str:
    lists = prepared.adjudicated
    content = [
        [[s.name, s.label, s.present, s.also] for s in prepared.dataset.sources],
        [vars(info) for info in prepared.classes.infos],
        sorted(prepared.classes.groups.items()),
        *(
            sorted((name, sorted(ids)) for name, ids in part.items())
            for part in (lists.relevant, lists.absent)
        ),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _hash_files(dataset: Dataset) -> str:
    digest = hashlib.sha256()
    for source in dataset.sources:
        digest.update(f"{source.name}\0{_stamp(source.path)}\0".encode())
    return digest.hexdigest()


def _stamp(path: Path) -> str:
    """Size and time: reading every file twice would cost more than it tells."""
    try:
        stat = path.stat()
    except OSError:
        return "gone"
    return f"{stat.st_size} {stat.st_mtime_ns}"
