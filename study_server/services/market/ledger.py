"""Money: an intent first, then the call, then the outcome.

Every intent has a key that says what it is for and a token that follows from our
own ids, so that whatever is asked for twice is done once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from study_server.errors import SpendingError
from study_server.recruiters.sections import in_dollars
from study_server.services import Services
from study_server.store import Transaction
from study_server.store.market import ledger
from study_server.store.tables import LedgerEntry

Kind = Literal["post", "extend", "approve", "reject", "bonus"]


@dataclass(frozen=True, kw_only=True)
class Intent:
    """Something to be asked of a market.

    Attributes:
        kind: What.
        key: What for: the same purpose has the same key.
        amount_minor: What it costs at most, fees included.
        pay_minor: What a person gets of it.
        hit_id: The posting it is about.
        assignment_id: The work it is about.
        reason: In words that a person may read.
        salt: What else the token must follow from.
    """

    kind: Kind
    key: str
    amount_minor: int = 0
    pay_minor: int = 0
    hit_id: int | None = None
    assignment_id: int | None = None
    reason: str = ""
    salt: str = ""


def derive_token(recruitment_token: str, key: str, *, salt: str = "") -> str:
    """64 characters that follow from our ids alone."""
    text = "\n".join((recruitment_token, key, salt))
    return hashlib.sha256(text.encode()).hexdigest()


def intend(
    services: Services,
    tx: Transaction,
    intent: Intent,
    *,
    account_id: int,
    recruitment_token: str,
) -> LedgerEntry:
    """Write an intent down and set its money aside; one that is there is kept.

    What the market refused may be intended again, under another token.

    Raises:
        SpendingError: If the cap would be passed; nothing is written then.
    """
    found = ledger.find_entry(tx, account_id, key=intent.key)
    if found is not None and found.state != "refused":
        return found
    _set_aside(tx, account_id, intent.amount_minor)
    if found is not None:
        found.key = f"{found.key}#refused-{found.id}"
        tx.flush()
    # A refused token may be remembered by the market.
    salt = intent.salt if found is None else f"{intent.salt}#{found.id}"
    return ledger.add_entry(
        tx,
        LedgerEntry(
            account_id=account_id,
            hit_id=intent.hit_id,
            assignment_id=intent.assignment_id,
            kind=intent.kind,
            key=intent.key,
            token=derive_token(recruitment_token, intent.key, salt=salt),
            state="intended",
            amount_minor=intent.amount_minor,
            pay_minor=intent.pay_minor,
            reason=intent.reason,
            intended_at=services.clock(),
        ),
    )


def conclude(services: Services, tx: Transaction, entry_id: int) -> LedgerEntry:
    """The market did it; said twice, it is one all the same."""
    entry = ledger.lock_entry(tx, entry_id)
    if entry.state == "intended":
        ledger.conclude(tx, entry, state="done", at=services.clock(), problem="")
    return entry


def refuse(
    services: Services, tx: Transaction, entry_id: int, *, problem: str
) -> LedgerEntry:
    """The market said no: the money is free again."""
    entry = ledger.lock_entry(tx, entry_id)
    if entry.state == "intended":
        ledger.commit_money(tx, entry.account_id, -entry.amount_minor)
        ledger.conclude(
            tx, entry, state="refused", at=services.clock(), problem=problem
        )
    return entry


def _set_aside(tx: Transaction, account_id: int, amount_minor: int) -> None:
    if amount_minor == 0 or ledger.commit_money(tx, account_id, amount_minor):
        return
    account = ledger.lock_account(tx, account_id)
    raise SpendingError(
        f"this would cost {in_dollars(amount_minor)} more, and of the cap of "
        f"{in_dollars(account.cap_minor)} {in_dollars(account.committed_minor)} are "
        "spent or set aside; nothing was done. The cap is part of the study file"
    )
