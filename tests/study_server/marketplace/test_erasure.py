"""People who want to be forgotten, while their work is under way."""

from __future__ import annotations

from study_server.marketplace import erasure, people
from study_server.marketplace.store import requesters, workers
from tests.study_server.marketplace.requests import balance, get, post


def test_an_erased_worker_gives_back_what_is_open_and_keeps_what_was_done(live, client):
    hit = post(client, MaxAssignments=3)["HITId"]
    anna = live.add_worker(name="anna", country="DE")
    done = anna.do(hit)
    second = post(client, Title="Another")["HITId"]
    anna.accept(second)
    with live.market.store.write() as tx:
        found = people.worker_named(tx, "anna")
        erasure.erase_worker(tx, found, at=live.market.clock())
    assert get(client, second)["NumberOfAssignmentsAvailable"] == 1
    shown = client.get_assignment(AssignmentId=done)["Assignment"]
    assert shown["WorkerId"] == anna.id
    client.approve_assignment(AssignmentId=done)
    with live.market.store.read() as tx:
        assert workers.by_name(tx, "anna") is None


def test_an_erased_requester_posts_nothing_and_owes_nobody(live, client):
    stranger = live.requester_client("lab")
    hit = post(stranger, MaxAssignments=3, AutoApprovalDelayInSeconds=60)["HITId"]
    worker = live.add_worker()
    worker.do(hit)
    with live.market.store.write() as tx:
        found = people.requester_named(tx, "lab")
        key = found.id
        erasure.erase_requester(tx, found, at=live.market.clock())
    live.advance(120)
    with live.market.store.read() as tx:
        kept = requesters.by_id(tx, key)
        assert kept is not None
        # 50 cents and 20 % of fees; nothing is held back for HITs that expired.
        assert (kept.spent_cents, kept.on_hold_cents) == (60, 0)
        paid = workers.by_public_id(tx, worker.id)
        assert paid is not None
        assert paid.earned_cents == 50
    assert balance(client)
