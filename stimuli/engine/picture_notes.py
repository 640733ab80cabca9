"""What is to be known of the pictures themselves: contradicted, coarse, even."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stimuli.records.classes import ClassList
from stimuli.records.classified_images import ClassifiedImage
from stimuli.sources.listing import LeftOutFile

CONTRADICTED: Final = "the same picture is there under another label"
# Below it people often cannot say what a picture shows.
_SMALL_PX: Final = 64


def find_contradictions(
    seen: Sequence[ClassifiedImage], classes: ClassList
) -> list[LeftOutFile]:
    """Images that are the same picture under different labels: one is wrong.

    Args:
        seen: The images that could be read.
        classes: Labels of one group agree.
    """
    piles: dict[str, list[ClassifiedImage]] = {}
    for each in seen:
        if each.label is not None:
            piles.setdefault(each.pixels_sha256, []).append(each)
    return [
        LeftOutFile(file=each.source, reason=CONTRADICTED)
        for pile in piles.values()
        for each in pile
        if not all(classes.is_right(str(o.label), str(each.label)) for o in pile)
    ]


def note_pictures(seen: Sequence[ClassifiedImage], *, crop: int) -> list[str]:
    """Notes on pictures that people may be unable to make out.

    Args:
        seen: The images that could be read.
        crop: Side of what is shown, in pixels.
    """
    return [*note_small_images(seen, crop=crop), *note_flat_images(seen)]


def note_small_images(seen: Sequence[ClassifiedImage], *, crop: int) -> list[str]:
    """A note where source images are so small that people see them blown up.

    Args:
        seen: The images that could be read.
        crop: Side of what is shown, in pixels.
    """
    sides = [image.shorter_side for image in seen if image.shorter_side]
    small = [side for side in sides if side < _SMALL_PX]
    if not small:
        return []
    share = f"{len(small)} of {len(sides)} images are"
    return [
        f"{share} smaller than {_SMALL_PX} px on their shorter side (the smallest has "
        f"{min(small)} px): people see them {crop} px wide, and they may be too coarse "
        "to make out"
    ]


def note_flat_images(seen: Sequence[ClassifiedImage]) -> list[str]:
    """A note where pictures have next to no contrast.

    Args:
        seen: The images that could be read.
    """
    flat = [image.source for image in seen if image.is_flat]
    if not flat:
        return []
    some = ", ".join(flat[:3]) + (", ..." if len(flat) > 3 else "")
    return [
        f"{len(flat)} of {len(seen)} images have next to no contrast ({some}): people "
        "see one even area"
    ]
