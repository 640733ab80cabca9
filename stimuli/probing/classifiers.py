"""The classifiers of a probe: those of a recipe, or named on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from stimuli.classifiers.loading import Classifier, choose_device, load_classifiers
from stimuli.engine.preparing import settle_display
from stimuli.errors import RecipeError
from stimuli.recipe_file import (
    ClassifierSection,
    ControlsSection,
    DatasetSection,
    DisplaySection,
    ExamplesSection,
    ExecutionSection,
    RecipeFile,
    RecipeSection,
)
from stimuli.recipes import read_any_recipe
from stimuli.sources.images import Display

_DEMO: Final = "demo"


@dataclass(frozen=True, kw_only=True)
class ProbedClassifiers:
    """What pairs are shown to.

    Attributes:
        classifiers: At least one, with the same classes.
        display: The crop that every one of them sees.
        names: Class id to what people read.
    """

    classifiers: Sequence[Classifier]
    display: Display
    names: Mapping[str, str]


def load_probed(
    recipe: Path | None, *, names: Sequence[str], weights: Sequence[str]
) -> ProbedClassifiers:
    """The classifiers asked for.

    Args:
        recipe: A recipe file, or None.
        names: Torchvision names, `file.py:function` or "demo", where there is no
            recipe.
        weights: One for each torchvision name, in order.

    Raises:
        RecipeError: If neither or both are given, or weights do not go with the
            names.
        ClassifierError: If a classifier cannot be loaded.
    """
    if (recipe is None) == (not names):
        raise RecipeError("give either --recipe or --classifier (at least one)")
    if recipe is not None:
        if weights:
            raise RecipeError("--weights go with --classifier; the recipe has its own")
        file = read_any_recipe(recipe)
    else:
        file = name_classifiers(names, weights)
    device = choose_device(file.execution.device)
    classifiers = load_classifiers(file, device=device)
    return ProbedClassifiers(
        classifiers=classifiers,
        display=settle_display(file.display, classifiers),
        names=_class_names(classifiers),
    )


def name_classifiers(
    names: Sequence[str],
    weights: Sequence[str],
    *,
    execution: ExecutionSection | None = None,
) -> RecipeFile:
    """Classifiers named on the command line, as a recipe that makes nothing.

    Args:
        names: Torchvision names, `file.py:function` or "demo"; paths start here.
        weights: One for each torchvision name, in order.
        execution: How the work is cut; as usual where left out.

    Raises:
        RecipeError: If weights do not go with the names.
    """
    left = list(weights)
    sections = [_section(name, left) for name in names]
    if left:
        raise RecipeError(
            f"--weights {', '.join(left)}: no torchvision name is left for it; demo "
            "and file.py:function bring their own"
        )
    return RecipeFile(
        path=Path.cwd() / "probe",
        text="",
        kind="probe",
        parameters=RecipeSection(),
        dataset=DatasetSection(path="."),
        classifiers=tuple(sections),
        controls=ControlsSection.model_validate({}),
        display=DisplaySection.model_validate({}),
        examples=ExamplesSection.model_validate({}),
        execution=execution or ExecutionSection.model_validate({}),
    )


def _section(name: str, weights: list[str]) -> ClassifierSection:
    raw: dict[str, Any]
    if name == _DEMO:
        raw = {"demo": True}
    elif name.startswith(f"{_DEMO}:"):
        raw = {"demo": name.removeprefix(f"{_DEMO}:")}
    elif ".py:" in name:
        raw = {"function": name}
    elif weights:
        raw = {"torchvision": name, "weights": weights.pop(0)}
    else:
        raise RecipeError(
            f"--classifier {name}: a torchvision name needs --weights: a file, or a "
            'name such as "IMAGENET1K_V1"'
        )
    try:
        return ClassifierSection.model_validate(raw)
    except ValidationError as error:
        raise RecipeError(f"--classifier {name}: {error.errors()[0]['msg']}") from error


def _class_names(classifiers: Sequence[Classifier]) -> dict[str, str]:
    first = classifiers[0]
    for other in classifiers[1:]:
        if other.n_classes != first.n_classes:
            raise RecipeError(
                f"{first.name} has {first.n_classes} classes, {other.name} has "
                f"{other.n_classes}; labels of both can be compared only if they have "
                "the same"
            )
    named = next((c.classes for c in classifiers if c.classes), ())
    return {str(place): name for place, (name, _) in enumerate(named)}
