"""Queries on accounts and the ledger: money is written down before it moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from study_server.database.engine import Transaction
from study_server.store.tables import LedgerEntry, MarketAccount, Recruitment


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What an account's ledger adds up to, minor units.

    Attributes:
        pay_minor: Rewards and bonuses paid.
        n_open: Entries without an outcome.
    """

    pay_minor: int
    n_open: int


def find_account(tx: Transaction, recruitment_id: int) -> MarketAccount | None:
    """The account of a recruitment."""
    return tx.get(MarketAccount, recruitment_id, populate_existing=True)


def lock_account(tx: Transaction, recruitment_id: int) -> MarketAccount:
    """The account, held until the transaction ends."""
    query = select(MarketAccount).where(MarketAccount.recruitment_id == recruitment_id)
    return tx.scalars(
        query.with_for_update(), execution_options={"populate_existing": True}
    ).one()


def accounts_of(tx: Transaction, study_id: int) -> dict[str, MarketAccount]:
    """Environment to account of a study."""
    query = (
        select(Recruitment.environment, MarketAccount)
        .join(MarketAccount, MarketAccount.recruitment_id == Recruitment.id)
        .where(Recruitment.study_id == study_id)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def commit_money(tx: Transaction, recruitment_id: int, amount_minor: int) -> bool:
    """Set money aside; False, and nothing changed, where the cap forbids it.

    A negative amount sets it free.
    """
    committed = MarketAccount.committed_minor + amount_minor
    found = tx.scalars(
        update(MarketAccount)
        .where(
            MarketAccount.recruitment_id == recruitment_id,
            committed <= MarketAccount.cap_minor,
        )
        .values(committed_minor=committed)
        .returning(MarketAccount.recruitment_id),
        execution_options={"synchronize_session": False},
    ).one_or_none()
    return found is not None


def find_entry(tx: Transaction, account_id: int, *, key: str) -> LedgerEntry | None:
    """The entry of that purpose."""
    query = select(LedgerEntry).where(
        LedgerEntry.account_id == account_id, LedgerEntry.key == key
    )
    return tx.scalar(query, execution_options={"populate_existing": True})


def add_entry(tx: Transaction, entry: LedgerEntry) -> LedgerEntry:
    """Write an intent down."""
    tx.add(entry)
    tx.flush()
    return entry


def lock_entry(tx: Transaction, entry_id: int) -> LedgerEntry:
    """An entry, held until the transaction ends."""
    query = select(LedgerEntry).where(LedgerEntry.id == entry_id)
    return tx.scalars(
        query.with_for_update(), execution_options={"populate_existing": True}
    ).one()


def open_entries(
    tx: Transaction, account_id: int, *, kinds: Sequence[str]
) -> Sequence[LedgerEntry]:
    """Intents without an outcome, oldest first."""
    query = select(LedgerEntry).where(
        LedgerEntry.account_id == account_id,
        LedgerEntry.state == "intended",
        LedgerEntry.kind.in_(kinds),
    )
    return tx.scalars(query.order_by(LedgerEntry.id)).all()


def entries_of(tx: Transaction, account_id: int) -> Sequence[LedgerEntry]:
    """Every entry, oldest first."""
    query = select(LedgerEntry).where(LedgerEntry.account_id == account_id)
    return tx.scalars(query.order_by(LedgerEntry.id)).all()


def spent(tx: Transaction, account_id: int) -> Spent:
    """What was paid, and how much of the ledger is unsettled."""
    query = select(
        func.coalesce(
            func.sum(LedgerEntry.pay_minor).filter(LedgerEntry.state == "done"), 0
        ),
        func.count().filter(LedgerEntry.state == "intended"),
    ).where(LedgerEntry.account_id == account_id)
    row = tx.execute(query).one()
    return Spent(pay_minor=int(row[0]), n_open=int(row[1]))


def keep(tx: Transaction, recruitment_id: int, values: Mapping[str, Any]) -> None:
    """Write the market's names (offer, qualifications) into an account."""
    tx.execute(
        update(MarketAccount)
        .where(MarketAccount.recruitment_id == recruitment_id)
        .values(**values)
    )


def conclude(
    tx: Transaction, entry: LedgerEntry, *, state: str, at: datetime, problem: str
) -> None:
    """Write an outcome down."""
    entry.state, entry.concluded_at, entry.problem = state, at, problem
    tx.flush()
