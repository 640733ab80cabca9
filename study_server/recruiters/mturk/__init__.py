"""Paid people of a market that speaks the protocol of Mechanical Turk.

Amazon closed Mechanical Turk on 30 September 2026; the protocol lives on in the
marketplace of this package (`secondlook marketplace start`), which is the sandbox.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from study_server.errors import IdentityError, MarketAwayError
from study_server.recruiters.base import (
    Environment,
    GiveBack,
    Handoff,
    Identity,
    IdRule,
    Leaving,
    PostForm,
    SectionStarter,
    Visit,
    Waiting,
    is_same_visit,
)
from study_server.recruiters.market import (
    Market,
    MarketQuestion,
    PostingNotice,
    Spot,
    WorkOffer,
)
from study_server.recruiters.mturk import notifications
from study_server.recruiters.mturk.answers import read_answers
from study_server.recruiters.mturk.fees import bonus_fee_minor, reward_fee_minor
from study_server.recruiters.mturk.questions import external_question, html_question
from study_server.recruiters.mturk.requirements import requirements
from study_server.recruiters.mturk.section import MTurkSection
from study_server.recruiters.sections import is_local

NOT_YET: Final = "ASSIGNMENT_ID_NOT_AVAILABLE"
SUBMIT_PATH: Final = "/mturk/externalSubmit"
LIVE_ENDPOINT: Final = "https://mturk-requester.us-east-1.amazonaws.com"
WORKER_SITES: Final = ("https://www.mturk.com", "https://workersandbox.mturk.com")
LOCAL_SITES: Final = ("http://127.0.0.1:*", "http://localhost:*")
ENDPOINT_VARIABLE: Final = "AWS_ENDPOINT_URL_MTURK"
_RULE: Final = IdRule(
    pattern=re.compile(r"[A-Za-z0-9]+"), expected="letters and digits"
)

STARTERS: Final = (
    SectionStarter(
        name="mturk",
        text="""[recruiter.mturk]         # any market that speaks its protocol: docs/mturk.md
title = "Look at images and say what you see"      # in the market's list
description = "You see images one at a time and answer a question about each."
keywords = ["images", "research", "judgment"]
reward = "1.20"           # dollars per block, as text
minutes = 6.0             # how long a block takes, as you estimate
floor_per_hour = "12.00"  # posting below it needs a written reason
cap = "100.00"            # dollars, never exceeded, fees included
""",
    ),
)


@dataclass(frozen=True, kw_only=True)
class MTurk:
    """The market names people, pays them, and shows our pages in its own."""

    name: str = "mturk"
    currency: str = "USD"
    section_type: type[MTurkSection] = MTurkSection
    starters: tuple[SectionStarter, ...] = STARTERS
    environments: tuple[Environment, ...] = ("sandbox", "live", "pilot")
    learns: str = (
        "server to server: `hit sync` asks the market which worker handed in "
        "which assignment, and binds it to the session that worker began under "
        "it; there is no code"
    )

    def n_personal_links(self, section: MTurkSection) -> int:
        """None: the address carries the id."""
        return 0

    def is_open(self, section: MTurkSection) -> bool:
        """Whether the browser's own memory may say who somebody is."""
        return False

    def is_preview(self, section: MTurkSection, visit: Visit) -> bool:
        """Whether the HIT is only looked at: no assignment yet, and nobody named."""
        given = visit.parameters.get("assignmentId", "")
        return given == NOT_YET or (
            not given
            and "workerId" not in visit.parameters
            and "hitId" in visit.parameters
        )

    def framed_by(self, section: MTurkSection) -> tuple[str, ...]:
        """The worker sites: Amazon's old ones, those of the section, this machine."""
        return (*WORKER_SITES, *section.worker_sites, *LOCAL_SITES)

    def id_rule(self, issuer: str) -> IdRule | None:
        """The market's own ids."""
        return _RULE if issuer == self.name else None

    def is_secret(self, section: MTurkSection) -> bool:
        """No: ids of workers are known to many."""
        return False

    def takes_over(
        self,
        section: MTurkSection,
        visit_ids: Mapping[str, str],
        *,
        earlier: Sequence[Mapping[str, str]],
    ) -> bool:
        """Only the very assignment, and only where the section says so."""
        return section.other_browser == "same-visit" and is_same_visit(
            visit_ids, earlier
        )

    def identify(self, section: MTurkSection, visit: Visit) -> Identity:
        """The worker, and the market's names of assignment and HIT.

        Raises:
            IdentityError: If one is missing or malformed, or the work would be
                handed in at a site that is not the market's.
        """
        worker = _given(visit, "workerId")
        assignment = _given(visit, "assignmentId")
        if worker is None or assignment is None or assignment == NOT_YET:
            raise IdentityError(
                "the address lacks workerId or assignmentId, which the market adds "
                "once the HIT is accepted; please accept it there first"
            )
        ids = {"session": assignment}
        hit = _given(visit, "hitId")
        if hit is not None:
            ids["study"] = hit
        ids["site"] = _site(section, visit.parameters.get("turkSubmitTo", ""))
        return Identity(issuer=self.issuer(section), external_id=worker, visit_ids=ids)

    def finish(
        self,
        section: MTurkSection,
        visit_ids: Mapping[str, str],
        *,
        code: str | None = None,
    ) -> Handoff:
        """Hand the assignment in at the market's site."""
        return _hand_in(visit_ids, outcome="completed")

    def hold(self, section: MTurkSection, visit_ids: Mapping[str, str]) -> Waiting:
        """Hand the assignment in: nothing pays it before a person or the market does."""
        return _hand_in(visit_ids, outcome="held")

    def leave(
        self,
        section: MTurkSection,
        visit_ids: Mapping[str, str],
        *,
        has_begun: bool = False,
    ) -> Leaving:
        """Give the HIT back; or hand it in, where the study pays for that too."""
        if section.pay_screened_out == "full" or (has_begun and section.pays_leavers):
            return _hand_in(visit_ids, outcome="left")
        return GiveBack(site="the market")

    def issuer(self, section: MTurkSection) -> str:
        """One issuer of worker ids: a person is the same in sandbox and live."""
        return self.name

    def endpoint(self, section: MTurkSection, spot: Spot) -> str:
        """Where the market is.

        Live never follows the variable that points scripts at a sandbox.

        Raises:
            MarketAwayError: If the sandbox has no address.
        """
        if spot.endpoint is not None:
            return spot.endpoint.rstrip("/")
        if spot.is_live:
            return LIVE_ENDPOINT
        given = os.environ.get(ENDPOINT_VARIABLE, "").rstrip("/")
        if not given:
            raise MarketAwayError(
                "the sandbox has no address: start one with `secondlook marketplace "
                f"start` and set {ENDPOINT_VARIABLE} to the address it prints, or "
                "give --endpoint (Amazon's own sandbox is gone)"
            )
        return given

    def connect(self, section: MTurkSection, spot: Spot) -> Market:
        """The market over boto3."""
        # boto3 takes a moment to load, and no participant's page needs it.
        from study_server.recruiters.mturk import gateway

        return gateway.connect(self.endpoint(section, spot))

    def offer(
        self, section: MTurkSection, *, spot: Spot, absent: tuple[str, ...]
    ) -> WorkOffer:
        """The HIT type."""
        return WorkOffer(
            title=section.title,
            description=section.description,
            keywords=", ".join(section.keywords),
            reward_minor=section.reward_minor,
            assignment_s=section.assignment_minutes * 60,
            auto_approval_s=section.auto_approval_hours * 3600,
            requirements=requirements(section, is_live=spot.is_live, absent=absent),
        )

    def frame_question(self, url: str) -> MarketQuestion:
        """ExternalQuestion."""
        return external_question(url)

    def page_question(self, html: str) -> MarketQuestion:
        """HTMLQuestion."""
        return html_question(html)

    def read_answer(self, raw: str) -> Mapping[str, str]:
        """QuestionFormAnswers."""
        return read_answers(raw)

    def fee_minor(self, section: MTurkSection, *, n_assignments: int) -> int:
        """The fee in cents on one reward of a HIT with so many assignments."""
        return reward_fee_minor(
            section.reward_minor,
            n_assignments=n_assignments,
            needs_masters=section.masters,
        )

    def bonus_fee_minor(self, section: MTurkSection, bonus_minor: int) -> int:
        """The fee in cents on a bonus."""
        return bonus_fee_minor(bonus_minor)

    def read_notification(self, body: bytes) -> PostingNotice:
        """The HITs a notification is about."""
        return notifications.read_notification(body)

    def poll(self, section: MTurkSection, spot: Spot) -> tuple[PostingNotice, ...]:
        """Notices in the section's SQS queue; none where it has no queue."""
        from study_server.recruiters.mturk import gateway

        queue = section.notification_queue
        if queue is None:
            return ()
        parts = urlsplit(queue)
        own = f"{parts.scheme}://{parts.netloc}"
        is_amazon = (parts.hostname or "").endswith(".amazonaws.com")
        return gateway.poll_queue(queue, endpoint=None if is_amazon else own)


def _given(visit: Visit, name: str) -> str | None:
    value = visit.parameters.get(name, "").strip()
    return value if value == NOT_YET else _RULE.read(value, name=name)


def _site(section: MTurkSection, url: str) -> str:
    """Where the work is handed in; never just anywhere the address says."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    is_ours = parts.scheme == "http" and is_local(url)
    if origin not in (*WORKER_SITES, *section.worker_sites) and not is_ours:
        raise IdentityError(
            "turkSubmitTo in the address is not the site of a market this study "
            "knows; the study's owner adds it to worker_sites"
        )
    return origin


def _hand_in(visit_ids: Mapping[str, str], *, outcome: str) -> PostForm:
    return PostForm(
        url=visit_ids.get("site", WORKER_SITES[0]) + SUBMIT_PATH,
        fields={
            "assignmentId": visit_ids.get("session", ""),
            "secondlook": outcome,
        },
    )


mturk: Final = MTurk()
