"""What somebody is told to expect before they come in: how long, and what comes first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np

from study_server.recruiters.sections import PaidSection
from study_server.services.blocks.cutting import PRACTICE
from study_server.services.study_files.paradigm import paradigm_of
from study_server.services.study_files.sections import StudyFile
from study_server.store import Transaction, trials
from study_server.store.market import assignments
from study_server.store.tables import Study

# Fewer people of a pilot say little about others.
MIN_MEASURED: Final = 3
# Reading consent and instructions, the check, the last questions; then per trial.
_AROUND_S: Final = 150.0
_BETWEEN_S: Final = 1.0
_N_DRAWS: Final = 101


@dataclass(frozen=True, kw_only=True)
class Expectations:
    """What a landing page may promise.

    Attributes:
        takes: How long it takes, in a sentence that says how that is known.
        has_practice: Whether practice comes before the images.
        contact: Whom to ask; may be empty.
        needs_card: Whether the screen is measured with a bank card.
    """

    takes: str
    has_practice: bool
    contact: str
    needs_card: bool = False


def expected_of(tx: Transaction, study: Study, file: StudyFile) -> Expectations:
    """What people who come to a study can expect."""
    return Expectations(
        takes=_takes(tx, study, file),
        has_practice=_n_practice(tx, study, file) > 0,
        contact=file.consent.contact,
        needs_card=file.screen is not None,
    )


def _takes(tx: Transaction, study: Study, file: StudyFile) -> str:
    if file.consent.duration:
        return file.say("landing_takes", duration=file.consent.duration)
    seconds = assignments.durations_s(tx, study.id, environments={"pilot"})
    if len(seconds) >= MIN_MEASURED:
        minutes = _whole_minutes(median(seconds))
        return file.say("landing_takes_measured", minutes=minutes)
    minutes = _estimated_minutes(tx, study, file)
    return file.say("landing_takes_estimated", minutes=minutes)


def _estimated_minutes(tx: Transaction, study: Study, file: StudyFile) -> int:
    """As the study file says for a market, else from the paradigm's usual pace."""
    said = [
        section.minutes
        for section in file.recruiter.values()
        if isinstance(section, PaidSection)
    ]
    if said:
        return _whole_minutes(max(said) * 60)
    paradigm, rng = paradigm_of(file), np.random.default_rng(0)
    each_ms = median(
        paradigm.simulated_rt_ms("careful", rng=rng) for _ in range(_N_DRAWS)
    )
    n_trials = file.design.trials_per_block + _n_practice(tx, study, file)
    return _whole_minutes(_AROUND_S + n_trials * (each_ms / 1000 + _BETWEEN_S))


def _n_practice(tx: Transaction, study: Study, file: StudyFile) -> int:
    """Practice trials that people get: those wanted, as far as the set has any."""
    if file.design.n_practice == 0:
        return 0
    return min(file.design.n_practice, len(trials.pool(tx, study.id, role=PRACTICE)))


def _whole_minutes(seconds: float) -> int:
    return max(1, math.ceil(seconds / 60))
