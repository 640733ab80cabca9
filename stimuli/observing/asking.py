"""A program as an observer: anything that can look at a picture and say a line."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from stimuli.engine.running.execution import OpenProgress
from stimuli.manifest import ClassInfo, StimulusSetError
from stimuli.observations import (
    Observation,
    Observer,
    ObserverRecord,
    observation_from_json,
    observation_to_json,
)
from stimuli.observing.declared import ObservedTrial, observed_trials
from stimuli.observing.keeping import ObservedSet, ObserverPlan, ObserverShelf
from stimuli.observing.program import Program, ProgramError
from stimuli.observing.rules import ObservingError
from stimuli.records.storage import Disk

JOURNAL: Final = "responses.jsonl"
EDITIONS: Final = "editions.json"
TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class HowAsked:
    """How a program is asked, which is recorded with what it responds.

    Attributes:
        command: As typed; no shell looks at it.
        prompt: Goes out with every trial; may be empty.
        version: Of the program or the model behind it, in the researcher's words.
        temperature: Goes out with every trial; None where it has no meaning.
        n_repeats: How often every trial is asked.
    """

    command: str
    prompt: str = ""
    version: str = ""
    temperature: float | None = None
    n_repeats: int = 1

    def described(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return {
            "command": self.command,
            "prompt": self.prompt,
            "version": self.version,
            "temperature": self.temperature,
            "repeats": self.n_repeats,
        }

    def hash_files(self) -> dict[str, str]:
        """Name to SHA-256 of the files that the command names.

        Raises:
            ObservingError: If the command cannot be read.
        """
        return {
            Path(name).name: hashlib.sha256(Path(name).read_bytes()).hexdigest()
            for name in self.words()
            if Path(name).is_file()
        }

    def words(self) -> list[str]:
        """The program and what it is given.

        Raises:
            ObservingError: If the command cannot be read.
        """
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise ObservingError(
                f"--command {self.command!r} cannot be read: {error}; quote it as in a "
                "shell"
            ) from error
        if not words:
            raise ObservingError("--command names a program, got nothing")
        return words


@dataclass(frozen=True, kw_only=True)
class ProgramObserver:
    """Lets one program respond to a set's own trials.

    Attributes:
        shelf: Where its responses are kept.
        how: How it is asked.
        open_progress: Given the number of responses, a progress to tell.
        name: What it is called; None takes the program's name.
        timeout_s: How long one response may take, in seconds.
    """

    shelf: ObserverShelf
    how: HowAsked
    open_progress: OpenProgress
    name: str | None = None
    timeout_s: float = TIMEOUT_S

    def observe(self, *, is_fresh: bool = False) -> ObservedSet:
        """Its responses, in the set's folder.

        Every response is on disk before the next trial is asked; the next call asks
        what is left.

        Raises:
            ObservingError: If the program hangs, dies or says no response.
        """
        every = list(self.shelf.set.trials())
        trials = observed_trials(every)
        plan = self._plan()
        if is_fresh:
            self.shelf.forget(plan.name)
        if (found := self.shelf.find(plan)) is not None:
            return ObservedSet(record=found, is_new=False)
        path = self.shelf.begin(plan) / JOURNAL
        # What is mended goes on; every edition of it is recorded.
        editions = _note_edition(path.with_name(EDITIONS), self.how.hash_files())
        done = _read_journal(path)
        self._ask_rest(trials, path, done=done)
        record = ObserverRecord(
            observer=Observer(
                name=plan.name,
                kind="command",
                facts={
                    **self.how.described(),
                    "files_sha256": editions,
                    "plan_sha256": plan.sha256,
                },
            ),
            observations=tuple(
                done[each.trial.id, repeat]
                for each in trials
                for repeat in range(self.how.n_repeats)
            ),
        )
        self.shelf.keep(record)
        return ObservedSet(
            record=record, is_new=True, n_left_out=len(every) - len(trials)
        )

    def _plan(self) -> ObserverPlan:
        return ObserverPlan(
            name=self.name or Path(self.how.words()[-1]).stem,
            parts={"set": self.shelf.set.sha256(), "asked": self.how.described()},
        )

    def _ask_rest(
        self,
        trials: Sequence[ObservedTrial],
        path: Path,
        *,
        done: dict[tuple[str, int], Observation],
    ) -> None:
        n_repeats = self.how.n_repeats
        wanted = [(each, repeat) for each in trials for repeat in range(n_repeats)]
        left = [pair for pair in wanted if (pair[0].trial.id, pair[1]) not in done]
        if not left:
            return
        asking = _Asking(
            how=self.how,
            classes=self.shelf.set.classes(),
            folder=self.shelf.set.folder.resolve(),
        )
        with (
            self.open_progress(len(wanted)) as progress,
            path.open("a", encoding="utf-8") as journal,
            Program(self.how.words(), self.timeout_s) as program,
        ):
            progress.skip(len(done))
            for each, repeat in left:
                try:
                    observation = asking.ask(program, each, repeat)
                except ProgramError as error:
                    raise ProgramError(
                        f"{error}. It was at trial {each.trial.id}; {len(done)} of "
                        f"{len(wanted)} responses are kept, and the same command goes "
                        "on from there"
                    ) from error
                _note(journal, observation)
                done[each.trial.id, repeat] = observation
                progress.update(1)


@dataclass(frozen=True, kw_only=True)
class _Asking:
    """What goes out for a trial, and what may come back."""

    how: HowAsked
    classes: Mapping[str, ClassInfo]
    folder: Path

    def ask(self, program: Program, each: ObservedTrial, repeat: int) -> Observation:
        trial = each.trial
        number = f"{trial.id}-{repeat}"
        offered = {name: list(of) for name, of in each.rule.choices.items()}
        said = program.ask(
            {
                "id": number,
                "prompt": self.how.prompt,
                "temperature": self.how.temperature,
                "question": trial.question,
                "classes": [self._described(name) for name in trial.classes],
                "pictures": {
                    slot: str(self.folder / "images" / f"{stimulus}.png")
                    for slot, stimulus in sorted(trial.slots.items())
                },
                "choices": {
                    name: [self._choice(value, each) for value in values]
                    for name, values in offered.items()
                },
            }
        )
        if problems := list(_problems(said, number, offered)):
            raise ProgramError(
                f"{program.name} said what is no response: {'; '.join(problems)}"
            )
        if "refusal" in said:
            return Observation(
                trial=trial.id, repeat=repeat, response=None, refusal=said["refusal"]
            )
        response = _response(said, offered)
        shares = said.get("probabilities") or {}
        return Observation(
            trial=trial.id,
            repeat=repeat,
            response=response,
            shares={next(iter(response)): shares} if shares else {},
        )

    def _described(self, class_id: str) -> dict[str, str]:
        info = self.classes.get(class_id)
        name, gloss = (class_id, "") if info is None else (info.name, info.gloss)
        return {"id": class_id, "name": name, "gloss": gloss}

    def _choice(self, value: str, each: ObservedTrial) -> dict[str, str]:
        """A value with the words for it."""
        classes = each.trial.classes
        if value in classes:
            return {"value": value, "name": self._described(value)["name"]}
        is_place = value.isdecimal() and 1 <= int(value) <= len(classes)
        if is_place and not each.rule.slots:
            name = self._described(classes[int(value) - 1])["name"]
            return {"value": value, "name": name}
        return {"value": value, "name": value}


def _response(
    said: Mapping[str, Any], offered: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    given = said["response"]
    return dict(given) if isinstance(given, dict) else {next(iter(offered)): given}


def _problems(
    said: Mapping[str, Any], number: str, offered: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    if said.get("id") != number:
        yield f"id is {number!r}, got {said.get('id')!r:.80}"
    if "refusal" in said:
        words = said["refusal"]
        if not isinstance(words, str) or not words.strip() or "\0" in words:
            yield f"a refusal is in words, got {said['refusal']!r:.80}"
        return
    given = said.get("response")
    if isinstance(given, str) and len(offered) == 1:
        given = {next(iter(offered)): given}
    if not isinstance(given, dict) or {*given} != {*offered}:
        yield (
            f"response gives {', '.join(offered)} a value, or refusal says why not, got "
            f"{said.get('response')!r:.80}"
        )
        return
    for name, values in offered.items():
        if given[name] not in values:
            yield f"{name} is one of {', '.join(values)}, got {given[name]!r:.80}"
    yield from _share_problems(said.get("probabilities"), offered)


def _share_problems(
    shares: object, offered: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    if shares is None:
        return
    known = next(iter(offered.values()))
    if len(offered) > 1 or not isinstance(shares, dict) or not {*shares} <= {*known}:
        yield f"probabilities go with the values of one field, got {shares!r:.80}"
        return
    for value, share in shares.items():
        is_number = isinstance(share, int | float) and not isinstance(share, bool)
        if not is_number or not 0 <= share <= 1:
            yield f"the probability of {value} lies in [0, 1], got {share!r:.80}"


def _note(journal: IO[str], observation: Observation) -> None:
    """On disk before the next trial is asked."""
    journal.write(observation_to_json(observation) + "\n")
    journal.flush()
    os.fsync(journal.fileno())


def _note_edition(path: Path, hashes: dict[str, str]) -> list[dict[str, str]]:
    """Every edition of the program that responded so far, this one the last."""
    known: list[dict[str, str]] = (
        json.loads(path.read_text("utf-8")) if path.is_file() else []
    )
    if known[-1:] != [hashes]:
        known.append(hashes)
        Disk().write(path, json.dumps(known).encode())
    return known


def _read_journal(path: Path) -> dict[tuple[str, int], Observation]:
    """What an earlier run was told; half a line at the end is asked again."""
    if not path.is_file():
        return {}
    done = {}
    whole, _, half = path.read_text("utf-8", errors="replace").rpartition("\n")
    if half:
        path.write_text(f"{whole}\n" if whole else "", "utf-8")
    for number, line in enumerate(filter(None, whole.split("\n")), start=1):
        try:
            observation = observation_from_json(line)
        except (StimulusSetError, json.JSONDecodeError) as error:
            raise ObservingError(
                f"{path}, line {number}: {error}; start afresh with --fresh"
            ) from error
        done[observation.trial, observation.repeat] = observation
    return done
