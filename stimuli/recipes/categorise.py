"""Images to be sorted into a few categories, at one or several levels of difficulty.

Source: Geirhos et al., "Generalisation in humans and deep neural networks", NeurIPS 2018.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from pydantic import Field, model_validator

from stimuli.errors import BuildError, list_problems
from stimuli.manifest import ClassInfo, Posed, Role, Use
from stimuli.recipe_file import ControlsSection, RecipeSection
from stimuli.recipes.base import Recipe, Reexamined
from stimuli.recipes.batches.image_work import ImagesWorkedOn, ImageWork
from stimuli.recipes.batches.levelling import LevelsSection, LevelWork
from stimuli.recipes.questions import CATEGORY, ClassQuestion
from stimuli.records.classes import ClassList, UnknownClassError
from stimuli.records.classified_images import (
    ClassifiedImage,
    ClassifiedImages,
    MadePicture,
)
from stimuli.records.seeds import rng_for
from stimuli.records.trial_drafts import SelectedTrials, TrialDraft
from stimuli.sources.datasets import Source

SHOWS: Final = "category"
CATCH: Final = "known_category"
# No response in time, see the paradigm of that name.
_RESERVED: Final = "none"
_ID: Final = re.compile(r"(?=.*[^0-9])[0-9a-z][0-9a-z_-]{0,63}")
_MOST: Final = 40
# How many blocks' worth of catches there are.
_POOL: Final = 5
_SURE: Final = 0.9


class SimulatedPeople(RecipeSection):
    """`[recipe.simulated_people]`: a known truth to try a study out with.

    Attributes:
        threshold: Level at which careful simulated people are right half as often, from
            guessing to their best, as they can be; in the unit of `[levels]`.
        slope: How steep the curve is there (of a Weibull function of the level).
        lapse: Share of errors at however easy a level.
    """

    threshold: float = Field(gt=0)
    slope: float = Field(2.0, gt=0, le=20)
    lapse: float = Field(0.02, ge=0, lt=0.5)


class CategoriseSection(RecipeSection):
    """`[recipe] kind = "categorise"`, with `[categories]`, `[levels]` and `[pictures]`.

    Attributes:
        categories: Category to the classes in it, by number, name or WordNet id;
            without the table every class is a category of its own.
        levels: What makes the images harder; without the table they are as they are.
        pictures: Category to a picture file that stands for it beside its word, where
            the study file says `pictures = true`; shown cut to a square.
        rule: How what a classifier gives its outputs becomes a category: by their
            "mean", "sum" or "max" within each, or "present" (their sum, of the
            categories' outputs alone).
        max_images: Images in main trials, drawn before anything is predicted; None
            takes all of the categories.
        max_per_category: Images of any one category that are used, in whatever role,
            drawn likewise; None uses all, however unlike their numbers are.
        n_catch: Catch trials per block: the first classifier is right and sure.
        n_practice: Practice trials, with images that no main trial shows.
        simulated_people: What simulated people see at which level; people are not told.
        seed: For everything that is drawn.
    """

    own_tables: ClassVar[tuple[str, ...]] = ("categories", "levels", "pictures")

    categories: dict[str, list[int | str]] | None = None
    levels: LevelsSection | None = None
    pictures: dict[str, str] = Field(default_factory=dict)
    rule: str = Field("mean", pattern="^(mean|sum|max|present)$")
    max_images: int | None = Field(None, ge=1)
    max_per_category: int | None = Field(None, ge=1)
    n_catch: int = Field(0, ge=0)
    n_practice: int = Field(4, ge=0)
    simulated_people: SimulatedPeople | None = None
    seed: int = Field(0, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _has_levels_to_see(self) -> CategoriseSection:
        if self.simulated_people is not None and self.levels is None:
            raise ValueError(
                "simulated_people see better or worse by level; add the table [levels]"
            )
        return self


@dataclass(frozen=True)
class Categorise(Recipe):
    """One trial for every image and level."""

    section: CategoriseSection

    @property
    def asking(self) -> ClassQuestion | None:
        """Nothing about one class."""
        return None

    @property
    def asks(self) -> Mapping[str, Posed]:
        """Which of the categories it is."""
        return {CATEGORY: Posed(slots=("target",), holds=("alternatives",))}

    @property
    def shows(self) -> str:
        """Images of categories."""
        return SHOWS

    @property
    def re_examines(self) -> Sequence[Reexamined]:
        """Images for what they are; nobody is asked about a prediction."""
        return [Reexamined(shows=SHOWS, of="selected", n_classes=0)]

    @property
    def needs_labels(self) -> bool:
        """The label says which category is right."""
        return True

    @property
    def n_classifiers(self) -> None:
        """Every classifier predicts on every picture."""

    @property
    def image_work(self) -> ImageWork | None:
        """The pictures of every level."""
        return None if self.section.levels is None else LevelWork(self.section.levels)

    def is_shown(self, seen: ClassifiedImage, classes: ClassList) -> bool:
        """Which are drawn is known when all have been seen."""
        return False

    def check_feasible(self, sources: Sequence[Source], classes: ClassList) -> None:
        """Refuse categories that cannot be told apart, or that no image is of.

        Raises:
            BuildError: Naming every problem.
        """
        problems = list(_category_problems(self.section.categories, classes))
        if not problems:
            known = self._members(classes)
            problems = [
                f"pictures: {name} is none of them, which are {', '.join(known)}"
                for name in self.section.pictures
                if name not in known
            ]
        if not problems:
            of = _category_of(self._members(classes))
            there = {
                of[s.label] for s in sources if s.label is not None and s.label in of
            }
            if lacking := sorted(set(of.values()) - there):
                problems.append(f"no image is labelled as {', '.join(lacking)}")
        if problems:
            raise BuildError(list_problems("categories", problems))

    def choose_work(
        self,
        sources: Sequence[Source],
        classes: ClassList,
        *,
        seed: int,
        controls: ControlsSection,
    ) -> ImagesWorkedOn:
        """Every image of a category: which make good catches is not known yet."""
        if self.section.levels is None:
            return ImagesWorkedOn()
        of = _category_of(self._members(classes))
        labelled = {s.name: of[s.label] for s in sources if s.label in of}
        names = self._drawn(labelled, seed)[: self._n_drawn]
        return ImagesWorkedOn(main=frozenset(names))

    @property
    def _n_drawn(self) -> int | None:
        """Images looked at: main trials, practice, and twice what catches need."""
        section = self.section
        if section.max_images is None:
            return None
        spare = section.n_practice + 2 * _POOL * section.n_catch
        return section.max_images + spare

    def further_classes(self, classes: ClassList) -> Sequence[ClassInfo]:
        """The categories, unless they are the classes themselves."""
        if self.section.categories is None:
            return ()
        return [
            ClassInfo(id=name, name=name.replace("_", " "))
            for name in sorted(self.section.categories)
        ]

    @property
    def class_pictures(self) -> Mapping[str, str]:
        """One's own picture of each category."""
        return self.section.pictures

    def select(self, classified: ClassifiedImages) -> SelectedTrials:
        """Main trials at every level; practice and catches at the easiest.

        Raises:
            BuildError: If no image is left for main trials.
        """
        members = self._members(classified.classes)
        of = _category_of(members)
        usable = {seen.source: seen for seen in classified.seen if seen.label in of}
        ready = {
            name: of[str(seen.label)]
            for name, seen in usable.items()
            if self.section.levels is None or seen.made
        }
        drawn = [usable[name] for name in self._drawn(ready, classified.seed)]
        shares = self._split(drawn, of)
        if not shares["main"]:
            raise BuildError(
                f"{len(drawn)} images of the categories could be used, which practice "
                f"and catches take; add images, or lower n_practice and n_catch"
            )
        framed = _Framed(members=members, of=of, section=self.section)
        drafts = [
            draft
            for role, chosen in shares.items()
            for seen in chosen
            for draft in framed.drafts(seen, role=role)
        ]
        return SelectedTrials(
            drafts=drafts,
            facts=self._facts(shares, members),
            notes=_notes(classified, usable, shares, self.section),
        )

    def _split(
        self, drawn: Sequence[ClassifiedImage], of: Mapping[str, str]
    ) -> dict[Role, list[ClassifiedImage]]:
        """No image in two roles; the first drawn are for practice."""
        section = self.section
        practice = list(drawn[: section.n_practice])
        left = list(drawn[section.n_practice :])
        sure = [seen for seen in left if _is_sure(seen, of)]
        catches = sure[: _POOL * section.n_catch]
        taken = {seen.source for seen in catches}
        main = [seen for seen in left if seen.source not in taken]
        return {
            "main": main[: section.max_images],
            "practice": practice,
            "catch": catches,
        }

    def _facts(
        self,
        shares: Mapping[Role, Sequence[ClassifiedImage]],
        members: Mapping[str, Sequence[int]],
    ) -> dict[str, Any]:
        section = self.section
        counts = {"practice": len(shares["practice"])}
        if shares["catch"]:
            counts[CATCH] = min(section.n_catch, len(shares["catch"]))
        facts: dict[str, Any] = {
            "categorise": {
                "categories": {name: list(ids) for name, ids in members.items()},
                "rule": section.rule,
                "n_images": len(shares["main"]),
            },
            "controls": counts,
        }
        if section.levels is not None:
            method = section.levels.corruption
            facts["levels"] = {
                "name": method.name,
                "scale": method.scale,
                "unit": method.unit,
                "of": dict(section.levels.names),
            }
        return facts

    def _drawn(self, labelled: Mapping[str, str], seed: int) -> list[str]:
        """Images, given with their categories, as many of each as there may be.

        In an order drawn once: more images never change which come first.
        """
        most, taken = self.section.max_per_category, Counter[str]()
        drawn = []
        for name in sorted(
            labelled, key=lambda name: float(rng_for(seed, "work", name).random())
        ):
            taken[labelled[name]] += 1
            if most is None or taken[labelled[name]] <= most:
                drawn.append(name)
        return drawn

    def _members(self, classes: ClassList) -> dict[str, tuple[int, ...]]:
        """Category to its outputs, both in order."""
        given = self.section.categories
        if given is None:
            return {info.id: (int(info.id),) for info in classes.infos}
        return {
            name: tuple(sorted(int(classes.find(str(m))) for m in given[name]))
            for name in sorted(given)
        }


@dataclass(frozen=True, kw_only=True)
class _Framed:
    """What turns images into trials."""

    members: Mapping[str, Sequence[int]]
    of: Mapping[str, str]
    section: CategoriseSection

    def drafts(self, seen: ClassifiedImage, *, role: Role) -> Iterator[TrialDraft]:
        if not seen.made:
            yield self._draft(seen, None, role=role)
        shown = seen.made if role == "main" else seen.made[:1]
        for made in shown:
            yield self._draft(seen, made, role=role)

    def _draft(
        self, seen: ClassifiedImage, made: MadePicture | None, *, role: Role
    ) -> TrialDraft:
        predictions = seen.predictions if made is None else made.predictions
        use = Use(
            classifier=predictions[0].classifier,
            shows=SHOWS,
            source_sha256=seen.source_sha256,
            label=seen.label,
            predicted=predictions[0].classes[:1],
        )
        return TrialDraft(
            seen=seen,
            question=CATEGORY,
            classes=tuple(self.members),
            role=role,
            control=CATCH if role == "catch" else "",
            key={CATEGORY: self.of[str(seen.label)]},
            use=use if role == "main" else None,
            made=made,
            # Practice and catches belong to every condition.
            condition=made.form if made is not None and role == "main" else "",
            observing={
                "rule": self.section.rule,
                "field": CATEGORY,
                "choices": {name: list(ids) for name, ids in self.members.items()},
            },
            truth=self._truth(made) if role == "main" else {},
        )

    def _truth(self, made: MadePicture | None) -> Mapping[str, Any]:
        """What simulated people can see of it, where the recipe says."""
        people, levels = self.section.simulated_people, self.section.levels
        if people is None or levels is None or made is None:
            return {}
        return {**people.model_dump(), "level": levels.names[made.form]}


def _category_of(members: Mapping[str, Sequence[int]]) -> dict[str, str]:
    """Class id to its category."""
    return {str(index): name for name, ids in members.items() for index in ids}


def _category_problems(
    given: Mapping[str, Sequence[int | str]] | None, classes: ClassList
) -> Iterator[str]:
    n_categories = len(classes) if given is None else len(given)
    if not 2 <= n_categories <= _MOST:
        what = (
            "classes, and [categories] is left out" if given is None else "categories"
        )
        yield f"2 to {_MOST} can be told apart on a page, got {n_categories} {what}"
    taken: dict[str, str] = {}
    for name, members in (given or {}).items():
        if not _ID.fullmatch(name) or name == _RESERVED:
            yield (
                f"{name!r} cannot name a category: lower-case letters, digits, _ and -, "
                f"not digits alone, and not {_RESERVED!r}"
            )
        if not members:
            yield f"{name}: has no members; list classes by number or name"
        for member in members:
            try:
                class_id = classes.find(str(member))
            except UnknownClassError as error:
                yield f"{name}: {str(error).replace('label', 'class', 1)}"
                continue
            if class_id in taken:
                yield (
                    f"{name}: class {classes[class_id].name!r} ({class_id}) is in "
                    f"{taken[class_id]} already; a class belongs to one category"
                )
            taken.setdefault(class_id, name)


def _is_sure(seen: ClassifiedImage, of: Mapping[str, str]) -> bool:
    """Whether the first classifier has nearly all its probability in the category."""
    said = seen.made[0].predictions[0] if seen.made else seen.predictions[0]
    right = of[str(seen.label)]
    pairs = zip(said.classes, said.probabilities, strict=True)
    return sum(p for each, p in pairs if of.get(each) == right) >= _SURE


def _notes(
    classified: ClassifiedImages,
    usable: Mapping[str, ClassifiedImage],
    shares: Mapping[Role, Sequence[ClassifiedImage]],
    section: CategoriseSection,
) -> list[str]:
    notes = []
    if n_other := len(classified.seen) - len(usable):
        notes.append(f"{n_other} images are of no category and left out")
    if len(shares["catch"]) < _POOL * section.n_catch:
        notes.append(
            f"catches: {len(shares['catch'])} images are sure, {_POOL * section.n_catch} "
            f"were wanted ({_POOL} blocks of {section.n_catch})"
        )
    if section.max_images and len(shares["main"]) < section.max_images:
        notes.append(f"{len(shares['main'])} images for main trials, fewer than asked")
    return notes
