"""What a bundle's tables must look like: columns, types, allowed values, keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

# 2: `bundle.json` declares the questions. What 1 leaves open is made up for by
# `analysis.bundles.declarations`.
SCHEMA_VERSION: Final = 2
READABLE_VERSIONS: Final = (1, 2)

Type = Literal["text", "integer", "number", "boolean", "time", "json"]


@dataclass(frozen=True, kw_only=True)
class ColumnSchema:
    """One column of a table.

    Attributes:
        type: How its text is read.
        may_be_empty: Whether a cell may be empty (which is not zero).
        choices: Allowed values; empty where anything goes.
        may_be_missing: Whether a table may lack the column; it is read as empty.
    """

    type: Type = "text"
    may_be_empty: bool = False
    choices: tuple[str, ...] = ()
    may_be_missing: bool = False


@dataclass(frozen=True, kw_only=True)
class TableSchema:
    """One table: its columns, and what makes a row unique.

    Attributes:
        columns: Name to column; further columns are left alone.
        key: Columns that together name a row once; empty where rows may repeat.
        refers: Column to the table it points into (its column of the same name).
        may_be_missing: Whether a bundle may lack the table; it is read as empty.
    """

    columns: Mapping[str, ColumnSchema]
    key: tuple[str, ...] = ()
    refers: Mapping[str, str] = field(default_factory=dict)
    may_be_missing: bool = False


_TEXT: Final = ColumnSchema()
_MAYBE_TEXT: Final = ColumnSchema(may_be_empty=True)
_COUNT: Final = ColumnSchema(type="integer")
_FLAG: Final = ColumnSchema(type="boolean")
_MAYBE_FLAG: Final = ColumnSchema(type="boolean", may_be_empty=True)
_MAYBE_TIME: Final = ColumnSchema(type="time", may_be_empty=True)
_MAYBE_NUMBER: Final = ColumnSchema(type="number", may_be_empty=True)
# Bundles of earlier versions, and tables of other tools, lack these.
_LATER_NUMBER: Final = ColumnSchema(
    type="number", may_be_empty=True, may_be_missing=True
)
_LATER_COUNT: Final = ColumnSchema(
    type="integer", may_be_empty=True, may_be_missing=True
)
_LATER_TEXT: Final = ColumnSchema(may_be_empty=True, may_be_missing=True)

TABLES: Final[Mapping[str, TableSchema]] = MappingProxyType(
    {
        "classes": TableSchema(
            columns={"class": _TEXT, "name": _TEXT, "gloss": _MAYBE_TEXT},
            key=("class",),
        ),
        "stimuli": TableSchema(
            columns={
                "stimulus": _TEXT,
                "source": _TEXT,
                "source_sha256": _TEXT,
                "label": _MAYBE_TEXT,
                "width": _COUNT,
                "height": _COUNT,
                "method": _TEXT,
                "licence": _LATER_TEXT,
                "credit": _LATER_TEXT,
                "predictions": ColumnSchema(type="json", may_be_empty=True),
            },
            key=("stimulus",),
        ),
        "image_columns": TableSchema(
            columns={"source_sha256": _TEXT, "column": _TEXT, "value": _TEXT},
            key=("source_sha256", "column"),
            may_be_missing=True,
        ),
        "trials": TableSchema(
            columns={
                "trial": _TEXT,
                "question": _TEXT,
                "role": ColumnSchema(choices=("main", "practice", "catch", "control")),
                "control": _MAYBE_TEXT,
                "condition": _MAYBE_TEXT,
                "classes": _MAYBE_TEXT,
                "sources": _TEXT,
                "slots": ColumnSchema(type="json"),
                "key": ColumnSchema(type="json", may_be_empty=True),
            },
            key=("trial",),
        ),
        "uses": TableSchema(
            columns={
                "trial": _TEXT,
                "classifier": _TEXT,
                "shows": _TEXT,
                "source_sha256": _TEXT,
                "label": _MAYBE_TEXT,
                "predicted": _MAYBE_TEXT,
            },
            # No key: two files with the same bytes are two images of the data set.
            refers={"trial": "trials"},
        ),
        "sessions": TableSchema(
            columns={
                "session": _TEXT,
                "participant": _TEXT,
                "recruiter": _TEXT,
                "environment": ColumnSchema(
                    choices=(
                        "live",
                        "pilot",
                        "sandbox",
                        "simulated",
                        "preview",
                        "imported",
                    )
                ),
                "is_simulated": _FLAG,
                "competence": _MAYBE_TEXT,
                "condition": _MAYBE_TEXT,
                "block": ColumnSchema(type="integer", may_be_empty=True),
                "block_number": ColumnSchema(type="integer", may_be_empty=True),
                "state": ColumnSchema(
                    choices=(
                        "started",
                        "completed",
                        "withdrawn",
                        "expired",
                        "returned",
                    )
                ),
                "is_valid": _MAYBE_FLAG,
                "exclusion_reason": _MAYBE_TEXT,
                "consented_at": _MAYBE_TIME,
                "started_at": _MAYBE_TIME,
                "completed_at": _MAYBE_TIME,
                "duration_s": _MAYBE_NUMBER,
                "n_catch": _COUNT,
                "n_catch_right": _COUNT,
                "n_responses": _COUNT,
                "n_display_failures": _COUNT,
                "comprehension_tries": ColumnSchema(type="integer", may_be_empty=True),
                "n_trials": _LATER_COUNT,
                "part_order": _LATER_TEXT,
                "screen": _LATER_TEXT,
                "px_per_mm": _LATER_NUMBER,
                "distance_mm": _LATER_NUMBER,
                "px_per_degree": _LATER_NUMBER,
                "device_pixel_ratio": _LATER_NUMBER,
            },
            key=("session",),
        ),
        "responses": TableSchema(
            columns={
                "response": _TEXT,
                "session": _TEXT,
                "participant": _TEXT,
                "trial": _TEXT,
                "field": _MAYBE_TEXT,
                "value": _MAYBE_TEXT,
                "rt_ms": _MAYBE_NUMBER,
                "position": _COUNT,
                "received_at": _MAYBE_TIME,
                "acceptance_order": _COUNT,
                "is_valid": _MAYBE_FLAG,
                "is_counted": _FLAG,
                "is_right": _MAYBE_FLAG,
                "accepts": _MAYBE_FLAG,
                "n_display_failures": _COUNT,
                "exclusion_reason": _LATER_TEXT,
                "wall_ms": _LATER_NUMBER,
                "visible_ms": _LATER_NUMBER,
                "all_shown_ms": _LATER_NUMBER,
                "exposure_frames": _LATER_COUNT,
                "missed_frames": _LATER_COUNT,
                "dropped_frames": _LATER_COUNT,
                "laid_out": _LATER_TEXT,
                "part": _LATER_TEXT,
                "part_number": _LATER_COUNT,
                "part_position": _LATER_COUNT,
            },
            key=("response", "field"),
            refers={"trial": "trials", "session": "sessions"},
        ),
        "survey": TableSchema(
            columns={
                "session": _TEXT,
                "participant": _TEXT,
                "field": _TEXT,
                "value": _MAYBE_TEXT,
            },
            refers={"session": "sessions"},
        ),
        "observations": TableSchema(
            columns={
                "observer": _TEXT,
                "trial": _TEXT,
                "repeat": _COUNT,
                "field": _TEXT,
                "value": _MAYBE_TEXT,
                "probability": _MAYBE_NUMBER,
                "refusal": _LATER_TEXT,
            },
            key=("observer", "trial", "repeat", "field"),
            refers={"trial": "trials"},
            may_be_missing=True,
        ),
        "audit": TableSchema(
            columns={"trial": _TEXT, "accepts": _FLAG, "at": ColumnSchema(type="time")},
            key=("trial",),
            refers={"trial": "trials"},
        ),
    }
)
