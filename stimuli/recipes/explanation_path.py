"""Superpixels revealed one by one, the most important first.

Source: Stock and Cisse, ECCV 2018, figure 10b.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import Field, field_validator

from stimuli.asking import Asking
from stimuli.classes import ClassList
from stimuli.datasets import Source
from stimuli.errors import BuildError
from stimuli.explanations import LimeExplanation
from stimuli.findings import Board, Draft, Findings, Made, Seen, Selection
from stimuli.kinds import find_kinds, kind_of
from stimuli.manifest import Trial, Use
from stimuli.recipe_file import ControlsSection, Section
from stimuli.recipes.base import Recipe
from stimuli.recipes.critic_work import is_right
from stimuli.recipes.explaining import Question, explain, picture
from stimuli.recipes.options import LimeSection
from stimuli.rendering.explanation_path import draw_path
from stimuli.seeds import rng_for
from stimuli.workup import Bench, Subject, Work, Workup

QUESTION: Final = "explanation_path"
SHOWS: Final = "explanation-path"


class ExplanationPathSection(Section):
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

    def __call__(self, bench: Bench, subjects: Sequence[Subject]) -> list[Seen]:
        """Each subject with its frames; what cannot be explained says why."""
        wanted = {
            s.seen.source: self._label(s) for s in subjects if self._is_wanted(bench, s)
        }
        questions = [
            Question(
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

    def _is_wanted(self, bench: Bench, subject: Subject) -> bool:
        if self.section.images == "all":
            return True
        return is_right(bench, subject.seen) == (self.section.images == "right")

    def _label(self, subject: Subject) -> int:
        if self.section.explains == "label":
            return int(str(subject.seen.label))
        return int(subject.seen.predictions[0].classes[0])

    def _frames(
        self, bench: Bench, subject: Subject, found: LimeExplanation, label: int
    ) -> Iterator[Made]:
        red, green, blue = self.section.colour
        path = draw_path(
            subject.pixels,
            found.segments,
            weights=found.weights[found.place_of(label)],
            k=self.section.explanation.explainer(device="cpu").k,
            colour=(red, green, blue),
        )
        for number, frame in enumerate(path.frames, start=1):
            yield picture(
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
    def asking(self) -> Asking | None:
        """Whether the class is relevant for what is shown; a sequence has its own."""
        return Asking("relevant") if self.section.display == "frames" else None

    @property
    def shows(self) -> str:
        """Paths."""
        return SHOWS

    @property
    def needs_labels(self) -> bool:
        """Labels say which images are right."""
        return True

    @property
    def workup(self) -> Workup:
        """Explains."""
        return PathWork(section=self.section)

    def is_shown(self, seen: Seen, classes: ClassList) -> bool:
        """Its clean crop is at most a catch."""
        return False

    def choose_work(
        self,
        sources: Sequence[Source],
        classes: ClassList,
        *,
        seed: int,
        controls: ControlsSection,
    ) -> Work:
        """A plain draw, made before anything is predicted."""
        kinds = set(find_kinds(classes, self.section.classes, sources=sources))
        names = [
            s.name
            for s in sources
            if s.label is not None and kind_of(classes, s.label) in kinds
        ]
        names.sort(key=lambda name: float(rng_for(seed, "work", name).random()))
        n_main = self.section.max_images or round(0.7 * len(names))
        return Work(main=frozenset(names[:n_main]))

    def select(self, findings: Findings) -> Selection:
        """One trial per frame, or one per path.

        Raises:
            BuildError: If no image could be explained.
        """
        explained = [seen for seen in findings.seen if seen.made]
        n_wanted = sum(bool(seen.facts.get("is_wanted")) for seen in findings.seen)
        troubles = [t for seen in findings.seen for t in seen.troubles]
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
        return Selection(
            drafts=[d for s in explained for d in _drafts(s)] if is_frames else (),
            boards=() if is_frames else [_board(seen) for seen in explained],
            facts=facts,
            notes=[f"{len(explained)} paths: {words}", *troubles],
        )


def _use(seen: Seen, made: Made) -> Use:
    return Use(
        classifier=seen.predictions[0].classifier,
        shows=SHOWS,
        source_sha256=seen.source_sha256,
        label=seen.label,
        predicted=(made.class_id,),
    )


def _drafts(seen: Seen) -> Iterator[Draft]:
    for made in seen.made:
        yield Draft(
            seen=seen,
            made=made,
            question="relevant",
            classes=(made.class_id,),
            role="main",
            use=_use(seen, made),
            condition=f"superpixels-{made.facts['frame']:02d}",
        )


def _board(seen: Seen) -> Board:
    slots = {f"frame_{m.facts['frame']}": m.stimulus for m in seen.made}
    return Board(
        trial=Trial(
            id="",
            slots=slots,
            question=QUESTION,
            classes=(seen.made[0].class_id,),
            role="main",
            sources=(seen.source_sha256,),
            uses=(_use(seen, seen.made[0]),),
            truth=None if seen.present is None else {"present": list(seen.present)},
        ),
        made=tuple((seen, made) for made in seen.made),
    )
