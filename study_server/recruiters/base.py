"""What a recruiter is: a source of participants, by its capabilities.

A recruiter knows how people arrive and how they go back; it knows neither the
database nor the web. Services ask the object, never its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal, Protocol, TypeVar, runtime_checkable

from hit_templates.base import Competence
from study_server.recruiters.sections import RecruiterSection

Environment = Literal["live", "pilot", "simulated", "preview"]

MAX_ID_LENGTH: Final = 200

SectionT_contra = TypeVar("SectionT_contra", bound=RecruiterSection, contravariant=True)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What the browser brings along when somebody comes.

    Attributes:
        parameters: Fields of the address and of the landing page's form.
        personal: The personal part of the link; None where there is none.
    """

    parameters: Mapping[str, str]
    personal: str | None = None


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who came, as the recruiter names them.

    Attributes:
        issuer: Who gives out the ids: one issuer's id is the same person in
            every study.
        external_id: The recruiter's name of the person, the same at every
            visit; None where the recruiter names nobody.
        visit_ids: The recruiter's names of this visit and its study, by our
            words ("session", "study"); never of the person.
        competence: What a simulated participant is; None for people.
    """

    issuer: str
    external_id: str | None
    visit_ids: Mapping[str, str] = field(default_factory=dict)
    competence: Competence | None = None


@dataclass(frozen=True, kw_only=True)
class PostForm:
    """Go back by posting these fields."""

    kind: ClassVar[str] = "form"
    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Redirect:
    """Go back to this address; `code`, where there is one, is shown as well."""

    kind: ClassVar[str] = "redirect"
    url: str
    code: str | None = None


@dataclass(frozen=True, kw_only=True)
class ShowCode:
    """The person enters this code at the recruiter's site."""

    kind: ClassVar[str] = "code"
    code: str


@dataclass(frozen=True, kw_only=True)
class ThankYou:
    """There is nowhere to go back to."""

    kind: ClassVar[str] = "thanks"


@dataclass(frozen=True, kw_only=True)
class GiveBack:
    """Nothing was finished: the person gives their place back at the site.

    Attributes:
        site: What the site is called; None where its name is not known.
    """

    kind: ClassVar[str] = "give_back"
    site: str | None = None


Handoff = PostForm | Redirect | ShowCode | ThankYou
Leaving = GiveBack | ThankYou


@runtime_checkable
class Admits(Protocol[SectionT_contra]):
    """People come through it: every recruiter does at least that."""

    @property
    def name(self) -> str:
        """The section's name in a study file."""

    @property
    def section_type(self) -> type[RecruiterSection]:
        """What a study file says about it."""

    @property
    def environments(self) -> tuple[Environment, ...]:
        """The environments it recruits for."""

    def n_personal_links(self, section: SectionT_contra) -> int:
        """How many links for one person each are to be made; 0 for one open link."""

    def is_open(self, section: SectionT_contra) -> bool:
        """Whether anybody may come, known only by the browser's own memory."""

    def identify(self, section: SectionT_contra, visit: Visit) -> Identity:
        """Who came.

        Raises:
            IdentityError: If what was brought along is missing or malformed.
        """

    def finish(self, section: SectionT_contra, visit_ids: Mapping[str, str]) -> Handoff:
        """How somebody who has finished goes back."""

    def leave(self, section: SectionT_contra, visit_ids: Mapping[str, str]) -> Leaving:
        """How somebody who has finished nothing goes back; never with a code."""
