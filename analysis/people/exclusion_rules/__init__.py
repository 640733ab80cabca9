"""Preregistered rules: which responses and which sessions are left out, and why.

Each rule is one function of a `Evidence` (frames of responses and sessions) and the
thresholds of `[quality]`. The server applies them when a session is completed; a
report applies them again to the bundle and says where it comes to another end.
Agreement with others is not among them: it may only flag people for a person to
look at.
"""

from __future__ import annotations

from analysis.people.exclusion_rules.evidence import (
    RESPONSE_COLUMNS,
    Evidence,
    make_evidence,
)
from analysis.people.exclusion_rules.judging import RULES, SEPARATOR, Verdicts, judge
from analysis.people.exclusion_rules.rule import Rule
from analysis.people.exclusion_rules.settings import QualityRules, read_quality

__all__ = [
    "RESPONSE_COLUMNS",
    "RULES",
    "SEPARATOR",
    "Evidence",
    "QualityRules",
    "Rule",
    "Verdicts",
    "judge",
    "make_evidence",
    "read_quality",
]
