"""Imported studies as bundles: in memory, and as folders."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.importing.checked_responses import TRIAL
from analysis.importing.response_bundles import ImportedFile, assemble
from study_server.private_files import close_tree_to_others, make_private_folder
from study_server.services import Services
from study_server.services.bundles.columns import (
    TABLES,
    DescribedColumn,
    dictionary_rows,
)
from study_server.services.bundles.exporting import (
    ExportError,
    check_place,
    csv_cells,
    file_hashes,
    move_into_place,
    versions,
    write_dictionary,
    write_json,
)
from study_server.services.bundles.imported_records import (
    left_out_of,
    require_imported,
    stored_options,
)
from study_server.services.bundles.tables import Format, as_time, write_table
from study_server.store import Transaction, imports


def imported_bundle(services: Services, name: str) -> Bundle:
    """An imported study as every measure reads it.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    with services.store.read() as tx:
        study = require_imported(tx, name)
        files = [
            ImportedFile(name=file.name, n_rows=file.n_rows, left_out=left_out_of(file))
            for file in imports.files_of(tx, study.id)
        ]
        return assemble(
            _stored_answers(tx, study.id),
            stored_options(study),
            format_name=study.format,
            files=files,
            folder=Path(name),
        )


def export_imported(
    services: Services,
    name: str,
    *,
    out: Path,
    file_format: Format = "csv",
    has_raw_cells: bool = False,
    replace: bool = False,
) -> Path:
    """Write the bundle of an imported study, whole or not at all.

    Args:
        services: Store and clock.
        name: The study's name.
        out: A folder that does not exist yet, or is empty.
        file_format: Of the tables.
        has_raw_cells: Whether CSV files may hold text that a spreadsheet would run.
        replace: Whether an older bundle at `out` may be replaced.

    Raises:
        UnknownStudyError: If there is none of that name.
        ExportError: If `out` is in the way or cannot be written.
    """
    bundle = imported_bundle(services, name)
    check_place(out, replace=replace)
    try:
        make_private_folder(out.parent)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise ExportError(f"cannot write to {out.parent}: {error.strerror}") from error
    try:
        exported_at = as_time(services.clock())
        _write(bundle, part, file_format, exported_at=exported_at, is_raw=has_raw_cells)
        close_tree_to_others(part)
        move_into_place(part, out)
    except OSError as error:
        raise ExportError(f"{name!r} was not written to {out}: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return out


def _stored_answers(tx: Transaction, study_id: int) -> pd.DataFrame:
    """The answers as they were checked, our random names in place of workers.

    Returns:
        Columns as `analysis.importing.checked_responses.check_responses` gives them.
    """
    sessions = list(imports.imported_sessions(tx, study_id))
    trials = list(imports.imported_trials(tx, study_id))
    names = ("trial_row", "session_row", "value", "accepts", "is_right", "rt_ms")
    columns = [*names, "trial", "received_at"]
    answers = _answers(imports.imported_responses(tx, study_id), columns)
    session = _places(sessions, answers.pop("session_row"))
    trial = _places(trials, answers.pop("trial_row"))
    for at, name in enumerate((*TRIAL, "key"), start=1):
        answers[name] = _category([row[at] for row in trials], trial)
    said = [
        json.dumps(row[-1], ensure_ascii=False) if row[-1] else "" for row in trials
    ]
    answers["image_columns"] = _category(said, trial)
    answers["session"] = _category([row[1] for row in sessions], session)
    answers["worker"] = _category([row[2] for row in sessions], session)
    durations = np.array([row[3] for row in sessions], dtype=float)
    answers["session_s"] = durations[session]
    return answers


def _answers(rows: Iterator[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    answers = pd.DataFrame.from_records(rows, columns=columns)
    return answers.assign(
        value=answers["value"].astype("category"),
        accepts=answers["accepts"].astype("boolean"),
        is_right=answers["is_right"].astype("boolean"),
        rt_ms=answers["rt_ms"].astype(float),
        received_at=pd.to_datetime(answers["received_at"], utc=True).astype(
            "datetime64[us, UTC]"
        ),
    )


def _places(rows: list[tuple[Any, ...]], keys: pd.Series) -> np.ndarray:
    """For each key, the place of its row."""
    place = pd.Series(np.arange(len(rows)), index=[row[0] for row in rows])
    places: np.ndarray = place.reindex(keys).to_numpy()
    return places


def _category(values: list[str], places: np.ndarray) -> pd.Categorical[str]:
    found = pd.Categorical(np.array(values, dtype=object))
    return found.take(places)


def _write(
    bundle: Bundle,
    folder: Path,
    file_format: Format,
    *,
    exported_at: str | None,
    is_raw: bool,
) -> None:
    for name, columns in TABLES.items():
        rows = _rows(getattr(bundle, name), columns)
        path = folder / f"{name}.{file_format}"
        write_table(
            path, rows, columns=columns, file_format=file_format, has_raw_cells=is_raw
        )
    (folder / "events.jsonl").write_bytes(b"")
    write_dictionary(
        folder / "data_dictionary.csv", dictionary_rows(file_format, bundle.questions)
    )
    head: dict[str, Any] = {**bundle.head, "exported_at": exported_at}
    head["csv_cells"] = csv_cells(is_raw=is_raw)
    head |= {"versions": versions(), "files": file_hashes(folder)}
    write_json(folder / "bundle.json", head)


def _rows(
    frame: pd.DataFrame, columns: tuple[DescribedColumn, ...]
) -> Iterator[Mapping[str, Any]]:
    """Rows as an export of ours has them; None where a cell is empty."""
    names = [column.name for column in columns]
    json_columns = {column.name for column in columns if column.type == "json"}
    shaped = frame.reindex(columns=names)
    for row in shaped.itertuples(index=False, name=None):
        cells = zip(names, row, strict=True)
        yield {name: _cell(name, value, json_columns) for name, value in cells}


def _cell(name: str, value: Any, json_columns: set[str]) -> Any:  # noqa: ANN401 - any cell
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    if name in json_columns:
        return json.loads(value) if value else None
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
