"""What recipes ask, each in a word of its own, and how they ask about a class.

Ids of trials are made of these words, so they stay as they are. No way of asking has to
know them: whether it can put a recipe's trials to people follows from what the trials
hold (`stimuli.manifest.Posed`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from stimuli.records.classified_images import N_TOP

# Whether the one class named describes the picture.
ONE_CLASS: Final = "relevant"
# Whether any of several classes does; which of them do.
ANY_CLASS: Final = "any"
EACH_CLASS: Final = "each"
# Which of two or more classes does.
ALTERNATIVES: Final = "alternatives"
# Which of two pictures is the original.
SIDES: Final = "original-of-two"
# To which group of pictures a picture belongs, told apart or not what is unusual.
GROUP: Final = "assignment"
GROUP_TOLD_APART: Final = "assignment-told-apart"
# Which of three pictures belongs least with the others, and the field that says so.
ODD_ONE_OUT: Final = "odd-one-out"
ODD: Final = "odd"
# What is to be seen in the picture.
PICTURE: Final = "attributes"
# To which of the set's categories a picture belongs; also the field of its key.
CATEGORY: Final = "category"
# The field of their keys where a class is, or is not, in the picture.
JUDGED: Final = "relevant"
# Frames of one picture in order, a class named.
FRAMES: Final = "explanation_path"

_N_CLASSES: Final[Mapping[str, int]] = MappingProxyType(
    {ONE_CLASS: 1, ANY_CLASS: N_TOP, EACH_CLASS: N_TOP, ALTERNATIVES: 2}
)
_HOLDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ONE_CLASS: "class",
        ANY_CLASS: "classes",
        EACH_CLASS: "classes",
        ALTERNATIVES: "alternatives",
    }
)


@dataclass(frozen=True, kw_only=True)
class ClassQuestion:
    """The question of a set about classes: of one alone, one hidden among five, or two.

    Attributes:
        question: One of the words above that is about classes.
    """

    question: str

    @property
    def n_classes(self) -> int:
        """Classes on one display."""
        return _N_CLASSES[self.question]

    @property
    def holds(self) -> tuple[str, ...]:
        """What its trials hold, see `stimuli.manifest.Posed`."""
        return (_HOLDS[self.question],)

    @property
    def is_choice(self) -> bool:
        """Whether one of the classes is right: none of them cannot be asked then."""
        return self.question == ALTERNATIVES

    @property
    def is_several(self) -> bool:
        """Whether five classes are put up, so that there are two ways to ask."""
        return self.question in (ANY_CLASS, EACH_CLASS)

    def key(
        self, target: str, others: Sequence[str], *, is_relevant: bool
    ) -> dict[str, Any]:
        """The right response where only `target` can be relevant.

        Args:
            target: The class the display is about.
            others: The classes shown with it, all absent.
            is_relevant: Whether the target is in the picture.
        """
        shown = sorted([target, *others])
        if self.is_choice:
            return {"right": str(shown.index(target) + 1)}
        word = "yes" if is_relevant else "no"
        if self.question != EACH_CLASS:
            return {JUDGED: word}
        return {
            f"{JUDGED}_{position}": word if class_id == target else "no"
            for position, class_id in enumerate(shown)
        }


def choose_question(n_classes: int, ask: str | None) -> ClassQuestion:
    """One class by itself; of five as the recipe file says, all at once if it does not."""
    if n_classes == 1:
        return ClassQuestion(question=ONE_CLASS)
    return ClassQuestion(question=ask or ANY_CLASS)
