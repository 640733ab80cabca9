from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from stimuli.engine.running.shards import (
    Advanced,
    Event,
    Finished,
    Replaced,
    Shard,
    Stage,
)
from stimuli.engine.running.worker_pool import (
    Lost,
    Message,
    Ready,
    Refused,
    ShardDispatcher,
)
from stimuli.errors import BuildError, ClassifierError


class Idler:
    """The stage's own performer, which a pool never calls."""

    def judge(self, items: Sequence[Any]) -> list[Any]:
        raise AssertionError(items)

    def copy_for_thread(self) -> Self:
        return self


def stage_of(n: int) -> Stage:
    return Stage(
        name="shard",
        items=[f"{i}.png" for i in range(n)],
        shard_size=4,
        batch_size=2,
        here=Idler(),
        elsewhere=Idler,
        call=str,
        encode=str,
        decode=list,
    )


@dataclass
class FakePool:
    """Workers 0, 1, ...; each says the next line of what it has to say.

    Attributes:
        deaths: Shard number to how often it kills, past its first two images.
        stillborn: How many of the first workers die before they begin.
    """

    deaths: dict[int, int] = field(default_factory=dict)
    stillborn: int = 0
    refusal: Exception | None = None
    n_started: int = 0
    n_most: int = 0
    says: dict[int, deque[Message]] = field(default_factory=dict)

    def start(self) -> int:
        self.n_started += 1
        is_dead = self.n_started <= self.stillborn
        self.says[self.n_started] = deque([Lost("it fell") if is_dead else Ready()])
        return self.n_started

    def give(self, worker: int, shard: Shard) -> None:
        says = self.says[worker]
        if self.refusal:
            says.append(Refused(self.refusal))
            return
        says.append(Advanced(shard.number, 2))
        if self.deaths.get(shard.number, 0):
            self.deaths[shard.number] -= 1
            says.append(Lost(f"worker {worker} fell"))
        else:
            says.append(Finished(shard.number, [f"did {item}" for item in shard.items]))

    def wait(self, workers: Sequence[int]) -> list[tuple[int, Message]]:
        self.n_most = max(self.n_most, len(workers))
        assert len(set(workers)) == len(workers)
        return [(w, self.says[w].popleft()) for w in workers if self.says[w]]

    def close(self) -> None:
        """Nothing to end."""


def run(pool: FakePool, n_items: int, *, n_workers: int = 2) -> list[Event]:
    stage = stage_of(n_items)
    return list(ShardDispatcher(pool, stage, n_workers, deque(stage.shards)).run())


def results(events: list[Event]) -> dict[int, list[Any]]:
    return {e.shard: e.results for e in events if isinstance(e, Finished)}


def test_every_shard_is_done_once_by_no_more_workers_than_wanted():
    pool = FakePool()
    done = results(run(pool, 18, n_workers=3))
    # 18 items in fours: five shards, the last of two.
    assert [len(done[n]) for n in range(5)] == [4, 4, 4, 4, 2]
    assert done[4] == ["did 16.png", "did 17.png"]
    assert (pool.n_started, pool.n_most) == (3, 3)


def test_no_worker_is_started_for_whom_there_is_no_shard():
    pool = FakePool()
    run(pool, 8, n_workers=6)
    assert pool.n_started == 2


def test_the_shard_of_a_lost_worker_is_done_again():
    pool = FakePool(deaths={1: 2})
    events = run(pool, 16)
    assert sorted(results(events)) == [0, 1, 2, 3]
    told = [e.words for e in events if isinstance(e, Replaced)]
    assert len(told) == 2
    assert "fell; shard 1 (4 images, 4.png to 7.png) is done again" in told[0]


def test_images_done_again_count_once():
    events = run(FakePool(deaths={0: 2, 3: 1}), 16)
    counted = dict.fromkeys(range(4), 0)
    for event in events:
        if isinstance(event, Advanced):
            assert event.n_done > counted[event.shard]
            counted[event.shard] = event.n_done
    assert counted == dict.fromkeys(range(4), 4)


def test_a_shard_that_kills_three_workers_is_named_with_its_images():
    with pytest.raises(BuildError) as caught:
        run(FakePool(deaths={2: 3}), 16)
    said = str(caught.value)
    assert "shard 2 (4 images, 8.png to 11.png) was given up: each of the 3" in said
    # It says two are done, and works on two at a time.
    assert "past 2 of its images; next are 10.png, 11.png" in said


def test_workers_that_never_begin_are_not_hired_for_ever():
    with pytest.raises(BuildError, match="3 workers in a row died before they could"):
        run(FakePool(stillborn=9), 16)
    assert results(run(FakePool(stillborn=2), 16)).keys() == {0, 1, 2, 3}


def test_what_a_worker_refuses_is_said_as_it_is():
    with pytest.raises(ClassifierError, match="got NaN"):
        run(FakePool(refusal=ClassifierError("got NaN")), 16)
