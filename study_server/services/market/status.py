"""How a study stands on a market: postings, work, money."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from study_server.recruiters.base import Environment
from study_server.services import Services
from study_server.services.market.collecting import SET_ASIDE
from study_server.services.market.recruitment import MarketRecruitment, require_account
from study_server.services.studies.progress import require_study
from study_server.store import studies
from study_server.store.market import assignments, ledger, postings


@dataclass(frozen=True, kw_only=True)
class WorkLine:
    """One piece of work, without the person's name.

    Attributes:
        assignment: The market's name of it.
        attempt: Which time this person began under this name.
        hit: The posting's name.
        label: complete, partial, late, repeat, left or unknown.
        status: submitted, approved or rejected.
        validity: Of the session; None without one.
        reason: Why it is invalid.
        held_reason: Why a person has yet to decide whether it was work.
        problem: What could not be read or paid.
        bonus_minor: Bonuses paid or under way.
    """

    assignment: str
    attempt: int
    hit: str
    label: str
    status: str
    validity: str | None
    reason: str | None
    held_reason: str | None
    problem: str
    bonus_minor: int

    @property
    def is_held(self) -> bool:
        """Whether a person has yet to decide about it."""
        return self.held_reason is not None and self.status == "submitted"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a study stands there. Amounts are minor units.

    Attributes:
        study: Its name.
        environment: sandbox, pilot or live.
        endpoint: The market's address.
        hits: State to number of postings.
        n_open_places: Places posted that nobody has handed in.
        n_lacking: Valid sessions still missing to n.
        work: What was handed in, oldest first.
        n_set_aside: Work that could not be taken in yet; each line says why.
        n_not_handed_in: Sessions finished on our pages that nobody handed in.
        paid_minor: What people got.
        committed_minor: Spent or set aside, fees included.
        cap_minor: Never passed.
        n_unsettled: Calls without an outcome; `reconcile` finds out.
        low_pay_reason: Why people are paid less than the floor; None if they are
            not.
    """

    study: str
    environment: str
    endpoint: str
    hits: dict[str, int]
    n_open_places: int
    n_lacking: int
    work: tuple[WorkLine, ...]
    n_set_aside: int
    n_not_handed_in: int
    paid_minor: int
    committed_minor: int
    cap_minor: int
    n_unsettled: int
    low_pay_reason: str | None


def standing(recruitment: MarketRecruitment) -> Standing:
    """How the study stands on the market, by our books.

    Raises:
        StudyStateError: If it was never posted there.
    """
    with recruitment.services.store.read() as tx:
        account = require_account(recruitment, tx)
        needs = postings.block_needs(
            tx,
            recruitment.study_id,
            environment=recruitment.environment,
            account_id=recruitment.id,
        )
        spent = ledger.spent(tx, recruitment.id)
        hits = postings.hits_of(tx, recruitment.id)
        return Standing(
            study=recruitment.study,
            environment=recruitment.environment,
            endpoint=account.endpoint,
            hits=dict(sorted(Counter(hit.state for hit in hits).items())),
            n_open_places=sum(postings.places_by_block(tx, recruitment.id).values()),
            n_lacking=sum(need.n_lacking for need in needs),
            work=tuple(map(_line, assignments.work_of(tx, recruitment.id))),
            n_set_aside=len(assignments.set_aside(tx, recruitment.id)),
            n_not_handed_in=len(assignments.not_handed_in(tx, recruitment.id)),
            paid_minor=spent.pay_minor,
            committed_minor=account.committed_minor,
            cap_minor=account.cap_minor,
            n_unsettled=spent.n_open,
            low_pay_reason=account.low_pay_reason,
        )


def set_aside_work(
    services: Services, name: str, *, environment: Environment
) -> tuple[WorkLine, ...]:
    """Work from every market that could not be taken in yet, oldest first.

    Raises:
        UnknownStudyError: If there is no study of that name.
    """
    with services.store.read() as tx:
        study = require_study(tx, name)
        return tuple(
            _line(work)
            for row in studies.recruitments_of(tx, study.id)
            if row.environment == environment
            for work in assignments.work_of(tx, row.id)
            if work.assignment.label == SET_ASIDE
        )


def _line(work: assignments.HandedInWork) -> WorkLine:
    return WorkLine(
        assignment=work.assignment.external_id,
        attempt=work.assignment.attempt,
        hit=work.hit.external_id or "",
        label=work.assignment.label,
        status=work.assignment.status,
        validity=work.validity,
        reason=work.reason,
        held_reason=work.held_reason,
        problem=work.assignment.problem,
        bonus_minor=work.bonus_minor,
    )
