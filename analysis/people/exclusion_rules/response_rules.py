"""Rules that leave single responses out; the rest of the session stays."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.people.exclusion_rules.evidence import Evidence, Flags
from analysis.people.exclusion_rules.rule import Rule, response_rule
from analysis.people.exclusion_rules.settings import QualityRules


@response_rule()
def not_shown(evidence: Evidence, _quality: QualityRules) -> Flags:
    """An image of the trial failed to show, so there is nothing to count."""
    return ~evidence.is_given


@response_rule()
def duplicate_response(evidence: Evidence, _quality: QualityRules) -> Flags:
    """The person had responded to the same trial before."""
    given = evidence.is_given
    rows = evidence.responses.loc[given, ["participant", "trial"]]
    is_later = np.zeros(len(given), dtype=bool)
    is_later[given] = rows.duplicated()
    return is_later


@response_rule("response_seconds")
def response_too_quick(evidence: Evidence, quality: QualityRules) -> Flags:
    """Given sooner than the first of `response_seconds` after the trial appeared."""
    seconds = evidence.numbers("wall_ms") / 1000
    return evidence.is_given & (seconds < quality.response_s.low)


@response_rule("response_seconds")
def response_too_slow(evidence: Evidence, quality: QualityRules) -> Flags:
    """Given later than the second of `response_seconds` after the trial appeared."""
    seconds = evidence.numbers("wall_ms") / 1000
    return evidence.is_given & (seconds > quality.response_s.high)


@response_rule("max_response_hidden_share")
def response_out_of_sight(evidence: Evidence, quality: QualityRules) -> Flags:
    """The page was out of sight for more than `max_response_hidden_share` of it."""
    most = quality.max_response_hidden_share
    wall, visible = evidence.numbers("wall_ms"), evidence.numbers("visible_ms")
    if most is None:
        return np.zeros(len(wall), dtype=bool)
    # Not a quotient: a response may take no time at all.
    return evidence.is_given & (wall - visible > most * wall + 1e-9)


@response_rule("max_missed_frames")
def exposure_missed(evidence: Evidence, quality: QualityRules) -> Flags:
    """The picture was shown for over `max_missed_frames` frames too many or too few."""
    missed = evidence.numbers("missed_frames")
    if quality.max_missed_frames is None:
        return np.zeros(len(missed), dtype=bool)
    return np.asarray(evidence.is_given & (missed > quality.max_missed_frames))


RESPONSE_RULES: Final[tuple[Rule, ...]] = (
    not_shown,
    duplicate_response,
    response_too_quick,
    response_too_slow,
    response_out_of_sight,
    exposure_missed,
)
