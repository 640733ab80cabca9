"""People in the lab: one open link, or a link for each of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from study_server.errors import IdentityError
from study_server.recruiters.base import (
    Environment,
    Handoff,
    Identity,
    IdRule,
    Leaving,
    SectionStarter,
    ThankYou,
    Visit,
    Waiting,
)
from study_server.recruiters.lab.section import LabSection

_RULE: Final = IdRule(
    pattern=re.compile(r"(personal|visit):[A-Za-z0-9_-]+"),
    expected="the last part of a link of ours (letters, digits, '-' and '_')",
)
_VISIT_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")

STARTERS: Final = (
    SectionStarter(name="lab", text='[recruiter.lab]\nlink = "open"\n'),
    SectionStarter(
        name="lab-personal", text='[recruiter.lab]\nlink = "personal"\nn_links = 20\n'
    ),
)


@dataclass(frozen=True, kw_only=True)
class Lab:
    """Nobody outside names these people; the link itself does."""

    name: str = "lab"
    section_type: type[LabSection] = LabSection
    starters: tuple[SectionStarter, ...] = STARTERS
    environments: tuple[Environment, ...] = ("live", "pilot")
    learns: str = "whoever runs the study sees it in the dashboard; there is no code"

    def n_personal_links(self, section: LabSection) -> int:
        """How many links for one person each; 0 for one open link."""
        return section.n_links or 0

    def is_open(self, section: LabSection) -> bool:
        """Whether the browser's own memory may say who somebody is."""
        return section.link == "open"

    def id_rule(self, issuer: str) -> IdRule | None:
        """The last part of a link, as it was made."""
        return _RULE if issuer == "lab" else None

    def is_secret(self, section: LabSection) -> bool:
        """The personal part of a link, or the key of one landing page."""
        return True

    def takes_over(
        self,
        section: LabSection,
        visit_ids: Mapping[str, str],
        *,
        earlier: Sequence[Mapping[str, str]],
    ) -> bool:
        """Never needed: whoever has the link is the person."""
        return False

    def identify(self, section: LabSection, visit: Visit) -> Identity:
        """The personal part of the link, or the key of this very visit.

        Raises:
            IdentityError: If a personal link came without its personal part.
        """
        if section.link == "personal":
            if not visit.personal:
                raise IdentityError(
                    "this study has a link for each person, and the last part of "
                    "this one is missing; please use the whole link you were given"
                )
            return Identity(issuer="lab", external_id=f"personal:{visit.personal}")
        key = visit.parameters.get("visit", "")
        if not _VISIT_KEY.fullmatch(key):
            return Identity(issuer="lab", external_id=None)
        return Identity(issuer="lab", external_id=f"visit:{key}")

    def finish(
        self,
        section: LabSection,
        visit_ids: Mapping[str, str],
        *,
        code: str | None = None,
    ) -> Handoff:
        """Nowhere to go: the person is still in the lab."""
        return ThankYou()

    def hold(self, section: LabSection, visit_ids: Mapping[str, str]) -> Waiting:
        """Nowhere to go: whoever runs the study is near."""
        return ThankYou()

    def leave(
        self,
        section: LabSection,
        visit_ids: Mapping[str, str],
        *,
        has_begun: bool = False,
    ) -> Leaving:
        """Nowhere to go either."""
        return ThankYou()


lab: Final = Lab()
