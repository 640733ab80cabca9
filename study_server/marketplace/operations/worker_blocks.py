"""Workers whom a requester does not let work on their HITs."""

from __future__ import annotations

from typing import Any, Final

from study_server.marketplace.errors import RequestError
from study_server.marketplace.opening import ApiCall
from study_server.marketplace.protocol.lookup import (
    lock_account,
    page_size,
    some_worker,
)
from study_server.marketplace.protocol.paging import read_token, write_page
from study_server.marketplace.protocol.parameter_limits import check_limits
from study_server.marketplace.protocol.structures import block_structure
from study_server.marketplace.store import workers
from study_server.marketplace.store.tables import WorkerBlock

MAX_BLOCKS: Final = 100_000


def create_worker_block(call: ApiCall, request: dict[str, Any]) -> None:
    """Block a worker; a second time changes the reason."""
    check_limits(request)
    worker = some_worker(call, request["WorkerId"])
    lock_account(call)
    found = workers.find_block(
        call.tx, requester_id=call.requester.id, worker_id=worker.id
    )
    if found is not None:
        found.reason = request["Reason"]
        return
    if workers.count_blocks(call.tx, call.requester.id) >= MAX_BLOCKS:
        raise RequestError(
            "BlockedWorkerLimitExceeded",
            f"You can block up to {MAX_BLOCKS} workers.",
            rule="blocks",
        )
    block = WorkerBlock(
        requester_id=call.requester.id,
        worker=worker,
        reason=request["Reason"],
        blocked_at=call.now,
    )
    workers.add_block(call.tx, block)


def delete_worker_block(call: ApiCall, request: dict[str, Any]) -> None:
    """Unblock a worker; one who is not blocked stays so."""
    worker = some_worker(call, request["WorkerId"])
    workers.delete_block(call.tx, requester_id=call.requester.id, worker_id=worker.id)


def list_worker_blocks(call: ApiCall, request: dict[str, Any]) -> dict[str, Any]:
    """Everybody who is blocked, with the reason."""
    page = workers.list_blocks(
        call.tx,
        call.requester.id,
        after=read_token(request, of="ListWorkerBlocks"),
        limit=page_size(request, 10),
    )
    return write_page(
        page,
        key="WorkerBlocks",
        show=block_structure,
        request=request,
        of="ListWorkerBlocks",
    )


OPERATIONS: Final = {
    "CreateWorkerBlock": create_worker_block,
    "DeleteWorkerBlock": delete_worker_block,
    "ListWorkerBlocks": list_worker_blocks,
}
