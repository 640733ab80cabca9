"""What services say about studies: plain records, no rows of the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from study_server.recruiters.base import Environment
from study_server.services.study_files.sections import StudyFile


@dataclass(frozen=True, kw_only=True)
class RecruitmentRecord:
    """One recruiter and environment of a study, with its links.

    Attributes:
        token: The recruitment's public name.
        url: Where people come in; for personal links, their beginning.
        personal_urls: One per person, in order; empty for an open link.
    """

    recruiter: str
    environment: Environment
    token: str
    url: str
    personal_urls: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AmendmentRecord:
    """A dated change of a frozen study, in words."""

    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """A study as it stands.

    Attributes:
        id: The database's own key, for queries of `store`.
        file: The study file, checked and complete.
        set_folder: Where its stimulus set lies.
        set_sha256: What the set was when the study was created.
        set_summary: The set's `summary.json`.
        frozen_sha256: Hash of everything that was locked.
    """

    id: int
    name: str
    title: str
    paradigm: str
    state: str
    seed: int
    file: StudyFile
    set_folder: Path
    set_sha256: str
    set_summary: Mapping[str, Any]
    recipe_toml: str
    created_at: datetime
    frozen_at: datetime | None
    frozen_sha256: str | None
    opened_at: datetime | None
    closed_at: datetime | None
    paused_at: datetime | None
    amendments: tuple[AmendmentRecord, ...]
    recruitments: tuple[RecruitmentRecord, ...]

    @property
    def working_links(self) -> tuple[RecruitmentRecord, ...]:
        """The recruitments whose links lead, or will lead, to anything.

        Once a study is frozen nobody new comes in by a pilot link ever again.
        """
        is_piloted = self.state in ("draft", "pilot")
        return tuple(
            entry
            for entry in self.recruitments
            if is_piloted or entry.environment != "pilot"
        )


@dataclass(frozen=True, kw_only=True)
class StudyOverview:
    """One line of a list of studies; counts are sessions of `environment`."""

    name: str
    title: str
    paradigm: str
    state: str
    created_at: datetime
    environment: Environment
    n_wanted: int
    n_valid: int
    n_reserved: int


@dataclass(frozen=True, kw_only=True)
class ConditionProgress:
    """Sessions of one condition: wanted, valid, under way."""

    condition: str
    n_blocks: int
    n_wanted: int
    n_valid: int
    n_reserved: int


@dataclass(frozen=True, kw_only=True)
class BlockProgress:
    """Sessions of one block."""

    number: int
    condition: str
    n_trials: int
    n_wanted: int
    n_valid: int
    n_reserved: int


@dataclass(frozen=True, kw_only=True)
class SessionCount:
    """How many sessions ended in the same way; `reason` where invalid."""

    state: str
    validity: str
    reason: str | None
    n_sessions: int

    @property
    def why(self) -> str:
        """The reason in words; empty where there is none."""
        # Late: the rules bring pandas, and few sessions have a reason.
        from analysis.people.exclusion_words import outcome_in_words

        return outcome_in_words(self.reason) if self.reason else ""


@dataclass(frozen=True, kw_only=True)
class StudyProgress:
    """How far a study is, in one environment.

    Attributes:
        responses_per_trial: Number of valid responses to number of main trials,
            0 included; capped at nothing, so top-ups show.
        n_arrived: Enrolments.
        n_consented: Enrolments that agreed.
        n_failed_comprehension: Enrolments that did not pass the check.
    """

    study: StudyRecord
    environment: Environment
    conditions: tuple[ConditionProgress, ...]
    blocks: tuple[BlockProgress, ...]
    responses_per_trial: Mapping[int, int]
    sessions: tuple[SessionCount, ...]
    n_arrived: int
    n_consented: int
    n_failed_comprehension: int
