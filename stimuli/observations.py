"""What observers (classifiers, programs) responded to a set's own trials; no torch.

`observations.jsonl` lies beside `trials.jsonl`. A line for an observer says who it is,
the lines below it what it responded, trial by trial. The set is the same set with or
without the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args

from stimuli.manifest import StimulusSetError

OBSERVATIONS: Final = "observations.jsonl"
_MOST_NAME: Final = 80
# A line of a program's that is longer is none.
_MOST_LINE: Final = 4 << 20

ObserverKind = Literal["classifier", "command"]


@dataclass(frozen=True, kw_only=True)
class Observer:
    """Who responded.

    Attributes:
        name: What tables call it, unique within the set.
        kind: "classifier", or "command" for a program that was asked.
        facts: What it is and how it was asked: rules, weights_sha256, versions, device,
            dtype; or command, prompt, version, temperature, repeats.
    """

    name: str
    kind: ObserverKind
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What an observer responded to a trial, once.

    Attributes:
        trial: Id of the trial, as the set has it.
        repeat: Number of the try, from 0.
        response: Field to value; None where it refused.
        refusal: Why it did, in words; empty otherwise.
        shares: Field to value to what speaks for it, in [0, 1], by the rule; empty
            where nothing is known.
        outputs: Of the network, most probable first: pairs of number and probability,
            and `rest`, the probability of all others; empty for programs.
        rule: Which rule made a response of the outputs; empty for programs.
    """

    trial: str
    repeat: int = 0
    response: Mapping[str, str] | None
    refusal: str = ""
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""


@dataclass(frozen=True, kw_only=True)
class ObserverRecord:
    """An observer with everything it responded, in the order of the trials."""

    observer: Observer
    observations: tuple[Observation, ...]

    @property
    def n_refused(self) -> int:
        """Trials, and repeats of them, that it did not respond to."""
        return sum(each.response is None for each in self.observations)


def name_problem(name: str) -> str:
    """Why an observer cannot be called that, in words; empty where it can."""
    if name.strip() == name and 0 < len(name) <= _MOST_NAME and name.isprintable():
        return ""
    return (
        f"an observer's name has 1 to {_MOST_NAME} printable characters and no space at "
        f"its ends, got {name!r:.100}"
    )


def observation_to_json(observation: Observation) -> str:
    """One line without the observer's name, keys sorted, no line break."""
    return _line(asdict(observation))


def observation_from_json(line: str) -> Observation:
    """Read such a line back.

    Raises:
        StimulusSetError: If it is no observation.
    """
    try:
        return _observation(json.loads(line))
    except _NO_RECORD as error:
        raise StimulusSetError(f"not an observation: {error}") from error


def records_to_text(records: Iterable[ObserverRecord]) -> str:
    """The content of `observations.jsonl`."""
    lines = []
    for record in records:
        lines.append(_line(asdict(record.observer)))
        lines += [
            _line({**asdict(each), "observer": record.observer.name})
            for each in record.observations
        ]
    return "".join(f"{line}\n" for line in lines)


def read_observers(folder: Path) -> tuple[ObserverRecord, ...]:
    """Every observer of the set in `folder`; none where nobody observed it.

    Raises:
        StimulusSetError: Naming the line that is no record, or that came before.
    """
    path = folder / OBSERVATIONS
    if not path.exists():
        return ()
    observers: dict[str, Observer] = {}
    found: dict[str, dict[tuple[str, int], Observation]] = {}
    for number, line in enumerate(_lines(path), start=1):
        try:
            _take(json.loads(line), observers, found)
        except _NO_RECORD as error:
            raise StimulusSetError(
                f"{path}, line {number}: {error}; run `secondlook stimuli observe` "
                "again, or take the file away"
            ) from error
    return tuple(
        ObserverRecord(observer=each, observations=tuple(found[name].values()))
        for name, each in observers.items()
    )


_NO_RECORD: Final = (
    *(ValueError, TypeError, KeyError, AttributeError),
    *(RecursionError, StimulusSetError),
)


def _take(
    raw: dict[str, Any],
    observers: dict[str, Observer],
    found: dict[str, dict[tuple[str, int], Observation]],
) -> None:
    if "trial" not in raw:
        observer = Observer(**raw)
        if problem := name_problem(observer.name):
            raise StimulusSetError(problem)
        if observer.kind not in get_args(ObserverKind):
            raise StimulusSetError(f"an observer of unknown kind: {observer.kind!r}")
        if observer.name in observers:
            raise StimulusSetError(f"two observers are called {observer.name!r}")
        observers[observer.name], found[observer.name] = observer, {}
        return
    name = raw.pop("observer")
    if name not in observers:
        raise StimulusSetError(f"nothing is said of the observer {name!r}")
    observation = _observation(raw)
    key = (observation.trial, observation.repeat)
    if key in found[name]:
        raise StimulusSetError(f"{name!r} responded to trial {key[0]} before")
    found[name][key] = observation


def _observation(raw: dict[str, Any]) -> Observation:
    observation = Observation(**raw)
    response, refusal = observation.response, observation.refusal
    if (response is None) != bool(refusal):
        raise StimulusSetError("an observation is a response or a refusal in words")
    values = [] if response is None else [*response, *response.values()]
    if response is not None and (not response or not all(map(_is_text, values))):
        raise StimulusSetError(
            f"a response gives fields their values, got {response!r}"
        )
    if type(observation.repeat) is not int or observation.repeat < 0:
        raise StimulusSetError(f"repeat counts from 0, got {observation.repeat!r}")
    for shares in observation.shares.values():
        if not all(_is_share(share) for share in shares.values()):
            raise StimulusSetError(f"shares lie in [0, 1], got {dict(shares)!r:.200}")
    return observation


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_share(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    # No number lies nowhere.
    return 0 <= value <= 1


def _lines(path: Path) -> Sequence[str]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StimulusSetError(f"{path} cannot be read: {error}") from error
    lines = [line for line in text.split("\n") if line.strip()]
    if long := [line for line in lines if len(line) > _MOST_LINE]:
        raise StimulusSetError(f"{path} holds a line of {len(long[0]):,} characters")
    return lines


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(
        record,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
