"""Trials shown to a researcher exactly as participants see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hit_templates.base import TrialView
from study_server.services.records import StudyRecord
from study_server.services.trial_pages import MEDIA_PATH, TrialPage
from study_server.store import Transaction, tables, trials


@dataclass(frozen=True, kw_only=True)
class Named:
    """A stored trial, its public name and what orders its classes."""

    token: str
    row: tables.Trial
    class_seed: int


def trial_pages(
    tx: Transaction, study: StudyRecord, *, shown: Sequence[Named]
) -> tuple[TrialPage, ...]:
    """One page per trial, in order; nothing on it gives a key away."""
    wanted = {class_id for entry in shown for class_id in entry.row.classes}
    classes = trials.classes_of(tx, study.id, ids=wanted)
    stimuli = {stimulus for entry in shown for stimulus in entry.row.slots.values()}
    stimuli |= {example for info in classes.values() for example in info.examples}
    media = trials.media_tokens(tx, study.id, stimulus_ids=stimuli)
    urls = {stimulus: f"{MEDIA_PATH}{token}" for stimulus, token in media.items()}
    return tuple(
        TrialPage(
            token=entry.token,
            position=position,
            paradigm=study.paradigm,
            view=TrialView(
                question=entry.row.question,
                classes=tuple(
                    classes[entry.row.classes[index]] for index in _order(entry)
                ),
                images={slot: urls[key] for slot, key in entry.row.slots.items()},
                examples={
                    class_id: tuple(
                        urls[example]
                        for example in classes[class_id].examples
                        if example in urls
                    )
                    for class_id in entry.row.classes
                },
                texts=study.file.texts,
            ),
            images=tuple(urls[key] for key in entry.row.slots.values()),
            exposure=entry.row.exposure,
        )
        for position, entry in enumerate(shown)
    )


def _order(entry: Named) -> list[int]:
    rng = np.random.default_rng(entry.class_seed)
    return [int(place) for place in rng.permutation(len(entry.row.classes))]
