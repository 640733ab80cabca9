"""QuestionForms: drawn, held to their limits, or refused when they are posted."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from study_server.marketplace.errors import RequestError
from study_server.marketplace.questions.answer_limits import Pattern
from study_server.marketplace.questions.hit_questions import (
    check_can_be_done,
    read_question,
)
from study_server.marketplace.questions.html_questions import check_markup
from study_server.marketplace.questions.question_forms import complaints, read_form
from tests.marketplace_server import HTML, LiveMarketplace
from tests.study_server.marketplace.browser.collected import (
    OTHER,
    PICTURE,
    SCHEMA,
    SCRIPT,
    SEVERAL,
    free,
    selection,
)
from tests.study_server.marketplace.requests import post, refusal
from tests.study_server.marketplace.work.test_qualifications import make_type


def form(
    answer: str, *, required: str = "", content: str = "<Text>Well?</Text>"
) -> str:
    needed = f"<IsRequired>{required}</IsRequired>" if required else ""
    return (
        f'<QuestionForm xmlns="{SCHEMA}"><Question><QuestionIdentifier>q'
        f"</QuestionIdentifier><DisplayName>The question</DisplayName>{needed}"
        f"<QuestionContent>{content}</QuestionContent><AnswerSpecification>{answer}"
        "</AnswerSpecification></Question></QuestionForm>"
    )


def counts(least: int, most: int) -> str:
    return (
        f"<MinSelectionCount>{least}</MinSelectionCount>"
        f"<MaxSelectionCount>{most}</MaxSelectionCount>"
    )


LENGTH = free('<Length minLength="2" maxLength="3"/>')
NUMBER = free('<IsNumeric minValue="0" maxValue="9"/>')
REGEX = free('<AnswerFormatRegex regex="\\S+@\\S" errorText="No address." flags="i"/>')
TWO_OF_THREE = selection("a", "b", "c", before=counts(2, 2))
WITH_OTHER = selection(
    "a", "b", after=f"<OtherSelection>{LENGTH[16:-17]}</OtherSelection>"
)


@pytest.mark.parametrize(
    ("answer", "sent", "words"),
    [
        (LENGTH, "a", "at least 2"),
        (LENGTH, "a\r\nb", ""),
        (LENGTH, "abcd", "at most 3"),
        (NUMBER, "many", "write a number"),
        (NUMBER, "1_0", "write a number"),
        (NUMBER, "nan", "write a number"),
        (NUMBER, "-1", "at least 0"),
        (NUMBER, "9.5", "at most 9"),
        (NUMBER, " 9 ", ""),
        (REGEX, "nobody", "No address."),
        (REGEX, "write to me@home, please", ""),
        (TWO_OF_THREE, ["a"], "at least 2"),
        (TWO_OF_THREE, ["a", "b", "c"], "at most 2"),
        (TWO_OF_THREE, ["a", "c"], ""),
        (selection("a", "b"), ["a", "b"], "at most 1"),
    ],
)
def test_an_answer_is_held_to_what_the_form_asks(
    answer: str, sent: str | list[str], words: str
):
    values = {"q": [sent] if isinstance(sent, str) else sent}
    found = complaints(read_form(form(answer)), values)
    assert (words in found["q"]) if words else found == {}


@pytest.mark.parametrize("required", ["true", "1", "false", "0", ""])
@pytest.mark.parametrize("answer", [free(), selection("a"), TWO_OF_THREE, REGEX])
def test_only_what_is_required_has_to_be_answered(required: str, answer: str):
    found = complaints(read_form(form(answer, required=required)), {"q": [""]})
    assert (found != {}) == (required in ("true", "1"))


def test_another_choice_is_held_to_its_own_limits_and_counts_as_one():
    asked = read_form(form(WITH_OTHER))
    other = "q.OtherSelectionText"
    assert "at least 2" in complaints(asked, {other: ["x"]})["q"]
    assert "at most 1" in complaints(asked, {"q": ["a"], other: ["fox"]})["q"]
    assert complaints(asked, {"q": [""], other: ["fox"]}) == {}


def test_an_expression_that_takes_for_ever_stops_nobody():
    assert Pattern(source="(a|aa)+$").complaint("a" * 60 + "b") == ""


def submit(live: LiveMarketplace, hit: dict[str, Any], **fields: str) -> httpx.Response:
    assignment_id = live.add_worker().accept(hit["HITId"])
    fields["assignmentId"] = assignment_id
    return httpx.post(f"{live.url}/mturk/externalSubmit", data=fields, timeout=20)


def test_the_server_shows_a_form_again_with_what_is_wrong(
    live: LiveMarketplace, client: Any
):
    hit = post(client, Question=form(LENGTH, required="1"))
    refused = submit(live, hit, q="long <b>")
    assert refused.status_code == 400
    assert "Please write at most 3 characters." in refused.text
    assert 'value="long &lt;b&gt;"' in refused.text
    assert "sandbox" in refused.headers["Content-Security-Policy"]
    assert client.get_hit(HITId=hit["HITId"])["HIT"]["NumberOfAssignmentsPending"] == 1


BOMB = "((a{1000}){1000}){1,1000}"
MEDIA = PICTURE.format("dog", "A dog &amp; its &quot;ball&quot;") + PICTURE.replace(
    "image", "audio"
).format("bark", "Barking")


@pytest.mark.parametrize(
    ("content", "answer", "words"),
    [
        ("<Application><JavaApplet/></Application>", free(), "q: Application: Java"),
        ("<Sound/>", free(), "holds Sound, which this marketplace does not draw"),
        (PICTURE.replace("image", "application"), free(), "of type 'application'"),
        ("<Binary/>", free(), "Binary without DataURL"),
        ("", "<FileUploadAnswer/>", "FileUploadAnswer was taken out"),
        ("", free() + free(), "got FreeTextAnswer, FreeTextAnswer"),
        ("", "", "AnswerSpecification: expected FreeTextAnswer"),
        ("", free("<Mood/>"), "holds Mood"),
        ("", free('<IsNumeric minValue="low"/>'), "minValue: expected a number"),
        ("", free('<IsNumeric minValue="2" maxValue="1"/>'), "minValue is above"),
        ("", free('<Length maxLength="-1"/>'), "maxLength: expected a number"),
        ("", free(f'<Length maxLength="{"9" * 5000}"/>'), "maxLength: expected"),
        ("", free('<AnswerFormatRegex regex="("/>'), "AnswerFormatRegex, regex '('"),
        ("", free('<AnswerFormatRegex regex="a" flags="xq"/>'), "flags 'xq'"),
        ("", free(f'<AnswerFormatRegex regex="{"(" * 5000}"/>'), "AnswerFormatRegex"),
        ("", free(f'<AnswerFormatRegex regex="{BOMB}"/>'), "it repeats too often"),
        ("", "<SelectionAnswer/>", "no Selection to choose from"),
        ("", selection("a", "a"), "SelectionIdentifier of its own"),
        ("", selection("a", shown=""), "a Selection shows one of"),
        (
            "",
            selection("a", before="<StyleSuggestion>wheel</StyleSuggestion>"),
            "wheel",
        ),
        ("", selection("a", "b", before=counts(3, 3)), "3 to 3 of 2 choices"),
        ("", selection("a", "b", before=counts(2, 1)), "2 to 1 of 2 choices"),
        ("", selection("a", "b", before=counts(0, 0)), "0 to 0 of 2 choices"),
    ],
)
def test_what_would_be_ignored_is_refused(content: str, answer: str, words: str):
    with pytest.raises(RequestError, match=re.escape(words)):
        check_can_be_done(read_question(form(answer, content=content)))


def test_hits_and_tests_of_qualifications_are_looked_at_when_they_are_posted(
    client: Any,
):
    test = form(free("<Mood/>"))
    code, message = refusal(post, client=client, Question=test)
    assert (code, "holds Mood" in message) == ("XMLParseError", True)
    polygon = HTML.format(html=f"{SCRIPT}<crowd-polygon></crowd-polygon>")
    code, message = refusal(post, client=client, Question=polygon)
    assert (code, "crowd-polygon" in message) == ("ParameterValidationError", True)
    code, message = refusal(
        make_type, client=client, Test=test, TestDurationInSeconds=60
    )
    assert (code, "holds Mood" in message) == ("XMLParseError", True)


@pytest.mark.parametrize(
    ("html", "words"),
    [
        (
            "<crowd-polygon></crowd-polygon><crowd-line>",
            "uses <crowd-line>, <crowd-poly",
        ),
        (
            "<crowd-classifier categories='[\"It's a cat\"]'>",
            "end too early, at '[\"It'",
        ),
    ],
)
def test_crowd_elements_that_nobody_could_fill_in_are_refused(html: str, words: str):
    with pytest.raises(RequestError, match=re.escape(words)):
        check_markup(f"{SCRIPT}<crowd-form>{html}</crowd-form>")


@pytest.mark.parametrize(
    "html",
    [
        f"{SCRIPT}<template><crowd-polygon></crowd-polygon></template>",
        f"{SCRIPT}<script>const late = '<crowd-polygon>';</script>",
        f'{SCRIPT}<crowd-classifier categories="[&quot;It\'s a cat&quot;]">',
        f"{SCRIPT}<crowd-classifier categories='[\"It&#39;s a cat\"]'>",
        "<crowd-of-my-own></crowd-of-my-own>",
        f'<?xml version="1.0" encoding="latin-1"?><html lang="he">{SCRIPT}<p>שלום 😀',
        SCRIPT + "<div>" * 13_000 + "<!-- <crowd-polygon> -->",
    ],
)
def test_pages_that_may_be_done_are_taken(html: str):
    check_markup(html)


def test_choices_keep_their_pictures_and_the_words_for_those_who_see_none():
    picture = PICTURE.format("cat", "A cat")
    choice = selection("a", "b", before=SEVERAL, after=OTHER, shown=picture)
    (asked,) = read_form(form(choice, content=MEDIA)).fields
    assert [each.kind for each in asked.content] == ["image", "audio"]
    assert asked.content[0].alt == 'A dog & its "ball"'
    assert [option.content.alt for option in asked.options] == ["A cat", "A cat"]
