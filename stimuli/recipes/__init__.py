"""Every kind of stimulus set; a new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from stimuli.recipe_file import Section
from stimuli.recipes.adversarial import AdversarialRecipe
from stimuli.recipes.adversarial_options import AdversarialRecipeSection
from stimuli.recipes.base import Recipe
from stimuli.recipes.criticism import Criticism, CriticismSection
from stimuli.recipes.explanation_path import (
    ExplanationPathRecipe,
    ExplanationPathSection,
)
from stimuli.recipes.misclassified import Misclassified, MisclassifiedSection
from stimuli.recipes.portrait import Portrait, PortraitSection
from stimuli.recipes.predictions import Predictions, PredictionsSection

# kind: (what `[recipe]` may say, the recipe made from it)
RECIPES: Final[dict[str, tuple[type[Section], Callable[[Any], Recipe]]]] = {
    "adversarial": (AdversarialRecipeSection, AdversarialRecipe),
    "criticism": (CriticismSection, Criticism),
    "explanation_path": (ExplanationPathSection, ExplanationPathRecipe),
    "misclassified": (MisclassifiedSection, Misclassified),
    "portrait": (PortraitSection, Portrait),
    "predictions": (PredictionsSection, Predictions),
}

__all__ = ["RECIPES", "Recipe"]
