"""What a paradigm is: a way of asking, found by its folder.

A paradigm lives in `hit_templates/<name>/paradigm.py` as a module-level
`paradigm` object; `find_paradigms` lists them. Nothing else names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any, Final, Literal, Protocol, Self, runtime_checkable

import numpy as np
from pydantic import BaseModel

from hit_templates.questions import Field as Field
from hit_templates.questions import Question as Question
from hit_templates.questions import Vote as Vote
from hit_templates.questions import asking as asking
from hit_templates.reading import Response as Response
from hit_templates.reading import ResponseError as ResponseError
from hit_templates.reading import read_fields
from hit_templates.responding import (
    PACE,
    SHARE_RIGHT,
    chance,
    chance_one_sided,
    one_sided_words,
    respond,
)
from hit_templates.responding import Competence as Competence
from stimuli.manifest import ClassInfo, Trial
from stimuli.plugins import Registry, fits

COMPETENCES: Final[tuple[Competence, ...]] = (
    "careful",
    "hasty",
    "yes-sayer",
    "random",
    "robot",
)

Device = Literal["any", "desktop", "tablet", "phone"]

FOLDER: Final = Path(__file__).parent
# A catch trial that nobody can fail would count nobody out.
NO_CATCH_KEY: Final = (
    "a catch trial needs a key, the response that is right; without one nobody can "
    "fail it (give it one, or make it a control)"
)


class UnknownParadigmError(Exception):
    """A study names a paradigm that has no folder."""


@dataclass(frozen=True, kw_only=True)
class ComprehensionQuestion:
    """One question that shows whether the instructions were understood.

    Attributes:
        question: What is asked.
        choices: At least two, in the order shown.
        right: Index of the right choice, from 0.
        explain: What people read after a wrong choice; may be empty.
    """

    question: str
    choices: tuple[str, ...]
    right: int
    explain: str = ""


@dataclass(frozen=True, kw_only=True)
class TrialView:
    """What a template may know of a trial: no key, no role, no truth.

    Attributes:
        question: The trial's question.
        classes: Class infos in the order shown (already shuffled).
        images: Slot name to the opaque URL of its image.
        examples: Class id to opaque URLs of example images.
        texts: The study's own wording, over the paradigm's defaults.
        order: The order drawn for this session, indexes from 0; empty for the
            stored order. Groups without names stand in it.
    """

    question: str
    classes: tuple[ClassInfo, ...]
    images: Mapping[str, str]
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    order: tuple[int, ...] = ()


@runtime_checkable
class Paradigm(Protocol):
    """A way of asking: what is shown, which responses count."""

    @property
    def name(self) -> str:
        """The folder's name."""

    @property
    def title(self) -> str:
        """One line for lists."""

    @property
    def slots(self) -> tuple[str, ...]:
        """Slot names a trial must fill (a trailing "?" marks an optional one)."""

    @property
    def questions(self) -> Mapping[str, Question]:
        """The questions a trial may ask, by name, and what is declared of them."""

    @property
    def default_texts(self) -> Mapping[str, str]:
        """Wording a study file may replace, by key."""

    @property
    def default_comprehension(self) -> tuple[ComprehensionQuestion, ...]:
        """Questions asked before practice where a study file has none of its own."""

    @property
    def content_security_policy(self) -> Mapping[str, str]:
        """Directives the page needs beyond the server's own; often empty."""

    @property
    def exhibits(self) -> tuple[str, ...]:
        """Slots of images that are shown but not judged: they may come again.

        All other images count as seen: nobody is given their source again.
        """

    @property
    def names_classes(self) -> bool:
        """Whether the page may say what the trial's classes are called."""

    @property
    def default_devices(self) -> tuple[Device, ...]:
        """Devices admitted where a study file says nothing."""

    @property
    def least_raters(self) -> int:
        """How many people must respond to a trial for it to mean anything."""

    @property
    def shows_people(self) -> bool:
        """Whether pictures show people: the study names its ethics approval then."""

    @property
    def flashes(self) -> bool:
        """Whether pictures flash: people with photosensitive epilepsy are told before."""

    @property
    def settings_model(self) -> type[BaseModel] | None:
        """The study file's section of the paradigm's name; None where it has none."""

    @property
    def one_sided(self) -> str:
        """What "yes-saying" people do here, after the word "who"."""

    def configure(self, settings: Mapping[str, Any]) -> Paradigm:
        """The paradigm as a study wants it, from its checked section."""

    def describe(self) -> Mapping[str, Any]:
        """What a bundle says of the paradigm's settings, by key; often empty."""

    def trial_problems(self, trial: Trial) -> Sequence[str]:
        """Why this trial cannot be asked, beyond empty and unknown slots."""

    def arrange(self, view: TrialView) -> Mapping[str, Any]:
        """What the template gets beside the view, by name; often nothing."""

    def response_schema(self, trial: Trial) -> Mapping[str, Field]:
        """Field name to field, for this trial."""

    def observed_fields(self, trial: Trial) -> tuple[str, ...]:
        """The fields that an observer, a classifier or a program, fills on this trial."""

    def read_response(self, trial: Trial, raw: Mapping[str, Any]) -> Response:
        """The response in its stored form.

        Raises:
            ResponseError: If a field is missing, unknown or out of range.
        """

    def grade(self, trial: Trial, response: Response) -> bool | None:
        """Whether the response is right; None where the trial has no key."""

    def accepts(self, trial: Trial, response: Response) -> bool | None:
        """Whether the response accepts the prediction judged; None if no vote."""

    def guess_rate(self, trial: Trial, behaviour: str) -> float:
        """Chance that "random", "yes-saying" or "careful" people get the key right."""

    def simulate(
        self,
        trial: Trial,
        *,
        competence: Competence,
        rng: np.random.Generator,
    ) -> Response:
        """What a simulated participant would do, from `trial.truth`."""

    def simulated_rt_ms(
        self, competence: Competence, *, rng: np.random.Generator
    ) -> float:
        """A response time in milliseconds for a simulated participant."""


@dataclass(frozen=True, kw_only=True)
class UsualParadigm:
    """What most ways of asking have in common; a paradigm says what differs.

    Everything that follows from the declared questions is here: how a response is
    read, graded and counted as a vote, how often guessing is right, what simulated
    people do. A paradigm overrides what is otherwise with it.

    Attributes:
        name: The folder's name.
        title: One line for lists.
        slots: Slots a trial fills; a trailing "?" marks one that may be empty.
        questions: See `asking`.
        share_right: How often simulated people are right who try to be.
        median_rt_ms: Median time of a careful person, in milliseconds.
    """

    name: str
    title: str
    slots: tuple[str, ...]
    questions: Mapping[str, Question]
    default_texts: Mapping[str, str]
    default_comprehension: tuple[ComprehensionQuestion, ...] = ()
    content_security_policy: Mapping[str, str] = field(default_factory=dict)
    exhibits: tuple[str, ...] = ()
    default_devices: tuple[Device, ...] = ("any",)
    least_raters: int = 1
    shows_people: bool = False
    settings_model: type[BaseModel] | None = None
    share_right: Mapping[str, float] = field(default_factory=lambda: SHARE_RIGHT)
    median_rt_ms: float = 2400.0

    @property
    def flashes(self) -> bool:
        """Nothing does, unless a paradigm says so."""
        return False

    @property
    def names_classes(self) -> bool:
        """As its questions say."""
        return any(question.names_classes for question in self.questions.values())

    @property
    def one_sided(self) -> str:
        """As its first question says; made of the fields where it says nothing."""
        return one_sided_words(next(iter(self.questions.values())), self.default_texts)

    def configure(self, settings: Mapping[str, Any]) -> Self:
        """Itself: there is nothing to set."""
        return self

    def describe(self) -> Mapping[str, Any]:
        """Nothing."""
        return {}

    def trial_problems(self, trial: Trial) -> Sequence[str]:
        """A main or catch trial without the key it needs, and keys nobody can meet."""
        asked = self.questions.get(trial.question)
        if asked is None:
            return ()
        if trial.key:
            return key_problems(trial.key, self.response_schema(trial))
        if trial.role == "catch":
            return [NO_CATCH_KEY]
        is_missed = asked.is_graded and trial.role == "main"
        return ["a main trial needs a key"] if is_missed else ()

    def arrange(self, view: TrialView) -> Mapping[str, Any]:
        """Nothing."""
        return {}

    def response_schema(self, trial: Trial) -> Mapping[str, Field]:
        """The fields of the trial's question."""
        asked = self.questions[trial.question]
        return asked.fields_of(len(trial.classes), classes=trial.classes)

    def observed_fields(self, trial: Trial) -> tuple[str, ...]:
        """Those of the vote, or else every choice on a nominal scale."""
        asked = self.questions[trial.question]
        said = asked.vote_fields or tuple(
            each
            for each in asked.fields
            if each.type == "choice" and each.measured_on == "nominal"
        )
        return tuple(
            name for each in said for name in each.of_classes(len(trial.classes))
        )

    def read_response(self, trial: Trial, raw: Mapping[str, Any]) -> Response:
        """The response, every field with a value that it allows.

        Raises:
            ResponseError: If a field is missing, unknown or out of range.
        """
        return read_fields(self.response_schema(trial), raw)

    def grade(self, trial: Trial, response: Response) -> bool | None:
        """Whether it agrees with every field of the key; None without a key."""
        if trial.key is None:
            return None
        return all(response.get(name) == value for name, value in trial.key.items())

    def accepts(self, trial: Trial, response: Response) -> bool | None:
        """Whether it accepts the prediction judged, as the question's vote says."""
        return self.questions[trial.question].accepts(response)

    def guess_rate(self, trial: Trial, behaviour: str) -> float:
        """Chance in [0, 1] that every field of the key is right.

        Raises:
            ValueError: If the behaviour is unknown or the trial has no key.
        """
        if trial.key is None:
            raise ValueError(f"trial {trial.id} has no key, so nothing can be guessed")
        schema = self.response_schema(trial)
        keyed = [(schema[name], value) for name, value in trial.key.items()]
        match behaviour:
            case "random":
                return prod(chance(asked) for asked, _ in keyed)
            case "yes-saying":
                return prod(chance_one_sided(asked, value) for asked, value in keyed)
            case "careful":
                return self.share_right["careful"] ** len(keyed)
        raise ValueError(
            f"behaviour is random, yes-saying or careful, got {behaviour!r}"
        )

    def simulate(
        self, trial: Trial, *, competence: Competence, rng: np.random.Generator
    ) -> Response:
        """What a simulated participant does, field by field.

        What is right stands in `truth` under the field's name, or else in the key.
        """
        known = {**(trial.key or {}), **(trial.truth or {})}
        shares = self.share_right
        return {
            name: respond(
                asked,
                right=known.get(name),
                share_right=shares.get(competence),
                is_one_sided=competence in ("yes-sayer", "robot"),
                rng=rng,
            )
            for name, asked in self.response_schema(trial).items()
        }

    def simulated_rt_ms(
        self, competence: Competence, *, rng: np.random.Generator
    ) -> float:
        """A log-normal response time in milliseconds, at least 80."""
        median = self.median_rt_ms * PACE[competence]
        return max(80.0, float(median * np.exp(rng.normal(0.0, 0.35))))


def key_problems(key: Mapping[str, Any], schema: Mapping[str, Field]) -> list[str]:
    """Why nobody could meet a key: fields that are not asked, values not offered."""
    found = []
    for name, value in key.items():
        asked = schema.get(name)
        if asked is None:
            found.append(f"key: no field {name!r} is asked, only {', '.join(schema)}")
        elif asked.offered and value not in asked.offered:
            found.append(
                f"key: {name} is one of {', '.join(asked.offered)}, got {value!r}"
            )
    return found


@cache
def find_paradigms() -> Registry[Paradigm]:
    """Every paradigm: by walking the folder, and those of other packages.

    The latter join by an entry point of the group "secondlook.paradigms", which names
    the `paradigm` object of a folder like those here.
    """
    names = sorted(
        path.parent.name
        for path in FOLDER.glob("*/paradigm.py")
        if not path.parent.name.startswith("_")
    )
    own = {
        name: import_module(f"hit_templates.{name}.paradigm").paradigm for name in names
    }
    files = ("trial.html", "instructions.html")
    return Registry("paradigms", own, check=fits(Paradigm), needs_files=files)


def get_paradigm(name: str) -> Paradigm:
    """The paradigm of that name.

    Raises:
        UnknownParadigmError: If there is none; the message lists those there are.
    """
    found = find_paradigms()
    if name not in found:
        raise UnknownParadigmError(
            f"no paradigm {name!r}; there are: {', '.join(found)}{found.why_not(name)}"
        )
    return found[name]


def folder_of(name: str) -> Path:
    """Where the templates, styles and scripts of a paradigm lie."""
    module = find_paradigms().module_of(name)
    return FOLDER / name if module is None else Path(str(module.__file__)).parent


def check_trials(paradigm: Paradigm, trials: Sequence[Trial]) -> list[str]:
    """Why these trials cannot be asked this way; empty when they can."""
    required = {slot for slot in paradigm.slots if not slot.endswith("?")}
    known = {slot.rstrip("?") for slot in paradigm.slots}
    problems = []
    for trial in trials:
        if trial.question not in paradigm.questions:
            problems.append(
                f"trial {trial.id}: question {trial.question!r} is not one of "
                f"{', '.join(paradigm.questions)}"
            )
        if missing := required - set(trial.slots):
            problems.append(f"trial {trial.id}: slot {sorted(missing)} empty")
        if extra := set(trial.slots) - known:
            problems.append(f"trial {trial.id}: slot {sorted(extra)} unknown")
        problems += [f"trial {trial.id}: {e}" for e in paradigm.trial_problems(trial)]
    return problems


def judged_sources(
    paradigm: Paradigm, trial: Trial, *, source_of: Mapping[str, str]
) -> tuple[str, ...]:
    """The source images that somebody given this trial has judged.

    Those of exhibits are left out, unless the same source is judged as well.

    Args:
        paradigm: States which slots are exhibits.
        trial: With the sources of everything it shows.
        source_of: Stimulus id to the SHA-256 of its source image.

    Returns:
        SHA-256 (hex), sorted.
    """
    shown = {True: set[str](), False: set[str]()}
    for slot, stimulus in trial.slots.items():
        if stimulus in source_of:
            shown[slot in paradigm.exhibits].add(source_of[stimulus])
    only_shown = shown[True] - shown[False]
    return tuple(sorted({*trial.sources, *shown[False]} - only_shown))
