"""`[screen]`: how large things are on a person's screen, measured before the trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from study_server.services.study_files.section_base import StudyFileSection


class ScreenSection(StudyFileSection):
    """A bank card held to the screen, and the blind spot, before the instructions."""

    required: bool = Field(
        default=False,
        description="whether only people take part whose screen was measured; else "
        "whoever leaves it out goes on, and images have their usual size",
    )
    distance: bool = Field(
        default=True,
        description="whether the distance from the screen is measured as well, by the "
        "blind spot; without it nothing is known in degrees",
    )
    size_degrees: float | None = Field(
        default=None,
        gt=0,
        le=60,
        description="longer side of every image judged, in degrees of visual angle; "
        "the usual size where left out",
    )
    blind_spot_degrees: float = Field(
        default=13.5,
        ge=8,
        le=20,
        description="angle between what is looked at and the blind spot",
    )
    n_repeats: int = Field(
        default=5, ge=1, le=20, description="how often the blind spot is looked for"
    )

    @model_validator(mode="after")
    def _degrees_need_a_distance(self) -> Self:
        if self.size_degrees is not None and not self.distance:
            raise ValueError(
                "size_degrees needs the distance from the screen: leave distance = "
                "false out, or size_degrees"
            )
        return self


def screen_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    """Recruiters of a study file whose people's screens cannot be measured."""
    recruiters = raw.get("recruiter")
    if "screen" not in raw or not isinstance(recruiters, Mapping):
        return
    for name, section in recruiters.items():
        if isinstance(section, Mapping) and section.get("delivery") == "html":
            yield (
                f"[recruiter.{name}] delivery: a self-contained page ('html') measures "
                "no screen; use delivery = 'external', or leave [screen] out"
            )
