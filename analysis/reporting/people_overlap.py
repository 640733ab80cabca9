"""Two launches of one study: who took part in both, and the result without them.

Participants carry one random id per installation, so two bundles of the same
installation tell who came twice, as far as the recruiter named people at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Block, Chapter, DataTable, Prose, Section
from analysis.elements.wording import count, outcome_words
from analysis.errors import AnalysisError
from analysis.measures.base import HasOutcomes, Measure, MeasuredOutcome
from analysis.statistics.intervals import Estimate

_INTRO: Final = (
    "People who took part in “{other}” as well may remember its images. {n_both} of "
    "the {n_here} people of this study did. The table gives every headline with "
    "everybody and without them; their responses are replaced by the next valid ones "
    "where there are more than n. Ids hold for one installation: bundles from two "
    "installations would share nobody."
)


def people_of(bundle: Bundle) -> frozenset[str]:
    """Everybody who gave a response, withdrawn people left out."""
    return frozenset(bundle.single_responses["participant"])


def check_named(bundle: Bundle) -> None:
    """Refuse a bundle whose recruiter names nobody.

    Raises:
        AnalysisError: If people came by an open link: the same person would be
            another one at the next visit.
    """
    if nameless := sorted(_nameless(bundle) & {*bundle.sessions["recruiter"]}):
        raise AnalysisError(
            f"{bundle.name}: people came by an open link of the {', '.join(nameless)}, "
            "which names nobody, so it cannot be known who took part twice; use "
            "personal links or a recruiter that gives ids, and leave out "
            "--without-people-of here"
        )


def _nameless(bundle: Bundle) -> set[str]:
    """Recruiters of whose people only a browser knows."""
    stated = bundle.head.get("nameless_recruiters")
    if stated is not None:
        return set(stated)
    # Bundles of version 0.1 say it in the study file alone.
    lab = (bundle.study_file.get("recruiter") or {}).get("lab") or {}
    return {"lab"} if lab.get("link", "open") == "open" else set()


def people_in_both(bundle: Bundle, other: Bundle) -> frozenset[str]:
    """Participants of both studies.

    Raises:
        AnalysisError: If either study's recruiter names nobody.
    """
    for each in (bundle, other):
        check_named(each)
    return people_of(bundle) & people_of(other)


def without_people_of(bundle: Bundle, other: Bundle) -> Bundle:
    """The study as if people of the other one had been left out.

    Raises:
        AnalysisError: If either study's recruiter names nobody.
    """
    both = people_in_both(bundle, other)
    sessions = _session_reasons(bundle.sessions)
    is_shared = bundle.sessions["participant"].isin(both)
    sessions = sessions.mask(is_shared, f"took part in {other.name}")
    own = bundle.responses["exclusion_reason"].fillna("").astype(str)
    own = own.str.replace(r";?session$", "", regex=True)
    return bundle.with_validity(sessions=sessions, responses=own)


def _session_reasons(sessions: pd.DataFrame) -> pd.Series:
    """Why each does not count: empty where valid, NaN where not judged yet."""
    stated = sessions["exclusion_reason"].fillna("").astype(str)
    reasons = stated.where(stated != "", "no reason given").astype(object)
    is_valid = sessions["is_valid"].astype("boolean")
    reasons = reasons.mask(is_valid.fillna(value=False).astype(bool), "")
    return reasons.mask(is_valid.isna(), nan)


def overlap_section(
    bundle: Bundle, other: Bundle, *, measures: Sequence[Measure]
) -> Section:
    """Who took part in both, and every headline without them.

    Raises:
        AnalysisError: If either study's recruiter names nobody.
    """
    both = people_in_both(bundle, other)
    intro = _INTRO.format(
        other=other.name,
        n_both=count(len(both)),
        n_here=count(len(people_of(bundle))),
    )
    blocks: list[Block] = [Prose(text=intro)]
    rest = without_people_of(bundle, other)
    pairs = [
        (measure.name, outcome, without)
        for measure in measures
        if isinstance(measure, HasOutcomes)
        for outcome, without in _matched(measure, bundle, rest=rest)
    ]
    if pairs:
        blocks.append(_table(pairs))
    return Section(
        id="people-overlap",
        chapter=Chapter.OVERLAP,
        title=f"People of “{other.name}”",
        blocks=blocks,
    )


def _matched(
    measure: HasOutcomes, bundle: Bundle, *, rest: Bundle
) -> list[tuple[MeasuredOutcome, MeasuredOutcome | None]]:
    without = {outcome.name: outcome for outcome in measure.outcomes(rest)}
    return [(each, without.get(each.name)) for each in measure.outcomes(bundle)]


def _table(
    pairs: Sequence[tuple[str, MeasuredOutcome, MeasuredOutcome | None]],
) -> DataTable:
    shown = pd.DataFrame(
        {
            "result": [outcome.name for _, outcome, _ in pairs],
            "everybody": [_said(outcome) for _, outcome, _ in pairs],
            "without them": [_said(without) for _, _, without in pairs],
            "n": [_sized(without) for _, _, without in pairs],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "measure": measure,
                "outcome": outcome.name,
                **_numbers(outcome, "everybody"),
                **_numbers(without, "without"),
            }
            for measure, outcome, without in pairs
        ]
    )
    return DataTable(
        name="people_overlap",
        caption="Every headline with everybody and without people who took part in the "
        "other study (95 % intervals).",
        shown=shown,
        numbers=numbers,
    )


def _said(outcome: MeasuredOutcome | None) -> str:
    if outcome is None:
        return "– (n = 0)"
    estimate = Estimate(
        value=outcome.value, low=outcome.low, high=outcome.high, n=outcome.n
    )
    return outcome_words(
        estimate, is_difference=outcome.is_difference, is_amount=outcome.is_amount
    )


def _sized(outcome: MeasuredOutcome | None) -> str:
    return "0" if outcome is None else f"{count(outcome.n)} {outcome.unit}"


def _numbers(outcome: MeasuredOutcome | None, stage: str) -> dict[str, float]:
    names = ("value", "low", "high")
    found = {
        f"{stage}_{name}": nan if outcome is None else getattr(outcome, name)
        for name in names
    }
    return {**found, f"{stage}_n": 0 if outcome is None else outcome.n}
