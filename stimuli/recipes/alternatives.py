"""The class a classifier predicts, wrongly by the label, beside the class of the label.

Nobody is told which is which: whoever names the label's class agrees with whoever
labelled the image, whoever names the other with the classifier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from stimuli.manifest import Use
from stimuli.recipe_file import RecipeSection
from stimuli.recipes.base import Recipe, Reexamined
from stimuli.recipes.questions import ALTERNATIVES, ClassQuestion
from stimuli.records.classes import ClassList
from stimuli.records.classified_images import ClassifiedImage, ClassifiedImages
from stimuli.records.seeds import rng_for
from stimuli.records.trial_drafts import SelectedTrials, TrialDraft

SHOWS: Final = "beside-label"


class AlternativesSection(RecipeSection):
    """`[recipe] kind = "alternatives"`.

    Attributes:
        max_images: Errors put up, drawn; None takes all.
        seed: For everything that is drawn.
    """

    max_images: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0, lt=2**63)


@dataclass(frozen=True)
class Alternatives(Recipe):
    """Two classes for every error."""

    section: AlternativesSection

    @property
    def asking(self) -> ClassQuestion:
        """Which of the two."""
        return ClassQuestion(question=ALTERNATIVES)

    @property
    def shows(self) -> str:
        """Errors, each beside its label."""
        return SHOWS

    @property
    def re_examines(self) -> Sequence[Reexamined]:
        """Errors of the first class, each compared with the label."""
        return [Reexamined(shows=SHOWS, of="compared", top_k=1)]

    @property
    def needs_labels(self) -> bool:
        """The label is the other class."""
        return True

    @property
    def usual_controls(self) -> Mapping[str, int]:
        """None of a class that is not there: one of the two has to be."""
        return {"known_no": 0}

    def is_shown(self, seen: ClassifiedImage, classes: ClassList) -> bool:
        """Some are left out by a draw, made when all have been seen."""
        return False

    def select(self, classified: ClassifiedImages) -> SelectedTrials:
        """One trial per image and different prediction, the label its key."""
        wrong = [
            (seen, position)
            for seen in classified.seen
            for position in range(len(seen.predictions))
            if not classified.is_right(seen, position)
        ]
        drawn = {seen.source for seen in self._draw(wrong, seed=classified.seed)}
        drafts = [self._draft(*pair) for pair in wrong if pair[0].source in drawn]
        facts = {"alternatives": {"n_errors": len(wrong), "n_images": len(drawn)}}
        return SelectedTrials(drafts=drafts, facts=facts)

    def _draw(
        self, wrong: Sequence[tuple[ClassifiedImage, int]], *, seed: int
    ) -> list[ClassifiedImage]:
        """Whole images, so that classifiers are compared on the same ones."""
        images = {seen.source: seen for seen, _ in wrong}

        def number(seen: ClassifiedImage) -> float:
            return float(rng_for(seed, "work", seen.source).random())

        return sorted(images.values(), key=number)[: self.section.max_images]

    def _draft(self, seen: ClassifiedImage, position: int) -> TrialDraft:
        prediction, label = seen.predictions[position], str(seen.label)
        predicted = prediction.classes[0]
        return TrialDraft(
            seen=seen,
            question=self.asking.question,
            classes=(predicted, label),
            role="main",
            key=self.asking.key(label, [predicted], is_relevant=True),
            use=Use(
                classifier=prediction.classifier,
                shows=SHOWS,
                source_sha256=seen.source_sha256,
                label=seen.label,
                predicted=(predicted,),
            ),
        )
