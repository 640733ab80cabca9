"""Power and width of intervals by simulating the very design and analysis.

Errors that people re-examine are analysed as the report does it: the headline
interval of the rectified error, for images like these. Two or more conditions are
compared by the clustered difference of the last and the first, its level divided
by the number of comparisons (Bonferroni, a little stricter than Holm).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import Protocol

import numpy as np
import pandas as pd

from analysis.planning.designs import Components, PlannedDesign, simulate_responses
from analysis.planning.power import PlanError
from analysis.statistics.clustered import clustered_difference
from analysis.statistics.k_of_n import Stratum, rejected_share

Progress = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """What one simulated study said."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class SimulatedSize:
    """What studies of one size would say.

    Attributes:
        n_images: Images judged (in every condition).
        n_responses: Main responses, all conditions together.
        n_sessions: Blocks done.
        power: Share of simulated studies that find what they are done for.
        power_se: Its standard error from simulating.
        width: Median width of the interval, as a share (0.04: 4 points).
        n_simulated: Studies simulated (that gave an interval).
    """

    n_images: int
    n_responses: int
    n_sessions: int
    power: float
    power_se: float
    width: float
    n_simulated: int


class Analysis(Protocol):
    """What a study is planned for."""

    @property
    def measure(self) -> str:
        """Its name, in words."""

    @property
    def tested(self) -> float:
        """The value that the interval should leave out."""

    def interval(self, responses: pd.DataFrame, n_images: int) -> Interval:
        """The interval of one simulated study."""

    def is_found(self, interval: Interval) -> bool:
        """Whether the study would say what it was done for."""


@dataclass(frozen=True, kw_only=True)
class RectifiedErrorPlan:
    """The headline interval of the rectified error.

    Attributes:
        design: The study's; one condition.
        error: Share of all images that the classifier gets wrong.
        n_wrong: How many those are, if the data set is fixed: fewer judged are
            a sample of them, more than there are cannot be judged. None: as
            many as are judged, of a data set that grows with them.
        below: The value the interval should lie below; `error` where None.
    """

    design: PlannedDesign
    error: float
    n_wrong: int | None = None
    below: float | None = None

    @property
    def measure(self) -> str:
        """In words."""
        return "rectified error"

    @property
    def tested(self) -> float:
        """The rectified error to be ruled out."""
        return self.error if self.below is None else self.below

    def interval(self, responses: pd.DataFrame, n_images: int) -> Interval:
        """As `analysis.statistics.k_of_n.rejected_share` gives it."""
        votes = responses.rename(columns={"image": "trial", "yes": "accepts"})
        judged = pd.DataFrame({"image": range(n_images), "trial": range(n_images)})
        n_wrong = max(n_images, self.n_wrong or 0)
        found = rejected_share(
            [
                Stratum(n_images=n_wrong, judged=judged),
                Stratum(n_images=round(n_wrong * (1 / self.error - 1)), judged=None),
            ],
            votes,
            k=self.design.agreement,
        )
        return Interval(low=found.low, high=found.high)

    def is_found(self, interval: Interval) -> bool:
        """Whether the interval lies below the error to be ruled out."""
        return interval.high < self.tested


@dataclass(frozen=True, kw_only=True)
class ConditionsPlan:
    """The clustered difference of the last condition and the first.

    Attributes:
        design: The study's; two conditions or more.
        level: Error level of all comparisons together.
    """

    design: PlannedDesign
    level: float = 0.05

    @property
    def measure(self) -> str:
        """In words."""
        return "difference of conditions"

    @property
    def tested(self) -> float:
        """No difference."""
        return 0.0

    def interval(self, responses: pd.DataFrame, _n_images: int) -> Interval:
        """As `analysis.statistics.clustered.clustered_difference` gives it."""
        last = len(self.design.conditions) - 1
        found = clustered_difference(
            responses,
            value="yes",
            condition="condition",
            a=last,  # type: ignore[arg-type] # numbers name conditions here
            b=0,  # type: ignore[arg-type]
            participant="participant",
            stimulus="image",
            level=1 - self.level / last,
        )
        return Interval(low=found.low, high=found.high)

    def is_found(self, interval: Interval) -> bool:
        """Whether the interval leaves out no difference."""
        return not interval.low <= self.tested <= interval.high


def simulate_size(
    analysis: RectifiedErrorPlan | ConditionsPlan,
    components: Components,
    *,
    n_images: int,
    n_studies: int,
    rng: np.random.Generator,
    on_study: Progress = lambda: None,
) -> SimulatedSize:
    """Simulate studies of one size, and analyse each as the real one will be.

    Args:
        analysis: What is analysed.
        components: How people and images differ.
        n_images: Images judged, in every condition.
        n_studies: How many studies to simulate.
        rng: Of everything random.
        on_study: Called after each.

    Raises:
        PlanError: If there is nothing to simulate.
    """
    if n_images < 2 or n_studies < 1:
        raise PlanError(
            f"expected at least 2 images and 1 simulated study, got {n_images} and "
            f"{n_studies}"
        )
    design = analysis.design
    found = []
    for _ in range(n_studies):
        responses = simulate_responses(design, components, n_images=n_images, rng=rng)
        found.append(analysis.interval(responses, n_images))
        on_study()
    known = [each for each in found if not np.isnan(each.low)]
    hits = [analysis.is_found(each) for each in known]
    widths = [each.high - each.low for each in known]
    return SimulatedSize(
        n_images=n_images,
        n_responses=n_images * design.responses_per_trial * len(design.conditions),
        n_sessions=design.n_sessions(n_images),
        power=float(np.mean(hits)) if hits else nan,
        power_se=_standard_error(sum(hits), len(hits)),
        width=float(np.median(widths)) if widths else nan,
        n_simulated=len(known),
    )


def _standard_error(n_hits: int, n: int) -> float:
    """Of a share of simulated studies; all of few are not all there could be.

    Half a hit is added where all or none are.
    """
    if n == 0:
        return nan
    share = n_hits / n if 0 < n_hits < n else (n_hits + 0.5) / (n + 1)
    return sqrt(share * (1 - share) / n)


def simulate_sizes(
    analysis: RectifiedErrorPlan | ConditionsPlan,
    components: Components,
    *,
    sizes: Sequence[int],
    n_studies: int,
    seed: int,
    on_study: Progress = lambda: None,
) -> list[SimulatedSize]:
    """Every size, smallest first; each has random numbers of its own.

    The same seed gives the same numbers, whichever other sizes are asked for.
    """
    return [
        simulate_size(
            analysis,
            components,
            n_images=size,
            n_studies=n_studies,
            rng=np.random.default_rng([seed, size]),
            on_study=on_study,
        )
        for size in sorted(set(sizes))
    ]


def smallest_enough(
    found: Iterable[SimulatedSize],
    *,
    power: float | None = None,
    width: float | None = None,
) -> SimulatedSize | None:
    """The smallest size that reaches the power and the width asked for.

    A size counts only if every larger one simulated reaches them as well: luck in
    simulating one small size is not a plan.
    """
    smallest = None
    for size in sorted(found, key=lambda each: each.n_images, reverse=True):
        is_enough = (power is None or size.power >= power) and (
            width is None or size.width <= width
        )
        if not is_enough:
            break
        smallest = size
    return smallest
