"""What a class looks like to a classifier: its prototypes and criticisms, mixed.

Whoever describes the images does not know which are prototypes, criticisms or a
plain draw; what differs between the three is what the classifier has made of the
class.

Source: Stock and Cisse, ECCV 2018, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field, field_validator

from stimuli.errors import BuildError, list_problems
from stimuli.manifest import Posed, Trial, Use
from stimuli.methods.selection import SELECTIONS, RandomDraw, SelectionError
from stimuli.methods.selection import Selection as Chosen
from stimuli.recipes.base import Reexamined
from stimuli.recipes.batches.image_work import ImageWork
from stimuli.recipes.batches.selection_work import SelectionWork
from stimuli.recipes.method_options import SelectingSection
from stimuli.recipes.questions import PICTURE
from stimuli.recipes.selecting_recipe import (
    ImagesOfClass,
    SelectingRecipe,
    describe_cautions,
    describe_selection,
    describe_troubles,
    find_n_steps,
    gather,
    list_short,
    manifest_facts,
)
from stimuli.records.classes import ClassList
from stimuli.records.classified_images import ClassifiedImage, ClassifiedImages
from stimuli.records.seeds import rng_for
from stimuli.records.trial_drafts import Board, SelectedTrials
from stimuli.sources.datasets import Source


class PortraitSection(SelectingSection):
    """`[recipe] kind = "portrait"`.

    Attributes:
        classes: The classes (or groups) to portray, each by itself.
        selection: How prototypes and criticisms are chosen: "mmd_critic",
            "adversarial", "probability", or a selection of another package, with its
            own defaults.
        n_prototypes: Per class.
        n_criticisms: Per class.
        n_random: Images drawn from the class, whatever the selection chose; None
            draws as many as there are prototypes and criticisms.
        images_per_class: Images to choose from, drawn; nothing is predicted on the
            others. None takes all, and predicts on the whole data set.
        seed: For everything that is drawn.
    """

    classes: list[str] = Field(min_length=1)
    selection: str = "adversarial"
    n_prototypes: int = Field(18, ge=1)
    n_criticisms: int = Field(18, ge=0)
    n_random: int | None = Field(None, ge=1)
    images_per_class: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0, lt=2**63)

    @field_validator("selection")
    @classmethod
    def _is_known(cls, name: str) -> str:
        # A draw is in every portrait, to be compared with.
        known = [each for each in SELECTIONS if each != RandomDraw.name]
        if name not in known:
            raise ValueError(
                f"expected one of {', '.join(known)}, got {name!r}"
                f"{SELECTIONS.why_not(name)}"
            )
        return name


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Why an image is in the portrait."""

    shows: str
    seen: ClassifiedImage
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Portrait(SelectingRecipe):
    """The recipe of the fourth study."""

    section: PortraitSection

    @property
    def shows(self) -> str:
        """Images of a class."""
        return "portrait"

    @property
    def asks(self) -> Mapping[str, Posed]:
        """What is to be seen in one image; nothing of it is judged."""
        return {PICTURE: Posed(slots=("target",))}

    @property
    def re_examines(self) -> Sequence[Reexamined]:
        """Images for what they are; why each is there is its uses' label."""
        return [
            Reexamined(shows=shows, of="selected", n_classes=0)
            for shows in ("prototype", "criticism", "random")
        ]

    @property
    def image_work(self) -> ImageWork:
        """What the selection chooses by."""
        selections = frozenset({self.section.selection, "adversarial"})
        return SelectionWork(section=self.section, selections=selections)

    def check_feasible(self, sources: Sequence[Source], classes: ClassList) -> None:
        """Refuse classes with fewer images than will be chosen.

        Raises:
            BuildError: Naming all of them.
        """
        section = self.section
        found = list_short(
            sources,
            classes,
            names=section.classes,
            per_class=section.images_per_class,
            n_needed=section.n_prototypes + section.n_criticisms,
        )
        if found.lacks:
            where = (
                f"recipe.n_prototypes {section.n_prototypes}, recipe.n_criticisms "
                f"{section.n_criticisms}: lower them or add images"
            )
            raise BuildError(list_problems(where, found.lacks))

    def select(self, classified: ClassifiedImages) -> SelectedTrials:
        """One trial per image; why it is there is known to its uses alone.

        Raises:
            BuildError: If a class has too few images.
        """
        n_steps = find_n_steps(classified, usual=10)
        boards: list[Board] = []
        source_facts: dict[str, dict[str, Any]] = {}
        described: dict[str, Any] = {}
        selected: dict[str, list[Chosen]] = {}
        for pile in gather(classified, ()):
            chosen = self._choose(pile, classified, n_steps=n_steps)
            parts = self._parts(pile, chosen, classified)
            boards += _boards(parts, pile, classified)
            source_facts |= _facts(parts)
            selected[pile.short_name] = [chosen]
            described[pile.kind] = {
                "name": pile.short_name,
                **pile.survivors(n_steps),
                "chosen": chosen.count(),
                "outcome": dict(chosen.outcome),
                "n_random": sum(part.shows == "random" for part in parts),
            }
        facts = {
            "portrait": {
                "selection": self.section.selection,
                "classes": described,
                "n_steps": n_steps,
                "attack": self.section.attack.model_dump(),
            }
        }
        return SelectedTrials(
            boards=boards,
            facts=facts,
            source_facts=source_facts,
            notes=[
                *_notes(described),
                *describe_cautions(selected),
                *describe_troubles(classified),
            ],
        )

    def _choose(
        self, pile: ImagesOfClass, classified: ClassifiedImages, *, n_steps: int
    ) -> Chosen:
        selector = self.section.selectors()[self.section.selection]
        candidates = pile.candidates(range(len(pile.seen)), n_steps=n_steps)
        try:
            return selector.select(
                candidates,
                n_prototypes=self.section.n_prototypes,
                n_criticisms=self.section.n_criticisms,
                rng=rng_for(classified.seed, "selection", pile.kind),
            )
        except SelectionError as error:
            raise BuildError(
                f"{error} (recipe.n_prototypes {self.section.n_prototypes}, "
                f"recipe.n_criticisms {self.section.n_criticisms})"
            ) from error

    def _parts(
        self, pile: ImagesOfClass, chosen: Chosen, classified: ClassifiedImages
    ) -> list[_Part]:
        parts = [
            _Part(
                shows=str(chosen.facts_of(index)["selected_as"]),
                seen=pile.seen[index],
                facts=chosen.facts_of(index),
            )
            for index in chosen.chosen
        ]
        n_random = min(self.section.n_random or len(parts), len(pile.seen))
        rng = rng_for(classified.seed, "random draw", pile.kind)
        drawn = rng.choice(len(pile.seen), n_random, replace=False)
        parts += [
            _Part(shows="random", seen=pile.seen[row], facts={"is_random_draw": True})
            for row in sorted(drawn.tolist())
        ]
        return parts


def _boards(
    parts: Sequence[_Part], pile: ImagesOfClass, classified: ClassifiedImages
) -> list[Board]:
    uses: dict[str, list[Use]] = {}
    images: dict[str, ClassifiedImage] = {}
    for part in parts:
        seen = part.seen
        images[seen.pixels_sha256] = seen
        uses.setdefault(seen.pixels_sha256, []).append(
            Use(
                classifier=classified.classifiers[0],
                shows=part.shows,
                source_sha256=seen.source_sha256,
                label=seen.label,
                predicted=seen.predictions[0].classes[:1],
            )
        )
    return [
        Board(
            trial=Trial(
                id="",
                slots={"target": key},
                question=PICTURE,
                classes=(pile.kind,),
                role="main",
                sources=(seen.source_sha256,),
                uses=tuple(sorted(uses[key], key=lambda use: use.shows)),
                truth=None
                if seen.present is None
                else {"present": [*seen.present, *seen.also]},
            ),
            seen=(seen,),
        )
        for key, seen in images.items()
    ]


def _facts(parts: Sequence[_Part]) -> dict[str, dict[str, Any]]:
    facts: dict[str, dict[str, Any]] = {}
    for part in parts:
        entry = facts.setdefault(part.seen.source, manifest_facts(part.seen))
        entry.update(part.facts)
    return facts


def _notes(described: Mapping[str, Mapping[str, Any]]) -> list[str]:
    notes = describe_selection({d["name"]: d for d in described.values()})
    for entry in described.values():
        chosen = entry["chosen"]
        n_fallback = chosen["n_prototype_fallbacks"] + chosen["n_criticism_fallbacks"]
        if n_fallback:
            notes.append(
                f"{entry['name']}: the fallback order was used for "
                f"{chosen['n_prototype_fallbacks']} of {chosen['n_prototypes']} "
                f"prototypes and {chosen['n_criticism_fallbacks']} of "
                f"{chosen['n_criticisms']} criticisms"
            )
    return notes
