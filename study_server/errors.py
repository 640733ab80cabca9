"""What can go wrong in a way that a person can mend, said in words.

Every message says what is wrong, what was expected, what came, which object and
what to do next; none names a worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar


class StudyError(Exception):
    """Base of everything here.

    Attributes:
        texts: The study's wording, by key, where a participant of a study reads
            the message in it; empty elsewhere.
        language: What they are written in.
        contact: Whom they may ask; empty where nobody is named.
        status: The HTTP status a page answers with.
        is_final: Whether trying the same thing again can never help.
    """

    status: ClassVar[int] = 400
    is_final: ClassVar[bool] = True
    texts: Mapping[str, str] = MappingProxyType({})
    language: str = "en"
    contact: str = ""


class SettingsError(StudyError):
    """A setting that cannot be used."""


class DatabaseOutdatedError(StudyError):
    """The database has not the tables this version needs."""

    status = 503


class DatabaseNewerError(DatabaseOutdatedError):
    """A newer version of the program has changed the database."""


class DatabaseMissingError(StudyError):
    """There is no database where one was to be read."""


class DatabaseInUseError(StudyError):
    """The database cannot be changed while others use it."""


class UnknownStudyError(StudyError):
    """There is no study of that name."""

    status = 404


class StudyStateError(StudyError):
    """The study's state does not allow what was asked."""

    status = 409


class StudyFrozenError(StudyStateError):
    """A frozen study was to be changed."""


class StimulusSetChangedError(StudyError):
    """The stimulus set is not the one the study was created with."""

    status = 409


class StudyDesignError(StudyError):
    """Study file and stimulus set do not go together."""


class UnknownRecruiterError(StudyError):
    """A study names a recruiter that does not exist."""


class AdmissionError(StudyError):
    """Somebody cannot take part (now)."""

    status = 403


class UnknownRecruitmentError(AdmissionError):
    """The link leads to no recruitment, or to no personal place in it."""

    status = 404


class IdentityError(AdmissionError):
    """What the recruiter sends along about a person is missing or malformed."""

    status = 400


class NotOpenError(AdmissionError):
    """The study is not open for this kind of participant."""


class StudyFullError(AdmissionError):
    """Every block is done or reserved."""


class ExcludedError(AdmissionError):
    """An exclusion of the study file applies to this person."""


class OtherBrowserError(AdmissionError):
    """What this id began belongs to another browser."""


class ManyStartingError(AdmissionError):
    """Too many places are held by people who have not agreed yet."""

    status = 429
    is_final = False


class UnknownTokenError(StudyError):
    """The address belongs to nobody."""

    status = 404


class ResponseRejectedError(StudyError):
    """A response that was not saved."""


class MalformedResponseError(ResponseRejectedError):
    """Not a response, or one that does not fit the paradigm."""


class UnknownTrialError(ResponseRejectedError):
    """The trial is not one of this enrolment's."""

    status = 404


class AlreadyRespondedError(ResponseRejectedError):
    """The trial already has a response, sent under another key."""

    status = 409


class LeaseEndedError(ResponseRejectedError):
    """The session's time is over, or the session is."""

    status = 410


class LeaseLapsedError(LeaseEndedError):
    """The session's time ran out; coming back by the link may take it up again."""

    is_final = False


class ResponseTooLargeError(ResponseRejectedError):
    """More bytes than a response can need."""

    status = 413


class NotAllowedError(StudyError):
    """Whoever is signed in has not the role for this."""

    status = 403
    is_final = False


class FormError(StudyError):
    """A form that is not filled in as it must be."""


class MarketError(StudyError):
    """A market on which work is posted did not do what was asked."""

    @property
    def is_hopeless(self) -> bool:
        """Whether the next call would fail for the same reason."""
        return True


class MarketRefusedError(MarketError):
    """The market said no; nothing was done there.

    Attributes:
        code: The market's own word for it; empty where it gave none.
        is_certain: Whether an earlier try of the same call, whose reply was lost,
            is ruled out too. Too little money or wrong keys rule nothing out.
    """

    def __init__(
        self, message: str, *, code: str = "", is_certain: bool = True
    ) -> None:
        super().__init__(message)
        self.code = code
        self.is_certain = is_certain

    @property
    def is_hopeless(self) -> bool:
        """Whether the next call would fail for the same reason: the keys are wrong."""
        return self.code == "keys"


class MarketBusyError(MarketError):
    """The market takes no more calls just now; nothing was done there."""

    is_final = False


class MarketAwayError(MarketError):
    """The market could not be reached; nothing was done there."""

    is_final = False


class MarketUnsureError(MarketError):
    """A call went out and no reply came: it may have been done."""

    is_final = False


class AlreadyDoneError(MarketError):
    """The market has done exactly this before, under the same token.

    Attributes:
        external_id: What it made then; None where it does not say.
    """

    def __init__(self, message: str, *, external_id: str | None = None) -> None:
        super().__init__(message)
        self.external_id = external_id


class SpendingError(StudyError):
    """Money that must not be spent: cap, balance, floor or confirmation."""

    status = 409


class QuestionTooLargeError(StudyError):
    """A self-contained page that the market would not take."""


class MalformedAnswerError(StudyError):
    """What a market hands over as an answer is none."""


class WorkSetAsideError(StudyError):
    """Work from a market that cannot be taken in as it is; it is kept."""
