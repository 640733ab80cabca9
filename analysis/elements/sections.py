"""What a report is made of: sections of text, tables, figures and galleries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, auto
from typing import Literal

import pandas as pd
from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Prose:
    """A paragraph.

    Attributes:
        text: What it says.
        kind: "note" is set smaller, "warning" stands out, "how" (how a number comes
            about) is folded away in the page.
    """

    text: str
    kind: Literal["text", "note", "warning", "how"] = "text"


@dataclass(frozen=True, kw_only=True)
class DataTable:
    """A table to read, and the numbers behind it.

    Attributes:
        name: File name without ending.
        caption: What the table says, with units and n.
        shown: Cells as text, as read in the page and in LaTeX.
        numbers: The same unrounded, for the CSV file.
        text_columns: How many of the first columns are words (set left).
        is_folded: Whether the page shows it only when asked: it repeats a figure
            number by number, or is there to be looked up.
    """

    name: str
    caption: str
    shown: pd.DataFrame
    numbers: pd.DataFrame
    text_columns: int = 1
    is_folded: bool = False


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A figure.

    Attributes:
        name: File name without ending.
        caption: What it shows, with units and n.
        alt: What it says to somebody who cannot see it.
        figure: The matplotlib figure.
    """

    name: str
    caption: str
    alt: str
    figure: Figure


@dataclass(frozen=True, kw_only=True)
class GalleryPicture:
    """One picture of a gallery.

    Attributes:
        stimulus: Id of the stimulus shown.
        label: What the data set calls it; empty if unlabelled.
        predicted: What the classifier (or classifiers) said.
        classifiers: Who said so.
        n_yes: People who accepted the prediction.
        n: People asked.
        votes_name: What the votes are called.
        more: What else is to be said, as name and text.
    """

    stimulus: str
    label: str
    predicted: str
    classifiers: str
    n_yes: int
    n: int
    votes_name: str = "votes"
    more: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Pictures with what was said of them; the page shows the first ones."""

    name: str
    caption: str
    exhibits: Sequence[GalleryPicture]
    if_none: str = "None: no prediction was accepted by enough people."


@dataclass(frozen=True, kw_only=True)
class FileListing:
    """A file as it is, folded away in the page."""

    name: str
    caption: str
    text: str


@dataclass(frozen=True, kw_only=True)
class ShownTrial:
    """A trial as people saw it, as a page of its own.

    Attributes:
        name: File name without ending.
        caption: What is shown.
        title: What the page is, for those who do not see it.
        html: The whole document; it runs nothing and loads nothing.
    """

    name: str
    caption: str
    title: str
    html: str


Block = Prose | DataTable | Drawing | Gallery | FileListing | ShownTrial


class Chapter(IntEnum):
    """Where a section stands in a report: its chapters, in the order of reading.

    Sections of one chapter keep the order in which their measures are listed. From
    `FLOW` on a section is about the study and no result.
    """

    RESULT = auto()
    PUBLISHED = auto()
    ASKED = auto()
    VOTES = auto()
    COMPARISON = auto()
    CONTRASTS = auto()
    MODEL = auto()
    OTHER_SIDE = auto()
    CONTROLS = auto()
    BEFORE_AFTER = auto()
    TIMES = auto()
    OVERLAP = auto()
    AGREEMENT = auto()
    POWER = auto()
    UNRESOLVED = auto()
    GALLERY = auto()
    CHOICES = auto()
    CORRECTION = auto()
    AUDIT = auto()
    SENSITIVITY = auto()
    DETAILS = auto()
    FLOW = auto()
    EXCLUSION = auto()
    QUALITY = auto()
    METHOD = auto()
    LIMITS = auto()
    AMENDMENTS = auto()


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the report under one heading.

    Attributes:
        id: Names it in links.
        title: Its heading.
        blocks: What is in it.
        chapter: Where it stands.
        is_exploratory: Whether it answers a question nobody fixed before the
            responses came in; such sections stand apart.
        is_folded: Whether the page shows its title only until it is asked: it says
            how far a result hangs on a choice, or is there to be looked up.
    """

    id: str
    title: str
    blocks: list[Block] = field(default_factory=list)
    chapter: Chapter = Chapter.DETAILS
    is_exploratory: bool = False
    is_folded: bool = False
