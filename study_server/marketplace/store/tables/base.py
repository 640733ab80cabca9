"""What the marketplace's tables share; they are not the study server's."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Integer, MetaData, types
from sqlalchemy.orm import DeclarativeBase

from study_server.database.table_conventions import NAMING, UtcDateTime, one_of

__all__ = ["Cents", "MarketplaceBase", "one_of"]

# Money is whole cents; SQLite's INTEGER holds 64 bits by itself.
Cents: Final = BigInteger().with_variant(Integer(), "sqlite")


class MarketplaceBase(DeclarativeBase):
    """Base of every table of the marketplace."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: Final = {
        datetime: UtcDateTime,
        dict[str, Any]: types.JSON,
        list[dict[str, Any]]: types.JSON,
    }
