"""Shards run in worker processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Final

from stimuli.engine.running.cores import one_core_each
from stimuli.engine.running.in_threads import run_batches
from stimuli.engine.running.shards import Event, Performer, Shard, Stage, WorkerSetup
from stimuli.engine.running.worker_pool import (
    Lost,
    Message,
    Ready,
    Refused,
    ShardDispatcher,
)
from stimuli.errors import StimuliError

# Not forked: threads and CUDA do not survive it.
_CONTEXT: Final = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class InProcesses:
    """Runs shards in processes that end with this one.

    Attributes:
        n_workers: Processes at a time.
        threads: Batches at a time in each.
    """

    n_workers: int
    threads: int
    name: str = "processes"

    def run(self, stage: Stage, shards: Sequence[Shard]) -> Iterator[Event]:
        """Events until every shard is finished.

        Raises:
            StimuliError: If a shard cannot be done.
        """
        pool = _ProcessPool(
            WorkerSetup(stage.elsewhere, stage.batch_size, self.threads)
        )
        with closing(pool):
            yield from ShardDispatcher(pool, stage, self.n_workers, deque(shards)).run()


@dataclass(frozen=True, eq=False)
class _ProcessWorker:
    process: SpawnProcess
    line: Connection


@dataclass
class _ProcessPool:
    """Processes with a pipe each.

    Attributes:
        setup: What all are told.
        workers: Those that live.
    """

    setup: WorkerSetup
    workers: list[_ProcessWorker] = field(default_factory=list)

    def start(self) -> _ProcessWorker:
        line, their_end = _CONTEXT.Pipe()
        process = _CONTEXT.Process(
            target=_serve, args=(their_end, self.setup), daemon=True
        )
        process.start()
        # Else the line would stay open when the process dies.
        their_end.close()
        worker = _ProcessWorker(process, line)
        self.workers.append(worker)
        return worker

    def give(self, worker: _ProcessWorker, shard: Shard) -> None:
        # A worker that died while idle is reported by the next wait.
        with suppress(OSError):
            worker.line.send(shard)

    def wait(
        self, workers: Sequence[_ProcessWorker]
    ) -> list[tuple[_ProcessWorker, Message]]:
        ready = wait([worker.line for worker in workers])
        return [
            (worker, self._hear(worker)) for worker in workers if worker.line in ready
        ]

    def _hear(self, worker: _ProcessWorker) -> Message:
        try:
            message: Message = worker.line.recv()
        except (EOFError, OSError):
            self.workers.remove(worker)
            return Lost(_end(worker))
        return message

    def close(self) -> None:
        for worker in self.workers:
            worker.process.kill()
        for worker in self.workers:
            _end(worker)


def _end(worker: _ProcessWorker) -> str:
    """Clear a process away; what is known of its end, in words."""
    worker.process.join()
    code, number = worker.process.exitcode or 0, worker.process.pid
    worker.process.close()
    worker.line.close()
    if code == -signal.SIGKILL:
        return f"worker process {number} was killed (often for lack of memory)"
    if code < 0:
        return f"worker process {number} died of {signal.Signals(-code).name}"
    return f"worker process {number} ended with exit code {code}"


def _serve(line: Connection, setup: WorkerSetup) -> None:
    """A worker's life: load, then a shard at a time, until the line is closed."""
    # Ctrl-C reaches every process of the terminal; the parent ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, BrokenPipeError):
        performer = _open(line, setup)
        if performer is None:
            return
        line.send(Ready())
        while True:
            _do(line, setup, performer=performer, shard=line.recv())


def _end_with_parent() -> None:
    """No orphans, even in the middle of a long shard."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _open(line: Connection, setup: WorkerSetup) -> Performer | None:
    try:
        with one_core_each():
            return setup.open()
    except Exception as error:  # noqa: BLE001 - the parent raises it
        line.send(Refused(carry(error)))
        return None


def _do(
    line: Connection, setup: WorkerSetup, *, performer: Performer, shard: Shard
) -> None:
    try:
        for event in run_batches(setup, performer, shards=[shard]):
            line.send(event)
    except (EOFError, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 - the parent raises it
        line.send(Refused(carry(error)))


def carry(error: Exception) -> Exception:
    """An exception that can be sent to another process.

    What the user can mend goes as it is, a fault of the program as its traceback.
    """
    if isinstance(error, StimuliError):
        return type(error)(str(error))
    trace: Any = "".join(traceback.format_exception(error))
    return RuntimeError(f"in a worker: {trace}")
