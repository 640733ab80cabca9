"""Qualifications: what they ask for, who gets them, and tests."""

from __future__ import annotations

from typing import Any

import pytest

from study_server.marketplace.system_qualifications import (
    LOCALE,
    MASTERS,
    NUMBER_APPROVED,
    PERCENT_APPROVED,
)
from tests.marketplace_server import LiveMarketplace, RefusedError
from tests.study_server.marketplace.requests import DAY_S, post, refusal

QUAP = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01"
TEST = f"""<QuestionForm xmlns="{QUAP}/QuestionForm.xsd">
  <Question><QuestionIdentifier>capital</QuestionIdentifier>
    <QuestionContent><Text>Capital of France?</Text></QuestionContent>
    <AnswerSpecification><SelectionAnswer><Selections>
      <Selection><SelectionIdentifier>p</SelectionIdentifier><Text>Paris</Text></Selection>
      <Selection><SelectionIdentifier>l</SelectionIdentifier><Text>Lyon</Text></Selection>
    </Selections></SelectionAnswer></AnswerSpecification></Question>
</QuestionForm>"""
KEY = f"""<AnswerKey xmlns="{QUAP}/AnswerKey.xsd">
  <Question><QuestionIdentifier>capital</QuestionIdentifier>
    <AnswerOption><SelectionIdentifier>p</SelectionIdentifier>
      <AnswerScore>2</AnswerScore></AnswerOption>
    <DefaultScore>1</DefaultScore></Question>
  <QualificationValueMapping><PercentageMapping>
    <MaximumSummedScore>2</MaximumSummedScore>
  </PercentageMapping></QualificationValueMapping>
</AnswerKey>"""


def answer(choice: str) -> str:
    return (
        f'<QuestionFormAnswers xmlns="{QUAP}/QuestionFormAnswers.xsd"><Answer>'
        "<QuestionIdentifier>capital</QuestionIdentifier>"
        f"<SelectionIdentifier>{choice}</SelectionIdentifier>"
        "</Answer></QuestionFormAnswers>"
    )


def make_type(client: Any, name: str = "Sharp eyes", **more: Any) -> Any:
    reply = client.create_qualification_type(
        Name=name, Description="d", QualificationTypeStatus="Active", **more
    )
    return reply["QualificationType"]["QualificationTypeId"]


def asking(client: Any, **requirement: Any) -> Any:
    return post(client, MaxAssignments=9, QualificationRequirements=[requirement])[
        "HITId"
    ]


def may_accept(worker: Any, hit_id: str) -> bool:
    try:
        worker.give_back(worker.accept(hit_id))
    except RefusedError as error:
        return "lack a Qualification" not in str(error)
    return True


@pytest.mark.parametrize(
    ("comparator", "values", "met"),
    [
        ("LessThan", [5], [False, False]),
        ("LessThanOrEqualTo", [5], [True, False]),
        ("GreaterThan", [5], [False, True]),
        ("GreaterThanOrEqualTo", [5], [True, True]),
        ("EqualTo", [5], [True, False]),
        ("NotEqualTo", [5], [False, True]),
        ("In", [4, 5], [True, False]),
        ("NotIn", [4, 5], [False, True]),
        ("Exists", [], [True, True]),
        ("DoesNotExist", [], [False, False]),
    ],
)
def test_scores_of_5_and_6_are_compared(live, client, comparator, values, met):
    type_id = make_type(client)
    workers = [live.add_worker(), live.add_worker()]
    for worker, score in zip(workers, (5, 6), strict=True):
        client.associate_qualification_with_worker(
            QualificationTypeId=type_id, WorkerId=worker.id, IntegerValue=score
        )
    extra = {"IntegerValues": values} if values else {}
    hit_id = asking(client, QualificationTypeId=type_id, Comparator=comparator, **extra)

    assert [may_accept(worker, hit_id) for worker in workers] == met
    # Who was never granted it meets nothing but its absence.
    assert may_accept(live.add_worker(), hit_id) == (comparator == "DoesNotExist")


def test_a_revoked_qualification_is_none(live: LiveMarketplace, client):
    type_id = make_type(client)
    worker = live.add_worker()
    ids = {"QualificationTypeId": type_id, "WorkerId": worker.id}
    client.associate_qualification_with_worker(**ids)
    client.disassociate_qualification_from_worker(**ids)

    code, message = refusal(client.get_qualification_score, **ids)
    assert code == "InvalidQualificationState"
    assert "operation can be called with a status of: Granted" in message
    hit_id = asking(client, QualificationTypeId=type_id, Comparator="Exists")
    assert not may_accept(worker, hit_id)
    revoked = client.list_workers_with_qualification_type(
        QualificationTypeId=type_id, Status="Revoked"
    )
    assert [q["WorkerId"] for q in revoked["Qualifications"]] == [worker.id]


def test_the_score_of_whoever_was_never_granted_it_does_not_exist(live, client):
    ids = {"QualificationTypeId": make_type(client), "WorkerId": live.add_worker().id}

    code, message = refusal(client.get_qualification_score, **ids)

    assert (code, "does not exist" in message) == ("QualificationDoesNotExist", True)


def test_places_are_compared(live: LiveMarketplace, client):
    here, there = live.add_worker(country="US", subdivision="PA"), live.add_worker()
    india = live.add_worker(country="IN")

    def met(comparator, *locales):
        hit_id = asking(
            client,
            QualificationTypeId=LOCALE,
            Comparator=comparator,
            LocaleValues=list(locales),
        )
        return [may_accept(worker, hit_id) for worker in (here, there, india)]

    state = {"Country": "US", "Subdivision": "PA"}
    assert met("EqualTo", {"Country": "US"}) == [True, True, False]
    assert met("EqualTo", state) == [True, False, False]
    assert met("NotEqualTo", state) == [False, True, True]
    assert met("In", state, {"Country": "IN"}) == [True, False, True]
    assert met("NotIn", state, {"Country": "IN"}) == [False, True, False]


def test_experience_is_counted(live: LiveMarketplace, client):
    fresh = live.add_worker()
    # 940 of 1,000 were approved: 94 %
    old = live.add_worker(n_approved_before=940, n_rejected_before=60)
    master = live.add_worker(is_master=True)

    def met(type_id, comparator, *values):
        extra = {"IntegerValues": list(values)} if values else {}
        hit_id = asking(
            client, QualificationTypeId=type_id, Comparator=comparator, **extra
        )
        return [may_accept(worker, hit_id) for worker in (fresh, old, master)]

    # Below 100 submissions the share counts as 100 %.
    assert met(PERCENT_APPROVED, "GreaterThanOrEqualTo", 95) == [True, False, True]
    assert met(NUMBER_APPROVED, "GreaterThan", 939) == [False, True, False]
    assert met(MASTERS, "Exists") == [False, False, True]


def test_actions_guarded_hide_preview_and_list(live: LiveMarketplace, client):
    type_id = make_type(client)
    worker = live.add_worker()
    lacks = {"QualificationTypeId": type_id, "Comparator": "Exists"}

    worker.preview(asking(client, **lacks))
    for guarded in ("PreviewAndAccept", "DiscoverPreviewAndAccept"):
        with pytest.raises(RefusedError, match="qualified workers only"):
            worker.preview(asking(client, **lacks, ActionsGuarded=guarded))
    with pytest.raises(RefusedError, match="qualified workers only"):
        worker.preview(asking(client, **lacks, RequiredToPreview=True))


@pytest.mark.parametrize(
    "requirement",
    [
        {"Comparator": "Exists", "IntegerValues": [1]},
        {"Comparator": "EqualTo"},
        {"Comparator": "EqualTo", "IntegerValues": [1, 2]},
        {"Comparator": "In", "IntegerValues": list(range(16))},
        {"Comparator": "EqualTo", "LocaleValues": [{"Country": "US"}]},
    ],
)
def test_requirements_that_nobody_could_be_held_to_are_refused(client, requirement):
    code, message = refusal(
        asking, client=client, QualificationTypeId=NUMBER_APPROVED, **requirement
    )

    assert (code, "QualificationRequirements" in message) == (
        "ParameterValidationError",
        True,
    )


def test_at_most_ten_requirements_and_only_known_types(client):
    one = {"QualificationTypeId": MASTERS, "Comparator": "Exists"}
    code, message = refusal(post, client=client, QualificationRequirements=[one] * 11)
    assert (code, "got 11" in message) == ("ParameterValidationError", True)

    code, _ = refusal(
        asking, client=client, QualificationTypeId="3NONE", Comparator="Exists"
    )
    assert code == "QualificationTypeDoesNotExist"


def test_an_inactive_type_can_be_neither_required_nor_requested(live, client):
    type_id = make_type(client)
    client.update_qualification_type(
        QualificationTypeId=type_id, QualificationTypeStatus="Inactive"
    )

    code, _ = refusal(
        asking, client=client, QualificationTypeId=type_id, Comparator="Exists"
    )
    assert code == "InvalidQualificationTypeState"
    with pytest.raises(RefusedError, match="cannot be requested"):
        live.add_worker().ask(type_id)


def test_a_name_is_used_once_until_the_type_is_deleted(live: LiveMarketplace, client):
    type_id = make_type(client)

    code, message = refusal(make_type, client=client)
    assert code == "QualificationTypeAlreadyExists"
    assert message.startswith("You have already created a QualificationType")
    assert make_type(live.requester_client("other"))
    client.delete_qualification_type(QualificationTypeId=type_id)
    assert make_type(client) != type_id


def test_a_type_is_its_owners(live: LiveMarketplace, client):
    type_id = make_type(client, Test=TEST, TestDurationInSeconds=60, AnswerKey=KEY)
    other = live.requester_client("other")

    code, _ = refusal(other.delete_qualification_type, QualificationTypeId=type_id)
    assert code == "PermissionDeniedException"
    seen = other.get_qualification_type(QualificationTypeId=type_id)
    assert "AnswerKey" not in seen["QualificationType"]
    own = client.get_qualification_type(QualificationTypeId=type_id)
    assert own["QualificationType"]["AnswerKey"] == KEY
    listed = other.list_qualification_types(
        MustBeRequestable=False, MustBeOwnedByCaller=True
    )
    assert listed["QualificationTypes"] == []


def test_a_test_is_scored_by_its_key(live: LiveMarketplace, client):
    type_id = make_type(
        client,
        Test=TEST,
        TestDurationInSeconds=600,
        AnswerKey=KEY,
        RetryDelayInSeconds=3600,
    )
    worker = live.add_worker()
    assert worker.ask(type_id, answer_xml=answer("l")) == "Granted"

    def score():
        found = client.get_qualification_score(
            QualificationTypeId=type_id, WorkerId=worker.id
        )
        return found["Qualification"]["IntegerValue"]

    # 1 of 2 points for the wrong choice: 50 %
    assert score() == 50
    with pytest.raises(RefusedError, match="again from"):
        worker.ask(type_id, answer_xml=answer("p"))
    live.advance(3601)
    assert worker.ask(type_id, answer_xml=answer("p")) == "Granted"
    assert score() == 100


def test_a_test_without_a_key_waits_for_the_requester(live: LiveMarketplace, client):
    type_id = make_type(client, Test=TEST, TestDurationInSeconds=600)
    worker = live.add_worker()
    assert worker.ask(type_id) == "Started"
    live.advance(601)
    with pytest.raises(RefusedError, match="once only"):
        worker.ask(type_id, answer_xml=answer("p"))

    quick = live.add_worker()
    assert quick.ask(type_id, answer_xml=answer("p")) == "Submitted"
    (asked,) = client.list_qualification_requests(QualificationTypeId=type_id)[
        "QualificationRequests"
    ]
    assert (asked["Test"], asked["Answer"]) == (TEST, answer("p"))
    client.accept_qualification_request(
        QualificationRequestId=asked["QualificationRequestId"]
    )
    assert client.list_qualification_requests()["QualificationRequests"] == []


def test_an_automatic_qualification_is_granted_at_once(live, client):
    type_id = make_type(client, AutoGranted=True, AutoGrantedValue=4)
    worker = live.add_worker()

    assert worker.ask(type_id) == "Granted"

    found = client.get_qualification_score(
        QualificationTypeId=type_id, WorkerId=worker.id
    )
    assert found["Qualification"]["IntegerValue"] == 4
    with pytest.raises(RefusedError, match="once only"):
        worker.ask(type_id)


@pytest.mark.parametrize(
    "request_",
    [
        {"Test": TEST},
        {"AnswerKey": "<x/>"},
        {"AutoGranted": True, "Test": TEST, "TestDurationInSeconds": 60},
        {"Test": "<x/>", "TestDurationInSeconds": 60},
        {"Test": TEST, "TestDurationInSeconds": 60, "AnswerKey": "<x/>"},
    ],
)
def test_a_test_that_does_not_fit_is_refused(client, request_):
    code, _ = refusal(make_type, client=client, **request_)

    assert code in ("ParameterValidationError", "XMLParseError")


def test_blocked_workers_get_nothing(live: LiveMarketplace, client):
    worker = live.add_worker()
    client.create_worker_block(WorkerId=worker.id, Reason="careless")

    with pytest.raises(RefusedError, match="does not let you work"):
        worker.accept(post(client)["HITId"])
    client.delete_worker_block(WorkerId=worker.id)
    client.delete_worker_block(WorkerId=worker.id)
    assert worker.accept(post(client)["HITId"])
    code, message = refusal(client.delete_worker_block, WorkerId="ANOBODY")
    assert code == "ParameterValidationError"
    assert "is not valid for the parameter WorkerId." in message


def test_messages_reach_only_workers_whose_work_was_judged(live, client):
    known, stranger = live.add_worker(), live.add_worker()
    client.approve_assignment(AssignmentId=known.do(post(client)["HITId"]))

    reply = client.notify_workers(
        Subject="More",
        MessageText="There is more work",
        WorkerIds=[known.id, stranger.id, "ANOBODY"],
    )

    failed = {
        entry["WorkerId"]: entry["NotifyWorkersFailureCode"]
        for entry in reply["NotifyWorkersFailureStatuses"]
    }
    assert failed == {stranger.id: "HardFailure", "ANOBODY": "HardFailure"}
    code, _ = refusal(
        client.notify_workers, Subject="s" * 201, MessageText="m", WorkerIds=[known.id]
    )
    assert code == "ParameterValidationError"
    many = [f"A{n}" for n in range(101)]
    code, message = refusal(
        client.notify_workers, Subject="s", MessageText="m", WorkerIds=many
    )
    assert (code, "got 101" in message) == ("ParameterValidationError", True)


def test_the_retry_of_a_deleted_types_request_is_rejected(live, client):
    type_id = make_type(client)
    live.add_worker().ask(type_id)

    client.delete_qualification_type(QualificationTypeId=type_id)

    assert client.list_qualification_requests()["QualificationRequests"] == []
    live.advance(DAY_S)
