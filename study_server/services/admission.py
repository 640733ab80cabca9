"""Who comes in, and which block they get: one short transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from study_server.recruiters.base import Environment
from study_server.services import Services


@dataclass(frozen=True, kw_only=True)
class Landing:
    """What the page behind a recruitment's link needs.

    Attributes:
        study_title: The title people read.
        environment: Where this leads.
        problem: Why nobody can come in now, in words; None if they can.
        resumes: Whether the visitor is known already: "no", "running" (they go
            on where they stopped) or "ended" (they see how it ended).
        visit_key: To be sent back as the form's hidden field `visit`, so that a
            double click does not make two people of one.
    """

    study_title: str
    environment: Environment
    problem: str | None
    resumes: Literal["no", "running", "ended"]
    visit_key: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Somebody is in.

    Attributes:
        token: The enrolment's address: /p/<token>/.
        is_new: Whether they came for the first time.
        environment: Where they are.
    """

    token: str
    is_new: bool
    environment: Environment


def look_at(
    services: Services,
    recruitment_token: str,
    *,
    incoming: Mapping[str, str],
    personal: str | None = None,
    resume: str | None = None,
) -> Landing:
    """What a visitor is shown before coming in; writes nothing.

    Raises:
        UnknownRecruitmentError: If the link leads nowhere.
        IdentityError: If what the recruiter sends along is missing or malformed.
    """
    raise NotImplementedError


def enter(
    services: Services,
    recruitment_token: str,
    *,
    incoming: Mapping[str, str],
    personal: str | None = None,
    resume: str | None = None,
) -> Entry:
    """Let somebody in, or back in.

    Args:
        services: The services.
        recruitment_token: From the link.
        incoming: Fields of the address and of the landing page's form (`visit`).
        personal: The personal part of the link.
        resume: The enrolment token of the signed cookie; counts for open links.

    Raises:
        UnknownRecruitmentError: If the link leads nowhere.
        IdentityError: If what the recruiter sends along is missing or malformed.
        NotOpenError: If nobody is let in now.
        ExcludedError: If an exclusion applies to this person.
        StudyFullError: If every block is done or reserved.
    """
    raise NotImplementedError
