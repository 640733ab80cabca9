"""A second factor beside the password: codes of a telephone's app (RFC 6238)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import UTC
from hmac import compare_digest
from typing import Final

import pyotp

from study_server.services import Services
from study_server.services.accounts import activity
from study_server.services.accounts.sign_ins import SignedInUser
from study_server.services.accounts.users import (
    AccountError,
    UserRecord,
    check_password,
    find_user_record,
)
from study_server.store.accounts import second_factors
from study_server.store.accounts.sign_ins import USERS

N_RECOVERY_CODES: Final = 10
_STEP_S: Final = 30
# A telephone's clock may be a step off.
_OFFSETS: Final = (0, -1, 1)


def new_secret() -> str:
    """What a telephone is to share with us: 160 random bits, in base 32."""
    return pyotp.random_base32()


def address_for_app(secret: str, name: str) -> str:
    """What the app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Secondlook")


def set_up_second_factor(
    services: Services, presence: SignedInUser, *, secret: str, code: str, password: str
) -> tuple[str, ...]:
    """Ask for a code from now on; gives the recovery codes, shown but once.

    Raises:
        AccountError: If password or code are not right.
    """
    user = presence.user
    _require_password(services, user, password)
    step = _step_of(services, secret, code)
    if step is None:
        raise AccountError("that is not the code the app shows now; wait for the next")
    codes = tuple(_new_code() for _ in range(N_RECOVERY_CODES))
    with services.store.write() as tx:
        second_factors.keep(
            tx,
            user.id,
            secret=secret,
            step=step,
            codes=[_digest(entry) for entry in codes],
            at=services.clock(),
        )
        USERS.end_all(tx, user.id, but=presence.sign_in.id)
        activity.note(services, tx, "second factor set up", subject=user.name)
    return codes


def has_second_factor(services: Services, user_id: int) -> bool:
    """Whether a user is asked for a code."""
    with services.store.read() as tx:
        return second_factors.secret_of(tx, user_id) is not None


def n_recovery_codes(services: Services, user_id: int) -> int:
    """How many recovery codes a user has left."""
    with services.store.read() as tx:
        return second_factors.n_codes(tx, user_id)


def is_second_factor(services: Services, user: UserRecord, code: str) -> bool:
    """Whether this is the app's code now, or a recovery code; each counts once."""
    with services.store.read() as tx:
        secret = second_factors.secret_of(tx, user.id)
    if secret is None:
        return False
    step = _step_of(services, secret, code)
    with services.store.write() as tx:
        if step is not None:
            return second_factors.use_step(tx, user.id, step=step)
        is_right = second_factors.use_code(tx, user.id, digest=_digest(code))
        if is_right:
            by = {"actor": user.name, "subject": user.name}
            activity.note(services, tx, "recovery code used", **by)
    return is_right


def remove_own_second_factor(
    services: Services, user: UserRecord, *, password: str
) -> None:
    """Ask for no code any more.

    Raises:
        AccountError: If the password is wrong.
    """
    _require_password(services, user, password)
    with services.store.write() as tx:
        second_factors.remove(tx, user.id)
        activity.note(services, tx, "second factor removed", subject=user.name)


def reset_second_factor(services: Services, name: str) -> None:
    """Take away the second factor of somebody who lost it, and end their sign-ins.

    Raises:
        AccountError: If there is no such user, or no second factor.
    """
    user = find_user_record(services, name)
    with services.store.write() as tx:
        if not second_factors.remove(tx, user.id):
            raise AccountError(f"{name} has no second factor")
        USERS.end_all(tx, user.id)
        activity.note(services, tx, "second factor removed", subject=name)


def _require_password(services: Services, user: UserRecord, password: str) -> None:
    if check_password(services, user.name, password) is None:
        raise AccountError("that is not your password now")


def _step_of(services: Services, secret: str, code: str) -> int | None:
    """The step whose code this is, of the few that may be now."""
    typed = _plain(code)
    now = int(services.clock().astimezone(UTC).timestamp()) // _STEP_S
    for offset in _OFFSETS:
        expected = pyotp.TOTP(secret).generate_otp(now + offset)
        if compare_digest(expected.encode(), typed.encode()):
            return now + offset
    return None


def _new_code() -> str:
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _digest(code: str) -> str:
    return hashlib.sha256(_plain(code).encode()).hexdigest()


def _plain(code: str) -> str:
    return "".join(part for part in code.lower() if part.isalnum())[:64]
