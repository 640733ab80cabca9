"""People who walk up to a screen in a hall."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from study_server.recruiters.base import (
    Environment,
    Identity,
    IdRule,
    SectionStarter,
    ThankYou,
    Visit,
)
from study_server.recruiters.sections import RecruiterSection

_RULE = IdRule(pattern=re.compile(r"[a-z0-9]+"), expected="letters and digits")


class KioskSection(RecruiterSection):
    """People at a screen in a hall."""

    hall: str = Field(min_length=1, description="where the screen stands")


@dataclass(frozen=True, kw_only=True)
class Kiosk:
    """Nobody is paid, nobody goes back anywhere."""

    name: str = "kiosk"
    section_type: type[KioskSection] = KioskSection
    starters: tuple[SectionStarter, ...] = (
        SectionStarter(name="kiosk", text='[recruiter.kiosk]\nhall = "entrance"\n'),
    )
    environments: tuple[Environment, ...] = ("live", "pilot")
    learns: str = "not at all"

    def n_personal_links(self, section: KioskSection) -> int:
        return 0

    def is_open(self, section: KioskSection) -> bool:
        return False

    def id_rule(self, issuer: str) -> IdRule | None:
        return _RULE if issuer == self.name else None

    def is_secret(self, section: KioskSection) -> bool:
        return True

    def takes_over(
        self,
        section: KioskSection,
        visit_ids: Mapping[str, str],
        *,
        earlier: Sequence[Mapping[str, str]],
    ) -> bool:
        return False

    def identify(self, section: KioskSection, visit: Visit) -> Identity:
        ticket = _RULE.require(visit.parameters.get("ticket", ""), name="ticket")
        return Identity(issuer=self.name, external_id=ticket)

    def finish(
        self,
        section: KioskSection,
        visit_ids: Mapping[str, str],
        *,
        code: str | None = None,
    ) -> ThankYou:
        return ThankYou()

    def hold(self, section: KioskSection, visit_ids: Mapping[str, str]) -> ThankYou:
        return ThankYou()

    def leave(
        self,
        section: KioskSection,
        visit_ids: Mapping[str, str],
        *,
        has_begun: bool = False,
    ) -> ThankYou:
        return ThankYou()


kiosk = Kiosk()
