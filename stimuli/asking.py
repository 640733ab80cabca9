"""How a class is asked about: alone, or hidden among five."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stimuli.findings import N_TOP, Question


@dataclass(frozen=True)
class Asking:
    """The question of a study, and the classes one display of it holds."""

    question: Question

    @property
    def n_classes(self) -> int:
        """Classes on one display."""
        return 1 if self.question == "relevant" else N_TOP

    def key(
        self, target: str, others: Sequence[str], *, is_relevant: bool
    ) -> dict[str, Any]:
        """The right response where only `target` can be relevant.

        Args:
            target: The class the display is about.
            others: The classes shown with it, all absent.
            is_relevant: Whether the target is in the picture.
        """
        word = "yes" if is_relevant else "no"
        if self.question != "each":
            return {"relevant": word}
        return {
            f"relevant_{position}": word if class_id == target else "no"
            for position, class_id in enumerate(sorted([target, *others]))
        }
