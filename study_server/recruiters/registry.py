"""The recruiters there are; a new one is a package and one entry here.

Those of other packages join by an entry point of the group "secondlook.recruiters".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stimuli.plugins import Registry, fits
from study_server.errors import UnknownRecruiterError
from study_server.recruiters.base import Admits, SectionStarter
from study_server.recruiters.ids import PLAIN, IdRule
from study_server.recruiters.lab import lab
from study_server.recruiters.link import link
from study_server.recruiters.mturk import mturk
from study_server.recruiters.sections import RecruiterSection
from study_server.recruiters.simulated import simulated


def _is_recruiter(thing: Any, name: str) -> str:  # noqa: ANN401 - whatever was loaded
    if problem := fits(Admits)(thing, name):
        return problem
    section = thing.section_type
    if not (isinstance(section, type) and issubclass(section, RecruiterSection)):
        return f"its section_type is no RecruiterSection, but {section!r}"
    if not all(isinstance(one, SectionStarter) for one in thing.starters):
        return "its starters are none"
    return ""


# Any: each recruiter takes its own section, which `get_recruiter` callers read
# with the recruiter's own `section_type`.
RECRUITERS: Final[Registry[Admits[Any]]] = Registry(
    "recruiters",
    {recruiter.name: recruiter for recruiter in (lab, link, mturk, simulated)},
    check=_is_recruiter,
)


def get_recruiter(name: str) -> Admits[Any]:
    """The recruiter of that name.

    Raises:
        UnknownRecruiterError: If there is none; the message lists those there are.
    """
    if name not in RECRUITERS:
        raise UnknownRecruiterError(
            f"no recruiter {name!r}; there are: {', '.join(RECRUITERS)}"
            f"{RECRUITERS.why_not(name)}"
        )
    return RECRUITERS[name]


def find_starters() -> Mapping[str, SectionStarter]:
    """Every section of a study file that `study init` can write, by its name.

    The first of a name stays: other packages' recruiters come after ours.
    """
    found: dict[str, SectionStarter] = {}
    for recruiter in RECRUITERS.values():
        for starter in recruiter.starters:
            found.setdefault(starter.name, starter)
    return found


def headings(kind: type = object) -> str:
    """The headings of recruiters' sections in a study file, with commas.

    Args:
        kind: Only of recruiters that can do this, for example `Posts`.
    """
    names = (name for name, one in RECRUITERS.items() if isinstance(one, kind))
    return ", ".join(f"[recruiter.{name}]" for name in names)


def id_rule_of(issuer: str) -> IdRule:
    """How ids that an issuer gives out are read, by whichever door they come."""
    rules = (recruiter.id_rule(issuer) for recruiter in RECRUITERS.values())
    return next((rule for rule in rules if rule is not None), PLAIN)
