"""Where an observer's responses are kept: while it is asked, and beside the trials."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from stimuli.files.text import TextFileError, read_json
from stimuli.manifest import StimulusSet
from stimuli.observations import (
    OBSERVATIONS,
    ObserverRecord,
    name_problem,
    read_observers,
    records_to_text,
)
from stimuli.observing.rules import ObservingError
from stimuli.records.storage import Disk, make_folder

WORK: Final = ".observing"
PLAN: Final = "plan.json"

_WORDS: Final = {
    "set": "the set",
    "observer": "the observer",
    "asked": "how it is asked",
    "versions": "the versions of the libraries",
    "execution": "how the work is cut",
}


@dataclass(frozen=True, kw_only=True)
class ObservedSet:
    """The outcome.

    Attributes:
        record: Who responded what.
        is_new: False where the set held this very observer already.
        n_left_out: Trials that say nothing of how an observer responds.
        incidents: Workers lost and replaced, in words.
    """

    record: ObserverRecord
    is_new: bool
    n_left_out: int = 0
    incidents: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ObserverPlan:
    """Everything that can change what an observer responds.

    Attributes:
        name: Of the observer.
        parts: By what to call them, ready for JSON.
    """

    name: str
    parts: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """Hash over the parts."""
        text = json.dumps(self.parts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ObserverShelf:
    """The observers of one set, finished and unfinished.

    Attributes:
        set: A finished set; only its observations are ever written.
        disk: How.
    """

    set: StimulusSet
    disk: Disk = field(default_factory=Disk)

    def find(self, plan: ObserverPlan) -> ObserverRecord | None:
        """What this very observer responded, if it is done.

        Raises:
            ObservingError: If the name cannot be, or stands for another observer.
        """
        if problem := name_problem(plan.name):
            raise ObservingError(problem)
        there = read_observers(self.set.folder)
        found = next((r for r in there if r.observer.name == plan.name), None)
        if found is None:
            return None
        if found.observer.facts.get("plan_sha256") != plan.sha256:
            raise ObservingError(
                f"{self.set.folder / OBSERVATIONS} holds an observer {plan.name!r} that "
                "is another one, or was asked otherwise; give this one another --name, "
                "or replace that one with --fresh"
            )
        return found

    def forget(self, name: str) -> None:
        """Throw away what an observer responded, done or not."""
        shutil.rmtree(self.work_folder(name), ignore_errors=True)
        there = read_observers(self.set.folder)
        left = [each for each in there if each.observer.name != name]
        if len(left) < len(there):
            self._write(left)

    def begin(self, plan: ObserverPlan) -> Path:
        """The folder of unfinished work, where an earlier run may have left some.

        Raises:
            ObservingError: If what lies there is other work.
        """
        folder = self.work_folder(plan.name)
        make_folder(folder)
        path = folder / PLAN
        if not path.is_file():
            self.disk.write(path, json.dumps(plan.parts).encode())
            return folder
        try:
            former = read_json(path)
        except TextFileError as error:
            raise ObservingError(f"{error}; start afresh with --fresh") from error
        new = json.loads(json.dumps(plan.parts))
        if changed := [_WORDS.get(k, k) for k in new if new[k] != former.get(k)]:
            raise ObservingError(
                f"{self.set.folder} holds unfinished work of an observer {plan.name!r}: "
                f"{', '.join(changed)} changed since; put that back to go on with it, "
                "or start afresh with --fresh"
            )
        return folder

    def keep(self, record: ObserverRecord) -> None:
        """Put a finished observer beside the others, by name."""
        name = record.observer.name
        there = [r for r in read_observers(self.set.folder) if r.observer.name != name]
        self._write(sorted([*there, record], key=lambda each: each.observer.name))
        shutil.rmtree(self.work_folder(name), ignore_errors=True)
        if not any(self.work_folder(name).parent.iterdir()):
            self.work_folder(name).parent.rmdir()

    def work_folder(self, name: str) -> Path:
        """Where unfinished work of an observer lies."""
        # Names may hold what no file name can.
        key = hashlib.sha256(name.encode()).hexdigest()[:16]
        return self.set.folder / WORK / key

    def _write(self, records: list[ObserverRecord]) -> None:
        path = self.set.folder / OBSERVATIONS
        if records:
            self.disk.write(path, records_to_text(records).encode())
        else:
            path.unlink(missing_ok=True)
