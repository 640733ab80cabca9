"""The marketplace's own tables: versions, constraints, and lists that stay quick."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, event, insert, inspect, text, update
from sqlalchemy.exc import IntegrityError

from study_server.database.engine import make_engine, normal_url, open_store
from study_server.marketplace.store import hits, schema
from study_server.marketplace.store.deadlines import is_anything_due
from study_server.marketplace.store.tables import (
    Hit,
    HitType,
    MarketplaceBase,
    Requester,
)
from tests.marketplace_server import (
    ADMIN_TOKEN,
    LiveMarketplace,
    RefusedError,
    Worker,
    serving_marketplace,
)
from tests.study_server.marketplace.requests import DAY_S, balance, get, post

NOW = datetime(2026, 11, 1, tzinfo=UTC)
N_HITS = 20_000


@pytest.fixture(autouse=True)
def _databases_are_copies() -> None:
    """No: here the migrations themselves are tested."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'market.sqlite3'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"market_{time.time_ns()}"
    engine = create_engine(normal_url(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    base, _, query = server.partition("?")
    yield base.rsplit("/", 1)[0] + f"/{name}?{query}"


def test_migrations_go_up_and_down_and_agree_with_the_tables(url):
    schema.upgrade(url)
    assert schema.find_differences(url) == []
    schema.upgrade(url)
    schema.require_current(url)

    schema.downgrade(url, revision="base")

    engine = create_engine(normal_url(url))
    assert set(inspect(engine).get_table_names()) <= {schema.MIGRATIONS.version_table}
    engine.dispose()
    assert schema.current_revision(url) is None
    schema.upgrade(url)
    assert schema.find_differences(url) == []


def test_the_whole_way_on_both_engines(url, tmp_path):
    schema.upgrade(url)
    with serving_marketplace(tmp_path, database_url=url) as live:
        client = live.client()
        hit_id = post(client, MaxAssignments=2, UniqueRequestToken="t")["HITId"]
        worker, other = live.add_worker(), live.add_worker()
        done = worker.do(hit_id)
        other.accept(hit_id)
        live.advance(601)
        client.approve_assignment(AssignmentId=done)
        client.send_bonus(
            WorkerId=worker.id, AssignmentId=done, BonusAmount="1", Reason="fine"
        )
        live.advance(DAY_S)
        assert get(client, hit_id)["HITStatus"] == "Reviewable"
        client.delete_hit(HITId=hit_id)
        # 10,000 - 0.60 - 1.00 - 0.20
        assert [str(amount) for amount in balance(client)] == ["9998.20", "0.00"]


def test_many_at_once_post_once_and_take_no_more_than_there_is(url, tmp_path):
    schema.upgrade(url)
    with serving_marketplace(tmp_path, database_url=url) as live:
        client = live.client()

        def post_once(_: int) -> str | None:
            try:
                return str(
                    post(client, MaxAssignments=3, UniqueRequestToken="t")["HITId"]
                )
            except client.exceptions.RequestError as error:
                assert "already exists" in str(error)  # noqa: PT017 - in a thread
                return None

        people = [live.add_worker() for _ in range(6)]
        with ThreadPoolExecutor(6) as pool:
            (hit_id,) = filter(None, pool.map(post_once, range(6)))

            def take(worker: Worker) -> bool:
                try:
                    with httpx.Client(base_url=live.url, timeout=30) as http:
                        alone = replace(worker, live=replace(live, _http=admin(http)))
                        return bool(alone.accept(hit_id))
                except RefusedError:
                    return False

            assert sum(pool.map(take, people)) == 3
        found = get(client, hit_id)
        assert found["NumberOfAssignmentsPending"] == 3
        assert balance(client)[1] == Decimal("1.80")


def admin(http: httpx.Client) -> httpx.Client:
    """A client that may use the admin routes."""
    http.headers["Authorization"] = f"Bearer {ADMIN_TOKEN}"
    return http


def test_a_cent_cannot_be_lost(live: LiveMarketplace):
    with pytest.raises(IntegrityError), live.market.store.write() as tx:
        tx.execute(update(Requester).values(spent_cents=Requester.spent_cents + 1))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with 20,000 HITs of one requester."""
    url = f"sqlite:///{tmp_path_factory.mktemp('many') / 'market.sqlite3'}"
    schema.upgrade(url)
    engine = make_engine(url)
    with engine.begin() as connection:
        _fill(connection)
    engine.dispose()
    return url


def _fill(connection: Any) -> None:
    money = {"deposited_cents": 0, "available_cents": 0, "on_hold_cents": 0}
    connection.execute(
        insert(Requester).values(
            id=1,
            public_id="AR",
            name="r",
            access_key="k",
            secret_key="s",
            spent_cents=0,
            created_at=NOW,
            **money,
        )
    )
    connection.execute(
        insert(HitType).values(
            id=1,
            public_id="3T",
            group_id="3G",
            requester_id=1,
            digest="d",
            title="t",
            description="d",
            keywords="",
            reward_cents=1,
            auto_approval_delay_s=1,
            assignment_duration_s=60,
            requirements=[],
            is_for_masters=False,
            is_notifying=False,
            created_at=NOW,
        )
    )
    rows = [
        {
            "public_id": f"3H{n}",
            "requester_id": 1,
            "hit_type_id": 1,
            "question": "<q/>",
            "question_kind": "ExternalQuestion",
            "max_assignments": 1,
            "n_at_creation": 1,
            "n_pending": 0,
            "n_submitted": 0,
            "n_decided": 0,
            "held_cents": 0,
            "status": "Assignable" if n % 2 else "Reviewable",
            "review_status": "NotReviewed",
            "is_expired": False,
            "expires_at": NOW + timedelta(days=3650),
            "created_at": NOW,
        }
        for n in range(N_HITS)
    ]
    connection.execute(insert(Hit), rows)


def test_the_last_page_of_20_000_hits_costs_what_the_first_does(many: str):
    store = open_store(many)
    engine = store._engine
    plans: list[str] = []

    def explain(
        connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any
    ):
        if statement.startswith("SELECT market_hit.id"):
            rows = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", parameters
            )
            plans.append(" | ".join(str(row[3]) for row in rows))

    event.listen(engine, "before_cursor_execute", explain)
    with store.read() as tx:
        first = hits.list_hits(tx, 1, after=None, limit=100)
        seen, after = list(first.rows), first.after
        while after is not None:
            page = hits.list_hits(tx, 1, after=after, limit=100)
            seen, after = seen + page.rows, page.after
    event.remove(engine, "before_cursor_execute", explain)
    store.close()

    assert len({hit.public_id for hit in seen}) == N_HITS
    # Every page is a walk down one index from where the last ended: no scan of
    # the table, no sorting.
    # The page behind the last HIT is empty.
    assert len(plans) == N_HITS / 100 + 1
    for plan in plans:
        assert "SEARCH market_hit USING INDEX ix_market_hit_list" in plan, plan
        assert "SCAN market_hit" not in plan
        assert "TEMP B-TREE" not in plan


def test_time_finds_what_is_due_by_an_index(many: str):
    store = open_store(many)
    with store.read() as tx:
        started = time.thread_time()
        assert not is_anything_due(tx, at=NOW)
        took_s = time.thread_time() - started
    store.close()
    assert took_s < 0.05


def test_the_tables_are_named_apart_from_the_study_servers():
    assert all(name.startswith("market_") for name in MarketplaceBase.metadata.tables)
