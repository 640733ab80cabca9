"""What the loss gains by more light, pixel by pixel: one picture per classifier.

The pictures of one image stand side by side, and people say which they prefer. Beside
them stands how well each classifier does after one step along the gradient's sign.

Source: Tsipras and others (2019), "Robustness may be at odds with accuracy", for the
pictures; Goodfellow, Shlens and Szegedy (2015) for the step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from math import sqrt
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from stimuli.errors import BuildError
from stimuli.manifest import ClassInfo, Posed, Trial, Use
from stimuli.recipe_file import ControlsSection, RecipeSection
from stimuli.recipes.base import Recipe, Reexamined
from stimuli.recipes.batches.gradient_work import GradientWork
from stimuli.recipes.batches.image_work import ImagesWorkedOn, ImageWork
from stimuli.recipes.questions import ClassQuestion
from stimuli.records.classes import ClassList
from stimuli.records.classified_images import ClassifiedImage, ClassifiedImages
from stimuli.records.proportions import difference_in_pairs, proportion
from stimuli.records.trial_drafts import Board, SelectedTrials
from stimuli.sources.class_or_group import drawn_of_kinds
from stimuli.sources.datasets import Source

SHOWS: Final = "input-gradient"
PREFERRED: Final = "preferred"
BEST_AND_WORST: Final = "best-and-worst"
MOST: Final = 4
LEAST: Final = 2


class GradientsSection(RecipeSection):
    """`[recipe] kind = "gradients"`.

    Attributes:
        of: What the gradient is of: the "loss" of the image's label, or the label's
            "score" (its logit).
        clip_sd: Standard deviations of a picture's gradient, over all channels, that
            become black and white; zero is mid grey.
        fgsm_step: Length of the step after which accuracy is measured again, where
            white is 1.
        asks: "preferred", or "best-and-worst" of three or four classifiers.
        images: Shown are images that every classifier gets "right", or "all".
        shows_image: Whether the image itself stands above its gradients.
        classes: Classes (or groups) whose images are used; all by default.
        max_images: Images drawn before anything is predicted; None takes all.
        masks: Folder of the objects' masks, relative to the recipe file and named as
            the images are: white where the object is, black elsewhere.
        noise: Simulated people prefer by the gradient's share on the object, as far as
            there are masks: two that differ by this much have odds of e to 1.
        seed: For everything that is drawn.
    """

    of: Literal["loss", "score"] = "loss"
    clip_sd: float = Field(3.0, gt=0, le=100)
    fgsm_step: float = Field(0.007, gt=0, le=1)
    asks: Literal["preferred", "best-and-worst"] = PREFERRED
    images: Literal["right", "all"] = "right"
    shows_image: bool = True
    classes: list[str] | None = Field(None, min_length=1)
    max_images: int | None = Field(None, ge=1)
    masks: str | None = None
    noise: float = Field(0.05, gt=0)
    seed: int = Field(0, ge=0, lt=2**63)


@dataclass(frozen=True)
class Gradients(Recipe):
    """The gradients of two to four classifiers, side by side."""

    section: GradientsSection

    @property
    def asking(self) -> ClassQuestion | None:
        """Nothing about a class."""
        return None

    @property
    def asks(self) -> Mapping[str, Posed]:
        """Which picture is preferred."""
        # As many as every trial has; those of three or four have more.
        options = [f"option{number}" for number in range(1, self.n_classifiers[0] + 1)]
        slots = (*options, *(("target",) if self.section.shows_image else ()))
        return {self.section.asks: Posed(slots=slots, holds=("options",))}

    @property
    def shows(self) -> str:
        """Gradients."""
        return SHOWS

    @property
    def re_examines(self) -> Sequence[Reexamined]:
        """Images for what they are; nobody is asked about a prediction."""
        return [Reexamined(shows=SHOWS, of="selected", n_classes=0)]

    @property
    def needs_labels(self) -> bool:
        """The gradient is that of the label."""
        return True

    @property
    def n_classifiers(self) -> tuple[int, int]:
        """As many as stand side by side."""
        return (LEAST + (self.section.asks == BEST_AND_WORST), MOST)

    @property
    def needs_gradients(self) -> bool:
        """Of every classifier."""
        return True

    @property
    def masks(self) -> str | None:
        """Those of the recipe file."""
        return self.section.masks

    @property
    def image_work(self) -> ImageWork:
        """Draws gradients, and takes the step."""
        return GradientWork(
            of=self.section.of,
            clip_sd=self.section.clip_sd,
            fgsm_step=self.section.fgsm_step,
        )

    @property
    def is_of_work_alone(self) -> bool:
        """Images that are not drawn serve for nothing."""
        return True

    def is_shown(self, seen: ClassifiedImage, classes: ClassList) -> bool:
        """Known when all classifiers' gradients are."""
        return False

    def choose_work(
        self,
        sources: Sequence[Source],
        classes: ClassList,
        *,
        seed: int,
        controls: ControlsSection,
    ) -> ImagesWorkedOn:
        """A plain draw, made before anything is predicted."""
        names = drawn_of_kinds(sources, classes, names=self.section.classes, seed=seed)
        return ImagesWorkedOn(main=frozenset(names[: self.section.max_images]))

    def select(self, classified: ClassifiedImages) -> SelectedTrials:
        """One trial per image.

        Raises:
            BuildError: If no image is left, or a classifier is called as a class is.
        """
        names = sorted(classified.classifiers)
        _check_names(names, classified.classes)
        worked = [s for s in classified.seen if "is_right_after_step" in s.facts]
        troubles = [t for seen in worked for t in seen.troubles]
        drawn, copies = _without_copies(worked)
        troubles += copies
        both = [seen for seen in drawn if _all_right(classified, seen)]
        shown = both if self.section.images == "right" else drawn
        if not shown:
            why = f": {troubles[0]}" if troubles else ""
            raise BuildError(
                f"of {len(worked)} images none has gradients of all classifiers and is "
                f'named right by all of them{why}; raise max_images, or say images = "all"'
            )
        step = _after_step(worked, names)
        on_object = _on_object(both, names)
        facts: dict[str, Any] = {
            "n_images": len(worked),
            "n_right_by_all": len(both),
            "n_trials": len(shown),
            "of": self.section.of,
            "clip_sd": self.section.clip_sd,
            "fgsm": {"step": self.section.fgsm_step, **step},
            "on_object": on_object,
            "troubles": troubles,
        }
        return SelectedTrials(
            boards=[self._board(seen, names) for seen in shown],
            classes=[ClassInfo(id=name, name=name) for name in names],
            facts={"gradients": facts},
            notes=[*_say(step, self.section.fgsm_step), *_say_on(on_object), *troubles],
        )

    def _board(self, seen: ClassifiedImage, names: Sequence[str]) -> Board:
        made = {str(each.facts["classifier"]): each for each in seen.made}
        slots = {
            f"option{number}": made[name].stimulus
            for number, name in enumerate(names, start=1)
        }
        if self.section.shows_image:
            slots["target"] = seen.pixels_sha256
        trial = Trial(
            id="",
            slots=slots,
            question=self.section.asks,
            classes=tuple(names),
            role="main",
            sources=(seen.source_sha256,),
            uses=tuple(
                Use(
                    classifier=name,
                    shows=SHOWS,
                    source_sha256=seen.source_sha256,
                    label=seen.label,
                    predicted=(made[name].class_id,),
                )
                for name in names
            ),
            truth=self._truth(seen, names) or None,
        )
        return Board(
            trial=trial,
            seen=(seen,) if self.section.shows_image else (),
            made=tuple((seen, made[name]) for name in names),
        )

    def _truth(self, seen: ClassifiedImage, names: Sequence[str]) -> dict[str, Any]:
        found = _share_by_name(seen)
        truth: dict[str, Any] = (
            {} if seen.present is None else {"present": list(seen.present)}
        )
        if found:
            noise = self.section.noise
            truth["on_object"] = {name: found[name] for name in names}
            truth["worth"] = {name: round(found[name] / noise, 6) for name in names}
        return truth


def _check_names(names: Sequence[str], classes: ClassList) -> None:
    """A trial's classes are the classifiers, so their names are ids of classes."""
    taken = [name for name in names if name in {each.id for each in classes.infos}]
    if taken:
        raise BuildError(
            f"classifier.name: {', '.join(taken)} is the id of a class of the "
            "classifiers; call it something else"
        )


def _without_copies(
    worked: Sequence[ClassifiedImage],
) -> tuple[list[ClassifiedImage], list[str]]:
    """Images whose pictures no image before them has, and why others are left out.

    One stored picture is of one image, and nobody meets an image twice.
    """
    kept: list[ClassifiedImage] = []
    owner: dict[str, str] = {}
    words = []
    for seen in worked:
        ids = [seen.pixels_sha256, *(made.stimulus for made in seen.made)]
        first = next((owner[each] for each in ids if each in owner), None)
        if first is not None:
            words.append(f"{seen.source}: has a picture that {first} has as well")
        elif seen.made:
            owner |= dict.fromkeys(ids, seen.source)
            kept.append(seen)
    return kept, words


def _share_by_name(seen: ClassifiedImage) -> dict[str, float]:
    """Share of the gradient on the object less that of the area; empty without masks."""
    return {
        str(made.facts["classifier"]): float(made.facts["on_object"])
        for made in seen.made
        if "on_object" in made.facts
    }


def _all_right(classified: ClassifiedImages, seen: ClassifiedImage) -> bool:
    return all(
        classified.is_right(seen, place) for place in range(len(seen.predictions))
    )


def _after_step(
    worked: Sequence[ClassifiedImage], names: Sequence[str]
) -> dict[str, Any]:
    """Accuracy of each after the step, and how each two differ on the same images."""
    hits = {
        name: [bool(seen.facts["is_right_after_step"][name]) for seen in worked]
        for name in names
    }
    found = {name: proportion(hits[name]) for name in names}
    return {
        "n": len(worked),
        "classifiers": {
            name: {
                "n_right": each.n_hits,
                "accuracy": each.share,
                "low": each.low,
                "high": each.high,
            }
            for name, each in found.items()
        },
        "differences": [
            {
                "first": one,
                "second": other,
                **asdict(between),
                "is_noise": between.is_noise,
                "words": str(between),
            }
            for one, other in combinations(names, 2)
            for between in [difference_in_pairs(hits[one], hits[other])]
        ],
    }


def _on_object(
    shown: Sequence[ClassifiedImage], names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Mean of the gradient's share on the object less its area, with standard error."""
    found = [share for seen in shown if (share := _share_by_name(seen))]
    if not found:
        return {}
    rows = {name: [share[name] for share in found] for name in names}
    n = len(found)
    return {
        name: {
            "n": n,
            "mean": round(float(np.mean(values)), 6),
            **(
                {"standard_error": round(float(np.std(values, ddof=1)) / sqrt(n), 6)}
                if n > 1
                else {}
            ),
        }
        for name, values in rows.items()
    }


def _say(step: Mapping[str, Any], length: float) -> Iterator[str]:
    for name, each in step["classifiers"].items():
        yield (
            f"{name}: {each['n_right']} of {step['n']} right after a step of {length:g} "
            f"along the gradient's sign, {each['accuracy']:.1%} "
            f"[{each['low']:.1%}, {each['high']:.1%}]"
        )
    for each in step["differences"]:
        yield f"{each['second']} less {each['first']}: {each['words']}"


def _say_on(found: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    for name, each in found.items():
        yield (
            f"{name}: the object holds {100 * each['mean']:.1f} points more of the "
            f"gradient than of the area, over {each['n']} images that all get right"
        )
