"""Lists page by page: each page starts behind the last row of the one before.

No page counts or skips rows, so the last one costs what the first one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, func, or_, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from study_server.database.engine import Transaction

RowT = TypeVar("RowT")
Position = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class ListPage(Generic[RowT]):
    """Some rows of a list.

    Attributes:
        rows: At most as many as were asked for.
        after: Where the next page starts; None where there are no rows.
        is_last: Whether the next page would be empty.
    """

    rows: list[RowT]
    after: Position | None
    is_last: bool


def read_page(
    tx: Transaction,
    query: Select[RowT],
    *,
    by: Sequence[InstrumentedAttribute[Any]],
    after: Position | None,
    limit: int,
    is_descending: bool = False,
) -> ListPage[RowT]:
    """The page behind a position.

    Args:
        tx: A transaction.
        query: Every row of the list, unsorted.
        by: Columns that sort the list and tell its rows apart; never None.
        after: The `after` of the page before; None for the first page.
        limit: Rows at most.
        is_descending: Whether the largest come first.
    """
    if after is not None:
        here = tuple_(*by)
        query = query.where(here < after if is_descending else here > after)
    order = [column.desc() if is_descending else column.asc() for column in by]
    rows = list(tx.scalars(query.order_by(*order).limit(limit + 1)).unique())
    is_last, rows = len(rows) <= limit, rows[:limit]
    behind = tuple(getattr(rows[-1], c.key) for c in by) if rows else None
    return ListPage(rows=rows, after=behind, is_last=is_last)


def holds(
    tx: Transaction, columns: Sequence[InstrumentedAttribute[Any]], text: str
) -> ColumnElement[bool]:
    """Whether one of the columns holds a text, of any length, in either case."""
    # LIKE gives up on long patterns in SQLite.
    is_postgres = tx.get_bind().dialect.name == "postgresql"
    find = func.strpos if is_postgres else func.instr
    return or_(*(find(func.lower(c), func.lower(text)) > 0 for c in columns))
