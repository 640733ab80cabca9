"""An attacked image beside its original: can people see which is which?

The two stand at the left and the right, drawn for each image; the key says where the
original is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from stimuli.errors import BuildError
from stimuli.manifest import Posed, Role, Trial, Use
from stimuli.recipe_file import ControlsSection, RecipeSection
from stimuli.recipes.base import Recipe, Reexamined
from stimuli.recipes.batches.adversarial_options import (
    AdversarialRecipeSection,
    ShownAttack,
)
from stimuli.recipes.batches.adversarial_work import AdversarialWork
from stimuli.recipes.batches.image_work import ImagesWorkedOn, ImageWork
from stimuli.recipes.method_options import AttackSection
from stimuli.recipes.questions import SIDES, ClassQuestion
from stimuli.records.classes import ClassList
from stimuli.records.classified_images import (
    ClassifiedImage,
    ClassifiedImages,
    MadePicture,
)
from stimuli.records.seeds import rng_for
from stimuli.records.trial_drafts import Board, SelectedTrials
from stimuli.sources.class_or_group import drawn_of_kinds
from stimuli.sources.datasets import Source

SHOWS: Final = "beside-original"
SLOTS: Final = ("image_left", "image_right")


class PairsSection(RecipeSection):
    """`[recipe] kind = "pairs"`.

    Attributes:
        classes: Classes (or groups) whose images are attacked; all by default.
        max_images: Images attacked, drawn before anything is predicted; None takes
            all.
        n_practice: Practice trials, with images that no main trial shows.
        attack: The attack's options.
        seed: For everything that is drawn.
    """

    classes: list[str] | None = Field(None, min_length=1)
    max_images: int | None = Field(None, ge=1)
    n_practice: int = Field(2, ge=0)
    attack: ShownAttack = Field(default_factory=AttackSection)
    seed: int = Field(0, ge=0, lt=2**63)


@dataclass(frozen=True)
class Pairs(Recipe):
    """Two pictures for every attack."""

    section: PairsSection

    @property
    def asking(self) -> ClassQuestion | None:
        """Nothing about a class."""
        return None

    @property
    def asks(self) -> Mapping[str, Posed]:
        """Which of the two is the original."""
        return {SIDES: Posed(slots=SLOTS, holds=("sides",))}

    @property
    def shows(self) -> str:
        """Attacked images, each beside its original."""
        return SHOWS

    @property
    def re_examines(self) -> Sequence[Reexamined]:
        """Images for what they are; nobody is asked about a prediction."""
        return [Reexamined(shows=SHOWS, of="selected", n_classes=0)]

    @property
    def needs_labels(self) -> bool:
        """Only images that are classified right are attacked."""
        return True

    @property
    def image_work(self) -> ImageWork:
        """Attacks, and explains nothing."""
        whole = AdversarialRecipeSection.model_validate(
            {"displays": ["whole"], "attack": self.section.attack}
        )
        return AdversarialWork(section=whole)

    def is_shown(self, seen: ClassifiedImage, classes: ClassList) -> bool:
        """What is shown is known when every image has been attacked."""
        return False

    def choose_work(
        self,
        sources: Sequence[Source],
        classes: ClassList,
        *,
        seed: int,
        controls: ControlsSection,
    ) -> ImagesWorkedOn:
        """A plain draw, those for practice first."""
        names = drawn_of_kinds(sources, classes, names=self.section.classes, seed=seed)
        return ImagesWorkedOn(main=frozenset(names[: self.section.max_images]))

    def select(self, classified: ClassifiedImages) -> SelectedTrials:
        """One trial per image whose attack survives in 8 bits.

        Raises:
            BuildError: If there are too few.
        """
        worked = [seen for seen in classified.seen if "outcome" in seen.facts]
        found = [seen for seen in worked if seen.made]
        n_practice = self.section.n_practice
        if len(found) <= n_practice:
            raise BuildError(
                f"{len(found)} of {len(worked)} images are adversarial, {n_practice} "
                "of them wanted for practice: raise max_images, or strengthen the attack"
            )
        rng = rng_for(classified.seed, "practice")
        first = {
            found[place].source for place in rng.permutation(len(found))[:n_practice]
        }
        facts = {
            "pairs": {"n_attacked": len(worked), "n_adversarial": len(found)},
            "controls": {"practice": n_practice},
        }
        return SelectedTrials(
            boards=list(self._boards(found, first, classified)),
            facts=facts,
            notes=[f"{len(found)} pairs of {len(worked)} images attacked"],
        )

    def _boards(
        self,
        found: Sequence[ClassifiedImage],
        practice: set[str],
        classified: ClassifiedImages,
    ) -> Iterator[Board]:
        for seen in found:
            role: Role = "practice" if seen.source in practice else "main"
            place = int(rng_for(classified.seed, "side", seen.source).integers(2))
            yield _board(seen, seen.made[0], place=place, role=role)


def _board(
    seen: ClassifiedImage, made: MadePicture, *, place: int, role: Role
) -> Board:
    """A pair with the original at the left (place 0) or the right."""
    pictures = [made.stimulus, made.stimulus]
    pictures[place] = seen.pixels_sha256
    use = Use(
        classifier=seen.predictions[0].classifier,
        shows=SHOWS,
        source_sha256=seen.source_sha256,
        label=seen.label,
        predicted=(made.class_id,),
    )
    trial = Trial(
        id="",
        slots=dict(zip(SLOTS, pictures, strict=True)),
        question=SIDES,
        classes=(),
        role=role,
        sources=(seen.source_sha256,),
        key={"right": str(place + 1)},
        uses=(use,) if role == "main" else (),
    )
    return Board(trial=trial, seen=(seen,), made=((seen, made),))
