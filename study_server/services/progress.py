"""How far studies are."""

from __future__ import annotations

from study_server.recruiters.base import Environment
from study_server.services import Services
from study_server.services.records import StudyOverview, StudyProgress


def list_studies(services: Services) -> list[StudyOverview]:
    """Every study, newest first.

    Counts are live ones; those of the pilot while a study is piloted, and
    simulated ones where nothing else happened.
    """
    raise NotImplementedError


def study_progress(
    services: Services, name: str, *, environment: Environment = "live"
) -> StudyProgress:
    """How far one study is, in one environment.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    raise NotImplementedError
