"""Clean and attacked images above what the classifier attends to in each.

Source: Stock and Cisse (2018), figure 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from stimuli.errors import StimuliError
from stimuli.files.images import open_image
from stimuli.manifest import ClassInfo, Stimulus, StimulusSet
from stimuli.methods.segmentation import Pixels
from stimuli.rendering.contact_sheet import Card, check_name, write_cards
from stimuli.rendering.side_by_side import draw_pair

_FORMS: Final = ("clean", "adversarial", "clean_attention", "attention")
_COLOUR: Final = "#1d4ed8"


def write_pairs(folder: Path, out: Path, *, n: int) -> int:
    """Write a sheet of pairs; returns how many there are on it.

    Args:
        folder: A stimulus set of kind "adversarial".
        out: `.png` or `.html`.
        n: Pairs at most.

    Raises:
        StimuliError: If the set holds no image in all four forms, or the file
            cannot be written.
    """
    check_name(out)
    opened = StimulusSet.open(folder)
    classes = opened.classes()
    complete = [forms for forms in _by_source(opened).values() if len(forms) == 4]
    if not complete:
        raise StimuliError(
            f"{folder} holds no image both clean and attacked with an explanation of "
            'each: build a recipe of kind "adversarial" with the display "attention", '
            "n_pairs above 0 and some images left aside (max_images below all)"
        )
    cards = [_card(opened, forms, classes) for forms in complete[:n]]
    write_cards(cards, out, title=f"{folder.name}: {len(cards)} pairs")
    return len(cards)


def _by_source(opened: StimulusSet) -> dict[str, dict[str, Stimulus]]:
    found: dict[str, dict[str, Stimulus]] = {}
    for stimulus in opened.stimuli():
        is_crop = stimulus.method == "crop"
        form = "clean" if is_crop else str(stimulus.parameters.get("form"))
        if form in _FORMS:
            found.setdefault(stimulus.source_sha256, {})[form] = stimulus
    return found


def _card(
    opened: StimulusSet,
    forms: Mapping[str, Stimulus],
    classes: Mapping[str, ClassInfo],
) -> Card:
    pixels = {form: _load(opened.image_path(s.id)) for form, s in forms.items()}
    drawn = draw_pair(
        pixels["clean"],
        pixels["adversarial"],
        clean_attention=pixels["clean_attention"],
        adversarial_attention=pixels["attention"],
    )
    return Card(
        picture=Image.fromarray(drawn),
        role="clean | attacked, and what speaks for each",
        colour=_COLOUR,
        lines=tuple(_describe(forms, classes)),
    )


def _describe(
    forms: Mapping[str, Stimulus], classes: Mapping[str, ClassInfo]
) -> Iterator[str]:
    for form, said in (("clean", "clean"), ("adversarial", "attacked")):
        first = forms[form].predictions[0]
        name = classes[first.classes[0]].name
        yield f"{said}: {name} {100 * first.probabilities[0]:.0f} %"
    label = forms["clean"].label
    yield f"label: {'none' if label is None else classes[label].name}"


def _load(path: Path) -> Pixels:
    with open_image(path) as picture:
        return np.asarray(picture.convert("RGB"))
