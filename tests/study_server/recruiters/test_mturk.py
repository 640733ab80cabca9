"""The market's own formats: fees, questions, answers, requirements, visits."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from study_server.errors import (
    IdentityError,
    MalformedAnswerError,
    MarketAwayError,
    MarketRefusedError,
    QuestionTooLargeError,
)
from study_server.recruiters.base import PostForm, Visit
from study_server.recruiters.market import Spot
from study_server.recruiters.mturk import LIVE_ENDPOINT, mturk
from study_server.recruiters.mturk.answers import read_answers
from study_server.recruiters.mturk.fees import bonus_fee_minor, reward_fee_minor
from study_server.recruiters.mturk.notifications import read_notification
from study_server.recruiters.mturk.questions import (
    MAX_QUESTION_BYTES,
    external_question,
    html_question,
)
from study_server.recruiters.mturk.section import MTurkSection
from study_server.recruiters.sections import to_minor

SETTINGS = {
    "title": "Look at images",
    "description": "Say what you see",
    "reward": "1.20",
    "minutes": 6.0,
    "cap": "100",
}
ACCEPTED = {
    "assignmentId": "3AAA",
    "hitId": "3HHH",
    "workerId": "A1",
    "turkSubmitTo": "https://www.mturk.com",
}
ANSWERS = (
    '<?xml version="1.0"?><QuestionFormAnswers xmlns="http://mechanicalturk.amazonaws'
    '.com/AWSMechanicalTurkDataSchemas/2005-10-01/QuestionFormAnswers.xsd">{}'
    "</QuestionFormAnswers>"
)
TRICKY = "<b> & ]]> 🦊 שלום é"


def section(**changed: object) -> MTurkSection:
    return MTurkSection.model_validate({**SETTINGS, **changed})


@pytest.mark.parametrize(
    ("reward", "n", "masters", "fee"),
    [
        (120, 1, False, 24),  # 20 % of 1.20
        (120, 9, False, 24),
        (120, 10, False, 48),  # 20 % more from ten assignments on
        (120, 1, True, 30),  # 25 %
        (120, 10, True, 54),  # 45 %
        (1, 1, False, 1),  # 0.2 cents, at least one
        (2, 10, False, 1),  # 0.8 cents
        (12, 1, False, 2),  # 2.4 cents
        (13, 1, False, 3),  # 2.6 cents
        (10, 1, True, 3),  # 2.5 cents, half up
        (30, 1, True, 8),  # 7.5 cents, half up
    ],
)
def test_fees_are_exact_to_the_cent(reward, n, masters, fee):
    assert reward_fee_minor(reward, n_assignments=n, needs_masters=masters) == fee


def test_a_bonus_costs_a_fifth_and_at_least_a_cent():
    assert [bonus_fee_minor(amount) for amount in (1, 12, 13, 500)] == [1, 2, 3, 100]


@given(st.decimals("0", "9999999", places=2))
def test_money_is_read_exactly(amount: Decimal):
    assert Decimal(to_minor(str(amount))) / 100 == amount


@pytest.mark.parametrize("reward", [1.2, 1, "1,20", "1.234", "-1", "free", "1e3", ""])
def test_a_reward_that_is_no_money_is_refused(reward):
    with pytest.raises(ValidationError, match="dollars as text"):
        section(reward=reward)


def test_a_cap_below_one_reward_is_refused():
    with pytest.raises(ValidationError, match="does not even cover one reward"):
        section(cap="1.19")


@pytest.mark.parametrize("url", ["http://images.example.org/set", "ftp://x.org", "x"])
def test_images_of_a_page_come_over_https(url):
    with pytest.raises(ValidationError, match="expected an https:// address"):
        section(delivery="html", image_base_url=url)


def test_an_external_question_survives_xml():
    question = external_question("https://lab.example.org/s/abc?x=1&y=<2>")
    root = ET.fromstring(question.text)  # noqa: S314 - our own
    assert root[0].text == "https://lab.example.org/s/abc?x=1&y=<2>"
    assert root.tag.endswith("2006-07-14/ExternalQuestion.xsd}ExternalQuestion")


def test_a_frame_needs_https():
    with pytest.raises(MarketRefusedError, match="SECONDLOOK_BASE_URL"):
        external_question("http://lab.example.org/s/abc")


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"])))
def test_any_text_survives_an_html_question(text: str):
    root = ET.fromstring(html_question(f"<p>{text}]]>{text}</p>").text)  # noqa: S314 - our own
    assert root[0].text == f"<p>{text}]]>{text}</p>"


def test_a_page_that_is_too_large_says_its_size_and_what_to_do():
    with pytest.raises(QuestionTooLargeError, match=r"70,\d\d\d bytes.*external"):
        html_question("x" * 70_000)
    wrapped = html_question("").n_bytes
    html_question("x" * (MAX_QUESTION_BYTES - wrapped))
    with pytest.raises(QuestionTooLargeError):
        html_question("x" * (MAX_QUESTION_BYTES - wrapped + 1))


def test_answers_are_read_with_markup_emoji_and_right_to_left_text():
    escaped = TRICKY.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    raw = ANSWERS.format(
        "<Answer><QuestionIdentifier>q1</QuestionIdentifier>"
        f"<FreeText>{escaped}</FreeText></Answer>"
        "<Answer><QuestionIdentifier>q2</QuestionIdentifier><FreeText>"
        "<![CDATA[a < b]]></FreeText></Answer>"
        "<Answer><QuestionIdentifier>q3</QuestionIdentifier>"
        "<SelectionIdentifier>yes</SelectionIdentifier></Answer>"
        "<Answer><QuestionIdentifier>q3</QuestionIdentifier>"
        "<SelectionIdentifier>no</SelectionIdentifier></Answer>"
    )
    assert read_answers(raw) == {"q1": TRICKY, "q2": "a < b", "q3": "yes|no"}


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]>'
    "<QuestionFormAnswers><Answer><QuestionIdentifier>q</QuestionIdentifier>"
    "<FreeText>&c;</FreeText></Answer></QuestionFormAnswers>"
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "outside.txt">]>'
    "<QuestionFormAnswers><Answer><QuestionIdentifier>q</QuestionIdentifier>"
    "<FreeText>&x;</FreeText></Answer></QuestionFormAnswers>"
)


@pytest.mark.parametrize("raw", [BOMB, OUTSIDE])
def test_bombs_and_outside_entities_are_refused(raw):
    with pytest.raises(MalformedAnswerError, match="document type or entities"):
        read_answers(raw)


@pytest.mark.parametrize("raw", ["", "no xml", "<a>", "<a/><b/>", '{"a": 1}', "\x00"])
def test_what_is_no_xml_is_said_to_be_none(raw):
    with pytest.raises(MalformedAnswerError, match="not XML"):
        read_answers(raw)


@given(st.text(max_size=200))
def test_any_text_at_all_is_read_or_refused(raw: str):
    with suppress(MalformedAnswerError):
        assert isinstance(read_answers(raw), dict)


def test_the_masters_id_is_that_of_the_environment():
    masters = section(masters=True, min_percent_approved=97, locales=["US", "DE"])
    live = mturk.offer(masters, spot=Spot(is_live=True), absent=("3PART",))
    sandbox = mturk.offer(masters, spot=Spot(), absent=())
    assert [r.qualification_id for r in live.requirements] == [
        "2F1QJWKUDD8XADTFD2Q0G6UTO95ALH",
        "000000000000000000L0",
        "00000000000000000071",
        "3PART",
    ]
    assert sandbox.requirements[0].qualification_id == "2ARFPLSP75KLA8M8DH1HTEQVJT3SY6"
    assert live.requirements[1].values == (97,)
    assert live.requirements[3].comparator == "DoesNotExist"


def test_live_never_follows_the_sandbox_variable(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_MTURK", "http://127.0.0.1:9")
    assert mturk.endpoint(section(), Spot()) == "http://127.0.0.1:9"
    assert mturk.endpoint(section(), Spot(is_live=True)) == LIVE_ENDPOINT
    own = Spot(is_live=True, endpoint="https://market.example.org/")
    assert mturk.endpoint(section(), own) == "https://market.example.org"


def test_a_sandbox_without_address_says_how_to_start_one(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL_MTURK", raising=False)
    with pytest.raises(MarketAwayError, match="secondlook marketplace start"):
        mturk.endpoint(section(), Spot())


def test_work_is_handed_in_where_the_market_is():
    identity = mturk.identify(section(), Visit(parameters=ACCEPTED))
    handoff = mturk.finish(section(), identity.visit_ids)
    assert isinstance(handoff, PostForm)
    assert handoff.url == "https://www.mturk.com/mturk/externalSubmit"
    assert handoff.fields == {"assignmentId": "3AAA", "secondlook": "completed"}


@pytest.mark.parametrize(
    "site",
    ["", "https://evil.example", "javascript:alert(1)", "http://10.0.0.1", "//x"],
)
def test_work_is_never_handed_in_just_anywhere(site):
    visit = Visit(parameters={**ACCEPTED, "turkSubmitTo": site})
    with pytest.raises(IdentityError, match="turkSubmitTo"):
        mturk.identify(section(), visit)
    own = section(worker_sites=["https://evil.example"])
    if site == "https://evil.example":
        assert mturk.identify(own, visit).visit_ids["site"] == site


def test_a_preview_names_nobody():
    looking = Visit(
        parameters={"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE", "hitId": "3HHH"}
    )
    assert mturk.is_preview(section(), looking)
    assert not mturk.is_preview(section(), Visit(parameters=ACCEPTED))
    with pytest.raises(IdentityError, match="accept it there first"):
        mturk.identify(section(), looking)


def test_a_notification_is_a_hint_where_to_look():
    event = b'{"Events": [{"EventType": "AssignmentSubmitted", "HITId": "3HHH"}, 7]}'
    assert read_notification(event).hit_ids == {"3HHH"}
    wrapped = b'{"Type": "Notification", "Message": "{\\"Events\\": [{\\"HITId\\": \\"3X\\"}]}"}'
    assert read_notification(wrapped).hit_ids == {"3X"}
    assert read_notification(b'{"Events": "no"}').hit_ids == frozenset()
    for body in (b"", b"[]", b"\xff", b"[" * 100_000):
        with pytest.raises(MalformedAnswerError):
            read_notification(body)
