"""Every image of a batch at every level of a corruption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import Field, model_validator

from stimuli.methods.corruptions import CORRUPTIONS, Corruption, to_bytes, to_unit
from stimuli.recipe_file import RecipeSection
from stimuli.recipes.batches.image_work import JudgedImage, WorkBench
from stimuli.recipes.batches.judging import predict
from stimuli.records.classified_images import ClassifiedImage, MadePicture
from stimuli.records.seeds import rng_for


class LevelsSection(RecipeSection):
    """`[levels]`: what makes the images harder, and how much.

    Attributes:
        method: A corruption by name.
        values: Its levels, the easiest first; None takes the method's own.
        greyscale: Whether every picture is made grey before.
    """

    method: str = "contrast"
    values: list[float] | None = Field(None, min_length=1, max_length=40)
    greyscale: bool = False

    @model_validator(mode="after")
    def _are_levels(self) -> LevelsSection:
        if self.method not in CORRUPTIONS:
            known = ", ".join(CORRUPTIONS)
            raise ValueError(f"method is one of {known}, got {self.method!r}")
        for value in self.levels:
            if problem := self.corruption.level_problem(value):
                raise ValueError(problem)
        if len(self.names) < len(self.levels):
            raise ValueError(
                f"every value needs a name of its own, got {list(self.levels)}, which "
                f"are called {', '.join(self.names)}"
            )
        return self

    @property
    def corruption(self) -> Corruption:
        """What is done to a picture."""
        return CORRUPTIONS[self.method]

    @property
    def levels(self) -> tuple[float, ...]:
        """As asked for, or as usual."""
        return self.corruption.usual_levels if self.values is None else (*self.values,)

    @property
    def names(self) -> Mapping[str, float]:
        """Condition to level, in their order."""
        return {self.corruption.level_name(value): value for value in self.levels}


@dataclass(frozen=True)
class LevelWork:
    """Makes and stores the pictures of every level; picklable."""

    section: LevelsSection

    def __call__(
        self, bench: WorkBench, subjects: Sequence[JudgedImage]
    ) -> list[ClassifiedImage]:
        """Every subject with one picture per level, in the order of the levels."""
        made = [
            self._make(bench, subjects, name=name, level=level)
            for name, level in self.section.names.items()
        ]
        return [
            replace(subject.seen, made=tuple(level[row] for level in made))
            for row, subject in enumerate(subjects)
        ]

    def _make(
        self,
        bench: WorkBench,
        subjects: Sequence[JudgedImage],
        *,
        name: str,
        level: float,
    ) -> list[MadePicture]:
        method, is_grey = self.section.corruption, self.section.greyscale
        pixels = np.stack(
            [
                to_bytes(
                    method(
                        to_unit(subject.pixels, is_grey=is_grey),
                        level,
                        rng=rng_for(bench.seed, method.name, subject.seen.source, name),
                    )
                )
                for subject in subjects
            ]
        )
        scores = [predict(classifier, pixels) for classifier in bench.classifiers]
        return [
            MadePicture(
                form=name,
                stimulus=bench.store(pixels[row]),
                class_id=subject.seen.label or "",
                predictions=tuple(each.predictions[row] for each in scores),
                method=method.name,
                parameters={"level": level, "greyscale": is_grey},
            )
            for row, subject in enumerate(subjects)
        ]
