"""What a paradigm is: a way of asking, found by its folder.

A paradigm lives in `hit_templates/<name>/paradigm.py` as a module-level
`paradigm` object; `find_paradigms` lists them. Nothing else names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal, Protocol, runtime_checkable

import numpy as np

from stimuli.manifest import ClassInfo, Trial

Competence = Literal["careful", "hasty", "yes-sayer", "random", "robot"]
COMPETENCES: Final[tuple[Competence, ...]] = (
    "careful",
    "hasty",
    "yes-sayer",
    "random",
    "robot",
)

FOLDER: Final = Path(__file__).parent

Response = dict[str, Any]


class ResponseError(Exception):
    """A response that does not fit the paradigm, in words."""


class UnknownParadigmError(Exception):
    """A study names a paradigm that has no folder."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a response: its type and what it means.

    Attributes:
        type: "choice", "text" or "number".
        choices: Allowed values of a choice.
        description: For the data dictionary.
    """

    type: Literal["choice", "text", "number"]
    description: str
    choices: tuple[str, ...] = ()


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
    """

    question: str
    classes: tuple[ClassInfo, ...]
    images: Mapping[str, str]
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


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
    def questions(self) -> tuple[str, ...]:
        """The questions a trial may ask."""

    @property
    def default_texts(self) -> Mapping[str, str]:
        """Wording a study file may replace, by key."""

    @property
    def default_comprehension(self) -> tuple[ComprehensionQuestion, ...]:
        """Questions asked before practice where a study file has none of its own."""

    @property
    def content_security_policy(self) -> Mapping[str, str]:
        """Directives the page needs beyond the server's own; often empty."""

    def response_schema(self, trial: Trial) -> Mapping[str, Field]:
        """Field name to field, for this trial."""

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


@cache
def find_paradigms() -> Mapping[str, Paradigm]:
    """Every paradigm, by walking the folder."""
    names = sorted(
        path.parent.name
        for path in FOLDER.glob("*/paradigm.py")
        if not path.parent.name.startswith("_")
    )
    return {
        name: import_module(f"hit_templates.{name}.paradigm").paradigm for name in names
    }


def get_paradigm(name: str) -> Paradigm:
    """The paradigm of that name.

    Raises:
        UnknownParadigmError: If there is none; the message lists those there are.
    """
    found = find_paradigms()
    if name not in found:
        raise UnknownParadigmError(
            f"no paradigm {name!r}; there are: {', '.join(found)}"
        )
    return found[name]


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
    return problems
