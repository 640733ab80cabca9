"""Shards that are run here or elsewhere, each once, whatever is interrupted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from stimuli.engine.running.cores import count_cores
from stimuli.engine.running.in_processes import InProcesses
from stimuli.engine.running.in_threads import InThreads
from stimuli.engine.running.shards import (
    Advanced,
    Engine,
    Event,
    Finished,
    Replaced,
    Shard,
    Stage,
)
from stimuli.recipe_file import ExecutionSection
from stimuli.recipes.batches.judging import Judge
from stimuli.records.classified_images import ClassifiedImage, UnreadableImage
from stimuli.records.storage import Disk
from stimuli.sources.datasets import Source
from stimuli.sources.images import careful_reading

Results = list[ClassifiedImage | UnreadableImage]


class BuildProgress(Protocol):
    """Somebody who wants to know how far a build is."""

    def skip(self, n: int) -> None:
        """These many images were done by an earlier run."""

    def update(self, n: int) -> object:
        """These many images were done just now."""


OpenProgress = Callable[[int], AbstractContextManager[BuildProgress]]


@dataclass(frozen=True, kw_only=True)
class ShardRunner:
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
        self, stage: Stage, shards: Sequence[Shard], *, progress: BuildProgress
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
        from stimuli.engine.running.on_ray import OnRay

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
    wanted: Sequence[tuple[Source, ClassifiedImage]],
    judge: Judge,
    *,
    threads: int | None,
) -> list[str]:
    """Store crops that were judged before; their stimulus ids in order.

    Args:
        wanted: Images with what was noted of them.
        judge: Stores one.
        threads: Crops at a time; None for one per core.
    """
    with careful_reading(), ThreadPoolExecutor(threads or count_cores()) as pool:
        return list(pool.map(lambda pair: judge.store(*pair), wanted))


def _as_generator(events: Iterator[Event]) -> Generator[Event, None, None]:
    """Closing it closes what it goes through."""
    yield from events
