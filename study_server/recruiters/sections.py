"""What a study file says under `[recruiter.<name>]`, one model per recruiter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hit_templates.base import COMPETENCES, Competence

_PARAMETER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "::1")


class RecruiterSection(BaseModel):
    """The settings of one recruiter for one study."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


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


# What a study set up by hand on a market's site sends along and expects back.
LINK_PROFILES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "prolific": {
            "id_parameter": "PROLIFIC_PID",
            "session_parameter": "SESSION_ID",
            "study_parameter": "STUDY_ID",
            "redirect": "https://app.prolific.com/submissions/complete?cc={code}",
        }
    }
)


class LinkSection(RecruiterSection):
    """People sent by another site with an id in the address."""

    profile: Literal["prolific"] | None = Field(
        default=None, description='a ready profile: "prolific"'
    )
    id_parameter: str = Field(
        description="the address parameter that carries the person's id"
    )
    session_parameter: str | None = Field(
        default=None, description="the parameter that carries the other site's session"
    )
    study_parameter: str | None = Field(
        default=None, description="the parameter that carries the other site's study"
    )
    completion_code: str | None = Field(
        default=None,
        min_length=4,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="the code that proves completion on the other site",
    )
    redirect: str | None = Field(
        default=None,
        description="where people go at the end; {code} stands for completion_code",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_from_profile(cls, raw: Any) -> Any:  # noqa: ANN401 - pydantic hands over anything
        if isinstance(raw, dict) and isinstance(raw.get("profile"), str):
            return {**LINK_PROFILES.get(raw["profile"], {}), **raw}
        return raw

    @field_validator("id_parameter", "session_parameter", "study_parameter")
    @classmethod
    def _is_a_parameter_name(cls, value: str | None) -> str | None:
        if value is not None and not _PARAMETER.fullmatch(value):
            raise ValueError(
                "expected the name of an address parameter "
                "(letters, digits, '_', '.', '-')"
            )
        return value

    @field_validator("redirect")
    @classmethod
    def _is_a_safe_address(cls, value: str | None) -> str | None:
        if value is None:
            return value
        parts = urlsplit(value)
        is_local = parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS
        if not parts.hostname or not (parts.scheme == "https" or is_local):
            raise ValueError("expected an https:// address")
        return value

    @model_validator(mode="after")
    def _ends_somewhere(self) -> Self:
        if self.completion_code is None and self.redirect is None:
            raise ValueError(
                "needs completion_code or redirect: how the other site learns "
                "that a person has finished"
            )
        if "{code}" in (self.redirect or "") and self.completion_code is None:
            raise ValueError(
                "completion_code is missing: redirect "
                f"{self.redirect!r} has a place for it"
            )
        names = [self.id_parameter, self.session_parameter, self.study_parameter]
        given = [name for name in names if name is not None]
        if len(set(given)) < len(given):
            raise ValueError(f"the parameters must differ, got {', '.join(given)}")
        return self


class SimulatedSection(RecruiterSection):
    """Simulated participants of stated competence."""

    mix: dict[Competence, float] = Field(
        default={"careful": 0.8, "hasty": 0.1, "yes-sayer": 0.05, "random": 0.05},
        description=f"shares that sum to 1 of: {', '.join(COMPETENCES)}",
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


RECRUITER_SECTIONS: Final[Mapping[str, type[RecruiterSection]]] = MappingProxyType(
    {"lab": LabSection, "link": LinkSection, "simulated": SimulatedSection}
)
