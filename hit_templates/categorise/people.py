"""What simulated people choose, by a psychometric function where one is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from hit_templates.base import Competence

SHARE_RIGHT: Final[Mapping[str, float]] = {"careful": 0.92, "hasty": 0.75}
# In the lab of Geirhos and others (2019), 1.2 % of 48,560 trials had no response in time.
SHARE_LATE: Final = 0.012


def psychometric(
    level: float, *, threshold: float, slope: float, guess: float, lapse: float = 0.0
) -> float:
    """Share right at a level of the stimulus: a Weibull function above guessing.

    At the threshold it lies halfway from guessing to the top, as thresholds do in
    reports. (Where the source has e it has 2, so that there it lies 63 % of the way.)

    Args:
        level: Of the stimulus, 0 or more, such as its contrast.
        threshold: In the level's unit, above 0.
        slope: How steep it is, above 0.
        guess: Share right of somebody who sees nothing.
        lapse: Share wrong of somebody who sees everything.

    Source: Wichmann and Hill, Perception & Psychophysics 63 (2001), equation 1.

    >>> round(psychometric(0.1, threshold=0.1, slope=2, guess=0.25), 4)
    0.625
    """
    seen: float = 1 - 0.5 ** ((max(0.0, level) / threshold) ** slope)
    return guess + (1 - guess - lapse) * seen


def share_right(truth: Mapping[str, Any], competence: Competence, *, n: int) -> float:
    """How often people who try are right on a trial of n categories.

    `truth["p_right"]` says what careful people reach, or `threshold`, `slope`, `level`
    and perhaps `lapse` do; hasty people lie halfway between that and guessing. Where
    neither is there, usual shares hold.
    """
    careful = truth.get("p_right")
    if careful is None and "threshold" in truth:
        careful = psychometric(
            float(truth["level"]),
            threshold=float(truth["threshold"]),
            slope=float(truth.get("slope", 2.0)),
            guess=1 / n,
            lapse=float(truth.get("lapse", 0.0)),
        )
    if careful is None:
        return SHARE_RIGHT[competence]
    return float(careful) if competence == "careful" else (float(careful) + 1 / n) / 2


def chosen(
    offered: Sequence[str],
    *,
    right: object,
    share: float | None,
    rng: np.random.Generator,
) -> str:
    """The right category as often as said, else another one at random.

    Args:
        offered: The categories.
        right: What would be right; None where nothing is known.
        share: How often they are right; None for people who do not try.
        rng: Decides.
    """
    if right not in offered or share is None:
        return offered[int(rng.integers(len(offered)))]
    if rng.random() < share:
        return str(right)
    wrong = [each for each in offered if each != right]
    return wrong[int(rng.integers(len(wrong)))]
