"""Attempts are counted before they are looked at, by all processes together."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest
from limits import parse_many
from sqlalchemy import select

from study_server.database.engine import Store, open_store
from study_server.marketplace.store import schema as market_schema
from study_server.marketplace.store import sign_ins as market_attempts
from study_server.store.accounts import sign_in_attempts
from study_server.store.tables import SignInAttempt
from study_server.webkit.sign_in_throttle import (
    PER_NAME,
    SIGN_UPS,
    Attempt,
    SignInThrottle,
)
from tests.study_server.conftest import FakeClock
from tests.study_server.webkit.guessing import (
    SECRET,
    count_let_in,
    stand_still,
    throttle_of,
)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    found = open_store(sqlite_url)
    yield found
    found.close()


@pytest.fixture
def throttle(store: Store, clock: FakeClock) -> SignInThrottle:
    return throttle_of(store, clock=clock)


def ada(address: str = "10.0.0.1", browser: str = "") -> Attempt:
    return Attempt(name="ada", address=address, browser=browser)


def test_of_24_guesses_at_once_from_two_processes_five_are_looked_at(database_url):
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        let_in = list(pool.map(partial(count_let_in, database_url), range(2)))
    assert sum(let_in) == 5


def test_the_marketplace_counts_in_its_own_database(tmp_path):
    url = f"sqlite:///{tmp_path / 'market.sqlite3'}"
    market_schema.upgrade(url)
    store = open_store(url)
    storage = market_attempts.attempt_storage(store, clock=stand_still)
    throttle = SignInThrottle(storage, secret=SECRET, clock=stand_still)
    waits = [throttle.count(ada()) for _ in range(6)]
    store.close()
    assert waits == [0, 0, 0, 0, 0, 300]


def test_the_more_is_guessed_the_longer_one_waits(
    throttle: SignInThrottle, clock: FakeClock
):
    waits = []
    for _ in range(3):
        waits += [throttle.count(ada()) for _ in range(6)]
        clock.move(minutes=5)
    # 5 in 5 minutes and 10 in an hour, which began 300 and 600 s before.
    assert waits == [*[0] * 5, 300, *[0] * 5, 3300, *[3000] * 6]


def test_who_is_refused_does_not_use_up_the_longer_windows(
    throttle: SignInThrottle, clock: FakeClock
):
    for _ in range(20):
        throttle.count(ada())
    clock.move(minutes=5)
    assert throttle.count(ada()) == 0


def test_a_known_browser_gets_in_while_a_stranger_guesses(throttle: SignInThrottle):
    for _ in range(8):
        throttle.count(ada())
    assert throttle.count(ada()) > 0
    assert throttle.count(ada(browser="b1")) == 0
    # And what is guessed there closes that browser only.
    for _ in range(5):
        throttle.count(ada(browser="b1"))
    assert throttle.count(ada(browser="b1")) > 0
    assert throttle.count(ada(browser="b2")) == 0


def test_coming_in_forgets_the_failures_of_the_name_but_not_of_the_address(
    throttle: SignInThrottle,
):
    for number in range(4):
        throttle.count(ada())
        throttle.count(Attempt(name=f"n{number}", address="10.0.0.1"))
    throttle.count(ada())
    throttle.note_success(ada())
    assert [throttle.count(ada()) for _ in range(6)] == [0] * 5 + [300]
    # 4 + 4 of others' and ours, 1 given back, 6 more: 14 of 50, so 36 are left.
    others = [
        throttle.count(Attempt(name=f"m{number}", address="10.0.0.1"))
        for number in range(37)
    ]
    assert others == [0] * 36 + [300]


def test_one_persons_guesses_do_not_lock_out_a_whole_lab(throttle: SignInThrottle):
    for _ in range(6):
        throttle.count(ada())
    assert throttle.count(Attempt(name="ADA", address="10.0.0.2")) == 300
    assert throttle.count(Attempt(name="bob", address="10.0.0.1")) == 0
    throttle.forget("Ada")
    assert throttle.count(ada("10.0.0.2")) == 0


def test_an_ipv6_household_is_one_address(throttle: SignInThrottle):
    for number in range(50):
        throttle.count(Attempt(name=f"n{number}", address=f"2001:db8:0:7::{number}"))
    assert throttle.count(Attempt(name="x", address="2001:db8:0:7:ffff::1")) == 300
    assert throttle.count(Attempt(name="x", address="2001:db8:0:8::1")) == 0
    assert throttle.count(Attempt(name="x", address="::ffff:10.0.0.1")) == 0


def test_new_accounts_are_counted_per_address(throttle: SignInThrottle):
    waits = [throttle.count_sign_up("10.0.0.1") for _ in range(21)]
    assert waits == [0] * 20 + [600]
    assert throttle.count_sign_up("10.0.0.2") == 0
    assert SIGN_UPS[0] == parse_many("20/10 minutes")[0]


def test_what_is_over_is_forgotten_and_nobody_is_named(
    throttle: SignInThrottle, store: Store, clock: FakeClock
):
    throttle.count(ada())
    with store.read() as tx:
        before = tx.scalars(select(SignInAttempt)).all()
    assert len(before) == 6
    assert not any("ada" in row.key or "10.0.0.1" in row.key for row in before)
    clock.move(days=1)
    throttle.count(Attempt(name="bob", address="10.0.0.9"))
    with store.read() as tx:
        after = {row.key for row in tx.scalars(select(SignInAttempt))}
    assert len(after) == 6
    assert not after & {row.key for row in before}


def test_a_window_counts_from_its_first_attempt_and_can_be_forgotten(
    store: Store, clock: FakeClock
):
    storage = sign_in_attempts.attempt_storage(store, clock=clock)
    assert storage.check()
    assert [storage.incr("k", 60) for _ in range(3)] == [1, 2, 3]
    clock.move(seconds=59)
    assert (storage.get("k"), storage.incr("k", 60)) == (3, 4)
    assert storage.get_expiry("k") == clock.now.timestamp() + 1
    clock.move(seconds=1)
    assert (storage.get("k"), storage.get_expiry("k")) == (0, clock.now.timestamp())
    assert storage.incr("k", 60, amount=-1) == 0
    assert storage.incr("k", 60, amount=-1) == 0
    storage.clear("k")
    storage.incr("k", 60)
    assert storage.reset() == 1
    assert len(PER_NAME) == 3
