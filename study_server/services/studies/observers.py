"""What observers of a stimulus set responded, taken into a study.

They stand beside people's responses and never among them: nothing here counts, pays,
admits or excludes anybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hit_templates.base import Paradigm
from hit_templates.fitting import fit_trials, read_asks
from stimuli.manifest import StimulusSet, Trial
from stimuli.observations import (
    Observation,
    ObserverRecord,
    read_observers,
    records_to_text,
)
from study_server.errors import StudyError
from study_server.services import Services
from study_server.services.accounts import activity
from study_server.services.studies.progress import require_study
from study_server.services.study_files.file import StudyFile
from study_server.services.study_files.paradigm import paradigm_of
from study_server.store import Transaction, observers
from study_server.store.tables import ObserverRow, Study


class ObserverMismatchError(StudyError):
    """An observer that did not respond to this study's trials."""


@dataclass(frozen=True, kw_only=True)
class TakenObservers:
    """What came of taking observers into a study.

    Attributes:
        added: Names of those that are new, or were replaced.
        there: Names of those that the study had already.
    """

    added: tuple[str, ...] = ()
    there: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ObservedStimuli:
    """A set's observers, and its trials as a study puts them to people.

    Attributes:
        records: The observers.
        trials: The set's trials, by their ids in the set.
        asks: What the set says of its trials.
        paradigm: Of the study.
        folder: For messages.
    """

    records: tuple[ObserverRecord, ...]
    trials: Mapping[str, Trial]
    asks: Mapping[str, Any]
    paradigm: Paradigm
    folder: Path

    @classmethod
    def read(cls, folder: Path, paradigm: Paradigm) -> ObservedStimuli:
        """The observers of the set in `folder`.

        Raises:
            StimulusSetError: If it is no finished set, or its observations are spoiled.
        """
        opened = StimulusSet.open(folder)
        records = read_observers(folder)
        trials = opened.trials() if records else ()
        return cls(
            records=records,
            trials={trial.id: trial for trial in trials},
            asks=read_asks(opened.summary()),
            paradigm=paradigm,
            folder=folder,
        )

    def rows(self, record: ObserverRecord) -> list[dict[str, Any]]:
        """Rows of `ObservationRow` without the observer, `trial_id` as people have it.

        Raises:
            ObserverMismatchError: If it responded to other trials, or to other
                questions than are asked.
        """
        name = record.observer.name
        unknown = [o.trial for o in record.observations if o.trial not in self.trials]
        if unknown:
            raise ObserverMismatchError(
                f"observer {name!r} responded to {len(unknown)} trials that are not in "
                f"{self.folder} (first: {unknown[0]}); let it observe this set anew: "
                f"`secondlook stimuli observe {self.folder} --fresh`"
            )
        asked = self._put([self.trials[o.trial] for o in record.observations])
        given = self._put(
            [
                replace(self.trials[o.trial], key=o.response, truth=None)
                for o in record.observations
            ]
        )
        rows: list[dict[str, Any]] = []
        for each, trial, said in zip(record.observations, asked, given, strict=True):
            rows += self._rows_of(each, trial, said, name=name)
        return rows

    def _put(self, trials: Sequence[Trial]) -> tuple[Trial, ...]:
        # A response is put in other terms as a key is: both say what is in a picture.
        return fit_trials(self.paradigm, trials, asks=self.asks)

    def _rows_of(
        self, observation: Observation, trial: Trial, said: Trial, *, name: str
    ) -> Iterator[dict[str, Any]]:
        if trial.question not in self.paradigm.questions:
            raise ObserverMismatchError(
                f"trial {trial.id} asks {trial.question!r}, which this study does not"
            )
        fields = self.paradigm.observed_fields(trial)
        response = dict(said.key or {}) if observation.response is not None else {}
        if observation.response is not None and not (
            response and {*response} <= {*fields}
        ):
            raise ObserverMismatchError(
                f"observer {name!r} fills {', '.join(observation.response)} of trial "
                f"{trial.id}; this study asks observers for "
                f"{', '.join(fields) or 'nothing'} ({trial.question!r})"
            )
        self._check_values(trial, response, name=name)
        shares = _shares(observation, response)
        for each in response or fields:
            yield {
                "trial_id": trial.id,
                "repeat": observation.repeat,
                "field": each,
                "value": response.get(each),
                "probability": shares.get(each),
                "refusal": observation.refusal,
            }

    def _check_values(
        self, trial: Trial, response: Mapping[str, str], *, name: str
    ) -> None:
        schema = self.paradigm.response_schema(trial)
        for each, value in response.items():
            offered = schema[each].offered
            if offered and value not in offered:
                raise ObserverMismatchError(
                    f"observer {name!r} says {value!r:.80} for {each} of trial "
                    f"{trial.id}, where people choose from {', '.join(offered)}; let "
                    "it observe the study's own set"
                )


def take_observers(
    services: Services, name: str, folder: Path, *, replace_others: bool = False
) -> TakenObservers:
    """Take every observer of the set in `folder` into a study; again changes nothing.

    Raises:
        UnknownStudyError: If there is none.
        StimulusSetError: If it is no finished set, or its observations are spoiled.
        ObserverMismatchError: If one responded to other trials, or stands for another
            observer of that name.
    """
    with services.store.read() as tx:
        file = StudyFile.model_validate(require_study(tx, name).settings)
    found = ObservedStimuli.read(folder, paradigm_of(file))
    if not found.records:
        raise ObserverMismatchError(
            f"nobody has observed {folder} yet: `secondlook stimuli observe {folder} "
            "--classifier NAME`"
        )
    with services.store.write() as tx:
        study = require_study(tx, name)
        return _take(services, tx, study, found, replace_others=replace_others)


def why_left_out(services: Services, name: str) -> tuple[str, ...]:
    """Why observers of a study's own set were not taken into it, in words.

    Raises:
        UnknownStudyError: If there is none.
    """
    with services.store.read() as tx:
        study = require_study(tx, name)
        known = {each.name for each in observers.observers_of(tx, study.id)}
        main = observers.main_trials(tx, study.id)
        folder = Path(study.set_folder)
        file = StudyFile.model_validate(study.settings)
    found = ObservedStimuli.read(folder, paradigm_of(file))
    reasons = []
    for record in found.records:
        if record.observer.name not in known:
            try:
                _check_complete(found.rows(record), main, record=record, study=name)
            except ObserverMismatchError as error:
                reasons.append(f"left out: {error}")
    return tuple(reasons)


def take_fitting(
    services: Services, tx: Transaction, study: Study, *, found: ObservedStimuli
) -> None:
    """Take those of a set's observers into a new study that its questions are for.

    A set serves several ways of asking; `why_left_out` says what became of the others.
    """
    for record in found.records:
        alone = replace(found, records=(record,))
        with suppress(ObserverMismatchError):
            _take(services, tx, study, alone, replace_others=True)


def _take(
    services: Services,
    tx: Transaction,
    study: Study,
    found: ObservedStimuli,
    *,
    replace_others: bool,
) -> TakenObservers:
    known = {each.name: each.sha256 for each in observers.observers_of(tx, study.id)}
    main = observers.main_trials(tx, study.id)
    added, there = [], []
    for record in found.records:
        name = record.observer.name
        digest = hashlib.sha256(records_to_text([record]).encode()).hexdigest()
        if known.get(name) == digest:
            there.append(name)
            continue
        if name in known and not replace_others:
            raise ObserverMismatchError(
                f"study {study.name!r} has an observer {name!r} that responded "
                "otherwise; give this one another name, or put it in that one's place "
                "with --replace"
            )
        rows = found.rows(record)
        _check_complete(rows, main, record=record, study=study.name)
        row = ObserverRow(
            study_id=study.id,
            name=name,
            kind=record.observer.kind,
            facts=dict(record.observer.facts),
            sha256=digest,
            added_at=services.clock(),
        )
        observers.add_observer(tx, row, rows)
        activity.note(
            services, tx, "observer taken in", subject=study.name, detail=name
        )
        added.append(name)
    return TakenObservers(added=tuple(added), there=tuple(there))


def _check_complete(
    rows: Sequence[Mapping[str, Any]],
    main: set[str],
    *,
    record: ObserverRecord,
    study: str,
) -> None:
    lacking = main - {row["trial_id"] for row in rows}
    if lacking:
        raise ObserverMismatchError(
            f"observer {record.observer.name!r} did not respond to {len(lacking)} of the {len(main)} "
            f"main trials of {study!r} (first: {min(lacking)}), so it cannot stand "
            "beside people; let it observe the study's own set"
        )


def _shares(observation: Observation, response: Mapping[str, str]) -> dict[str, float]:
    """What speaks for each value, by the field that people fill."""
    own = observation.response or {}
    if len(own) != len(response):
        return {}
    return {
        field: observation.shares[each][value]
        for field, (each, value) in zip(
            sorted(response), sorted(own.items()), strict=True
        )
        if value in observation.shares.get(each, {})
    }
