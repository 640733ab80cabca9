"""Errors that a study's participants read in the study's own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from study_server.errors import StudyError
from study_server.services.study_sections import StudyFile
from study_server.services.study_texts import all_texts


@contextmanager
def worded(file: StudyFile) -> Iterator[None]:
    """Whatever goes wrong inside knows the study's wording and language."""
    try:
        yield
    except StudyError as error:
        error.texts = all_texts(file.texts)
        error.language = file.study.language
        raise
