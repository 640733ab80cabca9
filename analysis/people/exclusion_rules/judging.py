"""Every rule applied: which sessions and responses are left out, and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from analysis.people.exclusion_rules.evidence import Evidence
from analysis.people.exclusion_rules.response_rules import RESPONSE_RULES
from analysis.people.exclusion_rules.rule import Rule
from analysis.people.exclusion_rules.session_rules import SESSION_RULES
from analysis.people.exclusion_rules.settings import QualityRules

RULES: Final[tuple[Rule, ...]] = (*RESPONSE_RULES, *SESSION_RULES)
SEPARATOR: Final = ";"


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """Names of the rules broken, joined by ";"; "" where none is.

    Attributes:
        responses: One per row of the evidence's responses.
        sessions: One per row of its sessions. A response of a session that is
            left out is left out with it, whatever `responses` says.
    """

    responses: pd.Series
    sessions: pd.Series


def judge(
    evidence: Evidence, quality: QualityRules, *, without: Collection[str] = ()
) -> Verdicts:
    """Apply every rule, those for single responses first.

    Args:
        evidence: Completed sessions.
        quality: The thresholds.
        without: Names of rules to leave out, to see what they change.

    >>> from analysis.people.exclusion_rules import make_evidence
    >>> responses = pd.DataFrame(
    ...     {"session": list("aab"), "trial": list("xyx"), "wall_ms": [900.0, 90.0, 80.0],
    ...      "participant": list("ppq")})
    >>> evidence = make_evidence(responses, pd.DataFrame({"session": ["a", "b"]}))
    >>> found = judge(evidence, QualityRules(response_seconds=(0.5, 60)))
    >>> found.responses.to_list()
    ['', 'response_too_quick', 'response_too_quick']
    >>> found.sessions.to_list()
    ['', 'no_valid_response']
    """
    own = _joined(RESPONSE_RULES, evidence, quality, without=without)
    told = replace(evidence, response_reasons=own)
    return Verdicts(
        responses=own,
        sessions=_joined(SESSION_RULES, told, quality, without=without),
    )


def _joined(
    rules: tuple[Rule, ...],
    evidence: Evidence,
    quality: QualityRules,
    *,
    without: Collection[str],
) -> pd.Series:
    is_of_responses = rules is RESPONSE_RULES
    frame = evidence.responses if is_of_responses else evidence.sessions
    found = np.full(len(frame), "", dtype=object)
    for rule in rules:
        if rule.name in without:
            continue
        # By row: a server judges one session at a time, and few break anything.
        for row in rule.is_broken(evidence, quality).nonzero()[0]:
            before = found[row]
            found[row] = f"{before}{SEPARATOR}{rule.name}" if before else rule.name
    return pd.Series(found, index=frame.index, dtype=object)
