"""The relevance question: does what the classifier said describe the image?

Source: the protocol of a relevance study, where people judge whether a
predicted class is relevant for an image, without seeing the label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from hit_templates.base import (
    Competence,
    ComprehensionQuestion,
    Field,
    Question,
    Response,
    UsualParadigm,
    Vote,
    asking,
)
from stimuli.manifest import Trial

YES_NO: Final = ("yes", "no")

DEFAULT_TEXTS: Final[Mapping[str, str]] = {
    # "{class}" stands for the class name, set in bold.
    "question_relevant": "Is {class} relevant for this image?",
    "question_any": "Is at least one of these classes relevant for this image?",
    "question_each": "Which of these classes are relevant for this image?",
    "yes": "Yes",
    "no": "No",
    # Keys to press, space separated; the first is shown on the button.
    "yes_keys": "y 1",
    "no_keys": "n 2",
    "continue": "Continue",
    "image_alt": "Image to judge",
    "examples": "Examples of {class}",
    # Markdown; empty shows the paradigm's own instructions.html.
    "instructions": "",
    "practice_intro": "First a few images for practice. "
    "You are told after each one whether you were right.",
    "feedback_right": "Right.",
    "feedback_nearly": "Nearly: one of the five is not what we would have chosen. "
    "One slip is fine.",
    "feedback_wrong": "Not quite. Look again: does the class name something "
    "that can be seen in the image?",
}

COMPREHENSION: Final = (
    ComprehensionQuestion(
        question="An image shows a kitchen table with bread on it. In the "
        "background stands a teapot, small but clearly visible. You are asked "
        "about “teapot”. What do you choose?",
        choices=(
            "Yes: the teapot can be seen, even if it is not the main thing",
            "No: only the largest thing in the image counts",
        ),
        right=0,
        explain="Whatever can be seen in the image counts, wherever it is.",
    ),
    ComprehensionQuestion(
        question="An image shows an empty street. You are asked about “teapot”. "
        "What do you choose?",
        choices=(
            "Yes: there could be a teapot in one of the houses",
            "No: there is no teapot to be seen",
        ),
        right=1,
        explain="Only what can be seen counts, not what might be near.",
    ),
)

_SHARE_RIGHT: Final[Mapping[Competence, float]] = {"careful": 0.95, "hasty": 0.80}
_SHARE_YES: Final[Mapping[Competence, float]] = {
    "yes-sayer": 0.90,
    "random": 0.50,
    "robot": 1.0,
}
_MEDIAN_RT_MS: Final[Mapping[Competence, float]] = {
    "careful": 2400.0,
    "hasty": 900.0,
    "yes-sayer": 1100.0,
    "random": 700.0,
    "robot": 160.0,
}


def _yes_or_no(name: str, *, meant: str) -> Field:
    return Field(
        name=name,
        type="choice",
        choices=YES_NO,
        words={"yes": "yes", "no": "no"},
        yes=("yes",),
        no=("no",),
        one_sided="yes",
        description=f"whether {meant}",
    )


QUESTIONS: Final = asking(
    Question(
        name="relevant",
        fields=(_yes_or_no("relevant", meant="the class is relevant for the image"),),
        vote=Vote(fields=("relevant",)),
        one_sided="always say yes",
        responding="yes or no",
    ),
    Question(
        name="any",
        fields=(
            _yes_or_no(
                "relevant",
                meant="at least one of the classes is relevant for the image",
            ),
        ),
        vote=Vote(fields=("relevant",)),
        shuffled="classes",
        one_sided="always say yes",
        responding="one yes or no to all {n_classes} classes",
        needs=("classes",),
    ),
    Question(
        name="each",
        fields=(_yes_or_no("relevant_{}", meant="class {} of the trial is relevant"),),
        # One class that is relevant makes the prediction right.
        vote=Vote(fields=("relevant_{}",), takes="any"),
        shuffled="classes",
        one_sided="always say yes",
        responding="yes or no to each of the {n_classes} classes",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Relevance(UsualParadigm):
    """Yes or no to one class, to any of five, or to each of five."""

    name: str = "relevance"
    title: str = "Is a class relevant for the image? (yes / no; one class or five)"
    slots: tuple[str, ...] = ("target",)
    questions: Mapping[str, Question] = field(default_factory=lambda: QUESTIONS)
    default_texts: Mapping[str, str] = field(default_factory=lambda: DEFAULT_TEXTS)
    default_comprehension: tuple[ComprehensionQuestion, ...] = COMPREHENSION

    def grade(self, trial: Trial, response: Response) -> bool | None:
        """Whether it agrees with the key; None without a key.

        Of five rows one may be wrong, since careful people slip in one of twenty
        and would else miss every fourth trial. A row to be called relevant must
        be: saying no to everything has four of five rows right.
        """
        if trial.key is None:
            return None
        wrong = [
            name for name, value in trial.key.items() if response.get(name) != value
        ]
        if any(trial.key[name] == "yes" for name in wrong):
            return False
        return len(wrong) <= _n_slips(trial)

    def guess_rate(self, trial: Trial, behaviour: str) -> float:
        """Chance in [0, 1] that this behaviour is graded right, exactly.

        With p the chance to be right on a row, every "yes" row must be right and
        of the m "no" rows at most one may be wrong:
        p_yes^(number of "yes") * (p_no^m + m * (1 - p_no) * p_no^(m - 1)).

        Raises:
            ValueError: If the behaviour is unknown or the trial has no key.
        """
        if trial.key is None:
            raise ValueError(f"trial {trial.id} has no key, so nothing can be guessed")
        chance = {"yes": 1.0, "no": 1.0}
        match behaviour:
            case "random":
                chance = {"yes": 0.5, "no": 0.5}
            case "yes-saying":
                chance = {"yes": 1.0, "no": 0.0}
            case "careful":
                chance = dict.fromkeys(YES_NO, _SHARE_RIGHT["careful"])
            case _:
                raise ValueError(
                    f"behaviour is random, yes-saying or careful, got {behaviour!r}"
                )
        keyed = list(trial.key.values())
        n_no, right = keyed.count("no"), chance["no"]
        no_rows = right**n_no
        if _n_slips(trial) and n_no:
            no_rows += n_no * (1 - right) * right ** (n_no - 1)
        return chance["yes"] ** keyed.count("yes") * no_rows

    def simulate(
        self, trial: Trial, *, competence: Competence, rng: np.random.Generator
    ) -> Response:
        """What a simulated participant chooses, field by field."""
        return {
            name: _choice(right, competence=competence, rng=rng)
            for name, right in _right(self, trial).items()
        }

    def simulated_rt_ms(
        self, competence: Competence, *, rng: np.random.Generator
    ) -> float:
        """A log-normal response time in milliseconds, at least 80."""
        median = _MEDIAN_RT_MS[competence]
        return max(80.0, float(median * np.exp(rng.normal(0.0, 0.35))))


def _n_slips(trial: Trial) -> int:
    """How many rows of a right response may differ from the key."""
    return 1 if trial.question == "each" else 0


def _right(paradigm: Relevance, trial: Trial) -> dict[str, str | None]:
    """Field to what the truth (or else the key) says; None where neither does."""
    names = list(paradigm.response_schema(trial))
    if trial.truth is None or "present" not in trial.truth:
        key = trial.key or {}
        return {name: key.get(name) for name in names}
    present = set(trial.truth["present"])
    if trial.question == "each":
        shown = [name in present for name in trial.classes]
    else:
        shown = [bool(present & set(trial.classes))]
    return {
        name: "yes" if is_shown else "no"
        for name, is_shown in zip(names, shown, strict=True)
    }


def _choice(
    right: str | None, *, competence: Competence, rng: np.random.Generator
) -> str:
    if competence in _SHARE_YES or right is None:
        return "yes" if rng.random() < _SHARE_YES.get(competence, 0.5) else "no"
    if rng.random() < _SHARE_RIGHT[competence]:
        return right
    return "no" if right == "yes" else "yes"


paradigm: Final = Relevance()
