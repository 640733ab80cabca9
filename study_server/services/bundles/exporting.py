"""Exporting a study as a bundle, from which reports are made on any machine."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Literal

from analysis.bundles.schema import SCHEMA_VERSION
from hit_templates.rendering import declaration, worded
from stimuli.files.images import open_image
from stimuli.files.paths import inside
from stimuli.files.safe_csv import csv_writer
from study_server.errors import StudyError, UnknownStudyError
from study_server.private_files import close_tree_to_others, make_private_folder
from study_server.recruiters.registry import get_recruiter
from study_server.services import Services
from study_server.services.accounts import activity
from study_server.services.bundles.columns import TABLES, dictionary_rows
from study_server.services.bundles.rows import (
    ResponseRows,
    asked_trial,
    class_row,
    event_row,
    image_column_rows,
    session_row,
    shown_event,
    stimulus_row,
    trial_row,
    use_rows,
)
from study_server.services.bundles.tables import Format, as_json, as_time, write_table
from study_server.services.participation import leases
from study_server.services.studies.session_parts import part_names
from study_server.services.study_files.file import StudyFile
from study_server.services.study_files.paradigm import paradigm_of
from study_server.store import Transaction, export_rows, observers, studies
from study_server.store.export_rows import ExportScope
from study_server.store.tables import Study

THUMBNAIL_PX: Final = 128

Images = Literal["thumbnails", "full", "none"]
Environment = Literal["live", "pilot", "sandbox", "simulated"]

_VERSIONS_OF: Final = ("secondlook", "numpy", "pillow", "sqlalchemy")


class ExportError(StudyError):
    """A bundle that could not be written."""


def export_study(
    services: Services,
    name: str,
    *,
    out: Path,
    images: Images = "thumbnails",
    environment: Environment | None = None,
    file_format: Format = "csv",
    has_free_text: bool | None = None,
    has_raw_cells: bool = False,
    replace: bool = False,
) -> Path:
    """Write the bundle of a study to the folder `out`, whole or not at all.

    The same database gives the same bytes, `exported_at` apart.

    Args:
        services: Store, settings and clock.
        name: The study's name.
        out: A folder that does not exist yet, or is empty.
        images: "thumbnails" (at most 128 pixels), "full" or "none".
        environment: Whose responses; where left out live ones if there are
            any, otherwise simulated ones if there are any.
        file_format: Of the tables.
        has_free_text: Whether what people wrote in their own words goes along; as
            `[export] free_text` of the study file says where left out.
        has_raw_cells: Whether CSV files may hold text that a spreadsheet would run.
        replace: Whether an older bundle at `out` may be replaced.

    Raises:
        UnknownStudyError: Listing the studies there are.
        ExportError: If `out` is in the way or cannot be written.
    """
    check_place(out, replace=replace)
    try:
        make_private_folder(out.parent)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise ExportError(f"cannot write to {out.parent}: {error.strerror}") from error
    # Whoever's time is over has ended, whether or not a server noticed.
    leases.sweep(services)
    try:
        with services.store.read() as tx:
            export = _Export(
                tx=tx,
                study=_study(tx, name),
                folder=part,
                file_format=file_format,
                environment=environment,
                has_free_text=has_free_text,
                has_raw_cells=has_raw_cells,
            )
            export.write(images=images, exported_at=services.clock())
        close_tree_to_others(part)
        move_into_place(part, out)
    except OSError as error:
        raise ExportError(
            f"the bundle of {name!r} was not written to {out}: {error}"
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    what = f"{environment or 'default'} to {out.name}"
    activity.note_now(services, "study exported", subject=name, detail=what)
    return out


@dataclass(frozen=True, kw_only=True)
class _Export:
    tx: Transaction
    study: Study
    folder: Path
    file_format: Format
    environment: Environment | None
    has_free_text: bool | None
    has_raw_cells: bool

    def write(self, *, images: Images, exported_at: datetime) -> None:
        scope = ExportScope(study_id=self.study.id, environment=self._environment())
        self._write_texts()
        self._write_stimuli(images)
        self._write_people(scope)
        questions = worded(paradigm_of(self._file), self._file.texts)
        classes = self._classes_asked
        rows = dictionary_rows(
            self.file_format,
            {name: each.with_classes(classes) for name, each in questions.items()},
        )
        write_dictionary(self.folder / "data_dictionary.csv", rows)
        head = self._head(scope, exported_at=exported_at)
        write_json(self.folder / "bundle.json", head)

    def _environment(self) -> str:
        if self.environment is not None:
            return self.environment
        found = export_rows.environments_with_people(self.tx, self.study.id)
        return next((name for name in ("live", "simulated") if name in found), "live")

    def _write_texts(self) -> None:
        _write_bytes(self.folder / "study.toml", self.study.toml)
        _write_bytes(self.folder / "recipe.toml", self.study.recipe_toml)
        write_json(self.folder / "settings.json", self.study.settings)

    def _write_stimuli(self, images: Images) -> None:
        tx, study = self.tx, self.study
        self._table("classes", map(class_row, export_rows.classes(tx, study.id)))
        self._table("stimuli", map(stimulus_row, export_rows.stimuli(tx, study.id)))
        stimuli = export_rows.stimuli(tx, study.id)
        self._table("image_columns", image_column_rows(stimuli))
        self._table("trials", map(trial_row, export_rows.trials(tx, study.id)))
        uses = (
            use for row in export_rows.trials(tx, study.id) for use in use_rows(row)
        )
        self._table("uses", uses)
        self._table("audit", export_rows.audit(tx, study.id))
        self._table("observations", observers.observations(tx, study.id))
        if images != "none":
            rows = export_rows.stimuli(tx, study.id)
            _write_images(self.folder, Path(study.set_folder), rows=rows, images=images)

    def _write_people(self, scope: ExportScope) -> None:
        paradigm = paradigm_of(self._file)
        trials = {
            row["id"]: asked_trial(row, paradigm, has_free_text=self._passes_text)
            for row in export_rows.trials(self.tx, scope.study_id)
        }
        design, parts = self._file.design, part_names(self._file)
        responses = ResponseRows(
            trials=trials, responses_per_trial=design.responses_per_trial, parts=parts
        )
        sessions = export_rows.sessions(self.tx, scope)
        self._table("sessions", (session_row(row, parts=parts) for row in sessions))
        found = export_rows.responses(self.tx, scope)
        self._table("responses", responses.rows(found))
        self._table("survey", self._survey(scope))
        self._write_events(scope)

    @property
    def _passes_text(self) -> bool:
        if self.has_free_text is None:
            return self._file.export.free_text
        return self.has_free_text

    def _survey(self, scope: ExportScope) -> Iterator[Mapping[str, Any]]:
        chosen = {item.name for item in self._file.survey.questions if item.choices}
        return (
            row
            for row in export_rows.survey(self.tx, scope)
            if self._passes_text or row["field"] in chosen
        )

    def _write_events(self, scope: ExportScope) -> None:
        path = self.folder / "events.jsonl"
        with path.open("w", encoding="utf-8", newline="\n") as handle:
            for row in export_rows.responses(self.tx, scope):
                handle.write(as_json(shown_event(row)) + "\n")
            for row in export_rows.events(self.tx, scope):
                handle.write(as_json(event_row(row)) + "\n")

    def _table(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        path = self.folder / f"{name}.{self.file_format}"
        write_table(
            path,
            rows,
            columns=TABLES[name],
            file_format=self.file_format,
            has_raw_cells=self.has_raw_cells,
        )

    @cached_property
    def _classes_asked(self) -> dict[str, str]:
        """Id to name of the classes that trials are about, in the set's order."""
        rows = export_rows.trials(self.tx, self.study.id)
        asked = {name for row in rows for name in row["classes"]}
        return {
            row["class_id"]: row["name"]
            for row in export_rows.classes(self.tx, self.study.id)
            if row["class_id"] in asked
        }

    @property
    def _file(self) -> StudyFile:
        return StudyFile.model_validate(self.study.settings)

    def _head(self, scope: ExportScope, *, exported_at: datetime) -> dict[str, Any]:
        file, summary = self._file, self.study.set_summary
        design = file.design.model_dump(mode="json")
        return {
            "schema_version": SCHEMA_VERSION,
            "study": self._study_head(),
            "environment": scope.environment,
            "is_simulated": scope.environment == "simulated",
            "exported_at": as_time(exported_at),
            "has_free_text": self._passes_text,
            "csv_cells": csv_cells(is_raw=self.has_raw_cells),
            "design": {
                **design,
                "agreement": file.analysis.agreement,
                **paradigm_of(file).describe(),
            },
            "quality": file.quality.model_dump(mode="json"),
            "hypotheses": list(file.analysis.hypotheses),
            "cluster": list(file.analysis.cluster),
            "nameless_recruiters": [
                name
                for name, section in file.recruiter.items()
                if get_recruiter(name).is_open(section)
            ],
            "questions": declaration(
                paradigm_of(file), file.texts, classes=self._classes_asked
            ),
            "shows": summary.get("shows"),
            "ask": summary.get("ask"),
            "stimuli": summary,
            "levels": summary.get("levels"),
            "observers": self._observers(),
            "flow": export_rows.flow(self.tx, scope),
            "flow_by_condition": export_rows.flow_by_condition(self.tx, scope),
            "files": file_hashes(self.folder),
            "versions": versions(),
        }

    def _observers(self) -> list[dict[str, Any]]:
        counts = observers.observer_counts(self.tx, self.study.id)
        return [
            {
                **each.facts,
                "name": each.name,
                "kind": each.kind,
                "n_values": counts[each.name][0],
                "n_refused": counts[each.name][1],
            }
            for each in observers.observers_of(self.tx, self.study.id)
        ]

    def _study_head(self) -> dict[str, Any]:
        study = self.study
        changes = export_rows.amendments(self.tx, study.id)
        return {
            "name": study.name,
            "title": study.title,
            "paradigm": study.paradigm,
            "state": study.state,
            "seed": study.seed,
            "toml_sha256": study.toml_sha256,
            "set_sha256": study.set_sha256,
            "frozen_at": as_time(study.frozen_at),
            "frozen_sha256": study.frozen_sha256,
            "amendments": [
                {"at": as_time(change.at), "text": change.text} for change in changes
            ],
        }


def _study(tx: Transaction, name: str) -> Study:
    study = studies.find_study(tx, name)
    if study is None:
        there_are = ", ".join(export_rows.study_names(tx)) or "none yet"
        raise UnknownStudyError(f"no study {name!r}; there are: {there_are}")
    return study


def check_place(out: Path, *, replace: bool) -> None:
    """Refuse a folder that holds something else.

    Raises:
        ExportError: Unless it is empty, not there, or a bundle to be replaced.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if replace and (out / "bundle.json").is_file():
        return
    kind = "a bundle" if (out / "bundle.json").is_file() else "something else"
    hint = "; --force replaces it" if kind == "a bundle" else ""
    raise ExportError(
        f"{out} already holds {kind}: give a folder that is empty or not there{hint}"
    )


def move_into_place(part: Path, out: Path) -> None:
    """Rename a finished folder; what lay there before is deleted."""
    # A folder can only be renamed onto an empty one.
    if out.exists():
        old = part.with_name(f"{part.name}-old")
        out.rename(old)
        part.rename(out)
        shutil.rmtree(old)
    else:
        part.rename(out)


def _write_images(
    folder: Path,
    set_folder: Path,
    *,
    rows: Iterable[Mapping[str, Any]],
    images: Images,
) -> None:
    (folder / "images").mkdir()
    copy: Callable[[Path, Path], object]
    copy = _thumbnail if images == "thumbnails" else shutil.copyfile
    for row in rows:
        source = inside(set_folder, row["file"])
        if not source.is_file():
            raise ExportError(
                f"the stimulus set lacks {source}: put the set back where it was when "
                "the study was created, or export with --images none"
            )
        copy(source, folder / "images" / f"{row['stimulus_id']}.png")


def _thumbnail(source: Path, target: Path) -> None:
    with open_image(source) as image:
        small = image.convert("RGB")
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    small.save(target, "PNG", compress_level=9)


def csv_cells(*, is_raw: bool) -> str:
    """How the text in a bundle's CSV files is to be read; stated in bundle.json."""
    return "raw" if is_raw else "safe"


def write_dictionary(path: Path, rows: list[dict[str, str]]) -> None:
    """Write the data dictionary."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv_writer(handle)
        writer.writerow(rows[0])
        writer.writerows(row.values() for row in rows)


def write_json(path: Path, value: object) -> None:
    """Write JSON with sorted keys, so that the same value gives the same bytes."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    _write_bytes(path, text + "\n")


def _write_bytes(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by path."""
    return {name: _sha256(folder / name) for name in sorted(_files(folder))}


def _files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.relative_to(folder).as_posix()


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def versions() -> dict[str, str]:
    """Versions of what wrote a bundle."""
    found = {"python": platform.python_version()}
    for name in _VERSIONS_OF:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
