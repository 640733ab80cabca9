"""People sent by another site, with their id in the address.

The ready profile "prolific" serves a study set up by hand on Prolific's site.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from study_server.errors import IdentityError
from study_server.recruiters.base import (
    Environment,
    GiveBack,
    Handoff,
    Identity,
    IdRule,
    Leaving,
    Redirect,
    SectionStarter,
    ShowCode,
    Visit,
    Wait,
    Waiting,
    is_same_visit,
)
from study_server.recruiters.ids import PLAIN
from study_server.recruiters.link.section import LinkSection

_SITES: Final = {"prolific": "Prolific"}

STARTERS: Final = (
    SectionStarter(
        name="prolific",
        text='[recruiter.link]\nprofile = "prolific"\ncompletion_code = $code\n',
        needs_code=True,
    ),
    SectionStarter(
        name="link",
        text="""[recruiter.link]
id_parameter = "participantId"       # as the market names them
session_parameter = "sessionId"
completion_code = $code
""",
        needs_code=True,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Link:
    """Another site names these people and learns that they have finished."""

    name: str = "link"
    section_type: type[LinkSection] = LinkSection
    starters: tuple[SectionStarter, ...] = STARTERS
    environments: tuple[Environment, ...] = ("live", "pilot")
    learns: str = (
        "by the completion code: one for everybody (Prolific takes no other), "
        'or with `codes = "personal"` one for each session, which `secondlook '
        "study codes` lists to compare with"
    )

    def n_personal_links(self, section: LinkSection) -> int:
        """None: the address carries the id."""
        return 0

    def is_open(self, section: LinkSection) -> bool:
        """Whether the browser's own memory may say who somebody is."""
        return False

    def id_rule(self, issuer: str) -> IdRule | None:
        """Whatever another site calls people; Prolific's ids are hexadecimal."""
        return PLAIN if issuer in _SITES or issuer.startswith("link:") else None

    def is_secret(self, section: LinkSection) -> bool:
        """No: other people may know the id in the address."""
        return False

    def takes_over(
        self,
        section: LinkSection,
        visit_ids: Mapping[str, str],
        *,
        earlier: Sequence[Mapping[str, str]],
    ) -> bool:
        """Only the very visit, and only where the section says so."""
        return section.other_browser == "same-visit" and is_same_visit(
            visit_ids, earlier
        )

    def identify(self, section: LinkSection, visit: Visit) -> Identity:
        """The person's id, and the site's names of the visit.

        Raises:
            IdentityError: If the id is missing, or still the site's placeholder.
        """
        external_id = _given(visit, section.id_parameter)
        if external_id is None:
            raise IdentityError(
                f"the address lacks {section.id_parameter}, which tells us who you "
                "are; please come here from the site that invited you"
            )
        names = {
            "session": section.session_parameter,
            "study": section.study_parameter,
        }
        given = {
            word: _given(visit, parameter)
            for word, parameter in names.items()
            if parameter is not None
        }
        return Identity(
            # The same profile means the same people in every study.
            issuer=section.profile or f"link:{section.id_parameter}",
            external_id=external_id,
            visit_ids={word: value for word, value in given.items() if value},
        )

    def finish(
        self,
        section: LinkSection,
        visit_ids: Mapping[str, str],
        *,
        code: str | None = None,
    ) -> Handoff:
        """Back to the site's address, the code in it; or only the code."""
        is_personal = section.codes == "personal"
        return _back(section, code if is_personal else section.completion_code)

    def hold(self, section: LinkSection, visit_ids: Mapping[str, str]) -> Waiting:
        """By the code for work that is looked at first, where the site knows one."""
        if section.review_code is None:
            return Wait()
        return _back(section, section.review_code)

    def leave(
        self,
        section: LinkSection,
        visit_ids: Mapping[str, str],
        *,
        has_begun: bool = False,
    ) -> Leaving:
        """Give the place back: the code of completion is for finished work only.

        Who withdraws after the first image gets a code of their own, where there is one.
        """
        if has_begun and section.withdrawal_code is not None:
            return _back(section, section.withdrawal_code)
        return GiveBack(site=_SITES.get(section.profile or ""))


def _back(section: LinkSection, code: str | None) -> Redirect | ShowCode:
    if section.redirect is None:
        return ShowCode(code=code or "")
    url = section.redirect.replace("{code}", quote(code or "", safe=""))
    return Redirect(url=url, code=code)


def _given(visit: Visit, parameter: str) -> str | None:
    return PLAIN.read(visit.parameters.get(parameter, ""), name=parameter)


link: Final = Link()
