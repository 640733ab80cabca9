"""With what probability people of three kinds pass the rules on catch trials."""

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
from study_server.services.study_files.sections import QualitySection

BEHAVIOURS: Final = ("random", "yes-saying", "careful")

# A rule that more than every tenth careful person fails is too strict.
MIN_CAREFUL: Final = 0.9

# A share such as 0.8 is stored in binary; 4 of 5 must still satisfy it.
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class CatchRule:
    """How many of one control's catches must be right.

    Attributes:
        words: What is known of them: "yes" or "no".
        key: The key of `[quality]` that says so.
        n_catch: Catches of this control in a block.
        n_needed: How many of them must be right.
    """

    words: str
    key: str
    n_catch: int
    n_needed: int


@dataclass(frozen=True, kw_only=True)
class CatchOdds:
    """What the catch rules let through.

    Attributes:
        n_catch: Catch trials in a block.
        n_needed: How many of them must be right.
        apart: The rules for one control each, beside that for all.
        one_sided: What yes-saying people do in this paradigm.
        pass_rates: Probability in [0, 1] to pass, by behaviour: "random",
            "yes-saying" and "careful".
    """

    n_catch: int
    n_needed: int
    pass_rates: Mapping[str, float]
    apart: tuple[CatchRule, ...] = ()
    one_sided: str = "always say yes"

    def warning(self) -> str:
        """Why the rules would cost careful people, or nothing."""
        careful = self.pass_rates["careful"]
        if careful >= MIN_CAREFUL:
            return ""
        keys = ["min_catch_accuracy", *(rule.key for rule in self.apart)]
        return (
            f"the catch rule ({self._asked()}) is failed by {1 - careful:.0%} of "
            "careful people, who slip in one of twenty judgements; lower [quality] "
            f"{' or '.join(keys)}, or put more catch trials into a block"
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
            f"The catch rule ({self._asked()}) is passed by "
            f"{rates['random']:.1%} of people who choose at random, "
            f"{rates['yes-saying']:.1%} of those who {self.one_sided} and "
            f"{rates['careful']:.1%} of those who are right 95 % of the time."
        )

    def _asked(self) -> str:
        apart = (
            f", {rule.n_needed} of the {rule.n_catch} known {rule.words}"
            for rule in self.apart
        )
        return f"{self.n_needed} of {self.n_catch} right" + "".join(apart)


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
    quality: QualitySection,
) -> CatchOdds:
    """Exact pass rates over the draw of catch trials and the chance to be right.

    Args:
        paradigm: States the chance of each behaviour to be right on a trial.
        trials: The catch trials of the set; others are passed over.
        per_block: How many of each control a block draws, without replacement.
        quality: The rules on catches, all together and by control.
    """
    pools: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.role == "catch":
            pools[trial.control].append(trial)
    drawn = {
        control: min(per_block.get(control, 0), len(pool))
        for control, pool in pools.items()
    }
    apart = _rules_apart(quality, drawn)
    needed = n_needed(quality.min_catch_accuracy, sum(drawn.values()))
    at_least = {control: rule.n_needed for control, rule in apart.items()}
    pass_rates = {}
    for behaviour in BEHAVIOURS:
        n_right = np.ones(1)
        for control, pool in pools.items():
            rates = [paradigm.guess_rate(trial, behaviour) for trial in pool]
            passing = _n_right(rates, n_drawn=drawn[control])
            # Who gets too few of one control right fails, whatever the others.
            passing[: at_least.get(control, 0)] = 0
            n_right = np.convolve(n_right, passing)
        pass_rates[behaviour] = float(min(1.0, n_right[needed:].sum()))
    return CatchOdds(
        n_catch=sum(drawn.values()),
        n_needed=needed,
        pass_rates=pass_rates,
        apart=tuple(apart.values()),
        one_sided=paradigm.one_sided,
    )


def _rules_apart(
    quality: QualitySection, drawn: Mapping[str, int]
) -> dict[str, CatchRule]:
    """The rules that ask something of the catches of one control."""
    shares = {
        "yes": quality.min_catch_yes_accuracy,
        "no": quality.min_catch_no_accuracy,
    }
    return {
        f"known_{words}": CatchRule(
            words=words,
            key=f"min_catch_{words}_accuracy",
            n_catch=drawn[f"known_{words}"],
            n_needed=n_needed(share, drawn[f"known_{words}"]),
        )
        for words, share in shares.items()
        if share is not None and drawn.get(f"known_{words}")
    }


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
