"""Lists of HITs, newest first."""

from __future__ import annotations

from typing import Any, Final

from study_server.marketplace.opening import ApiCall
from study_server.marketplace.protocol.lookup import (
    own_hit_type,
    page_size,
    qualification_type,
)
from study_server.marketplace.protocol.paging import read_token, write_page
from study_server.marketplace.protocol.structures import hit_structures
from study_server.marketplace.store import hits
from study_server.marketplace.store.list_pages import ListPage
from study_server.marketplace.store.tables import Hit


def list_hits(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """Every HIT but those disposed of."""
    page = hits.list_hits(
        call.tx,
        call.requester.id,
        after=read_token(request, of="ListHITs"),
        limit=page_size(request, 10),
    )
    return _write(call, page, request, of="ListHITs")


def list_reviewable_hits(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """HITs that are Reviewable, or Reviewing."""
    type_id = request.get("HITTypeId")
    page = hits.list_hits(
        call.tx,
        call.requester.id,
        after=read_token(request, of="ListReviewableHITs"),
        limit=page_size(request, 10),
        status=request.get("Status", "Reviewable"),
        hit_type=None if type_id is None else own_hit_type(call, type_id),
    )
    return _write(call, page, request, of="ListReviewableHITs")


def list_hits_for_qualification_type(
    call: ApiCall, request: dict[str, Any]
) -> dict[str, Any]:
    """HITs that ask for a Qualification."""
    kind = qualification_type(call, request["QualificationTypeId"])
    page = hits.list_asking_for(
        call.tx,
        call.requester.id,
        qualification_type_id=kind.public_id,
        after=read_token(request, of="ListHITsForQualificationType"),
        limit=page_size(request, 10),
    )
    return _write(call, page, request, of="ListHITsForQualificationType")


def _write(
    call: ApiCall, page: ListPage[Hit], request: dict[str, Any], *, of: str
) -> dict[str, Any]:
    shown = hit_structures(call.tx, page.rows, at=call.now)
    by_id = {hit["HITId"]: hit for hit in shown}
    return write_page(
        page, key="HITs", show=lambda hit: by_id[hit.public_id], request=request, of=of
    )


OPERATIONS: Final = {
    "ListHITs": list_hits,
    "ListReviewableHITs": list_reviewable_hits,
    "ListHITsForQualificationType": list_hits_for_qualification_type,
}
