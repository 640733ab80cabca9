"""What recipes share that select prototypes and criticisms of classes.

They gather images by class, as selections take them, and say what was selected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from stimuli.errors import BuildError
from stimuli.manifest import ClassInfo
from stimuli.methods.selection import Candidates, Selection
from stimuli.recipe_file import ControlsSection
from stimuli.recipes.base import Recipe
from stimuli.recipes.batches.image_work import ImagesWorkedOn
from stimuli.recipes.batches.selection_work import read_features
from stimuli.recipes.questions import ClassQuestion
from stimuli.records.classes import ClassList
from stimuli.records.classified_images import ClassifiedImage, ClassifiedImages
from stimuli.records.seeds import rng_for
from stimuli.sources.class_or_group import (
    describe_kind,
    find_kinds,
    kind_of,
    list_groups,
)
from stimuli.sources.datasets import Source

_MANIFEST_FACTS = ("steps_to_flip", "n_steps", "labels", "margin", "probability")
_N_NAMED = 3


class _Section(Protocol):
    @property
    def classes(self) -> list[str] | None: ...
    @property
    def images_per_class(self) -> int | None: ...


class SelectingRecipe(Recipe, Protocol):
    """Works on every image of some classes, and chooses when all have been seen.

    Attributes:
        section: Its part of the recipe file.
    """

    section: _Section

    @property
    def asking(self) -> ClassQuestion | None:
        """Not whether a class is relevant."""
        return None

    @property
    def needs_labels(self) -> bool:
        """What is selected stands for a class."""
        return True

    @property
    def needs_gradients(self) -> bool:
        """Steps to flip are reported whatever selects."""
        return True

    def is_shown(self, seen: ClassifiedImage, classes: ClassList) -> bool:
        """What is shown is known when every image has been seen."""
        return False

    def choose_work(
        self,
        sources: Sequence[Source],
        classes: ClassList,
        *,
        seed: int,
        controls: ControlsSection,
    ) -> ImagesWorkedOn:
        """Every image of the classes, or a draw of each class."""
        return choose_images(
            sources,
            classes,
            names=self.section.classes,
            per_class=self.section.images_per_class,
            seed=seed,
        )

    @property
    def is_of_work_alone(self) -> bool:
        """Where images are drawn, nothing needs the others."""
        return self.section.images_per_class is not None

    def further_classes(self, classes: ClassList) -> Sequence[ClassInfo]:
        """Groups can be selected for, too."""
        return list_groups(classes)


@dataclass(frozen=True, kw_only=True)
class ImagesOfClass:
    """Images of one class or group.

    Attributes:
        kind: Class id, or "group:<name>".
        name: What messages call it.
        seen: Sorted by source, no two alike, none whose attack failed.
        n_copies: Images left out since their crop equals another's.
        n_failed: Images left out since the attack could not be made.
    """

    kind: str
    name: str
    seen: tuple[ClassifiedImage, ...]
    n_copies: int = 0
    n_failed: int = 0

    @property
    def short_name(self) -> str:
        """The class or group, without saying that it is one."""
        return self.name.removeprefix("class ")

    def candidates(self, rows: Iterable[int], *, n_steps: int | None) -> Candidates:
        """What a selection chooses from; indices refer to `rows`."""
        chosen = [self.seen[row] for row in rows]
        facts = [s.facts for s in chosen]
        has_features = bool(chosen) and bool(chosen[0].features)
        return Candidates(
            n=len(chosen),
            name=self.name,
            features=np.stack([read_features(s) for s in chosen])
            if has_features
            else None,
            labels=np.array([int(str(s.label)) for s in chosen], dtype=np.int64),
            probabilities=np.array([f["probability"] for f in facts], dtype=float),
            steps_to_flip=np.array([f["steps_to_flip"] for f in facts], dtype=int),
            n_steps=n_steps,
            margins=np.array([f["margin"] for f in facts], dtype=float),
        )

    def survivors(self, n_steps: int) -> dict[str, int]:
        """How many images of the class are right, and withstand the attack."""
        steps = [int(s.facts["steps_to_flip"]) for s in self.seen]
        return {
            "n_images": len(steps),
            "n_right": sum(s > 0 for s in steps),
            "n_survivors": sum(s == n_steps + 1 for s in steps),
            "n_first_step_flips": sum(s == 1 for s in steps),
            "n_copies": self.n_copies,
            "n_failed": self.n_failed,
        }


@dataclass(frozen=True, kw_only=True)
class ClassShortage:
    """Classes that have too few images.

    Attributes:
        n_kinds: Classes or groups looked at.
        lacks: One sentence for each that has too few.
    """

    n_kinds: int
    lacks: tuple[str, ...]


def gather(classified: ClassifiedImages, kinds: Sequence[str]) -> list[ImagesOfClass]:
    """The images worked on, by class, in the order of `kinds`.

    Raises:
        BuildError: If the attack could be made on none of those it was tried on.
    """
    check_attacks(classified.seen)
    piles: dict[str, list[ClassifiedImage]] = {kind: [] for kind in kinds}
    for seen in classified.seen:
        if seen.facts and seen.label is not None:
            piles.setdefault(kind_of(classified.classes, seen.label), []).append(seen)
    gathered = []
    for kind, pile in piles.items():
        different = {s.pixels_sha256: s for s in reversed(pile)}
        sound = [s for s in different.values() if not s.facts.get("is_failed")]
        gathered.append(
            ImagesOfClass(
                kind=kind,
                name=f"class {describe_kind(classified.classes, kind).name}",
                seen=tuple(sorted(sound, key=lambda s: s.source)),
                n_copies=len(pile) - len(different),
                n_failed=len(different) - len(sound),
            )
        )
    return gathered


def check_attacks(seen: Sequence[ClassifiedImage]) -> None:
    """Where every attack fails, no image is to blame.

    Raises:
        BuildError: If none succeeded, with the first one's reason.
    """
    failed = [s for s in seen if s.facts.get("is_failed")]
    if failed and not any("n_steps" in s.facts for s in seen):
        raise BuildError(
            f"the attack could be made on none of {len(failed)} images; the first: "
            f"{failed[0].troubles[0]}"
        )


def choose_images(
    sources: Sequence[Source],
    classes: ClassList,
    *,
    names: Sequence[str] | None,
    per_class: int | None,
    seed: int,
) -> ImagesWorkedOn:
    """Images of the wanted classes, drawn before anything is predicted.

    Raises:
        RecipeError: If some name is no class, or has no image.
    """
    chosen: list[str] = []
    for kind in find_kinds(classes, names, sources=sources):
        own = [
            s.name
            for s in sources
            if s.label is not None and kind_of(classes, s.label) == kind
        ]
        own.sort(key=lambda name: float(rng_for(seed, "work", name).random()))
        chosen += own[:per_class]
    return ImagesWorkedOn(main=frozenset(chosen))


def list_short(
    sources: Sequence[Source],
    classes: ClassList,
    *,
    names: Sequence[str] | None,
    per_class: int | None,
    n_needed: int,
) -> ClassShortage:
    """Which of the wanted classes have too few images, whatever is predicted.

    Args:
        sources: The data set.
        classes: What the classifier can name.
        names: Classes or groups; None for all.
        per_class: Images of a class to choose from, drawn; None takes all.
        n_needed: Images that a class needs.
    """
    kinds = find_kinds(classes, names, sources=sources)
    counts = Counter(kind_of(classes, s.label) for s in sources if s.label is not None)
    there = {kind: min(counts[kind], per_class or counts[kind]) for kind in kinds}
    return ClassShortage(
        n_kinds=len(kinds),
        lacks=tuple(
            f"class {describe_kind(classes, kind).name}: {n_needed} images wanted, "
            f"{n} there"
            for kind, n in there.items()
            if n < n_needed
        ),
    )


def find_n_steps(classified: ClassifiedImages, usual: int) -> int:
    """M of the attack, as it was made."""
    made = (int(s.facts["n_steps"]) for s in classified.seen if "n_steps" in s.facts)
    return max(made, default=usual)


def manifest_facts(seen: ClassifiedImage) -> dict[str, Any]:
    """What the manifest says of an image that was worked on."""
    return {key: seen.facts[key] for key in _MANIFEST_FACTS if key in seen.facts}


def describe_troubles(classified: ClassifiedImages) -> list[str]:
    """Images that could not be worked on, with the reason."""
    return [trouble for seen in classified.seen for trouble in seen.troubles]


def describe_cautions(selections: Mapping[str, Iterable[Selection]]) -> list[str]:
    """Why selections should not be trusted as they are: a line per reason.

    Args:
        selections: Class name to what was selected of it.
    """
    found: dict[str, dict[str, str]] = {}
    for name, chosen in selections.items():
        for caution in (c for selection in chosen for c in selection.cautions):
            found.setdefault(caution.what, {})[name] = caution.numbers
    lines = []
    for what, classes in found.items():
        named = [f"{name}: {numbers}" for name, numbers in classes.items()]
        if len(named) > _N_NAMED:
            named = [*named[:_N_NAMED], "the others in summary.json"]
        lines.append(
            f"{what}. {len(classes)} of {len(selections)} classes ({'; '.join(named)})"
        )
    return lines


def describe_selection(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """One line per class: images, right, survivors, first-step flips."""
    return [
        f"{name}: {c['n_images']} images, {c['n_right']} right, "
        f"{c['n_survivors']} survive the attack, {c['n_first_step_flips']} flip at "
        "step 1"
        for name, c in counts.items()
    ]
