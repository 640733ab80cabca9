"""Which sessions are valid: the preregistered rules, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from study_server.recruiters.base import Environment
from study_server.services import Services


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What judging a study's completed sessions anew came to.

    Attributes:
        n_judged: Completed sessions.
        n_changed: Sessions whose validity or reason is another than before.
        n_valid: Valid ones now.
        reasons: Reason to number of invalid sessions.
    """

    n_judged: int
    n_changed: int
    n_valid: int
    reasons: Mapping[str, int]


def judge_study(
    services: Services, name: str, *, environment: Environment = "live"
) -> Judgement:
    """Judge every completed session by the rules of the study file, anew.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    raise NotImplementedError
