"""What an import says its responses are: votes, names, an order, texts."""

from __future__ import annotations

import pytest

from analysis.importing import ImportRefusedError
from analysis.measures.agreement.numbers import field_agreements
from hit_templates.questions import question_from_json
from tests.analysis.importing.files import LONG, MODEL_VS_HUMAN, imported, written


def declared(path, **options):
    (entry,) = imported(path, **options).head["questions"].items()
    question = question_from_json(*entry)
    (field,) = question.fields
    return question, field


def test_votes_are_declared_with_their_values_and_what_is_neither(tmp_path):
    text = LONG.replace("cyd,dog.png,no", "cyd,dog.png,maybe")
    said = {"yes": ("yes",), "no": ("no",), "other": ("maybe",)}
    question, field = declared(written(tmp_path, text), **said)
    assert question.vote is not None
    assert not question.is_graded
    assert field.choices == ("Yes", "maybe", "no", "yes")
    assert (field.yes, field.no) == (("Yes", "yes"), ("no",))


def test_categories_are_names_and_graded(tmp_path):
    path = written(tmp_path, MODEL_VS_HUMAN)
    question, field = declared(path, format_name="model-vs-human")
    assert question.is_graded
    assert question.vote is None
    assert (field.measured_on, field.choices) == ("nominal", ("cat", "dog", "na"))


CODES = "Subject,Image,Answer\nann,a,10\nbob,a,2\ncyd,a,3\n"
WORDS = "Subject,Image,Answer\nann,a,often\nbob,a,never\ncyd,a,Always\n"


def test_codes_are_names_unless_they_are_said_to_be_ordered(tmp_path):
    path = written(tmp_path, CODES)
    assert declared(path)[1].measured_on == "nominal"
    ordered = declared(path, scale="ordinal")[1]
    assert (ordered.measured_on, ordered.choices) == ("ordinal", ("2", "3", "10"))


def test_words_are_ordered_as_is_said(tmp_path):
    path = written(tmp_path, WORDS)
    order = ("never", "often", "always")
    field = declared(path, scale="ordinal", order=order)[1]
    assert field.choices == ("never", "often", "Always")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scale": "ordinal"}, "have no order of their own"),
        ({"scale": "interval"}, "have no order of their own"),
        ({"scale": "ordinal", "order": ("never", "often")}, "leaves out 'Always'"),
        ({"order": ("never", "often", "always")}, "goes with --scale ordinal"),
        ({"scale": "ordinal", "order": ("a", "A", "b")}, "names 'a' twice"),
    ],
)
def test_an_order_that_words_do_not_have_is_refused(tmp_path, options, words):
    with pytest.raises(ImportRefusedError, match=words):
        imported(written(tmp_path, WORDS), **options)


def test_many_different_responses_are_texts(tmp_path):
    rows = [f"w{number},i{number},text {number}" for number in range(40)]
    path = written(tmp_path, "Subject,Image,Answer\n" + "\n".join(rows) + "\n")
    assert declared(path)[1].measured_on == "text"


def test_codes_of_categories_get_nominal_agreement_only(tmp_path):
    text = CODES + "ann,b,2\nbob,b,2\ncyd,b,10\n"
    path = written(tmp_path, text)
    assert {each.scale for each in field_agreements(imported(path))} == {"nominal"}
    ordered = field_agreements(imported(path, scale="ordinal"))
    assert "ordinal" in {each.scale for each in ordered}


def test_words_in_an_order_get_ordinal_agreement(tmp_path):
    path = written(tmp_path, WORDS + "ann,b,never\nbob,b,never\ncyd,b,often\n")
    order = ("never", "often", "always")
    ordered = field_agreements(imported(path, scale="ordinal", order=order))
    assert "ordinal" in {each.scale for each in ordered}
