"""The activity log says who did what, and is only ever added to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from study_server.services import Actor, Services
from study_server.services.accounts import activity
from study_server.services.accounts.users import (
    AccountError,
    add_user,
    change_role,
    note_failure,
    remove_user,
)
from study_server.services.bundles.exporting import export_study
from tests.study_server.conftest import open_things
from tests.study_server.walking import go_all_the_way

PASSWORD = "correct horse battery"  # noqa: S105 - nobody's


def said(services: Services, **options):
    return [
        (entry.actor, entry.action, entry.subject, entry.detail)
        for entry in reversed(activity.list_activity(services, **options))
    ]


@pytest.fixture
def by_root(both_services: Services) -> Services:
    return replace(both_services, actor=Actor(name="root", source="command"))


def test_what_is_done_to_users_is_written_down_with_who_did_it(by_root: Services):
    add_user(by_root, "ada", password=PASSWORD)
    by_ada = replace(by_root, actor=Actor(name="ada", source="web"))
    add_user(by_ada, "bob", password=PASSWORD)
    change_role(by_ada, "bob", role="editor")
    remove_user(by_ada, "bob")
    # What cannot be done leaves no trace of having been done.
    with pytest.raises(AccountError):
        change_role(by_ada, "ada", role="viewer")
    note_failure(by_ada, "ada")
    note_failure(by_ada, "my password by mistake")
    assert said(by_root) == [
        ("root", "user added", "ada", "owner"),
        ("ada", "user added", "bob", "viewer"),
        ("ada", "role changed", "bob", "viewer to editor"),
        ("ada", "user removed", "bob", ""),
        ("ada", "sign-in failed", "ada", ""),
        ("ada", "sign-in failed", "", "a name nobody has"),
    ]
    assert said(by_root, n=1) == said(by_root)[-1:]
    assert len(said(by_root, subject="bob")) == 3
    third = activity.list_activity(by_root)[3]
    assert said(by_root, before=third.id) == said(by_root)[:2]


def test_a_studys_life_is_written_down_without_its_people(
    by_root: Services, stimuli: Path, tmp_path: Path
):
    open_things(by_root, stimuli, folder=tmp_path)
    go_all_the_way(by_root, "anna")
    export_study(by_root, "things", out=tmp_path / "bundle")
    entries = activity.list_activity(by_root, subject="things")
    assert [entry.action for entry in reversed(entries)] == [
        "study created",
        "study frozen",
        "study opened",
        "study exported",
    ]
    assert entries[0].detail == "default to bundle"
    assert not any("anna" in str(entry) for entry in activity.list_activity(by_root))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE activity SET actor = 'bob'",
        "DELETE FROM activity",
        "DELETE FROM activity WHERE id = 1",
    ],
)
def test_the_database_refuses_to_change_or_delete_entries(by_root: Services, statement):
    add_user(by_root, "ada", password=PASSWORD)
    before = activity.list_activity(by_root)
    with (
        pytest.raises(IntegrityError, match="only ever added to"),
        by_root.store.write() as tx,
    ):
        tx.execute(text(statement))
    assert activity.list_activity(by_root) == before


@pytest.mark.postgres
def test_postgres_refuses_to_empty_the_log(postgres_url: str):
    from study_server.store import open_store

    store = open_store(postgres_url)
    with pytest.raises(IntegrityError, match="only ever added to"), store.write() as tx:
        tx.execute(text("TRUNCATE activity"))
    store.close()


def test_who_gets_around_the_triggers_breaks_the_chain(services: Services):
    for name in ("ada", "bob", "cy"):
        add_user(services, name, password=PASSWORD)
    assert activity.find_break(services) is None
    second = activity.list_activity(services)[1]
    with services.store.write() as tx:
        tx.execute(text("DROP TRIGGER activity_no_update"))
        tx.execute(text("DROP TRIGGER activity_no_delete"))
        tx.execute(
            text("UPDATE activity SET actor = 'x' WHERE id = :id"), {"id": second.id}
        )
    assert activity.find_break(services) == second.id
    with services.store.write() as tx:
        tx.execute(text("DELETE FROM activity WHERE id = :id"), {"id": second.id})
    assert activity.find_break(services) == second.id + 1


def test_many_who_write_at_once_make_one_chain(both_services: Services):
    def write(number: int) -> None:
        activity.note_now(both_services, "study exported", subject=f"s{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    entries = activity.list_activity(both_services)
    assert len({entry.digest for entry in entries}) == 24
    assert activity.find_break(both_services) is None
    assert activity.newest_digest(both_services) == entries[0].digest
