"""Whatever fails in between: never a second HIT, never a second bonus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from study_server.errors import (
    MarketError,
    MarketRefusedError,
    MarketUnsureError,
    StudyError,
)
from study_server.services import Services
from study_server.services.market import collecting, paying, posting, reconciling
from study_server.services.market.paying import PayReport
from study_server.store import open_store
from study_server.store.market import postings
from tests.marketplace_server import LiveMarketplace, live_marketplace
from tests.study_server.services.market_world import World, make_world, recruitment_at

__all__ = ["live_marketplace"]

PLACE = 144
FAULTS: dict[str, dict[str, Any]] = {
    "throttled": {"throttle_rate": 0.4},
    "replies lost": {"lost_reply_rate": 0.4},
    "server errors": {"error_rate": 0.4},
    "ids given to the next worker": {"id_reuse_rate": 1.0},
    "all of it": {
        "throttle_rate": 0.15,
        "lost_reply_rate": 0.15,
        "error_rate": 0.1,
        "id_reuse_rate": 1.0,
        "duplicate_rate": 0.5,
        "disorder_rate": 0.5,
    },
}


class Crash(BaseException):
    """The process ends here; nothing that comes after is done."""


@dataclass
class Crashing:
    """A market whose caller dies after some calls were done."""

    market: Any
    operation: str
    n_before: int = 0
    calls: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.market, name)
        if name != self.operation:
            return found

        def call(*args: Any, **options: Any) -> Any:
            done = found(*args, **options)
            self.calls.append(name)
            if len(self.calls) > self.n_before:
                raise Crash
            return done

        return call


@pytest.fixture
def world(
    services: Services, live_marketplace: LiveMarketplace, stimuli: Path, tmp_path: Path
) -> World:
    return make_world(services, live_marketplace, folder=tmp_path, stimuli=stimuli)


def again_until_done(step: Any) -> Any:
    """Run a command again, as somebody would, until nothing is left to settle."""
    for _ in range(30):
        try:
            report = step()
        except MarketError:
            continue
        if not getattr(report, "problem", "") and not getattr(report, "problems", ()):
            return report
    raise AssertionError("thirty times were not enough")


def crash(world: World, operation: str, step: Any, *, n_before: int = 0) -> None:
    """Do a step with a process that dies after the market has done its part."""
    market: Any = Crashing(world.recruitment.market, operation, n_before=n_before)
    with pytest.raises(Crash):
        step(replace(world.recruitment, market=market))


@pytest.mark.parametrize("n_before", [0, 2])
def test_a_crash_after_the_call_never_posts_a_second_hit(world: World, n_before: int):
    from study_server.services.market import posting

    crash(
        world,
        "post",
        lambda recruitment: posting.post(recruitment, agrees=lambda _q: True),
        n_before=n_before,
    )
    world.post()
    assert len(world.hits()) == 4
    assert Counter(hit.state for hit in world.rows()) == {"posted": 4}
    assert world.account().committed_minor == 4 * PLACE
    assert {e.state for e in world.entries()} == {"done"}


def test_a_crash_before_the_call_posts_what_was_intended(world: World):
    from study_server.services.market import posting, qualifying, quoting

    quoting.quote_missing(world.recruitment)
    posting.keep_low_pay_reason(world.recruitment, None)
    offers = qualifying.prepare_offers(world.recruitment)
    posting.draft_postings(world.recruitment, offers, most=3)
    assert world.hits() == []
    report = reconciling.reconcile(world.recruitment)
    assert (report.n_found, report.n_posted) == (0, 3)
    world.post()
    assert len(world.hits()) == 4


def test_replies_that_are_lost_are_found_in_the_markets_own_list(world: World):
    world.recruitment = recruitment_at(world.services, world.live, max_attempts=1)
    world.live.set_faults(lost_reply_rate=1.0, operations=["CreateHITWithHITType"])
    report = world.post()
    assert report.n_posted == 0
    assert "run the command again" in report.problem
    world.live.clear_faults()
    there = len(world.hits())
    assert there >= 1
    assert reconciling.reconcile(world.recruitment).n_found >= 1
    world.post()
    assert len(world.hits()) == 4
    assert world.account().committed_minor == 4 * PLACE


def test_two_posts_at_once_post_once(world: World):
    others = [
        replace(
            world.recruitment,
            services=replace(
                world.services,
                store=open_store(world.services.settings.database_url),
            ),
        )
        for _ in range(2)
    ]

    def post(recruitment: Any) -> int:
        from study_server.services.market import posting

        return posting.post(recruitment, agrees=lambda _q: True).n_posted

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(post, others))
    for recruitment in others:
        recruitment.services.store.close()
    assert len(world.hits()) == 4
    assert world.account().committed_minor == 4 * PLACE


@pytest.mark.parametrize("operation", ["approve", "pay_bonus"])
def test_a_crash_after_paying_never_pays_twice(world: World, operation: str):
    world.post()
    for hit_id in world.open_hits():
        world.work(world.live.add_worker(), hit_id)
    collecting.sync(world.recruitment)

    def pay(recruitment: Any) -> None:
        paying.approve(recruitment)
        paying.pay_bonuses(
            recruitment,
            paying.bonus_payments(recruitment, amount_minor=25, reason="Long"),
        )

    crash(world, operation, pay, n_before=1)
    pay(world.recruitment)
    assert paying.settle(world.recruitment).problems == ()
    assert [paid["BonusAmount"] for paid in world.bonuses()] == ["0.25"] * 4
    assert {w.assignment.status for w in world.everything()} == {"approved"}
    # 25 cents and a fifth of it, five cents.
    assert world.account().committed_minor == 4 * PLACE + 4 * 30


@dataclass
class Odd:
    """A market whose third reply to a posting is none that anybody knows."""

    market: Any
    n_asked: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.market, name)

    def post(self, posting: Any) -> str:
        self.n_asked += 1
        if self.n_asked == 3:
            raise KeyError("HIT")
        return str(self.market.post(posting))


def test_what_was_posted_before_a_fault_of_ours_is_written(world: World):
    odd = replace(world.recruitment, market=Odd(world.recruitment.market))
    with pytest.raises(KeyError, match="HIT"):
        posting.post(odd, agrees=lambda _quote: True, n_at_once=1)
    with world.services.store.read() as tx:
        states = Counter(h.state for h in postings.hits_of(tx, world.recruitment.id))
    assert states["posted"] == 2
    world.post()  # and the rest goes on from there, none twice
    names = [hit["RequesterAnnotation"] for hit in world.hits()]
    assert len(names) == len(set(names)) == 4


@dataclass
class Meanwhile:
    """A market at whose next bonus somebody else gives the same command first."""

    market: Any
    somebody_else: list[Callable[[], PayReport]]
    reports: list[PayReport] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.market, name)

    def pay_bonus(self, bonus: Any, *, token: str) -> None:
        while self.somebody_else:
            self.reports.append(self.somebody_else.pop()())
        self.market.pay_bonus(bonus, token=token)


def test_of_two_bonus_commands_at_once_one_says_paid(world: World):
    world.post()
    world.work(world.live.add_worker(), world.open_hits()[0])
    collecting.sync(world.recruitment)
    payments = paying.bonus_payments(
        world.recruitment, amount_minor=25, reason="Thanks"
    )
    market = Meanwhile(
        world.recruitment.market,
        [lambda: paying.pay_bonuses(world.recruitment, payments)],
    )
    ours = paying.pay_bonuses(replace(world.recruitment, market=market), payments)
    (theirs,) = market.reports
    assert (theirs.n_done, theirs.pay_minor) == (1, 25)
    assert (ours.n_done, ours.n_before, ours.pay_minor) == (0, 1, 0)
    assert len(world.bonuses()) == 1


def test_a_token_forgotten_after_a_day_still_pays_once(world: World):
    world.post()
    world.work(world.live.add_worker(), world.open_hits()[0])
    collecting.sync(world.recruitment)

    def pay(recruitment: Any) -> None:
        paying.pay_bonuses(
            recruitment,
            paying.bonus_payments(recruitment, amount_minor=25, reason="Long"),
        )

    crash(world, "pay_bonus", pay)
    world.live.advance(25 * 3600)
    pay(world.recruitment)
    assert len(world.bonuses()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("what", FAULTS)
def test_under_every_fault_each_is_paid_once_and_each_trial_has_n(
    world: World, what: str
):
    world.live.set_faults(seed=7, **FAULTS[what])
    again_until_done(world.post)
    n_careless = 1
    for _ in range(12):
        waiting = list(_work_that_is_there(world))
        for hit_id in waiting:
            _do(world, hit_id, is_careful=n_careless <= 0)
            n_careless -= 1
        again_until_done(lambda: collecting.sync(world.recruitment))
        if again_until_done(world.post).quote.n_assignments == 0 and not waiting:
            break
    again_until_done(lambda: reconciling.reconcile(world.recruitment))
    again_until_done(lambda: paying.approve(world.recruitment))
    again_until_done(
        lambda: paying.pay_bonuses(
            world.recruitment,
            paying.bonus_payments(world.recruitment, amount_minor=25, reason="Thanks"),
        )
    )
    world.live.clear_faults()
    work = world.everything()
    assert sum(w.validity == "valid" for w in work) == 4
    handed_in = [
        (entry["AssignmentId"], entry["WorkerId"], entry["AssignmentStatus"])
        for hit in world.hits()
        for entry in world.assignments_of(hit["HITId"])
    ]
    assert {status for _, _, status in handed_in} == {"Approved"}
    assert len(handed_in) == len(work)
    n_paid = Counter(
        (paid["AssignmentId"], paid["WorkerId"]) for paid in world.bonuses()
    )
    assert n_paid == {(name, worker): 1 for name, worker, _ in handed_in}
    assert {entry.state for entry in world.entries()} == {"done"}


def _work_that_is_there(world: World) -> Iterator[str]:
    yield from again_until_done(world.open_hits)


def _do(world: World, hit_id: str, *, is_careful: bool) -> None:
    """Somebody accepts and gives back, somebody else does the work."""
    first = world.live.add_worker()
    first.give_back(first.accept(hit_id))
    try:
        world.work(world.live.add_worker(), hit_id, is_careful=is_careful)
    except StudyError as error:
        raise AssertionError(f"the frame refused: {error}") from error


def test_an_orphan_is_shown_and_expired_only_on_request(world: World):
    world.post()
    client = world.live.client()
    head = world.recruitment.annotation_head
    stray = client.create_hit_with_hit_type(
        HITTypeId=world.account().offer_id,
        Question=world.hits()[0]["Question"],
        MaxAssignments=1,
        LifetimeInSeconds=3600,
        RequesterAnnotation=f"{head}99/of-a-lost-database",
    )["HIT"]["HITId"]
    report = reconciling.reconcile(world.recruitment)
    assert (report.orphans, report.missing, report.n_ours) == ((stray,), (), 4)
    assert stray in world.open_hits()
    assert reconciling.expire(world.recruitment, only=[stray]) == 1
    assert stray not in world.open_hits()


def test_an_unsure_call_is_not_taken_for_a_no(world: World):
    world.recruitment = recruitment_at(world.services, world.live, max_attempts=1)
    world.live.set_faults(lost_reply_rate=1.0, operations=["CreateHITWithHITType"])
    world.post()
    states = Counter(entry.state for entry in world.entries())
    assert states["intended"] >= 1
    world.live.set_faults(lost_reply_rate=1.0, operations=["GetAccountBalance"])
    with pytest.raises(MarketUnsureError):
        world.recruitment.market.balance_minor()


@dataclass
class Stopping:
    """A market that says no after some postings."""

    market: Any
    n_before: int
    n_calls: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.market, name)

    def post(self, posting: Any) -> str:
        self.n_calls += 1
        if self.n_calls > self.n_before:
            raise MarketRefusedError("no more today")
        done: str = self.market.post(posting)
        return done


@pytest.mark.slow
def test_a_no_in_the_middle_frees_what_was_not_asked_for(
    services: Services, live_marketplace: LiveMarketplace, stimuli: Path, tmp_path: Path
):
    from study_server.services.market import posting

    world = make_world(
        services,
        live_marketplace,
        folder=tmp_path,
        stimuli=stimuli,
        n_responses=110,
        section='floor_per_hour = "1"',
        cap="1000",
    )
    market: Any = Stopping(world.recruitment.market, n_before=30)
    report = posting.post(
        replace(world.recruitment, market=market), agrees=lambda _q: True
    )
    assert "no more today" in report.problem
    assert (report.n_posted, report.n_unsettled) == (30, 0)
    assert world.account().committed_minor == 30 * PLACE
    # 8 trials, 4 per block, 110 responses each: 220 places.
    assert world.post().n_posted == 190
    assert len(world.hits()) == 220
    assert world.account().committed_minor == 220 * PLACE
