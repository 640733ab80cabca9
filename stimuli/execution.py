"""A shard plan fixed before anything runs; run here in threads; resumes.

Every worker thread takes a whole batch (read, cut, predict, store) on one core, so
no core waits for another, and results do not depend on the number of threads.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, Protocol

import torch

from stimuli.datasets import Source
from stimuli.errors import BuildError
from stimuli.findings import Seen, Unreadable, from_json, to_json
from stimuli.images import careful_reading
from stimuli.judging import Judge
from stimuli.storage import Disk

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


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be computed, and in which pieces.

    Attributes:
        parts: Everything that can change the result, by what to call it.
        n_images: Images in all.
        shard_size: Images per shard.
        batch_size: Images per forward pass.
        created_at: When it was first made, ISO 8601, UTC.
    """

    parts: Mapping[str, Any]
    n_images: int
    shard_size: int
    batch_size: int
    created_at: str

    @property
    def shards(self) -> list[range]:
        """Image positions, shard by shard."""
        return [
            range(start, min(start + self.shard_size, self.n_images))
            for start in range(0, self.n_images, self.shard_size)
        ]

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
    path = folder / "plan.json"
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


def run_plan(
    plan: Plan,
    judge: Judge,
    *,
    sources: Sequence[Source],
    folder: Path,
    threads: int,
    disk: Disk,
    progress: Progress,
) -> Results:
    """Every result, in the order of `sources`; finished shards are not run again.

    Args:
        plan: The shards.
        judge: What to do with a batch.
        sources: All images, in the plan's order.
        folder: Where shard results are kept.
        threads: Batches at a time.
        disk: How results are written.
        progress: Told the number of images done.
    """
    done = _read_finished(plan, folder)
    progress.skip(sum(map(len, done.values())))
    batches = [
        _Batch(number, [sources[i] for i in shard[start : start + plan.batch_size]])
        for number, shard in enumerate(plan.shards)
        if number not in done
        for start in range(0, len(shard), plan.batch_size)
    ]
    with closing(_run(batches, judge, threads=threads)) as stream:
        for batch, results in stream:
            shard_results = done.setdefault(batch.shard, [])
            shard_results.extend(results)
            progress.update(len(results))
            if len(shard_results) == len(plan.shards[batch.shard]):
                text = to_json(shard_results)
                disk.write(_shard_path(folder, batch.shard), text.encode())
    return [result for number in sorted(done) for result in done[number]]


def store_crops(
    wanted: Sequence[tuple[Source, Seen]], judge: Judge, *, threads: int
) -> list[str]:
    """Store crops that were judged before; their stimulus ids in order."""
    with careful_reading(), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda pair: judge.store(*pair), wanted))


def _read_finished(plan: Plan, folder: Path) -> dict[int, Results]:
    paths = {n: _shard_path(folder, n) for n in range(len(plan.shards))}
    return {
        number: from_json(path.read_text("utf-8"))
        for number, path in paths.items()
        if path.is_file()
    }


def count_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


@dataclass(frozen=True)
class _Batch:
    shard: int
    sources: list[Source]


def _run(
    batches: Sequence[_Batch], judge: Judge, *, threads: int
) -> Generator[tuple[_Batch, Results], None, None]:
    """Results in the batches' order, a bounded number of them under way."""
    judges: SimpleQueue[Judge] = SimpleQueue()
    for _ in range(threads):
        judges.put(judge.copy_for_thread())

    def work(batch: _Batch) -> Results:
        mine = judges.get()
        try:
            return mine.judge(batch.sources)
        finally:
            judges.put(mine)

    pool = ThreadPoolExecutor(threads)
    under_way: deque[tuple[_Batch, Future[Results]]] = deque()
    try:
        with careful_reading(), one_core_each():
            for batch in batches:
                under_way.append((batch, pool.submit(work, batch)))
                if len(under_way) > 2 * threads:
                    first, future = under_way.popleft()
                    yield first, future.result()
            for first, future in under_way:
                yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def one_core_each() -> Iterator[None]:
    """Let torch use one core per calling thread, for as long as this lasts.

    Threads that split one batch wait for each other at every layer; on a busy
    machine that costs more than it gains.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _shard_path(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:05d}.json"
