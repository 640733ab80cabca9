"""Every kind of stimulus set; a new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from stimuli.recipe_file import Section
from stimuli.recipes.adversarial import AdversarialRecipe, AdversarialRecipeSection
from stimuli.recipes.base import Recipe
from stimuli.recipes.misclassified import Misclassified, MisclassifiedSection
from stimuli.recipes.predictions import Predictions, PredictionsSection

# kind: (what `[recipe]` may say, the recipe made from it)
RECIPES: Final[dict[str, tuple[type[Section], Callable[[Any], Recipe]]]] = {
    "adversarial": (AdversarialRecipeSection, AdversarialRecipe),
    "misclassified": (MisclassifiedSection, Misclassified),
    "predictions": (PredictionsSection, Predictions),
}

__all__ = ["RECIPES", "Recipe"]
