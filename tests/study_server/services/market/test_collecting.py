"""Work of one worker handed in before anybody looks: taken in whole, piece by piece."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from study_server.app import create_app
from study_server.errors import MarketRefusedError
from study_server.recruiters.market import Submission, UnreadableRecord
from study_server.services import Services
from study_server.services.accounts.users import add_user
from study_server.services.market import collecting, paying, reconciling
from study_server.services.market.status import standing
from tests.marketplace_server import LiveMarketplace, live_marketplace
from tests.study_server.made_sets import SetSize, write_set
from tests.study_server.services.market.test_sheets import (
    HTML,
    hand_in,
    page_answer,
)
from tests.study_server.services.market_world import World, make_world
from tests.study_server.web.dashboard.test_studies import sign_in
from tests.study_server.web.worlds import PASSWORD

__all__ = ["live_marketplace"]

THREE = "max_blocks_per_participant = 3"


def open_world(
    services: Services, live: LiveMarketplace, folder: Path, **options: Any
) -> World:
    """Twelve images in blocks of four: three blocks without an image in common."""
    stimuli = write_set(folder / "set", SetSize(n_main=12, n_catch=12))
    options = {"section": HTML, "design": THREE, **options}
    return make_world(services, live, folder=folder, stimuli=stimuli, **options)


@pytest.fixture
def world(
    services: Services, live_marketplace: LiveMarketplace, tmp_path: Path
) -> World:
    return open_world(services, live_marketplace, tmp_path)


def test_three_pages_of_one_worker_before_the_first_sync_are_taken_in_and_paid_once(
    both_services: Services, live_marketplace: LiveMarketplace, tmp_path: Path
):
    world = open_world(both_services, live_marketplace, tmp_path)
    world.post()
    worker = world.live.add_worker()
    done = [hand_in(world, worker, hit_id) for hit_id in world.open_hits()[:3]]
    assert collecting.sync(world.recruitment).labels == {"complete": 3}
    work = world.everything()
    assert [w.validity for w in work] == ["valid"] * 3
    assert n_responses(world) == 3 * 6 + 2
    assert collecting.sync(world.recruitment).n_new == 0
    assert paying.approve(world.recruitment).n_done == 3
    assert paying.approve(world.recruitment).n_done == 0
    statuses = {
        each["AssignmentId"]: each["AssignmentStatus"]
        for hit in world.hits()
        for each in world.assignments_of(hit["HITId"])
    }
    assert statuses == dict.fromkeys(done, "Approved")


def page_fields(world: World, hit_id: str, **changed: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page_answer(world, hit_id)["secondlook"])
    return {**found, **changed}


def unknown_trial(world: World, hit_id: str) -> dict[str, Any]:
    fields = page_fields(world, hit_id)
    fields["responses"][3]["trial"] = "of-another-page"
    return fields


def malformed_response(world: World, hit_id: str) -> dict[str, Any]:
    fields = page_fields(world, hit_id)
    fields["responses"][3]["response"] = {"relevant": "perhaps"}
    return fields


BAD: dict[str, tuple[Callable[[World, str], dict[str, Any]], str]] = {
    "no response": (lambda w, h: page_fields(w, h, responses=[]), "without any resp"),
    "an unknown trial": (unknown_trial, "1 of its responses are to trials"),
    "a response that is none": (malformed_response, "response 4 of 8: response:"),
    "another page": (lambda w, h: page_fields(w, h, sheet="x"), "is not what this"),
    "no consent": (lambda w, h: page_fields(w, h, consent_at=None), "without agreei"),
    "a try at nothing": (
        lambda w, h: page_fields(w, h, tries=[{"at": 1, "answers": [7, 7]}]),
        "try 1 at the check",
    ),
}


def test_bad_pages_are_set_aside_with_their_reasons_and_stop_no_other(
    services: Services, live_marketplace: LiveMarketplace, tmp_path: Path
):
    world = open_world(services, live_marketplace, tmp_path, n_responses=len(BAD) + 1)
    world.post()
    hit_id = world.open_hits()[0]
    whys = {}
    for make, why in BAD.values():
        fields = json.dumps(make(world, hit_id))
        whys[world.live.add_worker().do(hit_id, {"secondlook": fields})] = why
    hand_in(world, world.live.add_worker(), hit_id)
    report = collecting.sync(world.recruitment)
    assert report.labels == {"complete": 1, "unknown": len(BAD)}
    assert (report.n_set_aside, report.problems) == (len(BAD), ())
    for line in standing(world.recruitment).work:
        if line.label == "unknown":
            assert whys[line.assignment] in line.problem
            assert line.validity is None
    shown = dashboard_page(world)
    assert all(why in shown for why in whys.values())
    # Nothing of them is in the data, and nobody pays for them unasked.
    assert n_responses(world) == 8
    paid = paying.approve(world.recruitment)
    assert (paid.n_done, paid.n_held) == (1, len(BAD))


def dashboard_page(world: World) -> str:
    add_user(world.services, "ada", password=PASSWORD)
    app = create_app(world.services.settings, services=world.services)
    client = app.test_client()
    assert sign_in(client).status_code == 303
    return client.get("/dashboard/studies/things?environment=sandbox").text


def test_what_was_set_aside_is_taken_in_once_nothing_stands_in_its_way(world: World):
    world.post()
    worker = world.live.add_worker()
    first, second = world.open_hits()[:2]
    hand_in(world, worker, first)
    with blocks_gone(world):
        assert collecting.sync(world.recruitment).labels == {"unknown": 1}
        (line,) = standing(world.recruitment).work
        assert line.problem == "the block of this posting is gone"
        assert collecting.sync(world.recruitment).n_set_aside == 1
    hand_in(world, worker, second)
    report = collecting.sync(world.recruitment)
    assert (report.n_taken_again, report.n_set_aside) == (1, 0)
    lines = standing(world.recruitment).work
    assert [(each.label, each.validity) for each in lines] == [
        ("complete", "valid")
    ] * 2
    assert [each.problem for each in lines] == ["", ""]
    assert paying.approve(world.recruitment).n_done == 2


@contextmanager
def blocks_gone(world: World) -> Iterator[None]:
    """As after a restore from a backup that lacks the blocks."""
    with world.services.store.write() as tx:
        rows = tx.execute(text("SELECT id, block_id FROM hit")).all()
        tx.execute(text("UPDATE hit SET block_id = NULL"))
    yield
    with world.services.store.write() as tx:
        for row in rows:
            tx.execute(
                text("UPDATE hit SET block_id = :block WHERE id = :hit"),
                {"hit": row[0], "block": row[1]},
            )


def test_what_the_database_refuses_is_set_aside_by_the_name_of_its_rule(
    both_services: Services, live_marketplace: LiveMarketplace, tmp_path: Path
):
    world = open_world(both_services, live_marketplace, tmp_path)
    world.post()
    hand_in(world, world.live.add_worker(), world.open_hits()[0])
    # Two trials of a session cannot have one name.
    services = replace(both_services, new_token=lambda: "always-the-same")
    collecting.sync(replace(world.recruitment, services=services))
    (line,) = standing(world.recruitment).work
    assert line.label == "unknown"
    assert re.search(r"the database refuses it.*session_trial.*token", line.problem)
    assert collecting.sync(world.recruitment).n_taken_again == 1


def test_a_place_that_others_hold_stays_theirs(world: World):
    world.post()
    with world.services.store.write() as tx:
        tx.execute(text("UPDATE block SET n_reserved = n_wanted, n_admitted = 9"))
    hand_in(world, world.live.add_worker(), world.open_hits()[0])
    assert collecting.sync(world.recruitment).labels == {"complete": 1}
    with world.services.store.read() as tx:
        query = text(
            "SELECT n_valid, n_reserved, n_admitted FROM block ORDER BY 1 DESC"
        )
        first, *others = [tuple(row) for row in tx.execute(query)]
    # Fixed blocks are wanted by two people each.
    assert first == (1, 2, 10)
    assert {row[0] for row in others} == {0}


def test_what_nobody_foresaw_is_a_reason_and_a_database_that_is_away_is_none(caplog):
    why = collecting.words_of(ArithmeticError("a secret"))
    assert why == "a fault of ours (ArithmeticError), which the log tells"
    assert "could not be taken in" in caplog.text
    away = OperationalError("SELECT 1", {}, Exception("disk I/O error"))
    with pytest.raises(OperationalError):
        collecting.words_of(away)


@dataclass
class Refusing:
    """A market that refuses one posting's work and one person's qualification."""

    market: Any
    hit_id: str
    worker_id: str
    unreadable: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.market, name)

    def submissions(self, hit_id: str) -> Iterator[Submission | UnreadableRecord]:
        if hit_id == self.hit_id:
            raise MarketRefusedError("this posting is disposed of")
        for submission in self.market.submissions(hit_id):
            is_odd = submission.worker_id == self.unreadable
            yield UnreadableRecord(problem="no SubmitTime") if is_odd else submission

    def grant(self, qualification_id: str, *, worker_id: str) -> None:
        if worker_id == self.worker_id:
            raise MarketRefusedError(f"{worker_id} has left")
        self.market.grant(qualification_id, worker_id=worker_id)


def test_one_posting_one_record_or_one_person_stops_no_other(world: World):
    world.post()
    first, second, third = world.open_hits()
    workers = [world.live.add_worker() for _ in range(4)]
    for worker, hit_id in zip(workers, (first, second, second, third), strict=True):
        hand_in(world, worker, hit_id)
    odd = Refusing(
        world.recruitment.market,
        hit_id=first,
        worker_id=workers[1].id,
        unreadable=workers[2].id,
    )
    report = collecting.sync(replace(world.recruitment, market=odd))
    assert report.labels == {"complete": 2}
    assert {each.split(": ", 1)[1] for each in report.problems} == {
        "no SubmitTime",
        "this posting is disposed of",
        "this worker has left",
    }
    # What failed is looked at again.
    assert collecting.sync(world.recruitment).labels == {"complete": 2}
    own = world.account().taken_part_id or ""
    assert set(world.recruitment.market.holders(own)) == {
        worker.id for worker in workers
    }


def test_work_after_its_money_was_set_free_is_paid_within_the_cap_or_not_at_all(
    services: Services, live_marketplace: LiveMarketplace, stimuli: Path, tmp_path: Path
):
    # Four places of $1.44 are the whole cap.
    world = make_world(
        services, live_marketplace, folder=tmp_path, stimuli=stimuli, cap="5.76"
    )
    world.post()
    worker = world.live.add_worker()
    late = worker.accept(world.open_hits()[0])
    world.live.set_faults(late_rate=1.0)
    world.live.advance(2 * 3600)
    reconciling.expire(world.recruitment)
    collecting.sync(world.recruitment)
    assert world.account().committed_minor == 0
    assert world.post().n_posted == 4
    worker.submit(late, {"secondlook": "completed"})
    collecting.sync(world.recruitment)
    report = paying.approve(world.recruitment, only=[late])
    assert report.n_done == 0
    assert "of the cap of $5.76" in report.problems[0]
    assert world.account().committed_minor == 576
    reconciling.expire(world.recruitment)
    collecting.sync(world.recruitment)
    assert paying.approve(world.recruitment, only=[late]).n_done == 1
    assert world.account().committed_minor == 144


def test_late_work_costs_its_place_again_with_the_fee(
    services: Services, live_marketplace: LiveMarketplace, stimuli: Path, tmp_path: Path
):
    world = make_world(services, live_marketplace, folder=tmp_path, stimuli=stimuli)
    world.post()
    worker = world.live.add_worker()
    late = worker.accept(world.open_hits()[0])
    world.live.set_faults(late_rate=1.0)
    world.live.advance(2 * 3600)
    reconciling.expire(world.recruitment)
    collecting.sync(world.recruitment)
    assert world.account().committed_minor == 0
    worker.submit(late, {"secondlook": "completed"})
    collecting.sync(world.recruitment)
    assert world.account().committed_minor == 144
    assert paying.approve(world.recruitment, only=[late]).n_done == 1
    assert world.account().committed_minor == 144


def n_responses(world: World) -> int:
    with world.services.store.read() as tx:
        return int(tx.execute(text("SELECT count(*) FROM response")).scalar_one())
