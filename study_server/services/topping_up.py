"""Find trials that will end with too few valid responses and cut them anew."""

from __future__ import annotations

from dataclasses import dataclass

from study_server.recruiters.base import Environment
from study_server.services import Services


@dataclass(frozen=True, kw_only=True)
class TopUp:
    """What was missing and recut.

    Attributes:
        n_missing: Responses that no open block would bring.
        n_trials: Main trials they belong to.
        n_blocks: New blocks.
    """

    n_missing: int
    n_trials: int
    n_blocks: int


def recut_missing(
    services: Services, name: str, *, environment: Environment = "live"
) -> TopUp:
    """New blocks for responses that are missing although their blocks are done.

    Sessions judged invalid reopen their own block by themselves; what is missing
    in valid sessions (images that failed to show) needs new blocks.

    Raises:
        UnknownStudyError: If there is none of that name.
        StudyStateError: If the study has no blocks yet.
    """
    raise NotImplementedError
