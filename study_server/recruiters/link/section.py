"""What a study file says of a site that sends people with an id in the address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from study_server.recruiters.sections import (
    LOCAL_HOSTS,
    OTHER_BROWSER,
    OtherBrowser,
    RecruiterSection,
)

_PARAMETER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")

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
    codes: Literal["shared", "personal"] = Field(
        default="shared",
        description='"shared" (everybody gets completion_code) or "personal" (every '
        "session gets a code of its own, for sites that take any; `secondlook study "
        "codes` lists them)",
    )
    review_code: str | None = Field(
        default=None,
        min_length=4,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="another code, for work that a person looks at before it is paid "
        '(Prolific: one whose action is "Manually review")',
    )
    withdrawal_code: str | None = Field(
        default=None,
        min_length=4,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="the code for people who withdraw after their first image, which "
        "the other site pays by a rule of its own; they return their place otherwise",
    )
    other_browser: OtherBrowser = Field(
        default="ask", description=OTHER_BROWSER.format(visit="session id")
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
        is_local = parts.scheme == "http" and parts.hostname in LOCAL_HOSTS
        if not parts.hostname or not (parts.scheme == "https" or is_local):
            raise ValueError("expected an https:// address")
        return value

    @property
    def pay_of_leavers(self) -> str:
        """By a code of its own, or not at all."""
        if self.withdrawal_code is not None:
            return (
                "From your first image on you get a code for it, and are paid at the "
                "site you came from for the part you did."
            )
        return "Only a finished part is paid for at the site you came from."

    @model_validator(mode="after")
    def _ends_somewhere(self) -> Self:
        is_personal = self.codes == "personal"
        if is_personal and self.completion_code is not None:
            raise ValueError('completion_code goes only with codes = "shared"')
        has_code = is_personal or self.completion_code is not None
        if not has_code and self.redirect is None:
            raise ValueError(
                "needs completion_code or redirect: how the other site learns "
                "that a person has finished"
            )
        if "{code}" in (self.redirect or "") and not has_code:
            raise ValueError(
                "completion_code is missing: redirect "
                f"{self.redirect!r} has a place for it"
            )
        if self.profile is not None and is_personal:
            raise ValueError(f"{self.profile} takes no personal codes")
        names = [self.id_parameter, self.session_parameter, self.study_parameter]
        given = [name for name in names if name is not None]
        if len(set(given)) < len(given):
            raise ValueError(f"the parameters must differ, got {', '.join(given)}")
        return self
