"""The ledger entry by entry, on accounts that are nothing but rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from sqlalchemy import update

from study_server.errors import SpendingError
from study_server.services import Services
from study_server.services.market import ledger
from study_server.services.market.ledger import Intent, derive_token
from study_server.store import Transaction
from study_server.store.market import ledger as entries
from study_server.store.tables import (
    Assignment,
    Hit,
    LedgerEntry,
    MarketAccount,
    Recruitment,
    Study,
)

NOW: Final = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
# Recruitments: 1 and 2 of the first study, 3 of another one. What may be spent:
CAPS: Final = {1: 1000, 2: 500, 3: 2000}
TOKEN: Final = "r" * 32
POST: Final = Intent(kind="post", key="post/1", amount_minor=600)
PAY: Final = Intent(
    kind="approve",
    key="approve/1",
    amount_minor=144,
    pay_minor=120,
    hit_id=7,
    assignment_id=5,
    reason="Thank you",
    salt="late",
)


@pytest.fixture
def tx(services: Services) -> Iterator[Transaction]:
    with services.store.write() as tx:
        for row in _rows():
            tx.add(row)
            tx.flush()
        yield tx


def _rows() -> Iterator[Any]:
    for number in (1, 2):
        yield Study(
            id=number, name=f"study {number}", title="", paradigm="relevance", seed=1,
            state="draft", toml="", toml_sha256="", settings={}, set_folder="",
            set_sha256="", recipe_toml="", set_summary={}, created_at=NOW,
        )  # fmt: skip
    for number, environment in ((1, "live"), (2, "sandbox"), (3, "live")):
        yield Recruitment(
            id=number, study_id=1 + number // 3, recruiter="mturk", settings={},
            environment=environment, token=f"link {number}", created_at=NOW,
        )  # fmt: skip
        yield MarketAccount(
            recruitment_id=number, endpoint="", currency="USD", opened_at=NOW,
            cap_minor=CAPS[number],
        )  # fmt: skip
    yield Hit(
        id=7, account_id=1, number=1, external_id="h", state="posted", cost_minor=144,
        n_assignments=1, created_at=NOW,
    )  # fmt: skip
    yield Assignment(
        id=5, hit_id=7, external_id="a", attempt=1, status="submitted",
        label="complete", accepted_at=NOW, submitted_at=NOW, recorded_at=NOW,
    )  # fmt: skip


def intend(
    services: Services, tx: Transaction, intent: Intent, *, account_id: int = 1
) -> LedgerEntry:
    return ledger.intend(
        services, tx, intent, account_id=account_id, recruitment_token=TOKEN
    )


def committed(tx: Transaction) -> dict[int, int]:
    """What is spent or set aside, by account."""
    found = {number: entries.lock_account(tx, number) for number in CAPS}
    return {number: account.committed_minor for number, account in found.items()}


def test_a_token_stays_what_it_was_whatever_is_installed():
    # sha256sum of "r" 32 times, a new line, "post/1", a new line: a market that was
    # asked before an update must know the question again after it.
    expected = "bb13299e1353324d733dd3161914a763a33a476e54679fc5cb8d1aba90fba1c0"
    assert derive_token(TOKEN, "post/1") == expected


def test_an_intent_is_written_down_with_all_that_it_is_for(services, tx):
    entry = intend(services, tx, PAY)
    stored = {
        column.name: getattr(entry, column.name)
        for column in LedgerEntry.__table__.columns
    }
    assert stored == {
        "id": entry.id,
        "account_id": 1,
        "hit_id": 7,
        "assignment_id": 5,
        "kind": "approve",
        "key": "approve/1",
        "token": derive_token(TOKEN, "approve/1", salt="late"),
        "state": "intended",
        "amount_minor": 144,
        "pay_minor": 120,
        "reason": "Thank you",
        "problem": "",
        "intended_at": services.clock(),
        "concluded_at": None,
    }
    assert committed(tx) == {1: 144, 2: 0, 3: 0}


def test_the_same_purpose_is_one_entry_until_it_is_refused(services, tx):
    first = intend(services, tx, PAY)
    assert intend(services, tx, PAY).id == first.id
    ledger.conclude(services, tx, first.id)
    assert intend(services, tx, PAY).id == first.id
    assert committed(tx)[1] == 144


def test_each_account_has_its_own_purposes(services, tx):
    one = intend(services, tx, POST)
    with pytest.raises(SpendingError):
        # 600 is more than the second account's 500, whatever the first one holds.
        intend(services, tx, POST, account_id=2)
    other = ledger.intend(
        services, tx, POST, account_id=3, recruitment_token="s" * 32
    )  # fmt: skip
    assert other.id != one.id
    assert committed(tx) == {1: 600, 2: 0, 3: 600}


def test_what_was_refused_keeps_its_line_and_a_new_one_has_another_token(services, tx):
    intent = replace(POST, salt="x")
    first = intend(services, tx, intent)
    ledger.refuse(services, tx, first.id, problem="no")
    second = intend(services, tx, intent)
    assert first.key == f"post/1#refused-{first.id}"
    assert (second.key, second.state) == ("post/1", "intended")
    assert second.token == derive_token(TOKEN, "post/1", salt=f"x#{first.id}")
    assert committed(tx)[1] == 600


def test_a_single_cent_is_set_aside_and_nothing_needs_nothing(services, tx):
    intend(services, tx, replace(POST, amount_minor=1))
    intend(services, tx, replace(POST, key="post/2", amount_minor=999))
    assert committed(tx)[1] == CAPS[1]
    intend(services, tx, replace(POST, key="post/3", amount_minor=0))
    assert committed(tx)[1] == CAPS[1]


def test_what_passes_the_cap_is_refused_with_the_sums_and_leaves_no_line(services, tx):
    intend(services, tx, POST)
    expected = r"cost \$4.01 more, and of the cap of \$10.00 \$6.00 are spent"
    with pytest.raises(SpendingError, match=expected):
        intend(services, tx, replace(POST, key="post/2", amount_minor=401))
    assert [entry.key for entry in entries.entries_of(tx, 1)] == ["post/1"]
    assert committed(tx)[1] == 600


def test_what_the_market_did_is_done_once_and_keeps_its_money(services, clock, tx):
    entry = intend(services, tx, POST)
    at = clock()
    done = ledger.conclude(services, tx, entry.id)
    clock.move(hours=1)
    again = ledger.conclude(services, tx, entry.id)
    assert done.id == again.id == entry.id
    assert (again.state, again.concluded_at, again.problem) == ("done", at, "")
    # Nor is it refused any more.
    late = ledger.refuse(services, tx, entry.id, problem="too late")
    assert (late.state, late.concluded_at, late.problem) == ("done", at, "")
    assert committed(tx)[1] == 600


def test_what_the_market_refused_sets_its_money_free_once(services, clock, tx):
    intend(services, tx, PAY)
    entry = intend(services, tx, POST)
    at = clock()
    ledger.refuse(services, tx, entry.id, problem="no such offer")
    clock.move(hours=1)
    again = ledger.refuse(services, tx, entry.id, problem="again")
    assert again.id == entry.id
    assert (again.state, again.concluded_at) == ("refused", at)
    assert again.problem == "no such offer"
    assert committed(tx) == {1: 144, 2: 0, 3: 0}
    assert ledger.conclude(services, tx, entry.id).state == "refused"


def test_accounts_are_found_by_their_recruitment_and_study(tx):
    found = entries.find_account(tx, 2)
    assert found is not None
    assert (found.recruitment_id, found.cap_minor) == (2, 500)
    assert entries.find_account(tx, 4) is None
    mine = entries.accounts_of(tx, 1)
    assert {name: account.recruitment_id for name, account in mine.items()} == {
        "live": 1,
        "sandbox": 2,
    }
    assert {each.recruitment_id for each in entries.accounts_of(tx, 2).values()} == {3}


def test_money_is_set_aside_up_to_the_cap_and_not_a_cent_beyond(tx):
    assert entries.commit_money(tx, 1, 1000)
    assert not entries.commit_money(tx, 1, 1)
    assert entries.commit_money(tx, 1, -400)
    assert entries.commit_money(tx, 1, 1)
    assert not entries.commit_money(tx, 9, 1), "an account that nobody has"
    assert committed(tx) == {1: 601, 2: 0, 3: 0}


def test_an_account_is_read_as_it_is_now(tx):
    before = entries.find_account(tx, 1)
    entries.commit_money(tx, 1, 300)
    assert before is not None
    now = entries.find_account(tx, 1)
    assert now is not None
    assert now.committed_minor == 300
    entries.commit_money(tx, 1, 100)
    assert entries.lock_account(tx, 1).committed_minor == 400


def test_an_entry_is_read_as_it_is_now(services, tx):
    entry = intend(services, tx, POST)
    for state, find in (
        ("done", lambda: entries.find_entry(tx, 1, key="post/1")),
        ("refused", lambda: entries.lock_entry(tx, entry.id)),
    ):
        tx.execute(
            update(LedgerEntry).values(state=state, concluded_at=NOW),
            execution_options={"synchronize_session": False},
        )
        found = find()
        assert found is not None
        assert (found.id, found.state) == (entry.id, state)


def test_entries_are_told_apart_and_listed_oldest_first(services, tx):
    # The names would sort the other way round.
    last = intend(services, tx, replace(POST, key="z", kind="extend", amount_minor=1))
    first = intend(services, tx, replace(POST, key="a", amount_minor=2))
    paid = intend(services, tx, PAY)
    other = intend(services, tx, replace(POST, key="b"), account_id=3)
    ids = [entry.id for entry in entries.entries_of(tx, 1)]
    assert ids == [last.id, first.id, paid.id]
    found = entries.find_entry(tx, 1, key="a")
    assert found is not None
    assert found.id == first.id
    assert entries.find_entry(tx, 1, key="b") is None
    assert entries.lock_entry(tx, other.id).id == other.id
    kinds = ("post", "extend")
    assert [one.id for one in entries.open_entries(tx, 1, kinds=kinds)] == ids[:2]
    ledger.conclude(services, tx, first.id)
    assert [one.id for one in entries.open_entries(tx, 1, kinds=kinds)] == ids[:1]


def test_what_was_paid_is_the_pay_of_what_was_done(services, tx):
    nothing = entries.spent(tx, 1)
    assert (nothing.pay_minor, nothing.n_open) == (0, 0)
    first = intend(services, tx, PAY)
    second = intend(services, tx, replace(PAY, key="approve/2", pay_minor=30))
    intend(services, tx, replace(POST, pay_minor=7))
    intend(services, tx, replace(POST, key="post/9"), account_id=3)
    for entry in (first, second):
        ledger.conclude(services, tx, entry.id)
    # 120 + 30 of the two that were done; the fees and the open one aside.
    spent = entries.spent(tx, 1)
    assert (spent.pay_minor, spent.n_open) == (150, 1)
    assert type(spent.pay_minor) is type(spent.n_open) is int


def test_the_markets_names_are_kept_in_one_account(tx):
    entries.keep(tx, 1, {"offer_id": "o1", "enough_id": "q1"})
    tx.expire_all()
    names = {
        number: (account.offer_id, account.enough_id)
        for number in CAPS
        if (account := entries.find_account(tx, number))
    }
    assert names == {1: ("o1", "q1"), 2: (None, None), 3: (None, None)}
