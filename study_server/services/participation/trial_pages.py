"""The pages of a block's trials, for people and researchers; no key is given away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from hit_templates.base import Paradigm, TrialView
from stimuli.manifest import ClassInfo
from study_server.services.study_files.paradigm import paradigm_of
from study_server.services.study_files.sections import StudyFile
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
        images: The addresses to preload: slots in order, then examples.
        exposure: Timing in milliseconds; empty means until the response.
        is_done: Whether a response is already saved.
    """

    token: str
    position: int
    paradigm: Paradigm
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
        has_feedback: Whether each response is told whether it was right.
        image_px: Longer side of what is judged, CSS pixels at `pixel_ratio`; None for
            the usual size.
        pixel_ratio: Device pixels per CSS pixel when the screen was measured.
    """

    kind: Literal["practice", "trials"]
    session: str
    n_done: int
    trials: tuple[TrialPage, ...]
    lease_ends_at: datetime
    has_feedback: bool = False
    image_px: float | None = None
    pixel_ratio: float | None = None


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What a practice response is told.

    Attributes:
        is_right: Whether it counts as right.
        text: A sentence.
        right: Field to the right value, where something was missed.
    """

    is_right: bool
    text: str
    right: Mapping[str, Any] = field(default_factory=dict)


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
class TrialInBlock:
    """A stored trial at its place in a block.

    Attributes:
        token: Its public name there.
        row: The trial.
        class_order: The order of this session: indexes into its classes, or into
            its groups where classes are not named.
        is_done: Whether a response is already saved.
    """

    token: str
    row: tables.Trial
    class_order: Sequence[int]
    is_done: bool = False


@dataclass(frozen=True, kw_only=True)
class _ShownStudy:
    """What the pages need of the study: its row, way of asking and wording."""

    id: int
    paradigm: Paradigm
    texts: Mapping[str, str]
    session: str


def trial_pages(
    tx: Transaction,
    study_id: int,
    *,
    file: StudyFile,
    shown: Sequence[TrialInBlock],
    session: str = "",
) -> tuple[TrialPage, ...]:
    """One page per trial, in order, in two queries; no key is given away.

    Args:
        tx: Where to read.
        study_id: The study's row.
        file: Its file, for the way of asking and the wording.
        shown: The trials, in order.
        session: The public name of whose session asks for the images; empty where
            nobody's does.
    """
    study = _ShownStudy(
        id=study_id, paradigm=paradigm_of(file), texts=file.texts, session=session
    )
    source = _read_source(tx, study, rows=[entry.row for entry in shown])
    pages = []
    for position, entry in enumerate(shown):
        view = source.view(entry)
        examples = (url for urls in view.examples.values() for url in urls)
        pages.append(
            TrialPage(
                token=entry.token,
                position=position,
                paradigm=study.paradigm,
                view=view,
                images=(*view.images.values(), *examples),
                exposure=entry.row.exposure,
                is_done=entry.is_done,
            )
        )
    return tuple(pages)


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Everything the views are made from, read at once.

    Attributes:
        classes: Class id to class.
        addresses: Stimulus id to the opaque address of its image.
        texts: The study's wording.
        names_classes: Whether the page may say what classes are called.
    """

    classes: Mapping[str, ClassInfo]
    addresses: Mapping[str, str]
    texts: Mapping[str, str]
    names_classes: bool

    def view(self, entry: TrialInBlock) -> TrialView:
        """What a template may know of a trial, classes in the order shown."""
        # What must not be read is not handed over either.
        infos = [
            self.classes[entry.row.classes[i]]
            for i in entry.class_order
            if self.names_classes
        ]
        return TrialView(
            question=entry.row.question,
            classes=tuple(infos),
            images={slot: self.addresses[key] for slot, key in entry.row.slots.items()},
            examples={
                info.id: tuple(
                    self.addresses[example]
                    for example in info.examples
                    if example in self.addresses
                )
                for info in infos
                if info.examples
            },
            texts=self.texts,
            order=tuple(entry.class_order),
        )


def _read_source(
    tx: Transaction, study: _ShownStudy, *, rows: Sequence[tables.Trial]
) -> _Source:
    classes = trials.classes_of(
        tx, study.id, ids={class_id for row in rows for class_id in row.classes}
    )
    stimulus_ids = {
        *(stimulus_id for row in rows for stimulus_id in row.slots.values()),
        *(example for info in classes.values() for example in info.examples),
    }
    tokens = trials.media_tokens(tx, study.id, stimulus_ids=stimulus_ids)
    asker = f"?by={study.session}" if study.session else ""
    return _Source(
        classes=classes,
        addresses={
            name: f"{MEDIA_PATH}{token}{asker}" for name, token in tokens.items()
        },
        texts=study.texts,
        names_classes=study.paradigm.names_classes,
    )
