"""Who is signed in: a worker, a requester, or nobody."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from hmac import compare_digest
from typing import Final

from flask import get_flashed_messages, session

from study_server.marketplace.store import Transaction, requesters, workers
from study_server.marketplace.store.sign_ins import (
    REQUESTERS,
    WORKERS,
    Lifetimes,
    SignIns,
)
from study_server.marketplace.store.tables import Requester, Worker
from study_server.marketplace.web.application import market
from study_server.webkit.browsers import own_browser

LIFETIMES: Final = Lifetimes(whole=timedelta(days=7), idle=timedelta(days=2))
# What the cookie calls the token of who is signed in.
_WORKER: Final = "worker"
_REQUESTER: Final = "requester"


def sign_in_worker(tx: Transaction, worker: Worker) -> None:
    """Remember the worker from now on."""
    _begin(tx, WORKERS, worker.id, key=_WORKER, secret=worker.password_hash or "")


def sign_in_requester(tx: Transaction, requester: Requester) -> None:
    """Remember the requester from now on."""
    _begin(tx, REQUESTERS, requester.id, key=_REQUESTER, secret=requester.secret_key)


def sign_out() -> None:
    """Forget whoever is signed in, here and wherever this cookie was copied to."""
    tokens = [session.get(key) for key in (_WORKER, _REQUESTER)]
    with market().store.write() as tx:
        for token in tokens:
            if isinstance(token, str):
                # One table holds both kinds.
                WORKERS.end_token(tx, token)
    session.clear()


def forget() -> None:
    """Clear the cookie of somebody who is signed in no more."""
    session.clear()


def current_worker(tx: Transaction) -> Worker | None:
    """The worker who is signed in, while the password is still the same."""
    owner_id = _owner_of(tx, WORKERS, key=_WORKER)
    worker = None if owner_id is None else workers.by_id(tx, owner_id)
    if worker is None or not _is_same(worker.password_hash or ""):
        return None
    return worker


def current_requester(tx: Transaction) -> Requester | None:
    """The requester who is signed in, while the keys are still the same."""
    owner_id = _owner_of(tx, REQUESTERS, key=_REQUESTER)
    requester = None if owner_id is None else requesters.by_id(tx, owner_id)
    if requester is None or not _is_same(requester.secret_key):
        return None
    return requester


def is_worker_here() -> bool:
    """Whether a worker is signed in; notes that they are still there."""
    return _is_here(WORKERS, key=_WORKER)


def is_requester_here() -> bool:
    """Whether a requester is signed in; notes that they are still there."""
    return _is_here(REQUESTERS, key=_REQUESTER)


def said_before() -> str:
    """What the request before this one had to say, by `flash`; shown once.

    It travels in the signed session, so no link can put words on a page.
    """
    return " ".join(str(said) for said in get_flashed_messages())


def _begin(
    tx: Transaction, kind: SignIns, owner_id: int, *, key: str, secret: str
) -> None:
    now = market().wall_clock()
    kind.purge(tx, at=now, lifetimes=LIFETIMES)
    token = kind.begin(tx, owner_id, browser=own_browser(), at=now)
    session.clear()
    session.permanent = True
    session.update({key: token, "stamp": _stamp(secret)})


def _owner_of(tx: Transaction, kind: SignIns, *, key: str) -> int | None:
    token = session.get(key)
    if not isinstance(token, str):
        return None
    now = market().wall_clock()
    found = kind.find(tx, token, at=now, lifetimes=LIFETIMES)
    return None if found is None else found.owner_id


def _is_here(kind: SignIns, *, key: str) -> bool:
    token = session.get(key)
    if not isinstance(token, str):
        return False
    now = market().wall_clock()
    with market().store.read() as tx:
        found = kind.find(tx, token, at=now, lifetimes=LIFETIMES)
    if found is not None and kind.is_worth_noting(found, at=now):
        with market().store.write() as tx:
            kind.note(tx, found.id, at=now)
    return found is not None


def _is_same(secret: str) -> bool:
    return compare_digest(str(session.get("stamp")).encode(), _stamp(secret).encode())


def _stamp(secret: str) -> str:
    # The browser reads its own session, so never the secret itself.
    return hashlib.sha256(f"session/{secret}".encode()).hexdigest()[:32]
