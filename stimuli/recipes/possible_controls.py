"""Which catches and controls a recipe can have, as far as is known before predicting.

What cannot be had whatever the classifier says is refused where the recipe file asks
for it, and left out with a note where it is only usual. What depends on predictions
is made as far as they allow, with a note; it never ends a build.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from stimuli.errors import BuildError, list_problems
from stimuli.recipe_file import ControlsSection
from stimuli.recipes.questions import ClassQuestion
from stimuli.records.classes import ClassList
from stimuli.sources.datasets import Source
from stimuli.sources.known_contents import Adjudicated


@dataclass(frozen=True, kw_only=True)
class ControlCounts:
    """Trials per block, every default decided."""

    known_yes: int
    known_no: int
    random_foil: int
    hard_foil: int
    practice: int
    clean_true: int = 0
    random_superpixels: int = 0
    clean_attention: int = 0
    foil_attention: int = 0


@dataclass(frozen=True, kw_only=True)
class SettledCounts:
    """What will be tried.

    Attributes:
        counts: Trials per block.
        notes: What cannot be had, in words.
    """

    counts: ControlCounts
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KnownBeforehand:
    """What is known of images and classes before anything is predicted.

    Attributes:
        n_classes: Outputs of the classifier.
        n_kinds: Classes that people can tell apart: those of one group, or of one
            name, count once.
        n_free: Classes beside a true and an adversarial one, at most.
        n_labelled: Images with a label.
        has_list: Whether a list says what is in images.
        knows_absent: Whether anything says what is not in an image.
    """

    n_classes: int
    n_kinds: int
    n_free: int
    n_labelled: int
    has_list: bool
    knows_absent: bool

    @classmethod
    def of(
        cls, classes: ClassList, sources: Sequence[Source], adjudicated: Adjudicated
    ) -> KnownBeforehand:
        """What images, classes and list say."""
        kinds = Counter(classes.same_kind(info.id) for info in classes.infos)
        smallest = min(map(len, kinds), default=0)
        return cls(
            n_classes=len(classes),
            n_kinds=len(kinds),
            n_free=max(0, len(classes) - smallest - 1),
            n_labelled=sum(source.label is not None for source in sources),
            has_list=bool(adjudicated.relevant),
            knows_absent=bool(adjudicated.absent)
            or any(source.present is not None for source in sources),
        )


def settle_counts(
    section: ControlsSection,
    *,
    kind: str,
    asking: ClassQuestion | None,
    can_know: bool,
    ground: KnownBeforehand,
    usual: Mapping[str, int],
) -> SettledCounts:
    """The counts per block, without what is impossible from the start.

    Args:
        section: The recipe's `[controls]`.
        kind: Of the recipe, for messages.
        asking: How the study asks; None where it asks nothing of a class.
        can_know: Whether labels or a list say what is in an image.
        ground: What is known.
        usual: What the recipe puts in where its file does not say.

    Raises:
        BuildError: If the file asks for what cannot be had.
    """
    defaults = {"known_yes": 3, "known_no": 3, "practice": 4}
    defaults = {**(defaults if can_know and asking else {}), **usual}
    given = {
        name: getattr(section, name) for name in ControlCounts.__dataclass_fields__
    }
    wanted = {n: defaults.get(n, 0) if c is None else c for n, c in given.items()}
    if asking is None:
        _refuse_any(wanted, kind)
        return SettledCounts(counts=ControlCounts(**wanted))
    reasons = {
        name: why
        for name, why in _impossible(asking, ground, can_know=can_know)
        if wanted[name]
    }
    refused = [f"{n}: {why}" for n, why in reasons.items() if given[n] is not None]
    if refused:
        raise BuildError(list_problems("controls", refused))
    counts = replace(ControlCounts(**wanted), **dict.fromkeys(reasons, 0))
    notes = [f"{name}: blocks get none: {why}" for name, why in reasons.items()]
    return SettledCounts(counts=counts, notes=(*notes, *_too_few(counts, ground)))


def _refuse_any(wanted: Mapping[str, int], kind: str) -> None:
    if any(wanted.values()):
        raise BuildError(
            f'controls: trials of kind "{kind}" ask nothing that a catch or control '
            "of [controls] could check; leave the counts out"
        )


def _impossible(
    asking: ClassQuestion, ground: KnownBeforehand, *, can_know: bool
) -> Iterator[tuple[str, str]]:
    """Names of what no prediction could make possible, each with its reason."""
    n_absent, n_beside = ground.n_kinds - 1, asking.n_classes - 1
    many = (
        f"{ground.n_kinds} classes can be told apart, and a trial of "
        f"{asking.n_classes} needs "
    )
    unknown = "nothing says what is in an image; give labels or controls.adjudicated"
    for name in ("known_yes", "practice", "clean_true"):
        if not can_know:
            yield name, unknown
        elif n_absent < n_beside:
            yield name, f"{many}{n_beside} that are absent beside the true one"
    for name in ("known_no", "random_foil", "hard_foil", "practice"):
        if n_absent < 1 + n_beside:
            yield name, f"{many}{1 + n_beside} that are absent"
    if not ground.knows_absent:
        yield (
            "hard_foil",
            "a hard foil is a probable class known to be absent: say which are in "
            "controls.adjudicated (file,class,relevant = no) or in the data set's "
            "truth.csv (file,present)",
        )
    if not ground.n_free:
        yield (
            "foil_attention",
            f"no class is left beside a true and an adversarial one, the classifier "
            f"has {ground.n_classes}",
        )


def _too_few(counts: ControlCounts, ground: KnownBeforehand) -> Iterator[str]:
    n_yes = counts.known_yes + math.ceil(counts.practice / 2) + counts.clean_true
    if n_yes > ground.n_labelled and not ground.has_list:
        yield (
            f"controls: a block wants {n_yes} different images whose class is known, "
            f"the data set has {ground.n_labelled}: blocks will get fewer"
        )
