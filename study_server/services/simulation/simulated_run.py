"""Simulated participants of stated competence, through the same HTTP routes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final
from urllib.parse import urlsplit

import httpx
import numpy as np

from hit_templates.base import COMPETENCES, Competence
from stimuli.manifest import Trial
from study_server.recruiters.simulated.section import SimulatedSection
from study_server.services import Services
from study_server.services.simulation.simulated_person import (
    Outcome,
    SimulatedPerson,
    SimulationError,
    Surroundings,
)
from study_server.services.studies.life import get_study
from study_server.services.studies.records import StudyRecord
from study_server.services.studies.recruitments import LETS_IN, SIMULATED
from study_server.services.studies.state_advice import advice
from study_server.services.study_files.paradigm import paradigm_of
from study_server.store.trials import trials_behind

__all__ = ["SimulationError", "SimulationSummary", "run_simulation"]

MAX_AT_ONCE: Final = 32
_TIMEOUT_S: Final = 60.0

Progress = Callable[["SimulationSummary"], None]


@dataclass(frozen=True, kw_only=True)
class SimulationSummary:
    """How it went.

    Attributes:
        n_people: Simulated participants who came, turned away or not.
        n_responses: Responses acknowledged, practice included.
        outcomes: How many ended how.
        competences: How many were let in, by competence.
        is_full: Whether the last to come found no place.
    """

    n_people: int
    n_responses: int
    outcomes: Mapping[Outcome, int]
    competences: Mapping[Competence, int]
    is_full: bool


def run_simulation(
    base_url: str,
    services: Services,
    study: str,
    *,
    rng: np.random.Generator,
    n: int,
    mix: Mapping[str, float] | None = None,
    n_at_once: int = 8,
    fetches_images: bool = True,
    on_progress: Progress | None = None,
) -> SimulationSummary:
    """Send simulated participants through a study until `n` came or it is full.

    They come in one after another and then work side by side, so that who gets
    which block depends on `rng` and the study's seed only, not on timing.
    Everything they touch belongs to the study's simulated recruitment.

    Args:
        base_url: Where the server listens.
        services: For the link and what is true of the trials.
        study: The study's name.
        rng: Decides everything the simulated participants do.
        n: How many come at most.
        mix: Shares by competence; the study file's where left out.
        n_at_once: How many work side by side, at most 32.
        fetches_images: Whether they load the images, as a browser would.
        on_progress: Told after every wave.

    Raises:
        UnknownStudyError: If there is none of that name.
        SimulationError: If the study has no simulated recruitment, lets nobody in,
            or the server cannot be reached.
    """
    record = get_study(services, study)
    _require_open(record)
    link = _link(record)
    shares = _shares(mix or _mix_of(record))
    run = f"sim-{rng.bytes(4).hex()}"
    tally = _Tally()
    with _server(base_url) as client:
        world = _surroundings(services, record, client, fetches_images=fetches_images)
        for wave in _waves(n, min(n_at_once, MAX_AT_ONCE)):
            people = [
                SimulatedPerson(
                    name=f"{run}-{number}",
                    competence=COMPETENCES[rng.choice(len(COMPETENCES), p=shares)],
                    rng=own,
                    world=world,
                )
                for number, own in zip(wave, rng.spawn(len(wave)), strict=True)
            ]
            tally.take(people, link)
            if on_progress is not None:
                on_progress(tally.summary())
            if tally.is_full:
                break
    return tally.summary()


class _Tally:
    def __init__(self) -> None:
        self.people: list[SimulatedPerson] = []
        self.outcomes: Counter[Outcome] = Counter()
        self.is_full = False

    def take(self, people: list[SimulatedPerson], link: str) -> None:
        """One wave: in one after another, then side by side to the end."""
        inside: list[SimulatedPerson] = []
        for person in people:
            self.people.append(person)
            if not person.come_in(link):
                self.outcomes["turned away"] += 1
                break
            inside.append(person)
        # A place can be free again when a session of this wave is not valid.
        self.is_full = not inside
        if inside:
            with ThreadPoolExecutor(max_workers=len(inside)) as pool:
                self.outcomes.update(pool.map(SimulatedPerson.go_through, inside))

    def summary(self) -> SimulationSummary:
        inside = [person for person in self.people if person.home is not None]
        return SimulationSummary(
            n_people=len(self.people),
            n_responses=sum(person.n_responses for person in inside),
            outcomes=dict(self.outcomes),
            competences=dict(Counter(person.competence for person in inside)),
            is_full=self.is_full,
        )


def _waves(n: int, size: int) -> Iterator[range]:
    for first in range(0, n, size):
        yield range(first, min(first + size, n))


def _section_of(record: StudyRecord) -> SimulatedSection:
    sections = record.file.recruiter.values()
    own = (one for one in sections if isinstance(one, SimulatedSection))
    return next(own, SimulatedSection())


def _mix_of(record: StudyRecord) -> dict[str, float]:
    return {str(name): share for name, share in _section_of(record).mix.items()}


def _require_open(record: StudyRecord) -> None:
    if record.state not in LETS_IN[SIMULATED]:
        raise SimulationError(
            f"study {record.name!r} is {record.state}: "
            + advice("simulated", state=record.state, name=record.name)
        )


def _link(record: StudyRecord) -> str:
    for recruitment in record.recruitments:
        if recruitment.environment == SIMULATED:
            return urlsplit(recruitment.url).path
    raise SimulationError(
        f"study {record.name!r} has no simulated recruitment; run `secondlook study "
        "create` again before it is frozen"
    )


def _shares(mix: Mapping[str, float]) -> list[float]:
    if unknown := sorted(set(mix) - set(COMPETENCES)):
        raise SimulationError(
            f"mix: expected shares of {', '.join(COMPETENCES)}, "
            f"got {', '.join(unknown)}"
        )
    total = sum(mix.values())
    if total <= 0 or min(mix.values()) < 0:
        raise SimulationError(f"mix: expected shares above 0, got {dict(mix)}")
    return [mix.get(name, 0.0) / total for name in COMPETENCES]


def _surroundings(
    services: Services,
    record: StudyRecord,
    client: httpx.Client,
    *,
    fetches_images: bool,
) -> Surroundings:
    def look_up(tokens: Collection[str]) -> Mapping[str, Trial]:
        with services.store.read() as tx:
            return trials_behind(tx, tokens)

    questions = record.file.comprehension.questions or ()
    return Surroundings(
        client=client,
        paradigm=paradigm_of(record.file),
        right_choices=tuple(question.right for question in questions),
        trials_behind=look_up,
        fetches_images=fetches_images,
        median_s=_section_of(record).median_s,
    )


def _server(base_url: str) -> httpx.Client:
    """A client that keeps no cookies: no page depends on one."""
    try:
        address = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise SimulationError(f"{base_url!r} is no address: {error}") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise SimulationError(
            f"expected a server's address such as http://127.0.0.1:8000, got {base_url!r}"
        )
    return httpx.Client(
        base_url=address,
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        timeout=_TIMEOUT_S,
        trust_env=False,  # a proxy would not find a server of this machine
        follow_redirects=False,
    )
