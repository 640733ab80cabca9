"""What is missing, what posting it would cost, and what people would earn an hour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from statistics import median
from typing import Final

from study_server.errors import SpendingError, StudyStateError
from study_server.recruiters.sections import in_dollars
from study_server.services.market import repeats
from study_server.services.market.recruitment import MarketRecruitment
from study_server.services.studies import block_composition
from study_server.services.studies.recruitments import LETS_IN
from study_server.store import Transaction, blocks, studies
from study_server.store.market import assignments, ledger, postings
from study_server.store.market.postings import BlockNeed

# Fewer people say little about how long it takes.
MIN_MEASURED: Final = 3
CHEAP_SIZE: Final = 9


@dataclass(frozen=True, kw_only=True)
class Quote:
    """The price of what would be posted now. Amounts are minor units.

    Attributes:
        study: Its name.
        environment: sandbox, pilot or live.
        endpoint: The market's address.
        currency: ISO 4217.
        reward_minor: Per block.
        n_assignments: Places to be posted.
        hits: Places of each posting.
        reward_total_minor: Rewards of all of them.
        fee_total_minor: The market's fees on them.
        total_minor: Both.
        committed_minor: Spent or set aside before.
        cap_minor: Never passed.
        minutes: How long a block takes, estimated.
        hourly_minor: Pay per hour if it does.
        floor_minor: The study's floor per hour.
        n_measured: People whose time was measured.
        measured_minutes: Their median; None where there are too few.
        measured_hourly_minor: Pay per hour at that; None likewise.
        top_up_minor: Bonus each would need so that the promised hourly pay holds
            at the measured time; 0 where it holds.
        n_repeatable: Places that people may take who cannot count there, and who
            are paid all the same.
    """

    study: str
    environment: str
    endpoint: str
    currency: str
    reward_minor: int
    n_assignments: int
    hits: tuple[int, ...]
    reward_total_minor: int
    fee_total_minor: int
    total_minor: int
    committed_minor: int
    cap_minor: int
    minutes: float
    hourly_minor: int
    floor_minor: int
    n_measured: int
    measured_minutes: float | None
    measured_hourly_minor: int | None
    top_up_minor: int
    n_repeatable: int = 0

    @property
    def is_below_floor(self) -> bool:
        """Whether people would earn less than the study's floor, as far as known."""
        worst = min(
            self.hourly_minor,
            self.hourly_minor
            if self.measured_hourly_minor is None
            else self.measured_hourly_minor,
        )
        return worst < self.floor_minor


def quote_missing(recruitment: MarketRecruitment) -> Quote:
    """The price of what is missing now; writes no intent.

    Raises:
        StudyStateError: If the study would let nobody in.
        MarketRefusedError: If browsers would not show our pages in a frame.
    """
    if recruitment.section.delivery == "external":
        recruitment.recruiter.frame_question(recruitment.link)
    _prepare(recruitment)
    with recruitment.services.store.read() as tx:
        planned = [(need.block_id, n) for need, n in planned_places(recruitment, tx)]
        return make_quote(
            recruitment,
            tx,
            hits=[n for _, n in planned],
            n_repeatable=repeats.n_repeatable(recruitment, tx, planned),
        )


def _prepare(recruitment: MarketRecruitment) -> None:
    """Blocks for these people, and new ones for what valid sessions lack."""
    services = recruitment.services
    with services.store.write() as tx:
        _require_open(recruitment, tx)
        study = studies.lock_study(tx, recruitment.study_id)
        is_cut = blocks.has_blocks(tx, study.id, environment=recruitment.environment)
        if not is_cut:
            block_composition.compose_blocks(
                services, tx, study, environment=recruitment.environment
            )
    block_composition.recut_missing(
        services, recruitment.study, environment=recruitment.environment
    )


def _require_open(recruitment: MarketRecruitment, tx: Transaction) -> None:
    """Refuse to post what would let nobody in.

    Raises:
        StudyStateError: With what to do first.
    """
    study = studies.get_study(tx, recruitment.study_id)
    if study.paused_at is not None:
        raise StudyStateError(
            f"study {study.name!r} is paused, so its links let nobody in: "
            f"`secondlook study resume {study.name}` first"
        )
    allowed = LETS_IN[recruitment.environment]
    if study.state not in allowed:
        raise StudyStateError(
            f"study {study.name!r} is {study.state}, and its {recruitment.environment} links "
            f"let people in only while it is {' or '.join(allowed)}: "
            + (
                f"`secondlook study open {study.name}` first"
                if study.state in ("frozen", "closed")
                else f"`secondlook study freeze {study.name}` first (or pilot it)"
            )
        )


def planned_places(
    recruitment: MarketRecruitment, tx: Transaction
) -> Iterator[tuple[BlockNeed, int]]:
    """Block and places of each posting that is missing now."""
    needs = postings.block_needs(
        tx,
        recruitment.study_id,
        environment=recruitment.environment,
        account_id=recruitment.id,
    )
    # Where people come to our pages, any place will do for any block.
    is_bound = recruitment.section.delivery == "html"
    n_left = sum(need.n_missing for need in needs) - _n_unbound(recruitment, tx)
    for need in needs:
        n_places = need.n_missing if is_bound else min(need.n_missing, n_left)
        if n_places <= 0:
            continue
        n_left -= n_places
        for size in split_places(recruitment, n_places):
            yield need, size


def _n_unbound(recruitment: MarketRecruitment, tx: Transaction) -> int:
    return postings.places_by_block(tx, recruitment.id).get(None, 0)


def split_places(recruitment: MarketRecruitment, n_places: int) -> tuple[int, ...]:
    """Sizes of postings for so many places of one block, the cheapest way.

    Of equally cheap ways the one with the fewest postings.
    """
    most = recruitment.section.max_assignments
    ways = [_sizes(n_places, most=size) for size in {most, min(most, CHEAP_SIZE)}]
    return min(
        ways,
        key=lambda way: (
            sum(n * recruitment.place_cost_minor(n) for n in way),
            len(way),
        ),
    )


def _sizes(n_places: int, *, most: int) -> tuple[int, ...]:
    """As even as possible, so that no posting is much smaller than the others."""
    n_hits = -(-n_places // most)
    return tuple(
        n_places // n_hits + (1 if number < n_places % n_hits else 0)
        for number in range(n_hits)
    )


def make_quote(
    recruitment: MarketRecruitment,
    tx: Transaction,
    *,
    hits: Sequence[int],
    n_repeatable: int = 0,
) -> Quote:
    """The price of postings of these sizes."""
    reward = recruitment.section.reward_minor
    fees = sum(n * (recruitment.place_cost_minor(n) - reward) for n in hits)
    account = ledger.find_account(tx, recruitment.id)
    pace = _pace(recruitment, tx)
    return Quote(
        study=recruitment.study,
        environment=recruitment.environment,
        endpoint=recruitment.market.endpoint,
        currency=recruitment.recruiter.currency,
        reward_minor=reward,
        n_assignments=sum(hits),
        hits=tuple(hits),
        reward_total_minor=reward * sum(hits),
        fee_total_minor=fees,
        total_minor=reward * sum(hits) + fees,
        committed_minor=0 if account is None else account.committed_minor,
        cap_minor=recruitment.section.cap_minor
        if account is None
        else account.cap_minor,
        minutes=recruitment.section.minutes,
        hourly_minor=hourly_minor(reward, minutes=recruitment.section.minutes),
        floor_minor=recruitment.section.floor_minor,
        n_measured=pace.n_measured,
        measured_minutes=pace.minutes,
        measured_hourly_minor=pace.hourly_minor,
        top_up_minor=pace.top_up_minor,
        n_repeatable=n_repeatable,
    )


@dataclass(frozen=True, kw_only=True)
class _Pace:
    """How long people took, and what it means for their pay."""

    n_measured: int
    minutes: float | None = None
    hourly_minor: int | None = None
    top_up_minor: int = 0


def _pace(recruitment: MarketRecruitment, tx: Transaction) -> _Pace:
    seconds = assignments.durations_s(
        tx, recruitment.study_id, environments={"pilot", recruitment.environment}
    )
    if len(seconds) < MIN_MEASURED:
        return _Pace(n_measured=len(seconds))
    reward, measured = recruitment.section.reward_minor, median(seconds) / 60
    return _Pace(
        n_measured=len(seconds),
        minutes=measured,
        hourly_minor=hourly_minor(reward, minutes=measured),
        top_up_minor=top_up_minor(
            reward, minutes=recruitment.section.minutes, measured=measured
        ),
    )


def hourly_minor(reward_minor: int, *, minutes: float) -> int:
    """Pay per hour in minor units, half up; nothing takes less than a second."""
    exact = Decimal(reward_minor) * 60 / Decimal(str(max(minutes, 1 / 60)))
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def top_up_minor(reward_minor: int, *, minutes: float, measured: float) -> int:
    """The bonus that keeps the promised hourly pay, rounded up to a minor unit."""
    owed = Decimal(reward_minor) * Decimal(str(measured)) / Decimal(str(minutes))
    missing = (owed - reward_minor).to_integral_value(rounding=ROUND_CEILING)
    return max(0, int(missing))


def refuse_to_spend(quote: Quote, *, low_pay_reason: str | None) -> None:
    """Refuse pay below the study's floor without a reason, and what passes the cap.

    Raises:
        SpendingError: With what people would earn, or what is left.
    """
    refuse_low_pay(quote, reason=low_pay_reason)
    _refuse_over_cap(quote)


def refuse_low_pay(quote: Quote, *, reason: str | None) -> None:
    """Refuse to pay less than the study's floor without a written reason.

    Raises:
        SpendingError: Naming what people would earn.
    """
    if not quote.is_below_floor or (reason and reason.strip()):
        return
    measured = quote.measured_hourly_minor
    at_median = (
        f", {in_dollars(measured)} at the measured median of "
        f"{quote.measured_minutes:.1f} minutes"
        if measured is not None
        else ""
    )
    raise SpendingError(
        f"people would earn {in_dollars(quote.hourly_minor)} an hour at the estimated "
        f"{quote.minutes:g} minutes{at_median}; the study's floor is "
        f"{in_dollars(quote.floor_minor)}. Raise the reward, or say why with "
        "--low-pay-reason: it is kept"
    )


def _refuse_over_cap(quote: Quote) -> None:
    """Refuse what the cap does not allow, before anything is written.

    Raises:
        SpendingError: With what is left.
    """
    left = quote.cap_minor - quote.committed_minor
    if quote.total_minor > left:
        raise SpendingError(
            f"posting would cost {in_dollars(quote.total_minor)}, and of the cap of "
            f"{in_dollars(quote.cap_minor)} {in_dollars(left)} are left; nothing was "
            "posted"
        )
