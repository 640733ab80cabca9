"""The researcher's blinded check of what people said.

The researcher judges a sample of finished trials on the participant's page,
without seeing the votes. Their responses are kept apart and never counted; the
report sets them against the votes (the false-positive rate at each k).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from study_server.errors import StudyError, UnknownTrialError
from study_server.services import Services
from study_server.services.accounts import activity
from study_server.services.blocks.cutting import seed_from
from study_server.services.participation.trial_pages import (
    BlockPage,
    Receipt,
)
from study_server.services.quality.trials_for_researchers import (
    NumberedTrial,
    block_to_look_at,
    read_as_response,
)
from study_server.services.studies.life import get_study
from study_server.services.studies.records import StudyRecord
from study_server.services.study_files.paradigm import paradigm_of
from study_server.store import Transaction, audits, export_rows
from study_server.store.audits import AuditCount, SampledTrial
from study_server.store.export_rows import ExportScope
from study_server.store.trials import to_trial

N_AT_ONCE: Final = 20


class AuditError(StudyError):
    """A check that cannot be made (yet)."""


@dataclass(frozen=True, kw_only=True)
class AuditOverview:
    """How far the check is.

    Attributes:
        n_trials: Trials drawn.
        n_done: Trials judged.
        strata: The same by number of accepting responses; for the researcher
            only after the check, since it says how the sample was drawn.
    """

    n_trials: int
    n_done: int
    strata: tuple[AuditCount, ...]


def draw_audit(
    services: Services, name: str, *, n: int, environment: str | None = None
) -> AuditOverview:
    """Draw `n` trials in all, spread evenly over the numbers of votes.

    A trial can be drawn when it has its n valid responses. Drawing again adds
    what is missing to `n`; nothing drawn before is taken back.

    Args:
        services: Store and clock.
        name: The study's name.
        n: Size of the sample; fewer where fewer trials are finished.
        environment: Whose votes; live ones where left out, simulated ones where
            there are no others.

    Raises:
        UnknownStudyError: If there is none of that name.
        AuditError: If no trial is finished.
    """
    study = get_study(services, name)
    with services.store.write() as tx:
        strata = _finished(tx, study, environment)
        taken = audits.sampled_trials(tx, study.id)
        if not strata and not taken:
            raise AuditError(
                f"study {name!r} has no trial with "
                f"{study.file.design.responses_per_trial} valid responses yet; the "
                "check samples finished trials"
            )
        rng = np.random.default_rng(seed_from(study.seed, "audit", len(taken)))
        sample = _draw(strata, n=n - len(taken), taken=taken, rng=rng)
        named = [
            SampledTrial(
                trial_id=entry.trial_id,
                stratum=entry.stratum,
                token=services.new_token(),
            )
            for entry in sample
        ]
        audits.add_sample(tx, study.id, sample=named, at=services.clock())
        activity.note(
            services, tx, "sample drawn", subject=name, detail=f"{len(named)} trials"
        )
    return audit_overview(services, name)


def audit_overview(services: Services, name: str) -> AuditOverview:
    """How far the study's check is; all zero where none was drawn.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    study = get_study(services, name)
    with services.store.read() as tx:
        strata = tuple(audits.counts(tx, study.id))
    return AuditOverview(
        n_trials=sum(entry.n_trials for entry in strata),
        n_done=sum(entry.n_done for entry in strata),
        strata=strata,
    )


def next_audit_block(
    services: Services, name: str, *, n_trials: int = N_AT_ONCE
) -> BlockPage:
    """The next trials to judge; empty when the check is done.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    study = get_study(services, name)
    with services.store.read() as tx:
        shown = [
            NumberedTrial(
                token=entry.token,
                number=entry.position,
                row=audits.trial_row(tx, entry.trial_id),
            )
            for entry in audits.next_trials(tx, study.id, n=n_trials)
        ]
        return block_to_look_at(services, tx, study, purpose="audit", shown=shown)


def take_audit_response(
    services: Services,
    name: str,
    payload: Mapping[str, Any],
    *,
    user_id: int | None = None,
) -> Receipt:
    """Keep what the researcher says of one trial; the first time counts.

    An image that failed to show (`response` null) leaves the trial for later.

    Raises:
        UnknownStudyError: If there is none of that name.
        UnknownTrialError: If the check has no such trial.
        MalformedResponseError: If it does not fit the paradigm.
    """
    study = get_study(services, name)
    token = payload.get("trial")
    with services.store.write() as tx:
        drawn = audits.find_trial(tx, study.id, token=str(token))
        if drawn is None:
            raise UnknownTrialError("the check has no such trial; reload the page")
        is_duplicate = audits.find_response(tx, drawn.id) is not None
        if payload.get("response") is not None and not is_duplicate:
            trial = to_trial(audits.trial_row(tx, drawn.trial_id))
            response = read_as_response(study, trial, payload["response"])
            audits.add_response(
                tx,
                drawn,
                payload=response,
                accepts=paradigm_of(study.file).accepts(trial, response),
                user_id=user_id,
                at=services.clock(),
            )
        strata = audits.counts(tx, study.id)
    return Receipt(
        is_duplicate=is_duplicate,
        n_done=sum(entry.n_done for entry in strata),
        n_trials=sum(entry.n_trials for entry in strata),
    )


def _finished(
    tx: Transaction, study: StudyRecord, environment: str | None
) -> dict[int, list[int]]:
    """Number of accepting responses to the finished trials with as many."""
    if environment is None:
        found = export_rows.environments_with_people(tx, study.id)
        known = ("live", "simulated")
        environment = next((name for name in known if name in found), "live")
    n = study.file.design.responses_per_trial
    counted: dict[int, list[bool]] = defaultdict(list)
    for vote in audits.votes(
        tx, ExportScope(study_id=study.id, environment=environment)
    ):
        if len(counted[vote.trial_id]) < n:
            counted[vote.trial_id].append(vote.accepts)
    strata: dict[int, list[int]] = defaultdict(list)
    for trial_id, votes in sorted(counted.items()):
        if len(votes) == n:
            strata[sum(votes)].append(trial_id)
    return dict(strata)


@dataclass(frozen=True)
class _Drawn:
    stratum: int
    trial_id: int


def _draw(
    strata: Mapping[int, Sequence[int]],
    *,
    n: int,
    taken: set[int],
    rng: np.random.Generator,
) -> list[_Drawn]:
    """As many of each stratum, as far as there are, in random order."""
    left = {
        stratum: [trial for trial in rng.permutation(trials) if trial not in taken]
        for stratum, trials in sorted(strata.items())
    }
    drawn: list[_Drawn] = []
    while len(drawn) < n and any(left.values()):
        for stratum, trials in left.items():
            if trials and len(drawn) < n:
                drawn.append(_Drawn(stratum, int(trials.pop())))
    return [drawn[index] for index in rng.permutation(len(drawn))]
