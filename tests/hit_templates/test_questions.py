"""Declarations: what they refuse, what they count as a vote, what guessers do."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hit_templates.base import UsualParadigm
from hit_templates.questions import (
    DeclarationError,
    Field,
    Question,
    Vote,
    asking,
    question_from_json,
)
from hit_templates.reading import ResponseError, read_fields
from stimuli.manifest import Trial

STRANGE: Any = "a word nobody declared"
SIDE = Field(
    name="side",
    type="choice",
    choices=("left", "right"),
    words={"left": "to_the_left"},
    is_side=True,
    one_sided="left",
    description="the side chosen",
)
SURE = Field(
    name="confidence",
    type="choice",
    scale="interval",
    choices=("1", "2", "3", "4"),
    description="how sure",
)
SEEN = Field(
    name="seen_{}",
    type="choice",
    choices=("yes", "no", "?"),
    yes=("yes",),
    no=("no",),
    description="whether class {} is seen",
)
PAIR = Question(name="original", fields=(SIDE, SURE), is_graded=True)
TRIAL = Trial(
    id="t",
    slots={},
    question="original",
    classes=(),
    role="main",
    sources=(),
    key={"side": "right"},
)
PARADIGM = UsualParadigm(
    name="pair",
    title="Left or right?",
    slots=(),
    questions=asking(PAIR),
    default_texts={"question_original": "Which?", "to_the_left": "Left"},
)


@pytest.mark.parametrize(
    ("takes", "said", "accepted"),
    [
        ("any", ("yes", "no", "?"), True),
        ("any", ("no", "no", "no"), False),
        ("any", ("no", "?", "no"), None),
        ("all", ("yes", "yes", "yes"), True),
        ("all", ("yes", "?", "no"), False),
        ("all", ("yes", "?", "yes"), None),
    ],
)
def test_a_vote_of_several_fields_takes_any_or_all_of_them(takes, said, accepted):
    vote = Vote(fields=("seen_{}",), takes=takes)
    asked = Question(name="q", fields=(SEEN,), vote=vote)
    response = {f"seen_{number}": value for number, value in enumerate(said)}
    assert asked.accepts(response) is accepted


def test_there_is_one_field_for_each_class():
    assert list(SEEN.of_classes(2)) == ["seen_0", "seen_1"]
    assert SEEN.of_classes(2)["seen_1"].description == "whether class 1 is seen"
    group = Field(name="group", type="choice", numbers_classes=True, description="")
    assert group.of_classes(3)["group"].choices == ("1", "2", "3")


@pytest.mark.parametrize(
    ("fields", "vote", "problem"),
    [
        ((SIDE, SIDE), None, "'side' stands there twice"),
        ((replace(SIDE, one_sided="up"),), None, "up is none of its choices"),
        ((replace(SIDE, yes=("ja",)),), None, "ja is none of its choices"),
        ((replace(SIDE, choices=()),), None, "a choice needs choices"),
        ((replace(SIDE, scale=STRANGE),), None, "scale is one of nominal"),
        ((replace(SIDE, scale="interval"),), None, "interval scale are numbers"),
        ((SIDE,), Vote(fields=("vote",)), "no field 'vote' is declared"),
        ((SIDE,), Vote(fields=("side",)), "needs values for yes or for no"),
        ((SEEN,), Vote(fields=("seen_{}",), takes=STRANGE), "takes is one of any"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(fields, vote, problem):
    with pytest.raises(DeclarationError, match=f"question 'q': .*{problem}"):
        Question(name="q", fields=fields, vote=vote)


def test_all_problems_of_a_declaration_are_said_at_once():
    bad = replace(SIDE, name="", one_sided="up")
    with pytest.raises(DeclarationError) as refused:
        Question(
            name="q",
            fields=(bad,),
            shuffled=STRANGE,
            vote=Vote(fields=("x",)),
        )
    for said in ("needs a name", "up is none", "shuffled is one of", "no field 'x'"):
        assert said in str(refused.value)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ([], "an object was expected, got list"),
        ({}, "a list of fields was expected"),
        ({"fields": ["side"]}, "an object was expected, got str"),
        ({"fields": [{"name": "a", "type": "text"}]}, "description missing"),
        ({"fields": [], "colour": 1}, "colour unknown"),
    ],
)
def test_a_bundle_s_declaration_that_cannot_be_read_says_where(raw, problem):
    with pytest.raises(DeclarationError, match=f"question 'q': {problem}"):
        question_from_json("q", raw)


def test_a_declaration_is_the_same_after_json():
    assert (
        question_from_json("original", json.loads(json.dumps(PAIR.as_json()))) == PAIR
    )


def test_words_take_the_place_of_their_keys():
    worded = PAIR.worded({"question_original": "Which?", "to_the_left": "Left"})
    assert worded.wording == "Which?"
    assert worded.fields[0].words == {"left": "Left"}


@pytest.mark.parametrize(
    ("key", "behaviour", "rate"),
    [
        ({"side": "right"}, "random", 1 / 2),
        ({"side": "right"}, "yes-saying", 0.0),
        ({"side": "left"}, "yes-saying", 1.0),
        # Nobody is one-sided in confidence: 1/4 by chance, times 1.
        ({"side": "left", "confidence": "4"}, "yes-saying", 1 / 4),
        ({"side": "left", "confidence": "4"}, "random", 1 / 8),
        ({"side": "left"}, "careful", 0.95),
    ],
)
def test_guess_rates_follow_from_the_fields(key, behaviour, rate):
    trial = replace(TRIAL, key=key)
    assert PARADIGM.guess_rate(trial, behaviour) == pytest.approx(rate)


def test_simulated_people_are_right_as_often_as_stated():
    rng = np.random.default_rng(3)
    said = [
        PARADIGM.simulate(TRIAL, competence="careful", rng=rng)["side"]
        for _ in range(2000)
    ]
    # 0.95 of 2000 is 1900; four standard errors are 4 * sqrt(2000 * 0.95 * 0.05) = 39.
    assert abs(said.count("right") - 1900) < 39
    assert PARADIGM.simulate(TRIAL, competence="robot", rng=rng)["side"] == "left"


def test_a_usual_paradigm_grades_by_the_key_and_says_what_one_sided_people_do():
    assert PARADIGM.grade(TRIAL, {"side": "right", "confidence": "1"}) is True
    assert PARADIGM.grade(TRIAL, {"side": "left", "confidence": "1"}) is False
    assert PARADIGM.accepts(TRIAL, {"side": "right", "confidence": "1"}) is None
    assert PARADIGM.one_sided == "always choose “Left”"
    assert not PARADIGM.trial_problems(TRIAL)
    assert PARADIGM.trial_problems(replace(TRIAL, key=None)) == [
        "a main trial needs a key"
    ]


@pytest.mark.parametrize("key", [None, {}])
def test_a_catch_that_nobody_can_fail_is_a_problem_of_the_trial(key):
    (said,) = PARADIGM.trial_problems(replace(TRIAL, role="catch", key=key))
    assert said.startswith("a catch trial needs a key")
    assert not PARADIGM.trial_problems(replace(TRIAL, role="practice", key=key))


def test_a_key_that_nobody_can_meet_is_a_problem_of_the_trial():
    trial = replace(TRIAL, key={"side": "up", "sight": "left"})
    assert PARADIGM.trial_problems(trial) == [
        "key: side is one of left, right, got 'up'",
        "key: no field 'sight' is asked, only side, confidence",
    ]


AMOUNT = Field(name="n", type="number", lowest=0, highest=10, description="")
WORDS = Field(name="said", type="text", description="")
DRAWN = Field(name="drawn", type="json", description="")


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        (AMOUNT, 3, 3),
        (AMOUNT, 3.5, 3.5),
        (WORDS, "a cat", "a cat"),
        (DRAWN, {"b": [1, 2], "a": None}, '{"a":null,"b":[1,2]}'),
    ],
)
def test_values_are_stored_as_declared(field, value, stored):
    assert read_fields({field.name: field}, {field.name: value}) == {field.name: stored}


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        (AMOUNT, 11, "n is a number at least 0 and at most 10, got 11"),
        (AMOUNT, True, "got True"),
        (AMOUNT, "3", "got '3'"),
        (AMOUNT, float("nan"), "got nan"),
        (AMOUNT, 10**400, "got 1"),
        (WORDS, "x" * 10_001, "text of at most 10000 characters"),
        (WORDS, "\ud800", "text of at most"),
        (WORDS, None, "got None"),
        (DRAWN, ["x" * 10_001], "JSON of at most 10000 characters"),
        (SURE, 3, "confidence is 1 or 2 or 3 or 4, got 3"),
    ],
)
def test_values_that_do_not_fit_are_refused_in_words(field, value, problem):
    with pytest.raises(ResponseError, match=problem):
        read_fields({field.name: field}, {field.name: value})
