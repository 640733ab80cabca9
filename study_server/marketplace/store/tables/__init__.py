"""Every table of the marketplace; importing this package knows them all."""

from study_server.marketplace.store.tables.base import MarketplaceBase
from study_server.marketplace.store.tables.notifications import Notification
from study_server.marketplace.store.tables.people import (
    Requester,
    Worker,
    WorkerMessage,
)
from study_server.marketplace.store.tables.qualifications import (
    Qualification,
    QualificationRequest,
    QualificationType,
    WorkerBlock,
)
from study_server.marketplace.store.tables.request_tokens import RequestToken
from study_server.marketplace.store.tables.reviews import Review
from study_server.marketplace.store.tables.sign_ins import SignIn, SignInAttempt
from study_server.marketplace.store.tables.work import (
    Assignment,
    Bonus,
    Hit,
    HitPreview,
    HitType,
    HitTypeQualification,
)

__all__ = [
    "Assignment",
    "Bonus",
    "Hit",
    "HitPreview",
    "HitType",
    "HitTypeQualification",
    "MarketplaceBase",
    "Notification",
    "Qualification",
    "QualificationRequest",
    "QualificationType",
    "RequestToken",
    "Requester",
    "Review",
    "SignIn",
    "SignInAttempt",
    "Worker",
    "WorkerBlock",
    "WorkerMessage",
]
