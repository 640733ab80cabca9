"""Queries about second factors."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, func, select, update

from study_server.database.engine import Transaction
from study_server.store.tables import RecoveryCode, SecondFactor


def secret_of(tx: Transaction, user_id: int) -> str | None:
    """What a user's telephone shares with us; None without a second factor."""
    factor = tx.get(SecondFactor, user_id)
    return None if factor is None else factor.secret


def keep(
    tx: Transaction,
    user_id: int,
    *,
    secret: str,
    step: int,
    codes: Iterable[str],
    at: datetime,
) -> None:
    """Give a user a second factor, in place of any other.

    Args:
        tx: The transaction.
        user_id: Whose.
        secret: Shared with the telephone.
        step: Of the code that proved it: used from now on.
        codes: Digests of the recovery codes.
        at: When.
    """
    remove(tx, user_id)
    tx.add(SecondFactor(user_id=user_id, secret=secret, last_step=step, created_at=at))
    tx.flush()
    tx.add_all(RecoveryCode(user_id=user_id, digest=digest) for digest in codes)
    tx.flush()


def remove(tx: Transaction, user_id: int) -> bool:
    """Take a second factor and its codes away; whether there was one."""
    tx.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    gone = delete(SecondFactor).where(SecondFactor.user_id == user_id)
    return tx.execute(gone.returning(SecondFactor.user_id)).first() is not None


def use_step(tx: Transaction, user_id: int, *, step: int) -> bool:
    """Use a step up; False if it, or a later one, was used before."""
    used = update(SecondFactor).where(
        SecondFactor.user_id == user_id, SecondFactor.last_step < step
    )
    done = tx.execute(used.values(last_step=step).returning(SecondFactor.user_id))
    return done.first() is not None


def use_code(tx: Transaction, user_id: int, *, digest: str) -> bool:
    """Use a recovery code up; False if there is none such any more."""
    used = delete(RecoveryCode).where(
        RecoveryCode.user_id == user_id, RecoveryCode.digest == digest
    )
    return tx.execute(used.returning(RecoveryCode.digest)).first() is not None


def n_codes(tx: Transaction, user_id: int) -> int:
    """How many recovery codes are left."""
    left = select(func.count()).select_from(RecoveryCode)
    return tx.scalar(left.where(RecoveryCode.user_id == user_id)) or 0
