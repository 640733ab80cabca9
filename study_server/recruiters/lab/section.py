"""What a study file says under the lab's own heading."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from study_server.recruiters.sections import RecruiterSection


class LabSection(RecruiterSection):
    """People in the lab: one open link, or a link per person."""

    link: Literal["open", "personal"] = Field(
        default="open", description='"open" (one link) or "personal" (one per person)'
    )
    n_links: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description='how many personal links; only with link = "personal"',
    )

    @model_validator(mode="after")
    def _links_are_counted_when_personal(self) -> Self:
        if self.link == "personal" and self.n_links is None:
            raise ValueError('link = "personal" needs n_links, how many to make')
        if self.link == "open" and self.n_links is not None:
            raise ValueError('n_links goes only with link = "personal"')
        return self
