"""Prices to the cent, worked out by hand, and a cap that nothing passes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from study_server.errors import SpendingError
from study_server.recruiters.market import Spot
from study_server.recruiters.mturk import mturk
from study_server.recruiters.mturk.section import MTurkSection
from study_server.services import Services
from study_server.services.market import balances, ledger, posting
from study_server.services.market.quoting import (
    hourly_minor,
    make_quote,
    refuse_low_pay,
    split_places,
    top_up_minor,
)
from study_server.services.market.recruitment import (
    MarketRecruitment,
    load_recruitment,
)
from study_server.store.market import ledger as accounts
from study_server.store.tables import MarketAccount
from tests.study_server.conftest import open_things

SECTION = """
[recruiter.mturk]
title = "Look at images"
description = "Say what you see"
reward = "1.20"
minutes = 6.0
cap = "10.00"
floor_per_hour = "8.00"
"""


class Purse:
    """A market that only says what the account holds."""

    endpoint = "http://127.0.0.1:9"

    def __init__(self, *balances_minor: int) -> None:
        self.left = list(balances_minor)

    def balance_minor(self) -> int:
        return self.left.pop(0)


def recruitment_of(services: Services, **changed: Any) -> MarketRecruitment:
    market: Any = Purse(10**6)
    recruitment = load_recruitment(services, "things", spot=Spot(), market=market)
    section = MTurkSection.model_validate(
        {**recruitment.section.model_dump(), **changed}
    )
    return replace(recruitment, section=section)


@pytest.fixture
def recruitment(services: Services, stimuli: Path, tmp_path: Path) -> MarketRecruitment:
    return recruitment_of(open_things(services, stimuli, folder=tmp_path, more=SECTION))


@pytest.mark.parametrize(
    ("reward", "minutes", "hourly"),
    [(120, 6.0, 1200), (100, 7.0, 857), (50, 2.5, 1200), (1, 60.0, 1), (5, 8.0, 38)],
)
def test_pay_per_hour_is_rounded_half_up(reward, minutes, hourly):
    # 100 cents in 7 minutes are 857.14 an hour; 5 in 8 are 37.5.
    assert hourly_minor(reward, minutes=minutes) == hourly


@pytest.mark.parametrize(
    ("reward", "minutes", "measured", "bonus"),
    [
        (120, 6.0, 6.0, 0),
        (120, 6.0, 4.0, 0),
        (120, 6.0, 9.0, 60),  # half as long again, half as much again
        (100, 7.0, 7.5, 8),  # 107.14 owed, rounded up
    ],
)
def test_the_top_up_keeps_the_promised_hourly_pay(reward, minutes, measured, bonus):
    assert top_up_minor(reward, minutes=minutes, measured=measured) == bonus


@given(
    reward=st.integers(1, 5000),
    minutes=st.integers(1, 200).map(lambda n: n / 2),
    measured=st.integers(1, 400).map(lambda n: n / 2),
)
def test_a_topped_up_reward_never_pays_less_an_hour(reward, minutes, measured):
    bonus = top_up_minor(reward, minutes=minutes, measured=measured)
    # In whole cents times minutes, so that nothing is rounded.
    assert (reward + bonus) * minutes >= reward * measured


@pytest.mark.parametrize(
    ("reward", "most", "n", "sizes"),
    [
        ("1.20", 9, 5, (5,)),
        ("1.20", 9, 12, (6, 6)),
        # 12 at 20 % cost 17.28, at 40 % 20.16.
        ("1.20", 100, 12, (6, 6)),
        # One cent's fee is a cent either way: the fewest HITs.
        ("0.01", 100, 12, (12,)),
        ("1.20", 3, 7, (3, 2, 2)),
    ],
)
def test_hits_are_split_the_cheapest_way(services, recruitment, reward, most, n, sizes):
    split = recruitment_of(services, reward=reward, max_assignments=most)
    assert split_places(split, n) == sizes


def test_a_quote_adds_up(services: Services, recruitment: MarketRecruitment):
    many = recruitment_of(services, reward="0.33", max_assignments=100)
    with services.store.read() as tx:
        quote = make_quote(many, tx, hits=(9, 10))
    # 20 % of 33 cents are 6.6, 40 % are 13.2: 7 and 13.
    assert quote.reward_total_minor == 19 * 33
    assert quote.fee_total_minor == 9 * 7 + 10 * 13
    assert quote.total_minor == 19 * 33 + 193
    assert (quote.n_measured, quote.measured_minutes, quote.top_up_minor) == (
        0,
        None,
        0,
    )


def test_pay_below_the_floor_needs_words(
    services: Services, recruitment: MarketRecruitment
):
    low = recruitment_of(services, reward="0.79")
    with services.store.read() as tx:
        quote = make_quote(low, tx, hits=(1,))
        fine = make_quote(recruitment_of(services, reward="0.80"), tx, hits=(1,))
    refuse_low_pay(fine, reason=None)
    for nothing in (None, "", "  "):
        with pytest.raises(SpendingError, match=r"\$7.90 an hour.*floor is \$8.00"):
            refuse_low_pay(quote, reason=nothing)
    refuse_low_pay(quote, reason="Only the pilot")


def test_no_code_path_passes_the_cap(both_services: Services, stimuli, tmp_path):
    open_things(both_services, stimuli, folder=tmp_path, more=SECTION)
    recruitment = recruitment_of(both_services)
    intent = ledger.Intent(kind="post", key="post/1", amount_minor=600)
    with both_services.store.write() as tx:
        posting.open_account(recruitment, tx)
        first = ledger.intend(
            both_services,
            tx,
            intent,
            account_id=recruitment.id,
            recruitment_token=recruitment.token,
        )
    # The same purpose again is the same entry, and costs nothing more.
    with both_services.store.write() as tx:
        again = ledger.intend(
            both_services,
            tx,
            intent,
            account_id=recruitment.id,
            recruitment_token=recruitment.token,
        )
    assert (again.id, again.token) == (first.id, first.token)
    over = replace(intent, key="post/2", amount_minor=401)
    with (
        pytest.raises(SpendingError, match=r"of the cap of \$10.00 \$6.00 are spent"),
        both_services.store.write() as tx,
    ):
        ledger.intend(
            both_services,
            tx,
            over,
            account_id=recruitment.id,
            recruitment_token=recruitment.token,
        )
    # Even a line that forgets to ask is refused, by the database itself.
    with pytest.raises(IntegrityError), both_services.store.write() as tx:
        tx.execute(update(MarketAccount).values(committed_minor=1001))
    with both_services.store.read() as tx:
        account = accounts.find_account(tx, recruitment.id)
    assert account is not None
    assert account.committed_minor == 600


def test_what_was_refused_is_free_again_and_gets_another_token(
    services: Services, recruitment: MarketRecruitment
):
    intent = ledger.Intent(kind="post", key="post/1", amount_minor=600)

    def intend() -> Any:
        with services.store.write() as tx:
            posting.open_account(recruitment, tx)
            return ledger.intend(
                services,
                tx,
                intent,
                account_id=recruitment.id,
                recruitment_token=recruitment.token,
            )

    first = intend()
    with services.store.write() as tx:
        ledger.refuse(services, tx, first.id, problem="no")
    second = intend()
    assert second.id != first.id
    assert second.token != first.token
    with services.store.read() as tx:
        account = accounts.find_account(tx, recruitment.id)
    assert account is not None
    assert account.committed_minor == 600


def test_tokens_follow_from_our_ids_alone():
    token = ledger.derive_token("r" * 32, "post/1")
    assert len(token) == 64
    assert token == ledger.derive_token("r" * 32, "post/1")
    others = [
        ledger.derive_token("s" * 32, "post/1"),
        ledger.derive_token("r" * 32, "post/2"),
        ledger.derive_token("r" * 32, "post/1", salt="x"),
    ]
    assert len({token, *others}) == 4


def test_the_balance_is_counted_down_and_read_again_when_old():
    now = [0.0]
    market: Any = Purse(100, 60, 500)
    balance = balances.Balance(market, timer=lambda: now[0])
    balance.take(40)
    balance.take(60)
    # Nothing left by our count: asked again, 60 are there.
    balance.take(50)
    now[0] = 31.0
    balance.take(500)
    market.left = [10]
    with pytest.raises(SpendingError, match=r"holds \$0.10, and this needs \$0.11"):
        balance.take(11)


def test_fees_are_those_of_the_recruiter(recruitment: MarketRecruitment):
    assert recruitment.recruiter is mturk
    assert (recruitment.place_cost_minor(9), recruitment.place_cost_minor(10)) == (
        144,
        168,
    )
