"""Requesters and workers: added, found, let in, given new passwords and keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from hmac import compare_digest
from typing import Any, Final

from study_server.database.engine import Transaction
from study_server.database.passwords import (
    hash_password,
    is_outdated,
    is_password,
    length_problem,
)
from study_server.marketplace.errors import MarketplaceError
from study_server.marketplace.ids import (
    new_access_key,
    new_id,
    new_person_id,
    new_secret_key,
)
from study_server.marketplace.store import requesters, workers
from study_server.marketplace.store.tables import Requester, Worker

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,63}")
_ACCESS_KEY: Final = re.compile(r"\w{4,128}", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_SUBDIVISION: Final = re.compile(r"[A-Z0-9]{1,3}")
_MAX_COUNT: Final = 10_000_000


@dataclass(frozen=True, kw_only=True)
class WorkerProfile:
    """A worker to be added.

    Attributes:
        name: What they sign in with; made up where empty.
        password: None for workers who never sign in.
        country: ISO 3166.
        subdivision: ISO 3166-2 without the country; "" for none.
        is_adult: Of age, and takes adult content.
        is_master: Has the Masters Qualification.
        n_approved_before: Submissions approved elsewhere.
        n_rejected_before: Submissions rejected elsewhere.
    """

    name: str = ""
    password: str | None = None
    country: str = "US"
    subdivision: str = ""
    is_adult: bool = False
    is_master: bool = False
    n_approved_before: int = 0
    n_rejected_before: int = 0


def read_profile(body: Mapping[str, Any]) -> WorkerProfile:
    """A profile from JSON.

    Raises:
        MarketplaceError: On an unknown key or a value of the wrong kind.
    """
    known = {entry.name: entry.default for entry in fields(WorkerProfile)}
    problems = [
        f"{key}: not part of a worker; there are: {', '.join(known)}"
        for key in body
        if key not in known
    ]
    problems += [
        f"{key}: expected {_kind(key, known)}, got {value!r}"
        for key, value in body.items()
        if key in known and type(value).__name__ != _kind(key, known)
    ]
    if problems:
        raise MarketplaceError("\n".join(problems))
    return WorkerProfile(**body)


def add_worker(tx: Transaction, profile: WorkerProfile, *, at: datetime) -> Worker:
    """Keep a new worker; the password is kept as an argon2id hash only.

    Raises:
        MarketplaceError: Every problem at once.
    """
    name = profile.name or f"worker-{new_id()[:8].lower()}"
    require_addable(tx, replace(profile, name=name))
    worker = Worker(
        public_id=new_person_id(),
        name=name,
        password_hash=None
        if profile.password is None
        else hash_password(profile.password),
        country=profile.country,
        subdivision=profile.subdivision or None,
        is_adult=profile.is_adult,
        is_master=profile.is_master,
        n_approved_before=profile.n_approved_before,
        n_rejected_before=profile.n_rejected_before,
        n_submitted=0,
        n_approved=0,
        n_rejected=0,
        earned_cents=0,
        created_at=at,
    )
    return workers.add(tx, worker)


def require_addable(tx: Transaction, profile: WorkerProfile) -> None:
    """Refuse what `add_worker` would, before anybody is asked for a password.

    Raises:
        MarketplaceError: Every problem at once.
    """
    problems = _problems(profile, profile.name)
    if workers.by_name(tx, profile.name) is not None:
        problems.append(f"the name {profile.name!r} is taken")
    if problems:
        raise MarketplaceError("\n".join(problems))


def check_worker(tx: Transaction, name: str, password: str) -> Worker | None:
    """The worker, if name and password belong together.

    An unknown name takes as long as a wrong password.
    """
    worker = workers.by_name(tx, name)
    kept = None if worker is None else worker.password_hash
    is_right = is_password(kept, password, has_old=workers.has_old_hashes(tx))
    return worker if is_right else None


def renew_hash(tx: Transaction, worker: Worker, password: str) -> Worker:
    """The worker with their password hashed as it is now, once it is known."""
    kept = workers.get(tx, worker.id)
    if kept.password_hash and is_outdated(kept.password_hash):
        kept.password_hash = hash_password(password)
        tx.flush()
    return kept


def check_requester(
    tx: Transaction, access_key: str, secret_key: str
) -> Requester | None:
    """The requester, if the two keys belong together."""
    requester = requesters.by_access_key(tx, access_key)
    if requester is None:
        return None
    is_right = compare_digest(requester.secret_key.encode(), secret_key.encode())
    return requester if is_right else None


def add_requester(
    tx: Transaction,
    name: str,
    *,
    balance_cents: int,
    at: datetime,
    access_key: str = "",
    secret_key: str = "",
) -> Requester:
    """Keep a new requester; keys are made up where none are given.

    Raises:
        MarketplaceError: If name or access key is taken or malformed.
    """
    access_key = access_key or new_access_key()
    _check_requester(tx, name, access_key)
    requester = Requester(
        public_id=new_person_id(),
        name=name,
        access_key=access_key,
        secret_key=secret_key or new_secret_key(),
        deposited_cents=balance_cents,
        available_cents=balance_cents,
        on_hold_cents=0,
        spent_cents=0,
        created_at=at,
    )
    return requesters.add(tx, requester)


def worker_named(tx: Transaction, name: str) -> Worker:
    """The worker of that name, or with that WorkerId.

    Raises:
        MarketplaceError: If there is none.
    """
    found = workers.by_name(tx, name) or workers.by_public_id(tx, name)
    if found is None:
        raise MarketplaceError(
            f"there is no worker {name!r}; `secondlook marketplace worker list` shows all"
        )
    return found


def requester_named(tx: Transaction, name: str) -> Requester:
    """The requester of that name.

    Raises:
        MarketplaceError: If there is none.
    """
    found = requesters.by_name(tx, name)
    if found is None:
        raise MarketplaceError(
            f"there is no requester {name!r}; `secondlook marketplace requester list` "
            "shows all"
        )
    return found


def change_password(tx: Transaction, worker: Worker, password: str) -> None:
    """Give a worker another password; whoever is signed in as them is no longer.

    Raises:
        MarketplaceError: If it is too short or too long.
    """
    if problem := length_problem(password):
        raise MarketplaceError(problem)
    worker.password_hash = hash_password(password)


def rotate_key(requester: Requester) -> None:
    """Give a requester two new keys; the old ones count no more from now on."""
    requester.access_key = new_access_key()
    requester.secret_key = new_secret_key()


def _check_requester(tx: Transaction, name: str, access_key: str) -> None:
    if not _NAME.fullmatch(name):
        raise MarketplaceError(f"requester: {_NAME_RULE}, got {name[:80]!r}")
    if not _ACCESS_KEY.fullmatch(access_key):
        raise MarketplaceError(
            "access key: expected 4 to 128 letters, digits and '_', got "
            f"{access_key[:80]!r}"
        )
    if requesters.by_name(tx, name) or requesters.by_access_key(tx, access_key):
        raise MarketplaceError(f"there is a requester {name!r}, or that key, already")


_NAME_RULE: Final = "expected up to 64 letters, digits and '_.@+-'"


def _problems(profile: WorkerProfile, name: str) -> list[str]:
    problems = []
    if not _NAME.fullmatch(name):
        problems.append(f"name: {_NAME_RULE}, got {name[:80]!r}")
    if profile.password is not None and (problem := length_problem(profile.password)):
        problems.append(problem)
    if not _COUNTRY.fullmatch(profile.country):
        problems.append(f"country: expected two capitals, got {profile.country!r}")
    if profile.subdivision and not _SUBDIVISION.fullmatch(profile.subdivision):
        problems.append(
            f"subdivision: expected one like CA, got {profile.subdivision!r}"
        )
    problems += [
        f"{key}: expected 0 to {_MAX_COUNT}, got {getattr(profile, key)}"
        for key in ("n_approved_before", "n_rejected_before")
        if not 0 <= getattr(profile, key) <= _MAX_COUNT
    ]
    return problems


def _kind(key: str, known: Mapping[str, Any]) -> str:
    return "str" if key == "password" else type(known[key]).__name__
