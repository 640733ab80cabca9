"""Which groups do people find a target's class by? Success per condition.

Six classes are shown by six images each and a target is assigned to one of them;
conditions differ in how the images were chosen. An *item* is a set of classes
with a target; every condition shows the same items.

Source:
    Stock & Cisse (2018), "ConvNets and ImageNet Beyond Accuracy", section 3.3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Final

import pandas as pd

from analysis.bundles.clusters import clusters_in, with_clusters
from analysis.bundles.reading import Bundle
from analysis.planning.power import detectable_difference, responses_needed
from analysis.statistics.clustered import clustered_mean
from analysis.statistics.contrasts import Contrast, contrast
from analysis.statistics.intervals import Estimate
from analysis.statistics.multiplicity import holm
from hit_templates.questions import Question

SELECTIONS: Final[Mapping[str, str]] = {
    "mmd_critic": "MMD-critic",
    "adversarial": "adversarial",
    "probability": "probability",
    "random": "random",
}
SIZES: Final = ("6", "3+3")
CONDITIONS: Final = (
    *(f"{s}-{size}" for s in ("mmd_critic", "adversarial", "probability") for size in SIZES),
    "random-6",
)  # fmt: skip
SIZE_NAMES: Final[Mapping[str, str]] = {
    "6": "6 prototypes",
    "3+3": "3 prototypes + 3 criticisms",
}
# The published difference between the two adversarial conditions, in shares.
PAPER_DIFFERENCE: Final = 0.0204


@dataclass(frozen=True, kw_only=True)
class ConditionRate:
    """How often people are right under one condition.

    Attributes:
        condition: Its name in the set.
        success: Share of responses that are right; people and items as clusters.
        n_items: Items responded to.
        chance: What guessing gives; NaN where the trials do not say.
    """

    condition: str
    success: Estimate
    n_items: int
    chance: float

    @property
    def name(self) -> str:
        """In words: "adversarial, 6 prototypes"."""
        return condition_name(self.condition)


@dataclass(frozen=True, kw_only=True)
class PlannedContrast:
    """One planned comparison.

    Attributes:
        name: What is compared.
        weights: Condition to its weight; weights of either side sum to 1.
        difference: Of the shares of right responses.
        p_holm: Corrected over all planned contrasts.
    """

    name: str
    weights: Mapping[str, float]
    difference: Contrast
    p_holm: float


@dataclass(frozen=True, kw_only=True)
class DetectableDifference:
    """What so many responses could have shown.

    Attributes:
        n: Counted responses of the smallest condition.
        share: Share of right responses over all conditions.
        independent: Difference found with 80 % power, were responses independent.
        design_effect: Largest variance of a rate over that of as many
            independent responses.
        clustered: The same difference with n / design effect responses.
        n_for_paper: Independent responses per condition that the published
            2.04 points would have needed.
    """

    n: int
    share: float
    independent: float
    design_effect: float
    clustered: float
    n_for_paper: int


def condition_name(condition: str) -> str:
    """A condition in words; unknown ones stay as they are.

    >>> condition_name("adversarial-3+3")
    'adversarial, 3 prototypes + 3 criticisms'
    """
    selection, _, size = condition.rpartition("-")
    if selection not in SELECTIONS or size not in SIZE_NAMES:
        return condition or "all"
    if selection == "random":
        return "random, 6 images"
    return f"{SELECTIONS[selection]}, {SIZE_NAMES[size]}"


def is_assignment(bundle: Bundle) -> bool:
    """Whether targets were assigned to groups."""
    is_main = bundle.trials["role"] == "main"
    return bool((is_main & _asks_for_a_group(bundle)).any())


def _asks_for_a_group(bundle: Bundle) -> pd.Series:
    """Whether a trial shows groups and people say which one is right, by trial.

    Alternatives that are only named are chosen in the same way, but show no groups.
    """
    shows_groups = bundle.trials["slots"].fillna("").str.contains('"group_')
    return shows_groups & bundle.asks(_chooses)


def _chooses(question: Question) -> bool:
    return question.is_graded and any(each.numbers_classes for each in question.fields)


def assignment_responses(bundle: Bundle, *, only_counted: bool = True) -> pd.DataFrame:
    """Responses to assignment trials that a key grades.

    Returns:
        Columns response, trial, condition, item, participant, session, is_right
        (bool), and is_valid, exclusion_reason, wall_ms, visible_ms, all_shown_ms.
    """
    trials = bundle.trials[
        (bundle.trials["role"] == "main") & _asks_for_a_group(bundle)
    ].set_index("trial")
    found = bundle.single_responses
    found = found[found["trial"].isin(trials.index) & found["is_right"].notna()]
    if only_counted:
        found = found[found["is_counted"]]
    items = _items(trials)
    kept = ["response", "trial", "participant", "session", "is_valid"]
    kept += ["exclusion_reason", "wall_ms", "visible_ms", "all_shown_ms"]
    there = [column for column in kept if column in found]
    return (
        with_clusters(found[there], bundle)
        .assign(
            condition=found["trial"].map(trials["condition"]),
            item=found["trial"].map(items),
            is_right=found["is_right"].astype(bool),
        )
        .reset_index(drop=True)
    )


def _items(trials: pd.DataFrame) -> pd.Series:
    """The same classes and the same target are the same item in every condition."""
    target = trials["slots"].map(_target)
    return trials["classes"] + "/" + target


def _target(slots: str) -> str:
    return str(json.loads(slots or "{}").get("target", ""))


def conditions_of(bundle: Bundle) -> tuple[str, ...]:
    """The conditions of the set, the paper's in the paper's order."""
    trials = bundle.trials
    is_mine = (trials["role"] == "main") & _asks_for_a_group(bundle)
    there = set(trials.loc[is_mine, "condition"])
    return (*(c for c in CONDITIONS if c in there), *sorted(there - set(CONDITIONS)))


def condition_rates(bundle: Bundle, responses: pd.DataFrame) -> list[ConditionRate]:
    """The success rate of every condition of the set, NaN where nobody responded."""
    trials = bundle.trials[_asks_for_a_group(bundle)]
    n_classes = trials["classes"].str.split("|").map(len)
    rates = []
    for condition in conditions_of(bundle):
        mine = responses[responses["condition"] == condition]
        sizes = n_classes[trials["condition"] == condition]
        rates.append(
            ConditionRate(
                condition=condition,
                success=success(mine),
                n_items=mine["item"].nunique(),
                chance=float((1 / sizes).mean()) if len(sizes) else nan,
            )
        )
    return rates


def success(responses: pd.DataFrame) -> Estimate:
    """Share of right responses, clustered by participant and item."""
    return clustered_mean(
        responses,
        value="is_right",
        stimulus="item",
        clusters=clusters_in(responses),
    )


def planned_weights(conditions: Sequence[str]) -> dict[str, dict[str, float]]:
    """The planned contrasts that these conditions allow.

    Selections are compared over the sizes that both have; random images, which
    have one size, with the mean of the adversarial conditions.

    >>> planned_weights(["adversarial-6", "random-6"])
    {'adversarial − random': {'adversarial-6': 1.0, 'random-6': -1.0}}
    """
    found: dict[str, dict[str, float]] = {}
    for other in ("mmd_critic", "probability"):
        common = [
            size
            for size in SIZES
            if {f"adversarial-{size}", f"{other}-{size}"} <= set(conditions)
        ]
        found[f"adversarial − {SELECTIONS[other]}"] = _balanced(
            [f"adversarial-{size}" for size in common],
            [f"{other}-{size}" for size in common],
        )
    adversarial = [c for c in conditions if c in ("adversarial-6", "adversarial-3+3")]
    chance = [c for c in conditions if c == "random-6"]
    found["adversarial − random"] = _balanced(adversarial, chance)
    both = [
        name
        for name in ("mmd_critic", "adversarial", "probability")
        if {f"{name}-6", f"{name}-3+3"} <= set(conditions)
    ]
    found["6 prototypes − 3 + 3"] = _balanced(
        [f"{name}-6" for name in both], [f"{name}-3+3" for name in both]
    )
    return {name: weights for name, weights in found.items() if weights}


def _balanced(plus: Sequence[str], minus: Sequence[str]) -> dict[str, float]:
    if not plus or not minus:
        return {}
    return {
        **{name: 1 / len(plus) for name in plus},
        **{name: -1 / len(minus) for name in minus},
    }


def planned_contrasts(
    responses: pd.DataFrame, conditions: Sequence[str]
) -> list[PlannedContrast]:
    """Differences of success rates with Holm's correction over all of them."""
    weights = planned_weights(conditions)
    found = {
        name: contrast(
            responses,
            each,
            value="is_right",
            group="condition",
            stimulus="item",
            clusters=clusters_in(responses),
        )
        for name, each in weights.items()
    }
    raw = pd.Series({name: each.p_value for name, each in found.items()}, dtype=float)
    corrected = holm(raw)
    return [
        PlannedContrast(
            name=name,
            weights=weights[name],
            difference=each,
            p_holm=float(corrected[name]),
        )
        for name, each in found.items()
    ]


def detectable(rates: Sequence[ConditionRate]) -> DetectableDifference | None:
    """What these responses could have shown; None with fewer than two conditions."""
    found = [rate.success for rate in rates if rate.success.n]
    if len(found) < 2:
        return None
    n = min(each.n for each in found)
    share = sum(each.value * each.n for each in found) / sum(e.n for e in found)
    if not 0 < share < 1:
        return None
    effects = [e.design_effect for e in found if not isnan(e.design_effect)]
    effect = max([1.0, *effects])
    effective = max(int(n / effect), 1)
    return DetectableDifference(
        n=n,
        share=share,
        independent=detectable_difference(n, n, share=share),
        design_effect=effect,
        clustered=detectable_difference(effective, effective, share=share),
        n_for_paper=responses_needed(PAPER_DIFFERENCE, share=share),
    )
