"""Requesters and workers who want to be forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from study_server.database.engine import Transaction
from study_server.marketplace.ids import new_id
from study_server.marketplace.people import rotate_key
from study_server.marketplace.store import assignments, hits, workers
from study_server.marketplace.store.tables import Requester, Worker
from study_server.marketplace.work import worker_actions
from study_server.marketplace.work.deadlines import expire

# ISO 3166 leaves it to users; it stands for no country here.
NO_COUNTRY: Final = "ZZ"


def erase_worker(tx: Transaction, worker: Worker, *, at: datetime) -> None:
    """Forget who a worker is: name, password, place, marks and messages.

    What they have not finished is returned. Submissions stay with the requesters
    they were made for, under a WorkerId that leads to nobody.
    """
    for assignment in assignments.under_way(tx, worker.id):
        worker_actions.give_back(tx, assignment, at=at)
    workers.delete_notices(tx, worker.id)
    worker.name = f"erased-{new_id()[:12].lower()}"
    worker.password_hash = None
    worker.country, worker.subdivision = NO_COUNTRY, None
    worker.is_adult = worker.is_master = False


def erase_requester(tx: Transaction, requester: Requester, *, at: datetime) -> None:
    """Forget who a requester is: name, keys, where notifications went.

    Their HITs expire now. What was submitted is approved when its time has come, so
    nobody's work is lost.
    """
    for hit_id in hits.open_ids(tx, requester.id):
        expire(tx, hit_id, at=at)
    hits.stop_notifying(tx, requester.id)
    rotate_key(requester)
    requester.name = f"erased-{new_id()[:12].lower()}"
