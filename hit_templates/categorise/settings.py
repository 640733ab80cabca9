"""What a study file says under `[categorise]`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

MIN_CATEGORIES: Final = 2
MAX_CATEGORIES: Final = 40
# Beyond it somebody meant seconds, or microseconds.
MAX_MS: Final = 60_000

Milliseconds = Annotated[float, Field(ge=0, le=MAX_MS)]


class Category(BaseModel):
    """One category that people can choose."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$",
        description="the class's id in the stimulus set",
    )
    word: str = Field(min_length=1, max_length=60, description="what people read")
    symbol: str = Field(
        default="", max_length=8, description="a character or two above the word"
    )


class Timing(BaseModel):
    """`[categorise.timing]`: for how long what is shown, in milliseconds.

    The picture is shown for whole frames of the screen. The categories appear when
    it (and its mask) has gone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    fixation_ms: Milliseconds = Field(
        default=300.0, description="a mark to look at, before the picture"
    )
    exposure_ms: Annotated[float, Field(gt=0, le=MAX_MS)] = Field(
        description="the picture; a trial's own `exposure` comes first"
    )
    mask: Literal["none", "noise", "picture"] = Field(
        default="none",
        description="what follows the picture at its place: nothing, 1/f noise drawn "
        "anew for each trial, or the trial's slot `mask`",
    )
    mask_ms: Milliseconds = Field(default=200.0, description="the mask")
    response_ms: Annotated[float, Field(gt=0, le=MAX_MS)] | None = Field(
        default=None,
        description="time to choose, from when the categories appear; whoever lets it "
        "pass has not responded. Without a limit where left out",
    )
    after_ms: Milliseconds = Field(
        default=300.0, description="an empty page before the next trial"
    )

    @property
    def flashes(self) -> bool:
        """Whether a mask of high contrast appears for a moment."""
        return self.mask != "none" and self.mask_ms > 0


class CategoriseSettings(BaseModel):
    """`[categorise]`: what people choose from, and for how long they see the picture."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    order: Literal["fixed", "shuffled"] = Field(
        default="fixed",
        description='"fixed" (the order of the categories here, else of their ids) or '
        '"shuffled" (drawn once for each person)',
    )
    columns: int | None = Field(
        default=None,
        ge=2,
        le=10,
        description="of the grid on wide pages; as many as make it square where left "
        "out",
    )
    pictures: bool = Field(
        default=False,
        description="whether the first example picture that the set has of a class "
        "stands above its word",
    )
    sound: bool = Field(
        default=False,
        description="whether feedback in practice sounds too: high for right, low for "
        "wrong",
    )
    categories: Annotated[tuple[Category, ...], Field(strict=False)] | None = Field(
        default=None,
        description="what people choose from, each with id and word; the trial's "
        "classes by their names where left out",
    )
    timing: Timing | None = Field(
        default=None,
        description="how long what is shown; until the response where left out",
    )

    @field_validator("categories")
    @classmethod
    def _differ(cls, value: tuple[Category, ...] | None) -> tuple[Category, ...] | None:
        if value is None:
            return None
        if not MIN_CATEGORIES <= len(value) <= MAX_CATEGORIES:
            raise ValueError(
                f"expected {MIN_CATEGORIES} to {MAX_CATEGORIES} categories, got "
                f"{len(value)}"
            )
        again = [
            *_repeated(each.id for each in value),
            *_repeated(" ".join(each.word.split()).casefold() for each in value),
        ]
        if again:
            raise ValueError(
                "every category may stand there once, but these come again: "
                + ", ".join(map(repr, dict.fromkeys(again)))
            )
        return value

    @model_validator(mode="after")
    def _none_is_taken(self) -> Self:
        if any(each.id == "none" for each in self.categories or ()):
            raise ValueError(
                "the id 'none' stands for no response in time; name the category "
                "otherwise"
            )
        return self


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
