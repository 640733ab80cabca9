"""What a study file says under `[prefer]`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Asked = Literal["preferred", "best-and-worst", "odd-one-out"]


class PreferSettings(BaseModel):
    """`[prefer]`: what people are asked about the pictures."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    asks: Asked = Field(
        default="preferred",
        description='"preferred" (which one), "best-and-worst" (of three or four) or '
        '"odd-one-out" (which of three belongs least with the others); a trial that '
        "names one of these questions keeps it",
    )
    no_difference: bool = Field(
        default=False,
        description='whether people may say, of "preferred" and "odd-one-out", that no picture stands '
        "out",
    )
