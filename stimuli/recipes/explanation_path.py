"""Superpixels revealed one by one, the most important first.

Source: Stock and Cisse, ECCV 2018, figure 10b.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import Field, field_validator

from stimuli.errors import BuildError
from stimuli.manifest import Posed, Trial, Use
from stimuli.methods.explanations import LimeExplanation
from stimuli.recipe_file import ControlsSection, RecipeSection
from stimuli.recipes.base import Recipe, Reexamined
from stimuli.recipes.batches.explaining import (
    ExplanationRequest,
    explain,
    store_drawing,
)
from stimuli.recipes.batches.image_work import (
    ImagesWorkedOn,
    ImageWork,
    JudgedImage,
    WorkBench,
)
from stimuli.recipes.batches.selection_work import is_right
from stimuli.recipes.method_options import LimeSection
from stimuli.recipes.questions import FRAMES, ONE_CLASS, ClassQuestion
from stimuli.records.classes import ClassList
from stimuli.records.classified_images import (
    ClassifiedImage,
    ClassifiedImages,
    MadePicture,
)
from stimuli.records.trial_drafts import Board, SelectedTrials, TrialDraft
from stimuli.rendering.explanation_path import draw_path
from stimuli.sources.class_or_group import drawn_of_kinds
from stimuli.sources.datasets import Source

SHOWS: Final = "explanation-path"


class ExplanationPathSection(RecipeSection):
    """`[recipe] kind = "explanation_path"`.

    Attributes:
        display: "frames" asks of every frame by itself whether the class is
            relevant; how many superpixels it shows is its condition. "sequence"
            is one trial of all frames in order.
        images: Which are explained: "all", or those the classifier gets "right"
            or "wrong".
        explains: The class "predicted", or the "label".
        classes: Classes (or groups) whose images are explained; all by default.
        max_images: Images drawn; None takes 70 in 100 and leaves the rest for
            controls.
        explanation: LIME's options; `k` is the number of frames.
        colour: Of what is hidden, 0 to 255.
        seed: For everything that is drawn.
    """

    display: Literal["frames", "sequence"] = "frames"
    images: Literal["all", "right", "wrong"] = "right"
    explains: Literal["predicted", "label"] = "predicted"
    classes: list[str] | None = Field(None, min_length=1)
    max_images: int | None = Field(None, ge=1)
    explanation: LimeSection = Field(default_factory=LimeSection)
    colour: list[int] = Field([0, 0, 0])
    seed: int = Field(0, ge=0, lt=2**63)

    @field_validator("colour")
    @classmethod
    def _is_a_colour(cls, colour: list[int]) -> list[int]:
        if len(colour) != 3 or not all(0 <= part <= 255 for part in colour):
            raise ValueError("expected three whole numbers from 0 to 255")
        return colour


@dataclass(frozen=True, kw_only=True)
class PathWork:
    """Explains images and draws their frames.

    Attributes:
        section: The recipe.
    """

    section: ExplanationPathSection

    def __call__(
        self, bench: WorkBench, subjects: Sequence[JudgedImage]
    ) -> list[ClassifiedImage]:
        """Each subject with its frames; what cannot be explained says why."""
        wanted = {
            s.seen.source: self._label(s) for s in subjects if self._is_wanted(bench, s)
        }
        questions = [
            ExplanationRequest(
                key=s.seen.source, pixels=s.pixels, labels=(wanted[s.seen.source],)
            )
            for s in subjects
            if s.seen.source in wanted
        ]
        done = explain(bench, questions, self.section.explanation)
        results = []
        for subject in subjects:
            key = subject.seen.source
            seen = replace(subject.seen, facts={"is_wanted": key in wanted})
            if key in done.failed:
                seen = replace(seen, troubles=(done.failed[key],))
            if key in done.found:
                frames = tuple(
                    self._frames(bench, subject, done.found[key], wanted[key])
                )
                seen = replace(seen, made=frames)
                if not frames:
                    words = f"{key}: no superpixel speaks for the class"
                    seen = replace(seen, troubles=(words,))
            halved_to = (*seen.halved_to, *done.halved_to)
            results.append(replace(seen, halved_to=halved_to))
        return results

    def _is_wanted(self, bench: WorkBench, subject: JudgedImage) -> bool:
        if self.section.images == "all":
            return True
        return is_right(bench, subject.seen) == (self.section.images == "right")

    def _label(self, subject: JudgedImage) -> int:
        if self.section.explains == "label":
            return int(str(subject.seen.label))
        return int(subject.seen.predictions[0].classes[0])

    def _frames(
        self, bench: WorkBench, subject: JudgedImage, found: LimeExplanation, label: int
    ) -> Iterator[MadePicture]:
        red, green, blue = self.section.colour
        path = draw_path(
            subject.pixels,
            found.segments,
            weights=found.weights[found.place_of(label)],
            k=self.section.explanation.explainer(device="cpu").k,
            colour=(red, green, blue),
        )
        for number, frame in enumerate(path.frames, start=1):
            yield store_drawing(
                bench,
                frame,
                form="frame",
                label=label,
                explanation=found,
                section=self.section.explanation,
                more={"frame": number, "n_frames": len(path.frames)},
            )


@dataclass(frozen=True)
class ExplanationPathRecipe(Recipe):
    """Frames of explanation paths."""

    section: ExplanationPathSection

    @property
    def asking(self) -> ClassQuestion | None:
        """Whether the class is relevant for what is shown; a sequence has its own."""
        is_single = self.section.display == "frames"
        return ClassQuestion(question=ONE_CLASS) if is_single else None

    @property
    def asks(self) -> Mapping[str, Posed]:
        """A class on each frame, or all frames at once."""
        if self.asking is None:
            return {FRAMES: Posed(slots=("frame_*",), holds=("frames",))}
        return super().asks

    @property
    def shows(self) -> str:
        """Paths."""
        return SHOWS

    @property
    def re_examines(self) -> Sequence[Reexamined]:
        """The class that is explained."""
        return [Reexamined(shows=SHOWS, of="explained")]

    @property
    def needs_labels(self) -> bool:
        """Labels say which images are right."""
        return True

    @property
    def image_work(self) -> ImageWork:
        """Explains."""
        return PathWork(section=self.section)

    @property
    def dtypes(self) -> tuple[str, ...]:
        """That of the explanation."""
        return self.section.explanation.dtypes

    def is_shown(self, seen: ClassifiedImage, classes: ClassList) -> bool:
        """Its clean crop is at most a catch."""
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
        n_main = self.section.max_images or round(0.7 * len(names))
        return ImagesWorkedOn(main=frozenset(names[:n_main]))

    @property
    def is_of_work_alone(self) -> bool:
        """A sequence has no controls, so nothing needs images that were not drawn."""
        return self.asking is None and self.section.max_images is not None

    def select(self, classified: ClassifiedImages) -> SelectedTrials:
        """One trial per frame, or one per path.

        Raises:
            BuildError: If no image could be explained.
        """
        explained = [seen for seen in classified.seen if seen.made]
        n_wanted = sum(bool(seen.facts.get("is_wanted")) for seen in classified.seen)
        troubles = [t for seen in classified.seen for t in seen.troubles]
        if not explained:
            why = f": {troubles[0]}" if troubles else ""
            raise BuildError(
                f"none of {n_wanted} images with images = {self.section.images!r} "
                f"could be explained{why}; raise max_images"
            )
        lengths = Counter(len(seen.made) for seen in explained)
        is_frames = self.section.display == "frames"
        facts = {
            "explanation_path": {
                "n_wanted": n_wanted,
                "n_explained": len(explained),
                "n_frames": {str(k): lengths[k] for k in sorted(lengths)},
                "troubles": troubles,
            }
        }
        words = ", ".join(f"{lengths[k]} of {k} frames" for k in sorted(lengths))
        return SelectedTrials(
            drafts=[d for s in explained for d in _drafts(s)] if is_frames else (),
            boards=() if is_frames else [_board(seen) for seen in explained],
            facts=facts,
            notes=[f"{len(explained)} paths: {words}", *troubles],
        )


def _use(seen: ClassifiedImage, made: MadePicture) -> Use:
    return Use(
        classifier=seen.predictions[0].classifier,
        shows=SHOWS,
        source_sha256=seen.source_sha256,
        label=seen.label,
        predicted=(made.class_id,),
    )


def _drafts(seen: ClassifiedImage) -> Iterator[TrialDraft]:
    for made in seen.made:
        yield TrialDraft(
            seen=seen,
            made=made,
            question=ONE_CLASS,
            classes=(made.class_id,),
            role="main",
            use=_use(seen, made),
            condition=f"superpixels-{made.facts['frame']:02d}",
        )


def _board(seen: ClassifiedImage) -> Board:
    slots = {f"frame_{m.facts['frame']}": m.stimulus for m in seen.made}
    return Board(
        trial=Trial(
            id="",
            slots=slots,
            question=FRAMES,
            classes=(seen.made[0].class_id,),
            role="main",
            sources=(seen.source_sha256,),
            uses=(_use(seen, seen.made[0]),),
            truth=None if seen.present is None else {"present": list(seen.present)},
        ),
        made=tuple((seen, made) for made in seen.made),
    )
