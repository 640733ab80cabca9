"""Old results of Mechanical Turk: batch files and saved replies."""

from __future__ import annotations

import json

import pytest

from analysis.importing import ImportRefusedError
from analysis.importing.hits.question_form_answers import (
    AnswersError,
    read_question_form_answers,
)
from tests.analysis.importing.files import ANSWER, form, imported, written

BATCH = (
    '"HITId","Title","AssignmentId","WorkerId","AssignmentStatus","SubmitTime",'
    '"WorkTimeInSeconds","Input.image","Answer.relevant"\n'
    '"H1","Look","A1","AW1","Approved","Tue Nov 22 07:49:30 PST 2016","61","a.png","yes"\n'
    '"H1","Look","A2","AW2","Rejected","Tue Nov 22 07:50:30 PST 2016","8","a.png","no"\n'
    '"H2","Look","A3","AW1","Submitted","Tue Jun 21 07:00:00 PDT 2016","30","b.png","no"\n'
)


def assignment(number=1, answer=None, **more):
    return {
        "AssignmentId": f"A{number}",
        "WorkerId": f"AW{number}",
        "HITId": "H1",
        "AssignmentStatus": "Approved",
        "AcceptTime": "2016-11-22T07:48:30-08:00",
        "SubmitTime": "2016-11-22T07:49:30-08:00",
        "Answer": form(relevant="yes", sure="no") if answer is None else answer,
        **more,
    }


def reply(*assignments):
    return json.dumps({"NumResults": len(assignments), "Assignments": assignments})


def refused(path, format_name, **options):
    with pytest.raises(ImportRefusedError) as caught:
        imported(path, format_name=format_name, **options)
    return str(caught.value)


def test_a_batch_gives_one_response_per_assignment(tmp_path):
    bundle = imported(written(tmp_path, BATCH), format_name="mturk-csv")

    assert len(bundle.votes) == 3
    assert bundle.sessions["duration_s"].tolist() == [61, 8, 30]
    # A rejected assignment was not paid; it is not left out of the analysis.
    assert bundle.sessions["is_valid"].all()
    assert bundle.sessions["participant"].nunique() == 2
    # 07:00 PDT is 14:00 UTC, 07:49:30 PST is 15:49:30 UTC; ordered by time.
    assert bundle.responses["received_at"].dt.strftime("%H:%M:%S").tolist() == [
        "14:00:00",
        "15:49:30",
        "15:50:30",
    ]
    slots = bundle.trials["slots"].map(json.loads)
    assert {entry["target"] for entry in slots} == {"a.png", "b.png"}


def test_ids_of_the_market_stay_outside(tmp_path):
    bundle = imported(written(tmp_path, BATCH), format_name="mturk-csv")
    text = bundle.sessions.to_csv() + bundle.responses.to_csv() + str(bundle.head)
    assert not any(name in text for name in ("AW1", "AW2", "A1", "A3"))


def test_many_images_in_one_hit_are_paired_by_number(tmp_path):
    path = written(
        tmp_path,
        "HITId,AssignmentId,WorkerId,Input.image1,Input.image2,Answer.q1,Answer.q2\n"
        "H1,A1,W1,a.png,b.png,yes,no\n"
        "H1,A2,W2,a.png,b.png,yes,\n",
    )
    columns = {"stimulus": "Input.image{}", "response": "Answer.q{}"}
    bundle = imported(path, format_name="mturk-csv", columns=columns)
    slots = bundle.trials.set_index("trial")["slots"].map(json.loads)
    shown = bundle.responses["trial"].map(lambda trial: slots[trial]["target"])
    found = set(zip(shown, bundle.responses["value"], strict=True))
    assert found == {("a.png", "yes"), ("b.png", "no")}
    assert len(bundle.responses) == 3  # what was left empty is no response


def test_radio_buttons_and_nested_answers_become_choices(tmp_path):
    boxes = (
        "HITId,AssignmentId,WorkerId,Input.image,Answer.seen.yes,Answer.seen.no\n"
        "H1,A1,W1,a.png,true,false\nH1,A2,W2,a.png,false,true\n"
    )
    nested = (
        "HITId,AssignmentId,WorkerId,Input.image,Answer.taskAnswers\n"
        'H1,A1,W1,a.png,"[{""seen"":{""yes"":true,""no"":false}}]"\n'
        'H1,A2,W2,a.png,"[{""seen"":{""yes"":false,""no"":true}}]"\n'
    )
    for name, text in (("boxes.csv", boxes), ("nested.csv", nested)):
        bundle = imported(written(tmp_path, text, name), format_name="mturk-csv")
        assert bundle.votes["accepts"].tolist() == [True, False]


def test_replies_in_every_shape_give_the_same(tmp_path):
    one, two = assignment(1), assignment(2)
    shapes = {
        "reply.json": reply(one, two),
        "pages.json": f"[{reply(one)}, {reply(two)}]",
        "lines.jsonl": reply(one) + "\n" + reply(two) + "\n",
        "bare.json": json.dumps([one, two]),
        "epoch.json": reply(
            {**one, "AcceptTime": 1479829710.0, "SubmitTime": 1479829770.0}, two
        ),
    }
    for name, text in shapes.items():
        bundle = imported(written(tmp_path, text, name), format_name="mturk-json")
        assert len(bundle.responses) == 4, name  # two questions, two people
        assert set(bundle.trials["question"]) == {"relevant", "sure"}
        assert bundle.sessions["duration_s"].tolist() == [60, 60]
        assert bundle.responses["received_at"].dt.strftime("%H:%M").unique() == "15:49"


def test_a_question_can_hold_the_stimulus(tmp_path):
    path = written(
        tmp_path, reply(assignment(1, form(image="a.png", relevant="yes"))), "r.json"
    )
    columns = {"stimulus": "Answer.image"}
    bundle = imported(path, format_name="mturk-json", columns=columns)
    assert json.loads(bundle.trials["slots"][0]) == {"target": "a.png"}
    assert bundle.votes["accepts"].tolist() == [True]


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "aaaaaaaaaa">'
    '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    "<QuestionFormAnswers><Answer><QuestionIdentifier>q</QuestionIdentifier>"
    "<FreeText>&c;</FreeText></Answer></QuestionFormAnswers>"
)
OUTSIDE = (
    '<!DOCTYPE z [<!ENTITY a SYSTEM "outside.txt">]>'
    "<QuestionFormAnswers><Answer><QuestionIdentifier>q</QuestionIdentifier>"
    "<FreeText>&a;</FreeText></Answer></QuestionFormAnswers>"
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "declares a document type"),
        (OUTSIDE, "declares a document type"),
        ('<!DOCTYPE z SYSTEM "http://example.org/z.dtd"><z/>', "document type"),
        ("<z/>", "expected QuestionFormAnswers, got z"),
        ("yes", "not XML"),
        ("", "not XML"),
        (ANSWER.format(answers="&other;"), "not XML"),
        (ANSWER.format(answers="<a>" * 9 + "</a>" * 9), "inside each other"),
        (ANSWER.format(answers="<Answer/>"), "without QuestionIdentifier"),
        (form(a="x").replace("</QuestionFormA", form(a="y")[220:240]), "not XML"),
        ("x" * 2_000_001, "at most 2,000,000"),
        ("\ud800", "not text"),
    ],
)
def test_documents_that_are_no_answers_are_refused(text, words):
    with pytest.raises(AnswersError, match=words):
        read_question_form_answers(text)


def test_answers_keep_what_people_wrote():
    text = form(a="1 &lt; 2 &amp; ]]&gt; 😀 שלום", b="")
    assert read_question_form_answers(text) == {"a": "1 < 2 & ]]> 😀 שלום", "b": ""}


def test_several_selections_are_joined():
    answers = (
        "<Answer><QuestionIdentifier>q</QuestionIdentifier>"
        "<SelectionIdentifier>cat</SelectionIdentifier>"
        "<SelectionIdentifier>dog</SelectionIdentifier>"
        "<OtherSelectionText>fox</OtherSelectionText></Answer>"
    )
    found = read_question_form_answers(ANSWER.format(answers=answers))
    assert found == {"q": "cat|dog|fox"}


def test_bad_answers_are_listed_by_assignment(tmp_path):
    path = written(
        tmp_path, reply(assignment(1), assignment(2, BOMB), assignment(3, "")), "r.json"
    )
    said = refused(path, "mturk-json")
    assert "r.json, Answer, assignments, row 2: declares a document type" in said
    assert "row 3: not XML" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ('{"Assignments": []}', "no Assignments"),
        ("", "is empty (0 bytes)"),
        (reply(assignment(1), assignment(1)), "row 2: this assignment of this worker"),
        (reply(assignment(1, AssignmentStatus="Lost")), "AssignmentStatus, row 1"),
    ],
)
def test_replies_that_are_none_say_why(tmp_path, text, words):
    assert words in refused(written(tmp_path, text, "r.json"), "mturk-json")


def test_a_batch_file_without_its_columns_says_what_is_missing(tmp_path):
    path = written(tmp_path, "HITId,Answer.a\nH,yes\n")
    said = refused(path, "mturk-csv")
    assert "column 'AssignmentId', 'WorkerId' missing" in said
    wrong = {"response": "Answer.colour"}
    said = refused(written(tmp_path, BATCH), "mturk-csv", columns=wrong)
    assert "column Answer.colour missing" in said
    assert "Input.image, Answer.relevant" in said
