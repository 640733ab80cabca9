"""The preference question: which of these pictures is best, worst, or the odd one?

Two to four pictures stand side by side, in places that are drawn for each trial and
level out over a person's trials; another picture may stand above them. What each of
them stands for is the trial's class of its number, which people are never told.

Source: Thurstone, Psychological Review 34 (1927); Louviere, Flynn and Marley,
"Best-Worst Scaling" (2015); Hebart and others, Nature Human Behaviour 4 (2020), for the
odd one of three.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import numpy as np
from pydantic import BaseModel

from hit_templates.base import (
    Competence,
    ComprehensionQuestion,
    Field,
    Question,
    Response,
    ResponseError,
    TrialView,
    UsualParadigm,
    asking,
)
from hit_templates.prefer.people import (
    HASTE,
    chosen,
    oddness,
    sees_no_difference,
    worths,
)
from hit_templates.prefer.settings import PreferSettings
from hit_templates.questions import Chooses
from stimuli.manifest import Trial

OPTIONS: Final = ("option1", "option2", "option3", "option4")
LEAST: Final = 2
# Of fewer the worst is what is left, and none is the odd one.
LEAST_OF_SEVERAL: Final = 3
PREFERRED: Final = "preferred"
BEST_AND_WORST: Final = "best-and-worst"
ODD_ONE_OUT: Final = "odd-one-out"
# Fields.
BEST: Final = "best"
WORST: Final = "worst"
ODD: Final = "odd"
NONE: Final = "none"

DEFAULT_TEXTS: Final[Mapping[str, str]] = {
    "question_preferred": "Which picture is better?",
    "question_best-and-worst": "Which picture is best, and which is worst?",
    "question_odd-one-out": "Which picture belongs least with the others?",
    "best": "Best",
    "worst": "Worst",
    "this_one": "This one",
    "no_difference": "No difference",
    "no_difference_keys": "0 n",
    "continue": "Continue",
    # A number follows: pictures have no names.
    "image_alt": "Picture",
    "target_alt": "Picture that the question is about",
    "landing_intro": "You will see a few pictures side by side and choose between them, "
    "several times.",
    "debriefing": "Thank you. The pictures had been made or chosen in different ways, by "
    "computer programs among others. Which ones people prefer shows which way serves "
    "them best.",
    # Markdown; empty shows the paradigm's own instructions.html.
    "instructions": "",
    "practice_intro": "First a few trials for practice. "
    "You are told after each one whether you were right.",
    "feedback_right": "Right.",
    "feedback_wrong": "Not quite. Compare all of the pictures before you choose.",
}

COMPREHENSION: Final = (
    ComprehensionQuestion(
        question="Two pictures look nearly the same to you. What do you do?",
        choices=(
            "Always choose the one on the left",
            "Look once more, then choose what the question asks for, as well as you can",
        ),
        right=1,
        explain="Where a picture stands is drawn at random and says nothing. When in "
        "doubt, go by your first impression.",
    ),
)


def _field(name: str, chooses: Chooses, description: str, *, may_tie: bool) -> Field:
    ties = (NONE,) if may_tie else ()
    return Field(
        name=name,
        type="choice",
        numbers_classes=True,
        chooses=chooses,
        choices=ties,
        no_difference=ties,
        words=dict.fromkeys(ties, "no_difference"),
        description=f"{description}: k of the trial's slot option{{k}}, not its place on "
        "the page",
    )


def _question(name: str, *fields: Field) -> Question:
    return Question(
        name=name,
        fields=fields,
        names_classes=False,
        shuffled="places-evenly",
        one_sided="always choose the picture at the same place",
        needs=("options",),
    )


def questions_of(settings: PreferSettings) -> dict[str, Question]:
    """The three questions, first the one that the study file asks."""
    may_tie = settings.no_difference
    found = asking(
        _question(PREFERRED, _field(BEST, "best", "the one chosen", may_tie=may_tie)),
        _question(
            BEST_AND_WORST,
            _field(BEST, "best", "the best one", may_tie=False),
            _field(WORST, "worst", "the worst one", may_tie=False),
        ),
        _question(ODD_ONE_OUT, _field(ODD, "odd", "the odd one out", may_tie=may_tie)),
    )
    return {settings.asks: found[settings.asks], **found}


@dataclass(frozen=True, kw_only=True)
class ShownOption:
    """A picture at its place on the page.

    Attributes:
        place: From 1, as people read it and press it.
        value: What is stored: the number of the trial's own option.
        slot: Its slot.
        keys: What to press for it.
    """

    place: int
    value: str
    slot: str
    keys: str


@dataclass(frozen=True, kw_only=True)
class Preferring(UsualParadigm):
    """One of two to four pictures."""

    name: str = "prefer"
    title: str = "Which of two to four pictures? (best, best and worst, or the odd one)"
    slots: tuple[str, ...] = (
        *OPTIONS[:LEAST],
        *(f"{slot}?" for slot in OPTIONS[LEAST:]),
        "target?",
    )
    questions: Mapping[str, Question] = field(
        default_factory=lambda: questions_of(PreferSettings())
    )
    default_texts: Mapping[str, str] = field(default_factory=lambda: DEFAULT_TEXTS)
    default_comprehension: tuple[ComprehensionQuestion, ...] = COMPREHENSION
    exhibits: tuple[str, ...] = ("target",)
    settings_model: type[BaseModel] | None = PreferSettings
    median_rt_ms: float = 3500.0
    settings: PreferSettings = field(default_factory=PreferSettings)

    def configure(self, settings: Mapping[str, Any]) -> Self:
        """With the study's question first, and with "no difference" where it says so."""
        read = PreferSettings.model_validate(settings)
        return replace(self, settings=read, questions=questions_of(read))

    def describe(self) -> Mapping[str, Any]:
        """`prefer`: the study file's section, defaults filled in."""
        return {"prefer": self.settings.model_dump(mode="json")}

    def trial_problems(self, trial: Trial) -> Sequence[str]:
        """Options that are not one for each class, too few of them, or a wrong key."""
        return [*_problems(trial), *super().trial_problems(trial)]

    def arrange(self, view: TrialView) -> Mapping[str, Any]:
        """`options`, in the order drawn for this session, and what is asked of them."""
        n = sum(slot in OPTIONS for slot in view.images)
        order = view.order or tuple(range(n))
        return {
            "fields": [each.name for each in self.questions[view.question].fields],
            "may_tie": any(
                each.no_difference for each in self.questions[view.question].fields
            ),
            "options": [
                ShownOption(
                    place=place,
                    value=str(index + 1),
                    slot=OPTIONS[index],
                    keys=_keys(place, n),
                )
                for place, index in enumerate(order, start=1)
            ],
        }

    def read_response(self, trial: Trial, raw: Mapping[str, Any]) -> Response:
        """The response; the best picture is not the worst as well.

        Raises:
            ResponseError: If a field is missing, unknown or out of range, or both name
                the same picture.
        """
        found = super().read_response(trial, raw)
        if BEST in found and found[BEST] == found.get(WORST):
            raise ResponseError(
                f"fields best and worst name different pictures, got {found[BEST]} twice"
            )
        return found

    def simulate(
        self, trial: Trial, *, competence: Competence, rng: np.random.Generator
    ) -> Response:
        """What somebody chooses who goes by `truth`; others choose at random.

        `truth["worth"]` gives each class its worth in log odds, `truth["alike"]` says
        how alike each two of three are, and `truth["tie"]` how readily people see no
        difference (Davidson's parameter). A key is met as often as usual.
        """
        fields = list(self.response_schema(trial))
        truth = trial.truth or {}
        known = oddness(truth) if ODD in fields else worths(truth, trial.classes)
        pace = {"careful": 1.0, "hasty": HASTE}.get(competence)
        if trial.key or known is None or pace is None:
            return _apart(
                super().simulate(trial, competence=competence, rng=rng), trial, rng
            )
        tie = float(truth.get("tie", 0.0)) if self._may_tie(trial) else 0.0
        if sees_no_difference(known, tie=tie, pace=pace, rng=rng):
            return {fields[0]: NONE}
        first = chosen(known, pace=pace, rng=rng)
        found: Response = {fields[0]: str(first + 1)}
        if WORST in fields:
            rest = np.where(np.arange(len(known)) == first, np.inf, known)
            found[WORST] = str(chosen(-rest, pace=pace, rng=rng) + 1)
        return found

    def _may_tie(self, trial: Trial) -> bool:
        fields = self.questions[trial.question].fields
        return any(each.no_difference for each in fields)


def _keys(place: int, n: int) -> str:
    """The number; the arrow of its side too where there are two."""
    arrows = ("arrowleft", "arrowright") if n == LEAST else ()
    return " ".join((str(place), *arrows[place - 1 : place]))


def _apart(found: Response, trial: Trial, rng: np.random.Generator) -> Response:
    """With another picture for the worst where it was drawn to be the best as well."""
    if WORST not in found or found[WORST] != found[BEST]:
        return found
    others = [
        str(number)
        for number in range(1, len(trial.classes) + 1)
        if str(number) != found[BEST]
    ]
    return {**found, WORST: others[int(rng.integers(len(others)))]}


def _problems(trial: Trial) -> Iterator[str]:
    n = len(trial.classes)
    filled = tuple(sorted(slot for slot in trial.slots if slot in OPTIONS))
    if len(filled) < LEAST or filled != OPTIONS[:n]:
        yield (
            f"expected a class for each of its pictures, option1 to option{max(n, LEAST)}, "
            f"which says what it stands for; got {n} classes and {', '.join(filled)}"
        )
    if trial.question == ODD_ONE_OUT and n != LEAST_OF_SEVERAL:
        yield f"the odd one is asked of three pictures, got {n}"
    if trial.question == BEST_AND_WORST and n < LEAST_OF_SEVERAL:
        yield f"best and worst are asked of three or four pictures, got {n}"


paradigm: Final = Preferring()
