"""What every section of a study file is, and the kinds of values several of them have."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# More than anybody means: a slip of the keyboard would be cut into blocks for hours.
Count = Annotated[int, Field(ge=1, le=10_000)]
# TOML and JSON have arrays, not tuples.
Texts = Annotated[tuple[str, ...], Field(strict=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class StudyFileSection(BaseModel):
    """A table of a study file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
