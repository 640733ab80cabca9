"""A study on a marketplace of this machine, and its people without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from study_server.errors import AdmissionError
from study_server.recruiters.market import Spot
from study_server.recruiters.mturk import gateway
from study_server.services import Services
from study_server.services.market import posting
from study_server.services.market.posting import PostReport
from study_server.services.market.recruitment import MarketRecruitment, load_recruitment
from study_server.services.participation import admission, taking_steps
from study_server.services.studies.life import create_study, freeze_study, open_study
from study_server.store.market import assignments, ledger, postings
from study_server.store.market.assignments import HandedInWork
from study_server.store.tables import Hit, LedgerEntry, MarketAccount
from tests.marketplace_server import LiveMarketplace, Worker
from tests.study_server.walking import do_block, go_to_practice

STUDY = """
[study]
name = "things"
title = "Is it there?"
paradigm = "relevance"
seed = 7
[design]
responses_per_trial = {n_responses}
trials_per_block = 6
n_practice = 2
{design}
[analysis]
agreement = 2
[recruiter.mturk]
title = "Look at images"
description = "Say what you see"
keywords = ["images", "judgment"]
reward = "1.20"
minutes = 6.0
cap = "{cap}"
{section}
"""


@dataclass
class World:
    """Our server's services, the marketplace, and the study "things" on it."""

    services: Services
    live: LiveMarketplace
    recruitment: MarketRecruitment
    assignments: dict[str, tuple[Worker, str, str]] = field(default_factory=dict)

    def post(self, **options: Any) -> PostReport:
        return posting.post(self.recruitment, agrees=lambda _quote: True, **options)

    def hits(self) -> list[dict[str, Any]]:
        """What the marketplace itself has, newest last."""
        found: list[dict[str, Any]] = []
        client = self.live.client(max_attempts=8)
        for page in client.get_paginator("list_hits").paginate(MaxResults=100):
            found += page["HITs"]
        return found[::-1]

    def assignments_of(self, hit_id: str) -> list[dict[str, Any]]:
        client = self.live.client(max_attempts=8)
        pages = client.get_paginator("list_assignments_for_hit").paginate(HITId=hit_id)
        return [entry for page in pages for entry in page["Assignments"]]

    def bonuses(self) -> list[dict[str, Any]]:
        client = self.live.client(max_attempts=8)
        return [
            paid
            for hit in self.hits()
            for page in client.get_paginator("list_bonus_payments").paginate(
                HITId=hit["HITId"]
            )
            for paid in page["BonusPayments"]
        ]

    def open_hits(self) -> list[str]:
        return [
            hit["HITId"]
            for hit in self.hits()
            if hit["HITStatus"] == "Assignable" and hit["NumberOfAssignmentsAvailable"]
        ]

    def come(self, worker: Worker, assignment: str, hit_id: str) -> str:
        """Open the frame and come in; our address of the person."""
        entry = admission.enter(
            self.services,
            self.recruitment.token,
            incoming={
                "assignmentId": assignment,
                "hitId": hit_id,
                "workerId": worker.id,
                "turkSubmitTo": self.live.url,
                "visit": f"landing-page-of-{worker.id}",
            },
        )
        return entry.token

    def work(
        self, worker: Worker, hit_id: str, *, is_careful: bool = True
    ) -> str | None:
        """Accept, do the block in the frame and hand in; None if there was no room."""
        assignment = worker.accept(hit_id)
        try:
            token = self.come(worker, assignment, hit_id)
        except AdmissionError:
            worker.give_back(assignment)
            return None
        self.walk(token, is_careful=is_careful)
        worker.submit(assignment, {"secondlook": "completed"})
        return assignment

    def walk(self, token: str, *, is_careful: bool = True) -> None:
        step = taking_steps.current_step(self.services, token)
        if step.name == "consent":
            go_to_practice(self.services, token)
            do_block(self.services, token)
        do_block(self.services, token, is_careful=is_careful)
        taking_steps.take_step(self.services, token, "survey", {})
        taking_steps.take_step(self.services, token, "debriefing")

    def everything(self) -> list[HandedInWork]:
        with self.services.store.read() as tx:
            return assignments.work_of(tx, self.recruitment.id)

    def account(self) -> MarketAccount:
        with self.services.store.read() as tx:
            found = ledger.find_account(tx, self.recruitment.id)
        assert found is not None
        return found

    def entries(self) -> list[LedgerEntry]:
        with self.services.store.read() as tx:
            return list(ledger.entries_of(tx, self.recruitment.id))

    def rows(self) -> list[Hit]:
        with self.services.store.read() as tx:
            return list(postings.hits_of(tx, self.recruitment.id))

    def balance_minor(self) -> int:
        client = self.live.client(max_attempts=8)
        amount = client.get_account_balance()["AvailableBalance"]
        return round(float(amount) * 100)


def make_world(
    services: Services,
    live: LiveMarketplace,
    *,
    folder: Path,
    stimuli: Path,
    design: str = "",
    section: str = "",
    max_attempts: int = 6,
    n_responses: int = 2,
    cap: str = "100",
) -> World:
    """The study "things", open, and its place in the sandbox."""
    path = folder / "things.toml"
    path.write_text(
        STUDY.format(design=design, section=section, n_responses=n_responses, cap=cap)
    )
    create_study(services, path, stimuli=stimuli)
    freeze_study(services, "things")
    open_study(services, "things")
    return World(
        services=services,
        live=live,
        recruitment=recruitment_at(services, live, max_attempts),
    )


def recruitment_at(
    services: Services, live: LiveMarketplace, max_attempts: int = 6
) -> MarketRecruitment:
    market_ = gateway.MTurkMarket(
        endpoint=live.url,
        client=live.client(max_attempts=max_attempts),
        sleep=lambda _seconds: None,
    )
    return load_recruitment(services, "things", spot=Spot(), market=market_)


def answer_xml(fields: dict[str, str]) -> str:
    """QuestionFormAnswers as the market writes them."""
    inner = "".join(
        f"<Answer><QuestionIdentifier>{escape(name)}</QuestionIdentifier>"
        f"<FreeText>{escape(value)}</FreeText></Answer>"
        for name, value in fields.items()
    )
    return f"<QuestionFormAnswers>{inner}</QuestionFormAnswers>"


@contextmanager
def keys_in(monkeypatch: Any, live: LiveMarketplace) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", live.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", live.secret_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL_MTURK", live.url)
    yield
