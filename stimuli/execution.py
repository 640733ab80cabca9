"""A shard plan fixed before anything runs; run here or elsewhere; resumes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from stimuli.cores import count_cores, one_core_each
from stimuli.datasets import Source
from stimuli.errors import BuildError
from stimuli.findings import Seen, Unreadable
from stimuli.images import careful_reading
from stimuli.in_processes import InProcesses
from stimuli.in_threads import InThreads
from stimuli.judging import Judge
from stimuli.recipe_file import ExecutionSection
from stimuli.shards import (
    Advanced,
    Engine,
    Event,
    Finished,
    Replaced,
    Shard,
    Stage,
)
from stimuli.storage import Disk

__all__ = ["count_cores", "one_core_each"]

PLAN_FILE: Final = "plan.json"

Results = list[Seen | Unreadable]

_WORDS: Final = {
    "recipe": "the recipe",
    "classifiers": "the classifier or its weights",
    "labels": "the labels",
    "files": "the image files",
    "versions": "the versions of the libraries",
    "execution": "how the work is cut",
    "display": "the crop",
}


class Progress(Protocol):
    """Somebody who wants to know how far a build is."""

    def skip(self, n: int) -> None:
        """These many images were done by an earlier run."""

    def update(self, n: int) -> object:
        """These many images were done just now."""


OpenProgress = Callable[[int], AbstractContextManager[Progress]]


@dataclass(frozen=True, kw_only=True)
class Plan:
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


def adopt_plan(folder: Path, plan: Plan, *, disk: Disk) -> Plan:
    """The plan to follow: an interrupted build's own, if it is the same work.

    Raises:
        BuildError: If the folder holds other unfinished work; it says what differs.
    """
    path = folder / PLAN_FILE
    if not path.is_file():
        disk.write(path, plan.to_json().encode())
        return plan
    former = json.loads(path.read_text("utf-8"))
    old, new = former["parts"], json.loads(json.dumps(plan.parts))
    changed = [_WORDS.get(key, key) for key in new if new[key] != old.get(key)]
    if changed:
        raise BuildError(
            f"{folder.parent} holds an unfinished build of something else: "
            f"{', '.join(changed)} changed since; put that back to go on with it, "
            "start afresh with --fresh, or choose another folder"
        )
    return Plan(**{**vars(plan), "created_at": former["created_at"]})


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Runs the stages of one build, each shard once, finished shards never again.

    Attributes:
        engine: Who does the work.
        folder: Where shard results are kept until the set is finished.
        disk: How they are written.
        open_progress: Given the number of items, a progress to tell.
        incidents: Workers lost and replaced, in words.
    """

    engine: Engine
    folder: Path
    disk: Disk
    open_progress: OpenProgress
    incidents: list[str] = field(default_factory=list)

    def run(self, stage: Stage) -> list[Any]:
        """Every result, in the order of the stage's items.

        Raises:
            StimuliError: If a shard cannot be done; finished ones are kept.
        """
        shards = stage.shards
        paths = {shard.number: self._path(stage, shard.number) for shard in shards}
        done = {
            number: stage.decode(path.read_text("utf-8"))
            for number, path in paths.items()
            if path.is_file()
        }
        left = [shard for shard in shards if shard.number not in done]
        with self.open_progress(len(stage.items)) as progress:
            progress.skip(sum(map(len, done.values())))
            if left:
                done |= self._run(stage, left, progress=progress)
        return [result for number in sorted(done) for result in done[number]]

    def _run(
        self, stage: Stage, shards: Sequence[Shard], *, progress: Progress
    ) -> dict[int, list[Any]]:
        done: dict[int, list[Any]] = {}
        told: Counter[int] = Counter()
        with closing(_as_generator(self.engine.run(stage, shards))) as events:
            for event in events:
                match event:
                    case Advanced():
                        progress.update(event.n_done - told[event.shard])
                        told[event.shard] = event.n_done
                    case Replaced():
                        self.incidents.append(event.words)
                    case Finished():
                        text = stage.encode(event.results)
                        self.disk.write(self._path(stage, event.shard), text.encode())
                        done[event.shard] = event.results
        return done

    def _path(self, stage: Stage, number: int) -> Path:
        return self.folder / f"{stage.name}-{number:05d}.json"


def choose_engine(section: ExecutionSection) -> Engine:
    """Who does the work, as `[execution]` says.

    Raises:
        BuildError: If it says Ray and Ray is not installed.
    """
    if section.ray is not None:
        from stimuli.ray_execution import OnRay

        return OnRay(
            address=section.ray,
            n_workers=section.actors or 1,
            threads=section.threads or 1,
            gpus_per_actor=section.gpus_per_actor or 0,
        )
    if section.workers is not None:
        return InProcesses(section.workers, section.threads or 1)
    return InThreads(section.threads or count_cores())


def store_crops(
    wanted: Sequence[tuple[Source, Seen]], judge: Judge, *, threads: int
) -> list[str]:
    """Store crops that were judged before; their stimulus ids in order."""
    with careful_reading(), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda pair: judge.store(*pair), wanted))


def _as_generator(events: Iterator[Event]) -> Generator[Event, None, None]:
    """Closing it closes what it goes through."""
    yield from events
