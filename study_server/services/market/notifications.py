"""Notifications of markets: hints where to look, never facts."""

from __future__ import annotations

from study_server.errors import UnknownRecruiterError
from study_server.recruiters.base import Notifies
from study_server.recruiters.registry import get_recruiter
from study_server.services import Services
from study_server.services.market.recruitment import MarketRecruitment
from study_server.store.market import postings


def take_notification(services: Services, recruiter_name: str, *, body: bytes) -> int:
    """Mark the postings a notification is about; how many of them are ours.

    Anybody can send one, so it only makes `sync` look there: work, decisions and
    money are always read from the market itself.

    Raises:
        UnknownRecruiterError: If there is none of that name, or it never notifies.
        MalformedAnswerError: If it is no notification.
    """
    recruiter = get_recruiter(recruiter_name)
    if not isinstance(recruiter, Notifies):
        raise UnknownRecruiterError(f"{recruiter_name} sends no notifications")
    notice = recruiter.read_notification(body)
    if not notice.hit_ids:
        return 0
    with services.store.write() as tx:
        return postings.notice(tx, recruiter_name, external_ids=sorted(notice.hit_ids))


def poll(recruitment: MarketRecruitment) -> int:
    """Read the recruiter's queue, where it has one; postings to look at."""
    if not isinstance(recruitment.recruiter, Notifies):
        return 0
    hit_ids = {
        hit_id
        for notice in recruitment.recruiter.poll(recruitment.section, recruitment.spot)
        for hit_id in notice.hit_ids
    }
    if not hit_ids:
        return 0
    with recruitment.services.store.write() as tx:
        return postings.notice(
            tx, recruitment.recruiter.name, external_ids=sorted(hit_ids)
        )
