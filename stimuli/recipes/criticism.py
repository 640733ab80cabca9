"""Assignment trials: do prototypes and criticisms show what a class is?

Source: Stock and Cisse, ECCV 2018, section 3.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from stimuli.errors import BuildError
from stimuli.manifest import Posed, Trial
from stimuli.recipes.assignment import (
    CATCH,
    CONDITIONS,
    AssignmentItem,
    Cast,
    Condition,
    TrialFrame,
    TrialImage,
    build_catches,
    build_practice,
    cast_classes,
    draw_items,
    measure_confusability,
)
from stimuli.recipes.assignment.near_duplicates import MAX_DISTANCE, NearDuplicates
from stimuli.recipes.assignment.supplying import SuppliedClass, hold_out, supply_class
from stimuli.recipes.batches.image_work import ImageWork
from stimuli.recipes.batches.selection_work import SelectionWork, read_hash
from stimuli.recipes.method_options import SelectingSection
from stimuli.recipes.questions import GROUP, GROUP_TOLD_APART
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
from stimuli.sources.class_or_group import kind_of
from stimuli.sources.datasets import Source

_NAMES = [condition.name for condition in CONDITIONS]


class CriticismSection(SelectingSection):
    """`[recipe] kind = "criticism"`.

    Attributes:
        conditions: Which of the seven; all by default.
        classes: Classes (or groups) that may take part; all by default.
        images_per_class: Images of a class to choose from, drawn; nothing is
            predicted on the others. None takes all, and predicts on the whole data
            set.
        n_items: Class sets with a target; None gives one per target.
        n_targets: Images per class kept out of every selection, as targets.
        n_classes: Classes per item.
        class_sets: Companions of the target's class: "random", or the most
            "confusable" with it.
        is_told_apart: Whether people see which images are criticisms.
        fallback: "report" keeps and counts images that do not meet a method's own
            rule; "leave-out" leaves their class out of all conditions.
        n_catch: Catch trials per block: the target is one of the very images of its
            group, under every condition.
        n_practice: Practice trials, with images that no main trial asks about.
        near_duplicate_bits: A target is dropped if so many bits of 64, or fewer,
            of its perceptual hash differ from that of an image shown.
        simulated_success: Condition to the share of main trials that careful
            simulated participants get right, to try a study out with a known
            truth; people are not told of it.
        seed: For everything that is drawn.
    """

    conditions: list[str] = Field(_NAMES, min_length=1)
    classes: list[str] | None = Field(None, min_length=1)
    images_per_class: int | None = Field(None, ge=1)
    n_items: int | None = Field(None, ge=1)
    n_targets: int = Field(4, ge=1)
    n_classes: int = Field(6, ge=2, le=6)
    class_sets: Literal["random", "confusable"] = "random"
    is_told_apart: bool = False
    fallback: Literal["report", "leave-out"] = "report"
    n_catch: int = Field(1, ge=0)
    n_practice: int = Field(2, ge=0)
    near_duplicate_bits: int = Field(MAX_DISTANCE, ge=0, le=64)
    simulated_success: dict[str, float] = Field(default_factory=dict)
    seed: int = Field(0, ge=0, lt=2**63)

    @field_validator("conditions")
    @classmethod
    def _are_known(cls, names: list[str]) -> list[str]:
        unknown = sorted(set(names) - set(_NAMES))
        if unknown:
            raise ValueError(
                f"unknown: {', '.join(unknown)}; known are {', '.join(_NAMES)}"
            )
        return names

    @field_validator("simulated_success")
    @classmethod
    def _are_shares_of_conditions(cls, shares: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(shares) - set(_NAMES))
        if unknown or any(not 0 <= share <= 1 for share in shares.values()):
            raise ValueError(
                f"expected shares from 0 to 1 for {', '.join(_NAMES)}, got {shares}"
            )
        return shares


@dataclass(frozen=True, kw_only=True)
class _Supplies:
    """Every class with what it offers.

    Attributes:
        supplied: In the order of the classes.
        rows: Class to the images that selections chose from.
    """

    supplied: Sequence[SuppliedClass]
    rows: Mapping[str, Sequence[ClassifiedImage]]

    def describe_cautions(self, gathered: Sequence[ImagesOfClass]) -> list[str]:
        """Why what was selected should not be trusted as it is."""
        names = {g.kind: g.short_name for g in gathered}
        return describe_cautions(
            {names[s.supply.class_id]: s.selections.values() for s in self.supplied}
        )


@dataclass(frozen=True)
class Criticism(SelectingRecipe):
    """The recipe of the third study."""

    section: CriticismSection

    @property
    def shows(self) -> str:
        """Groups of images, and a target."""
        return GROUP

    @property
    def asks(self) -> Mapping[str, Posed]:
        """Groups and a target; some of them told apart, where the recipe says so."""
        slots = ("target", "group_*")
        found = {GROUP: Posed(slots=slots, holds=("groups",))}
        if self.section.is_told_apart:
            holds = ("groups", "told-apart")
            found[GROUP_TOLD_APART] = Posed(slots=slots, holds=holds)
        return found

    @property
    def image_work(self) -> ImageWork:
        """What selections choose by."""
        selections = frozenset(c.selection for c in self._conditions)
        # Survivor counts are reported whatever the conditions are.
        return SelectionWork(
            section=self.section, selections=selections | {"adversarial"}
        )

    @property
    def _conditions(self) -> tuple[Condition, ...]:
        return tuple(c for c in CONDITIONS if c.name in self.section.conditions)

    def check_feasible(self, sources: Sequence[Source], classes: ClassList) -> None:
        """Refuse a data set with too few classes of enough images.

        Raises:
            BuildError: Naming the classes that have too few.
        """
        found = list_short(
            sources,
            classes,
            names=self.section.classes,
            per_class=self.section.images_per_class,
            n_needed=max(c.n_images for c in self._conditions),
        )
        n_fit = found.n_kinds - len(found.lacks)
        if n_fit < self.section.n_classes:
            raise BuildError(
                f"{n_fit} classes can take part, an item needs "
                f"{self.section.n_classes}; left out are "
                f"{'; '.join(found.lacks[:5]) or 'none'}; add images, group classes by "
                "dataset.groups, or lower recipe.n_classes"
            )

    def select(self, classified: ClassifiedImages) -> SelectedTrials:
        """Every item under every condition.

        Raises:
            BuildError: If too few classes can take part.
        """
        n_steps = find_n_steps(classified, usual=10)
        gathered = gather(classified, ())
        gathered.sort(key=lambda g: _order(g.kind))
        supplies = self._supply(classified, gathered, n_steps=n_steps)
        cast = cast_classes(
            [s.supply for s in supplies.supplied],
            conditions=self._conditions,
            fallback=self.section.fallback,
            find_near=_near(gathered, self.section.near_duplicate_bits),
        )
        items = draw_items(
            cast,
            self.section.n_items,
            rng=rng_for(classified.seed, "items"),
            class_sets=self.section.class_sets,
            n_classes=self.section.n_classes,
            confusability=_confusability(classified, gathered, cast),
        )
        trials = self._frame(items, cast, seed=classified.seed)
        facts = self._facts(gathered, supplies, cast, items=items, n_steps=n_steps)
        return SelectedTrials(
            boards=_boards(trials, gathered),
            facts={"criticism": facts, "controls": self._count_known()},
            source_facts=_source_facts(supplies, items),
            notes=[
                *_notes(facts, cast),
                *supplies.describe_cautions(gathered),
                *describe_troubles(classified),
            ],
        )

    def _frame(
        self, items: Sequence[AssignmentItem], cast: Cast, *, seed: int
    ) -> list[Trial]:
        """Main trials, catches and practice."""
        section = self.section
        frame = TrialFrame(
            cast=cast,
            rng_for=partial(rng_for, seed),
            conditions=self._conditions,
            is_told_apart=section.is_told_apart,
        )
        return [
            *(self._planted(trial) for trial in frame.build(items)),
            *build_catches(items, frame, n_per_block=section.n_catch),
            *build_practice(items, frame, n_trials=section.n_practice),
        ]

    def _planted(self, trial: Trial) -> Trial:
        """With what simulated participants reach, where the recipe says."""
        share = self.section.simulated_success.get(trial.condition)
        if share is None:
            return trial
        return replace(trial, truth={**(trial.truth or {}), "success": share})

    def _count_known(self) -> dict[str, int]:
        return {CATCH: self.section.n_catch, "practice": self.section.n_practice}

    def _supply(
        self,
        classified: ClassifiedImages,
        gathered: Sequence[ImagesOfClass],
        *,
        n_steps: int,
    ) -> _Supplies:
        supplied, rows = [], {}
        selectors = self.section.selectors()
        n_needed = max(c.n_images for c in self._conditions)
        for pile in gathered:
            held = hold_out(
                len(pile.seen),
                self.section.n_targets,
                rng=rng_for(classified.seed, "targets", pile.kind),
                n_needed=n_needed,
            )
            rest = [pile.seen[row] for row in held.rest]
            rows[pile.kind] = rest
            supplied.append(
                supply_class(
                    pile.candidates(held.rest, n_steps=n_steps),
                    [_exhibit(seen, pile.kind) for seen in rest],
                    class_id=pile.kind,
                    targets=[
                        _exhibit(pile.seen[row], pile.kind) for row in held.targets
                    ],
                    selectors=selectors,
                    rng_for=partial(rng_for, classified.seed),
                    conditions=self._conditions,
                )
            )
        return _Supplies(supplied=supplied, rows=rows)

    def _facts(
        self,
        gathered: Sequence[ImagesOfClass],
        supplies: _Supplies,
        cast: Cast,
        *,
        items: Sequence[AssignmentItem],
        n_steps: int,
    ) -> dict[str, Any]:
        part = {supply.class_id for supply in cast.supplies}
        selected = {s.supply.class_id: s.selections for s in supplies.supplied}
        names = {g.kind: g.short_name for g in gathered}
        n_shown = {c.name: len(part) * c.n_images for c in self._conditions}
        return {
            "conditions": [c.name for c in self._conditions],
            "n_items": len(items),
            "n_items_wanted": self.section.n_items,
            "n_classes": len(part),
            "classes": {
                g.kind: {
                    "name": names[g.kind],
                    "takes_part": g.kind in part,
                    **g.survivors(n_steps),
                    "chosen": {k: s.count() for k, s in selected[g.kind].items()},
                    "outcomes": {
                        k: dict(s.outcome) for k, s in selected[g.kind].items()
                    },
                }
                for g in gathered
            },
            "left_out": {names[kind]: why for kind, why in cast.left_out.items()},
            "n_targets_dropped": cast.n_targets_dropped,
            "fallbacks": {
                name: {"n_fallback": n, "n_shown": n_shown[name]}
                for name, n in cast.n_fallbacks.items()
            },
            "n_steps": n_steps,
            "attack": self.section.attack.model_dump(),
        }


def _order(kind: str) -> tuple[bool, int, str]:
    return (not kind.isdecimal(), int(kind) if kind.isdecimal() else 0, kind)


def _exhibit(seen: ClassifiedImage, kind: str) -> TrialImage:
    # The picture is not stored yet; its pixels stand for it.
    return TrialImage(
        stimulus=seen.pixels_sha256, source_sha256=seen.source_sha256, class_id=kind
    )


def _near(gathered: Sequence[ImagesOfClass], max_distance: int) -> NearDuplicates:
    hashes = {s.pixels_sha256: read_hash(s) for g in gathered for s in g.seen}
    return NearDuplicates(hashes=hashes, max_distance=max_distance)


def _confusability(
    classified: ClassifiedImages, gathered: Sequence[ImagesOfClass], cast: Cast
) -> NDArray[np.float64]:
    """From the five most probable classes of every image."""
    places = {supply.class_id: place for place, supply in enumerate(cast.supplies)}
    shares, labels = [], []
    for pile in gathered:
        if pile.kind not in places:
            continue
        for seen in pile.seen:
            row = np.zeros(len(places))
            top = seen.predictions[0]
            for class_id, share in zip(top.classes, top.probabilities, strict=True):
                place = places.get(kind_of(classified.classes, class_id))
                if place is not None:
                    row[place] += share
            shares.append(row)
            labels.append(places[pile.kind])
    if not shares:
        return np.zeros((0, 0))
    return measure_confusability(np.stack(shares), np.array(labels))


def _boards(trials: Sequence[Trial], gathered: Sequence[ImagesOfClass]) -> list[Board]:
    by_pixels = {s.pixels_sha256: s for g in gathered for s in g.seen}
    return [
        Board(
            trial=trial,
            seen=tuple(by_pixels[key] for key in sorted(set(trial.slots.values()))),
        )
        for trial in trials
    ]


def _source_facts(
    supplies: _Supplies, items: Sequence[AssignmentItem]
) -> dict[str, dict[str, Any]]:
    """Source to its part under every condition."""
    facts: dict[str, dict[str, Any]] = {}
    for one in supplies.supplied:
        rest = supplies.rows[one.supply.class_id]
        for name, selection in one.selections.items():
            for index in selection.chosen:
                seen = rest[index]
                entry = facts.setdefault(
                    seen.source, {**manifest_facts(seen), "selected": {}}
                )
                entry["selected"][name] = selection.facts_of(index)
    return facts


def _notes(facts: Mapping[str, Any], cast: Cast) -> list[str]:
    notes = [
        f"{facts['n_items']} items of {facts['n_classes']} classes under "
        f"{len(facts['conditions'])} conditions"
    ]
    by_fallback = [
        f"{name} {count['n_fallback']} of {count['n_shown']}"
        for name, count in facts["fallbacks"].items()
        if count["n_fallback"]
    ]
    if by_fallback:
        notes.append(
            "the fallback order was used (images that do not meet their method's own "
            f"rule): {', '.join(by_fallback)}"
        )
    notes += describe_selection({c["name"]: c for c in facts["classes"].values()})
    notes += [f"left out: {name}: {why}" for name, why in facts["left_out"].items()]
    if cast.n_targets_dropped:
        notes.append(
            f"{cast.n_targets_dropped} targets dropped: an image shown is the same, or "
            "nearly"
        )
    return notes
