"""Rules on catch trials, the ones with yes for an answer and with no apart."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.people.exclusion_rules.evidence import Evidence, Flags
from analysis.people.exclusion_rules.rule import session_rule
from analysis.people.exclusion_rules.settings import QualityRules

KNOWN_YES: Final = "known_yes"
KNOWN_NO: Final = "known_no"


@session_rule("min_catch_accuracy")
def catch_accuracy(evidence: Evidence, quality: QualityRules) -> Flags:
    """Fewer catch trials right than `min_catch_accuracy` of those that showed."""
    return _too_few_right(evidence, quality.min_catch_accuracy, control=None)


@session_rule("min_catch_yes_accuracy")
def catch_yes_accuracy(evidence: Evidence, quality: QualityRules) -> Flags:
    """Fewer than `min_catch_yes_accuracy` of the catches whose class is there."""
    return _too_few_right(evidence, quality.min_catch_yes_accuracy, control=KNOWN_YES)


@session_rule("min_catch_no_accuracy")
def catch_no_accuracy(evidence: Evidence, quality: QualityRules) -> Flags:
    """Fewer than `min_catch_no_accuracy` of the catches whose class is not there."""
    return _too_few_right(evidence, quality.min_catch_no_accuracy, control=KNOWN_NO)


def is_graded_catch(evidence: Evidence, *, control: str | None) -> Flags:
    """Catch responses that were graded; of one control, or of any."""
    rows = evidence.responses
    is_catch = (rows["role"] == "catch").to_numpy()
    if control is not None:
        is_catch = is_catch & (rows["control"] == control).to_numpy()
    return np.asarray(is_catch & ~np.isnan(evidence.numbers("is_right")))


def _too_few_right(
    evidence: Evidence, share: float | None, *, control: str | None
) -> Flags:
    """Without any catch trial there is nothing to break."""
    if share is None:
        return np.zeros(len(evidence.sessions), dtype=bool)
    is_catch = is_graded_catch(evidence, control=control)
    n_right = evidence.total(is_catch & (evidence.numbers("is_right") == 1))
    # A share like 0.8 of 5 is a whole number of trials; floats may say 4.000...1.
    return np.asarray(n_right < share * evidence.total(is_catch) - 1e-9)
