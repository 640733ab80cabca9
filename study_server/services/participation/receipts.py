"""Receipts of erasures: sealed, so that none is made up, and recorded without a name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from study_server.services import Services
from study_server.services.accounts import sealing
from study_server.store import Transaction, erasures

Responses = Literal["keep", "delete"]


@dataclass(frozen=True, kw_only=True)
class ErasureReceipt:
    """What was erased; names the participant by our random id only.

    Attributes:
        participant: Our random id.
        erased_at: ISO 8601, UTC.
        responses: "keep" (without anything that names the person) or "delete".
        n_identities_deleted: Rows that named the person, 0 or 1.
        n_sessions: Sessions that are now nameless.
        n_responses_deleted: 0 where they were kept.
        n_responses_kept: 0 where they were deleted.
        n_survey_fields_deleted: What they wrote about themselves.
    """

    participant: str
    erased_at: str
    responses: Responses
    n_identities_deleted: int
    n_sessions: int
    n_responses_deleted: int
    n_responses_kept: int
    n_survey_fields_deleted: int

    def text(self) -> str:
        """What is sealed: every field, always in the same words."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, kw_only=True)
class SealedReceipt(ErasureReceipt):
    """A receipt that nobody else can make, and that is told from a changed one.

    Attributes:
        seal: Of the other fields, by a key of this server.
    """

    seal: str


@dataclass(frozen=True, kw_only=True)
class ReceiptCheck:
    """What a receipt that somebody shows is worth.

    Attributes:
        is_genuine: Whether a key of this server sealed just these fields.
        is_recorded: Whether they are in this database's own record.
    """

    is_genuine: bool
    is_recorded: bool


def seal_and_record(
    services: Services, tx: Transaction, receipt: ErasureReceipt
) -> SealedReceipt:
    """The receipt as it is handed over, kept in the same transaction.

    Raises:
        SettingsError: If a shared database has no secret key.
    """
    seal = sealing.seal(services, sealing.RECEIPT, receipt.text())
    at = datetime.fromisoformat(receipt.erased_at)
    erasures.record_receipt(tx, asdict(receipt), seal=seal, at=at)
    return SealedReceipt(**asdict(receipt), seal=seal)


def check_receipt(services: Services, shown: Mapping[str, Any]) -> ReceiptCheck:
    """Whether a receipt is one of ours and unchanged.

    Args:
        services: Store and keys.
        shown: Its fields and its seal, as `participant erase --json` printed them.
    """
    fields = dict(shown)
    seal = str(fields.pop("seal", ""))
    try:
        text = ErasureReceipt(**fields).text()
    except TypeError:
        return ReceiptCheck(is_genuine=False, is_recorded=False)
    with services.store.read() as tx:
        recorded = erasures.find_receipt(tx, seal=seal)
    return ReceiptCheck(
        is_genuine=sealing.is_sealed(services, sealing.RECEIPT, text, with_seal=seal),
        is_recorded=recorded == fields,
    )
