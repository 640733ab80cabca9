import pytest

from study_server.services.accounts import (
    AccountError,
    add_user,
    check_password,
    has_session,
    list_users,
    remove_user,
)

PASSWORD = "correct horse battery"  # noqa: S105 - nobody's


def test_name_and_password_must_belong_together(empty):
    added = add_user(empty, "ada@example.org", password=PASSWORD)
    assert check_password(empty, "ada@example.org", PASSWORD) == added
    assert check_password(empty, "ada@example.org", PASSWORD + " ") is None
    assert check_password(empty, "bob", PASSWORD) is None
    assert check_password(empty, "ada@example.org", "") is None
    assert check_password(empty, "ada@example.org", "x" * 10_000_000) is None


def test_passwords_are_kept_as_scrypt_hashes_only(empty):
    add_user(empty, "ada", password=PASSWORD)
    add_user(empty, "bob", password=PASSWORD)
    stored = b"".join(
        path.read_bytes() for path in empty.settings.data_dir.glob("*.sqlite3*")
    )
    assert PASSWORD.encode() not in stored
    assert stored.count(b"scrypt:") >= 2


def test_every_problem_is_said_at_once(empty):
    with pytest.raises(AccountError) as caught:
        add_user(empty, "no spaces", password="short")
    assert "user name: expected" in str(caught.value)
    assert "password: expected 10 to 1000 characters, got 5" in str(caught.value)
    assert list_users(empty) == []


def test_a_user_is_replaced_only_when_asked(empty):
    add_user(empty, "ada", password=PASSWORD)
    with pytest.raises(AccountError, match="already; --replace"):
        add_user(empty, "ada", password="another password")
    assert check_password(empty, "ada", PASSWORD)
    add_user(empty, "ada", password="another password", replace=True)
    assert check_password(empty, "ada", PASSWORD) is None
    assert check_password(empty, "ada", "another password")
    assert list_users(empty) == ["ada"]


def test_a_new_password_ends_the_sessions_of_the_old_one(empty):
    first = add_user(empty, "ada", password=PASSWORD)
    assert has_session(empty, user_id=first.id, stamp=first.stamp)
    # Even the same password again: its salt is new.
    second = add_user(empty, "ada", password=PASSWORD, replace=True)
    assert second.id == first.id
    assert not has_session(empty, user_id=first.id, stamp=first.stamp)
    assert has_session(empty, user_id=second.id, stamp=second.stamp)
    remove_user(empty, "ada")
    assert not has_session(empty, user_id=second.id, stamp=second.stamp)
    assert check_password(empty, "ada", PASSWORD) is None
    with pytest.raises(AccountError, match="nobody yet"):
        remove_user(empty, "ada")
