"""HITs and assignments through a real boto3 client over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.marketplace_server import HTML, LiveMarketplace, RefusedError
from tests.study_server.marketplace.requests import (
    DAY_S,
    PROPERTIES,
    QUESTION,
    balance,
    get,
    post,
    refusal,
)


def test_the_same_properties_are_the_same_hit_type(client):
    first = client.create_hit_type(**PROPERTIES)["HITTypeId"]

    assert client.create_hit_type(**PROPERTIES)["HITTypeId"] == first
    assert post(client)["HITTypeId"] == first
    other = client.create_hit_type(**{**PROPERTIES, "Reward": "0.51"})["HITTypeId"]
    assert other != first


def test_a_hit_holds_reward_and_fee_of_every_assignment(client):
    # 9 x (0.50 + 20 %) = 9 x 0.60 = 5.40
    post(client, MaxAssignments=9)
    assert balance(client) == (Decimal("9994.60"), Decimal("5.40"))

    # From 10 assignments on 40 %: 10 x 0.70 = 7.00
    post(client, MaxAssignments=10)
    assert balance(client) == (Decimal("9987.60"), Decimal("12.40"))


def test_the_fee_is_at_least_one_cent_and_rounds_half_up(client):
    # 20 % of 0.01 is 0.2 cents, so 1: 0.02 in all
    post(client, Reward="0.01")
    assert balance(client)[1] == Decimal("0.02")
    # 25 % of 0.10 for Masters is 2.5 cents, so 3: 0.13 more
    masters = [
        {
            "QualificationTypeId": "2ARFPLSP75KLA8M8DH1HTEQVJT3SY6",
            "Comparator": "Exists",
        }
    ]
    post(client, Reward="0.10", QualificationRequirements=masters)
    assert balance(client)[1] == Decimal("0.15")


def test_approving_pays_and_rejecting_sets_free(live: LiveMarketplace, client):
    hit = post(client, MaxAssignments=2)
    first, second = (live.add_worker().do(hit["HITId"]) for _ in range(2))

    client.approve_assignment(AssignmentId=first, RequesterFeedback="thanks")
    assert balance(client) == (Decimal("9998.80"), Decimal("0.60"))
    client.reject_assignment(AssignmentId=second, RequesterFeedback="empty")
    assert balance(client) == (Decimal("9999.40"), Decimal("0.00"))

    client.approve_assignment(AssignmentId=second, OverrideRejection=True)
    assert balance(client) == (Decimal("9998.80"), Decimal("0.00"))
    found = client.list_assignments_for_hit(HITId=hit["HITId"])["Assignments"]
    assert [entry["AssignmentStatus"] for entry in found] == ["Approved"] * 2
    assert found[0]["RequesterFeedback"] == "thanks"


def test_a_decision_cannot_be_made_twice(live: LiveMarketplace, client):
    assignment_id = live.add_worker().do(post(client)["HITId"])
    client.approve_assignment(AssignmentId=assignment_id)

    code, message = refusal(client.approve_assignment, AssignmentId=assignment_id)
    assert code == "InvalidAssignmentState"
    assert "This operation can be called with a status of: Submitted" in message
    code, _ = refusal(
        client.reject_assignment, AssignmentId=assignment_id, RequesterFeedback="no"
    )
    assert code == "InvalidAssignmentState"


def test_a_rejection_can_be_overridden_for_30_days_only(live: LiveMarketplace, client):
    assignment_id = live.add_worker().do(post(client)["HITId"])
    client.reject_assignment(AssignmentId=assignment_id, RequesterFeedback="no")
    live.advance(31 * DAY_S)

    code, _ = refusal(
        client.approve_assignment, AssignmentId=assignment_id, OverrideRejection=True
    )
    assert code == "InvalidAssignmentState"


def test_too_little_money_posts_nothing(live: LiveMarketplace):
    client = live.requester_client("poor", balance_cents=59)

    code, message = refusal(post, client=client)
    assert code == "InsufficientFunds"
    assert "0.60 USD are needed, 0.59 USD are available" in message
    assert client.list_hits()["NumResults"] == 0
    assert post(client, Reward="0.49")["HITStatus"] == "Assignable"


def test_a_token_posts_once_for_24_hours(live: LiveMarketplace, client):
    hit = post(client, UniqueRequestToken="block-1")

    code, message = refusal(post, client=client, UniqueRequestToken="block-1")
    assert (code, hit["HITId"] in message) == ("HitAlreadyExists", True)
    assert client.list_hits()["NumResults"] == 1
    live.advance(DAY_S + 1)
    assert post(client, UniqueRequestToken="block-1")["HITId"] != hit["HITId"]


def test_nine_assignments_cannot_become_ten(client):
    hit_id = post(client, MaxAssignments=8)["HITId"]
    client.create_additional_assignments_for_hit(
        HITId=hit_id, NumberOfAdditionalAssignments=1, UniqueRequestToken="more"
    )
    assert get(client, hit_id)["MaxAssignments"] == 9
    assert balance(client)[1] == Decimal("5.40")

    extend = client.create_additional_assignments_for_hit
    code, _ = refusal(extend, HITId=hit_id, NumberOfAdditionalAssignments=1)
    assert code == "InvalidMaximumAssignmentsIncrease"
    code, _ = refusal(
        extend, HITId=hit_id, NumberOfAdditionalAssignments=1, UniqueRequestToken="more"
    )
    assert code == "DuplicateRequest"
    large = post(client, MaxAssignments=10)["HITId"]
    extend(HITId=large, NumberOfAdditionalAssignments=90)
    assert get(client, large)["NumberOfAssignmentsAvailable"] == 100


def test_a_status_follows_from_what_workers_do(live: LiveMarketplace, client):
    hit_id = post(client, MaxAssignments=1)["HITId"]
    worker = live.add_worker()

    assert get(client, hit_id)["HITStatus"] == "Assignable"
    assignment_id = worker.accept(hit_id)
    taken = get(client, hit_id)
    assert taken["HITStatus"] == "Unassignable"
    assert taken["NumberOfAssignmentsPending"] == 1
    worker.give_back(assignment_id)
    assert get(client, hit_id)["HITStatus"] == "Assignable"
    assignment_id = worker.do(hit_id)
    assert get(client, hit_id)["HITStatus"] == "Reviewable"
    client.update_hit_review_status(HITId=hit_id)
    assert get(client, hit_id)["HITStatus"] == "Reviewing"
    assert client.list_reviewable_hits()["NumResults"] == 0
    assert client.list_reviewable_hits(Status="Reviewing")["NumResults"] == 1
    client.update_hit_review_status(HITId=hit_id, Revert=True)
    client.approve_assignment(AssignmentId=assignment_id)
    assert get(client, hit_id)["NumberOfAssignmentsCompleted"] == 1


def test_work_is_rejected_without_words_too_as_scripts_do(live, client):
    hit_id = post(client)["HITId"]
    assignment_id = live.add_worker().do(hit_id)

    client.reject_assignment(AssignmentId=assignment_id, RequesterFeedback="")

    found = client.get_assignment(AssignmentId=assignment_id)["Assignment"]
    assert found["AssignmentStatus"] == "Rejected"


def test_only_reviewable_and_decided_hits_can_be_deleted(live, client):
    hit_id = post(client, MaxAssignments=2)["HITId"]
    assert refusal(client.delete_hit, HITId=hit_id)[0] == "InvalidHITState"
    assignment_id = live.add_worker().do(hit_id)
    client.update_expiration_for_hit(HITId=hit_id, ExpireAt=0)
    code, message = refusal(client.delete_hit, HITId=hit_id)
    assert code == "InvalidHITState"
    assert "in the state 'Reviewable'. This operation can be called with" in message

    client.approve_assignment(AssignmentId=assignment_id)
    client.delete_hit(HITId=hit_id)

    assert get(client, hit_id)["HITStatus"] == "Disposed"
    assert client.list_hits()["HITs"] == []
    assert balance(client) == (Decimal("9999.40"), Decimal("0.00"))


def test_an_expiry_in_the_past_is_now_and_one_ahead_opens_again(live, client):
    hit_id = post(client)["HITId"]
    client.update_expiration_for_hit(
        HITId=hit_id, ExpireAt=datetime(2001, 1, 1, tzinfo=UTC)
    )
    assert get(client, hit_id)["HITStatus"] == "Reviewable"
    assert balance(client)[1] == 0
    with pytest.raises(RefusedError, match="no more assignments"):
        live.add_worker().accept(hit_id)

    later = live.market.clock() + timedelta(days=2)
    client.update_expiration_for_hit(HITId=hit_id, ExpireAt=later)
    assert get(client, hit_id)["HITStatus"] == "Assignable"
    assert balance(client)[1] == Decimal("0.60")


def test_time_abandons_approves_expires_and_disposes(live, client):
    hit_id = post(client, MaxAssignments=2, AutoApprovalDelayInSeconds=3600)["HITId"]
    slow, quick = live.add_worker(), live.add_worker()
    slow_id = slow.accept(hit_id)
    quick_id = quick.do(hit_id)

    live.advance(601)
    with pytest.raises(RefusedError, match="time for this assignment is over"):
        slow.submit(slow_id)
    assert get(client, hit_id)["NumberOfAssignmentsAvailable"] == 1

    live.advance(3600)
    approved = client.get_assignment(AssignmentId=quick_id)["Assignment"]
    assert approved["AssignmentStatus"] == "Approved"
    assert approved["ApprovalTime"] == approved["AutoApprovalTime"]

    live.advance(DAY_S)
    assert get(client, hit_id)["HITStatus"] == "Reviewable"
    live.advance(121 * DAY_S)
    assert get(client, hit_id)["HITStatus"] == "Disposed"


def test_html_is_kept_to_the_letter(client):
    html = "<crowd-form>a < b && c 😀 مرحبا</crowd-form>"

    hit_id = post(client, Question=HTML.format(html=html))["HITId"]

    assert get(client, hit_id)["Question"] == HTML.format(html=html)


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<HTMLQuestion>&b;</HTMLQuestion>"
)
FILE = (
    '<!DOCTYPE x [<!ENTITY f SYSTEM "outside.txt">]>'
    "<HTMLQuestion><HTMLContent>&f;</HTMLContent></HTMLQuestion>"
)


@pytest.mark.parametrize(
    "question",
    [
        "not XML",
        "<Other/>",
        "<HTMLQuestion><HTMLContent>x</HTMLContent></HTMLQuestion>",
        QUESTION.replace("https:", "javascript:"),
        QUESTION.replace("600", "tall"),
        BOMB,
        FILE,
    ],
)
def test_a_question_that_is_none_is_refused(client, question):
    code, message = refusal(post, client=client, Question=question)

    assert code == "XMLParseError"
    assert "root:" not in message
    assert balance(client)[1] == 0


def test_a_question_of_64_kilobytes_is_too_long(client):
    fits = HTML.format(html="x" * (65_535 - len(HTML.format(html=""))))
    assert post(client, Question=fits)["HITStatus"] == "Assignable"

    code, message = refusal(post, client=client, Question=fits.replace("x]", "xx]"))
    assert (code, "65536 bytes" in message) == ("ParameterValidationError", True)


@pytest.mark.parametrize(
    "changes",
    [
        {"Reward": "21474836.48"},
        {"Title": "x" * 129},
        {"LifetimeInSeconds": 29},
        {"AssignmentDurationInSeconds": 31_536_001},
        {"AutoApprovalDelayInSeconds": 2_592_001},
        {"MaxAssignments": 0},
        {"RequesterAnnotation": "x" * 256},
    ],
)
def test_values_out_of_range_are_refused_in_words(client, changes):
    code, message = refusal(post, client=client, **changes)

    assert code == "ParameterValidationError"
    assert next(iter(changes)) in message
    assert balance(client)[1] == 0


def test_somebody_elses_hit_does_not_exist(live: LiveMarketplace, client):
    other = live.requester_client("other")
    hit_id = post(client)["HITId"]

    assert refusal(other.get_hit, HITId=hit_id)[0] == "HITDoesNotExist"
    assert refusal(other.delete_hit, HITId=hit_id)[0] == "HITDoesNotExist"
    assert other.list_hits()["NumResults"] == 0


def test_lists_go_page_by_page_and_miss_nothing(live: LiveMarketplace, client):
    made = [post(client, Title=f"HIT {n}")["HITId"] for n in range(7)]

    pages = client.get_paginator("list_hits").paginate(PaginationConfig={"PageSize": 3})
    found = [[hit["HITId"] for hit in page["HITs"]] for page in pages]

    assert [len(page) for page in found] == [3, 3, 1, 0]
    assert [hit_id for page in found for hit_id in page] == made[::-1]


def test_a_list_is_at_its_end_where_a_page_is_empty(live: LiveMarketplace, client):
    made = {post(client, Title=f"HIT {n}")["HITId"] for n in range(3)}

    # As public scripts read it: no question whether there is a NextToken.
    page = client.list_hits(MaxResults=100)
    found = page["HITs"]
    while len(page["HITs"]) > 0:
        page = client.list_hits(MaxResults=100, NextToken=page["NextToken"])
        found += page["HITs"]

    assert {hit["HITId"] for hit in found} == made
    assert len(found) == 3
    assert "NextToken" not in page


def test_a_next_token_is_good_for_its_own_list_only(live: LiveMarketplace, client):
    for n in range(3):
        post(client, Title=f"HIT {n}")
    token = client.list_hits(MaxResults=1)["NextToken"]

    code, _ = refusal(client.list_reviewable_hits, NextToken=token)
    assert code == "InvalidPaginationToken"
    code, _ = refusal(client.list_hits, NextToken="anything")
    assert code == "InvalidPaginationToken"


def test_assignments_are_filtered_by_status(live: LiveMarketplace, client):
    hit_id = post(client, MaxAssignments=3)["HITId"]
    ids = [live.add_worker().do(hit_id, {"n": str(n)}) for n in range(3)]
    client.approve_assignment(AssignmentId=ids[1])

    def listed(*statuses):
        reply = client.list_assignments_for_hit(
            HITId=hit_id, AssignmentStatuses=list(statuses)
        )
        return [entry["AssignmentId"] for entry in reply["Assignments"]]

    assert listed("Submitted") == [ids[0], ids[2]]
    assert listed("Approved", "Rejected") == [ids[1]]
    assert listed() == ids


def test_an_accepted_assignment_is_not_shown_yet(live: LiveMarketplace, client):
    hit_id = post(client)["HITId"]
    assignment_id = live.add_worker().accept(hit_id)

    assert client.list_assignments_for_hit(HITId=hit_id)["Assignments"] == []
    code, message = refusal(client.get_assignment, AssignmentId=assignment_id)
    assert code == "InvalidAssignmentState"
    assert "status of: Reviewable,Approved,Rejected" in message


def test_a_worker_does_a_hit_once(live: LiveMarketplace, client):
    hit_id = post(client, MaxAssignments=3)["HITId"]
    worker = live.add_worker()
    assert worker.accept(hit_id) == worker.accept(hit_id)
    worker.do(hit_id)

    with pytest.raises(RefusedError, match="done this HIT already"):
        worker.accept(hit_id)


def test_a_hit_can_be_moved_to_another_type(client):
    hit_id = post(client, MaxAssignments=2)["HITId"]
    dearer = client.create_hit_type(**{**PROPERTIES, "Reward": "1.00"})["HITTypeId"]

    client.update_hit_type_of_hit(HITId=hit_id, HITTypeId=dearer)

    assert get(client, hit_id)["Reward"] == "1.00"
    assert balance(client)[1] == Decimal("2.40")


def test_looking_counts_as_pending_for_a_minute(live: LiveMarketplace, client):
    hit_id = post(client)["HITId"]
    live.add_worker().preview(hit_id)

    looked_at = get(client, hit_id)
    assert looked_at["NumberOfAssignmentsPending"] == 1
    assert looked_at["NumberOfAssignmentsAvailable"] == 1
    live.advance(61)
    assert get(client, hit_id)["NumberOfAssignmentsPending"] == 0
