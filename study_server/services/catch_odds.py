"""With what probability people of three kinds pass the catch rule."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hit_templates.base import Paradigm
from stimuli.manifest import Trial

BEHAVIOURS: Final = ("random", "yes-saying", "careful")

# A rule that more than every tenth careful person fails is too strict.
MIN_CAREFUL: Final = 0.9

# A share such as 0.8 is stored in binary; 4 of 5 must still satisfy it.
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class CatchOdds:
    """What the catch rule lets through.

    Attributes:
        n_catch: Catch trials in a block.
        n_needed: How many of them must be right.
        pass_rates: Probability in [0, 1] to pass, by behaviour: "random",
            "yes-saying" and "careful".
    """

    n_catch: int
    n_needed: int
    pass_rates: Mapping[str, float]

    def warning(self) -> str:
        """Why the rule would cost careful people, or nothing."""
        careful = self.pass_rates["careful"]
        if careful >= MIN_CAREFUL:
            return ""
        return (
            f"the catch rule ({self.n_needed} of {self.n_catch} right) is failed by "
            f"{1 - careful:.0%} of careful people, who slip in one of twenty "
            "judgements; lower [quality] min_catch_accuracy, or put more catch "
            "trials into a block"
        )

    def sentence(self) -> str:
        """What `study create` prints."""
        if not self.n_catch:
            return (
                "No catch trials: nobody fails the catch rule. Ask the recipe for "
                "[controls] known_yes and known_no."
            )
        rates = self.pass_rates
        return (
            f"The catch rule ({self.n_needed} of {self.n_catch} right) is passed by "
            f"{rates['random']:.1%} of people who choose at random, "
            f"{rates['yes-saying']:.1%} of those who always say yes and "
            f"{rates['careful']:.1%} of those who are right 95 % of the time."
        )


def n_needed(min_catch_accuracy: float, n_catch: int) -> int:
    """The least number right of `n_catch` whose share is at least the minimum."""
    return max(0, math.ceil(min_catch_accuracy * n_catch - _ROUNDING))


def catch_blocks(
    trials: Iterable[Trial], *, per_block: Mapping[str, int]
) -> int | None:
    """How many blocks one person can do before a catch would come again.

    None where blocks have no catches, so that there is nothing to repeat.
    """
    n_there = Counter(trial.control for trial in trials if trial.role == "catch")
    return min(
        (n_there[name] // n for name, n in per_block.items() if n and n_there[name]),
        default=None,
    )


def catch_odds(
    paradigm: Paradigm,
    trials: Iterable[Trial],
    *,
    per_block: Mapping[str, int],
    min_catch_accuracy: float,
) -> CatchOdds:
    """Exact pass rates over the draw of catch trials and the chance to be right.

    Args:
        paradigm: States the chance of each behaviour to be right on a trial.
        trials: The catch trials of the set; others are passed over.
        per_block: How many of each control a block draws, without replacement.
        min_catch_accuracy: Share to get right, in [0, 1].
    """
    pools: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.role == "catch":
            pools[trial.control].append(trial)
    drawn = {
        control: min(per_block.get(control, 0), len(pool))
        for control, pool in pools.items()
    }
    n_catch = sum(drawn.values())
    needed = n_needed(min_catch_accuracy, n_catch)
    pass_rates = {}
    for behaviour in BEHAVIOURS:
        n_right = np.ones(1)
        for control, pool in pools.items():
            rates = [paradigm.guess_rate(trial, behaviour) for trial in pool]
            n_right = np.convolve(n_right, _n_right(rates, n_drawn=drawn[control]))
        pass_rates[behaviour] = float(min(1.0, n_right[needed:].sum()))
    return CatchOdds(n_catch=n_catch, n_needed=needed, pass_rates=pass_rates)


def _n_right(rates: list[float], *, n_drawn: int) -> NDArray[np.float64]:
    """Distribution of the number right among `n_drawn` of the pool.

    Walks the pool once and takes each trial with the chance that makes every
    subset of that size equally likely, so the hypergeometric draw and the
    Poisson-binomial number right come out together, exactly.

    Returns:
        Shape `(n_drawn + 1,)`, probabilities of 0 to `n_drawn` right.
    """
    chance = np.zeros((n_drawn + 1, n_drawn + 1))  # by number taken, number right
    chance[0, 0] = 1.0
    taken = np.arange(n_drawn + 1)
    for seen, rate in enumerate(rates):
        take = ((n_drawn - taken) / (len(rates) - seen))[:, None] * chance
        chance = chance - take
        chance[1:, 1:] += rate * take[:-1, :-1]
        chance[1:, :] += (1 - rate) * take[:-1, :]
    last: NDArray[np.float64] = chance[n_drawn]
    return last
