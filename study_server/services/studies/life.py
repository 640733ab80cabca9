"""A study's life: created, piloted, frozen, opened, closed, amended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from study_server.errors import StudyFrozenError, StudyStateError
from study_server.services import Services
from study_server.services.accounts import activity
from study_server.services.studies.block_composition import compose_blocks
from study_server.services.studies.ingest import (
    LoadedSet,
    check_design,
    check_unchanged,
    class_rows,
    load_set,
    stimulus_rows,
    trial_rows,
)
from study_server.services.studies.observers import ObservedStimuli, take_fitting
from study_server.services.studies.progress import (
    get_study,
    list_studies,
    require_study,
    study_progress,
    to_record,
)
from study_server.services.studies.records import StudyRecord
from study_server.services.studies.recruitments import (
    make_recruitments,
    refuse_unknowable_exclusions,
)
from study_server.services.studies.state_advice import Asked, advice
from study_server.services.study_files.file import StudyFile, parse_study_file
from study_server.services.study_files.paradigm import paradigm_of
from study_server.store import Transaction, imports, studies, trials
from study_server.store.tables import Amendment, Study

__all__ = [
    "amend_study",
    "close_study",
    "create_study",
    "freeze_study",
    "get_study",
    "list_studies",
    "open_study",
    "parse_study_file",
    "pause_study",
    "pilot_study",
    "resume_study",
    "study_progress",
]

_UNFROZEN: Final = ("draft", "pilot")


def create_study(services: Services, path: Path, *, stimuli: Path) -> StudyRecord:
    """Create a study from its file and a stimulus set; or replace a draft of that name.

    The file is kept verbatim; the stimuli stay where they are. Every image's
    bytes are checked against its name.

    Raises:
        StudyFileError: Every problem of the file.
        StimulusSetError: If the folder is no finished stimulus set.
        StimulusSetChangedError: If images differ from the manifest.
        StudyDesignError: If the trials cannot be asked this way, the set lacks a
            condition, or people are to be excluded who cannot be known.
        StudyFrozenError: If a frozen study has that name.
    """
    file = parse_study_file(path)
    with services.store.read() as tx:
        _refuse_frozen(tx, file)
        refuse_unknowable_exclusions(tx, file)
    loaded = load_set(stimuli).fitted_to(paradigm_of(file))
    check_design(file, loaded)
    observed = ObservedStimuli.read(loaded.folder, paradigm_of(file))
    loaded = loaded.at_levels(file)
    with services.store.write() as tx:
        _refuse_frozen(tx, file)
        study = _replace_draft(tx, file, loaded)
        if study is None:
            study = _add_study(services, tx, _New(file=file, loaded=loaded))
        make_recruitments(services, tx, study.id, file=file)
        activity.note(services, tx, "study created", subject=study.name)
        take_fitting(services, tx, study, found=observed)
        return to_record(tx, study, settings=services.settings)


def pilot_study(services: Services, name: str) -> StudyRecord:
    """Open the study's pilot links; what comes in never counts.

    Raises:
        UnknownStudyError: If there is none.
        StudyStateError: If the study is not a draft.
        StimulusSetChangedError: If the stimulus set is not the same any more.
    """
    _check_set(services, name)
    with services.store.write() as tx:
        study = _locked(tx, name)
        _require_state(study, "draft", asked="piloted")
        compose_blocks(services, tx, study, environment="pilot")
        study.state = "pilot"
        activity.note(services, tx, "study piloted", subject=name)
        return to_record(tx, study, settings=services.settings)


def freeze_study(services: Services, name: str) -> StudyRecord:
    """Lock what the study is, with hash and time, and cut its blocks.

    Raises:
        UnknownStudyError: If there is none.
        StudyStateError: If it is frozen already.
        StimulusSetChangedError: If the stimulus set is not the same any more.
    """
    _check_set(services, name)
    with services.store.write() as tx:
        study = _locked(tx, name)
        _require_state(study, *_UNFROZEN, asked="frozen")
        for environment in ("live", "simulated"):
            compose_blocks(services, tx, study, environment=environment)
        study.state = "frozen"
        study.frozen_at = services.clock()
        study.frozen_sha256 = _frozen_sha256(study)
        digest = study.frozen_sha256[:12]
        activity.note(services, tx, "study frozen", subject=name, detail=digest)
        return to_record(tx, study, settings=services.settings)


def open_study(services: Services, name: str) -> StudyRecord:
    """Let people in through the live links (again, after closing).

    Raises:
        UnknownStudyError: If there is none.
        StudyStateError: If it is not frozen yet, or open already.
        StimulusSetChangedError: If the stimulus set is not the same any more.
    """
    _check_set(services, name)
    with services.store.write() as tx:
        study = _locked(tx, name)
        _require_state(study, "frozen", "closed", asked="opened")
        study.state = "open"
        study.opened_at = study.opened_at or services.clock()
        study.closed_at = study.paused_at = None
        activity.note(services, tx, "study opened", subject=name)
        return to_record(tx, study, settings=services.settings)


def pause_study(services: Services, name: str) -> StudyRecord:
    """Let nobody in for a while; sessions under way may end. Again changes nothing.

    Raises:
        UnknownStudyError: If there is none.
        StudyStateError: If it is not open.
    """
    with services.store.write() as tx:
        study = _locked(tx, name)
        _require_state(study, "open", asked="paused")
        if study.paused_at is None:
            study.paused_at = services.clock()
            activity.note(services, tx, "study paused", subject=name)
        return to_record(tx, study, settings=services.settings)


def resume_study(services: Services, name: str) -> StudyRecord:
    """Let people in again after a pause; without one, nothing changes.

    Raises:
        UnknownStudyError: If there is none.
        StudyStateError: If it is not open.
    """
    with services.store.write() as tx:
        study = _locked(tx, name)
        _require_state(study, "open", asked="resumed")
        if study.paused_at is not None:
            study.paused_at = None
            activity.note(services, tx, "study resumed", subject=name)
        return to_record(tx, study, settings=services.settings)


def close_study(services: Services, name: str) -> StudyRecord:
    """Let nobody new in; sessions under way may end.

    Raises:
        UnknownStudyError: If there is none.
        StudyStateError: If it is not open.
    """
    with services.store.write() as tx:
        study = _locked(tx, name)
        _require_state(study, "open", asked="closed")
        study.state, study.paused_at = "closed", None
        study.closed_at = services.clock()
        activity.note(services, tx, "study closed", subject=name)
        return to_record(tx, study, settings=services.settings)


def amend_study(services: Services, name: str, *, text: str) -> StudyRecord:
    """Write down a dated change of a frozen study, shown in the report.

    Raises:
        UnknownStudyError: If there is none.
        StudyStateError: If it is not frozen yet: edit its file instead.
    """
    if not text.strip():
        raise StudyStateError("an amendment needs words: what changed, and why")
    with services.store.write() as tx:
        study = _locked(tx, name)
        if study.state in _UNFROZEN:
            raise StudyStateError(
                f"study {name!r} is not frozen yet: edit its file and run `secondlook "
                "study create STUDY.toml --stimuli SET` again; amendments are for what "
                "is locked"
            )
        amendment = Amendment(study_id=study.id, at=services.clock(), text=text.strip())
        studies.add(tx, amendment)
        activity.note(services, tx, "study amended", subject=name)
        return to_record(tx, study, settings=services.settings)


@dataclass(frozen=True, kw_only=True)
class _New:
    file: StudyFile
    loaded: LoadedSet


def _locked(tx: Transaction, name: str) -> Study:
    return studies.lock_study(tx, require_study(tx, name).id)


def _require_state(study: Study, *allowed: str, asked: Asked) -> None:
    if study.state not in allowed:
        raise StudyStateError(
            f"study {study.name!r} is {study.state}, so it cannot be {asked} "
            f"(that takes a study that is {' or '.join(allowed)}): "
            + advice(asked, state=study.state, name=study.name)
        )


def _check_set(services: Services, name: str) -> None:
    """Before the transaction: hashing a large set takes seconds."""
    with services.store.read() as tx:
        study = require_study(tx, name)
        files = trials.image_files(tx, study.id)
    check_unchanged(Path(study.set_folder), set_sha256=study.set_sha256, files=files)


def _refuse_frozen(tx: Transaction, file: StudyFile) -> None:
    study = studies.find_study(tx, file.study.name)
    if study is None and imports.find_imported(tx, file.study.name) is not None:
        raise StudyStateError(
            f"{file.study.name!r} names a study that was imported; what is collected "
            "here is never mixed with it: give the study another name"
        )
    if study is None or study.state in _UNFROZEN:
        return
    changed = list(_changes(study.settings, file.model_dump(mode="json")))
    what = f"; its file now differs in: {', '.join(changed)}" if changed else ""
    raise StudyFrozenError(
        f"study {study.name!r} was frozen at {study.frozen_at:%Y-%m-%d %H:%M} UTC and "
        f"is {study.state}{what}. What is frozen is not changed: give the study "
        "another name in its file, or write down what you do differently with "
        f"`secondlook study amend {study.name} --text WHAT`"
    )


def _changes(
    before: Mapping[str, Any], after: Mapping[str, Any], *, under: str = ""
) -> Iterator[str]:
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old == new or (not under and key in ("toml", "toml_sha256")):
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _changes(old, new, under=f"{under}{key}.")
        else:
            yield f"{under}{key}"


def _replace_draft(tx: Transaction, file: StudyFile, loaded: LoadedSet) -> Study | None:
    """The draft of that name brought up to date; None if it is to be added anew."""
    found = studies.find_study(tx, file.study.name)
    if found is None:
        return None
    study = studies.lock_study(tx, found.id)
    if not studies.has_enrolments(tx, study.id):
        studies.delete_study(tx, study.id)
        return None
    if study.set_sha256 != loaded.sha256:
        raise StudyStateError(
            f"study {study.name!r} has pilot responses to the stimulus set in "
            f"{study.set_folder}, and {loaded.folder} is another one: create the "
            "study under another name"
        )
    study.set_folder, study.state = str(loaded.folder), "draft"
    _write_file(study, file)
    return study


def _write_file(study: Study, file: StudyFile) -> None:
    study.title, study.paradigm = file.study.title, file.study.paradigm
    study.seed = file.study.seed
    study.toml, study.toml_sha256 = file.toml, file.toml_sha256
    study.settings = file.model_dump(mode="json")


def _add_study(services: Services, tx: Transaction, new: _New) -> Study:
    loaded = new.loaded
    study = Study(
        name=new.file.study.name,
        state="draft",
        set_folder=str(loaded.folder),
        set_sha256=loaded.sha256,
        recipe_toml=loaded.recipe_toml,
        set_summary=dict(loaded.summary),
        created_at=services.clock(),
    )
    _write_file(study, new.file)
    studies.add(tx, study)
    studies.insert_classes(tx, class_rows(loaded, study.id))
    studies.insert_stimuli(
        tx, stimulus_rows(loaded, study.id, new_token=services.new_token)
    )
    rows = trial_rows(loaded, study.id, paradigm=paradigm_of(new.file))
    studies.insert_trials(tx, study.id, rows)
    return study


def _frozen_sha256(study: Study) -> str:
    locked = {
        "toml_sha256": study.toml_sha256,
        "settings": study.settings,
        "set_sha256": study.set_sha256,
    }
    text = json.dumps(locked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
