"""Who is signed in, kept in the database: ending it there ends it everywhere."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

# To note every click would write to the database on every click.
_NOTED_EVERY: Final = timedelta(minutes=1)


class SignInColumns:
    """A browser in which somebody is signed in; of its token only the digest."""

    id: Mapped[int] = mapped_column(primary_key=True)
    token_digest: Mapped[str] = mapped_column(unique=True)
    browser: Mapped[str]
    began_at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime]


@dataclass(frozen=True, kw_only=True)
class Lifetimes:
    """How long somebody stays signed in.

    Attributes:
        whole: From signing in, whatever happens.
        idle: From the last page that was asked for.
    """

    whole: timedelta
    idle: timedelta


@dataclass(frozen=True, kw_only=True)
class KeptSignIn:
    """One browser in which somebody is signed in.

    Attributes:
        id: The database's key.
        owner_id: Whose it is.
        browser: What it says it is, roughly.
        began_at: When they signed in.
        seen_at: When it last asked for a page, to the minute.
    """

    id: int
    owner_id: int
    browser: str
    began_at: datetime
    seen_at: datetime


class SignIns:
    """Those of one kind of people.

    Args:
        table: Where they are kept.
        owner: The column that says whose a row is.
    """

    def __init__(
        self, table: type[SignInColumns], owner: InstrumentedAttribute[Any]
    ) -> None:
        self._table = table
        self._owner = owner

    def begin(self, tx: Session, owner_id: int, *, browser: str, at: datetime) -> str:
        """Sign somebody in; gives the token that their cookie carries."""
        token = secrets.token_urlsafe(32)
        row = {
            self._owner.key: owner_id,
            "token_digest": _digest(token),
            "browser": browser,
            "began_at": at,
            "seen_at": at,
        }
        tx.execute(insert(self._table).values(**row))
        return token

    def find(
        self, tx: Session, token: str, *, at: datetime, lifetimes: Lifetimes
    ) -> KeptSignIn | None:
        """What a token stands for, unless it was ended or its time is over."""
        table = self._table
        wanted = self._rows().where(
            table.token_digest == _digest(token),
            table.began_at > at - lifetimes.whole,
            table.seen_at > at - lifetimes.idle,
        )
        return _kept(tx.execute(wanted).one_or_none())

    def is_worth_noting(self, found: KeptSignIn, *, at: datetime) -> bool:
        """Whether it was last seen so long ago that it should be noted again."""
        return at - found.seen_at >= _NOTED_EVERY

    def note(self, tx: Session, sign_in_id: int, *, at: datetime) -> None:
        """Note that it was seen."""
        rows = update(self._table).where(self._table.id == sign_in_id)
        tx.execute(rows.values(seen_at=at))

    def of(
        self, tx: Session, owner_id: int, *, at: datetime, lifetimes: Lifetimes
    ) -> list[KeptSignIn]:
        """Those of one person that are not over, the last seen first."""
        table = self._table
        wanted = self._rows().where(
            self._owner == owner_id,
            table.began_at > at - lifetimes.whole,
            table.seen_at > at - lifetimes.idle,
        )
        rows = tx.execute(wanted.order_by(table.seen_at.desc(), table.id.desc()))
        return [found for row in rows if (found := _kept(row)) is not None]

    def end_token(self, tx: Session, token: str) -> None:
        """End the one that a token stands for."""
        tx.execute(
            delete(self._table).where(self._table.token_digest == _digest(token))
        )

    def end(self, tx: Session, owner_id: int, *, sign_in_id: int) -> bool:
        """End one of a person's; whether there was such a one."""
        rows = delete(self._table).where(
            self._owner == owner_id, self._table.id == sign_in_id
        )
        return tx.execute(rows.returning(self._table.id)).first() is not None

    def end_all(self, tx: Session, owner_id: int, *, but: int | None = None) -> int:
        """End all of a person's, but one if it is named; how many."""
        rows = delete(self._table).where(self._owner == owner_id)
        if but is not None:
            rows = rows.where(self._table.id != but)
        return len(tx.execute(rows.returning(self._table.id)).all())

    def n_over(self, tx: Session, *, at: datetime, lifetimes: Lifetimes) -> int:
        """How many are kept although their time is over."""
        is_over = self._is_over(at=at, lifetimes=lifetimes)
        return tx.scalar(select(func.count(self._table.id)).where(is_over)) or 0

    def purge(self, tx: Session, *, at: datetime, lifetimes: Lifetimes) -> int:
        """Forget those whose time is over; how many."""
        is_over = self._is_over(at=at, lifetimes=lifetimes)
        gone = delete(self._table).where(is_over).returning(self._table.id)
        return len(tx.execute(gone).all())

    def _is_over(self, *, at: datetime, lifetimes: Lifetimes) -> ColumnElement[bool]:
        table = self._table
        return and_(
            self._owner.is_not(None),
            or_(
                table.began_at <= at - lifetimes.whole,
                table.seen_at <= at - lifetimes.idle,
            ),
        )

    def _rows(self) -> Any:  # noqa: ANN401 - a statement whose columns differ
        table = self._table
        return select(
            table.id, self._owner, table.browser, table.began_at, table.seen_at
        ).where(self._owner.is_not(None))


def _kept(row: Any) -> KeptSignIn | None:  # noqa: ANN401 - a row of `_rows`
    if row is None:
        return None
    key, owner_id, browser, began_at, seen_at = row
    return KeptSignIn(
        id=key,
        owner_id=owner_id,
        browser=browser,
        began_at=began_at,
        seen_at=seen_at,
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
