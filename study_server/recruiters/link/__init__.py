"""People sent by another site, with their id in the address.

The ready profile "prolific" serves a study set up by hand on Prolific's site.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from study_server.errors import IdentityError
from study_server.recruiters.base import (
    MAX_ID_LENGTH,
    Environment,
    GiveBack,
    Handoff,
    Identity,
    Leaving,
    Redirect,
    ShowCode,
    Visit,
)
from study_server.recruiters.sections import LinkSection

_SITES: Final = {"prolific": "Prolific"}
_ID: Final = re.compile(r"[^\x00-\x20\x7f{}%<>\"'`]+")


@dataclass(frozen=True, kw_only=True)
class Link:
    """Another site names these people and learns that they have finished."""

    name: str = "link"
    section_type: type[LinkSection] = LinkSection
    environments: tuple[Environment, ...] = ("live", "pilot")

    def n_personal_links(self, section: LinkSection) -> int:
        """None: the address carries the id."""
        return 0

    def is_open(self, section: LinkSection) -> bool:
        """Whether the browser's own memory may say who somebody is."""
        return False

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

    def finish(self, section: LinkSection, visit_ids: Mapping[str, str]) -> Handoff:
        """Back to the site's address, the code in it; or only the code."""
        code = section.completion_code
        if section.redirect is None:
            return ShowCode(code=code or "")
        url = section.redirect.replace("{code}", quote(code or "", safe=""))
        return Redirect(url=url, code=code)

    def leave(self, section: LinkSection, visit_ids: Mapping[str, str]) -> Leaving:
        """Give the place back at the site: the code is for finished work only."""
        return GiveBack(site=_SITES.get(section.profile or ""))


def _given(visit: Visit, parameter: str) -> str | None:
    value = visit.parameters.get(parameter, "").strip()
    if not value:
        return None
    if len(value) > MAX_ID_LENGTH or not _ID.fullmatch(value):
        raise IdentityError(
            f"{parameter} in the address is not an id: expected at most "
            f"{MAX_ID_LENGTH} characters without spaces, quotes, braces or '%'; if "
            "the site's placeholder is still in it, the link was set up wrongly"
        )
    return value


link: Final = Link()
