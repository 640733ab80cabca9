import pytest

from study_server.services.accounts import (
    AccountError,
    add_user,
    check_password,
    list_users,
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
