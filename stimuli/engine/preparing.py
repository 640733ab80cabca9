"""Everything a build needs, loaded and checked against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import torch

from stimuli.classifiers.loading import Classifier, choose_device, load_classifiers
from stimuli.engine.classifier_contract import Needs, check_contract
from stimuli.errors import (
    BuildError,
    ClassifierError,
    DatasetError,
    RecipeError,
    UnreadableImageError,
    list_problems,
)
from stimuli.recipe_file import DisplaySection, ExecutionSection, RecipeFile
from stimuli.recipes import Recipe
from stimuli.recipes.batches.image_work import ImagesWorkedOn
from stimuli.recipes.possible_controls import (
    ControlCounts,
    KnownBeforehand,
    SettledCounts,
    settle_counts,
)
from stimuli.records.classes import ClassList, name_classes
from stimuli.sources.class_folders import settle_classes
from stimuli.sources.class_tables import read_groups
from stimuli.sources.datasets import Dataset, resolve_labels
from stimuli.sources.image_columns import read_image_columns
from stimuli.sources.images import CroppedImage, Display, read_one_picture
from stimuli.sources.known_contents import Adjudicated, read_adjudicated
from stimuli.sources.labels_table import LABELS
from stimuli.sources.listing import DatasetListing, list_images
from stimuli.sources.rights import read_rights

# A picture that stands for a class is small wherever it is shown.
CLASS_PICTURE: Final = Display(resize=160, crop=160)
_LIBRARIES: Final = ("torch", "torchvision", "pillow", "numpy", "scikit-image")


@dataclass(frozen=True, kw_only=True)
class PreparedBuild:
    """A recipe with everything it names.

    Attributes:
        recipe: The file.
        classifiers: In the recipe's order.
        classes: What they can name.
        display: The crop everyone predicts on.
        dataset: Images with labels.
        adjudicated: The list of `[controls]`, or an empty one.
        rights: Source to its licence and credit, where a table says them.
        image_columns: Source to what further columns of labels.csv say of it.
        device: Where the classifiers run.
        versions: Of the libraries.
        work: The images that the recipe works on beside predicting.
        class_pictures: Id of a class to a picture of one's own that stands for it.
        counts: Catches and controls per block that will be tried.
        notes: What the researcher should know, in words.
    """

    recipe: RecipeFile
    classifiers: Sequence[Classifier]
    classes: ClassList
    display: Display
    dataset: Dataset
    adjudicated: Adjudicated
    rights: Mapping[str, Mapping[str, str]]
    image_columns: Mapping[str, Mapping[str, str]]
    device: torch.device
    versions: Mapping[str, str]
    work: ImagesWorkedOn
    class_pictures: Mapping[str, CroppedImage]
    counts: ControlCounts
    notes: Sequence[str]


def prepare(recipe: RecipeFile, chosen: Recipe) -> PreparedBuild:
    """Load the classifiers, list the images, and match the one to the other.

    Args:
        recipe: The file.
        chosen: The recipe made from it.

    Raises:
        StimuliError: If something cannot be loaded or does not fit.
    """
    _check_number(recipe, chosen)
    listing = _list_images(recipe, chosen)
    device = _device_here(recipe.execution)
    classifiers = load_classifiers(recipe, device=device)
    display = settle_display(recipe.display, classifiers)
    told = _read_tables(recipe, listing, classifiers)
    chosen.check_feasible(told.dataset.sources, told.classes)
    settled = _settle(recipe, chosen, told)
    work = chosen.choose_work(
        told.dataset.sources, told.classes, seed=recipe.seed, controls=recipe.controls
    )
    is_part = chosen.is_of_work_alone
    dataset = _needed(told.dataset, work) if is_part else told.dataset
    notes = _notes(classifiers, display=display, classes=told.classes)
    notes += check_contract(
        classifiers,
        [source.path for source in dataset.sources],
        display=display,
        needs=_needs(recipe, chosen),
    )
    return PreparedBuild(
        recipe=recipe,
        classifiers=classifiers,
        classes=told.classes,
        display=display,
        dataset=dataset,
        adjudicated=told.adjudicated,
        rights=told.rights,
        image_columns=told.image_columns,
        device=device,
        versions=library_versions(),
        work=work,
        class_pictures=_read_class_pictures(recipe, chosen),
        counts=settled.counts,
        notes=[*notes, *dataset.notes, *told.notes, *settled.notes],
    )


def _read_class_pictures(recipe: RecipeFile, chosen: Recipe) -> dict[str, CroppedImage]:
    """Read before anything is predicted: a missing file should be known at once."""
    found, problems = {}, []
    for class_id, file in sorted(chosen.class_pictures.items()):
        try:
            found[class_id] = read_one_picture(recipe.locate(file), CLASS_PICTURE)
        except UnreadableImageError as error:
            problems.append(f"{class_id}: {file}: {error}")
    if problems:
        raise BuildError(list_problems("pictures of classes", problems))
    return found


def _needs(recipe: RecipeFile, chosen: Recipe) -> Needs:
    return Needs(
        kind=recipe.kind, has_gradients=chosen.needs_gradients, dtypes=chosen.dtypes
    )


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What the tables beside the images say, matched to the classifiers."""

    classes: ClassList
    dataset: Dataset
    adjudicated: Adjudicated
    rights: Mapping[str, Mapping[str, str]]
    image_columns: Mapping[str, Mapping[str, str]]
    notes: Sequence[str]


def _read_tables(
    recipe: RecipeFile, listing: DatasetListing, classifiers: Sequence[Classifier]
) -> _Told:
    notes: list[str] = []
    listing = settle_classes(
        listing, classifiers[0].n_classes, own=_own_names(classifiers)
    )
    classes = _with_groups(_list_classes(listing, classifiers), recipe, notes=notes)
    dataset = resolve_labels(listing, classes)
    names = [source.name for source in dataset.sources]
    adjudicated = _read_adjudicated(recipe, classes, names)
    if listing.form != "labels" and (dataset.folder / LABELS).exists():
        notes.append(
            f'{LABELS} is not asked for labels, since form = "{recipe.dataset.form}"; '
            "only its licences, credits and further columns are read"
        )
    rights = read_rights(dataset.folder, sources=names, notes=notes)
    columns = read_image_columns(dataset.folder, sources=names, notes=notes)
    return _Told(
        classes=classes,
        dataset=dataset,
        adjudicated=adjudicated,
        rights=rights,
        image_columns=columns,
        notes=[*adjudicated.notes, *notes],
    )


def _with_groups(
    classes: ClassList, recipe: RecipeFile, *, notes: list[str]
) -> ClassList:
    if not recipe.dataset.groups:
        return classes
    path = recipe.locate(recipe.dataset.groups)
    return replace(classes, groups=read_groups(path, classes, notes=notes))


def _read_adjudicated(
    recipe: RecipeFile, classes: ClassList, names: Sequence[str]
) -> Adjudicated:
    if not recipe.controls.adjudicated:
        return Adjudicated()
    path = recipe.locate(recipe.controls.adjudicated)
    return read_adjudicated(path, classes, sources=names)


def _needed(dataset: Dataset, work: ImagesWorkedOn) -> Dataset:
    """The images worked on; the others are counted and not looked at."""
    drawn = tuple(source for source in dataset.sources if source.name in work)
    n, n_all = len(drawn), len(dataset.sources)
    if n == n_all:
        return dataset
    note = (
        f"{n} of {n_all} images were drawn; nothing was predicted on the others, and "
        "no count below includes them"
    )
    return replace(
        dataset, sources=drawn, n_not_drawn=n_all - n, notes=(*dataset.notes, note)
    )


def _settle(recipe: RecipeFile, chosen: Recipe, told: _Told) -> SettledCounts:
    """Catches and controls per block, as far as they are possible at all."""
    by = told.adjudicated
    return settle_counts(
        recipe.controls,
        kind=recipe.kind,
        asking=chosen.asking,
        can_know=chosen.needs_labels or bool(by.relevant),
        ground=KnownBeforehand.of(told.classes, told.dataset.sources, by),
        usual=chosen.usual_controls,
    )


def _device_here(execution: ExecutionSection) -> torch.device:
    """A driver of a cluster needs no GPU itself."""
    if execution.ray is not None and not torch.cuda.is_available():
        return torch.device("cpu")
    return choose_device(execution.device)


def _check_number(recipe: RecipeFile, chosen: Recipe) -> None:
    n = len(recipe.classifiers)
    least, most = chosen.n_classifiers or (1, n)
    if least <= n <= most:
        return
    named = ", ".join(section.label for section in recipe.classifiers)
    what, advice = (
        ("is about one classifier", "build a set for each")
        if most == 1
        else (
            f"as it is set compares {least} to {most} classifiers",
            "give a [[classifier]] table for each",
        )
    )
    raise RecipeError(
        f"{recipe.path}: classifier: kind = {recipe.kind!r} {what}, got {n} ({named}); "
        f"{advice}"
    )


def settle_display(
    section: DisplaySection, classifiers: Sequence[Classifier]
) -> Display:
    """The one crop that is shown and that every classifier predicts on.

    What `[display]` leaves open is what the classifiers were made for; where
    they differ the recipe must decide.

    Raises:
        ClassifierError: If they differ, or one does not take that crop.
    """
    settled: dict[str, Any] = {}
    problems = []
    for key, given in section.model_dump().items():
        wanted = {c.name: getattr(c.display, key) for c in classifiers}
        if given is None and len(set(wanted.values())) > 1:
            said = ", ".join(f"{name}: {value}" for name, value in wanted.items())
            problems.append(f"display.{key}: the classifiers differ ({said}); set it")
        settled[key] = next(iter(wanted.values())) if given is None else given
    if not problems and settled["crop"] > settled["resize"]:
        problems.append(
            f"display: crop {settled['crop']} is larger than resize {settled['resize']}"
        )
    if problems:
        raise ClassifierError(list_problems("one crop for all classifiers", problems))
    display = Display(**settled)
    for classifier in classifiers:
        # Its own crop was tried when it was loaded.
        if classifier.display.crop != display.crop:
            _try_crop(classifier, display.crop)
    return display


def _try_crop(classifier: Classifier, crop: int) -> None:
    try:
        noise = np.random.default_rng(0).integers(0, 256, (2, crop, crop, 3), np.uint8)
        classifier.logits(noise)
    except ClassifierError as error:
        raise ClassifierError(
            f"{classifier.name} does not take the crop of {crop} pixels that "
            f"people are shown (it was made for {classifier.display.crop}): {error}"
        ) from error


@cache
def library_versions() -> Mapping[str, str]:
    """Versions of what can change the bytes or the predictions."""
    return {name: version(name) for name in _LIBRARIES}


def _list_images(recipe: RecipeFile, chosen: Recipe) -> DatasetListing:
    folder = recipe.locate(recipe.dataset.path)
    form = recipe.dataset.form
    has_labels = (folder / "labels.csv").is_file()
    if form == "auto" and not chosen.needs_labels and not has_labels:
        form = "unlabelled"
    listing = list_images(folder, form=form)
    if chosen.needs_labels and listing.form == "unlabelled":
        raise DatasetError(
            f"{folder} has no labels: put the images into a folder per class, add "
            f'labels.csv (file,label), or use kind = "predictions"{_beside(listing)}'
        )
    return listing


def _beside(listing: DatasetListing) -> str:
    """A hint where one stray picture hides folders that may be classes."""
    names = [entry.source for entry in listing.entries]
    loose = [name for name in names if "/" not in name]
    if not loose or len(loose) == len(names):
        return ""
    return (
        f"; {len(loose)} of {len(names)} images ({loose[0]}, ...) lie beside its "
        'folders: if those are the classes, say form = "folders" under [dataset]'
    )


def _list_classes(
    listing: DatasetListing, classifiers: Sequence[Classifier]
) -> ClassList:
    first = classifiers[0]
    for other in classifiers[1:]:
        if other.n_classes != first.n_classes:
            raise ClassifierError(
                f"{first.name} has {first.n_classes} classes, {other.name} has "
                f"{other.n_classes}; classifiers of one set need the same classes"
            )
        if first.classes and other.classes and first.classes != other.classes:
            raise ClassifierError(
                f"{first.name} and {other.name} name their classes differently; "
                "classifiers of one set need the same classes in the same order"
            )
    try:
        infos = name_classes(
            first.n_classes,
            own=_own_names(classifiers),
            given=listing.names,
            overrides=listing.overrides,
        )
    except DatasetError as error:
        if not listing.problems:
            raise
        # Names may lack because rows could not be read; both are told at once.
        table = list_problems(str(listing.folder / LABELS), listing.problems)
        raise DatasetError(f"{table}\n{error}") from error
    return ClassList(infos, wnids=listing.wnids)


def _own_names(
    classifiers: Sequence[Classifier],
) -> Sequence[tuple[str, str]] | None:
    return next((c.classes for c in classifiers if c.classes), None)


def _notes(
    classifiers: Sequence[Classifier], *, display: Display, classes: ClassList
) -> list[str]:
    notes = [
        f"{c.name} was made for resize {c.display.resize}, crop {c.display.crop}, "
        f"{c.display.interpolation}; this set shows resize {display.resize}, crop "
        f"{display.crop}, {display.interpolation}"
        for c in classifiers
        if c.display != display
    ]
    for name, ids in classes.shared_names().items():
        glosses = "; ".join(f"{i}: {classes[i].gloss}" for i in ids)
        notes.append(f"{len(ids)} classes are called {name!r}, told apart as {glosses}")
    return notes
