"""Who may sign in to the dashboard."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from study_server.database.passwords import (
    MIN_PASSWORD_LENGTH,
    hash_password,
    is_outdated,
    is_password,
    length_problem,
)
from study_server.errors import StudyError
from study_server.services import Services
from study_server.services.accounts import activity
from study_server.store import Transaction
from study_server.store.accounts import users
from study_server.store.accounts.sign_ins import USERS

OWNER: Final = "owner"
EDITOR: Final = "editor"
VIEWER: Final = "viewer"
# Each may do what those after it may, and more.
ROLES: Final = (OWNER, EDITOR, VIEWER)

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,63}")


class AccountError(StudyError):
    """A user who cannot be added or changed."""


@dataclass(frozen=True, kw_only=True)
class UserRecord:
    """Someone who signs in.

    Attributes:
        id: The database's key.
        name: What they sign in with.
        role: owner (everything, users too), editor (runs studies) or viewer (reads).
        created_at: When they were added.
    """

    id: int
    name: str
    role: str
    created_at: datetime


def add_user(
    services: Services,
    name: str,
    *,
    password: str,
    role: str | None = None,
    replace: bool = False,
) -> UserRecord:
    """Let somebody sign in; the password is kept as an argon2id hash only.

    Args:
        services: Store and clock.
        name: Letters, digits and "_.@+-", at most 64.
        password: 10 to 1,000 characters.
        role: Of `ROLES`; where left out, the first user is an owner, whoever comes
            later a viewer, and whoever is there keeps theirs.
        replace: Whether a user of that name gets this password instead.

    Raises:
        AccountError: Every problem at once.
    """
    with services.store.read() as tx:
        is_taken = users.find_user(tx, name) is not None
    problems = _problems(name, password, is_taken=is_taken and not replace)
    if role is not None and role not in ROLES:
        problems.append(_unknown_role(role))
    if problems:
        raise AccountError("\n".join(problems))
    hashed = hash_password(password)
    with services.store.write() as tx:
        role = role or _default_role(tx, name)
        _keep_an_owner(tx, name, role=role)
        user = users.save_user(
            tx, name, password_hash=hashed, role=role, at=services.clock()
        )
        USERS.end_all(tx, user.id)
        done: activity.Action = "password changed" if is_taken else "user added"
        activity.note(services, tx, done, subject=name, detail=role)
    return user_record(user)


def change_role(services: Services, name: str, *, role: str) -> UserRecord:
    """Give a user another role, from their next click on.

    Raises:
        AccountError: If there is no such user or role, or no owner would be left.
    """
    if role not in ROLES:
        raise AccountError(_unknown_role(role))
    with services.store.write() as tx:
        user = _known(tx, name)
        _keep_an_owner(tx, name, role=role)
        users.set_role(tx, user.id, role=role)
        changed = f"{user.role} to {role}"
        activity.note(services, tx, "role changed", subject=name, detail=changed)
        return user_record(_known(tx, name))


def require_addable(services: Services, name: str, *, replace: bool = False) -> None:
    """Refuse a name that `add_user` would, before anybody is asked for a password.

    Raises:
        AccountError: Every problem at once.
    """
    with services.store.read() as tx:
        is_taken = users.find_user(tx, name) is not None
    any_password = "x" * MIN_PASSWORD_LENGTH
    if problems := _problems(name, any_password, is_taken=is_taken and not replace):
        raise AccountError("\n".join(problems))


def remove_user(services: Services, name: str) -> None:
    """Let somebody sign in no more, and end their sessions.

    Trials they checked stay checked, without their name.

    Raises:
        AccountError: If there is no user of that name, or other users would be left
            without an owner.
    """
    with services.store.write() as tx:
        _known(tx, name)
        if len(users.all_users(tx)) > 1:
            _keep_an_owner(tx, name, role=None)
        users.delete_user(tx, name)
        activity.note(services, tx, "user removed", subject=name)


def check_password(services: Services, name: str, password: str) -> UserRecord | None:
    """The user, if name and password belong together.

    An unknown name takes as long as a wrong password. A hash of an older kind is
    renewed, now that the password is known.
    """
    with services.store.read() as tx:
        user = users.find_user(tx, name)
        has_old = users.has_old_hashes(tx)
    kept = None if user is None else user.password_hash
    if not is_password(kept, password, has_old=has_old) or user is None:
        return None
    if is_outdated(user.password_hash):
        with services.store.write() as tx:
            renewed = hash_password(password)
            users.set_password(tx, user.id, password_hash=renewed)
    return user_record(user)


def let_in_again(services: Services, name: str) -> None:
    """Write down that somebody's failed attempts are to be forgotten.

    Raises:
        AccountError: If there is no user of that name.
    """
    with services.store.write() as tx:
        _known(tx, name)
        activity.note(services, tx, "user let in again", subject=name)


def note_failure(services: Services, name: str) -> None:
    """Write down that somebody did not get in; what is no name may be a password."""
    with services.store.write() as tx:
        is_known = users.find_user(tx, name) is not None
        activity.note(
            services,
            tx,
            "sign-in failed",
            subject=name if is_known else "",
            detail="" if is_known else "a name nobody has",
        )


def check_own_password(services: Services, name: str, *, old: str, new: str) -> str:
    """The hash of a user's new password, once the old one was given.

    Raises:
        AccountError: If the old one is wrong, or the new one cannot be taken.
    """
    if check_password(services, name, old) is None:
        raise AccountError("that is not your password now")
    if problem := length_problem(new):
        raise AccountError(f"new {problem}")
    if new == old:
        raise AccountError("the new password is the old one; choose another")
    return hash_password(new)


def find_user_record(services: Services, name: str) -> UserRecord:
    """The user of that name.

    Raises:
        AccountError: If there is none.
    """
    with services.store.read() as tx:
        return user_record(_known(tx, name))


def list_users(services: Services) -> list[UserRecord]:
    """Everybody who can sign in, in alphabetical order."""
    with services.store.read() as tx:
        return [user_record(user) for user in users.all_users(tx)]


def _known(tx: Transaction, name: str) -> users.StoredUser:
    user = users.find_user(tx, name)
    if user is None:
        there = ", ".join(entry.name for entry in users.all_users(tx))
        raise AccountError(
            f"there is no user {name!r}; there are: {there or 'nobody yet'}"
        )
    return user


def _default_role(tx: Transaction, name: str) -> str:
    user = users.find_user(tx, name)
    if user is not None:
        return user.role
    return VIEWER if users.count_users(tx, OWNER) else OWNER


def _keep_an_owner(tx: Transaction, name: str, *, role: str | None) -> None:
    """Refuse a change after which nobody could manage users."""
    user = users.find_user(tx, name)
    is_owner = user is not None and user.role == OWNER
    if is_owner and role != OWNER and users.count_users(tx, OWNER) == 1:
        raise AccountError(
            f"{name} is the only owner: make somebody else an owner first "
            "(`secondlook user role NAME owner`)"
        )


def _unknown_role(role: str) -> str:
    return f"role: expected {', '.join(ROLES)}, got {role[:80]!r}"


def user_record(user: users.StoredUser) -> UserRecord:
    """A user without the hash of their password."""
    return UserRecord(
        id=user.id, name=user.name, role=user.role, created_at=user.created_at
    )


def _problems(name: str, password: str, *, is_taken: bool) -> list[str]:
    problems = []
    if not _NAME.fullmatch(name):
        problems.append(
            "user name: expected up to 64 letters, digits and '_.@+-', "
            f"got {name[:80]!r}"
        )
    if problem := length_problem(password):
        problems.append(problem)
    if is_taken:
        problems.append(
            f"there is a user {name!r} already; --replace sets a new password"
        )
    return problems
