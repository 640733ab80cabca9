"""Which trials a way of asking can put to people, by what they hold and it needs."""

from __future__ import annotations

import pytest

from hit_templates.base import (
    Field,
    Paradigm,
    Question,
    UsualParadigm,
    Vote,
    asking,
    check_trials,
    find_paradigms,
    get_paradigm,
)
from hit_templates.fitting import (
    can_be_checked,
    fit_trials,
    fitting_questions,
    key_for,
    needs_of,
    read_asks,
)
from stimuli.manifest import Known, Posed, Role, StimulusSetError, Trial, trial_id

CLASS = Posed(slots=("target",), holds=("class",))
FIVE = Posed(slots=("target",), holds=("classes",))
TWO = Posed(slots=("target",), holds=("alternatives",))
GROUPS = Posed(slots=("target", "group_*"), holds=("groups",))
PLAIN = Posed(slots=("target",))

AGREES = Field(
    name="agrees",
    type="choice",
    choices=("agree", "differ", "unsure"),
    yes=("agree",),
    no=("differ",),
    description="",
)
BETTER = Field(name="better", type="choice", numbers_classes=True, description="")
SURE = Field(
    name="sure", type="choice", scale="ordinal", choices=("1", "2"), description=""
)
WORDS = Field(name="words", type="text", description="")


def way(*questions: Question) -> Paradigm:
    return UsualParadigm(
        name="way",
        title="",
        slots=("target",),
        questions=asking(*questions),
        default_texts={},
    )


VOTES = way(Question(name="said", fields=(AGREES, SURE), vote=Vote(fields=("agrees",))))
CHOOSES = way(Question(name="which", fields=(BETTER, SURE), is_graded=True))
TELLS = way(Question(name="tell", fields=(WORDS,)))


def names(paradigm: Paradigm, posed: Posed) -> list[str]:
    return [question.name for question in fitting_questions(paradigm, posed)]


def trial(
    question: str,
    *classes: str,
    role: Role = "main",
    key: dict[str, str] | None = None,
    present: list[str] | None = None,
) -> Trial:
    slots = {"target": "a" * 64}
    return Trial(
        id=trial_id(slots, question, classes=classes),
        slots=slots,
        question=question,
        classes=classes,
        role=role,
        sources=("b" * 64,),
        key=key,
        truth=None if present is None else {"present": present},
    )


def test_what_is_needed_follows_from_fields_and_vote():
    assert needs_of(VOTES.questions["said"]) == ("class",)
    assert needs_of(CHOOSES.questions["which"]) == ("alternatives",)
    assert needs_of(TELLS.questions["tell"]) == ()
    asked = {
        n: q for one in find_paradigms().values() for n, q in one.questions.items()
    }
    assert {n: needs_of(q) for n, q in asked.items()} == {
        "relevant": ("class",),
        "any": ("classes",),
        "each": ("classes",),
        "assignment": ("groups",),
        "assignment-told-apart": ("groups", "told-apart"),
        "attributes": (),
        "category": ("alternatives",),
        "preferred": ("options",),
        "best-and-worst": ("options",),
        "odd-one-out": ("options",),
    }


def test_trials_fit_by_slots_and_by_what_they_hold():
    assert names(VOTES, CLASS) == ["said"]
    assert names(VOTES, TWO) == names(VOTES, GROUPS) == names(VOTES, PLAIN) == []
    assert names(CHOOSES, TWO) == ["which"]
    # What needs nothing can be asked of any picture, but of one picture only.
    assert names(TELLS, CLASS) == names(TELLS, PLAIN) == ["tell"]
    assert names(TELLS, GROUPS) == []
    assert names(get_paradigm("relevance"), FIVE) == ["any", "each"]
    assert names(get_paradigm("assignment"), GROUPS) == ["assignment"]


def test_a_set_made_for_nobody_is_asked_in_the_paradigms_own_terms():
    trials = [
        trial("relevant", "3", present=["3", "8"]),
        trial("relevant", "5", role="catch", key={"relevant": "no"}),
    ]
    main, catch = fit_trials(VOTES, trials, asks={"relevant": CLASS})
    assert main.question == catch.question == "said"
    assert main.id == trial_id(main.slots, "said", classes=("3",)) != trials[0].id
    assert main.key is None
    assert catch.key == {"agrees": "differ"}
    # Simulated people find the right response under the field's own name.
    assert main.truth == {"present": ["3", "8"], "agrees": "agree"}
    assert not check_trials(VOTES, [main, catch])


def test_the_right_one_of_two_classes_is_known_by_its_place():
    asked = trial("alternatives", "3", "7", key={"right": "2"})
    (found,) = fit_trials(CHOOSES, [asked], asks={"alternatives": TWO})
    assert (found.question, found.key) == ("which", {"better": "2"})


def test_a_question_of_the_paradigms_own_stays_byte_for_byte():
    relevance = get_paradigm("relevance")
    trials = [
        trial("relevant", "3", role="catch", key={"relevant": "yes"}),
        trial("relevant", "4", present=["4"]),
    ]
    assert list(fit_trials(relevance, trials, asks={"relevant": CLASS})) == trials
    # And so does a set of which nothing is said.
    assert list(fit_trials(VOTES, trials, asks={})) == trials
    (problem, *_) = check_trials(VOTES, trials)
    assert "question 'relevant' is not one of said" in problem


def test_whoever_writes_in_their_own_words_has_no_right_response():
    asked = trial("relevant", "5", role="catch", key={"relevant": "no"})
    (found,) = fit_trials(TELLS, [asked], asks={"relevant": CLASS})
    assert found.key is None
    assert not can_be_checked(TELLS.questions["tell"], CLASS)
    assert can_be_checked(VOTES.questions["said"], CLASS)
    assert can_be_checked(CHOOSES.questions["which"], TWO)


@pytest.mark.parametrize(
    ("place", "expected"), [("1", {"side": "l"}), ("2", {"side": "r"}), ("3", {})]
)
def test_sides_of_the_page_go_by_their_place(place: str, expected: dict[str, str]):
    side = Field(
        name="side", type="choice", choices=("l", "r"), is_side=True, description=""
    )
    question = Question(name="q", fields=(side, SURE), is_graded=True)
    assert needs_of(question) == ("sides",)
    assert key_for(question, Known(place=place), classes=()) == expected


def test_a_need_that_no_recipe_has_a_word_for_is_refused():
    with pytest.raises(ValueError, match="needs: music is none of class"):
        Question(name="q", fields=(WORDS,), needs=("music",))


@pytest.mark.parametrize("asks", [["class"], {"q": "class"}, {"q": {"slots": ["a"]}}])
def test_facts_of_a_set_that_are_none_are_refused(asks: object):
    with pytest.raises(StimulusSetError, match="asks: expected for each question"):
        read_asks({"asks": asks})
    assert read_asks({}) == {}
