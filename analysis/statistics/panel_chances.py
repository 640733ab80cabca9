"""What another panel of n people would say of images that one panel judged.

One panel's yes votes do not tell an image's chance of being rejected, but those of
many images tell how chances are spread, as far as n votes reach.

Source:
    Lindsay (1983), "The geometry of mixture likelihoods"; Laird (1978),
    "Nonparametric maximum likelihood estimation of a mixing distribution".
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]

# Chances of yes that images may have, and steps towards the best spread of them:
# few enough that it stays smooth.
_GRID: Final = 41
_STEPS: Final = 60
# Imagined images of any chance: what was not seen among few may be.
_UNSEEN: Final = 1.0


def share_by_chance(n_yes: npt.NDArray[np.int_], *, n: int, k: int) -> float:
    """How much of "rejected by this panel" is this panel's chance.

    Args:
        n_yes: Yes votes per image, shape (images,), each of n.
        n: Votes per image.
        k: Yes votes an image needs.

    Returns:
        The mean over images of r (1 - r), where r is the chance that n people drawn
        anew reject the image; 0 where all panels of an image agree.

    >>> unanimous, torn = np.repeat([0, 5], 500), np.repeat([3, 4], 500)
    >>> share_by_chance(unanimous, n=5, k=4) < 0.01
    True
    >>> share_by_chance(torn, n=5, k=4) > 0.2
    True
    """
    seen = np.bincount(n_yes, minlength=n + 1).astype(float)
    chance, rejects = _grid(n, k)
    weights = np.full(_GRID, 1 / _GRID)
    for _ in range(_STEPS):
        expected = chance @ weights
        ratio = np.divide(seen, expected, where=seen > 0, out=np.zeros(n + 1))
        weights = (weights * (ratio @ chance) + _UNSEEN / _GRID) / (
            len(n_yes) + _UNSEEN
        )
    return float(weights @ (rejects * (1 - rejects)))


@cache
def _grid(n: int, k: int) -> tuple[Floats, Floats]:
    """Chance of each number of yes, shape (n + 1, grid), and of a rejection."""
    yes = np.linspace(0.0, 1.0, _GRID)
    chance = stats.binom.pmf(np.arange(n + 1)[:, None], n, yes)
    return chance, chance[:k].sum(axis=0)
