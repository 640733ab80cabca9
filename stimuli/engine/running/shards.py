"""Work that is cut into shards: what an engine is given, and what it says back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self


class Performer(Protocol):
    """Does the work on a few items at a time; holds the classifiers."""

    def judge(self, items: Sequence[Any]) -> list[Any]:
        """One picklable result per item, in their order."""

    def copy_for_thread(self) -> Self:
        """A twin that another thread may call at the same time."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One kind of work on a sequence of items, and how it is cut.

    The cut is fixed before anything runs and never depends on who does the work,
    so that every engine computes the same batches.

    Attributes:
        name: Begins the names of its shard files.
        items: What to work on; picklable.
        shard_size: Items per shard, the unit of resuming and of doing again.
        batch_size: Items per call of the performer.
        here: Does the work in this process.
        elsewhere: Called in every other process; loads what it needs there.
            Picklable.
        call: What a message calls an item.
        encode: Results as the text of a shard file.
        decode: The reverse.
    """

    name: str
    items: Sequence[Any]
    shard_size: int
    batch_size: int
    here: Performer
    elsewhere: Callable[[], Performer]
    call: Callable[[Any], str]
    encode: Callable[[Sequence[Any]], str]
    decode: Callable[[str], list[Any]]

    @property
    def shards(self) -> list[Shard]:
        """All of them, in order."""
        starts = range(0, len(self.items), self.shard_size)
        return [
            Shard(number, list(self.items[start : start + self.shard_size]))
            for number, start in enumerate(starts)
        ]


@dataclass(frozen=True)
class WorkerSetup:
    """What a worker elsewhere must know of a stage before its first shard.

    Attributes:
        open: Loads what does the work.
        batch_size: Items per call.
        threads: Batches at a time.
    """

    open: Callable[[], Performer]
    batch_size: int
    threads: int


@dataclass(frozen=True)
class Shard:
    """A few neighbouring items."""

    number: int
    items: list[Any]


@dataclass(frozen=True)
class Advanced:
    """So many items of a shard are done."""

    shard: int
    n_done: int


@dataclass(frozen=True)
class Finished:
    """A shard is done.

    Attributes:
        shard: Its number.
        results: One per item.
    """

    shard: int
    results: list[Any]


@dataclass(frozen=True)
class Replaced:
    """A worker was lost and its shard is done again; the words say which."""

    words: str


Event = Advanced | Finished | Replaced


class Engine(Protocol):
    """Runs shards somewhere."""

    @property
    def name(self) -> str:
        """For the summary: "threads", "processes" or "ray"."""

    @property
    def n_workers(self) -> int:
        """Processes or actors; 0 where there are none."""

    @property
    def threads(self) -> int:
        """Batches at a time in each."""

    def run(self, stage: Stage, shards: Sequence[Shard]) -> Iterator[Event]:
        """Events until every shard is finished; a generator that can be closed.

        Raises:
            StimuliError: If a shard cannot be done.
        """
