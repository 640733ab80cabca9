"""What simulated people choose: by what each picture is worth, or which are alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Hasty people go by half of what they see.
HASTE: Final = 0.5
_FIRST_TWO: Final = 2


def worths(truth: Mapping[str, Any], classes: Sequence[str]) -> Floats | None:
    """What each option is worth, in log odds of being chosen; None where not known.

    >>> worths({"worth": {"a": 1.0, "b": 0.0}}, ["a", "b"]).tolist()
    [1.0, 0.0]
    """
    said = truth.get("worth")
    if not isinstance(said, Mapping) or not set(classes) <= set(said):
        return None
    return np.array([float(said[name]) for name in classes])


def oddness(truth: Mapping[str, Any]) -> Floats | None:
    """How likely each of three is the odd one, in log odds; None where not known.

    `truth["alike"]` says how alike the first and the second option are, the first and
    the third, the second and the third: the pair that is most alike leaves the odd one.

    >>> oddness({"alike": [3.0, 0.0, 1.0]}).tolist()    # first and second: third is odd
    [1.0, 0.0, 3.0]
    """
    said = truth.get("alike")
    if not isinstance(said, Sequence) or len(said) != len(list(combinations("abc", 2))):
        return None
    return np.array([float(each) for each in reversed(said)])


def chosen(worth: Floats, *, pace: float, rng: np.random.Generator) -> int:
    """Index of the option taken: each as often as its worth says (Luce's rule)."""
    odds = np.exp(pace * (worth - worth.max()))
    return int(rng.choice(len(worth), p=odds / odds.sum()))


def sees_no_difference(
    worth: Floats, *, tie: float, pace: float, rng: np.random.Generator
) -> bool:
    """Whether the two best are too close to tell apart, by Davidson's model.

    Args:
        worth: In log odds.
        tie: Davidson's parameter: the odds of "no difference" against either of two
            that are worth the same.
        pace: What share of the worth is seen.
        rng: Decides.

    Source: Davidson, Journal of the American Statistical Association 65 (1970).
    """
    best, second = np.sort(pace * worth)[::-1][:_FIRST_TWO]
    either = 2 * np.cosh((best - second) / 2)
    return bool(rng.random() < tie / (tie + either))
