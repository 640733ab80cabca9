"""Images put before people with the class, or the five, that a classifier predicts.

"misclassified" puts up every image that a classifier gets wrong, "predictions" pictures
whether or not anybody has labelled them.

Source: Stock and Cisse, "ConvNets and ImageNet Beyond Accuracy", ECCV 2018.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, Self

from pydantic import Field, model_validator

from stimuli.errors import BuildError
from stimuli.manifest import Prediction, Use
from stimuli.recipe_file import RecipeSection
from stimuli.recipes.base import Recipe, Reexamined
from stimuli.recipes.questions import ClassQuestion, choose_question
from stimuli.records.classes import ClassList
from stimuli.records.classified_images import N_TOP, ClassifiedImage, ClassifiedImages
from stimuli.records.seeds import rng_for
from stimuli.records.trial_drafts import SelectedTrials, TrialDraft
from stimuli.sources.datasets import Source

_SHOWS: Final = "prediction"
_OF_TOP1: Final = "top5-of-top1-errors"
_OF_TOP5: Final = "top5-of-top5-errors"


class _PredictedClassesSection(RecipeSection):
    """What both say of the classes put up.

    Attributes:
        shows: The most probable class, or five.
        ask: Five classes: whether any is relevant, or each by itself.
    """

    shows: str = "top1"
    ask: Literal["any", "each"] | None = None

    @model_validator(mode="after")
    def _asks_of_five(self) -> Self:
        if self.ask and self.shows == "top1":
            raise ValueError(
                f'ask = "{self.ask}" is about five classes; leave it out with '
                'shows = "top1"'
            )
        return self


class MisclassifiedSection(_PredictedClassesSection):
    """`[recipe] kind = "misclassified"`.

    Attributes:
        shows: "top1": the wrong class of every top-1 error.
            "top5-of-top1-errors": the five classes of every top-1 error (serves
            both top-5 numbers). "top5-of-top5-errors": the five classes where
            none is right.
        ask: Five classes: whether any is relevant, or each by itself.
        include_correct: Share of the correctly classified images to include; with
            "top5-of-top5-errors", of those whose label is among the five.
        seed: For everything that is drawn.
    """

    shows: Literal["top1", "top5-of-top1-errors", "top5-of-top5-errors"] = "top1"
    include_correct: float = Field(0.0, ge=0, le=1)
    seed: int = Field(0, ge=0, lt=2**63)


class PredictionsSection(_PredictedClassesSection):
    """`[recipe] kind = "predictions"`.

    Attributes:
        shows: The most probable class, or the five most probable.
        ask: Five classes: whether any is relevant, or each by itself.
        seed: For everything that is drawn.
    """

    shows: Literal["top1", "top5"] = "top1"
    seed: int = Field(0, ge=0, lt=2**63)


class _PredictedClasses(Recipe, Protocol):
    """Puts up classes that a classifier predicts.

    Attributes:
        section: Its part of the recipe file.
    """

    section: _PredictedClassesSection

    @property
    def asking(self) -> ClassQuestion:
        """One class, or five."""
        is_one = self.section.shows == "top1"
        return choose_question(1 if is_one else N_TOP, self.section.ask)

    @property
    def shows(self) -> str:
        """As the recipe says."""
        return self.section.shows

    def _draft(
        self, seen: ClassifiedImage, prediction: Prediction, *, shows: str
    ) -> TrialDraft:
        predicted = prediction.classes[: self.asking.n_classes]
        use = Use(
            classifier=prediction.classifier,
            shows=shows,
            source_sha256=seen.source_sha256,
            label=seen.label,
            predicted=predicted,
        )
        return TrialDraft(
            seen=seen,
            question=self.asking.question,
            classes=predicted,
            role="main",
            use=use,
        )


@dataclass(frozen=True)
class Misclassified(_PredictedClasses):
    """The recipe of the first study."""

    section: MisclassifiedSection

    @property
    def re_examines(self) -> Sequence[Reexamined]:
        """Errors, those by the stricter measure too, and right predictions if any."""
        n_classes, top_k = self.asking.n_classes, self._top_k
        found = [
            Reexamined(shows=self.shows, of="errors", top_k=top_k, n_classes=n_classes)
        ]
        if self.shows == _OF_TOP1:
            found.append(
                Reexamined(
                    shows=_OF_TOP5, of="errors", top_k=N_TOP, n_classes=n_classes
                )
            )
        if self.section.include_correct:
            found.append(
                Reexamined(
                    shows=self._correct, of="right", top_k=top_k, n_classes=n_classes
                )
            )
        return found

    @property
    def needs_labels(self) -> bool:
        """An error needs a label."""
        return True

    def is_shown(self, seen: ClassifiedImage, classes: ClassList) -> bool:
        """Whether some classifier is wrong about it."""
        classified = ClassifiedImages(seen=(), classes=classes, classifiers=(), seed=0)
        return any(
            self._is_error(classified, seen, position)
            for position in range(len(seen.predictions))
        )

    def check_feasible(self, sources: Sequence[Source], classes: ClassList) -> None:
        """Refuse displays of five classes where five are all there are.

        Raises:
            BuildError: If they are.
        """
        if self.asking.n_classes >= len(classes):
            raise BuildError(
                f"shows = {self.shows!r} needs more than {N_TOP} classes, the "
                f"classifier has {len(classes)}; use shows = 'top1'"
            )

    def select(self, classified: ClassifiedImages) -> SelectedTrials:
        """Errors of every classifier, and a share of what it got right.

        Raises:
            BuildError: If no classifier is wrong about any image.
        """
        drafts: list[TrialDraft] = []
        pools, included = {}, {}
        for position, name in enumerate(classified.classifiers):
            drafts += self._errors(classified, position)
            # What is not an error by the recipe's own measure, so that errors and
            # right predictions together are every image seen.
            right = [
                s for s in classified.seen if self._is_right(classified, s, position)
            ]
            chosen = self._choose_correct(right, classified.seed)
            drafts += [
                self._draft(s, s.predictions[position], shows=self._correct)
                for s in chosen
            ]
            pools[name], included[name] = len(right), len(chosen)
        if not drafts:
            raise BuildError(
                f"{' and '.join(classified.classifiers)}: right about all "
                f"{len(classified.seen)} images (shows = {self.shows!r}), so there is "
                "nothing to judge; take more images, or include_correct above 0"
            )
        facts = {
            "include_correct": {
                "share": self.section.include_correct,
                "n_correct_pool": pools,
                "n_included": included,
            }
        }
        return SelectedTrials(drafts=drafts, facts=facts)

    @property
    def _top_k(self) -> int:
        """How many classes a prediction has to be right."""
        return N_TOP if self.shows == _OF_TOP5 else 1

    @property
    def _correct(self) -> str:
        return f"correct-top{self._top_k}"

    def _is_error(
        self, classified: ClassifiedImages, seen: ClassifiedImage, position: int
    ) -> bool:
        return not self._is_right(classified, seen, position)

    def _is_right(
        self, classified: ClassifiedImages, seen: ClassifiedImage, position: int
    ) -> bool:
        if self._top_k == N_TOP:
            return classified.is_right_in_top5(seen, position)
        return classified.is_right(seen, position)

    def _errors(
        self, classified: ClassifiedImages, position: int
    ) -> Iterator[TrialDraft]:
        for seen in classified.seen:
            if not self._is_error(classified, seen, position):
                continue
            prediction = seen.predictions[position]
            yield self._draft(seen, prediction, shows=self.shows)
            if self.shows == _OF_TOP1 and not classified.is_right_in_top5(
                seen, position
            ):
                # Top-5 errors are a part of top-1 errors: one judgment, two numbers.
                yield self._draft(seen, prediction, shows=_OF_TOP5)

    def _choose_correct(
        self, right: Sequence[ClassifiedImage], seed: int
    ) -> list[ClassifiedImage]:
        """A uniform sample that classifiers share as far as they can.

        Every image draws one number, whoever classified it, and the lowest are
        taken: what several classifiers got right is then judged once.
        """
        n_chosen = round(self.section.include_correct * len(right))

        def number(seen: ClassifiedImage) -> float:
            return float(rng_for(seed, "include-correct", seen.source).random())

        return sorted(right, key=number)[:n_chosen]


@dataclass(frozen=True)
class Predictions(_PredictedClasses):
    """Every picture with its prediction."""

    section: PredictionsSection

    @property
    def re_examines(self) -> Sequence[Reexamined]:
        """Predictions, whether or not anybody knows what is right."""
        n_classes = self.asking.n_classes
        return [Reexamined(shows=_SHOWS, of="predictions", n_classes=n_classes)]

    @property
    def needs_labels(self) -> bool:
        """No label is needed; one that is there is kept."""
        return False

    def is_shown(self, seen: ClassifiedImage, classes: ClassList) -> bool:
        """Every picture is."""
        return True

    def select(self, classified: ClassifiedImages) -> SelectedTrials:
        """One trial per picture and different prediction."""
        drafts = [
            self._draft(seen, prediction, shows=_SHOWS)
            for seen in classified.seen
            for prediction in seen.predictions
        ]
        return SelectedTrials(drafts=drafts)
