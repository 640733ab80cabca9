"""Less contrast: every value moves towards mid-grey.

Source: Geirhos et al., "Generalisation in humans and deep neural networks", 2018.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LessContrast:
    """(1 - c) / 2 + c x, of a contrast c in (0, 1] and values x in [0, 1]."""

    name: str = "contrast"
    scale: Literal["linear", "log"] = "log"
    unit: str = ""
    usual_levels: tuple[float, ...] = (1.0, 0.3, 0.05)

    def level_problem(self, level: float) -> str:
        """Why there is no such contrast."""
        if 0 < level <= 1:
            return ""
        return f"a contrast is above 0 and at most 1, got {level:g}"

    def level_name(self, level: float) -> str:
        """Its per cent: "c100", "c30", "c05"."""
        percent = round(100 * level, 6)
        return f"c{percent:02.0f}" if percent == int(percent) else f"c{percent:g}"

    def __call__(
        self, picture: NDArray[np.float64], level: float, *, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """The picture at that contrast; nothing is drawn."""
        return (1 - level) / 2 + level * picture
