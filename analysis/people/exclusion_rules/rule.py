"""What a rule is: a named function of responses or of sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analysis.people.exclusion_rules.evidence import Evidence, Flags
from analysis.people.exclusion_rules.settings import QualityRules

Level = Literal["response", "session"]
IsBroken = Callable[[Evidence, QualityRules], Flags]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule, named after its function.

    Attributes:
        name: The reason that is given.
        level: Whether single responses or whole sessions are left out.
        keys: Keys of `[quality]` that set it; none for a rule that always holds.
        meaning: When it is broken, in words.
        is_broken: One truth value per row of the evidence's responses or
            sessions.
    """

    name: str
    level: Level
    keys: tuple[str, ...]
    meaning: str
    is_broken: IsBroken

    def reasons(self, evidence: Evidence, quality: QualityRules) -> pd.Series:
        """The rule's name where it is broken, "" elsewhere.

        Index of the evidence's responses or sessions, as the level says.
        """
        frame = evidence.responses if self.level == "response" else evidence.sessions
        broken = pd.Series(self.is_broken(evidence, quality), index=frame.index)
        return broken.map({True: self.name, False: ""}).astype(object)


def response_rule(*keys: str) -> Callable[[IsBroken], Rule]:
    """Make a rule for single responses of a function; its docstring is the meaning."""
    return _maker("response", keys)


def session_rule(*keys: str) -> Callable[[IsBroken], Rule]:
    """Make a rule for sessions of a function; its docstring is the meaning."""
    return _maker("session", keys)


def _maker(level: Level, keys: tuple[str, ...]) -> Callable[[IsBroken], Rule]:
    def make(is_broken: IsBroken) -> Rule:
        return Rule(
            name=is_broken.__name__,
            level=level,
            keys=keys,
            meaning=" ".join((is_broken.__doc__ or "").split()),
            is_broken=is_broken,
        )

    return make
