"""The base of the study server's tables; the marketplace's have another."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import MetaData, types
from sqlalchemy.orm import DeclarativeBase

from study_server.database.table_conventions import NAMING, UtcDateTime


class Base(DeclarativeBase):
    """Base of every table of the study server."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: Final = {datetime: UtcDateTime, dict[str, Any]: types.JSON}
