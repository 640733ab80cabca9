"""Attacked images, whole and as what the classifier attends to in them.

Source: Stock and Cisse, "ConvNets and ImageNet Beyond Accuracy", ECCV 2018,
section 3.2.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from stimuli.errors import BuildError, RecipeError
from stimuli.manifest import Use
from stimuli.recipe_file import ControlsSection
from stimuli.recipes.base import Recipe, Reexamined
from stimuli.recipes.batches.adversarial_options import AdversarialRecipeSection
from stimuli.recipes.batches.adversarial_work import AdversarialWork
from stimuli.recipes.batches.image_work import ImagesWorkedOn, ImageWork
from stimuli.recipes.questions import ONE_CLASS, ClassQuestion
from stimuli.recipes.selecting_recipe import check_attacks
from stimuli.records.classes import ClassList
from stimuli.records.classified_images import (
    ClassifiedImage,
    ClassifiedImages,
    MadePicture,
)
from stimuli.records.trial_drafts import SelectedTrials, TrialDraft
from stimuli.sources.class_or_group import drawn_of_kinds
from stimuli.sources.datasets import Source

SHOWS: Final = "adversarial"
_MAIN_SHARE: Final = 0.7
_ATTENTION_CONTROLS: Final = (
    "random_superpixels",
    "clean_attention",
    "foil_attention",
)
_PAIR: Final = frozenset({"adversarial", "attention", "clean_attention"})


@dataclass(frozen=True)
class AdversarialRecipe(Recipe):
    """The recipe of the second study."""

    section: AdversarialRecipeSection

    @property
    def asking(self) -> ClassQuestion:
        """Whether the adversarial class is relevant."""
        return ClassQuestion(question=ONE_CLASS)

    @property
    def shows(self) -> str:
        """Adversarial predictions."""
        return SHOWS

    @property
    def re_examines(self) -> Sequence[Reexamined]:
        """The class that an attacked image is taken for."""
        return [Reexamined(shows=SHOWS, of="attacked")]

    @property
    def needs_labels(self) -> bool:
        """Only images that are classified right are attacked."""
        return True

    @property
    def image_work(self) -> ImageWork:
        """Attacks and explains."""
        return AdversarialWork(section=self.section)

    @property
    def needs_gradients(self) -> bool:
        """Of the attack."""
        return True

    @property
    def dtypes(self) -> tuple[str, ...]:
        """That of the explanation."""
        if "attention" not in self.section.displays:
            return ()
        return self.section.explanation.dtypes

    @property
    def control_condition(self) -> str:
        """Clean crops are controls of the whole images, where there are some."""
        return "whole" if "whole" in self.section.displays else "attention"

    @property
    def usual_controls(self) -> Mapping[str, int]:
        """One of each per block, as far as the data serve it."""
        whole = ("clean_true", "random_foil", "hard_foil")
        chosen = {"whole": whole, "attention": _ATTENTION_CONTROLS}
        return {name: 1 for d in self.section.displays for name in chosen[d]}

    def is_shown(self, seen: ClassifiedImage, classes: ClassList) -> bool:
        """Its clean crop is at most a control."""
        return False

    def choose_work(
        self,
        sources: Sequence[Source],
        classes: ClassList,
        *,
        seed: int,
        controls: ControlsSection,
    ) -> ImagesWorkedOn:
        """A plain draw, made before anything is predicted.

        Raises:
            RecipeError: If classes and attack do not go together.
        """
        if classes.groups and self.section.attack.stop != "never":
            raise RecipeError(
                "recipe.attack.stop: with groups an attack goes on until the group "
                'is left, which only stop = "never" shows'
            )
        names = drawn_of_kinds(sources, classes, names=self.section.classes, seed=seed)
        n_main = self.section.max_images or round(_MAIN_SHARE * len(names))
        rest = names[n_main:]
        n_aside = min(self._n_aside_wished(controls), math.ceil(len(rest) / 2))
        return ImagesWorkedOn(
            main=frozenset(names[:n_main]), aside=frozenset(rest[:n_aside])
        )

    def _n_aside_wished(self, controls: ControlsSection) -> int:
        """Twice the pool, since some images are wrong or withstand the attack."""
        if "attention" not in self.section.displays:
            return 0
        given = [getattr(controls, name) for name in _ATTENTION_CONTROLS]
        return 2 * controls.pool * max(1 if n is None else n for n in given)

    def select(self, classified: ClassifiedImages) -> SelectedTrials:
        """Whole images and attention images of the same attacks.

        Raises:
            BuildError: If the classifier is right about none of the images, or none
                can be attacked.
        """
        worked = [s for s in classified.seen if "outcome" in s.facts]
        main = [s for s in worked if not s.facts["is_aside"]]
        self._check_right(main, classified)
        check_attacks(worked)
        drafts = [d for s in main for d in self._main_drafts(s)]
        aside = [d for s in worked if s.facts["is_aside"] for d in _aside_drafts(s)]
        counts = _count(main, [s for s in worked if s.facts["is_aside"]])
        pairs = [s for s in worked if s.facts["is_aside"] and _is_pair(s)]
        pairs = pairs[: self.section.n_pairs]
        shown = Counter(draft.condition for draft in drafts)
        facts = {
            "adversarial": {
                **counts,
                "shown": dict(sorted(shown.items())),
                "pairs": [s.source for s in pairs],
                "troubles": [t for s in worked for t in s.troubles],
                "attack": self.section.attack.model_dump(),
            }
        }
        return SelectedTrials(
            drafts=drafts,
            aside=aside,
            kept=pairs,
            kept_made=[(s, m) for s in pairs for m in s.made if m.form in _PAIR],
            facts=facts,
            notes=list(_notes(counts, worked, shown)),
        )

    def _check_right(
        self, main: Sequence[ClassifiedImage], classified: ClassifiedImages
    ) -> None:
        if any(s.facts["outcome"] != "wrong" for s in main):
            return
        labels = sorted({str(s.label) for s in main}, key=int)
        if not main:
            raise BuildError("no image is left to attack: raise max_images")
        names = ", ".join(classified.classes[label].name for label in labels[:8])
        raise BuildError(
            f"{classified.classifiers[0]} is right about none of the {len(main)} images "
            f"to attack (class {names}{' ...' if len(labels) > 8 else ''}); only "
            "right ones are attacked: raise max_images, or choose other classes"
        )

    def _main_drafts(self, seen: ClassifiedImage) -> Iterator[TrialDraft]:
        condition = {"adversarial": "whole", "attention": "attention"}
        for made in seen.made:
            if condition.get(made.form) not in self.section.displays:
                continue
            use = Use(
                classifier=seen.predictions[0].classifier,
                shows=SHOWS,
                source_sha256=seen.source_sha256,
                label=seen.label,
                predicted=(made.class_id,),
            )
            yield _draft(
                seen, made, role="main", condition=condition[made.form], use=use
            )


def _is_pair(seen: ClassifiedImage) -> bool:
    """Whether the explanations of it can be shown beside each other."""
    return {made.form for made in seen.made} >= _PAIR


def _aside_drafts(seen: ClassifiedImage) -> Iterator[TrialDraft]:
    for made in seen.made:
        if made.form in _ATTENTION_CONTROLS:
            yield _draft(
                seen, made, role="control", condition="attention", control=made.form
            )


def _draft(seen: ClassifiedImage, made: MadePicture, **rest: Any) -> TrialDraft:  # noqa: ANN401
    return TrialDraft(
        seen=seen, made=made, question=ONE_CLASS, classes=(made.class_id,), **rest
    )


def _count(
    main: Sequence[ClassifiedImage], aside: Sequence[ClassifiedImage]
) -> dict[str, Any]:
    """What became of the images, for the denominators of every rate."""
    outcomes = Counter(str(s.facts["outcome"]) for s in main)
    attacked = [s for s in main if "steps_to_flip" in s.facts]
    steps = Counter(int(s.facts["steps_to_flip"]) for s in attacked)
    n_steps = max((int(s.facts["n_steps"]) for s in attacked), default=0)
    return {
        "n_chosen": len(main),
        "n_wrong_before": outcomes["wrong"],
        "n_attacked": len(attacked),
        "n_failed": outcomes["failed"],
        "n_own_target": outcomes["own-target"],
        "n_not_flipped": outcomes["not-flipped"],
        "n_unchanged_in_8_bits": outcomes["unchanged"],
        "n_lost_in_8_bits": outcomes["lost"],
        "n_adversarial": outcomes["adversarial"],
        "n_steps": n_steps,
        "n_survived_all_steps": steps[n_steps + 1] if n_steps else 0,
        "steps_to_flip": {str(k): steps[k] for k in range(1, n_steps + 2)},
        "n_aside": len(aside),
    }


def _notes(
    counts: Mapping[str, Any],
    worked: Sequence[ClassifiedImage],
    shown: Mapping[str, int],
) -> Iterator[str]:
    yield (
        f"attacked {counts['n_attacked']} of {counts['n_chosen']} images "
        f"({counts['n_wrong_before']} were wrong before): "
        f"{counts['n_survived_all_steps']} survived all {counts['n_steps']} steps, "
        f"{counts['n_not_flipped']} are right after them, "
        f"{counts['n_unchanged_in_8_bits']} equal their source in 8 bits, "
        f"{counts['n_lost_in_8_bits']} lost their adversarial class in 8 bits, "
        f"{counts['n_adversarial']} are adversarial"
    )
    if shown:
        yield "shown: " + ", ".join(f"{n} {c}" for c, n in sorted(shown.items()))
    yield from (trouble for seen in worked for trouble in seen.troubles)
