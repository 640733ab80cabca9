"""What imported studies are: plain records, and where they are found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from study_server.errors import UnknownStudyError
from study_server.services import Services
from study_server.store import Transaction, imports
from study_server.store.tables import ImportedFileRow, ImportedStudy

if TYPE_CHECKING:
    from analysis.importing import ImportOptions
    from analysis.importing.base import RowsLeftOut


@dataclass(frozen=True, kw_only=True)
class ImportedFileRecord:
    """A file of an imported study, and rows of it that were left out."""

    name: str
    sha256: str
    n_rows: int
    imported_at: datetime
    left_out: tuple[RowsLeftOut, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImportedStudyRecord:
    """An imported study as it stands.

    Attributes:
        format: How its files were read.
        options: What was said of them.
        files: In the order they came.
    """

    name: str
    title: str
    format: str
    options: ImportOptions
    created_at: datetime
    files: tuple[ImportedFileRecord, ...]
    n_responses: int
    n_participants: int
    n_trials: int


def imported_record(services: Services, name: str) -> ImportedStudyRecord:
    """The imported study of that name.

    Raises:
        UnknownStudyError: If there is none.
    """
    with services.store.read() as tx:
        return _record(tx, require_imported(tx, name))


def list_imported(services: Services) -> list[ImportedStudyRecord]:
    """Every imported study, newest first."""
    with services.store.read() as tx:
        return [_record(tx, study) for study in imports.all_imported(tx)]


def is_imported(services: Services, name: str) -> bool:
    """Whether an imported study has that name."""
    with services.store.read() as tx:
        return imports.find_imported(tx, name) is not None


def require_imported(tx: Transaction, name: str) -> ImportedStudy:
    """The imported study of that name.

    Raises:
        UnknownStudyError: Listing those there are.
    """
    study = imports.find_imported(tx, name)
    if study is None:
        there = ", ".join(each.name for each in imports.all_imported(tx)) or "none yet"
        raise UnknownStudyError(f"no imported study {name!r}; there are: {there}")
    return study


def stored_options(study: ImportedStudy) -> ImportOptions:
    """What was said of a study's files."""
    # Here, so that help and pages about other studies load no pandas.
    from analysis.importing import ImportOptions

    kept: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in study.options.items()
    }
    return ImportOptions(**kept)


def left_out_of(file: ImportedFileRow) -> tuple[RowsLeftOut, ...]:
    """Rows of a file that were left out, and why."""
    from analysis.importing.base import RowsLeftOut

    return tuple(
        RowsLeftOut(**{**each, "rows": tuple(each["rows"])}) for each in file.left_out
    )


def _record(tx: Transaction, study: ImportedStudy) -> ImportedStudyRecord:
    counts = imports.count_imported(tx, study.id)
    return ImportedStudyRecord(
        name=study.name,
        title=study.title,
        format=study.format,
        options=stored_options(study),
        created_at=study.created_at,
        files=tuple(
            ImportedFileRecord(
                name=file.name,
                sha256=file.sha256,
                n_rows=file.n_rows,
                imported_at=file.imported_at,
                left_out=left_out_of(file),
            )
            for file in imports.files_of(tx, study.id)
        ),
        n_responses=counts.n_responses,
        n_participants=counts.n_participants,
        n_trials=counts.n_trials,
    )
