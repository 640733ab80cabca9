"""Every kind of stimulus set; a new one is a module and a line here.

Other packages join by an entry point of the group "secondlook.recipes", which names a
`RecipeKind`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from stimuli.plugins import Registry
from stimuli.recipe_file import RecipeFile, RecipeSection, read_recipe
from stimuli.recipes.adversarial import AdversarialRecipe
from stimuli.recipes.alternatives import Alternatives, AlternativesSection
from stimuli.recipes.base import Recipe
from stimuli.recipes.batches.adversarial_options import AdversarialRecipeSection
from stimuli.recipes.categorise import Categorise, CategoriseSection
from stimuli.recipes.criticism import Criticism, CriticismSection
from stimuli.recipes.explanation_path import (
    ExplanationPathRecipe,
    ExplanationPathSection,
)
from stimuli.recipes.gradients import Gradients, GradientsSection
from stimuli.recipes.pairs import Pairs, PairsSection
from stimuli.recipes.portrait import Portrait, PortraitSection
from stimuli.recipes.predicted_classes import (
    Misclassified,
    MisclassifiedSection,
    Predictions,
    PredictionsSection,
)


class RecipeKind(NamedTuple):
    """What `[recipe]` may say, and the recipe made from it."""

    section: type[RecipeSection]
    make: Callable[[Any], Recipe]


def _is_kind(thing: Any, _name: str) -> str:  # noqa: ANN401 - whatever was loaded
    return "" if isinstance(thing, RecipeKind) else "expected a RecipeKind"


RECIPES: Final[Registry[RecipeKind]] = Registry(
    "recipes",
    {
        "adversarial": RecipeKind(AdversarialRecipeSection, AdversarialRecipe),
        "alternatives": RecipeKind(AlternativesSection, Alternatives),
        "categorise": RecipeKind(CategoriseSection, Categorise),
        "criticism": RecipeKind(CriticismSection, Criticism),
        "explanation_path": RecipeKind(ExplanationPathSection, ExplanationPathRecipe),
        "gradients": RecipeKind(GradientsSection, Gradients),
        "misclassified": RecipeKind(MisclassifiedSection, Misclassified),
        "pairs": RecipeKind(PairsSection, Pairs),
        "portrait": RecipeKind(PortraitSection, Portrait),
        "predictions": RecipeKind(PredictionsSection, Predictions),
    },
    check=_is_kind,
)


def read_any_recipe(path: Path, *, text: str | None = None) -> RecipeFile:
    """The recipe in `path`, of whatever kind; see `read_recipe`.

    Raises:
        RecipeError: Every problem of the file in one message.
    """
    kinds = {kind: entry.section for kind, entry in RECIPES.items()}
    return read_recipe(path, kinds, text=text, why_not=RECIPES.why_not)


__all__ = ["RECIPES", "Recipe", "RecipeKind", "read_any_recipe"]
