"""The report's parts: what was fixed before, what was not, and how it was done.

What stood in the study file when the study was frozen comes first: its headlines at
k of n, or, where `[analysis] confirmatory` names measures, those only. It is called
preregistered where hypotheses were written down too. A study that was not frozen has
nothing confirmatory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Chapter, Section
from analysis.elements.wording import moment
from analysis.measures.base import HasOutcomes, Measure

_FIXED: Final = (
    "Fixed before the responses came in: the study was frozen at {at} with its "
    "stimuli, wording, quality rules, k, n and seed. "
)
_NOT_FIXED: Final = (
    "The study was not frozen before its responses came in, so nothing here is "
    "confirmatory."
)
_NOT_KNOWN: Final = (
    "The responses were collected elsewhere. What was fixed before they came in is not "
    "known here, so nothing here is confirmatory."
)
_EXPLORED: Final = (
    "Nothing below was fixed before the responses came in, or it serves to judge how "
    "far the results above depend on a choice. Read intervals and p values as "
    "descriptions; several of them are not corrected for."
)


@dataclass(frozen=True, kw_only=True)
class ReportPart:
    """Sections under one heading.

    Attributes:
        id: Names it in links.
        title: Its heading.
        note: What is to be known of all of it; may be empty.
        sections: In the order of reading.
    """

    id: str
    title: str
    note: str
    sections: tuple[Section, ...]


def is_confirmatory(bundle: Bundle, measure: Measure) -> bool:
    """Whether the frozen study file fixed this measure.

    Where it names none, those that have a headline are; agreement, controls and
    whatever else describes are not.
    """
    if not bundle.is_frozen:
        return False
    named = named_measures(bundle)
    return measure.name in named if named else isinstance(measure, HasOutcomes)


def named_measures(bundle: Bundle) -> tuple[str, ...]:
    """`[analysis] confirmatory` of the study file; empty where it names none."""
    analysis = bundle.study_file.get("analysis")
    named = analysis.get("confirmatory") if isinstance(analysis, dict) else None
    return tuple(map(str, named)) if isinstance(named, list) else ()


def as_exploratory(section: Section) -> Section:
    """The same section, set apart."""
    return replace(section, is_exploratory=True)


def report_parts(bundle: Bundle, sections: Sequence[Section]) -> list[ReportPart]:
    """Sections in up to three parts, each in the order given."""
    about = tuple(each for each in sections if each.chapter >= Chapter.FLOW)
    results = [each for each in sections if each.chapter < Chapter.FLOW]
    if not bundle.is_frozen:
        why = _NOT_KNOWN if bundle.is_imported else _NOT_FIXED
        found = [_part("exploratory", "Exploratory results", why, results)]
    else:
        fixed = [each for each in results if not each.is_exploratory]
        explored = [each for each in results if each.is_exploratory]
        found = [
            _part(*_named(bundle), _fixed(bundle), fixed),
            _part("exploratory", "Exploratory results", _EXPLORED, explored),
        ]
    found.append(_part("study", "The study", "", about))
    return [part for part in found if part.sections]


def _part(id_: str, title: str, note: str, sections: Sequence[Section]) -> ReportPart:
    return ReportPart(id=id_, title=title, note=note, sections=tuple(sections))


def _named(bundle: Bundle) -> tuple[str, str]:
    """Id and title; a frozen design without hypotheses is no preregistration."""
    if bundle.is_preregistered:
        return "preregistered", "Preregistered results"
    return "frozen", "Results frozen before the data"


def _fixed(bundle: Bundle) -> str:
    text = _FIXED.format(at=moment(bundle.head["study"].get("frozen_at")))
    if bundle.hypotheses:
        numbered = "; ".join(
            f"({number}) {each}"
            for number, each in enumerate(bundle.hypotheses, start=1)
        )
        return f"{text}What was expected: {numbered}."
    return f"{text}No hypothesis was written down, so nothing was preregistered."
