"""Catch, control and practice trials, and the pictures that explain a class."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from stimuli.adjudicated import Adjudicated
from stimuli.asking import Asking
from stimuli.errors import BuildError, list_problems
from stimuli.findings import Draft, Findings, Seen
from stimuli.manifest import Role
from stimuli.recipe_file import ControlsSection
from stimuli.seeds import rng_for

# Controls that only a recipe can make.
_MADE = ("random_superpixels", "clean_attention", "foil_attention")

Control = Literal["known_yes", "known_no", "random_foil", "hard_foil", "clean_true"]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Trials per block, every default decided."""

    known_yes: int
    known_no: int
    random_foil: int
    hard_foil: int
    practice: int
    clean_true: int = 0
    random_superpixels: int = 0
    clean_attention: int = 0
    foil_attention: int = 0


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Trials beside the main ones.

    Attributes:
        drafts: Catch, control and practice trials.
        notes: Pools that are smaller than wished, in words.
        counts: Trials per block, as far as they could be served.
    """

    drafts: Sequence[Draft]
    notes: Sequence[str]
    counts: Counts


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


def settle_counts(
    section: ControlsSection,
    *,
    can_know: bool,
    usual: Mapping[str, int] = MappingProxyType({}),
) -> Counts:
    """The counts per block, with defaults that the data can serve.

    Args:
        section: The recipe's `[controls]`.
        can_know: Whether labels or a list say what is in an image.
        usual: What the recipe puts in where its file does not say.
    """
    defaults = {"known_yes": 3, "known_no": 3, "practice": 4} if can_know else {}
    defaults = {**defaults, **usual}
    given = {name: getattr(section, name) for name in Counts.__dataclass_fields__}
    return Counts(
        **{
            name: defaults.get(name, 0) if count is None else count
            for name, count in given.items()
        }
    )


@dataclass(frozen=True, kw_only=True)
class Chooser:
    """Finds images for catches, controls, practice and examples.

    Attributes:
        findings: What the classifiers said.
        asking: How the study asks.
        section: The recipe's `[controls]`.
        counts: Trials per block.
        adjudicated: What is known by hand.
        main: The main trials, whose images are left alone where possible.
        aside: Controls that the recipe made itself.
        condition: Of the controls found here.
    """

    findings: Findings
    asking: Asking
    section: ControlsSection
    counts: Counts
    adjudicated: Adjudicated
    main: Sequence[Draft]
    aside: Sequence[Draft] = ()
    condition: str = ""

    def choose(self) -> Chosen:
        """Trials for every purpose, no image serving two where the data allow.

        Raises:
            BuildError: If a purpose cannot be served for even one block.
        """
        purposes = [p for p in self._purposes() if p.per_block]
        found = self._share_out(purposes)
        found |= {
            name: [draft for draft in self.aside if draft.control == name]
            for name in _MADE
        }
        short = {
            p.name: len(found[p.name])
            for p in [*purposes, *self._made_purposes()]
            if len(found[p.name]) < p.per_block
        }
        demanded = [
            self._shortage(p, short[p.name])
            for p in [*purposes, *self._made_purposes()]
            if p.name in short and self._is_demanded(p)
        ]
        if demanded:
            raise BuildError(list_problems("controls", demanded))
        everyone = [*purposes, *self._made_purposes()]
        return Chosen(
            drafts=[draft for p in everyone for draft in found[p.name]],
            notes=[note for p in everyone for note in self._notes(p, found[p.name])],
            counts=replace(self.counts, **short),
        )

    def _made_purposes(self) -> list[_Purpose]:
        counted = ((name, getattr(self.counts, name)) for name in _MADE)
        return [
            _Purpose(name=name, kind=None, role="control", per_block=n)
            for name, n in counted
            if n
        ]

    def _is_demanded(self, purpose: _Purpose) -> bool:
        """Whether a lack stops the build; what a recipe adds by itself may lack."""
        is_usual = purpose.kind in (None, "hard_foil", "random_foil", "clean_true")
        return not is_usual or getattr(self.section, purpose.name) is not None

    def examples(
        self, class_ids: Iterable[str], *, per_class: int, others: Sequence[Draft]
    ) -> dict[str, list[Seen]]:
        """Class id to right, confident images that no trial shows."""
        wanted = set(class_ids)
        taken = {draft.seen.pixels_sha256 for draft in [*self.main, *others]}
        found: dict[str, list[Seen]] = {}
        for seen in sorted(self.findings.seen, key=lambda s: -_confidence(s)):
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
        n_yes = math.ceil(counts.practice / 2)
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

    def _share_out(self, purposes: Sequence[_Purpose]) -> dict[str, list[Draft]]:
        """One block's worth to each in turn, so that none takes all of a small set."""
        main = {d.seen.pixels_sha256 for d in [*self.main, *self.aside]}
        taken = set(main)
        queues = {p.name: self._candidates(p) for p in purposes}
        found: dict[str, list[Draft]] = {p.name: [] for p in purposes}
        for _ in range(self.section.pool):
            for p in purposes:
                found[p.name] += _take(queues[p.name], p.per_block, taken)
        taken -= main
        for p in purposes:
            missing = p.per_block - len(found[p.name])
            if missing > 0 and p.kind not in ("known_yes", "clean_true"):
                # Better a picture that a main trial shows too than no control.
                found[p.name] += _take(self._candidates(p), missing, taken)
        return found

    def _candidates(self, purpose: _Purpose) -> Iterator[Draft]:
        if purpose.kind in ("known_yes", "clean_true"):
            return self._yes(purpose)
        if purpose.kind == "hard_foil":
            return self._hard(purpose)
        return self._no(purpose)

    def _yes(self, purpose: _Purpose) -> Iterator[Draft]:
        """Confident ones in random order, then the most probable of the rest."""
        bar = self.section.min_probability
        rng = rng_for(self.findings.seed, "control", purpose.name)
        ranked = sorted(
            ((-min(_confidence(s), bar), rng.random(), s) for s in self.findings.seen),
            key=lambda entry: entry[:2],
        )
        for _, _, seen in ranked:
            target = self._sure_class(seen)
            if target is not None:
                yield from self._draft(
                    purpose, seen, target=target, others=seen.far, is_relevant=True
                )

    def _no(self, purpose: _Purpose) -> Iterator[Draft]:
        """Images everyone gets right first: what they show is plain."""
        rng = rng_for(self.findings.seed, "control", purpose.name)
        ranked = sorted(
            (
                (self._sure_class(s) is None, rng.random(), s)
                for s in self.findings.seen
                if s.far
            ),
            key=lambda entry: entry[:2],
        )
        for _, _, seen in ranked:
            yield from self._draft(
                purpose, seen, target=seen.far[0], others=seen.far[1:]
            )

    def _hard(self, purpose: _Purpose) -> Iterator[Draft]:
        """The most tempting absent class of each image, most tempting first."""
        judged = {(d.seen.pixels_sha256, frozenset(d.classes)) for d in self.main}
        ranked = sorted(
            (
                (-probability, seen.source, class_id, seen)
                for seen in self.findings.seen
                for class_id, probability in self._absent(seen)[:1]
            ),
            key=lambda entry: entry[:3],
        )
        for _, _, class_id, seen in ranked:
            drafts = self._draft(purpose, seen, target=class_id, others=seen.far)
            for draft in drafts:
                if (seen.pixels_sha256, frozenset(draft.classes)) not in judged:
                    yield draft

    def _absent(self, seen: Seen) -> list[tuple[str, float]]:
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
        same = {s for c in there for s in self.findings.classes.same_kind(str(c))}
        if seen.present is not None:
            known = known | (set(probable) - same)
        found = [(c, p) for c, p in probable.items() if c in known and c not in same]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def _sure_class(self, seen: Seen) -> str | None:
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
        seen: Seen,
        *,
        target: str,
        others: Sequence[str],
        is_relevant: bool = False,
    ) -> Iterator[Draft]:
        """One trial, or none where too few far classes would stand beside."""
        beside = tuple(c for c in others if c != target)[: self.asking.n_classes - 1]
        if len(beside) < self.asking.n_classes - 1:
            return
        key = self.asking.key(target, beside, is_relevant=is_relevant)
        yield Draft(
            seen=seen,
            question=self.asking.question,
            classes=(target, *beside),
            role=purpose.role,
            control="" if purpose.role == "practice" else str(purpose.kind),
            key=None if purpose.role == "control" else key,
            condition=self.condition if purpose.role == "control" else "",
        )

    def _notes(self, purpose: _Purpose, drafts: Sequence[Draft]) -> Iterator[str]:
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
                f"{purpose.per_block}, more are not to be had"
            )
        if n_shared:
            yield f"{purpose.name}: {n_shared} show an image of a main trial"

    def _shortage(self, purpose: _Purpose, n_found: int) -> str:
        need = f"{purpose.name}: {purpose.per_block} per block, {n_found} found"
        match purpose.kind:
            case None:
                return (
                    f"{need}; they are made from images kept aside that the attack "
                    "turns: lower max_images, or the count"
                )
            case "known_yes" | "clean_true":
                return (
                    f"{need}; they are images that every classifier gets right"
                    f"{' and the list confirms' if self.adjudicated.relevant else ''}; "
                    "lower the count, or give labels or controls.adjudicated"
                )
            case "hard_foil":
                return (
                    f"{need}; a hard foil is a probable class known to be absent: "
                    "say which are in controls.adjudicated (file,class,relevant = "
                    "no) or in the data set's truth.csv (file,present)"
                )
        return (
            f"{need}; they need classes with probability below "
            f"{self.section.max_probability:g} under every classifier; lower the "
            "count or raise controls.max_probability"
        )


def _take(queue: Iterator[Draft], n: int, taken: set[str]) -> list[Draft]:
    """The next `n` whose picture is free; they are then taken."""
    found: list[Draft] = []
    while len(found) < n:
        draft = next(queue, None)
        if draft is None:
            break
        if draft.seen.pixels_sha256 not in taken:
            taken.add(draft.seen.pixels_sha256)
            found.append(draft)
    return found


def _confidence(seen: Seen) -> float:
    return min(prediction.probabilities[0] for prediction in seen.predictions)
