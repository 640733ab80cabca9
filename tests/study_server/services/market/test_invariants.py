"""Whatever happens on a market, in whatever order: books and market agree."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from study_server.errors import MarketError, StudyError
from study_server.marketplace.people import add_requester
from study_server.services.market import collecting, paying, posting, reconciling
from study_server.store import upgrade
from tests.marketplace_server import (
    LiveMarketplace,
    RefusedError,
    Worker,
    live_marketplace,
)
from tests.study_server.conftest import FakeClock, make_services
from tests.study_server.made_sets import SetSize, write_set
from tests.study_server.services.market.test_faults import Crash, Crashing
from tests.study_server.services.market_world import World, make_world

__all__ = ["live_marketplace"]

START = 1_000_00
_NUMBERS = count()
STEPS = ("post", "approve", "pay_bonus", "grant", "set_expiry", "submissions")


@cache
def empty_database() -> Path:
    path = Path(tempfile.mkdtemp(prefix="slhit")) / "empty.sqlite3"
    upgrade(f"sqlite:///{path}")
    return path


@cache
def stimuli() -> Path:
    return write_set(Path(tempfile.mkdtemp(prefix="slhit")) / "set", SetSize())


@dataclass
class Held:
    """An assignment that somebody holds, and our address of them, if they came in."""

    worker: Worker
    assignment: str
    hit_id: str
    token: str | None = None
    is_done: bool = False


class Market(RuleBasedStateMachine):
    """Requester and workers act in turn; the requester's process may die."""

    shared: LiveMarketplace

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="slhit"))
        path = self.folder / "study.sqlite3"
        shutil.copy(empty_database(), path)
        self.shared.clear_faults()
        services = make_services(
            f"sqlite:///{path}", clock=FakeClock(), data_dir=self.folder
        )
        self.world: World = make_world(
            services, self._own_account(), folder=self.folder, stimuli=stimuli()
        )
        self.held: list[Held] = []

    def _own_account(self) -> LiveMarketplace:
        market = self.shared.market
        with market.store.write() as tx:
            made = add_requester(
                tx, f"r{next(_NUMBERS)}", balance_cents=START, at=market.clock()
            )
        return replace(
            self.shared, access_key=made.access_key, secret_key=made.secret_key
        )

    @rule()
    def post(self) -> None:
        self.world.post()

    @precondition(lambda self: self.world.open_hits())
    @rule(is_entering=st.booleans())
    def accept(self, is_entering: bool) -> None:
        hit_id = self.world.open_hits()[0]
        worker = self.world.live.add_worker()
        held = Held(worker=worker, assignment=worker.accept(hit_id), hit_id=hit_id)
        if is_entering:
            with suppress(StudyError):
                held.token = self.world.come(worker, held.assignment, hit_id)
        self.held.append(held)

    @precondition(lambda self: self.held)
    @rule(who=st.integers(0, 9), is_careful=st.booleans())
    def work(self, who: int, is_careful: bool) -> None:
        held = self.held[who % len(self.held)]
        if held.token is not None and not held.is_done:
            with suppress(StudyError):
                self.world.walk(held.token, is_careful=is_careful)
                held.is_done = True

    @precondition(lambda self: self.held)
    @rule(who=st.integers(0, 9))
    def give_back(self, who: int) -> None:
        held = self.held.pop(who % len(self.held))
        with suppress(RefusedError):
            held.worker.give_back(held.assignment)

    @precondition(lambda self: self.held)
    @rule(who=st.integers(0, 9))
    def submit(self, who: int) -> None:
        held = self.held.pop(who % len(self.held))
        with suppress(RefusedError):
            held.worker.submit(held.assignment, {"secondlook": "completed"})

    @precondition(lambda self: self.held)
    @rule(who=st.integers(0, 9))
    def submit_late(self, who: int) -> None:
        self.world.live.set_faults(late_rate=1.0)
        self.world.live.advance(2 * 3600)
        self.submit(who)
        self.world.live.clear_faults()

    @rule()
    def sync(self) -> None:
        with suppress(StudyError):
            collecting.sync(self.world.recruitment)

    @rule(operation=st.sampled_from(STEPS), n_before=st.integers(0, 2))
    def die_while(self, operation: str, n_before: int) -> None:
        market: Any = Crashing(
            self.world.recruitment.market, operation, n_before=n_before
        )
        recruitment = replace(self.world.recruitment, market=market)
        with suppress(Crash, StudyError):
            posting.post(recruitment, agrees=lambda _quote: True)
            paying.approve(recruitment)
            self._pay_bonus(recruitment)
            reconciling.expire(recruitment)

    @rule()
    def approve(self) -> None:
        with suppress(StudyError):
            paying.approve(self.world.recruitment)

    @rule()
    def bonus(self) -> None:
        with suppress(StudyError):
            self._pay_bonus(self.world.recruitment)

    @rule()
    def expire(self) -> None:
        with suppress(StudyError):
            reconciling.expire(self.world.recruitment)

    def _pay_bonus(self, recruitment: Any) -> None:
        payments = paying.bonus_payments(recruitment, amount_minor=25, reason="Thanks")
        paying.pay_bonuses(recruitment, payments)

    @invariant()
    def nothing_is_there_twice(self) -> None:
        if not hasattr(self, "world"):
            return
        names = Counter(hit["RequesterAnnotation"] for hit in self.world.hits())
        assert set(names.values()) <= {1}
        numbers = Counter(name.split("/")[3] for name in names)
        assert set(numbers.values()) <= {1}

    @invariant()
    def nobody_has_a_bonus_twice(self) -> None:
        if hasattr(self, "world"):
            paid = Counter(
                (p["AssignmentId"], p["WorkerId"]) for p in self.world.bonuses()
            )
            assert set(paid.values()) <= {1}

    @invariant()
    def no_more_is_spent_than_the_books_say(self) -> None:
        if hasattr(self, "world") and self._is_posted():
            account = self.world.account()
            assert account.committed_minor <= account.cap_minor
            assert START - self.world.balance_minor() <= account.committed_minor

    @invariant()
    def no_more_is_posted_than_is_missing(self) -> None:
        if not hasattr(self, "world") or not self._is_posted():
            return
        n_open = sum(
            hit["NumberOfAssignmentsAvailable"] + hit["NumberOfAssignmentsPending"]
            for hit in self.world.hits()
            if hit["HITStatus"] == "Assignable"
        )
        assert n_open <= 4

    def _is_posted(self) -> bool:
        with suppress(AssertionError):
            return self.world.account() is not None
        return False

    def teardown(self) -> None:
        """In the end, each is paid once and every trial has exactly n."""
        if not hasattr(self, "world"):
            return
        world = self.world
        try:
            self._finish()
            work = world.everything()
            counted = sum(w.validity == "valid" for w in work)
            stray = self._n_valid_not_handed_in()
            assert counted + stray == 4
            statuses = Counter(w.assignment.status for w in work)
            assert set(statuses) <= {"approved", "submitted"}
            held_back = [w for w in work if w.assignment.status == "submitted"]
            assert {w.assignment.label for w in held_back} <= {"unknown"}
            account = world.account()
            assert START - world.balance_minor() == account.committed_minor
            assert {entry.state for entry in world.entries()} <= {"done", "refused"}
        finally:
            world.services.store.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _finish(self) -> None:
        world = self.world
        for held in self.held:
            with suppress(RefusedError):
                held.worker.give_back(held.assignment)
        for _ in range(12):
            # Whoever left in the middle has lost the place by now.
            world.services.clock.move(hours=2)  # type: ignore[attr-defined]
            world.live.advance(2 * 3600)
            world.post()
            waiting = world.open_hits()
            for hit_id in waiting:
                world.work(world.live.add_worker(), hit_id)
            collecting.sync(world.recruitment)
            if not waiting:
                break
        reconciling.expire(world.recruitment)
        collecting.sync(world.recruitment)
        reconciling.reconcile(world.recruitment)
        with suppress(MarketError):
            paying.approve(world.recruitment)

    def _n_valid_not_handed_in(self) -> int:
        from study_server.store.market import assignments

        with self.world.services.store.read() as tx:
            found = assignments.not_handed_in(tx, self.world.recruitment.id)
        return sum(session.validity == "valid" for session in found)


def run(live: LiveMarketplace, *, n_examples: int, n_steps: int) -> None:
    class OnThisMarket(Market):
        shared = live

    run_state_machine_as_test(
        OnThisMarket,
        settings=settings(
            max_examples=n_examples,
            stateful_step_count=n_steps,
            deadline=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_books_and_market_agree_after_every_step(live_marketplace: LiveMarketplace):
    run(live_marketplace, n_examples=2, n_steps=8)


@pytest.mark.slow
def test_books_and_market_agree_after_many_steps(live_marketplace: LiveMarketplace):
    run(live_marketplace, n_examples=12, n_steps=20)
