"""The category question: which of n is it?

One picture and a grid of 2 to 40 categories; the picture may be shown for a moment and
be followed by a mask, and the time to choose may be limited.

Source: Geirhos and others, ICLR 2019 (16 categories, 200 ms, a 1/f mask of 200 ms,
1,500 ms to choose).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, sqrt
from typing import Any, Final, Self

import numpy as np
from pydantic import BaseModel

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
from hit_templates.categorise.people import SHARE_LATE, SHARE_RIGHT, chosen, share_right
from hit_templates.categorise.settings import (
    MAX_CATEGORIES,
    MIN_CATEGORIES,
    CategoriseSettings,
    Category,
)
from stimuli.manifest import ClassInfo, Trial

QUESTION: Final = "category"
FIELD: Final = "category"
NONE: Final = "none"
# Pressed in the order of the grid; the first are shown on the buttons of small ones.
KEYS: Final = "1234567890qwertyuiopasdfghjklzxcvbnm,.-="
# Letters that do not fit four in a row on a phone.
LONG_WORD: Final = 8
TIMES: Final = ("fixation_ms", "exposure_ms", "mask_ms", "response_ms", "after_ms")

FLASHES: Final = (
    "**Flashing pictures.** In this study pictures appear for a moment and are followed "
    "by patterns of high contrast that flash. Please do not take part if you have "
    "photosensitive epilepsy, or if flashing or flickering images have ever made you "
    "feel unwell. Stop at once if you feel unwell; you need not say why."
)

DEFAULT_TEXTS: Final[Mapping[str, str]] = {
    "question_category": "Which of these is it?",
    "no_response": "no response in time",
    "image_alt": "Image to categorise",
    "mask_alt": "Pattern without meaning",
    "landing_intro": "You will see images one at a time and choose what each shows from "
    "a list of categories.",
    "debriefing": "Thank you. How often people find the right category in such images, "
    "and which ones they confuse, shows where people and computer programs see alike.",
    # Markdown; empty shows the paradigm's own instructions.html.
    "instructions": "",
    "practice_intro": "First a few images for practice. "
    "You are told after each one whether you were right.",
    "feedback_right": "Right.",
    "feedback_wrong": "Not quite.",
    "feedback_unanswered": "Too late: choose as soon as the categories appear.",
    # Said where a browser or a screen cannot keep the time.
    "timing_hidden": "This page was out of sight. The image comes again later; "
    "keep the page in front while you take part.",
    "timing_slow": "This screen shows {rate} pictures a second, and the study needs at "
    "least 50: images would stay too long. Plug in the power supply, switch off power "
    "saving, close other programs, or use another screen; then try again. Nothing that "
    "you have done is lost.",
    "timing_go_on": "Go on",
    "timing_again": "Try again",
}

COMPREHENSION: Final = (
    ComprehensionQuestion(
        question="An image is hard to make out, and you are not sure what it shows. What "
        "do you do?",
        choices=(
            "Choose the category that seems likeliest",
            "Leave the page and come back later",
        ),
        right=0,
        explain="Every image belongs to one of the categories. When in doubt, take the "
        "likeliest.",
    ),
)


def question_about(
    categories: Sequence[Category] | None, *, is_shuffled: bool
) -> dict[str, Question]:
    """What is asked: one of the categories, or of the trial's classes."""
    known = [] if categories is None else [each.id for each in categories]
    category = Field(
        name=FIELD,
        type="choice",
        choices=(*known, NONE),
        words={**{each: _text_of(each) for each in known}, NONE: "no_response"},
        takes_classes=categories is None,
        unanswered=(NONE,),
        description="the category chosen; none: no response in time",
    )
    return asking(
        Question(
            name=QUESTION,
            fields=(category,),
            is_graded=True,
            shuffled="classes-once" if is_shuffled else "nothing",
            one_sided="always choose the same category",
            responding="one of the categories",
            needs=("alternatives",),
        )
    )


@dataclass(frozen=True, kw_only=True)
class ShownCategory:
    """A category at its place in the grid.

    Attributes:
        id: The value stored.
        word: What people read.
        key: What they may press.
        symbol: Above the word; may be empty.
        picture: Address of a picture above the word; may be empty.
    """

    id: str
    word: str
    key: str
    symbol: str = ""
    picture: str = ""


@dataclass(frozen=True, kw_only=True)
class Categorising(UsualParadigm):
    """One of n categories for one picture."""

    name: str = "categorise"
    title: str = "Which of n categories is it? (optionally shown for a moment)"
    slots: tuple[str, ...] = ("target", "mask?")
    questions: Mapping[str, Question] = field(
        default_factory=lambda: question_about(None, is_shuffled=False)
    )
    default_texts: Mapping[str, str] = field(default_factory=lambda: DEFAULT_TEXTS)
    default_comprehension: tuple[ComprehensionQuestion, ...] = COMPREHENSION
    exhibits: tuple[str, ...] = ("mask",)
    settings_model: type[BaseModel] | None = CategoriseSettings
    share_right: Mapping[str, float] = field(default_factory=lambda: SHARE_RIGHT)
    median_rt_ms: float = 1300.0
    settings: CategoriseSettings = field(default_factory=CategoriseSettings)

    @property
    def flashes(self) -> bool:
        """Whether masks flash, which people must be told before."""
        timing = self.settings.timing
        return timing is not None and timing.flashes

    def configure(self, settings: Mapping[str, Any]) -> Self:
        """With the study's categories and times; with a notice where masks flash."""
        read = CategoriseSettings.model_validate(settings)
        texts = {
            **DEFAULT_TEXTS,
            **{_text_of(each.id): each.word for each in read.categories or ()},
        }
        if read.timing is not None and read.timing.flashes:
            texts["flash_notice"] = FLASHES
        return replace(
            self,
            settings=read,
            default_texts=texts,
            questions=question_about(
                read.categories, is_shuffled=read.order == "shuffled"
            ),
        )

    def describe(self) -> Mapping[str, Any]:
        """`categorise`: the study file's section, defaults filled in."""
        return {"categorise": self.settings.model_dump(mode="json")}

    def trial_problems(self, trial: Trial) -> Sequence[str]:
        """What is wrong with its classes, its mask, its times or its key."""
        found = [*_class_problems(trial, self.settings.categories)]
        if not found:
            found += super().trial_problems(trial)
        return [*found, *_timing_problems(trial, self.settings)]

    def arrange(self, view: TrialView) -> Mapping[str, Any]:
        """`shown` (the grid) and how: `columns`, `timing`, `sound` and the like."""
        shown = self._shown(view)
        return {
            "shown": shown,
            "columns": self.settings.columns or _columns(len(shown)),
            "has_long_words": any(
                len(part) > LONG_WORD for each in shown for part in each.word.split()
            ),
            "timing": self.settings.timing,
            "sound": self.settings.sound,
            "unanswered": NONE,
        }

    def _shown(self, view: TrialView) -> list[ShownCategory]:
        known = {each.id: each for each in self.settings.categories or ()}
        infos = list(view.classes)
        if self.settings.order == "fixed":
            rank = {name: place for place, name in enumerate(known)}
            infos.sort(key=lambda info: (rank.get(info.id, len(rank)), info.id))
        has_pictures = self.settings.pictures
        return [
            ShownCategory(
                id=info.id,
                word=known[info.id].word if info.id in known else info.name,
                key=KEYS[place],
                symbol=known[info.id].symbol if info.id in known else "",
                picture=_picture(view, info) if has_pictures else "",
            )
            for place, info in enumerate(infos)
        ]

    def simulate(
        self, trial: Trial, *, competence: Competence, rng: np.random.Generator
    ) -> Response:
        """The right category as often as the trial's truth says; now and then none.

        `truth["category"]`, or else the key, is right. See `people.share_right` for
        `p_right` and for `threshold`, `slope`, `level` and `lapse`. Where the time to
        choose is limited, some let it pass.
        """
        offered = self.response_schema(trial)[FIELD].offered
        truth = trial.truth or {}
        timing = self.settings.timing
        is_limited = timing is not None and timing.response_ms is not None
        if is_limited and rng.random() < SHARE_LATE:
            return {FIELD: NONE}
        right = truth.get(FIELD) or (trial.key or {}).get(FIELD)
        if competence == "robot":
            return {FIELD: offered[0]}
        tries = competence in SHARE_RIGHT
        share = share_right(truth, competence, n=len(offered)) if tries else None
        return {FIELD: chosen(offered, right=right, share=share, rng=rng)}

    def simulated_rt_ms(
        self, competence: Competence, *, rng: np.random.Generator
    ) -> float:
        """A log-normal response time in milliseconds, within the time to choose."""
        usual = super().simulated_rt_ms(competence, rng=rng)
        timing = self.settings.timing
        if timing is None:
            return usual
        before = timing.exposure_ms + (timing.mask_ms if timing.flashes else 0.0)
        if timing.response_ms is None:
            return before + usual
        return before + min(0.4 * usual, timing.response_ms)


def _text_of(category: str) -> str:
    return f"category_{category}"


def _picture(view: TrialView, info: ClassInfo) -> str:
    return next(iter(view.examples.get(info.id, ())), "")


def _columns(n: int) -> int:
    """About square: 4 for 16, 7 for 40.

    >>> [_columns(n) for n in (2, 4, 16, 40)]
    [2, 2, 4, 7]
    """
    return min(10, ceil(sqrt(n))) if n > 3 else n


def _class_problems(
    trial: Trial, categories: Sequence[Category] | None
) -> Iterator[str]:
    n = len(trial.classes)
    if not MIN_CATEGORIES <= n <= MAX_CATEGORIES:
        yield (
            f"expected {MIN_CATEGORIES} to {MAX_CATEGORIES} classes to choose from, "
            f"got {n}"
        )
    if NONE in trial.classes:
        yield f"a class may not be called {NONE!r}, which stands for no response"
    known = {each.id for each in categories or ()} or set(trial.classes)
    if unknown := sorted(set(trial.classes) - known):
        yield f"classes {', '.join(unknown)} are none of the study file's categories"
    if missing := sorted(known - set(trial.classes)):
        yield (
            f"categories {', '.join(missing)} are none of its classes; everybody "
            "chooses from the classes of the trial"
        )


def _timing_problems(trial: Trial, settings: CategoriseSettings) -> Iterator[str]:
    timing = settings.timing
    if trial.exposure and timing is None:
        yield "it has an exposure, and the study file has no [categorise.timing]"
    if unknown := sorted(set(trial.exposure) - set(TIMES)):
        yield f"exposure: {', '.join(unknown)} is none of {', '.join(TIMES)}"
    if timing is not None and timing.mask == "picture" and "mask" not in trial.slots:
        yield "[categorise.timing] mask = 'picture' needs its slot mask filled"


paradigm: Final = Categorising()
