"""A study's recruitment on a market: which market, which account, which settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from study_server.errors import StudyStateError
from study_server.recruiters.base import Environment, Posts
from study_server.recruiters.market import Market, Spot
from study_server.recruiters.registry import headings
from study_server.recruiters.sections import PaidSection
from study_server.services import Services
from study_server.services.studies.progress import require_study
from study_server.services.studies.recruitments import (
    read_recruiter_section,
    recruiter_of,
)
from study_server.services.study_files.sections import StudyFile
from study_server.store import Transaction, studies
from study_server.store.market import ledger
from study_server.store.tables import MarketAccount, Recruitment, Study


@dataclass(frozen=True, kw_only=True)
class MarketRecruitment:
    """A recruitment on a market where work is posted, and that market, to be called.

    Attributes:
        services: Store and clock.
        study: The study's name.
        study_id: Its key.
        id: The recruitment's key, and its account's.
        token: Its address.
        environment: What these people count for.
        recruiter: Posts and pays.
        section: Its settings, with the price and the cap.
        spot: Sandbox or live.
        market: To be called.
    """

    services: Services
    study: str
    study_id: int
    id: int
    token: str
    environment: Environment
    # Any: it takes its own section, like every recruiter.
    recruiter: Any
    section: PaidSection
    spot: Spot
    market: Market

    @property
    def link(self) -> str:
        """Where the market's workers come."""
        return f"{self.services.settings.base_url}/s/{self.token}"

    @property
    def annotation_head(self) -> str:
        """What our names of this recruitment's postings begin with."""
        return f"secondlook/{self.study}/{self.token[:12]}/"

    def read_file(self, tx: Transaction) -> StudyFile:
        """The study's file."""
        return StudyFile.model_validate(studies.get_study(tx, self.study_id).settings)

    def place_cost_minor(self, n_assignments: int) -> int:
        """Reward and fee of one place in a posting of so many."""
        fee: int = self.recruiter.fee_minor(self.section, n_assignments=n_assignments)
        return self.section.reward_minor + fee


def load_recruitment(
    services: Services, name: str, *, spot: Spot, market: Market | None = None
) -> MarketRecruitment:
    """The study's recruitment on the market that a spot names.

    Args:
        services: Store and clock.
        name: The study.
        spot: Sandbox or live, and its address.
        market: Instead of the one the recruiter connects to.

    Raises:
        UnknownStudyError: If there is none of that name.
        StudyStateError: If it is not made for such a market, or is posted on
            another one.
        MarketError: If the market has no address.
    """
    with services.store.read() as tx:
        study = require_study(tx, name)
        environment = environment_of(study, spot)
        row = _row_of(tx, study, environment=environment)
        recruiter, section = recruiter_of(row), read_recruiter_section(row)
        if not isinstance(recruiter, Posts) or not isinstance(section, PaidSection):
            raise TypeError(f"{row.recruiter} posts, but has no price")
        endpoint = market.endpoint if market else recruiter.endpoint(section, spot)
        _refuse_elsewhere(tx, study, environment=environment, endpoint=endpoint)
    return MarketRecruitment(
        services=services,
        study=name,
        study_id=study.id,
        id=row.id,
        token=row.token,
        environment=environment,
        recruiter=recruiter,
        section=section,
        spot=spot,
        market=market or recruiter.connect(section, spot),
    )


def environment_of(study: Study, spot: Spot) -> Environment:
    """What people of a market count for: the sandbox never, a pilot never."""
    if not spot.is_live:
        return "sandbox"
    return "pilot" if study.state == "pilot" else "live"


def require_account(recruitment: MarketRecruitment, tx: Transaction) -> MarketAccount:
    """The account of a study that was posted.

    Raises:
        StudyStateError: If it never was, there.
    """
    account = ledger.find_account(tx, recruitment.id)
    if account is None:
        raise StudyStateError(
            f"study {recruitment.study!r} was never posted ({recruitment.environment}): "
            f"`secondlook hit post {recruitment.study}` does that"
        )
    return account


def _row_of(tx: Transaction, study: Study, *, environment: Environment) -> Recruitment:
    for row in studies.recruitments_of(tx, study.id):
        if row.environment == environment and isinstance(recruiter_of(row), Posts):
            return row
    raise StudyStateError(
        f"study {study.name!r} has no section for a market on which work is posted: "
        f"add one ({headings(Posts)}) to its file and run `secondlook study create` "
        "again"
    )


def _refuse_elsewhere(
    tx: Transaction, study: Study, *, environment: Environment, endpoint: str
) -> None:
    accounts = ledger.accounts_of(tx, study.id)
    own = accounts.get(environment)
    if own is not None and own.endpoint != endpoint:
        raise StudyStateError(
            f"study {study.name!r} is posted ({environment}) at {own.endpoint}, not at "
            f"{endpoint}: counts of two markets are never mixed. Give --endpoint "
            f"{own.endpoint}, or create the study under another name"
        )
    is_sandbox = environment == "sandbox"
    for other, account in accounts.items():
        if account.endpoint == endpoint and (other == "sandbox") != is_sandbox:
            raise StudyStateError(
                f"study {study.name!r} is posted at {endpoint} as {other}; posting it "
                f"there as {environment} too would mix people who count with people "
                "who do not. Use another address, or another name for the study"
            )
