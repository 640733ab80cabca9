"""Trials before their pictures are stored, and the trials that become of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stimuli.manifest import ROLES, ClassInfo, Role, Trial, Use, trial_id
from stimuli.records.classified_images import ClassifiedImage, MadePicture


@dataclass(frozen=True, kw_only=True)
class TrialDraft:
    """A trial before its picture is stored.

    Attributes:
        seen: The image shown.
        question: What is asked.
        classes: Class ids asked about, in any order.
        role: main, practice, catch or control.
        control: Which catch or control.
        key: The right response, where there is one.
        use: The prediction judged, for main trials.
        made: The picture made from it that is shown instead of its crop.
        condition: Level of what the study varies.
        observing: How what a classifier gives becomes a response, see `Trial`.
        truth: What simulated people know, beside what the image's truth says.
    """

    seen: ClassifiedImage
    question: str
    classes: tuple[str, ...]
    role: Role
    control: str = ""
    key: Mapping[str, Any] | None = None
    use: Use | None = None
    made: MadePicture | None = None
    condition: str = ""
    observing: Mapping[str, Any] | None = None
    truth: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Board:
    """A trial of several pictures, before they are stored.

    Attributes:
        trial: Its slots name pictures: a stimulus id, or the hash of the pixels
            of a crop that is not stored yet.
        seen: The images whose crops it shows.
        made: The pictures made from images that it shows, each with its image.
    """

    trial: Trial
    seen: tuple[ClassifiedImage, ...] = ()
    made: tuple[tuple[ClassifiedImage, MadePicture], ...] = ()


@dataclass(frozen=True, kw_only=True)
class SelectedTrials:
    """What a recipe chose.

    Attributes:
        drafts: Main trials of one picture.
        aside: Control trials on images kept out of the main trials.
        boards: Trials of several pictures.
        kept: Crops of images that are kept though no trial shows them.
        kept_made: The same, of pictures made from an image.
        classes: What its trials name beside the classifier's classes.
        facts: What the recipe adds to the summary.
        source_facts: Source to what a crop's manifest line says about its part.
        notes: What the researcher should know, in words.
    """

    drafts: Sequence[TrialDraft] = ()
    aside: Sequence[TrialDraft] = ()
    boards: Sequence[Board] = ()
    kept: Sequence[ClassifiedImage] = ()
    kept_made: Sequence[tuple[ClassifiedImage, MadePicture]] = ()
    classes: Sequence[ClassInfo] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    source_facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: Sequence[str] = ()


def merge_drafts(
    drafts: Sequence[TrialDraft], stimulus_of: Callable[[ClassifiedImage], str]
) -> list[Trial]:
    """One trial per picture, question and classes, with every use of it.

    Two classifiers that made the same prediction, or two copies of one picture,
    share a trial. Where a main trial and a control coincide the main trial stays.

    Args:
        drafts: In any order.
        stimulus_of: The stored picture of an image.

    Returns:
        By role, then by id: the order tells nothing.
    """
    merged: dict[str, Trial] = {}
    for draft in sorted(drafts, key=lambda draft: ROLES.index(draft.role)):
        made = draft.made
        shown = stimulus_of(draft.seen) if made is None else made.stimulus
        trial = _to_trial(draft, shown)
        known = merged.setdefault(trial.id, trial)
        if known is not trial and known.role == trial.role:
            merged[trial.id] = _join(known, trial)
    return sorted(merged.values(), key=lambda t: (ROLES.index(t.role), t.id))


def merge_boards(
    boards: Sequence[Board], stimulus_of: Callable[[ClassifiedImage], str]
) -> list[Trial]:
    """Boards with the stored pictures in their slots.

    Args:
        boards: In any order.
        stimulus_of: The stored picture of an image.

    Returns:
        By condition, then by id.
    """
    merged: dict[str, Trial] = {}
    for board in boards:
        ids = {seen.pixels_sha256: stimulus_of(seen) for seen in board.seen}
        slots = {name: ids.get(key, key) for name, key in board.trial.slots.items()}
        trial = replace(
            board.trial,
            id=trial_id(slots, board.trial.question, classes=board.trial.classes),
            slots=slots,
        )
        merged.setdefault(trial.id, trial)
    return sorted(merged.values(), key=lambda t: (t.condition, t.id))


def _to_trial(draft: TrialDraft, stimulus: str) -> Trial:
    slots = {"target": stimulus}
    uses = () if draft.use is None else (draft.use,)
    present = draft.seen.present
    truth = {**({} if present is None else {"present": list(present)}), **draft.truth}
    return Trial(
        id=trial_id(slots, draft.question, classes=draft.classes),
        slots=slots,
        question=draft.question,
        classes=tuple(sorted(draft.classes)),
        role=draft.role,
        sources=(draft.seen.source_sha256,),
        control=draft.control,
        key=draft.key,
        condition=draft.condition,
        uses=uses,
        truth=truth or None,
        observing=draft.observing,
    )


def _join(known: Trial, other: Trial) -> Trial:
    uses = sorted((*known.uses, *other.uses), key=_order)
    sources = dict.fromkeys((*known.sources, *other.sources))
    return replace(known, uses=tuple(uses), sources=tuple(sources))


def _order(use: Use) -> tuple[str, str, str]:
    return (use.classifier, use.shows, use.source_sha256)
