"""Quality of the responses: what every participant and every trial is like."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.people.quality import participant_quality, responses_of, trial_quality
from analysis.people.quality_flags import flags
from analysis.people.reapplied_rules import quality_of


@dataclass(frozen=True, kw_only=True)
class ResponseQuality:
    """How participants and trials did, whether left out or not.

    Attributes:
        people: The frame of `participant_quality`, with flags ("" for none).
        trials: The frame of `trial_quality`, of main trials.
    """

    people: pd.DataFrame
    trials: pd.DataFrame


def response_quality(bundle: Bundle) -> ResponseQuality | None:
    """The quality of all responses; None where there is none.

    >>> from analysis.bundles.example import example_bundle
    >>> found = response_quality(example_bundle())
    >>> len(found.people), len(found.trials)
    (5, 4)
    """
    rows = responses_of(bundle)
    if rows.empty:
        return None
    people = participant_quality(rows)
    people["flags"] = flags(people, quality_of(bundle))
    trials = trial_quality(rows[rows["role"] == "main"])
    return ResponseQuality(people=people, trials=trials)
