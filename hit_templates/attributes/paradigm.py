"""The attributes question: which of these are in the picture?

People say of every attribute whether they perceive it, do not, or cannot tell.
The attributes are the researcher's own; there is no list to begin with.

Source: Stock and Cisse, ECCV 2018, section 3.4, where attributes of a class's
prototypes and criticisms are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import numpy as np
from pydantic import BaseModel

from hit_templates.attributes.settings import AttributesSettings, PerceivedAttribute
from hit_templates.base import (
    Competence,
    ComprehensionQuestion,
    Field,
    Question,
    Response,
    TrialView,
    UsualParadigm,
    asking,
)
from stimuli.manifest import Trial

PRESENT: Final = "present"
ABSENT: Final = "absent"
CANNOT_TELL: Final = "cannot-tell"
CHOICES: Final = (PRESENT, ABSENT, CANNOT_TELL)

CONTENT_NOTICE: Final = (
    "The pictures in this study show **people**. You are asked how they appear to "
    "you. What is perceived in a picture says nothing about who somebody is or how "
    "they describe themselves. Some pictures may be unpleasant to look at; you can "
    "stop at any time."
)

DEFAULT_TEXTS: Final[Mapping[str, str]] = {
    "question_attributes": "Which of these can you see in the image?",
    "perceived": "Go by what you perceive.",
    "people": "Say how people appear in the image; it says nothing about who they are.",
    "present": "Yes",
    "absent": "No",
    "cannot_tell": "Cannot tell",
    # Keys to press, space separated; the first is shown on the button.
    "present_keys": "y 1",
    "absent_keys": "n 2",
    "cannot_tell_keys": "c 3",
    "continue": "Continue",
    "image_alt": "Image to describe",
    "debriefing": "Thank you. The pictures you saw belong to one class that a computer "
    "program has learned; some are typical of it to the program, some are not. What "
    "people perceive in them shows whether the program has learned more than it "
    "should.",
    # Markdown; empty shows the paradigm's own instructions.html.
    "instructions": "",
    "practice_intro": "First a few images for practice. "
    "You are told after each one whether you were right.",
    "feedback_right": "Right.",
    "feedback_wrong": "Not quite. Look again: what can be seen in the image?",
}

COMPREHENSION: Final = (
    ComprehensionQuestion(
        question="You are asked about “a ball”. Something round lies in the far "
        "corner, but it is too blurred to say what it is. What do you choose?",
        choices=(
            "Cannot tell: the image does not show it clearly enough",
            "Yes: a guess is better than nothing",
        ),
        right=0,
        explain="“Cannot tell” is a full response where the image leaves it open.",
    ),
    ComprehensionQuestion(
        question="You are asked about “a ball”. The image shows an empty basketball "
        "court. What do you choose?",
        choices=(
            "Yes: there is usually a ball on a court",
            "No: no ball can be seen",
        ),
        right=1,
        explain="Only what can be seen counts, not what often goes with it.",
    ),
)

# Shares of right, undecided and wrong responses where the truth is known.
_SHARES: Final[Mapping[Competence, tuple[float, float, float]]] = {
    "careful": (0.94, 0.03, 0.03),
    "hasty": (0.80, 0.05, 0.15),
}
_SHARE_YES: Final = 0.90
_MEDIAN_MS_EACH: Final[Mapping[Competence, float]] = {
    "careful": 1600.0,
    "hasty": 700.0,
    "yes-sayer": 600.0,
    "random": 450.0,
    "robot": 90.0,
}


@dataclass(frozen=True, kw_only=True)
class AskedAttribute:
    """An attribute with the field that holds its response."""

    field: str
    id: str
    wording: str


def asked_of(perceived: Iterable[PerceivedAttribute]) -> tuple[AskedAttribute, ...]:
    """The attributes in the order given, each with its field."""
    return tuple(
        AskedAttribute(field=f"attribute_{n}", id=item.id, wording=item.wording)
        for n, item in enumerate(perceived, start=1)
    )


def question_about(asked: Iterable[AskedAttribute]) -> dict[str, Question]:
    """What is asked, one field per attribute."""
    fields = tuple(
        Field(
            name=one.field,
            type="choice",
            choices=CHOICES,
            words={PRESENT: "present", ABSENT: "absent", CANNOT_TELL: "cannot_tell"},
            yes=(PRESENT,),
            no=(ABSENT,),
            one_sided=PRESENT,
            about=one.id,
            wording=one.wording,
            description=f"whether it is perceived: {one.wording} ({one.id})",
        )
        for one in asked
    )
    return asking(
        Question(
            name="attributes",
            fields=fields,
            names_classes=False,
            one_sided="call everything present",
            responding="yes, no or “cannot tell” to each of the attributes",
        )
    )


@dataclass(frozen=True, kw_only=True)
class Attributes(UsualParadigm):
    """Present, absent or cannot tell, for each of the study's attributes."""

    name: str = "attributes"
    title: str = "Which of these are in the picture? (yes / no / cannot tell, each)"
    slots: tuple[str, ...] = ("target",)
    questions: Mapping[str, Question] = field(
        default_factory=lambda: question_about(())
    )
    default_texts: Mapping[str, str] = field(default_factory=lambda: DEFAULT_TEXTS)
    default_comprehension: tuple[ComprehensionQuestion, ...] = COMPREHENSION
    # What one person perceives is one perception; agreement needs another.
    least_raters: int = 2
    settings_model: type[BaseModel] | None = AttributesSettings
    share_right: Mapping[str, float] = field(
        default_factory=lambda: {name: said[0] for name, said in _SHARES.items()}
    )
    perceived: tuple[PerceivedAttribute, ...] = ()

    def configure(self, settings: Mapping[str, Any]) -> Self:
        """With the study's attributes; of people, with a content notice."""
        read = AttributesSettings.model_validate(settings)
        texts = dict(DEFAULT_TEXTS)
        if read.shows_people:
            texts["content_warning"] = CONTENT_NOTICE
        return replace(
            self,
            questions=question_about(asked_of(read.perceived)),
            perceived=read.perceived,
            shows_people=read.shows_people,
            default_texts=texts,
        )

    def describe(self) -> Mapping[str, Any]:
        """`attributes`: field, id and wording of each; `shows_people`."""
        return {
            "attributes": [
                {"field": one.field, "id": one.id, "wording": one.wording}
                for one in self.asked
            ],
            "shows_people": self.shows_people,
        }

    @property
    def asked(self) -> tuple[AskedAttribute, ...]:
        """The attributes in the study file's order, each with its field."""
        return asked_of(self.perceived)

    def arrange(self, view: TrialView) -> Mapping[str, Any]:
        """`attributes` and `shows_people`."""
        return {"attributes": self.asked, "shows_people": self.shows_people}

    def simulate(
        self, trial: Trial, *, competence: Competence, rng: np.random.Generator
    ) -> Response:
        """What a simulated participant says of each attribute.

        They go by `truth["present"]`, names of what is in the image: an attribute
        is there if its `simulated_by` (or its id) is among them. Where nothing is
        known, careful and hasty people cannot tell.
        """
        present = (trial.truth or {}).get("present")
        given = {}
        for one, item in zip(self.asked, self.perceived, strict=True):
            is_there = (
                None if present is None else (item.simulated_by or item.id) in present
            )
            given[one.field] = _say(is_there, competence=competence, rng=rng)
        return given

    def simulated_rt_ms(
        self, competence: Competence, *, rng: np.random.Generator
    ) -> float:
        """A log-normal response time in milliseconds, longer with more attributes."""
        median = _MEDIAN_MS_EACH[competence] * (1 + len(self.perceived))
        return max(80.0, float(median * np.exp(rng.normal(0.0, 0.35))))


def _say(
    is_there: bool | None, *, competence: Competence, rng: np.random.Generator
) -> str:
    if competence == "robot":
        return PRESENT
    if competence == "random":
        return CHOICES[int(rng.integers(len(CHOICES)))]
    if competence == "yes-sayer":
        return PRESENT if rng.random() < _SHARE_YES else ABSENT
    if is_there is None:
        return CANNOT_TELL
    right, wrong = (PRESENT, ABSENT) if is_there else (ABSENT, PRESENT)
    chosen = int(rng.choice(3, p=_SHARES[competence]))
    return (right, CANNOT_TELL, wrong)[chosen]


paradigm: Final = Attributes()
