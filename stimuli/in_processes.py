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

from stimuli.cores import one_core_each
from stimuli.crew import Dispatch, Lost, Message, Ready, Refused
from stimuli.errors import StimuliError
from stimuli.in_threads import run_batches
from stimuli.shards import Event, Order, Performer, Shard, Stage

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
        crew = _ProcessCrew(Order(stage.elsewhere, stage.batch_size, self.threads))
        with closing(crew):
            yield from Dispatch(crew, stage, self.n_workers, deque(shards)).run()


@dataclass(frozen=True, eq=False)
class _Hand:
    process: SpawnProcess
    line: Connection


@dataclass
class _ProcessCrew:
    """Processes with a pipe each.

    Attributes:
        order: What all are told.
        hands: Those that live.
    """

    order: Order
    hands: list[_Hand] = field(default_factory=list)

    def hire(self) -> _Hand:
        line, their_end = _CONTEXT.Pipe()
        process = _CONTEXT.Process(
            target=_serve, args=(their_end, self.order), daemon=True
        )
        process.start()
        # Else the line would stay open when the process dies.
        their_end.close()
        hand = _Hand(process, line)
        self.hands.append(hand)
        return hand

    def give(self, worker: _Hand, shard: Shard) -> None:
        # A worker that died while idle is reported by the next wait.
        with suppress(OSError):
            worker.line.send(shard)

    def wait(self, workers: Sequence[_Hand]) -> list[tuple[_Hand, Message]]:
        ready = wait([hand.line for hand in workers])
        return [(hand, self._hear(hand)) for hand in workers if hand.line in ready]

    def _hear(self, hand: _Hand) -> Message:
        try:
            message: Message = hand.line.recv()
        except (EOFError, OSError):
            self.hands.remove(hand)
            return Lost(_end(hand))
        return message

    def close(self) -> None:
        for hand in self.hands:
            hand.process.kill()
        for hand in self.hands:
            _end(hand)


def _end(hand: _Hand) -> str:
    """Clear a process away; what is known of its end, in words."""
    hand.process.join()
    code, number = hand.process.exitcode or 0, hand.process.pid
    hand.process.close()
    hand.line.close()
    if code == -signal.SIGKILL:
        return f"worker process {number} was killed (often for lack of memory)"
    if code < 0:
        return f"worker process {number} died of {signal.Signals(-code).name}"
    return f"worker process {number} ended with exit code {code}"


def _serve(line: Connection, order: Order) -> None:
    """A worker's life: load, then a shard at a time, until the line is closed."""
    # Ctrl-C reaches every process of the terminal; the parent ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, BrokenPipeError):
        performer = _open(line, order)
        if performer is None:
            return
        line.send(Ready())
        while True:
            _do(line, order, performer=performer, shard=line.recv())


def _end_with_parent() -> None:
    """No orphans, even in the middle of a long shard."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _open(line: Connection, order: Order) -> Performer | None:
    try:
        with one_core_each():
            return order.open()
    except Exception as error:  # noqa: BLE001 - the parent raises it
        line.send(Refused(carry(error)))
        return None


def _do(line: Connection, order: Order, *, performer: Performer, shard: Shard) -> None:
    try:
        for event in run_batches(order, performer, shards=[shard]):
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
