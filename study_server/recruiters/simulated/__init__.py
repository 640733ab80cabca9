"""Simulated participants of stated competence, through the same pages as people.

They come with `?participant=<any id>&competence=<one of COMPETENCES>`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hit_templates.base import COMPETENCES
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
from study_server.recruiters.simulated.section import SimulatedSection

_RULE: Final = IdRule(
    pattern=re.compile(r"[A-Za-z0-9_.:-]+"),
    expected="letters, digits or _ . : -",
    max_length=100,
)

STARTERS: Final = (
    SectionStarter(
        name="simulated",
        text="[recruiter.simulated]     # to try it out: secondlook study simulate $name\n",
        is_for_trying=True,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """They never mix with people: their environment is their own."""

    name: str = "simulated"
    section_type: type[SimulatedSection] = SimulatedSection
    starters: tuple[SectionStarter, ...] = STARTERS
    environments: tuple[Environment, ...] = ("simulated",)
    learns: str = "not at all; there is no code"

    def n_personal_links(self, section: SimulatedSection) -> int:
        """None: the address carries the id."""
        return 0

    def is_open(self, section: SimulatedSection) -> bool:
        """Whether the browser's own memory may say who somebody is."""
        return False

    def id_rule(self, issuer: str) -> IdRule | None:
        """Any name a simulation gives."""
        return _RULE if issuer == "simulated" else None

    def is_secret(self, section: SimulatedSection) -> bool:
        """No: it goes the same way as ids of people."""
        return False

    def takes_over(
        self,
        section: SimulatedSection,
        visit_ids: Mapping[str, str],
        *,
        earlier: Sequence[Mapping[str, str]],
    ) -> bool:
        """Never: a program goes on where it is."""
        return False

    def identify(self, section: SimulatedSection, visit: Visit) -> Identity:
        """The simulated participant's id and competence.

        Raises:
            IdentityError: If either is missing or malformed.
        """
        given = visit.parameters.get("participant", "")
        external_id = _RULE.require(given, name="participant")
        given = visit.parameters.get("competence", "")
        for competence in COMPETENCES:
            if competence == given:
                return Identity(
                    issuer="simulated", external_id=external_id, competence=competence
                )
        raise IdentityError(
            f"competence: expected one of {', '.join(COMPETENCES)}, got {given[:40]!r}"
        )

    def finish(
        self,
        section: SimulatedSection,
        visit_ids: Mapping[str, str],
        *,
        code: str | None = None,
    ) -> Handoff:
        """Nowhere to go."""
        return ThankYou()

    def hold(self, section: SimulatedSection, visit_ids: Mapping[str, str]) -> Waiting:
        """Nowhere to go."""
        return ThankYou()

    def leave(
        self,
        section: SimulatedSection,
        visit_ids: Mapping[str, str],
        *,
        has_begun: bool = False,
    ) -> Leaving:
        """Nowhere to go either."""
        return ThankYou()


simulated: Final = Simulated()
