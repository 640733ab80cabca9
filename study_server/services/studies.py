"""A study's life: created, piloted, frozen, opened, closed, amended."""

from __future__ import annotations

from pathlib import Path

from study_server.services import Services
from study_server.services.progress import list_studies, study_progress
from study_server.services.records import StudyRecord
from study_server.services.study_file import parse_study_file

__all__ = [
    "amend_study",
    "close_study",
    "create_study",
    "freeze_study",
    "get_study",
    "list_studies",
    "open_study",
    "parse_study_file",
    "pilot_study",
    "study_progress",
]


def create_study(services: Services, path: Path, *, stimuli: Path) -> StudyRecord:
    """Create a study from its file and a stimulus set; or replace a draft of that name.

    The file is kept verbatim; the stimuli stay where they are. Every image's
    bytes are checked against its name.

    Raises:
        StudyFileError: Every problem of the file.
        StimulusSetError: If the folder is no finished stimulus set.
        StimulusSetChangedError: If images differ from the manifest.
        StudyDesignError: If the trials cannot be asked this way.
        StudyFrozenError: If a frozen study has that name.
    """
    raise NotImplementedError


def get_study(services: Services, name: str) -> StudyRecord:
    """The study of that name.

    Raises:
        UnknownStudyError: If there is none; the message lists those there are.
    """
    raise NotImplementedError


def pilot_study(services: Services, name: str) -> StudyRecord:
    """Open the study's pilot links; what comes in never counts.

    Raises:
        UnknownStudyError: If there is none.
        StudyStateError: If the study is not a draft.
        StimulusSetChangedError: If the stimulus set is not the same any more.
    """
    raise NotImplementedError


def freeze_study(services: Services, name: str) -> StudyRecord:
    """Lock what the study is, with hash and time, and cut its blocks.

    Raises:
        UnknownStudyError: If there is none.
        StudyStateError: If it is frozen already.
        StimulusSetChangedError: If the stimulus set is not the same any more.
    """
    raise NotImplementedError


def open_study(services: Services, name: str) -> StudyRecord:
    """Let people in through the live links (again, after closing).

    Raises:
        UnknownStudyError: If there is none.
        StudyStateError: If it is not frozen yet, or open already.
        StimulusSetChangedError: If the stimulus set is not the same any more.
    """
    raise NotImplementedError


def close_study(services: Services, name: str) -> StudyRecord:
    """Let nobody new in; sessions under way may end.

    Raises:
        UnknownStudyError: If there is none.
        StudyStateError: If it is not open.
    """
    raise NotImplementedError


def amend_study(services: Services, name: str, *, text: str) -> StudyRecord:
    """Write down a dated change of a frozen study, shown in the report.

    Raises:
        UnknownStudyError: If there is none.
        StudyStateError: If it is not frozen yet: edit its file instead.
    """
    raise NotImplementedError
