"""Who somebody is goes when their studies are long over, and never before."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from study_server.config import complete_settings
from study_server.errors import AdmissionError, SettingsError
from study_server.services import Services, random_token
from study_server.services.accounts import activity
from study_server.services.accounts.sign_ins import begin_sign_in, presence_of
from study_server.services.accounts.users import add_user
from study_server.services.market import collecting, paying, reconciling
from study_server.services.market.ledger import Intent, intend, refuse
from study_server.services.participation import leases
from study_server.services.participation.receipts import check_receipt
from study_server.services.studies.life import (
    close_study,
    create_study,
    freeze_study,
    open_study,
)
from study_server.services.upkeep import chores, purging
from study_server.store.accounts.sign_in_attempts import attempt_storage
from study_server.store.market import postings
from study_server.store.tables import (
    Activity,
    ErasureReceiptRow,
    ImportedSession,
    ImportedStudy,
    Participant,
    Response,
    Session,
    Worker,
)
from tests.marketplace_server import LiveMarketplace, live_marketplace
from tests.study_server.conftest import FakeClock, write_study
from tests.study_server.services.market_world import World, make_world
from tests.study_server.serving import NAME, PLANTED_WORKER
from tests.study_server.walking import enter, go_all_the_way

__all__ = ["live_marketplace"]


def keeping(services: Services, n_days: int = 30) -> Services:
    """The same services, which keep identities for so many days."""
    settings = replace(
        services.settings, keep_identities_days=n_days, secret_key="k" * 40
    )
    return replace(services, settings=settings)


def named(services: Services) -> set[str]:
    with services.store.read() as tx:
        return set(tx.scalars(select(Worker.external_id)))


def n_rows(services: Services, table: type) -> int:
    with services.store.read() as tx:
        return tx.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def done(opened_on_both: Services) -> Services:
    """A study that somebody did and that was closed then, on both engines."""
    go_all_the_way(opened_on_both, "anna")
    leases_end(opened_on_both)
    close_study(opened_on_both, "things")
    return keeping(opened_on_both)


def leases_end(services: Services) -> None:
    services.clock.move(days=1)  # type: ignore[attr-defined] # a clock of the tests
    leases.sweep(services)


@pytest.fixture
def others(services: Services, stimuli: Path, tmp_path: Path) -> Services:
    """ "things" and "others", both open; "others" wants nobody of "things"."""
    exclude = '[exclude]\nstudies = ["things"]\n'
    for name, more in (("things", ""), ("others", exclude)):
        path = write_study(tmp_path, name=name, more=more)
        open_link = '[recruiter.lab]\nlink = "open"\n'  # where nobody has an id
        path.write_text(path.read_text().replace(open_link, ""))
        create_study(services, path, stimuli=stimuli)
        freeze_study(services, name)
        open_study(services, name)
    return keeping(services)


def test_a_name_goes_after_its_days_and_not_before_and_responses_stay(
    done: Services, clock: FakeClock
):
    n_responses = n_rows(done, Response)
    assert n_responses > 0
    clock.move(days=29, hours=23, minutes=59)
    assert purging.what_is_due(done).n_identities == 0
    assert purging.purge(done).n_identities == 0
    assert named(done) == {"anna"}
    clock.move(minutes=1)
    assert purging.what_is_due(done).n_identities == 1
    assert named(done) == {"anna"}
    assert purging.purge(done).n_identities == 1
    assert named(done) == set()
    assert n_rows(done, Response) == n_responses
    assert not purging.what_is_due(done).is_any
    with done.store.read() as tx:
        assert list(tx.scalars(select(Session.recruiter_ids))) == [{}]


def test_a_purge_leaves_a_sealed_receipt_and_an_entry_without_names(
    done: Services, clock: FakeClock
):
    clock.move(days=30)
    purging.purge(done)
    with done.store.read() as tx:
        (kept,) = tx.scalars(select(ErasureReceiptRow))
    found = check_receipt(done, {**kept.receipt, "seal": kept.seal})
    assert (found.is_genuine, found.is_recorded) == (True, True)
    entry = activity.list_activity(done, n=1)[0]
    assert (entry.actor, entry.action) == ("the server", "participant erased")
    assert (entry.subject, entry.detail) == ("", "responses: keep; kept for 30 days")
    assert activity.find_break(done) is None


def test_identities_are_kept_for_ever_unless_asked(done: Services, clock: FakeClock):
    for_ever = keeping(done, 0)
    clock.move(days=36_500)
    assert purging.what_is_due(for_ever).n_identities == 0
    assert purging.purge(for_ever).n_identities == 0
    assert named(for_ever) == {"anna"}


def test_of_purges_at_once_one_does_each_person(
    opened_on_both: Services, clock: FakeClock
):
    people = {f"person-{number}" for number in range(5)}
    for person in people:
        enter(opened_on_both, person)
        leases_end(opened_on_both)
    close_study(opened_on_both, "things")
    services = keeping(opened_on_both)
    clock.move(days=30)
    assert named(services) == people
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: purging.purge(services), range(4)))
    assert sum(each.n_identities for each in found) == 5
    assert n_rows(services, ErasureReceiptRow) == 5
    assert named(services) == set()


def test_nobody_goes_while_another_study_of_theirs_is_open(
    others: Services, clock: FakeClock
):
    enter(others, "anna", study="others")
    enter(others, "anna")
    enter(others, "bob")
    leases_end(others)
    close_study(others, "things")
    clock.move(days=40)
    assert purging.purge(others).n_identities == 1
    assert named(others) == {"anna"}
    close_study(others, "others")
    clock.move(days=29)
    assert purging.purge(others).n_identities == 0
    clock.move(days=1)
    assert purging.purge(others).n_identities == 1


def test_a_study_that_was_opened_again_is_not_closed(others: Services, clock):
    enter(others, "anna")
    leases_end(others)
    close_study(others, "things")
    clock.move(days=40)
    open_study(others, "things")
    assert purging.purge(others).n_identities == 0


def test_earlier_participation_is_known_until_the_name_goes(
    others: Services, clock: FakeClock
):
    enter(others, "anna")
    leases_end(others)
    close_study(others, "things")
    clock.move(days=29)
    purging.purge(others)
    with pytest.raises(AdmissionError):
        enter(others, "anna", study="others")
    clock.move(days=1)
    purging.purge(others)
    # As after any erasure: nobody knows them any more.
    assert enter(others, "anna", study="others")


def test_nobody_goes_with_a_session_under_way(opened: Services, clock: FakeClock):
    services = keeping(opened)
    enter(services, "anna")
    close_study(services, "things")
    clock.move(days=40)
    assert purging.purge(services).n_identities == 0
    leases.sweep(services)
    assert purging.purge(services).n_identities == 1


def test_nobody_goes_while_a_person_has_to_decide(opened: Services, clock: FakeClock):
    services = keeping(opened)
    go_all_the_way(services, "anna")
    close_study(services, "things")
    hold = update(Session).values(held_reason="nothing in it")
    with services.store.write() as tx:
        tx.execute(hold)
    clock.move(days=40)
    assert purging.purge(services).n_identities == 0
    with services.store.write() as tx:
        tx.execute(hold.values(held_reason=None))
    assert purging.purge(services).n_identities == 1


@pytest.fixture
def world(
    services: Services, live_marketplace: LiveMarketplace, stimuli: Path, tmp_path: Path
) -> World:
    return make_world(services, live_marketplace, folder=tmp_path, stimuli=stimuli)


def test_nobody_goes_before_all_money_is_settled(world: World, clock: FakeClock):
    world.post()
    worker = world.live.add_worker()
    world.work(worker, world.open_hits()[0])
    collecting.sync(world.recruitment)
    services = keeping(world.services)
    close_study(services, "things")
    clock.move(days=40)

    def n_purged() -> int:
        return purging.purge(services).n_identities

    reconciling.expire(world.recruitment)
    set_hits(world, "closed")
    assert n_purged() == 0  # handed in and not decided
    paying.approve(world.recruitment)
    entry_id = open_bonus(world)
    assert n_purged() == 0  # a bonus whose outcome nobody knows
    with services.store.write() as tx:
        refuse(services, tx, entry_id, problem="no")
    set_hits(world, "posted")
    assert n_purged() == 0  # a posting that may still bring work
    set_hits(world, "closed")
    assert named(services) == {worker.id}
    assert n_purged() == 1
    assert [work.worker for work in world.everything()] == [None]


def open_bonus(world: World) -> int:
    (work,) = world.everything()
    bonus = Intent(kind="bonus", key="bonus/x", assignment_id=work.assignment.id)
    with world.services.store.write() as tx:
        account, token = world.recruitment.id, world.recruitment.token
        return intend(
            world.services, tx, bonus, account_id=account, recruitment_token=token
        ).id


def set_hits(world: World, state: str) -> None:
    with world.services.store.write() as tx:
        for hit in postings.hits_of(
            tx, world.recruitment.id, states=("posted", "closed")
        ):
            postings.set_values(tx, hit.id, state=state)


def test_what_was_broken_off_is_done_by_the_next_run(
    opened: Services, clock: FakeClock
):
    for person in ("anna", "bob", "carl"):
        enter(opened, person)
        leases_end(opened)
    close_study(opened, "things")
    clock.move(days=30)
    tokens = iter([random_token()])
    services = keeping(opened)
    with pytest.raises(RuntimeError):  # the second person's new address
        purging.purge(replace(services, new_token=lambda: next_or_fail(tokens)))
    assert named(services) == {"bob", "carl"}
    assert n_rows(services, ErasureReceiptRow) == 1
    assert purging.purge(services).n_identities == 2
    assert n_rows(services, ErasureReceiptRow) == 3


def next_or_fail(tokens: Iterator[str]) -> str:
    for token in tokens:
        return token
    raise RuntimeError("the power is gone")


def test_whom_a_simulation_made_up_is_left_alone(ran: Services):
    services = keeping(ran)
    close_study(services, NAME)
    n_people = len(named(services))
    later = replace(services, clock=lambda: ran.clock() + timedelta(days=31))
    assert PLANTED_WORKER in named(services)
    assert purging.purge(later).n_identities == 1
    assert PLANTED_WORKER not in named(services)
    assert len(named(services)) == n_people - 1
    assert n_people > 1


def test_sign_ins_that_are_over_go_and_nothing_of_the_activity_log(
    both_services: Services, clock: FakeClock
):
    services = both_services
    ada = add_user(services, "ada", password="correct horse battery")
    begin_sign_in(services, ada, browser="old")
    clock.move(hours=1)
    token = begin_sign_in(services, ada, browser="new")
    clock.move(hours=1, minutes=30)
    n_entries = n_rows(services, Activity)
    due = purging.what_is_due(services)
    done = purging.purge(services)
    assert (done.n_sign_ins, due.n_sign_ins) == (1, 1)
    assert (done.n_identities, due.n_identities) == (0, 0)
    assert presence_of(services, token) is not None
    assert n_rows(services, Activity) == n_entries
    assert not purging.what_is_due(services).is_any


def test_counts_of_attempts_go_when_their_window_is_over(
    both_services: Services, clock: FakeClock
):
    counts = attempt_storage(both_services.store, clock=clock)
    counts.incr("short", 60)
    counts.incr("long", 3600)
    clock.move(minutes=1)
    assert purging.what_is_due(both_services).n_attempts == 1
    assert purging.purge(both_services).n_attempts == 1
    assert counts.get("long") == 1


def test_the_server_purges_once_a_day(done: Services, clock: FakeClock):
    clock.move(days=29)
    assert "purge" in chores.do_what_is_due(done)
    assert named(done) == {"anna"}
    clock.move(hours=23)
    assert "purge" not in chores.do_what_is_due(done)
    clock.move(hours=1)
    assert "purge" in chores.do_what_is_due(done)
    assert named(done) == set()


def test_days_to_keep_are_a_whole_number_from_0(tmp_path: Path):
    def read(given: str) -> int:
        written = {"keep_identities_days": given}
        return complete_settings(written, folder=tmp_path).keep_identities_days

    assert (read("0"), read("365")) == (0, 365)
    assert complete_settings({}, folder=tmp_path).keep_identities_days == 0
    for wrong in ("-1", "1.5", "soon"):
        with pytest.raises(SettingsError, match="keep_identities_days: expected days"):
            read(wrong)


def test_people_without_a_study_are_left_alone(opened: Services, clock: FakeClock):
    with opened.store.write() as tx:
        worker = Worker(recruiter="prolific", external_id="zoe")
        tx.add(worker)
        tx.flush()
        tx.add(
            Participant(public_id="z" * 12, worker_id=worker.id, created_at=clock.now)
        )
    clock.move(days=400)
    assert purging.purge(keeping(opened)).n_identities == 0


def test_whom_an_imported_file_named_is_left_alone(opened: Services, clock: FakeClock):
    enter(opened, "anna")
    leases_end(opened)
    close_study(opened, "things")
    clock.move(days=40)
    with opened.store.write() as tx:
        study = ImportedStudy(
            name="old",
            title="Old",
            format="mturk",
            options={},
            identity={},
            created_at=clock.now,
        )
        tx.add(study)
        tx.flush()
        person = tx.scalars(select(Participant.id)).one()
        visit = ImportedSession(
            imported_study_id=study.id, participant_id=person, public_id="v" * 12
        )
        tx.add(visit)
    assert purging.purge(keeping(opened)).n_identities == 0
    with opened.store.write() as tx:
        tx.delete(tx.merge(visit))
    assert purging.purge(keeping(opened)).n_identities == 1
