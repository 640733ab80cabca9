"""What a recipe is: one module, listed in `stimuli.recipes`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from stimuli.manifest import ClassInfo, Posed
from stimuli.recipe_file import ControlsSection
from stimuli.recipes.batches.image_work import ImagesWorkedOn, ImageWork
from stimuli.recipes.questions import ClassQuestion
from stimuli.records.classes import ClassList
from stimuli.records.classified_images import ClassifiedImage, ClassifiedImages
from stimuli.records.trial_drafts import SelectedTrials
from stimuli.sources.datasets import Source


@dataclass(frozen=True, kw_only=True)
class Reexamined:
    """Which images one label of the trials' uses stands for.

    Attributes:
        shows: The label, as `Use.shows` has it.
        of: What was put up: "errors" of a classifier, predictions that are "right",
            "predictions" whether right or not, predictions for "attacked" or for
            "explained" images, wrong predictions "compared" with the label, or images
            "selected" for what they are, whose prediction nobody judges.
        top_k: A prediction is right where the label is among its k most probable
            classes; None where that plays no part.
        n_classes: Classes of the prediction that one trial puts up; 0 where none is.
    """

    shows: str
    of: Literal[
        "errors",
        "right",
        "predictions",
        "attacked",
        "explained",
        "compared",
        "selected",
    ]
    top_k: int | None = None
    n_classes: int = 1


class Recipe(Protocol):
    """Chooses a set's main trials from what the classifiers said.

    A recipe that also works on images (attacks, explains) inherits from this
    class and overrides `image_work` and `choose_work`.
    """

    @property
    def asking(self) -> ClassQuestion | None:
        """How its trials ask about a class; None where they ask something else."""

    @property
    def shows(self) -> str:
        """What its trials re-examine, for the summary."""

    @property
    def re_examines(self) -> Sequence[Reexamined]:
        """The same as facts, one for each label its trials' uses bear.

        Whoever counts errors goes by these, never by `kind` or a label's name.
        """
        return ()

    @property
    def asks(self) -> Mapping[str, Posed]:
        """Its own word for what it asks to what such trials hold."""
        if self.asking is None:
            return {}
        posed = Posed(slots=("target",), holds=self.asking.holds)
        return {self.asking.question: posed}

    @property
    def needs_labels(self) -> bool:
        """Whether every image must have a label."""

    def is_shown(self, seen: ClassifiedImage, classes: ClassList) -> bool:
        """Whether this image surely becomes a main trial's stimulus."""

    def select(self, classified: ClassifiedImages) -> SelectedTrials:
        """The main trials, and facts for the summary."""

    @property
    def n_classifiers(self) -> tuple[int, int] | None:
        """Least and most classifiers that it works with; None for any number."""
        return None if self.image_work is None else (1, 1)

    @property
    def image_work(self) -> ImageWork | None:
        """What is done with images beside predicting on them."""
        return None

    @property
    def masks(self) -> str | None:
        """Folder, relative to the recipe file, of the objects' masks.

        The mask of `images/a.png` is `images/a.png` in there: white where the object
        is, black elsewhere, as large as the image.
        """
        return None

    @property
    def needs_gradients(self) -> bool:
        """Whether it attacks the classifier."""
        return False

    @property
    def dtypes(self) -> tuple[str, ...]:
        """What it has the classifier compute in beside float32, by names in torch."""
        return ()

    @property
    def control_condition(self) -> str:
        """Condition of the controls that show clean crops."""
        return ""

    @property
    def usual_controls(self) -> Mapping[str, int]:
        """Controls per block where the recipe file does not say."""
        return {}

    def check_feasible(self, sources: Sequence[Source], classes: ClassList) -> None:
        """Refuse what no prediction could make possible.

        Raises:
            BuildError: With what is missing.
        """

    def choose_work(
        self,
        sources: Sequence[Source],
        classes: ClassList,
        *,
        seed: int,
        controls: ControlsSection,
    ) -> ImagesWorkedOn:
        """The images that `image_work` is for."""
        return ImagesWorkedOn()

    @property
    def is_of_work_alone(self) -> bool:
        """Whether images that `image_work` is not for are left alone.

        They are then not even predicted on, and no denominator counts them.
        """
        return False

    @property
    def class_pictures(self) -> Mapping[str, str]:
        """Id of a class to the file of a picture that stands for it."""
        return {}

    def further_classes(self, classes: ClassList) -> Sequence[ClassInfo]:
        """Groups that its trials name, beside the classifier's classes."""
        return ()
