"""Which of those who responded in a file are observers: networks, and no people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.bundles.frames import Problems
from analysis.importing.base import ImportOptions, RawResponses

# Said in place of names: nobody is one.
NOBODY: Final = "none"
_NAMED: Final = 5


@dataclass(frozen=True, kw_only=True)
class ToldApart:
    """Responses of people and of observers.

    Attributes:
        people: Rows of people.
        observed: Rows of observers, the same columns.
        notes: What the user should know.
    """

    people: pd.DataFrame
    observed: pd.DataFrame
    notes: tuple[str, ...] = ()


def tell_apart(
    answers: pd.DataFrame,
    found: Sequence[RawResponses],
    options: ImportOptions,
    *,
    problems: Problems,
) -> ToldApart:
    """Observers are those named, or those whom the files show to be networks.

    Files show it by the names of what was shown to them; or, where somebody has
    response times, by subjects who have none at all and are not called one.

    Args:
        answers: As `checked_responses.check_responses` gives them.
        found: What the files' formats know of those who responded.
        options: `observers` names them; `NOBODY` alone makes everybody a person.
        problems: Takes names that nobody has.
    """
    workers = answers["worker"].astype("str")
    there = set(workers)
    if options.observers:
        named = set(options.observers) - {NOBODY}
        if unknown := sorted(named - there):
            known = ", ".join(sorted(there)[:_NAMED])
            problems.add(
                f"--observers {', '.join(unknown)}: nobody of that name responded; "
                f"there are {known}{' and others' if len(there) > _NAMED else ''}"
            )
        return _apart(answers, workers.isin(named))
    shown = {name for raw in found for name in raw.networks} & there
    maybe = {name for raw in found for name in raw.maybe_networks}
    timed = set(workers[answers["rt_ms"].notna()])
    shown |= (maybe & there) - timed if timed else set()
    apart = _apart(answers, workers.isin(shown))
    return ToldApart(
        people=apart.people, observed=apart.observed, notes=_notes(sorted(shown))
    )


def _apart(answers: pd.DataFrame, is_observer: pd.Series) -> ToldApart:
    return ToldApart(people=answers[~is_observer], observed=answers[is_observer])


def _notes(names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (
        f"observers and no people: {', '.join(names[:_NAMED])}{more} (shown as networks, "
        f"or without any response time); --observers {NOBODY} takes everybody for a "
        "person, --observers NAME,… names them",
    )
