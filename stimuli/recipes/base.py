"""What a recipe is: one module, listed in `stimuli.recipes`."""

from __future__ import annotations

from typing import Protocol

from stimuli.asking import Asking
from stimuli.classes import ClassList
from stimuli.findings import Findings, Seen, Selection


class Recipe(Protocol):
    """Chooses a set's main trials from what the classifiers said."""

    @property
    def asking(self) -> Asking:
        """How its trials ask."""

    @property
    def shows(self) -> str:
        """What its trials re-examine, for the summary."""

    @property
    def needs_labels(self) -> bool:
        """Whether every image must have a label."""

    def is_shown(self, seen: Seen, classes: ClassList) -> bool:
        """Whether this image surely becomes a main trial's stimulus."""

    def select(self, findings: Findings) -> Selection:
        """The main trials, and facts for the summary."""
