"""What review policies found and did."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from study_server.marketplace.opening import ApiCall
from study_server.marketplace.protocol.lookup import own_hit, page_size
from study_server.marketplace.protocol.paging import read_token, write_token
from study_server.marketplace.store import reviews
from study_server.marketplace.store.tables import Hit, Review

_NAME: Final = "ListReviewPolicyResultsForHIT"
_LEVELS: Final = ("Assignment", "HIT")


def list_review_policy_results_for_hit(
    call: ApiCall, request: dict[str, Any]
) -> dict[str, Any]:
    """Results and actions of both levels, or of one."""
    hit = own_hit(call, request["HITId"])
    levels = request.get("PolicyLevels") or list(_LEVELS)
    wanted = {"result": "RetrieveResults", "action": "RetrieveActions"}
    page = reviews.list_reviews(
        call.tx,
        hit.id,
        levels=levels,
        kinds=[kind for kind, name in wanted.items() if request.get(name, True)],
        after=read_token(request, of=_NAME),
        limit=page_size(request, 10),
    )
    reply: dict[str, Any] = {"HITId": hit.public_id}
    for level in levels:
        reply |= _level(hit, level, [row for row in page.rows if row.level == level])
    if page.after is not None:
        reply["NextToken"] = write_token(page.after, request, of=_NAME)
    return reply


def _level(hit: Hit, level: str, rows: list[Review]) -> dict[str, Any]:
    """The policy of a level and what it did; nothing where there is none."""
    is_hits = level == "HIT"
    policy = hit.hit_review_policy if is_hits else hit.assignment_review_policy
    if not policy:
        return {}
    return {
        f"{level}ReviewPolicy": {"PolicyName": policy["PolicyName"]},
        f"{level}ReviewReport": _report(rows),
    }


def _report(rows: list[Review]) -> dict[str, Any]:
    return {
        "ReviewResults": [row.detail for row in rows if row.kind == "result"],
        "ReviewActions": [_action(row) for row in rows if row.kind == "action"],
    }


def _action(row: Review) -> dict[str, Any]:
    done_at = datetime.fromisoformat(row.detail["CompleteTime"])
    return {**row.detail, "CompleteTime": done_at}


OPERATIONS: Final = {_NAME: list_review_policy_results_for_hit}
