"""A marketplace in a thread, with a clock to turn and workers without a browser."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from study_server.marketplace.app import create_marketplace
from study_server.marketplace.fault_injection import FaultPlan
from study_server.marketplace.opening import Marketplace, open_marketplace
from study_server.marketplace.people import add_requester
from study_server.marketplace.settings import MarketplaceSettings, ShiftedClock
from tests.local_server import served

ACCESS_KEY = "AKIATESTTESTTESTTEST"
SECRET_KEY = "a-secret-that-is-only-for-tests"  # noqa: S105
ADMIN_TOKEN = "admin-token-for-tests"  # noqa: S105

EXTERNAL = (
    '<ExternalQuestion xmlns="http://mechanicalturk.amazonaws.com/'
    'AWSMechanicalTurkDataSchemas/2006-07-14/ExternalQuestion.xsd">'
    "<ExternalURL>{url}</ExternalURL><FrameHeight>600</FrameHeight></ExternalQuestion>"
)
HTML = (
    '<HTMLQuestion xmlns="http://mechanicalturk.amazonaws.com/'
    'AWSMechanicalTurkDataSchemas/2011-11-11/HTMLQuestion.xsd">'
    "<HTMLContent><![CDATA[{html}]]></HTMLContent><FrameHeight>450</FrameHeight>"
    "</HTMLQuestion>"
)


@dataclass(frozen=True, kw_only=True)
class LiveMarketplace:
    """A running marketplace.

    Attributes:
        url: Its address; the value of AWS_ENDPOINT_URL_MTURK.
        market: Store, clock and faults, to look into.
        access_key: Of the requester "tester".
        secret_key: Of the same.
    """

    url: str
    market: Marketplace
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY
    _http: httpx.Client = field(repr=False)

    def client(self, *, max_attempts: int = 1, **options: Any) -> Any:
        """A boto3 client; it does not retry unless told to."""
        config = Config(
            retries={"total_max_attempts": max_attempts, "mode": "standard"},
            connect_timeout=5,
            read_timeout=20,
        )
        options = {
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "region_name": "us-east-1",
            "endpoint_url": self.url,
            "config": config,
            **options,
        }
        return _session().client("mturk", **options)

    def requester_client(self, name: str, *, balance_cents: int = 10_000_00) -> Any:
        """A client of another requester, who is added."""
        with self.market.store.write() as tx:
            made = add_requester(
                tx, name, balance_cents=balance_cents, at=self.market.clock()
            )
        return self.client(
            aws_access_key_id=made.access_key, aws_secret_access_key=made.secret_key
        )

    def add_worker(self, **profile: Any) -> Worker:
        """A new worker: country, subdivision, is_master, n_approved_before, ..."""
        reply = self.admin("/admin/workers", profile)
        return Worker(live=self, id=reply["WorkerId"])

    def advance(self, seconds: float) -> datetime:
        """Move the marketplace's time on; everything due by then happens."""
        return datetime.fromisoformat(
            self.admin("/admin/clock", {"seconds": seconds})["now"]
        )

    def set_faults(self, **values: Any) -> None:
        """Change what goes wrong: throttle_rate, lost_reply_rate, seed, ..."""
        self.admin("/admin/faults", values)

    def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        self.market.faults.plan = FaultPlan()

    def deliver(self) -> int:
        """Deliver waiting notifications now; how many were sent."""
        return int(self.admin("/admin/deliver", {})["delivered"])

    def admin(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Post to the admin routes; raises RefusedError with the words of a refusal."""
        reply = self._http.post(path, json=dict(body))
        if reply.is_error:
            raise RefusedError(reply.json()["error"])
        read: dict[str, Any] = reply.json()
        return read


@cache
def _session() -> boto3.Session:
    """One for all tests: reading the service model takes longer than most of them."""
    return boto3.Session()


@cache
def _certificates() -> ssl.SSLContext:
    """One for all tests, none of which needs it: reading them takes long."""
    return ssl.create_default_context()


class RefusedError(Exception):
    """The marketplace said no, in words."""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A worker acting over HTTP, without a browser."""

    live: LiveMarketplace = field(repr=False)
    id: str

    def accept(self, hit_id: str) -> str:
        """Take a HIT; gives the AssignmentId."""
        return str(self._act("accept", HITId=hit_id)["AssignmentId"])

    def submit(
        self,
        assignment_id: str,
        answers: Mapping[str, str] | None = None,
        *,
        answer_xml: str | None = None,
    ) -> None:
        """Hand in answers by field name, or a whole document, well-formed or not."""
        self._act(
            "submit",
            AssignmentId=assignment_id,
            answers=dict(answers or {"answer": "yes"}),
            **({} if answer_xml is None else {"answer_xml": answer_xml}),
        )

    def do(self, hit_id: str, answers: Mapping[str, str] | None = None) -> str:
        """Accept and submit at once; gives the AssignmentId."""
        assignment_id = self.accept(hit_id)
        self.submit(assignment_id, answers)
        return assignment_id

    def give_back(self, assignment_id: str) -> None:
        """Return an assignment unfinished."""
        self._act("return", AssignmentId=assignment_id)

    def preview(self, hit_id: str) -> None:
        """Look at a HIT without taking it."""
        self._act("preview", HITId=hit_id)

    def ask(self, type_id: str, *, answer_xml: str | None = None) -> str:
        """Request a Qualification; gives the request's status."""
        extra = {} if answer_xml is None else {"answer_xml": answer_xml}
        reply = self._act("ask-qualification", QualificationTypeId=type_id, **extra)
        return str(reply["Status"])

    def _act(self, action: str, **body: Any) -> dict[str, Any]:
        return self.live.admin(f"/admin/workers/{self.id}/{action}", body)


@contextmanager
def serving_marketplace(
    folder: Path,
    *,
    database_url: str | None = None,
    sqs_endpoint: str | None = None,
    balance_cents: int = 10_000_00,
    clock: ShiftedClock | None = None,
    faults: FaultPlan | None = None,
    base_url: str = "",
) -> Iterator[LiveMarketplace]:
    """A marketplace at a free port of this machine, with the requester "tester".

    Args:
        folder: Where the database goes, unless `database_url` says otherwise.
        database_url: Another database.
        sqs_endpoint: Where notifications go.
        balance_cents: What the requester has.
        clock: The time the marketplace lives by.
        faults: What goes wrong from the start.
        base_url: Its public address; whatever requests name where left out.
    """
    settings = MarketplaceSettings(
        database_url=database_url or f"sqlite:///{folder / 'marketplace.sqlite3'}",
        base_url=base_url,
        secret_key="s" * 40,
        admin_token=ADMIN_TOKEN,
        sqs_endpoint=sqs_endpoint,
        faults=faults or FaultPlan(),
    )
    market = open_marketplace(settings, clock=clock)
    with market.store.write() as tx:
        add_requester(
            tx,
            "tester",
            balance_cents=balance_cents,
            at=market.clock(),
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
        )
    app = create_marketplace(market, has_courier=False)
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    try:
        with (
            served(app) as url,
            httpx.Client(
                base_url=url, headers=headers, timeout=20, verify=_certificates()
            ) as http,
        ):
            yield LiveMarketplace(url=url, market=market, _http=http)
    finally:
        market.store.close()


@pytest.fixture
def live_marketplace(tmp_path: Path) -> Iterator[LiveMarketplace]:
    """A marketplace of its own for one test; import it into a conftest."""
    with serving_marketplace(tmp_path) as found:
        yield found
