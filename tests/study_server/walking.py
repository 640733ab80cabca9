"""A participant's way through the services, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from study_server.services import Services
from study_server.services.participation import admission, responding, taking_steps
from study_server.services.participation.trial_pages import BlockPage, Receipt
from study_server.services.studies.life import get_study
from study_server.services.studies.records import RecruitmentRecord
from study_server.store.tables import SessionTrial, Trial

PID = "5f1aaaaaaaaaaaaaaaaaaa01"


def recruitment(
    services: Services,
    recruiter: str = "link",
    *,
    environment: str = "live",
    study: str = "things",
) -> RecruitmentRecord:
    """The study's recruitment through one recruiter."""
    return next(
        entry
        for entry in get_study(services, study).recruitments
        if (entry.recruiter, entry.environment) == (recruiter, environment)
    )


def enter(services: Services, person: str = PID, *, study: str = "things") -> str:
    """Somebody comes through the link, always in their own browser; their token."""
    entry = admission.enter(
        services,
        recruitment(services, study=study).token,
        incoming={
            "PROLIFIC_PID": person,
            "SESSION_ID": f"visit-{person}",
            "visit": f"landing-page-of-{person}",
        },
    )
    return entry.token


def go_to_practice(services: Services, token: str) -> None:
    taking_steps.take_step(services, token, "consent", {"agree": "yes"})
    taking_steps.take_step(services, token, "warning")
    taking_steps.take_step(services, token, "instructions")
    taking_steps.take_step(
        services, token, "comprehension", {"question_0": "0", "question_1": "1"}
    )


def payload(
    trial: str, answer: str = "yes", *, key: str | None = None, rt_ms: float = 900.0
) -> dict[str, Any]:
    return {
        "key": key or str(uuid4()),
        "trial": trial,
        "response": {"relevant": answer},
        "rt_ms": rt_ms,
        "events": [{"kind": "onset", "at_ms": 12.5, "slot": "target"}],
        "context": {"css_width": 224, "device_pixel_ratio": 2.0},
    }


def failed_payload(trial: str) -> dict[str, Any]:
    return {
        "key": str(uuid4()),
        "trial": trial,
        "response": None,
        "rt_ms": None,
        "events": [{"kind": "failed", "at_ms": 8000.0, "slot": "target"}],
        "context": {},
    }


def keys_of(services: Services, page: BlockPage) -> Mapping[str, str]:
    """Trial token to the right answer; "yes" where there is no key."""
    with services.store.read() as tx:
        rows = tx.execute(
            select(SessionTrial.token, Trial.key)
            .join(Trial, Trial.id == SessionTrial.trial_id)
            .where(SessionTrial.token.in_([trial.token for trial in page.trials]))
        ).all()
    return {token: (key or {}).get("relevant", "yes") for token, key in rows}


def do_block(
    services: Services, token: str, *, is_careful: bool = True
) -> list[Receipt]:
    """Answer what there is to do now; careless people get every catch wrong."""
    page = responding.load_block(services, token)
    right = keys_of(services, page)
    other = {"yes": "no", "no": "yes"}
    return [
        responding.take_response(
            services,
            token,
            payload(
                trial.token,
                right[trial.token] if is_careful else other[right[trial.token]],
            ),
        )
        for trial in page.trials
        if not trial.is_done
    ]


def go_all_the_way(
    services: Services, person: str, *, is_careful: bool = True, study: str = "things"
) -> str:
    """From the link to the survey."""
    token = enter(services, person, study=study)
    go_to_practice(services, token)
    do_block(services, token)
    do_block(services, token, is_careful=is_careful)
    return token
