"""Being signed in to the dashboard: beginning, going on, ending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from study_server.services import Services
from study_server.services.accounts import activity
from study_server.services.accounts.users import (
    UserRecord,
    check_own_password,
    find_user_record,
    user_record,
)
from study_server.store.accounts import users
from study_server.store.accounts.sign_ins import USERS, KeptSignIn, Lifetimes


@dataclass(frozen=True, kw_only=True)
class SignedInUser:
    """Somebody who is signed in, in one browser."""

    user: UserRecord
    sign_in: KeptSignIn


def lifetimes(services: Services) -> Lifetimes:
    """How long users stay signed in."""
    settings = services.settings
    return Lifetimes(
        whole=timedelta(hours=settings.sign_in_hours),
        idle=timedelta(minutes=settings.sign_in_idle_minutes),
    )


def begin_sign_in(services: Services, user: UserRecord, *, browser: str) -> str:
    """Sign somebody in who proved who they are; gives their cookie's token."""
    now = services.clock()
    with services.store.write() as tx:
        USERS.purge(tx, at=now, lifetimes=lifetimes(services))
        token = USERS.begin(tx, user.id, browser=browser, at=now)
        activity.note(services, tx, "signed in", actor=user.name, subject=user.name)
    return token


def presence_of(services: Services, token: str) -> SignedInUser | None:
    """Who a token stands for, as the database knows them now."""
    now = services.clock()
    with services.store.read() as tx:
        found = USERS.find(tx, token, at=now, lifetimes=lifetimes(services))
        user = None if found is None else users.get_user(tx, found.owner_id)
    if found is None or user is None:
        return None
    if USERS.is_worth_noting(found, at=now):
        with services.store.write() as tx:
            USERS.note(tx, found.id, at=now)
    return SignedInUser(user=user_record(user), sign_in=found)


def end_presence(services: Services, token: str) -> None:
    """Sign out: whoever else has a copy of the token is out too."""
    with services.store.write() as tx:
        USERS.end_token(tx, token)


def list_sign_ins(services: Services, name: str) -> list[KeptSignIn]:
    """Where a user is signed in, the last seen first.

    Raises:
        AccountError: If there is no user of that name.
    """
    user = find_user_record(services, name)
    with services.store.read() as tx:
        now = services.clock()
        return USERS.of(tx, user.id, at=now, lifetimes=lifetimes(services))


def end_sign_in(services: Services, name: str, *, sign_in_id: int) -> None:
    """End one of a user's; one that is over already stays so."""
    user = find_user_record(services, name)
    with services.store.write() as tx:
        if USERS.end(tx, user.id, sign_in_id=sign_in_id):
            activity.note(services, tx, "sign-ins ended", subject=name, detail="1")


def end_sign_ins(services: Services, name: str, *, but: int | None = None) -> int:
    """End all of a user's, but one if it is named; how many.

    Raises:
        AccountError: If there is no user of that name.
    """
    user = find_user_record(services, name)
    with services.store.write() as tx:
        n_ended = USERS.end_all(tx, user.id, but=but)
        if n_ended:
            activity.note(
                services, tx, "sign-ins ended", subject=name, detail=str(n_ended)
            )
    return n_ended


def change_own_password(
    services: Services, presence: SignedInUser, *, old: str, new: str
) -> int:
    """Change a password by its owner; how many other sign-ins that ended.

    Raises:
        AccountError: If the old one is wrong, or the new one cannot be taken.
    """
    user = presence.user
    hashed = check_own_password(services, user.name, old=old, new=new)
    with services.store.write() as tx:
        users.set_password(tx, user.id, password_hash=hashed)
        n_ended = USERS.end_all(tx, user.id, but=presence.sign_in.id)
        activity.note(services, tx, "password changed", subject=user.name)
    return n_ended
