"""Being signed in is kept on the server, and ends there."""

from __future__ import annotations

import pytest

from study_server.services import Services
from study_server.services.accounts.sign_ins import (
    SignedInUser,
    begin_sign_in,
    change_own_password,
    end_presence,
    end_sign_in,
    end_sign_ins,
    list_sign_ins,
    presence_of,
)
from study_server.services.accounts.users import (
    AccountError,
    UserRecord,
    add_user,
    check_password,
)
from tests.study_server.conftest import FakeClock

PASSWORD = "correct horse battery"  # noqa: S105 - nobody's


def presence(services: Services, token: str) -> SignedInUser:
    found = presence_of(services, token)
    if found is None:
        raise AssertionError("nobody is signed in")
    return found


@pytest.fixture
def ada(both_services: Services) -> UserRecord:
    return add_user(both_services, "ada", password=PASSWORD)


def test_signing_out_ends_every_copy(both_services: Services, ada: UserRecord):
    token = begin_sign_in(both_services, ada, browser="Firefox on Linux")
    other = begin_sign_in(both_services, ada, browser="Safari on iPhone")
    end_presence(both_services, token)
    assert presence_of(both_services, token) is None
    assert presence(both_services, other).user == ada
    assert presence_of(both_services, "made up") is None


def test_it_ends_by_itself_after_its_whole_time_and_when_idle(
    both_services: Services, ada: UserRecord, clock: FakeClock
):
    idle = begin_sign_in(both_services, ada, browser="a")
    busy = begin_sign_in(both_services, ada, browser="b")
    for _ in range(11):
        clock.move(hours=1)
        assert presence_of(both_services, busy) is not None
    assert presence_of(both_services, idle) is None
    clock.move(minutes=59)
    assert presence_of(both_services, busy) is not None
    clock.move(minutes=1)
    assert presence_of(both_services, busy) is None
    # The next one to sign in finds the old rows gone.
    begin_sign_in(both_services, ada, browser="c")
    clock.move(days=-1)
    assert [entry.browser for entry in list_sign_ins(both_services, "ada")] == ["c"]


def test_only_tokens_digests_are_kept(both_services: Services, ada: UserRecord):
    from sqlalchemy import select

    from study_server.store.tables import SignIn

    token = begin_sign_in(both_services, ada, browser="a")
    with both_services.store.read() as tx:
        kept = tx.scalars(select(SignIn)).one()
    assert token not in kept.token_digest
    assert len(kept.token_digest) == 64


def test_one_is_ended_or_all_others(both_services: Services, ada: UserRecord):
    tokens = [begin_sign_in(both_services, ada, browser=word) for word in "abcd"]
    first, second, *_ = [presence(both_services, token) for token in tokens]
    bob = add_user(both_services, "bob", password=PASSWORD)
    bobs = begin_sign_in(both_services, bob, browser="x")
    # Nobody ends what is somebody else's.
    theirs = presence(both_services, bobs).sign_in.id
    end_sign_in(both_services, "ada", sign_in_id=theirs)
    assert presence_of(both_services, bobs) is not None
    end_sign_in(both_services, "ada", sign_in_id=first.sign_in.id)
    assert end_sign_ins(both_services, "ada", but=second.sign_in.id) == 2
    assert [entry.browser for entry in list_sign_ins(both_services, "ada")] == ["b"]
    assert end_sign_ins(both_services, "ada") == 1
    with pytest.raises(AccountError, match="no user 'cy'"):
        list_sign_ins(both_services, "cy")


def test_changing_ones_password_asks_the_old_one_and_ends_the_others(
    both_services: Services, ada: UserRecord
):
    here, there = (begin_sign_in(both_services, ada, browser=word) for word in "ab")
    mine = presence(both_services, here)
    for old, new, words in (
        ("wrong password", "a new password", "that is not your password"),
        (PASSWORD, "short", "new password: expected 10 to 1000"),
        (PASSWORD, PASSWORD, "is the old one"),
    ):
        with pytest.raises(AccountError, match=words):
            change_own_password(both_services, mine, old=old, new=new)
    assert presence_of(both_services, there) is not None
    n = change_own_password(both_services, mine, old=PASSWORD, new="a new password")
    assert n == 1
    assert presence_of(both_services, here) is not None
    assert presence_of(both_services, there) is None
    assert check_password(both_services, "ada", "a new password")
    assert check_password(both_services, "ada", PASSWORD) is None
