"""Shards run in threads of this process.

Every thread takes a whole batch (read, cut, predict, store) on one core, so no core
waits for another, and results do not depend on the number of threads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from stimuli.engine.running.cores import one_core_each
from stimuli.engine.running.shards import (
    Advanced,
    Event,
    Finished,
    Performer,
    Shard,
    Stage,
    WorkerSetup,
)
from stimuli.sources.images import careful_reading


@dataclass(frozen=True)
class InThreads:
    """Runs shards in this process, batches in parallel.

    Attributes:
        threads: Batches at a time.
    """

    threads: int
    name: str = "threads"
    n_workers: int = 0

    def run(self, stage: Stage, shards: Sequence[Shard]) -> Iterator[Event]:
        """Events in the shards' order, a bounded number of batches under way."""
        work = WorkerSetup(lambda: stage.here, stage.batch_size, self.threads)
        return run_batches(work, stage.here, shards=shards)


def run_batches(
    setup: WorkerSetup, performer: Performer, *, shards: Sequence[Shard]
) -> Iterator[Advanced | Finished]:
    """Shards done in this process, as an engine or one of its workers does them.

    Args:
        setup: How many at once.
        performer: Does the work.
        shards: What to do.
    """
    performers: SimpleQueue[Performer] = SimpleQueue()
    for _ in range(setup.threads):
        performers.put(performer.copy_for_thread())

    def work(items: list[Any]) -> list[Any]:
        mine = performers.get()
        try:
            return mine.judge(items)
        finally:
            performers.put(mine)

    pool = ThreadPoolExecutor(setup.threads)
    under_way: deque[tuple[_Batch, Future[list[Any]]]] = deque()
    collected = _Collected()
    try:
        with careful_reading(), one_core_each():
            for batch in _cut(shards, setup.batch_size):
                under_way.append((batch, pool.submit(work, batch.items)))
                if len(under_way) > 2 * setup.threads:
                    first, future = under_way.popleft()
                    yield from collected.add(first, future.result())
            for first, future in under_way:
                yield from collected.add(first, future.result())
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class _Batch:
    shard: Shard
    items: list[Any]


def _cut(shards: Sequence[Shard], size: int) -> Iterator[_Batch]:
    for shard in shards:
        for start in range(0, len(shard.items), size):
            yield _Batch(shard, shard.items[start : start + size])


@dataclass
class _Collected:
    """Results of the shard that is being put together."""

    results: list[Any] = field(default_factory=list)

    def add(self, batch: _Batch, done: list[Any]) -> Iterator[Advanced | Finished]:
        self.results += done
        yield Advanced(batch.shard.number, len(self.results))
        if len(self.results) == len(batch.shard.items):
            yield Finished(batch.shard.number, self.results)
            self.results = []
