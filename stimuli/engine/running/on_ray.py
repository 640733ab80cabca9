"""Shards run by actors on a Ray cluster; the only module that imports Ray.

Ray places the actors, carries what they are given and notices when a node or an
actor is lost; which shard is next is `ShardDispatcher`'s business, as with processes.
"""

from __future__ import annotations

import logging
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from stimuli.engine.running.cores import one_core_each
from stimuli.engine.running.in_processes import carry
from stimuli.engine.running.in_threads import run_batches
from stimuli.engine.running.shards import Event, Performer, Shard, Stage, WorkerSetup
from stimuli.engine.running.worker_pool import (
    Lost,
    Message,
    Ready,
    Refused,
    ShardDispatcher,
)
from stimuli.errors import BuildError

try:
    import ray
    from ray.exceptions import RayActorError, RayError
except ImportError as error:
    raise BuildError(
        "execution.ray needs Ray, which is not installed here: pip install "
        '"secondlook[cluster]", the same version on every node'
    ) from error

_PATIENCE_S: Final = 120.0
_KNOCK_S: Final = 10.0
_MAX_VAIN: Final = 10


@dataclass(frozen=True, kw_only=True)
class OnRay:
    """Runs shards on a Ray cluster.

    Attributes:
        address: Of the cluster ("auto", "host:6379", "ray://..."), or "local" to
            start one here for as long as the work lasts.
        n_workers: Actors at a time; with fewer places, fewer start.
        threads: Batches at a time, and cores, of each.
        gpus_per_actor: GPUs of each; fractions share one.
        patience_s: How long to wait for a place that no node can give; ten times
            that where one could.
    """

    address: str
    n_workers: int
    threads: int
    gpus_per_actor: float = 0
    patience_s: float = _PATIENCE_S
    name: str = "ray"

    def run(self, stage: Stage, shards: Sequence[Shard]) -> Iterator[Event]:
        """Events until every shard is finished.

        Raises:
            StimuliError: If the cluster is not there, has no place, or a shard
                cannot be done.
        """
        with _connected(self.address):
            setup = WorkerSetup(stage.elsewhere, stage.batch_size, self.threads)
            pool = _RayPool(self, ray.put(setup))
            with closing(pool):
                yield from ShardDispatcher(
                    pool, stage, self.n_workers, deque(shards)
                ).run()


@contextmanager
def _connected(address: str) -> Iterator[None]:
    if ray.is_initialized():
        yield
        return
    try:
        _knock(address)
        ray.init(
            address=None if address == "local" else address,
            include_dashboard=False if address == "local" else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (OSError, RayError, RuntimeError, ValueError) as error:
        raise BuildError(
            f"no Ray cluster at {address!r}: {error}; start one (`ray start --head`) "
            'or say ray = "local"'
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raise OSError where nobody listens; Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=_KNOCK_S).close()


@dataclass(frozen=True)
class _Place:
    """Where an actor was put."""

    node: str
    host: str


class _Actor:
    """One worker on some node."""

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup = setup
        self._performer: Performer | None = None

    def open(self) -> _Place | Refused:
        """Load what the work needs."""
        try:
            with one_core_each():
                self._performer = self._setup.open()
        except Exception as error:  # noqa: BLE001 - the driver raises it
            return Refused(carry(error))
        return _Place(ray.get_runtime_context().get_node_id(), socket.gethostname())

    def run(self, shard: Shard) -> Iterator[Message]:
        """What happens while a shard is being done."""
        if self._performer is None:
            raise RuntimeError("open the actor first")
        try:
            yield from run_batches(self._setup, self._performer, shards=[shard])
        except Exception as error:  # noqa: BLE001 - the driver raises it
            yield Refused(carry(error))


@dataclass(eq=False)
class _RayWorker:
    """An actor, what it is doing, and where."""

    actor: Any
    pending: Any
    place: _Place | None = None


@dataclass
class _RayPool:
    """Actors of one cluster.

    Attributes:
        engine: What they may take.
        setup: A reference to what all are told.
        workers: Those that live.
        n_vain: Times in a row that nobody said anything.
    """

    engine: OnRay
    setup: Any
    workers: list[_RayWorker] = field(default_factory=list)
    n_vain: int = 0

    def start(self) -> _RayWorker:
        wanted = ray.remote(_Actor).options(
            num_cpus=self.engine.threads,
            num_gpus=self.engine.gpus_per_actor,
            # A new actor may go to another node; a restarted one might wait for
            # the resources of the lost one for ever.
            max_restarts=0,
        )
        actor = wanted.remote(self.setup)
        worker = _RayWorker(actor, actor.open.remote())
        self.workers.append(worker)
        return worker

    def give(self, worker: _RayWorker, shard: Shard) -> None:
        run = worker.actor.run.options(num_returns="streaming")
        worker.pending = run.remote(shard)

    def wait(self, workers: Sequence[_RayWorker]) -> list[tuple[_RayWorker, Message]]:
        is_working = any(worker.place for worker in workers)
        ready, _ = ray.wait(
            [worker.pending for worker in workers],
            timeout=None if is_working else self.engine.patience_s,
            fetch_local=False,
        )
        if not ready:
            self.n_vain += 1
            # A node that could hold an actor may be loading it, slowly.
            if self.n_vain >= _MAX_VAIN or not self._has_room():
                raise BuildError(self._no_place())
            return []
        self.n_vain = 0
        return [
            (h, self._hear(h)) for h in workers if any(h.pending is r for r in ready)
        ]

    def _hear(self, worker: _RayWorker) -> Message:
        try:
            said = ray.get(next(worker.pending) if worker.place else worker.pending)
        except RayActorError as error:
            self.workers.remove(worker)
            return Lost(_describe_loss(worker, error))
        if isinstance(said, _Place):
            worker.place = said
            return Ready()
        message: Message = said
        return message

    def _has_room(self) -> bool:
        """Whether some node could hold an actor if nobody else were there."""
        wanted = {"CPU": self.engine.threads, "GPU": self.engine.gpus_per_actor}
        return any(
            all(node["Resources"].get(kind, 0) >= n for kind, n in wanted.items())
            for node in ray.nodes()
            if node["Alive"]
        )

    def _no_place(self) -> str:
        waited_s = self.n_vain * self.engine.patience_s
        wanted = f"{self.engine.threads} CPU and {self.engine.gpus_per_actor:g} GPU"
        has = ray.cluster_resources()
        n_nodes = sum(bool(node["Alive"]) for node in ray.nodes())
        return (
            f"no place on the Ray cluster in {waited_s:g} s: an actor "
            f"takes {wanted}, the cluster's {n_nodes} nodes have "
            f"{has.get('CPU', 0):g} CPU and {has.get('GPU', 0):g} GPU in all; finished "
            "shards are kept: lower gpus_per_actor or threads, or add a node"
        )

    def close(self) -> None:
        for worker in self.workers:
            ray.kill(worker.actor)


def _describe_loss(worker: _RayWorker, error: RayActorError) -> str:
    reason = [line.strip() for line in str(error).splitlines() if line.strip()][-1]
    if worker.place is None:
        return f"a Ray actor was lost before it was placed ({reason})"
    alive = {node["NodeID"] for node in ray.nodes() if node["Alive"]}
    what = "the Ray actor" if worker.place.node in alive else "the Ray node"
    where = f"{worker.place.host} (node {worker.place.node[:12]})"
    return f"{what} on {where} was lost ({reason})"
