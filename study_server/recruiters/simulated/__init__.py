"""Simulated participants of stated competence, through the same pages as people.

They come with `?participant=<any id>&competence=<one of COMPETENCES>`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hit_templates.base import COMPETENCES
from study_server.errors import IdentityError
from study_server.recruiters.base import (
    Environment,
    Handoff,
    Identity,
    Leaving,
    ThankYou,
    Visit,
)
from study_server.recruiters.sections import SimulatedSection

_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,100}")


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """They never mix with people: their environment is their own."""

    name: str = "simulated"
    section_type: type[SimulatedSection] = SimulatedSection
    environments: tuple[Environment, ...] = ("simulated",)

    def n_personal_links(self, section: SimulatedSection) -> int:
        """None: the address carries the id."""
        return 0

    def is_open(self, section: SimulatedSection) -> bool:
        """Whether the browser's own memory may say who somebody is."""
        return False

    def identify(self, section: SimulatedSection, visit: Visit) -> Identity:
        """The simulated participant's id and competence.

        Raises:
            IdentityError: If either is missing or malformed.
        """
        external_id = visit.parameters.get("participant", "")
        if not _ID.fullmatch(external_id):
            raise IdentityError(
                "participant: expected 1 to 100 letters, digits or _ . : -, "
                f"got {len(external_id)} characters"
            )
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
        self, section: SimulatedSection, visit_ids: Mapping[str, str]
    ) -> Handoff:
        """Nowhere to go."""
        return ThankYou()

    def leave(self, section: SimulatedSection, visit_ids: Mapping[str, str]) -> Leaving:
        """Nowhere to go either."""
        return ThankYou()


simulated: Final = Simulated()
