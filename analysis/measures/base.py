"""What a measure is: numbers from a bundle, with their part of the report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Section


class Told(StrEnum):
    """What of the responses a measure makes a headline of, where it applies.

    `responses` makes one of whatever no other measure tells.
    """

    VOTES = "votes"
    GRADES = "grades"
    JUDGMENTS = "judgments"
    CATEGORIES = "categories"
    PREFERENCES = "preferences"
    EVERYTHING = "everything"


@dataclass(frozen=True, kw_only=True)
class MeasuredOutcome:
    """One number a measure stands for, to be set beside itself under other rules.

    Attributes:
        name: What it is, the same for the same number ("rectified error, net-a").
        value: A share or a difference of shares; NaN where there are no responses.
        low: Lower end of its 95 % interval.
        high: Upper end.
        n: What the interval rests on; 0 where there is nothing.
        unit: What n counts ("images", "responses").
        is_difference: Whether it is read in percentage points.
        is_amount: Whether it is read as it is (a mean), and not in per cent.
    """

    name: str
    value: float
    low: float
    high: float
    n: int
    unit: str = "responses"
    is_difference: bool = False
    is_amount: bool = False


@runtime_checkable
class HasOutcomes(Protocol):
    """A measure whose numbers are shown before and after exclusion.

    Not part of `Measure`: one that has nothing to say here leaves it out.
    """

    def outcomes(self, bundle: Bundle) -> list[MeasuredOutcome]:
        """Its numbers from these responses, the same names in the same order."""


@runtime_checkable
class TellsResult(Protocol):
    """A measure whose headline is what its study asked for.

    Not part of `Measure`: one that is read beside a result leaves it out.
    """

    @property
    def tells(self) -> frozenset[Told]:
        """What of the responses it tells."""


@runtime_checkable
class FillsIn(Protocol):
    """A measure that tells what no other one does."""

    def beside(self, told: frozenset[Told]) -> Measure:
        """The same, given what the other measures of a bundle tell."""


@runtime_checkable
class HasSentences(Protocol):
    """A measure that can say its result in a sentence, on top of the report."""

    def sentences(self, bundle: Bundle) -> list[str]:
        """Its result in plain words with intervals; empty where there is none yet."""


@runtime_checkable
class Measure(Protocol):
    """One measure; its module is listed in `analysis.measures`."""

    @property
    def name(self) -> str:
        """For lists and files."""

    def applies(self, bundle: Bundle) -> bool:
        """Whether the bundle holds what the measure needs."""

    def sections(self, bundle: Bundle) -> list[Section]:
        """Its part of the report, the most important first."""

    def headline(self, bundle: Bundle) -> list[str]:
        """Lines for a terminal; empty if it has none."""
