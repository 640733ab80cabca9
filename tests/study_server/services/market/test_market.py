"""A study posted, done, taken in and paid on a real marketplace over HTTP."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from study_server.errors import StudyFullError
from study_server.recruiters.base import PostForm
from study_server.recruiters.market import Spot
from study_server.services import Services
from study_server.services.market import collecting, paying, posting, quoting, status
from study_server.services.market.recruitment import MarketRecruitment, load_recruitment
from study_server.services.participation import leases, responding, taking_steps
from study_server.services.participation.erasure import (
    UnknownParticipantError,
    erase_participant,
    find_participant,
)
from study_server.services.participation.steps import FailedStep, HeldStep
from study_server.services.studies.life import create_study, freeze_study, open_study
from study_server.store import schema, studies
from study_server.store.market import postings
from tests.marketplace_server import LiveMarketplace, RefusedError, live_marketplace
from tests.study_server.services.market_world import STUDY, World, make_world
from tests.study_server.walking import failed_payload, go_to_practice

__all__ = ["live_marketplace"]

# Reward 1.20 and 20 % of it.
PLACE = 144


@pytest.fixture
def world(
    services: Services, live_marketplace: LiveMarketplace, stimuli: Path, tmp_path: Path
) -> World:
    return make_world(services, live_marketplace, folder=tmp_path, stimuli=stimuli)


def test_blocks_become_hits_with_exactly_the_places_that_are_missing(world: World):
    before = world.balance_minor()
    report = world.post()
    # 8 main trials, 4 per block, 2 responses each, composed afresh: 4 blocks of 1.
    assert (report.n_posted, report.quote.total_minor) == (4, 4 * PLACE)
    found = world.hits()
    assert [hit["MaxAssignments"] for hit in found] == [1, 1, 1, 1]
    assert len({hit["HITTypeId"] for hit in found}) == 1
    assert found[0]["Reward"] == "1.20"
    assert world.balance_minor() == before - 4 * PLACE
    assert world.account().committed_minor == 4 * PLACE
    assert world.post().n_posted == 0
    assert len(world.hits()) == 4


def test_a_study_is_done_topped_up_and_paid_exactly_once(world: World):
    world.post()
    careless = world.live.add_worker()
    world.work(careless, world.open_hits()[0], is_careful=False)
    for hit_id in world.open_hits():
        world.work(world.live.add_worker(), hit_id)
    report = collecting.sync(world.recruitment)
    assert (report.n_new, report.labels) == (4, {"complete": 4})
    assert collecting.sync(world.recruitment).n_new == 0
    assert [w.validity for w in world.everything()].count("valid") == 3
    # The invalid session's block lacks one: exactly one more place.
    assert world.post().n_posted == 1
    world.work(world.live.add_worker(), world.open_hits()[0])
    collecting.sync(world.recruitment)
    assert world.post().n_posted == 0
    paid = paying.approve(world.recruitment)
    assert (paid.n_done, paid.n_held, paid.pay_minor) == (5, 0, 5 * 120)
    assert paying.approve(world.recruitment).n_done == 0
    statuses = [
        entry["AssignmentStatus"]
        for hit in world.hits()
        for entry in world.assignments_of(hit["HITId"])
    ]
    assert statuses == ["Approved"] * 5


def test_a_database_with_a_market_goes_down_and_up(
    both_services: Services,
    live_marketplace: LiveMarketplace,
    stimuli: Path,
    tmp_path: Path,
):
    world = make_world(
        both_services, live_marketplace, folder=tmp_path, stimuli=stimuli
    )
    world.post()
    world.work(world.live.add_worker(), world.open_hits()[0])
    assert collecting.sync(world.recruitment).labels == {"complete": 1}
    assert paying.approve(world.recruitment).n_done == 1
    url = both_services.settings.database_url
    both_services.store.close()
    for revision in ("0010", "0003"):
        schema.downgrade(url, revision=revision)
    schema.upgrade(url)
    assert schema.find_differences(url) == []


def test_a_bonus_is_paid_once_however_often_it_is_asked_for(world: World):
    world.post()
    world.work(world.live.add_worker(), world.open_hits()[0])
    collecting.sync(world.recruitment)
    payments = paying.bonus_payments(
        world.recruitment, amount_minor=50, reason="It took long"
    )
    assert paying.new_cost_minor(world.recruitment, payments) == 60
    assert paying.pay_bonuses(world.recruitment, payments).n_done == 1
    again = paying.bonus_payments(
        world.recruitment, amount_minor=50, reason="It took long"
    )
    assert paying.pay_bonuses(world.recruitment, again).n_before == 1
    assert [paid["BonusAmount"] for paid in world.bonuses()] == ["0.50"]
    assert world.account().committed_minor == 4 * PLACE + 60


def test_one_person_takes_as_many_hits_as_allowed_and_never_an_image_twice(
    services: Services, live_marketplace: LiveMarketplace, stimuli: Path, tmp_path: Path
):
    world = make_world(
        services,
        live_marketplace,
        folder=tmp_path,
        stimuli=stimuli,
        design="max_blocks_per_participant = 2",
    )
    world.post()
    keen = live_marketplace.add_worker()
    # 8 images, 4 per block: the second block holds the other 4.
    done = [world.work(keen, hit_id) for hit_id in world.open_hits()]
    assert sum(name is not None for name in done) == 2
    collecting.sync(world.recruitment)
    assert [w.validity for w in world.everything()] == ["valid", "valid"]
    assert len({w.assignment.session_id for w in world.everything()}) == 2


def test_whoever_took_part_in_a_study_of_one_block_cannot_accept_another(world: World):
    world.post()
    worker = world.live.add_worker()
    first, second = world.open_hits()[:2]
    world.work(worker, first)
    assignment = worker.accept(second)
    with pytest.raises(StudyFullError):
        world.come(worker, assignment, second)
    worker.give_back(assignment)
    collecting.sync(world.recruitment)
    with pytest.raises(RefusedError, match="ualif"):
        worker.accept(second)


def second_study(
    world: World, folder: Path, stimuli: Path, *, exclude: str
) -> MarketRecruitment:
    """Another study on the same market that excludes people of "things"."""
    text = STUDY.format(design="", section="", n_responses=2, cap="100").replace(
        '"things"', '"others"'
    )
    path = folder / "others.toml"
    path.write_text(f'{text}\n[exclude]\nstudies = ["things"]\n{exclude}')
    create_study(world.services, path, stimuli=stimuli)
    freeze_study(world.services, "others")
    open_study(world.services, "others")
    return load_recruitment(
        world.services, "others", spot=Spot(), market=world.recruitment.market
    )


def test_a_bonus_the_account_cannot_pay_leaves_nothing_open(world: World):
    world.post()
    world.work(world.live.add_worker(), world.open_hits()[0])
    collecting.sync(world.recruitment)
    # The cap of 100 dollars leaves 94.24; the account has far more.
    far = paying.bonus_payments(world.recruitment, amount_minor=9000, reason="Too much")
    report = paying.pay_bonuses(world.recruitment, far)
    assert (report.n_done, report.n_unsettled) == (0, 0)
    assert "of the cap of $100.00" in report.problems[0]
    assert world.bonuses() == []
    assert world.account().committed_minor == 4 * PLACE


def test_people_of_an_excluded_study_cannot_accept_the_other(
    world: World, tmp_path: Path, stimuli: Path
):
    world.post()
    worker = world.live.add_worker()
    first = world.open_hits()[0]
    world.work(worker, first)
    collecting.sync(world.recruitment)
    ours = {hit["HITId"] for hit in world.hits()}
    recruitment = second_study(world, tmp_path, stimuli, exclude="")
    posting.post(recruitment, agrees=lambda _quote: True)
    other = next(hit_id for hit_id in world.open_hits() if hit_id not in ours)
    with pytest.raises(RefusedError, match="ualif"):
        worker.accept(other)
    world.live.add_worker().accept(other)


def test_people_who_have_to_wait_are_let_in_when_the_wait_is_over(
    world: World, tmp_path: Path, stimuli: Path
):
    world.post()
    worker = world.live.add_worker()
    world.work(worker, world.open_hits()[0])
    collecting.sync(world.recruitment)
    ours = {hit["HITId"] for hit in world.hits()}
    recruitment = second_study(world, tmp_path, stimuli, exclude="days = 30")
    posting.post(recruitment, agrees=lambda _quote: True)
    other = next(hit_id for hit_id in world.open_hits() if hit_id not in ours)
    with pytest.raises(RefusedError, match="ualif"):
        worker.accept(other)
    world.services.clock.move(days=31)  # type: ignore[attr-defined]
    collecting.sync(recruitment)
    worker.accept(other)


def test_a_recruitment_knows_its_price_and_cap(world: World):
    with world.services.store.read() as tx:
        row = studies.get_recruitment(tx, world.recruitment.id)
    assert (row.price_minor, row.currency, row.cap_minor) == (120, "USD", 100_00)


def test_what_was_paid_stays_in_the_books_of_an_erased_person(world: World):
    world.post()
    worker = world.live.add_worker()
    world.work(worker, world.open_hits()[0])
    collecting.sync(world.recruitment)
    paying.approve(world.recruitment)
    person = find_participant(world.services, "mturk", external_id=worker.id)
    (before,) = world.everything()
    erase_participant(world.services, person)
    (work,) = world.everything()
    assert work.worker is None
    # Who has the market's names cannot find the row by hashing them.
    name = before.assignment.external_id.encode()
    assert hashlib.sha256(name).hexdigest()[:24] not in work.assignment.external_id
    assert work.assignment.external_id.startswith("erased-")
    assert work.assignment.status == "approved"
    assert world.account().committed_minor == 4 * PLACE
    # Another look at the market does not bring the person back.
    with world.services.store.write() as tx:
        postings.set_values(tx, work.hit.id, is_noticed=True)
    assert collecting.sync(world.recruitment).n_new == 0
    with pytest.raises(UnknownParticipantError):
        find_participant(world.services, "mturk", external_id=worker.id)
    payments = paying.bonus_payments(world.recruitment, amount_minor=10, reason="Late")
    assert "erased" in paying.pay_bonuses(world.recruitment, payments).problems[0]


def test_a_bonus_is_proposed_where_it_takes_longer_than_promised(world: World):
    world.post()
    for hit_id in world.open_hits()[:3]:
        worker = world.live.add_worker()
        assignment = worker.accept(hit_id)
        token = world.come(worker, assignment, hit_id)
        world.services.clock.move(minutes=9)  # type: ignore[attr-defined]
        world.walk(token)
        worker.submit(assignment, {"secondlook": "completed"})
    collecting.sync(world.recruitment)
    quote = quoting.quote_missing(world.recruitment)
    # 1.20 for 6 minutes promised 12.00 an hour; 9 minutes make it 8.00.
    assert (quote.n_measured, quote.measured_minutes) == (3, 9.0)
    assert quote.measured_hourly_minor == 800
    assert quote.top_up_minor == 60


def test_work_in_every_other_state_is_labelled_and_paid_by_rule(world: World):
    world.post()
    late, left, partial, stranger = (world.live.add_worker() for _ in range(4))
    places = world.open_hits()
    tokens = {}
    names = {}
    for worker, hit_id in zip((late, left, partial), places, strict=False):
        names[worker.id] = worker.accept(hit_id)
        tokens[worker.id] = world.come(worker, names[worker.id], hit_id)
    world.services.clock.move(hours=2)  # type: ignore[attr-defined]
    leases.sweep(world.services)
    # Whoever opens the frame again takes the place up again.
    world.come(partial, names[partial.id], places[2])
    world.come(left, names[left.id], places[1])
    taking_steps.withdraw(world.services, tokens[left.id])
    for worker in (late, left, partial):
        worker.submit(names[worker.id], {"secondlook": "x"})
    stranger.do(places[3], {"anything": "else"})
    report = collecting.sync(world.recruitment)
    assert report.labels == {"late": 1, "left": 1, "partial": 1, "unknown": 1}
    # Unfinished work is paid by default; of a stranger's a person decides.
    paid = paying.approve(world.recruitment)
    assert (paid.n_done, paid.n_held) == (3, 1)


def test_work_with_nothing_in_it_is_paid_by_a_persons_decision_only(world: World):
    world.post()
    worker, hit_id = world.live.add_worker(), world.open_hits()[0]
    assignment = worker.accept(hit_id)
    token = world.come(worker, assignment, hit_id)
    go_to_practice(world.services, token)
    for _ in ("practice", "trials"):
        for trial in responding.load_block(world.services, token).trials:
            responding.take_response(world.services, token, failed_payload(trial.token))
    taking_steps.take_step(world.services, token, "survey", {})
    taking_steps.take_step(world.services, token, "debriefing")
    step = taking_steps.current_step(world.services, token)
    assert isinstance(step, HeldStep)
    # Handing in goes on as usual: else the market would take it for given up.
    assert isinstance(step.handoff, PostForm)
    worker.submit(assignment, {"secondlook": "held"})
    assert collecting.sync(world.recruitment).labels == {"complete": 1}
    by_rule = paying.approve(world.recruitment)
    assert (by_rule.n_done, by_rule.n_held) == (0, 1)
    assert (
        paying.bonus_payments(world.recruitment, amount_minor=10, reason="thanks") == []
    )
    (line,) = status.standing(world.recruitment).work
    assert (line.is_held, line.reason) == (True, "incomplete;hardly_any_response")
    assert paying.approve(world.recruitment, only=[assignment]).n_done == 1
    (line,) = status.standing(world.recruitment).work
    assert not line.is_held


def test_whoever_fails_the_check_hands_in_where_the_study_pays_for_it(
    services: Services, live_marketplace: LiveMarketplace, stimuli: Path, tmp_path: Path
):
    world = make_world(
        services,
        live_marketplace,
        folder=tmp_path,
        stimuli=stimuli,
        section='pay_screened_out = "full"',
    )
    world.post()
    worker, hit_id = world.live.add_worker(), world.open_hits()[0]
    assignment = worker.accept(hit_id)
    token = world.come(worker, assignment, hit_id)
    taking_steps.take_step(services, token, "consent", {"agree": "yes"})
    taking_steps.take_step(services, token, "instructions")
    for used in ("0", "1"):
        wrong = {"question_0": "1", "question_1": "0", "try": used}
        taking_steps.take_step(services, token, "comprehension", wrong)
    step = taking_steps.current_step(services, token)
    assert isinstance(step, FailedStep)
    assert isinstance(step.handoff, PostForm)
    assert step.handoff.url == f"{world.live.url}/mturk/externalSubmit"
    worker.submit(assignment, dict(step.handoff.fields))
    assert collecting.sync(world.recruitment).labels == {"left": 1}
    assert paying.approve(world.recruitment).n_done == 1
