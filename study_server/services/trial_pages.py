"""What a page of trials needs, and nothing that gives a key away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from hit_templates.base import TrialView
from stimuli.manifest import ClassInfo
from study_server.store import Transaction, tables, trials

MEDIA_PATH: Final = "/media/"


@dataclass(frozen=True, kw_only=True)
class TrialPage:
    """One trial at its place.

    Attributes:
        token: Public name of this trial in this session.
        position: From 0.
        paradigm: Renders `view`.
        view: What the template may know.
        images: The addresses to preload, in slot order.
        exposure: Timing in milliseconds; empty means until the response.
        is_done: Whether a response is already saved.
    """

    token: str
    position: int
    paradigm: str
    view: TrialView
    images: tuple[str, ...]
    exposure: Mapping[str, float] = field(default_factory=dict)
    is_done: bool = False


@dataclass(frozen=True, kw_only=True)
class BlockPage:
    """The trials a participant is to do now.

    Attributes:
        kind: "practice" (feedback) or "trials".
        session: Opaque public id.
        n_done: How many have a response.
        trials: In the order shown.
        lease_ends_at: When the place is given away.
    """

    kind: Literal["practice", "trials"]
    session: str
    n_done: int
    trials: tuple[TrialPage, ...]
    lease_ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What a practice response is told."""

    is_right: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A response that is saved: committed, it survives a crash.

    Attributes:
        is_duplicate: Whether it was saved already, under the same key.
        n_done: Responses of this kind in the session.
        n_trials: Trials of this kind in the session.
        feedback: For practice trials.
    """

    is_duplicate: bool
    n_done: int
    n_trials: int
    feedback: Feedback | None = None


@dataclass(frozen=True, kw_only=True)
class ViewSource:
    """Everything the views of some trials are made from, read at once.

    Attributes:
        classes: Class id to class.
        addresses: Stimulus id to the opaque address of its image.
        texts: The study's wording.
    """

    classes: Mapping[str, ClassInfo]
    addresses: Mapping[str, str]
    texts: Mapping[str, str]

    def view(self, row: tables.Trial, *, class_order: Sequence[int]) -> TrialView:
        """What a template may know of a trial, classes in the order shown."""
        shown = [self.classes[row.classes[index]] for index in class_order]
        return TrialView(
            question=row.question,
            classes=tuple(shown),
            images={
                slot: self.addresses[stimulus_id]
                for slot, stimulus_id in row.slots.items()
            },
            examples={
                info.id: tuple(
                    self.addresses[example]
                    for example in info.examples
                    if example in self.addresses
                )
                for info in shown
                if info.examples
            },
            texts=self.texts,
        )


def read_view_source(
    tx: Transaction,
    study_id: int,
    *,
    rows: Sequence[tables.Trial],
    texts: Mapping[str, str],
) -> ViewSource:
    """What the views of these trials need, in two queries."""
    classes = trials.classes_of(
        tx, study_id, ids={class_id for row in rows for class_id in row.classes}
    )
    stimulus_ids = {
        *(stimulus_id for row in rows for stimulus_id in row.slots.values()),
        *(example for info in classes.values() for example in info.examples),
    }
    tokens = trials.media_tokens(tx, study_id, stimulus_ids=stimulus_ids)
    return ViewSource(
        classes=classes,
        addresses={name: MEDIA_PATH + token for name, token in tokens.items()},
        texts=texts,
    )
