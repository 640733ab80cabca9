"""What every refusal rests on: the sentence somewhere that says it may be refused.

A sandbox that refuses more than the service did makes people mend scripts that were
right. So nothing is refused without a line here, and a test looks each one up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Kind = Literal["model", "reference", "schema", "seen", "ours"]

KINDS: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        "model": "documentation of the service model of 2017-01-17",
        "reference": "API reference of 2014-08-15, which the service kept to",
        "schema": "XML schema and article of the document",
        "seen": "what others report of the service",
        "ours": "this marketplace; docs/marketplace.md says how it differs",
    }
)


@dataclass(frozen=True, kw_only=True)
class RefusalRule:
    """What a refusal rests on.

    Attributes:
        kind: What sort of source it is.
        where: An operation or structure of the model, or a member of one
            ("CreateHIT.Question"); elsewhere a page in words.
        words: A few words that stand there, by which the sentence is found; empty
            outside the model.
        says: The rule, in our words.
    """

    kind: Kind
    where: str
    says: str
    words: str = ""


def _model(where: str, words: str, says: str) -> RefusalRule:
    return RefusalRule(kind="model", where=where, words=words, says=says)


def _reference(where: str, says: str) -> RefusalRule:
    return RefusalRule(kind="reference", where=where, says=says)


def _schema(where: str, says: str) -> RefusalRule:
    return RefusalRule(kind="schema", where=where, says=says)


def _ours(where: str, says: str) -> RefusalRule:
    return RefusalRule(kind="ours", where=where, says=says)


RULES: Final[Mapping[str, RefusalRule]] = MappingProxyType(
    {
        # What an id leads to.
        "own-hit": _model(
            "ListAssignmentsForHIT",
            "Only the Requester who created the HIT",
            "a HIT is its requester's alone",
        ),
        "own-hit-type": _model(
            "CreateHITWithHITType",
            "existing HITTypeID",
            "a HIT type is one that was made before",
        ),
        "own-assignment": _model(
            "ApproveAssignment.AssignmentId",
            "must correspond to a HIT created by the Requester",
            "an assignment is that of one's own HIT",
        ),
        "qualification-type": _model(
            "DeleteQualificationType",
            "you can no longer use it",
            "a Qualification type is one that is there",
        ),
        "own-qualification-type": _model(
            "UpdateQualificationType",
            "Only the owner of a Qualification type",
            "a Qualification type is changed, and its scores read, by its owner",
        ),
        "own-request": _model(
            "AcceptQualificationRequest",
            "Only the owner of the Qualification type",
            "a request is decided by the type's owner",
        ),
        "worker": _model(
            "DeleteWorkerBlock",
            "WorkerId is invalid",
            "a worker is one that is there",
        ),
        "granted": _model(
            "DisassociateQualificationFromWorker",
            "previously granted",
            "a Qualification is one that the worker was granted",
        ),
        "score-of-granted": _model(
            "GetQualificationScore",
            "value of a Worker's Qualification",
            "a score is that of a Qualification the worker has",
        ),
        # States.
        "hit-there": _model(
            "DeleteHIT",
            "delete HIT that is no longer needed",
            "a HIT that was disposed of changes no more",
        ),
        "hit-reviewable": _model(
            "DeleteHIT",
            "HITs that are in the Reviewable state",
            "only a reviewable HIT is deleted",
        ),
        "hit-decided": _model(
            "DeleteHIT",
            "already either approved or rejected",
            "a HIT is deleted once its assignments are decided",
        ),
        "review-status": _model(
            "UpdateHITReviewStatus",
            "If the status is Reviewable",
            "from Reviewable to Reviewing, or back",
        ),
        "decide-submitted": _model(
            "ApproveAssignment",
            "results of a completed assignment",
            "what was submitted is approved or rejected, once",
        ),
        "override-in-time": _model(
            "ApproveAssignment",
            "within the previous 30 days",
            "a rejection is overridden within 30 days of submission",
        ),
        "override-while-there": _model(
            "ApproveAssignment",
            "has not been deleted",
            "a rejection is overridden while the HIT is there",
        ),
        "see-submitted": _reference(
            "GetAssignment",
            "an assignment is shown once it is Submitted, Approved or Rejected",
        ),
        "request-pending": _model(
            "ListQualificationRequests",
            "poll for pending requests",
            "a request is decided while it is pending",
        ),
        "type-active": _model(
            "QualificationType.QualificationTypeStatus",
            "if HITs can be created with requirements based on this type",
            "HITs ask for active Qualification types",
        ),
        # Tokens, money, numbers of assignments.
        "hit-token": _model(
            "CreateHIT.UniqueRequestToken",
            "HitAlreadyExists",
            "a token makes one HIT in 24 hours",
        ),
        "bonus-token": _model(
            "SendBonus.UniqueRequestToken",
            "subsequent calls will return an error",
            "a token pays one bonus in 24 hours",
        ),
        "extension-token": _model(
            "CreateAdditionalAssignmentsForHIT.UniqueRequestToken",
            "subsequent calls will return an error",
            "a token extends a HIT once in 24 hours",
        ),
        "below-ten": _model(
            "CreateAdditionalAssignmentsForHIT",
            "fewer than 10 assignments cannot be extended",
            "from fewer than 10 assignments never to 10",
        ),
        "funds": _model(
            "ApproveAssignment",
            "does not have adequate funds",
            "what cannot be paid for is not done",
        ),
        "bonus-above-zero": RefusalRule(
            kind="seen",
            where="pricing page",
            says="a bonus is at least one cent",
        ),
        "bonus-reason": _model(
            "SendBonus",
            "You must include a message",
            "a bonus says why it is paid",
        ),
        "bonus-to-its-worker": RefusalRule(
            kind="seen",
            where="psiTurk, issue 190",
            says="a bonus goes to the worker who has the assignment",
        ),
        "bonuses-of": _model(
            "ListBonusPayments.HITId",
            "Either the HITId parameter or the AssignmentId",
            "bonuses are listed of a HIT or of an assignment",
        ),
        "amount": _ours(
            "what this marketplace's books can count",
            "an amount is at most $21,474,836.47",
        ),
        # Ranges.
        "title": _reference("CreateHIT, Title", "at most 128 characters"),
        "description": _reference("CreateHIT, Description", "at most 2,000 characters"),
        "keywords": _reference("CreateHIT, Keywords", "at most 1,000 characters"),
        "annotation": _reference(
            "CreateHIT, RequesterAnnotation", "at most 255 characters"
        ),
        "feedback": _reference(
            "ApproveAssignment, RequesterFeedback", "at most 1,024 characters"
        ),
        "lifetime": _reference(
            "CreateHIT, LifetimeInSeconds", "30 seconds to 365 days"
        ),
        "duration": _reference(
            "CreateHIT, AssignmentDurationInSeconds", "30 seconds to 365 days"
        ),
        "approval-delay": _reference(
            "CreateHIT, AutoApprovalDelayInSeconds", "0 to 30 days"
        ),
        "assignments": _reference("CreateHIT, MaxAssignments", "1 to a billion"),
        "more-assignments": _reference(
            "ExtendHIT, MaxAssignmentsIncrement", "1 to a billion"
        ),
        "expiry": _reference(
            "ExtendHIT, ExpirationIncrementInSeconds", "at most 365 days ahead"
        ),
        "seconds": _ours(
            "what this marketplace's clock can count", "0 to 2,147,483,647 seconds"
        ),
        "subject": _model(
            "NotifyWorkers.Subject", "up to 200 characters", "at most 200 characters"
        ),
        "message": _model(
            "NotifyWorkers.MessageText",
            "up to 4,096 characters",
            "at most 4,096 characters",
        ),
        "notify-100": _model(
            "NotifyWorkers",
            "up to 100 Worker IDs",
            "at most 100 workers in one call",
        ),
        "blocks": _model(
            "CreateWorkerBlock",
            "up to 100,000 Workers",
            "at most 100,000 workers are blocked",
        ),
        # What workers are shown.
        "question-or-layout": _model(
            "CreateHIT.Question",
            "Either a Question parameter or a HITLayoutId",
            "a HIT has a Question or a layout",
        ),
        "layouts": _ours(
            "layouts lay on the website that is closed", "a layout leads nowhere"
        ),
        "document-size": _model(
            "CreateHIT.Question", "65,535 bytes", "a document has at most 65,535 bytes"
        ),
        "question-kind": _model(
            "CreateHIT.Question",
            "Must be a QuestionForm data structure",
            "a Question is a QuestionForm, an ExternalQuestion or an HTMLQuestion",
        ),
        "test-kind": _model(
            "CreateQualificationType.Test",
            "Must be a QuestionForm data structure",
            "a test is a QuestionForm",
        ),
        "answer-key-kind": _model(
            "CreateQualificationType.AnswerKey",
            "form of an AnswerKey",
            "an answer key is an AnswerKey",
        ),
        "schema": _schema(
            "ExternalQuestion, HTMLQuestion, QuestionForm, AnswerKey",
            "a document is as its schema describes it",
        ),
        "no-entities": _ours(
            "documents come from strangers",
            "a document declares no type and no entities",
        ),
        "not-drawn": _ours(
            "what this marketplace can show to workers",
            "a HIT that nobody could submit here, or whose limits would be ignored",
        ),
        "no-files": _model(
            "GetFileUploadURL",
            "will no longer support the FileUploadAnswer",
            "no question asks for a file",
        ),
        # Requirements.
        "ten-requirements": _model(
            "CreateHIT.QualificationRequirements",
            "between zero and ten",
            "a HIT asks for at most ten things",
        ),
        "presence-without-values": _model(
            "QualificationRequirement.IntegerValues",
            "must not be present if Comparator is Exists or DoesNotExist",
            "Exists and DoesNotExist compare with nothing",
        ),
        "integers-or-locales": _model(
            "QualificationRequirement.LocaleValues",
            "only be used with a Worker_Locale",
            "places go with the locale, numbers with everything else",
        ),
        "locale-comparators": _model(
            "QualificationRequirement.LocaleValues",
            "only be used with the EqualTo, NotEqualTo, In, and NotIn",
            "places are equal or in a set, never less or more",
        ),
        "values-in-a-set": _model(
            "QualificationRequirement.IntegerValues",
            "up to 15 IntegerValue elements",
            "at most 15 numbers, and several in a set only",
        ),
        "places-in-a-set": _model(
            "QualificationRequirement.LocaleValues",
            "up to 30 LocaleValue elements",
            "at most 30 places, and several in a set only",
        ),
        # Qualification types.
        "type-name": _model(
            "CreateQualificationType.Name",
            "unique across all of your Qualification types",
            "a requester's types have names of their own",
        ),
        "no-automatic-test": _model(
            "CreateQualificationType.AutoGranted",
            "this parameter cannot be true",
            "what has a test is not granted automatically",
        ),
        "test-has-duration": _model(
            "CreateQualificationType.Test",
            "TestDurationInSeconds must also be specified",
            "a test has a duration",
        ),
        # Review policies, notifications, lists.
        "policy-name": _model(
            "ReviewPolicy.PolicyName",
            "SimplePlurality/2011-09-01 or ScoreMyKnownAnswers/2011-09-01",
            "there are two policies, one for each place",
        ),
        "policy-parameters": _reference(
            "HIT Review Policies", "a policy has the parameters it cannot do without"
        ),
        "notification-or-active": _model(
            "UpdateNotificationSettings.Active",
            "either the Notification parameter or the Active parameter",
            "Notification or Active is given",
        ),
        "notification-before": _model(
            "UpdateNotificationSettings",
            "must already have a notification specification",
            "what is switched on was specified",
        ),
        "notification-version": _model(
            "NotificationSpecification.Version",
            "Valid value is 2006-05-05",
            "the version is the one there is",
        ),
        "ping": _model(
            "NotificationSpecification.EventTypes",
            "only valid for the SendTestEventNotification",
            "Ping is for tests only",
        ),
        "destination": _model(
            "NotificationSpecification.Destination",
            "format is determined by the specified Transport",
            "a destination goes with its transport",
        ),
        "next-token": _ours(
            "what a token means is known to the list that gave it",
            "a NextToken is good for its own list",
        ),
        "faults": _ours("faults on demand", "the service is away where you ask for it"),
    }
)
