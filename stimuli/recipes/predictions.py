"""What a classifier says of pictures that nobody has labelled.

Source: Stock and Cisse, ECCV 2018, figures 1 and 10a.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from stimuli.asking import Asking
from stimuli.classes import ClassList
from stimuli.findings import Draft, Findings, Seen, Selection
from stimuli.manifest import Prediction, Use
from stimuli.recipe_file import Section
from stimuli.recipes.base import Recipe


class PredictionsSection(Section):
    """`[recipe] kind = "predictions"`.

    Attributes:
        shows: The most probable class, or the five most probable.
        ask: Five classes: whether any is relevant, or each by itself.
        seed: For everything that is drawn.
    """

    shows: Literal["top1", "top5"] = "top1"
    ask: Literal["any", "each"] | None = None
    seed: int = Field(0, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _asks_of_five(self) -> Self:
        if self.ask and self.shows == "top1":
            raise ValueError(
                f'ask = "{self.ask}" is about five classes; leave it out with '
                'shows = "top1"'
            )
        return self


@dataclass(frozen=True)
class Predictions(Recipe):
    """Every picture with its prediction."""

    section: PredictionsSection

    @property
    def asking(self) -> Asking:
        """One class, or five."""
        if self.section.shows == "top1":
            return Asking("relevant")
        return Asking(self.section.ask or "any")

    @property
    def shows(self) -> str:
        """As the recipe says."""
        return self.section.shows

    @property
    def needs_labels(self) -> bool:
        """No label is needed; one that is there is kept."""
        return False

    def is_shown(self, seen: Seen, classes: ClassList) -> bool:
        """Every picture is."""
        return True

    def select(self, findings: Findings) -> Selection:
        """One trial per picture and different prediction."""
        drafts = [
            self._draft(seen, prediction)
            for seen in findings.seen
            for prediction in seen.predictions
        ]
        return Selection(drafts=drafts)

    def _draft(self, seen: Seen, prediction: Prediction) -> Draft:
        predicted = prediction.classes[: self.asking.n_classes]
        use = Use(
            classifier=prediction.classifier,
            shows="prediction",
            source_sha256=seen.source_sha256,
            label=seen.label,
            predicted=predicted,
        )
        return Draft(
            seen=seen,
            question=self.asking.question,
            classes=predicted,
            role="main",
            use=use,
        )
