"""Whatever is done in whatever order: no cent is lost, no counter is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from study_server.marketplace.errors import RequestError, WorkerError
from study_server.marketplace.fault_injection import FaultPlan
from study_server.marketplace.ids import new_id
from study_server.marketplace.opening import ApiCall, Marketplace, open_marketplace
from study_server.marketplace.operations import OPERATIONS
from study_server.marketplace.people import WorkerProfile, add_requester, add_worker
from study_server.marketplace.protocol.service_model import find_operation, read_request
from study_server.marketplace.settings import MarketplaceSettings, ShiftedClock
from study_server.marketplace.store import assignments, hits, requesters, workers
from study_server.marketplace.store.tables import Assignment, Bonus, Hit, Worker
from study_server.marketplace.work import worker_actions
from study_server.marketplace.work.deadlines import pass_time
from study_server.marketplace.work.hit_settlement import unit_cents
from tests.study_server.marketplace.requests import PROPERTIES, QUESTION

N_STEPS = 150
TARGET = "MTurkRequesterServiceV20170117."


class Crowd:
    """A requester and five workers who do anything at any time."""

    def __init__(self, market: Marketplace, rng: np.random.Generator) -> None:
        self.market = market
        self.rng = rng
        with market.store.write() as tx:
            made = add_requester(tx, "r", balance_cents=2_000, at=market.clock())
            self.key = made.access_key
            self.workers = [
                add_worker(tx, WorkerProfile(), at=market.clock()).public_id
                for _ in range(5)
            ]

    def ask(self, name: str, **request: Any) -> None:
        """One request of the requester; a refusal is fine, a crash is not."""
        read = read_request(find_operation(TARGET + name), request)
        try:
            with self.market.store.write() as tx:
                requester = requesters.by_access_key(tx, self.key)
                assert requester is not None
                call = ApiCall(
                    market=self.market,
                    tx=tx,
                    requester=requester,
                    now=self.market.clock(),
                )
                OPERATIONS[name](call, read)
        except RequestError:
            pass

    def step(self) -> None:
        """Something happens."""
        action = self.rng.choice(list(_ACTIONS))
        _ACTIONS[str(action)](self)
        pass_time(self.market.store, now=self.market.clock())

    def some(self, column: Any, *mostly: Any) -> Any:
        """A value of a column; None where there is none.

        Three times of four of a row to which the conditions apply.
        """
        every = select(column).order_by(column.class_.id)
        with self.market.store.read() as tx:
            found = list(tx.scalars(every.where(*mostly)))
            if not found or self.rng.random() < 0.25:
                found = list(tx.scalars(every))
        return None if not found else found[int(self.rng.integers(len(found)))]

    def post(self) -> None:
        self.ask(
            "CreateHIT",
            **{**PROPERTIES, "Reward": str(self.rng.choice(["0.01", "0.37", "1.00"]))},
            LifetimeInSeconds=int(self.rng.choice([600, 7200])),
            AutoApprovalDelayInSeconds=int(self.rng.choice([0, 3600, 2_592_000])),
            MaxAssignments=int(self.rng.choice([1, 3, 12])),
            Question=QUESTION,
            UniqueRequestToken=str(self.rng.integers(30)),
        )

    def work(self) -> None:
        hit_id = self.some(Hit.public_id, Hit.status == "Assignable")
        worker_id = str(self.rng.choice(self.workers))
        if hit_id is None:
            return
        try:
            with self.market.store.write() as tx:
                hit, worker = (
                    hits.by_public_id(tx, hit_id),
                    workers.by_public_id(tx, worker_id),
                )
                assert hit is not None
                assert worker is not None
                now, faults = self.market.clock(), self.market.faults
                worker_actions.accept(tx, hit, worker, at=now, faults=faults)
        except WorkerError:
            pass

    def hand_in(self) -> None:
        key = self.some(Assignment.id, Assignment.status == "Accepted")
        if key is None:
            return
        try:
            with self.market.store.write() as tx:
                found = assignments.refreshed(tx, key)
                now, faults = self.market.clock(), self.market.faults
                if self.rng.random() < 0.75:
                    worker_actions.submit(tx, found, "<x/>", at=now, faults=faults)
                else:
                    worker_actions.give_back(tx, found, at=now)
        except WorkerError:
            pass

    def decide(self) -> None:
        is_open = Assignment.status.in_(("Submitted", "Rejected"))
        found = self.some(Assignment.public_id, is_open) or new_id()
        if self.rng.random() < 0.5:
            self.ask("RejectAssignment", AssignmentId=found, RequesterFeedback="no")
        else:
            self.ask("ApproveAssignment", AssignmentId=found, OverrideRejection=True)

    def give_bonus(self) -> None:
        self.ask(
            "SendBonus",
            WorkerId=str(self.rng.choice(self.workers)),
            AssignmentId=self.some(Assignment.public_id) or new_id(),
            BonusAmount="0.13",
            Reason="x",
            UniqueRequestToken=str(self.rng.integers(10)),
        )

    def change(self) -> None:
        hit_id = self.some(Hit.public_id) or new_id()
        name = str(self.rng.choice(["more", "end", "later", "delete", "type"]))
        if name == "more":
            more = int(self.rng.choice([1, 5]))
            self.ask(
                "CreateAdditionalAssignmentsForHIT",
                HITId=hit_id,
                NumberOfAdditionalAssignments=more,
            )
        elif name == "delete":
            self.ask("DeleteHIT", HITId=hit_id)
        elif name == "type":
            self.ask("UpdateHITReviewStatus", HITId=hit_id)
        else:
            by = timedelta(hours=3 if name == "later" else -1)
            at = (self.market.clock() + by).timestamp()
            self.ask("UpdateExpirationForHIT", HITId=hit_id, ExpireAt=at)

    def wait(self) -> None:
        self.market.clock.advance(timedelta(seconds=int(self.rng.choice([60, 900]))))


_ACTIONS = {
    "post": Crowd.post,
    "work": Crowd.work,
    "hand in": Crowd.hand_in,
    "decide": Crowd.decide,
    "bonus": Crowd.give_bonus,
    "change": Crowd.change,
    "wait": Crowd.wait,
    "work more": Crowd.work,
    "hand in more": Crowd.hand_in,
}


def check(market: Marketplace) -> None:
    """What must hold after every step."""
    with market.store.read() as tx:
        (requester,) = requesters.all_requesters(tx)
        found = list(tx.scalars(select(Hit)))
        assert requester.on_hold_cents == sum(hit.held_cents for hit in found)
        spent = requesters.paid_cents(tx, requester.id)
        assert requester.spent_cents == sum(spent.values())
        assert requester.available_cents >= 0
        for hit in found:
            _check_hit(tx, hit)
        earned = spent["rewards"] + spent["bonuses"]
        assert tx.scalar(select(func.sum(Worker.earned_cents))) == earned
        # Nobody was paid twice for one assignment, or twice with one token.
        assert not tx.scalar(
            select(func.count()).where(
                Assignment.paid_cents > 0, Assignment.status != "Approved"
            )
        )
        n_bonuses = tx.scalar(select(func.count()).select_from(Bonus))
        assert (n_bonuses or 0) <= 10


def _check_hit(tx: Any, hit: Hit) -> None:
    counts = dict(
        tx.execute(
            select(Assignment.status, func.count())
            .where(Assignment.hit_id == hit.id)
            .group_by(Assignment.status)
        ).all()
    )
    assert hit.n_pending == counts.get("Accepted", 0)
    assert hit.n_submitted == counts.get("Submitted", 0)
    assert hit.n_decided == counts.get("Approved", 0) + counts.get("Rejected", 0)
    n_open = 0 if hit.is_expired else hit.n_available
    n_liable = hit.n_pending + hit.n_submitted + n_open
    is_gone = hit.status == "Disposed"
    assert hit.held_cents == (0 if is_gone else n_liable * unit_cents(hit))
    if not is_gone:
        is_open = not hit.is_expired and hit.n_available > 0
        assert (hit.status == "Assignable") == is_open
        assert (hit.status == "Unassignable") == (not is_open and hit.n_pending > 0)


@pytest.mark.parametrize("seed", range(4))
def test_money_and_counters_hold_after_every_step(seed: int, tmp_path: Path):
    settings = MarketplaceSettings(
        database_url=f"sqlite:///{tmp_path / 'market.sqlite3'}",
        secret_key="s" * 40,
        faults=FaultPlan(id_reuse_rate=0.5, seed=seed),
    )
    standing = datetime(2026, 11, 1, tzinfo=UTC)
    market = open_marketplace(settings, clock=ShiftedClock(lambda: standing))
    crowd = Crowd(market, np.random.default_rng(seed))
    for _ in range(N_STEPS):
        crowd.step()
        check(market)
    with market.store.read() as tx:
        n_done = tx.scalar(select(func.count(Assignment.submitted_at)))
    market.store.close()
    # Enough happened for the checks to mean something.
    assert (n_done or 0) >= 3
