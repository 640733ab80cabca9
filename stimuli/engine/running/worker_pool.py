"""Workers that may die: who does which shard, and what happens to it then.

Starting workers, placing them and noticing their loss is the business of a `WorkerPool`:
`multiprocessing` on one machine, Ray on several.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from stimuli.engine.running.shards import (
    Advanced,
    Event,
    Finished,
    Replaced,
    Shard,
    Stage,
)
from stimuli.errors import BuildError

MAX_TRIES: Final = 3

# What stands for one worker; only its pool looks inside.
Worker = Any


@dataclass(frozen=True)
class Ready:
    """A worker has loaded what it needs."""


@dataclass(frozen=True)
class Lost:
    """A worker is gone.

    Attributes:
        words: Which one, where, and what is known of the reason.
    """

    words: str


@dataclass(frozen=True)
class Refused:
    """A worker met what doing again would not mend."""

    error: Exception


Message = Ready | Advanced | Finished | Lost | Refused


class WorkerPool(Protocol):
    """Workers of one kind, all for one stage."""

    def start(self) -> Worker:
        """Begin to start a worker; it says `Ready` once it can work."""

    def give(self, worker: Worker, shard: Shard) -> None:
        """Let it do a shard."""

    def wait(self, workers: Sequence[Worker]) -> list[tuple[Worker, Message]]:
        """What some of them say; waits until one does.

        Raises:
            BuildError: If none says anything for too long.
        """

    def close(self) -> None:
        """End every worker."""


@dataclass
class ShardDispatcher:
    """Has every shard done by a pool, those of lost workers again.

    Attributes:
        pool: The workers.
        stage: The work.
        n_workers: Workers at a time.
        waiting: Shards that nobody does yet.
    """

    pool: WorkerPool
    stage: Stage
    n_workers: int
    waiting: deque[Shard]
    _starting: list[Worker] = field(default_factory=list)
    _idle: list[Worker] = field(default_factory=list)
    _busy: list[tuple[Worker, Shard]] = field(default_factory=list)
    _n_lost: Counter[int] = field(default_factory=Counter)
    _n_told: Counter[int] = field(default_factory=Counter)
    _n_failed_starts: int = 0

    def run(self) -> Iterator[Event]:
        """Events until all is done.

        Raises:
            StimuliError: What a worker refused, or a shard that kills its workers.
        """
        while self.waiting or self._busy:
            self._employ()
            everyone = [*self._starting, *(worker for worker, _ in self._busy)]
            for worker, message in self.pool.wait(everyone):
                yield from self._hear(worker, message)

    def _employ(self) -> None:
        while self._idle and self.waiting:
            worker, shard = self._idle.pop(), self.waiting.popleft()
            self.pool.give(worker, shard)
            self._busy.append((worker, shard))
        n_wanted = min(self.n_workers - len(self._busy), len(self.waiting))
        while len(self._starting) < n_wanted:
            self._starting.append(self.pool.start())

    def _hear(self, worker: Worker, message: Message) -> Iterator[Event]:
        match message:
            case Ready():
                self._starting.remove(worker)
                self._idle.append(worker)
                self._n_failed_starts = 0
            case Advanced():
                yield from self._advance(message)
            case Finished():
                self._release(worker)
                self._idle.append(worker)
                yield from self._advance(Advanced(message.shard, len(message.results)))
                yield message
            case Refused():
                raise message.error
            case Lost():
                yield self._replace(worker, message.words)

    def _advance(self, message: Advanced) -> Iterator[Event]:
        """A shard that is done again counts once."""
        if message.n_done > self._n_told[message.shard]:
            self._n_told[message.shard] = message.n_done
            yield message

    def _release(self, worker: Worker) -> Shard:
        index = next(i for i, pair in enumerate(self._busy) if pair[0] is worker)
        return self._busy.pop(index)[1]

    def _replace(self, worker: Worker, words: str) -> Replaced:
        if worker in self._starting:
            self._starting.remove(worker)
            self._n_failed_starts += 1
            if self._n_failed_starts >= MAX_TRIES:
                raise BuildError(
                    f"{MAX_TRIES} workers in a row died before they could begin; the "
                    f"last: {words}; use fewer workers if memory is short, or look "
                    "at what the classifier does when it is loaded"
                )
            return Replaced(f"{words} before it began; another was started")
        shard = self._release(worker)
        self._n_lost[shard.number] += 1
        if self._n_lost[shard.number] >= MAX_TRIES:
            raise BuildError(self._blame(shard, words))
        self.waiting.appendleft(shard)
        return Replaced(f"{words}; {self._name(shard)} is done again")

    def _blame(self, shard: Shard, words: str) -> str:
        n_done = self._n_told[shard.number]
        suspects = map(self.stage.call, shard.items[n_done:][: self.stage.batch_size])
        return (
            f"{self._name(shard)} was given up: each of the {MAX_TRIES} workers that "
            f"took it died, the last: {words}. It was past {n_done} of its images; "
            f"next are {', '.join(suspects)}. Finished shards are kept: if memory is "
            "short, lower batch_size or the number of workers; otherwise leave out "
            "the image at fault; then run the same command again"
        )

    def _name(self, shard: Shard) -> str:
        first, last = (self.stage.call(shard.items[i]) for i in (0, -1))
        if len(shard.items) == 1:
            return f"shard {shard.number} ({first})"
        n = len(shard.items)
        return f"shard {shard.number} ({n} images, {first} to {last})"
