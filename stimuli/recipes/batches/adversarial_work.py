"""One batch of the adversarial recipe: attack, store, explain, draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from stimuli.errors import RecipeError
from stimuli.methods.explanations import LimeExplanation
from stimuli.methods.segmentation import Pixels
from stimuli.recipes.batches.adversarial_options import AdversarialRecipeSection
from stimuli.recipes.batches.attacking import AttackedImage, BatchAttack
from stimuli.recipes.batches.explaining import (
    ExplainedPictures,
    ExplanationRequest,
    explain,
    store_drawing,
)
from stimuli.recipes.batches.image_work import JudgedImage, WorkBench
from stimuli.recipes.batches.judging import predict_picture
from stimuli.records.classes import UnknownClassError
from stimuli.records.classified_images import ClassifiedImage, MadePicture
from stimuli.records.seeds import rng_for
from stimuli.rendering.attention import (
    AttentionImage,
    Colour,
    RenderingError,
    draw_attention,
    draw_random_attention,
    pick_foil,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Case:
    """One adversarial image on its way to attention images."""

    subject: JudgedImage
    seen: ClassifiedImage
    pixels: Pixels
    label: int
    foil: int | None

    @property
    def is_aside(self) -> bool:
        return bool(self.seen.facts["is_aside"])

    @property
    def source(self) -> str:
        return self.seen.source


@dataclass(frozen=True, kw_only=True)
class AdversarialWork:
    """Attacks what is classified right; explains what then errs.

    Attributes:
        section: The recipe.
    """

    section: AdversarialRecipeSection

    def __call__(
        self, bench: WorkBench, subjects: Sequence[JudgedImage]
    ) -> list[ClassifiedImage]:
        """Each subject with its outcome, and the pictures made from it."""
        goals = [self._goal(bench, subject) for subject in subjects]
        fit = [
            place
            for place, subject in enumerate(subjects)
            if goals[place] is not None and _is_right(bench, subject)
        ]
        assault = BatchAttack(
            attack=self.section.attack.attack(
                is_targeted=self.section.target is not None
            ),
            targets=None
            if self.section.target is None
            else [goal for place in fit if (goal := goals[place]) is not None],
        )
        attacked = dict(
            zip(fit, assault(bench, [subjects[place] for place in fit]), strict=True)
        )
        done: list[ClassifiedImage] = []
        cases: list[_Case] = []
        for place, subject in enumerate(subjects):
            seen = self._judge(bench, subject, attacked.get(place), goal=goals[place])
            done.append(seen)
            if seen.made and "attention" in self.section.displays:
                case = self._open_case(bench, subject, seen, attacked[place])
                cases.append(case)
        return self._explain(bench, done, cases)

    def _goal(self, bench: WorkBench, subject: JudgedImage) -> int | None:
        """The class to go to; -1 away from the truth, None where it is the truth."""
        target = self.section.target
        if target is None:
            return -1
        label = str(subject.seen.label)
        own = [int(c) for c in bench.classes.same_kind(label)]
        others = np.setdiff1d(np.arange(len(bench.classes)), own)
        if not len(others):
            raise RecipeError(
                f"recipe.target = {target!r}: all {len(own)} classes of the classifier "
                "are of one group or name, so there is none to go to"
            )
        shares = subject.probabilities[others]
        match target:
            case "least-likely":
                return int(others[shares.argmin()])
            case "second":
                return int(others[shares.argmax()])
            case "random":
                rng = rng_for(bench.seed, "target", subject.seen.source)
                return int(rng.choice(others))
        try:
            wanted = int(bench.classes.find(target))
        except UnknownClassError as error:
            raise RecipeError(f"recipe.target: {error}") from error
        return None if wanted in own else wanted

    def _judge(
        self,
        bench: WorkBench,
        subject: JudgedImage,
        attacked: AttackedImage | None,
        *,
        goal: int | None,
    ) -> ClassifiedImage:
        facts: dict[str, Any] = {"is_aside": subject.seen.source in bench.aside}
        if attacked is None:
            is_right = _is_right(bench, subject)
            facts["outcome"] = "own-target" if is_right else "wrong"
            return replace(subject.seen, facts=facts)
        seen = replace(
            subject.seen, halved_to=(*subject.seen.halved_to, *attacked.halved_to)
        )
        if attacked.pixels is None:
            facts |= {"outcome": "failed", "is_failed": True}
            return replace(seen, facts=facts, troubles=(attacked.trouble,))
        facts |= attacked.facts
        outcome, made = self._store(bench, subject, attacked, goal=goal)
        return replace(
            seen,
            facts=facts | {"outcome": outcome},
            made=() if made is None else (made,),
        )

    def _store(
        self,
        bench: WorkBench,
        subject: JudgedImage,
        attacked: AttackedImage,
        *,
        goal: int | None,
    ) -> tuple[str, MadePicture | None]:
        """What became of it, and its picture where people may see it."""
        pixels = attacked.pixels
        if not self._has_arrived(bench, subject, attacked.final, goal=goal):
            return "not-flipped", None
        if pixels is None or attacked.is_same:
            return "unchanged", None
        predictions = predict_picture(bench.classifiers, pixels)
        is_surviving = predictions[0].classes[0] == attacked.final
        if not is_surviving and self.section.unsurviving == "leave-out":
            return "lost", None
        made = MadePicture(
            form="adversarial",
            stimulus=bench.store(pixels),
            class_id=attacked.final,
            predictions=predictions,
            method=self.section.attack.method,
            parameters=self.section.attack.model_dump(),
            facts={
                **attacked.facts,
                "is_surviving_8_bits": is_surviving,
                "linf_norm_8_bits": attacked.linf_norm_8_bits,
                "l2_norm_8_bits": attacked.l2_norm_8_bits,
                **({} if self.section.target is None else {"target": str(goal)}),
            },
        )
        return "adversarial" if is_surviving else "lost", made

    def _has_arrived(
        self, bench: WorkBench, subject: JudgedImage, final: str, *, goal: int | None
    ) -> bool:
        if self.section.target is not None:
            return final == str(goal)
        return not bench.classes.is_right(final, str(subject.seen.label))

    def _open_case(
        self,
        bench: WorkBench,
        subject: JudgedImage,
        seen: ClassifiedImage,
        attacked: AttackedImage,
    ) -> _Case:
        if attacked.pixels is None:
            raise ValueError("a picture was made of no pixels")
        label = int(attacked.final)
        is_aside = bool(seen.facts["is_aside"])
        return _Case(
            subject=subject,
            seen=seen,
            pixels=attacked.pixels,
            label=label,
            foil=self._find_foil(bench, subject, label) if is_aside else None,
        )

    def _find_foil(
        self, bench: WorkBench, subject: JudgedImage, label: int
    ) -> int | None:
        """A class beside the true and the adversarial one; of two there is none."""
        own = [int(c) for c in bench.classes.same_kind(str(subject.seen.label))]
        if len({label, *own}) == len(bench.classes):
            return None
        return pick_foil(
            subject.probabilities,
            taken=[label, *own],
            rng=rng_for(bench.seed, "foil", subject.seen.source),
        )

    def _explain(
        self, bench: WorkBench, done: list[ClassifiedImage], cases: Sequence[_Case]
    ) -> list[ClassifiedImage]:
        questions = [
            ExplanationRequest(
                key=f"{case.source} adversarial",
                pixels=case.pixels,
                labels=(case.label,) if case.foil is None else (case.label, case.foil),
            )
            for case in cases
        ]
        questions += [
            ExplanationRequest(
                key=f"{case.source} clean",
                pixels=case.subject.pixels,
                labels=(_clean_label(case),),
            )
            for case in cases
            if case.is_aside
        ]
        explained = explain(bench, questions, self.section.explanation)
        places = {seen.source: place for place, seen in enumerate(done)}
        for case in cases:
            seen = done[places[case.source]]
            done[places[case.source]] = self._add(bench, case, seen, explained)
        return done

    def _add(
        self,
        bench: WorkBench,
        case: _Case,
        seen: ClassifiedImage,
        explained: ExplainedPictures,
    ) -> ClassifiedImage:
        drawings = _Drawings(work=self, bench=bench, case=case)
        made: list[MadePicture] = list(seen.made)
        troubles = [
            explained.failed[key]
            for key in (f"{case.source} adversarial", f"{case.source} clean")
            if key in explained.failed
        ]
        found = explained.found.get(f"{case.source} adversarial")
        clean = explained.found.get(f"{case.source} clean")
        try:
            if found is not None:
                made += drawings.of_attacked(found)
            if clean is not None:
                made += drawings.of_clean(clean)
        except RenderingError as error:
            troubles.append(f"{case.source}: {error}")
        return replace(
            seen,
            made=tuple(made),
            troubles=(*seen.troubles, *troubles),
            halved_to=(*seen.halved_to, *explained.halved_to),
        )


@dataclass(frozen=True, kw_only=True)
class _Drawings:
    """The attention images of one case."""

    work: AdversarialWork
    bench: WorkBench
    case: _Case

    def of_attacked(self, found: LimeExplanation) -> Iterator[MadePicture]:
        case = self.case
        drawn = self._draw(case.pixels, found, case.label)
        if not drawn.superpixels:
            raise RenderingError("no superpixel speaks for the adversarial class")
        facts = case.seen.made[0].facts
        more = {key: facts[key] for key in ("steps_to_flip", "n_steps")}
        yield self._make(drawn, "attention", case.label, found, more)
        if not case.is_aside:
            return
        if case.foil is not None:
            foil = self._draw(case.pixels, found, case.foil)
            if foil.superpixels:
                yield self._make(foil, "foil_attention", case.foil, found, more)
        matched = draw_random_attention(
            case.pixels,
            found.segments,
            like=drawn,
            rng=rng_for(self.bench.seed, "random superpixels", case.source),
            colour=self._colour,
        )
        more = more | {"matched_superpixels": list(drawn.superpixels)}
        more["matched_area"] = drawn.area
        yield self._make(matched, "random_superpixels", case.label, found, more)

    def of_clean(self, found: LimeExplanation) -> Iterator[MadePicture]:
        label = _clean_label(self.case)
        drawn = self._draw(self.case.subject.pixels, found, label)
        if drawn.superpixels:
            yield self._make(drawn, "clean_attention", label, found, {})

    @property
    def _colour(self) -> Colour:
        red, green, blue = self.work.section.colour
        return (red, green, blue)

    def _draw(
        self, pixels: Pixels, found: LimeExplanation, label: int
    ) -> AttentionImage:
        return draw_attention(
            pixels,
            found.segments,
            weights=found.weights[found.place_of(label)],
            k=self.work.section.explanation.explainer(device="cpu").k,
            colour=self._colour,
        )

    def _make(
        self,
        drawn: AttentionImage,
        form: str,
        label: int,
        found: LimeExplanation,
        more: Mapping[str, Any],
    ) -> MadePicture:
        return store_drawing(
            self.bench,
            drawn,
            form=form,
            label=label,
            explanation=found,
            section=self.work.section.explanation,
            more=more,
        )


def _is_right(bench: WorkBench, subject: JudgedImage) -> bool:
    label = subject.seen.label
    first = subject.seen.predictions[0].classes[0]
    return label is not None and bench.classes.is_right(first, label)


def _clean_label(case: _Case) -> int:
    """The true class; of a group, the member that the classifier names."""
    return int(case.seen.predictions[0].classes[0])
