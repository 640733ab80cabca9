"""What is not kept for ever: deleted once a day by the server, or on request.

The activity log is never purged: it refuses that, and names no participants.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from study_server.database import backups
from study_server.services import Services
from study_server.services.accounts.sign_ins import lifetimes
from study_server.services.participation.erasure import erase_within
from study_server.store import erasures
from study_server.store.accounts import sign_in_attempts
from study_server.store.accounts.sign_ins import USERS
from study_server.store.upkeep import retention


@dataclass(frozen=True, kw_only=True)
class DueForPurge:
    """What is kept and need not be, in numbers.

    Attributes:
        n_identities: People whose studies are closed for `keep_identities_days`.
        n_sign_ins: Sign-ins to the dashboard whose time is over.
        n_attempts: Counts of attempts to sign in whose window is over.
    """

    n_identities: int
    n_sign_ins: int
    n_attempts: int

    @property
    def is_any(self) -> bool:
        """Whether there is anything."""
        return bool(self.n_identities or self.n_sign_ins or self.n_attempts)


@dataclass(frozen=True, kw_only=True)
class Purged(DueForPurge):
    """The same, and it is deleted."""


def what_is_due(services: Services) -> DueForPurge:
    """What `purge` would delete now."""
    now, before = services.clock(), _closed_by(services)
    with services.store.read() as tx:
        return DueForPurge(
            n_identities=(
                retention.n_people_closed_before(tx, before) if before else 0
            ),
            n_sign_ins=USERS.n_over(tx, at=now, lifetimes=lifetimes(services)),
            n_attempts=sign_in_attempts.n_ended(tx, at=now),
        )


def purge(services: Services) -> Purged:
    """Delete what is due, each person in a transaction of their own.

    Broken off anywhere, the next run does the rest. Two at once do each person once.

    Raises:
        SettingsError: If people are due, and a shared database has no secret key.
    """
    now = services.clock()
    with services.store.write() as tx:
        n_sign_ins = USERS.purge(tx, at=now, lifetimes=lifetimes(services))
        n_attempts = sign_in_attempts.forget_ended(tx, at=now)
    return Purged(
        n_identities=_purge_identities(services),
        n_sign_ins=n_sign_ins,
        n_attempts=n_attempts,
    )


def _purge_identities(services: Services) -> int:
    before = _closed_by(services)
    if before is None:
        return 0
    with services.store.read() as tx:
        people = retention.people_closed_before(tx, before)
    n_done = sum(_purge_one(services, person, before=before) for person in people)
    if n_done:
        backups.empty_log(services.settings.database_url)
    return n_done


def _purge_one(services: Services, participant: str, *, before: datetime) -> bool:
    """Erase who somebody is, unless they came again or were erased meanwhile."""
    why = f"kept for {services.settings.keep_identities_days} days"
    with services.store.write() as tx:
        if not retention.hold_if_closed_before(tx, participant, before=before):
            return False
        person = erasures.find_person(tx, participant)
        if person is None:
            return False
        erase_within(services, tx, person, why=why)
        return True


def _closed_by(services: Services) -> datetime | None:
    """When the last study of those who are due was closed at the latest."""
    n_days = services.settings.keep_identities_days
    return services.clock() - timedelta(days=n_days) if n_days else None
