"""Pairs side by side with what each classifier says of either image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from stimuli.probing.pairs import ProbedPair
from stimuli.rendering.contact_sheet import Card, write_cards
from stimuli.rendering.side_by_side import tile

_CHANGED: Final = "#b45309"
_SAME: Final = "#1d4ed8"


def write_probed_pairs(
    probed: Sequence[ProbedPair], out: Path, *, names: Mapping[str, str], n: int
) -> int:
    """Write a sheet of pairs, those whose label changes first.

    Args:
        probed: The pairs.
        out: `.png` or `.html`.
        names: Class id to what people read.
        n: Pairs at most.

    Raises:
        StimuliError: If the file cannot be written.
    """
    ordered = sorted(probed, key=lambda each: -_n_changed(each))[:n]
    cards = [_card(each, names) for each in ordered]
    title = f"{len(cards)} of {len(probed)} pairs, those whose label changes first"
    write_cards(cards, out, title=title)
    return len(cards)


def _n_changed(each: ProbedPair) -> int:
    return sum(each.is_changed(name) for name in each.predictions)


def _card(each: ProbedPair, names: Mapping[str, str]) -> Card:
    is_changed = _n_changed(each) > 0
    first, second = (picture.pixels for picture in each.pictures)
    return Card(
        picture=Image.fromarray(tile([[first, second]])),
        role=f"{each.pair.name}: {'the label changes' if is_changed else 'same label'}",
        colour=_CHANGED if is_changed else _SAME,
        lines=tuple(_lines(each, names)),
    )


def _lines(each: ProbedPair, names: Mapping[str, str]) -> Iterator[str]:
    yield f"differs in: {each.pair.differs or 'not said'}"
    for classifier, (first, second) in each.predictions.items():
        said = " | ".join(
            f"{names.get(p.classes[0], p.classes[0])} {100 * p.probabilities[0]:.0f} %"
            for p in (first, second)
        )
        yield f"{classifier}: {said}"
