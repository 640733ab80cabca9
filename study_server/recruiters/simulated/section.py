"""What a study file says of simulated participants."""

from __future__ import annotations

from typing import Final

from pydantic import Field, field_validator

from hit_templates.base import COMPETENCES, Competence
from study_server.recruiters.sections import RecruiterSection

_LONGEST_S: Final = 3600


class SimulatedSection(RecruiterSection):
    """Simulated participants of stated competence."""

    mix: dict[Competence, float] = Field(
        default={"careful": 0.8, "hasty": 0.1, "yes-sayer": 0.05, "random": 0.05},
        description=f"shares that sum to 1 of: {', '.join(COMPETENCES)}",
    )
    median_s: dict[Competence, float] = Field(
        default={},
        description="median seconds per response, by competence; the paradigm's own "
        "where left out",
    )

    @field_validator("mix")
    @classmethod
    def _shares_sum_to_one(
        cls, value: dict[Competence, float]
    ) -> dict[Competence, float]:
        if any(share < 0 for share in value.values()):
            raise ValueError("shares must not be negative")
        if abs(sum(value.values()) - 1) > 1e-6:
            raise ValueError(f"shares must sum to 1, they sum to {sum(value.values())}")
        return value

    @field_validator("median_s")
    @classmethod
    def _takes_some_time(
        cls, value: dict[Competence, float]
    ) -> dict[Competence, float]:
        if any(not 0 < seconds <= _LONGEST_S for seconds in value.values()):
            raise ValueError(f"expected seconds above 0 and at most {_LONGEST_S}")
        return value
