"""What a recruiter is: a source of participants, by its capabilities.

A recruiter knows how people arrive and how they go back; it knows neither the
database nor the web. Services ask the object, never its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol, TypeVar, runtime_checkable

from hit_templates.base import Competence
from study_server.recruiters.ids import MAX_ID_LENGTH, IdRule
from study_server.recruiters.market import (
    Market,
    MarketQuestion,
    PostingNotice,
    Spot,
    Submission,
    WorkOffer,
)
from study_server.recruiters.sections import RecruiterSection

Environment = Literal["live", "pilot", "sandbox", "simulated", "preview"]

SectionT_contra = TypeVar("SectionT_contra", bound=RecruiterSection, contravariant=True)


@dataclass(frozen=True, kw_only=True)
class SectionStarter:
    """A recruiter's section as a new study file begins with it.

    Attributes:
        name: What `study init --recruiter` calls it; a recruiter may have several.
        text: The section, TOML; "$name" stands for the study's name, "$code" for a
            completion code, both in quotes where TOML wants them.
        needs_code: Whether the other side has to be asked for a completion code.
        is_for_trying: Whether it stands in every new file, to try a study out.
    """

    name: str
    text: str
    needs_code: bool = False
    is_for_trying: bool = False


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


def is_same_visit(
    visit_ids: Mapping[str, str], earlier: Sequence[Mapping[str, str]]
) -> bool:
    """Whether a visit bears the recruiter's own name of an earlier one."""
    name = visit_ids.get("session")
    return name is not None and any(ids.get("session") == name for ids in earlier)


@dataclass(frozen=True, kw_only=True)
class Wait:
    """A person looks at the work first: there is no code to hand in yet."""

    kind: ClassVar[str] = "wait"


Handoff = PostForm | Redirect | ShowCode | ThankYou
Leaving = GiveBack | ThankYou | PostForm | Redirect | ShowCode
Waiting = PostForm | Redirect | ShowCode | ThankYou | Wait


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
    def starters(self) -> tuple[SectionStarter, ...]:
        """Sections to begin with; at least one."""

    @property
    def environments(self) -> tuple[Environment, ...]:
        """The environments it recruits for."""

    def n_personal_links(self, section: SectionT_contra) -> int:
        """How many links for one person each are to be made; 0 for one open link."""

    def is_open(self, section: SectionT_contra) -> bool:
        """Whether anybody may come, known only by the browser's own memory."""

    def id_rule(self, issuer: str) -> IdRule | None:
        """How ids that an issuer gives out are read; None for another's issuer."""

    def is_secret(self, section: SectionT_contra) -> bool:
        """Whether what identifies somebody is known to them alone.

        Where it is not, an id in an address is only a claim: what was begun under
        it goes on in the browser it began in.
        """

    def takes_over(
        self,
        section: SectionT_contra,
        visit_ids: Mapping[str, str],
        *,
        earlier: Sequence[Mapping[str, str]],
    ) -> bool:
        """Whether another browser may go on with what began under `earlier` visits."""

    def identify(self, section: SectionT_contra, visit: Visit) -> Identity:
        """Who came.

        Raises:
            IdentityError: If what was brought along is missing or malformed.
        """

    @property
    def learns(self) -> str:
        """How the other side learns that somebody has finished, in words."""

    def finish(
        self,
        section: SectionT_contra,
        visit_ids: Mapping[str, str],
        *,
        code: str | None = None,
    ) -> Handoff:
        """How somebody who has finished goes back.

        Args:
            section: The recruiter's section.
            visit_ids: The recruiter's names of the visit.
            code: The completion code of this very session, known to nobody else.
        """

    def hold(self, section: SectionT_contra, visit_ids: Mapping[str, str]) -> Waiting:
        """How somebody goes back whose work a person looks at before it is paid."""

    def leave(
        self,
        section: SectionT_contra,
        visit_ids: Mapping[str, str],
        *,
        has_begun: bool = False,
    ) -> Leaving:
        """How somebody who has finished nothing goes back; never as if they had.

        Args:
            section: Of the study file.
            visit_ids: Of their visit.
            has_begun: Whether they withdrew after their first main trial.
        """


@runtime_checkable
class Frames(Protocol[SectionT_contra]):
    """Its site shows our pages inside its own."""

    def framed_by(self, section: SectionT_contra) -> tuple[str, ...]:
        """The origins that may frame our pages."""

    def is_preview(self, section: SectionT_contra, visit: Visit) -> bool:
        """Whether somebody only looks, before they accept."""


@runtime_checkable
class Posts(Protocol[SectionT_contra]):
    """Work is posted there: one place per block and wanted session."""

    def connect(self, section: SectionT_contra, spot: Spot) -> Market:
        """The market itself.

        Raises:
            MarketError: If it has no address, or there are no keys.
        """

    def endpoint(self, section: SectionT_contra, spot: Spot) -> str:
        """The address that `connect` would use.

        Raises:
            MarketError: If there is none.
        """

    def offer(
        self, section: SectionT_contra, *, spot: Spot, absent: tuple[str, ...]
    ) -> WorkOffer:
        """What workers are offered; `absent` qualifications bar whoever has them."""

    def frame_question(self, url: str) -> MarketQuestion:
        """A question that shows our page in the market's frame."""

    def page_question(self, html: str) -> MarketQuestion:
        """A question that is a whole page itself.

        Raises:
            QuestionTooLargeError: With its size, and what to do instead.
        """

    def read_answer(self, raw: str) -> Mapping[str, str]:
        """Field to text of what was handed in.

        Raises:
            MalformedAnswerError: If it cannot be read, or tries to do harm.
        """

    def issuer(self, section: SectionT_contra) -> str:
        """Who gives out the ids of its workers."""


@runtime_checkable
class Pays(Protocol[SectionT_contra]):
    """People are paid through it, for a fee."""

    @property
    def currency(self) -> str:
        """ISO 4217."""

    def fee_minor(self, section: SectionT_contra, *, n_assignments: int) -> int:
        """Its fee on one reward, in a posting of so many assignments."""

    def bonus_fee_minor(self, section: SectionT_contra, bonus_minor: int) -> int:
        """Its fee on a bonus."""


@runtime_checkable
class Notifies(Protocol[SectionT_contra]):
    """It says by itself that something happened."""

    @property
    def name(self) -> str:
        """The section's name in a study file."""

    def read_notification(self, body: bytes) -> PostingNotice:
        """What a notification is about; only ever a hint to look there.

        Raises:
            MalformedAnswerError: If it is none.
        """

    def poll(self, section: SectionT_contra, spot: Spot) -> tuple[PostingNotice, ...]:
        """Notifications waiting in its queue, taken out; none without a queue."""


__all__ = [
    "MAX_ID_LENGTH",
    "Admits",
    "Environment",
    "Frames",
    "GiveBack",
    "Handoff",
    "IdRule",
    "Identity",
    "Leaving",
    "Market",
    "MarketQuestion",
    "Notifies",
    "Pays",
    "PostForm",
    "PostingNotice",
    "Posts",
    "Redirect",
    "SectionStarter",
    "ShowCode",
    "Spot",
    "Submission",
    "ThankYou",
    "Visit",
    "Wait",
    "Waiting",
    "WorkOffer",
    "is_same_visit",
]
