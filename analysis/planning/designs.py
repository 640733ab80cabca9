"""Simulated responses of a study that is only planned: its design, people, images.

P(yes) = logistic(condition + person + image + what the condition does to the person),
people, images and what conditions do to people normal around zero. The design is the study's own: blocks of so many trials, each trial put to n
people, the same blocks for all or composed afresh, conditions between or within
people.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit

from analysis.planning.power import PlanError

_NODES: Final = 61
# Effects of conditions are taken to differ between people by this part of how people
# differ, unless it is said or estimated from a pilot.
EFFECT_PART: Final = 0.5
# Beyond this a share is 0 or 1 for everybody.
_FAR: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class PlannedDesign:
    """Who judges how much.

    Attributes:
        responses_per_trial: n, people per trial.
        agreement: k, yes votes that accept.
        main_per_block: Main trials one person gets in one go.
        max_blocks: Blocks one person may do (and is taken to do).
        composition: "fresh" (every block composed anew) or "shared".
        conditions: Levels of what the study varies; one where nothing is.
        assignment: "between" people or "within".
    """

    responses_per_trial: int
    agreement: int
    main_per_block: int
    max_blocks: int = 1
    composition: Literal["fresh", "shared"] = "fresh"
    conditions: tuple[str, ...] = ("all",)
    assignment: Literal["between", "within"] = "between"

    def n_sessions(self, n_images: int) -> int:
        """Blocks that have to be done for so many images in every condition."""
        blocks = ceil(n_images / self.main_per_block)
        return len(self.conditions) * self.responses_per_trial * blocks


@dataclass(frozen=True, kw_only=True)
class Components:
    """How people and images are taken to differ, on the scale of log odds.

    Attributes:
        share: P(yes) over all people and images, in the first condition.
        difference: Added to `share` in the last condition; those between lie
            between, evenly.
        sd_participant: Standard deviation of people.
        sd_stimulus: Standard deviation of images.
        sd_effect: Standard deviation, between people, of the difference that two
            conditions make to one person. Counts where conditions are within people.
    """

    share: float
    difference: float = 0.0
    sd_participant: float
    sd_stimulus: float
    sd_effect: float = 0.0

    def __post_init__(self) -> None:
        """Refuse shares outside 0 to 1 and negative spreads."""
        for share in (self.share, self.share + self.difference):
            if not 0 < share < 1:
                raise PlanError(
                    f"share: expected between 0 and 1 in every condition, got "
                    f"{share:.4g}; 55 % is 0.55"
                )
        if min(self.sd_participant, self.sd_stimulus, self.sd_effect) < 0:
            raise PlanError("standard deviations must not be negative")

    @property
    def sd_in_condition(self) -> float:
        """Of what a condition does to a person: two differ by `sd_effect`."""
        return self.sd_effect / sqrt(2)

    def intercepts(
        self, n_conditions: int, *, is_within: bool = False
    ) -> npt.NDArray[np.float64]:
        """Log odds of a typical person and image, one per condition."""
        steps = np.linspace(0, self.difference, n_conditions)
        spread = float(np.hypot(self.sd_participant, self.sd_stimulus))
        if is_within:
            spread = float(np.hypot(spread, self.sd_in_condition))
        return np.array([intercept(self.share + step, spread=spread) for step in steps])


def simulate_responses(
    design: PlannedDesign,
    components: Components,
    *,
    n_images: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """One simulated study with so many images, each in every condition.

    Returns:
        Columns participant, image, condition (numbers from 0), yes (bool); each
        image and condition has `responses_per_trial` rows of different people.

    >>> design = PlannedDesign(responses_per_trial=5, agreement=4, main_per_block=20)
    >>> people = Components(share=0.55, sd_participant=0.5, sd_stimulus=1.0)
    >>> rng = np.random.default_rng(1)
    >>> found = simulate_responses(design, people, n_images=40, rng=rng)
    >>> len(found), found["participant"].nunique()
    (200, 10)
    """
    is_within = design.assignment == "within" and len(design.conditions) > 1
    plan = (_within if is_within else _between)(design, n_images, rng)
    person, condition = plan["participant"].to_numpy(), plan["condition"].to_numpy()
    people = rng.normal(0, components.sd_participant, int(person.max()) + 1)
    images = rng.normal(0, components.sd_stimulus, n_images)
    centre = components.intercepts(len(design.conditions), is_within=is_within)
    log_odds = centre[condition] + people[person] + images[plan["image"].to_numpy()]
    if is_within and components.sd_effect > 0:
        by_person = rng.normal(
            0, components.sd_in_condition, (len(people), len(design.conditions))
        )
        log_odds += by_person[person, condition]
    return plan.assign(yes=rng.random(len(plan)) < expit(log_odds))


def _between(
    design: PlannedDesign, n_images: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Every condition a study of its own people."""
    parts, n_people = [], 0
    for condition in range(len(design.conditions)):
        fixed = rng.permutation(n_images)
        for _ in range(design.responses_per_trial):
            order = (
                fixed if design.composition == "shared" else rng.permutation(n_images)
            )
            person = n_people + _owner(n_images, design)
            n_people = int(person[-1]) + 1
            parts.append(_Part(order, person, np.full(n_images, condition)))
    return _joined(parts)


def _within(
    design: PlannedDesign, n_images: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Latin square: each person meets every condition, each image in one."""
    parts, n_people = [], 0
    m = len(design.conditions)
    fixed = rng.permutation(n_images)
    for _ in range(design.responses_per_trial):
        for shift in range(m):
            order = (
                fixed if design.composition == "shared" else rng.permutation(n_images)
            )
            person = n_people + _owner(n_images, design)
            n_people = int(person[-1]) + 1
            parts.append(_Part(order, person, (order + shift) % m))
    return _joined(parts)


@dataclass(frozen=True)
class _Part:
    image: npt.NDArray[np.int_]
    participant: npt.NDArray[np.int_]
    condition: npt.NDArray[np.int_]


def _joined(parts: list[_Part]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "participant": np.concatenate([part.participant for part in parts]),
            "image": np.concatenate([part.image for part in parts]),
            "condition": np.concatenate([part.condition for part in parts]),
        }
    )


def _owner(n_images: int, design: PlannedDesign) -> npt.NDArray[np.int_]:
    """Whose each trial is, in the order dealt: blocks, then people of several."""
    block = np.arange(n_images) // design.main_per_block
    return np.asarray(block // design.max_blocks)


def intercept(share: float, *, spread: float) -> float:
    """The log odds whose average over normal effects is `share`.

    Args:
        share: Above 0 and below 1.
        spread: Standard deviation of the effects.
    """
    if spread == 0:
        return float(logit(share))
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()

    def away(centre: float) -> float:
        return float(weights @ expit(centre + spread * nodes)) - share

    return float(brentq(away, -_FAR, _FAR))
