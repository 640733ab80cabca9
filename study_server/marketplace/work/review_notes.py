"""What review policies found and did, kept as the API shows it."""

from __future__ import annotations

from datetime import datetime

from study_server.database.engine import Transaction
from study_server.marketplace.errors import RequestError
from study_server.marketplace.ids import new_id
from study_server.marketplace.store import reviews
from study_server.marketplace.store.tables import Assignment, Hit, Review


def note_result(
    tx: Transaction, assignment: Assignment, *, level: str, key: str, value: object
) -> None:
    """Keep what was found about an assignment."""
    detail = {
        "ActionId": new_id(),
        "SubjectId": assignment.public_id,
        "SubjectType": "Assignment",
        "Key": key,
        "Value": str(value),
    }
    review = Review(hit_id=assignment.hit_id, level=level, kind="result", detail=detail)
    reviews.add_review(tx, review)


def note_hit_result(
    tx: Transaction, hit: Hit, *, key: str, value: object, question: str = ""
) -> None:
    """Keep what was found about a HIT, or about one of its questions."""
    detail = {
        "ActionId": new_id(),
        "SubjectId": hit.public_id,
        "SubjectType": "HIT",
        "Key": key,
        "Value": str(value),
    }
    if question:
        detail["QuestionId"] = question
    review = Review(hit_id=hit.id, level="HIT", kind="result", detail=detail)
    reviews.add_review(tx, review)


def note_action(
    tx: Transaction,
    hit: Hit,
    *,
    level: str,
    name: str,
    target: tuple[str, str],
    at: datetime,
    failure: RequestError | None,
) -> None:
    """Keep what was done to a target (its id and its kind), or could not be."""
    detail = {
        "ActionId": new_id(),
        "ActionName": name,
        "TargetId": target[0],
        "TargetType": target[1],
        "Status": "Failed" if failure else "Succeeded",
        "CompleteTime": at.isoformat(),
        "Result": str(failure) if failure else "",
        "ErrorCode": failure.code if failure else None,
    }
    review = Review(hit_id=hit.id, level=level, kind="action", detail=detail)
    reviews.add_review(tx, review)
