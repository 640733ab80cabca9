import pytest
from werkzeug.security import generate_password_hash

from study_server.database import passwords
from study_server.services.accounts.sign_ins import begin_sign_in, presence_of
from study_server.services.accounts.users import (
    AccountError,
    add_user,
    change_role,
    check_password,
    list_users,
    remove_user,
)
from study_server.store.accounts import users

PASSWORD = "correct horse battery"  # noqa: S105 - nobody's


def test_name_and_password_must_belong_together(empty):
    added = add_user(empty, "ada@example.org", password=PASSWORD)
    assert check_password(empty, "ada@example.org", PASSWORD) == added
    assert check_password(empty, "ada@example.org", PASSWORD + " ") is None
    assert check_password(empty, "bob", PASSWORD) is None
    assert check_password(empty, "ada@example.org", "") is None
    assert check_password(empty, "ada@example.org", "x" * 10_000_000) is None


def test_passwords_are_kept_as_argon2id_hashes_only(empty):
    add_user(empty, "ada", password=PASSWORD)
    add_user(empty, "bob", password=PASSWORD)
    stored = b"".join(
        path.read_bytes() for path in empty.settings.data_dir.glob("*.sqlite3*")
    )
    assert PASSWORD.encode() not in stored
    assert stored.count(b"$argon2id$") >= 2


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
    assert [user.name for user in list_users(empty)] == ["ada"]


def test_a_new_password_ends_the_sessions_of_the_old_one(empty):
    first = add_user(empty, "ada", password=PASSWORD)
    token = begin_sign_in(empty, first, browser="Firefox")
    found = presence_of(empty, token)
    assert found is not None
    assert found.user == first
    # Even the same password again.
    second = add_user(empty, "ada", password=PASSWORD, replace=True)
    assert second.id == first.id
    assert presence_of(empty, token) is None
    token = begin_sign_in(empty, second, browser="Firefox")
    remove_user(empty, "ada")
    assert presence_of(empty, token) is None
    assert check_password(empty, "ada", PASSWORD) is None
    with pytest.raises(AccountError, match="nobody yet"):
        remove_user(empty, "ada")


def test_a_password_kept_as_before_is_taken_and_kept_anew(empty):
    ada = add_user(empty, "ada", password=PASSWORD)
    old = generate_password_hash(PASSWORD, method="scrypt")
    with empty.store.write() as tx:
        users.set_password(tx, ada.id, password_hash=old)
    assert check_password(empty, "ada", "another password") is None
    assert kept_of(empty, "ada") == old
    assert check_password(empty, "ada", PASSWORD)
    assert kept_of(empty, "ada").startswith("$argon2id$")
    assert check_password(empty, "ada", PASSWORD)
    assert check_password(empty, "ada", "another password") is None


def test_unknown_names_cost_the_same_looks_as_known_ones(empty, monkeypatch):
    add_user(empty, "new", password=PASSWORD)
    looks: list[str] = []

    def counted(kind, look):
        def count(kept, password):
            looks.append(kind)
            return look(kept, password)

        return count

    for kind, name in (("argon2", "_is_argon2"), ("scrypt", "_is_scrypt")):
        monkeypatch.setattr(passwords, name, counted(kind, getattr(passwords, name)))

    def looks_of(name):
        looks.clear()
        check_password(empty, name, "wrong password")
        return sorted(looks)

    assert looks_of("new") == looks_of("nobody") == ["argon2"]
    with empty.store.write() as tx:
        old = generate_password_hash(PASSWORD, method="scrypt")
        users.save_user(tx, "old", password_hash=old, role="viewer", at=empty.clock())
    found = [looks_of(name) for name in ("new", "old", "nobody")]
    assert found == [["argon2", "scrypt"]] * 3


def kept_of(services, name):
    with services.store.read() as tx:
        user = users.find_user(tx, name)
    return "" if user is None else user.password_hash


def test_the_first_user_is_an_owner_and_others_read_until_told(empty):
    assert add_user(empty, "ada", password=PASSWORD).role == "owner"
    assert add_user(empty, "bob", password=PASSWORD).role == "viewer"
    assert add_user(empty, "cy", password=PASSWORD, role="editor").role == "editor"
    # A new password leaves the role as it is.
    assert add_user(empty, "cy", password=PASSWORD, replace=True).role == "editor"
    assert change_role(empty, "bob", role="owner").role == "owner"
    with pytest.raises(AccountError, match="role: expected owner, editor, viewer"):
        add_user(empty, "di", password=PASSWORD, role="king")


def test_there_is_always_an_owner(empty):
    add_user(empty, "ada", password=PASSWORD)
    add_user(empty, "bob", password=PASSWORD)
    for change in (
        lambda: change_role(empty, "ada", role="editor"),
        lambda: add_user(empty, "ada", password=PASSWORD, role="viewer", replace=True),
        lambda: remove_user(empty, "ada"),
    ):
        with pytest.raises(AccountError, match="ada is the only owner"):
            change()
    change_role(empty, "bob", role="owner")
    remove_user(empty, "ada")
    assert [user.name for user in list_users(empty)] == ["bob"]
