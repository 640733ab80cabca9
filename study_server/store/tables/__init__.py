"""Every table; importing this package knows them all."""

from study_server.store.tables.activity import Activity
from study_server.store.tables.audits import AuditResponse, AuditTrial
from study_server.store.tables.base import Base
from study_server.store.tables.blocks import Block, BlockTrial
from study_server.store.tables.chores import ChoreRow
from study_server.store.tables.erasures import ErasureReceiptRow
from study_server.store.tables.imports import (
    ImportedFileRow,
    ImportedResponse,
    ImportedSession,
    ImportedStudy,
    ImportedTrial,
)
from study_server.store.tables.market import (
    Assignment,
    Hit,
    LedgerEntry,
    MarketAccount,
)
from study_server.store.tables.observers import (
    OBSERVER_KINDS,
    ObservationRow,
    ObserverRow,
)
from study_server.store.tables.people import (
    STEPS,
    Enrolment,
    EnrolmentSource,
    Participant,
    Worker,
)
from study_server.store.tables.second_factors import RecoveryCode, SecondFactor
from study_server.store.tables.sessions import (
    SESSION_STATES,
    VALIDITIES,
    DisplayEvent,
    ImageRequest,
    Response,
    Session,
    SessionTrial,
    SurveyResponse,
)
from study_server.store.tables.sign_ins import SignIn, SignInAttempt
from study_server.store.tables.studies import (
    ENVIRONMENTS,
    STUDY_STATES,
    Amendment,
    PersonalLink,
    Recruitment,
    Stimulus,
    Study,
    StudyClass,
    Trial,
    TrialSource,
)
from study_server.store.tables.users import User

__all__ = [
    "ENVIRONMENTS",
    "OBSERVER_KINDS",
    "SESSION_STATES",
    "STEPS",
    "STUDY_STATES",
    "VALIDITIES",
    "Activity",
    "Amendment",
    "Assignment",
    "AuditResponse",
    "AuditTrial",
    "Base",
    "Block",
    "BlockTrial",
    "ChoreRow",
    "DisplayEvent",
    "Enrolment",
    "EnrolmentSource",
    "ErasureReceiptRow",
    "Hit",
    "ImageRequest",
    "ImportedFileRow",
    "ImportedResponse",
    "ImportedSession",
    "ImportedStudy",
    "ImportedTrial",
    "LedgerEntry",
    "MarketAccount",
    "ObservationRow",
    "ObserverRow",
    "Participant",
    "PersonalLink",
    "RecoveryCode",
    "Recruitment",
    "Response",
    "SecondFactor",
    "Session",
    "SessionTrial",
    "SignIn",
    "SignInAttempt",
    "Stimulus",
    "Study",
    "StudyClass",
    "SurveyResponse",
    "Trial",
    "TrialSource",
    "User",
    "Worker",
]
