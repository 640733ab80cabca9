"""Assignment trials: six classes by six images, and a target to assign to one.

An *item* is a class set and a target. It is built under every condition with
the same classes at the same places and the same target, so that conditions
differ in the images of the groups and in nothing else.

Slots are `group_<k>_<i>` (group k of 1..6, image i of 1..6) and `target`. Inside
a group images are shuffled, so that their place tells no rank. Where prototypes
and criticisms are told apart, a trial of a condition with criticisms asks
`stimuli.recipes.questions.GROUP_TOLD_APART`: its prototypes come first, its criticisms after them, each
shuffled. The key is `{"group": "<k>"}`.
"""

from stimuli.recipes.assignment.casting import Fallback, cast_classes
from stimuli.recipes.assignment.catches_and_practice import (
    CATCH,
    TrialFrame,
    build_catches,
    build_practice,
)
from stimuli.recipes.assignment.framing import KeyedRng, build_trials
from stimuli.recipes.assignment.items import (
    ClassSets,
    draw_items,
    measure_confusability,
)
from stimuli.recipes.assignment.records import (
    CONDITIONS,
    AssignmentItem,
    Cast,
    ClassSupply,
    Condition,
    ImageGroup,
    TrialImage,
)

__all__ = [
    "CATCH",
    "CONDITIONS",
    "AssignmentItem",
    "Cast",
    "ClassSets",
    "ClassSupply",
    "Condition",
    "Fallback",
    "ImageGroup",
    "KeyedRng",
    "TrialFrame",
    "TrialImage",
    "build_catches",
    "build_practice",
    "build_trials",
    "cast_classes",
    "draw_items",
    "measure_confusability",
]
