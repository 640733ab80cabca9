"""Drafts to trials: what is shown, asked and judged, each once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from stimuli.findings import Board, Draft, Seen
from stimuli.manifest import ROLES, Trial, Use, trial_id


def merge_drafts(
    drafts: Sequence[Draft], stimulus_of: Callable[[Seen], str]
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
    boards: Sequence[Board], stimulus_of: Callable[[Seen], str]
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


def _to_trial(draft: Draft, stimulus: str) -> Trial:
    slots = {"target": stimulus}
    uses = () if draft.use is None else (draft.use,)
    present = draft.seen.present
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
        truth=None if present is None else {"present": list(present)},
    )


def _join(known: Trial, other: Trial) -> Trial:
    uses = sorted((*known.uses, *other.uses), key=_order)
    sources = dict.fromkeys((*known.sources, *other.sources))
    return replace(known, uses=tuple(uses), sources=tuple(sources))


def _order(use: Use) -> tuple[str, str, str]:
    return (use.classifier, use.shows, use.source_sha256)
