"""Every image a classifier gets wrong, put before people with its prediction.

Source: Stock and Cisse, "ConvNets and ImageNet Beyond Accuracy", ECCV 2018.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from stimuli.asking import Asking
from stimuli.classes import ClassList
from stimuli.errors import BuildError
from stimuli.findings import N_TOP, Draft, Findings, Seen, Selection
from stimuli.manifest import Use
from stimuli.recipe_file import Section
from stimuli.recipes.base import Recipe
from stimuli.seeds import rng_for


class MisclassifiedSection(Section):
    """`[recipe] kind = "misclassified"`.

    Attributes:
        shows: "top1": the wrong class of every top-1 error.
            "top5-of-top1-errors": the five classes of every top-1 error (serves
            both top-5 numbers). "top5-of-top5-errors": the five classes where
            none is right.
        ask: Five classes: whether any is relevant, or each by itself.
        include_correct: Share of the correctly classified images to include; with
            "top5-of-top5-errors", of those whose label is among the five.
        seed: For everything that is drawn.
    """

    shows: Literal["top1", "top5-of-top1-errors", "top5-of-top5-errors"] = "top1"
    ask: Literal["any", "each"] | None = None
    include_correct: float = Field(0.0, ge=0, le=1)
    seed: int = Field(0, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _asks_of_five(self) -> Self:
        if self.ask and self.shows == "top1":
            raise ValueError(
                f'ask = "{self.ask}" is about five classes; leave it out with '
                'shows = "top1"'
            )
        return self


@dataclass(frozen=True)
class Misclassified(Recipe):
    """The recipe of the first study."""

    section: MisclassifiedSection

    @property
    def asking(self) -> Asking:
        """One class, or five."""
        if self.section.shows == "top1":
            return Asking("relevant")
        return Asking(self.section.ask or "any")

    @property
    def shows(self) -> str:
        """As the recipe says."""
        return self.section.shows

    @property
    def needs_labels(self) -> bool:
        """An error needs a label."""
        return True

    def is_shown(self, seen: Seen, classes: ClassList) -> bool:
        """Whether some classifier is wrong about it."""
        findings = Findings(seen=(), classes=classes, classifiers=(), seed=0)
        return any(
            self._is_error(findings, seen, position)
            for position in range(len(seen.predictions))
        )

    def select(self, findings: Findings) -> Selection:
        """Errors of every classifier, and a share of what it got right.

        Raises:
            BuildError: If five classes are all there are.
        """
        if self.asking.n_classes >= len(findings.classes):
            raise BuildError(
                f"shows = {self.shows!r} needs more than {N_TOP} classes, the "
                f"classifier has {len(findings.classes)}; use shows = 'top1'"
            )
        drafts: list[Draft] = []
        pools, included = {}, {}
        for position, name in enumerate(findings.classifiers):
            drafts += self._errors(findings, position)
            # What is not an error by the recipe's own measure, so that errors and
            # right predictions together are every image seen.
            right = [s for s in findings.seen if self._is_right(findings, s, position)]
            chosen = self._choose_correct(right, findings.seed)
            drafts += [self._draft(s, position, self._correct) for s in chosen]
            pools[name], included[name] = len(right), len(chosen)
        facts = {
            "include_correct": {
                "share": self.section.include_correct,
                "n_correct_pool": pools,
                "n_included": included,
            }
        }
        return Selection(drafts=drafts, facts=facts)

    @property
    def _correct(self) -> str:
        is_top5 = self.shows == "top5-of-top5-errors"
        return "correct-top5" if is_top5 else "correct-top1"

    def _is_error(self, findings: Findings, seen: Seen, position: int) -> bool:
        return not self._is_right(findings, seen, position)

    def _is_right(self, findings: Findings, seen: Seen, position: int) -> bool:
        if self.shows == "top5-of-top5-errors":
            return findings.is_right_in_top5(seen, position)
        return findings.is_right(seen, position)

    def _errors(self, findings: Findings, position: int) -> Iterator[Draft]:
        for seen in findings.seen:
            if not self._is_error(findings, seen, position):
                continue
            yield self._draft(seen, position, self.shows)
            if self.shows == "top5-of-top1-errors" and not findings.is_right_in_top5(
                seen, position
            ):
                # Top-5 errors are a part of top-1 errors: one judgment, two numbers.
                yield self._draft(seen, position, "top5-of-top5-errors")

    def _choose_correct(self, right: Sequence[Seen], seed: int) -> list[Seen]:
        """A uniform sample that classifiers share as far as they can.

        Every image draws one number, whoever classified it, and the lowest are
        taken: what several classifiers got right is then judged once.
        """
        n_chosen = round(self.section.include_correct * len(right))

        def number(seen: Seen) -> float:
            return float(rng_for(seed, "include-correct", seen.source).random())

        return sorted(right, key=number)[:n_chosen]

    def _draft(self, seen: Seen, position: int, shows: str) -> Draft:
        prediction = seen.predictions[position]
        predicted = prediction.classes[: self.asking.n_classes]
        use = Use(
            classifier=prediction.classifier,
            shows=shows,
            source_sha256=seen.source_sha256,
            label=seen.label,
            predicted=predicted,
        )
        return Draft(
            seen=seen,
            question=self.asking.question,
            classes=predicted,
            role="main",
            use=use,
        )
