"""Conditions, groups, items: what assignment trials are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One way of choosing the images of the groups.

    Attributes:
        selection: A name in `stimuli.methods.selection.SELECTIONS`.
        n_prototypes: Per group.
        n_criticisms: Per group.
    """

    selection: str
    n_prototypes: int
    n_criticisms: int = 0

    @property
    def name(self) -> str:
        """Selection and counts: "adversarial-6", "adversarial-3+3"."""
        counts = [self.n_prototypes, self.n_criticisms]
        return f"{self.selection}-{'+'.join(str(n) for n in counts if n)}"

    @property
    def n_images(self) -> int:
        """Images per group."""
        return self.n_prototypes + self.n_criticisms


CONDITIONS: Final = (
    Condition(selection="mmd_critic", n_prototypes=6),
    Condition(selection="mmd_critic", n_prototypes=3, n_criticisms=3),
    Condition(selection="adversarial", n_prototypes=6),
    Condition(selection="adversarial", n_prototypes=3, n_criticisms=3),
    Condition(selection="probability", n_prototypes=6),
    Condition(selection="probability", n_prototypes=3, n_criticisms=3),
    Condition(selection="random", n_prototypes=6),
)
"""The seven of Stock and Cisse 2018, section 3.3."""


@dataclass(frozen=True, kw_only=True)
class TrialImage:
    """An image that a trial can show.

    Attributes:
        stimulus: Stimulus id.
        source_sha256: Hash of its source file.
        class_id: The class it belongs to.
    """

    stimulus: str
    source_sha256: str
    class_id: str


@dataclass(frozen=True, kw_only=True)
class ImageGroup:
    """What one class shows under one condition.

    Attributes:
        prototypes: Best first.
        criticisms: Best first.
        n_fallbacks: How many of them do not meet the method's own rule.
    """

    prototypes: tuple[TrialImage, ...]
    criticisms: tuple[TrialImage, ...] = ()
    n_fallbacks: int = 0


@dataclass(frozen=True, kw_only=True)
class ClassSupply:
    """What one class has to offer.

    Attributes:
        class_id: The class.
        groups: Condition name to its group.
        targets: Images kept out of every selection.
        shortages: Condition name to why it has no group.
    """

    class_id: str
    groups: Mapping[str, ImageGroup]
    targets: tuple[TrialImage, ...]
    shortages: Mapping[str, str] = field(default_factory=dict)

    def shown(self) -> tuple[TrialImage, ...]:
        """Every image of the class that some condition shows."""
        return tuple(
            exhibit
            for group in self.groups.values()
            for exhibit in group.prototypes + group.criticisms
        )


@dataclass(frozen=True, kw_only=True)
class Cast:
    """The classes that take part, under every condition alike.

    Attributes:
        supplies: In the order given.
        left_out: Class id to the reason.
        n_fallbacks: Condition name to images shown by fallback.
        n_targets_dropped: Targets that are, or nearly are, an image shown.
    """

    supplies: tuple[ClassSupply, ...]
    left_out: Mapping[str, str]
    n_fallbacks: Mapping[str, int]
    n_targets_dropped: int = 0


@dataclass(frozen=True, kw_only=True)
class AssignmentItem:
    """A class set and a target.

    Attributes:
        id: 16 hex digits of classes and target.
        classes: Class ids in the order of the groups.
        target: The image to assign.
    """

    id: str
    classes: tuple[str, ...]
    target: TrialImage

    @property
    def right_group(self) -> int:
        """Place of the target's class, from 1."""
        return self.classes.index(self.target.class_id) + 1
