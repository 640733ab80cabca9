"""Catch, control and practice trials, and the pictures that explain a class."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from stimuli.manifest import Role
from stimuli.recipe_file import ControlsSection
from stimuli.recipes.possible_controls import ControlCounts
from stimuli.recipes.questions import ClassQuestion
from stimuli.records.classified_images import ClassifiedImage, ClassifiedImages
from stimuli.records.seeds import rng_for
from stimuli.records.trial_drafts import TrialDraft
from stimuli.sources.known_contents import Adjudicated

# Controls that only a recipe can make.
_MADE = ("random_superpixels", "clean_attention", "foil_attention")

# Controls that never show an image of a main trial.
_ON_OWN_IMAGES = ("known_yes", "clean_true")

Control = Literal["known_yes", "known_no", "random_foil", "hard_foil", "clean_true"]


@dataclass(frozen=True, kw_only=True)
class ChosenControls:
    """Trials beside the main ones.

    Attributes:
        drafts: Catch, control and practice trials.
        notes: Pools that are smaller than wished, in words.
        counts: Trials per block, as far as they could be served.
    """

    drafts: Sequence[TrialDraft]
    notes: Sequence[str]
    counts: ControlCounts


@dataclass(frozen=True, kw_only=True)
class _Purpose:
    """One kind of trial to find images for.

    Attributes:
        name: What the recipe calls it.
        kind: How its class is chosen; None for what the recipe made.
        role: Of its trials.
        per_block: Trials one block needs.
    """

    name: str
    kind: Control | None
    role: Role
    per_block: int


@dataclass(frozen=True, kw_only=True)
class ControlChooser:
    """Finds images for catches, controls, practice and examples.

    Attributes:
        classified: What the classifiers said.
        asking: How the study asks.
        section: The recipe's `[controls]`.
        counts: Trials per block.
        adjudicated: What is known by hand.
        main: The main trials, whose images are left alone where possible.
        aside: Controls that the recipe made itself.
        condition: Of the controls found here.
    """

    classified: ClassifiedImages
    asking: ClassQuestion
    section: ControlsSection
    counts: ControlCounts
    adjudicated: Adjudicated
    main: Sequence[TrialDraft]
    aside: Sequence[TrialDraft] = ()
    condition: str = ""

    def choose(self) -> ChosenControls:
        """Trials for every purpose, no image serving two where the data allow.

        Where not even one block can be served, blocks get fewer, and a note says so.
        """
        purposes = [p for p in self._purposes() if p.per_block]
        found = self._share_out(purposes)
        found |= {
            name: [draft for draft in self.aside if draft.control == name]
            for name in _MADE
        }
        everyone = [*purposes, *self._made_purposes()]
        served = {p.name: min(p.per_block, len(found[p.name])) for p in everyone}
        return ChosenControls(
            drafts=[draft for p in everyone for draft in found[p.name]],
            notes=[note for p in everyone for note in self._notes(p, found[p.name])],
            counts=_count_served(self.counts, served),
        )

    def _made_purposes(self) -> list[_Purpose]:
        counted = ((name, getattr(self.counts, name)) for name in _MADE)
        return [
            _Purpose(name=name, kind=None, role="control", per_block=n)
            for name, n in counted
            if n
        ]

    def examples(
        self, class_ids: Iterable[str], *, per_class: int, others: Sequence[TrialDraft]
    ) -> dict[str, list[ClassifiedImage]]:
        """Class id to right, confident images that no trial shows."""
        wanted = set(class_ids)
        taken = {draft.seen.pixels_sha256 for draft in [*self.main, *others]}
        found: dict[str, list[ClassifiedImage]] = {}
        for seen in sorted(self.classified.seen, key=lambda s: -_confidence(s)):
            target = self._sure_class(seen)
            if target not in wanted or seen.pixels_sha256 in taken:
                continue
            if _confidence(seen) < self.section.min_probability:
                break
            if len(found.setdefault(target, [])) < per_class:
                found[target].append(seen)
                taken.add(seen.pixels_sha256)
        return found

    def _purposes(self) -> list[_Purpose]:
        counts = self.counts
        is_choice = self.asking.is_choice
        n_yes = counts.practice if is_choice else math.ceil(counts.practice / 2)
        rows: list[tuple[str, Control, Role, int]] = [
            ("known_yes", "known_yes", "catch", counts.known_yes),
            ("known_no", "known_no", "catch", counts.known_no),
            ("practice (yes)", "known_yes", "practice", n_yes),
            ("practice (no)", "known_no", "practice", counts.practice - n_yes),
            ("random_foil", "random_foil", "control", counts.random_foil),
            ("hard_foil", "hard_foil", "control", counts.hard_foil),
            ("clean_true", "clean_true", "control", counts.clean_true),
        ]
        return [
            _Purpose(name=name, kind=kind, role=role, per_block=n)
            for name, kind, role, n in rows
        ]

    def _share_out(self, purposes: Sequence[_Purpose]) -> dict[str, list[TrialDraft]]:
        """One block's worth to each in turn, so that none takes all of a small set."""
        main = {d.seen.pixels_sha256 for d in [*self.main, *self.aside]}
        taken = set(main)
        eased = self._find_eased(purposes)
        queues = {
            p.name: self._candidates(p, is_eased=p.name in eased) for p in purposes
        }
        found: dict[str, list[TrialDraft]] = {p.name: [] for p in purposes}
        for _ in range(self.section.pool):
            for p in purposes:
                found[p.name] += _take(queues[p.name], p.per_block, taken)
        taken -= main
        for p in purposes:
            missing = p.per_block - len(found[p.name])
            if missing > 0 and p.kind not in _ON_OWN_IMAGES:
                # Better a picture that a main trial shows too than no control.
                again = self._candidates(p, is_eased=p.name in eased)
                found[p.name] += _take(again, missing, taken)
        return found

    def _find_eased(self, purposes: Sequence[_Purpose]) -> frozenset[str]:
        """Purposes that images with far classes alone cannot serve for one block."""
        if self.section.eased_limit(len(self.classified.classes)) is None:
            return frozenset()
        eased: set[str] = set()
        for kinds in (("known_no", "random_foil"), _ON_OWN_IMAGES, ("hard_foil",)):
            alike = [p for p in purposes if p.kind in kinds]
            drafts = (d for p in alike[:1] for d in self._candidates(p))
            n_images = len({d.seen.pixels_sha256 for d in drafts})
            if n_images < sum(p.per_block for p in alike):
                eased |= {p.name for p in alike}
        return frozenset(eased)

    def _candidates(
        self, purpose: _Purpose, *, is_eased: bool = False
    ) -> Iterator[TrialDraft]:
        if purpose.kind in _ON_OWN_IMAGES:
            return self._yes(purpose, is_eased=is_eased)
        if purpose.kind == "hard_foil":
            return self._hard(purpose, is_eased=is_eased)
        return self._no(purpose, is_eased=is_eased)

    def _yes(self, purpose: _Purpose, *, is_eased: bool) -> Iterator[TrialDraft]:
        """Confident ones in random order, then the most probable of the rest."""
        bar = self.section.min_probability
        rng = rng_for(self.classified.seed, "control", purpose.name)
        ranked = sorted(
            (
                (-min(_confidence(s), bar), rng.random(), s)
                for s in self.classified.seen
            ),
            key=lambda entry: entry[:2],
        )
        for _, _, seen in ranked:
            target = self._sure_class(seen)
            if target is not None:
                others = _far(seen, is_eased=is_eased)
                yield from self._draft(
                    purpose, seen, target=target, others=others, is_relevant=True
                )

    def _no(self, purpose: _Purpose, *, is_eased: bool) -> Iterator[TrialDraft]:
        """Images everyone gets right first: what they show is plain."""
        rng = rng_for(self.classified.seed, "control", purpose.name)
        ranked = sorted(
            (
                (self._sure_class(s) is None, not s.far, rng.random(), s)
                for s in self.classified.seen
                if _far(s, is_eased=is_eased)
            ),
            key=lambda entry: entry[:3],
        )
        for *_, seen in ranked:
            target, *others = _far(seen, is_eased=is_eased)
            yield from self._draft(purpose, seen, target=target, others=others)

    def _hard(self, purpose: _Purpose, *, is_eased: bool) -> Iterator[TrialDraft]:
        """The most tempting absent class of each image, most tempting first."""
        judged = {(d.seen.pixels_sha256, frozenset(d.classes)) for d in self.main}
        ranked = sorted(
            (
                (-probability, seen.source, class_id, seen)
                for seen in self.classified.seen
                for class_id, probability in self._absent(seen)[:1]
            ),
            key=lambda entry: entry[:3],
        )
        for _, _, class_id, seen in ranked:
            others = _far(seen, is_eased=is_eased)
            drafts = self._draft(purpose, seen, target=class_id, others=others)
            for draft in drafts:
                if (seen.pixels_sha256, frozenset(draft.classes)) not in judged:
                    yield draft

    def _absent(self, seen: ClassifiedImage) -> list[tuple[str, float]]:
        """Confusable classes known not to be in the image, most probable first."""
        probable: dict[str, float] = {}
        for prediction in seen.predictions:
            for class_id, p in zip(
                prediction.classes, prediction.probabilities, strict=True
            ):
                probable[class_id] = max(p, probable.get(class_id, 0.0))
        known = self.adjudicated.absent.get(seen.source, frozenset())
        by_hand = self.adjudicated.relevant.get(seen.source, frozenset())
        there = {seen.label, *(seen.present or ()), *by_hand} - {None}
        same = {s for c in there for s in self.classified.classes.same_kind(str(c))}
        if seen.present is not None:
            known = known | (set(probable) - same)
        found = [(c, p) for c, p in probable.items() if c in known and c not in same]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def _sure_class(self, seen: ClassifiedImage) -> str | None:
        """The class that is in the image and that every classifier says."""
        said = {prediction.classes[0] for prediction in seen.predictions}
        first = seen.predictions[0].classes[0]
        if len(said) > 1 or seen.label not in (None, first):
            return None
        if seen.present is not None and first not in seen.present:
            return None
        if self.adjudicated.relevant:
            listed = self.adjudicated.relevant.get(seen.source, frozenset())
            return first if first in listed else None
        return None if seen.label is None else first

    def _draft(
        self,
        purpose: _Purpose,
        seen: ClassifiedImage,
        *,
        target: str,
        others: Sequence[str],
        is_relevant: bool = False,
    ) -> Iterator[TrialDraft]:
        """One trial, or none where too few far classes would stand beside."""
        beside = tuple(c for c in others if c != target)[: self.asking.n_classes - 1]
        if len(beside) < self.asking.n_classes - 1:
            return
        key = self.asking.key(target, beside, is_relevant=is_relevant)
        yield TrialDraft(
            seen=seen,
            question=self.asking.question,
            classes=(target, *beside),
            role=purpose.role,
            control="" if purpose.role == "practice" else str(purpose.kind),
            key=None if purpose.role == "control" else key,
            condition=self.condition if purpose.role == "control" else "",
        )

    def _notes(self, purpose: _Purpose, drafts: Sequence[TrialDraft]) -> Iterator[str]:
        wished = purpose.per_block * self.section.pool
        if purpose.per_block <= len(drafts) < wished:
            yield (
                f"{purpose.name}: {len(drafts)} trials where {wished} would let "
                "people meet different ones"
            )
        main = {draft.seen.pixels_sha256 for draft in self.main}
        n_shared = sum(draft.seen.pixels_sha256 in main for draft in drafts)
        if len(drafts) < purpose.per_block:
            yield (
                f"{purpose.name}: blocks get {len(drafts)} instead of "
                f"{purpose.per_block}, more are not to be had: {self._why(purpose)}"
            )
        n_eased = sum(not set(d.classes).isdisjoint(d.seen.spare) for d in drafts)
        if n_eased and purpose.kind != "hard_foil":
            yield (
                f"{purpose.name}: {n_eased} of {len(drafts)} have a class for absent "
                f"that is less improbable than {self.section.max_probability:g}, but "
                f"below a tenth of chance"
            )
        if n_shared:
            yield f"{purpose.name}: {n_shared} show an image of a main trial"

    def _why(self, purpose: _Purpose) -> str:
        """What the images lack, and what would mend it."""
        match purpose.kind:
            case None:
                return (
                    "they are made from images kept aside that the attack turns: lower "
                    "max_images, or the count"
                )
            case "known_yes" | "clean_true":
                return (
                    "they are images that every classifier gets right"
                    f"{' and the list confirms' if self.adjudicated.relevant else ''}; "
                    "lower the count, or give more images or controls.adjudicated"
                )
            case "hard_foil":
                return (
                    "a hard foil is a probable class known to be absent: say more of "
                    "them in controls.adjudicated (file,class,relevant = no) or in the "
                    "data set's truth.csv (file,present)"
                )
        limit = self.section.eased_limit(len(self.classified.classes))
        return (
            "they need classes with probability below "
            f"{limit or self.section.max_probability:g} under every classifier; lower "
            "the count or raise controls.max_probability"
        )


def _count_served(counts: ControlCounts, served: Mapping[str, int]) -> ControlCounts:
    """Trials per block, as far as there are any; practice has two halves."""
    names = [name for name in served if hasattr(counts, name)]
    n_practice = sum(n for name, n in served.items() if name not in names)
    return replace(counts, **{n: served[n] for n in names}, practice=n_practice)


def _far(seen: ClassifiedImage, *, is_eased: bool) -> Sequence[str]:
    return (*seen.far, *seen.spare) if is_eased else seen.far


def _take(queue: Iterator[TrialDraft], n: int, taken: set[str]) -> list[TrialDraft]:
    """The next `n` whose picture is free; they are then taken."""
    found: list[TrialDraft] = []
    while len(found) < n:
        draft = next(queue, None)
        if draft is None:
            break
        if draft.seen.pixels_sha256 not in taken:
            taken.add(draft.seen.pixels_sha256)
            found.append(draft)
    return found


def _confidence(seen: ClassifiedImage) -> float:
    return min(prediction.probabilities[0] for prediction in seen.predictions)
