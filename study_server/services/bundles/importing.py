"""Studies that were collected elsewhere: stored apart, exported and reported alike."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Final

from analysis.importing import FORMATS, Imported, ImportOptions, read_files
from analysis.importing.base import NothingThereError, SourceFile
from analysis.importing.given_files import given_files
from analysis.importing.same_study import FIELDS, differences
from study_server.errors import StudyError, StudyStateError
from study_server.services import Services
from study_server.services.accounts import activity
from study_server.services.bundles.imported_records import (
    ImportedStudyRecord,
    imported_record,
    stored_options,
)
from study_server.services.bundles.imported_rows import ImportedRows, store_answers
from study_server.store import Transaction, imports, studies
from study_server.store.tables import ImportedFileRow, ImportedStudy

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Said of a study, not of the way one file is written.
_OF_THE_FILE: Final = ("name", "encoding", "bad_rows")


class ImportingError(StudyError):
    """Files that cannot be imported into this study."""

    status = 409


@dataclass(frozen=True, kw_only=True)
class ImportReceipt:
    """What an import did.

    Attributes:
        study: The imported study afterwards.
        n_added: Responses that are new.
        known: Files that were there already and added nothing.
        notes: What its user should know.
    """

    study: ImportedStudyRecord
    n_added: int
    known: tuple[str, ...]
    notes: tuple[str, ...]


def import_study(
    services: Services,
    paths: Sequence[Path],
    options: ImportOptions,
    *,
    format_name: str,
    is_replaced: bool = False,
) -> ImportReceipt:
    """Store responses that were collected elsewhere as an imported study.

    Whole or not at all. A file that is there already adds nothing; further
    files of the same study add theirs.

    Args:
        services: Store and clock.
        paths: The files.
        options: What they mean; `options.name` is the study's name. What an
            earlier import said is kept where nothing is said.
        format_name: How they are read, see `analysis.importing.FORMATS`.
        is_replaced: Whether an imported study of that name is deleted first.

    Raises:
        StudyStateError: If a study of ours has that name.
        ImportingError: If the files are of another imported study.
        ImportRefusedError: Naming every problem of every file.
    """
    _check_name(options.name)
    given = given_files(paths)
    hashes = {file.name: _sha256(file.path) for file in given.files if _is_there(file)}
    with services.store.read() as tx:
        before = _before(tx, options, is_replaced=is_replaced)
        known = [] if before is None else _known_files(tx, before, hashes)
        _refuse_files_of_others(tx, options.name, hashes)
        if before is not None:
            options = _kept_options(before, options, format_name=format_name)
    new = [file for file in given.files if file.name not in known]
    if before is not None and not new:
        record = imported_record(services, options.name)
        return ImportReceipt(
            study=record, n_added=0, known=tuple(known), notes=given.notes
        )
    fields = [] if before is None else before.identity.get(FIELDS, [])
    try:
        imported = read_files(new, options, format_name=format_name, fields=fields)
    except NothingThereError as error:
        if not known:
            raise
        # The files that hold something were imported already.
        record = imported_record(services, options.name)
        notes = (*given.notes, *error.notes)
        return ImportReceipt(study=record, n_added=0, known=tuple(known), notes=notes)
    _refuse_nobody(imported)
    with services.store.write() as tx:
        _refuse_own_hits(tx, imported)
        study = _prepared(services, tx, imported, is_replaced=is_replaced)
        _check_identity(study, imported)
        rows = _rows(services, tx, study, imported, hashes=hashes)
        store_answers(services, tx, rows)
        n_files = f"{len(new)} files as {format_name}"
        activity.note(
            services, tx, "study imported", subject=options.name, detail=n_files
        )
    return ImportReceipt(
        study=imported_record(services, options.name),
        n_added=len(imported.answers),
        known=tuple(known),
        notes=(*given.notes, *imported.notes, *_not_stored(imported)),
    )


def _not_stored(imported: Imported) -> tuple[str, ...]:
    """What is said of observers: a stored study holds people's responses."""
    n = len(imported.observed)
    if not n:
        return ()
    return (
        f"what observers responded ({n:,}) is not stored, only what people did is; "
        f"`secondlook report make FILE --format {imported.format_name}` shows both side by side",
    )


def _refuse_nobody(imported: Imported) -> None:
    if imported.answers.empty:
        names = ", ".join(file.name for file in imported.files)
        raise ImportingError(
            f"{names}: all responses are those of observers, and a stored study holds "
            f"people's. `secondlook report make FILE --format {imported.format_name}` "
            "reports observers; --observers none takes everybody for a person"
        )


def _is_there(file: SourceFile) -> bool:
    """Whether it holds anything; files that are empty are no file of any study."""
    return file.path.is_file() and file.path.stat().st_size > 0


def _check_name(name: str) -> None:
    if not _SLUG.fullmatch(name):
        raise ImportingError(
            f"{name!r} cannot name a study: expected lower-case letters, digits and "
            "'-', at most 63 characters"
        )


def _before(
    tx: Transaction, options: ImportOptions, *, is_replaced: bool
) -> ImportedStudy | None:
    """The imported study to add to; None where there is none, or it goes."""
    if studies.find_study(tx, options.name) is not None:
        raise StudyStateError(
            f"study {options.name!r} is run here, and what others collected is never "
            "mixed with it: import the files under another name"
        )
    return None if is_replaced else imports.find_imported(tx, options.name)


def _known_files(
    tx: Transaction, study: ImportedStudy, hashes: Mapping[str, str]
) -> list[str]:
    known = {file.sha256 for file in imports.files_of(tx, study.id)}
    return [name for name, sha256 in hashes.items() if sha256 in known]


def _refuse_files_of_others(
    tx: Transaction, name: str, hashes: Mapping[str, str]
) -> None:
    found = []
    for file, sha256 in hashes.items():
        others = [n for n in imports.studies_with_file(tx, sha256) if n != name]
        if others:
            found.append(f"{file} (in {', '.join(others)})")
    if found:
        raise ImportingError(
            f"of another study: {'; '.join(found)} was imported there already; a file "
            "belongs to one study"
        )


def _refuse_own_hits(tx: Transaction, imported: Imported) -> None:
    """What came of HITs posted from here is counted here already."""
    posted = imports.studies_that_posted(tx, imported.hits)
    if posted:
        files = ", ".join(file.name for file in imported.files)
        raise ImportingError(
            f"{files}: of {', '.join(posted)}, whose HITs were posted from here; "
            f"`secondlook hit sync {posted[0]}` takes in what people did"
        )


def _kept_options(
    study: ImportedStudy, given: ImportOptions, *, format_name: str
) -> ImportOptions:
    """What the first import said, which the next may repeat but not contradict."""
    if study.format != format_name:
        raise ImportingError(
            f"{study.name} was imported as {study.format}, got {format_name}: a file of "
            "another study? Give it a name of its own"
        )
    kept, plain = stored_options(study), ImportOptions(name=given.name)
    differing = [
        f"{field.name} was {getattr(kept, field.name)!r}, got {value!r}"
        for field in fields(ImportOptions)
        if field.name not in _OF_THE_FILE
        and (value := getattr(given, field.name)) != getattr(plain, field.name)
        and value != getattr(kept, field.name)
    ]
    if differing:
        raise ImportingError(
            f"{study.name} was imported with other options: {'; '.join(differing)}. "
            "Leave them out, or begin anew with --replace"
        )
    of_the_file = {name: getattr(given, name) for name in _OF_THE_FILE}
    return replace(kept, **of_the_file)


def _prepared(
    services: Services, tx: Transaction, imported: Imported, *, is_replaced: bool
) -> ImportedStudy:
    """The study's row, made or found inside the transaction."""
    options = imported.options
    _before(tx, options, is_replaced=False)
    found = imports.find_imported(tx, options.name)
    if found is not None and not is_replaced:
        return found
    if found is not None:
        imports.delete_imported(tx, found.id)
    study = ImportedStudy(
        name=options.name,
        title=options.title or options.name,
        format=imported.format_name,
        options=json.loads(json.dumps(asdict(options))),
        identity=json.loads(json.dumps(imported.identity)),
        created_at=services.clock(),
    )
    studies.add(tx, study)
    return study


def _check_identity(study: ImportedStudy, imported: Imported) -> None:
    found = json.loads(json.dumps(imported.identity))
    differing = differences(study.identity, found, is_part=imported.is_part)
    if differing:
        names = ", ".join(file.name for file in imported.files)
        raise ImportingError(
            f"{names}: of another study than {study.name}, by {'; '.join(differing)}. "
            "Import it under a name of its own"
        )


def _rows(
    services: Services,
    tx: Transaction,
    study: ImportedStudy,
    imported: Imported,
    *,
    hashes: Mapping[str, str],
) -> ImportedRows:
    """The answers with a row for each file they came from."""
    file_ids = {}
    for file in imported.files:
        row = ImportedFileRow(
            imported_study_id=study.id,
            name=file.name,
            sha256=hashes[file.name],
            n_rows=file.n_rows,
            imported_at=services.clock(),
            left_out=[asdict(each) for each in file.left_out],
        )
        studies.add(tx, row)
        file_ids[file.name] = row.id
    recruiter = FORMATS[imported.format_name].recruiter
    return ImportedRows(
        study_id=study.id,
        issuer=recruiter or f"import:{study.name}",
        answers=imported.answers,
        file_ids=file_ids,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
