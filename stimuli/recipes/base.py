"""What a recipe is: one module, listed in `stimuli.recipes`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from stimuli.asking import Asking
from stimuli.classes import ClassList
from stimuli.datasets import Source
from stimuli.findings import Findings, Seen, Selection
from stimuli.manifest import ClassInfo
from stimuli.recipe_file import ControlsSection
from stimuli.workup import Work, Workup


class Recipe(Protocol):
    """Chooses a set's main trials from what the classifiers said.

    A recipe that also works on images (attacks, explains) inherits from this
    class and overrides `workup` and `choose_work`.
    """

    @property
    def asking(self) -> Asking | None:
        """How its trials ask about a class; None where they ask something else."""

    @property
    def shows(self) -> str:
        """What its trials re-examine, for the summary."""

    @property
    def needs_labels(self) -> bool:
        """Whether every image must have a label."""

    def is_shown(self, seen: Seen, classes: ClassList) -> bool:
        """Whether this image surely becomes a main trial's stimulus."""

    def select(self, findings: Findings) -> Selection:
        """The main trials, and facts for the summary."""

    @property
    def is_of_one_classifier(self) -> bool:
        """Whether it works with a single classifier only."""
        return self.workup is not None

    @property
    def workup(self) -> Workup | None:
        """What is done with images beside predicting on them."""
        return None

    @property
    def control_condition(self) -> str:
        """Condition of the controls that show clean crops."""
        return ""

    @property
    def usual_controls(self) -> Mapping[str, int]:
        """Controls per block where the recipe file does not say."""
        return {}

    def choose_work(
        self,
        sources: Sequence[Source],
        classes: ClassList,
        *,
        seed: int,
        controls: ControlsSection,
    ) -> Work:
        """The images that `workup` is for."""
        return Work()

    def further_classes(self, classes: ClassList) -> Sequence[ClassInfo]:
        """Groups that its trials name, beside the classifier's classes."""
        return ()
