"""A question nobody has asked before: whatever its fields are, a report says them."""

from __future__ import annotations

import json
from dataclasses import replace
from math import isnan, log

import pytest

from analysis.bundles.example import example_bundle
from analysis.elements.sections import DataTable, Drawing, Prose
from analysis.measures import measures_of
from analysis.measures.base import Told
from analysis.measures.responses.numbers import (
    answered_fields,
    confusion,
    field_means,
    graded_shares,
    value_shares,
)
from analysis.measures.responses.ordered_choices import (
    ordered_blocks,
    ordered_differences,
)
from analysis.measures.responses.tables import field_blocks
from analysis.measures.side_bias.numbers import side_shares
from analysis.people.quality import participant_quality, responses_of
from analysis.reporting.before_after_exclusion import before_and_after
from analysis.reporting.method_sections import method_paragraph
from analysis.reporting.report import headline_table, report_sections, sentences
from hit_templates.questions import Field, Question, Vote, asking
from tests.analysis.frames_maker import put_together

NOTHING: frozenset[Told] = frozenset()
SIDE = Field(
    name="side",
    type="choice",
    choices=("left", "right"),
    words={"left": "Left", "right": "Right"},
    is_side=True,
    one_sided="left",
    description="the side chosen",
)
SURE = Field(
    name="confidence",
    type="choice",
    scale="interval",
    choices=("1", "2", "3", "4"),
    wording="How sure are you?",
    description="how sure",
)
WHY = Field(name="why", type="text", description="in their own words")
PAIR = Question(
    name="two-alternatives",
    fields=(SIDE, SURE, WHY),
    is_graded=True,
    names_classes=False,
    wording="Which image is the original?",
)
# Four trials, two right on either side; four people each.
RIGHT = {"t1": "left", "t2": "left", "t3": "right", "t4": "right"}
# By person: the side on t1 to t4 and the confidence. Ann looks, Bob takes the left.
SAID = {
    "ann": ("left left right right", "4 4 3 3"),
    "bob": ("left left left left", "1 1 1 1"),
    "cyd": ("left right right left", "2 2 4 2"),
    "dan": ("left left right left", "3 3 3 3"),
}


def made(*questions, trials=RIGHT, said=SAID, uses=()):
    rows = []
    for person, (sides, sure) in said.items():
        for trial, side, confidence in zip(
            trials, sides.split(), sure.split(), strict=True
        ):
            response = {
                "response": f"{person}-{trial}",
                "trial": trial,
                "participant": person,
                "is_right": side == trials[trial],
            }
            values = {"side": side, "confidence": confidence, "why": f"I see {side}"}
            rows += [
                {**response, "field": name, "value": value}
                for name, value in values.items()
            ]
        # Everybody takes the left on a catch trial whose answer it is.
        rows.append(
            {
                "response": f"{person}-catch",
                "trial": "catch",
                "participant": person,
                "is_right": True,
                "field": "side",
                "value": "left",
            }
        )
    questions = questions or (PAIR,)
    asked = {"question": questions[0].name, "classes": "", "condition": ""}
    catch = {"role": "catch", "control": "known_yes", "key": '{"side": "left"}'}
    return put_together(
        trials=[
            {**asked, "trial": trial, "key": json.dumps({"side": side})}
            for trial, side in trials.items()
        ]
        + [{**asked, **catch, "trial": "catch"}],
        uses=list(uses),
        responses=rows,
        n=100,
        k=1,
        head={
            "study": {
                "name": "pair",
                "title": "Pairs",
                "paradigm": "not installed here",
            },
            "questions": {
                name: json.loads(json.dumps(each.as_json()))
                for name, each in asking(*questions).items()
            },
        },
    )


@pytest.fixture(scope="module")
def pair():
    return made()


@pytest.fixture(scope="module")
def sections(pair):
    return report_sections(pair)


def test_right_responses_are_counted_beside_chance(pair):
    (found,) = graded_shares(pair)
    # 4 + 2 + 2 + 3 of 16.
    assert found.right.value == 11 / 16
    assert found.chance == 0.5


def test_a_nominal_field_has_shares_and_a_confusion(pair):
    side, *_ = answered_fields(pair, NOTHING)
    shares = {each.value: each.share.value for each in value_shares(side)}
    # Left: 2 + 4 + 2 + 3 of 16.
    assert shares == {"left": 11 / 16, "right": 5 / 16}
    # Where left was right: 7 said left, 1 right; else 4 left, 4 right.
    assert confusion(side).to_numpy().tolist() == [[7, 1], [4, 4]]


def test_an_amount_has_a_mean(pair):
    _, sure, _ = answered_fields(pair, NOTHING)
    (mean,) = field_means(sure)
    # 14 + 4 + 10 + 12 over 16.
    assert mean.mean.value == pytest.approx(40 / 16)
    assert mean.mean.low < 2.5 < mean.mean.high


def test_a_side_bias_is_told_over_the_sides_shown(pair):
    left, right = side_shares(pair)
    assert (left.words, left.chosen.value, left.right) == ("Left", 11 / 16, 0.5)
    assert (right.words, right.chosen.value) == ("Right", 5 / 16)


def test_the_headline_says_every_field(pair):
    head = headline_table(pair)
    assert "right                          68.8 % [" in head
    assert "chance 50.0 %  n = 16" in head
    assert "How sure are you?, mean        2.50 [" in head
    assert "why: 16 responses of 4 people, 2 of them different; median 3 words" in head
    assert max(map(len, head.splitlines())) <= 80


def test_nobody_is_told_that_people_said_yes(pair, sections):
    assert "yes" not in headline_table(pair)
    names = {measure.name for measure in measures_of(pair)}
    assert {"responses", "side-bias"} <= names
    assert "yes-bias" not in names
    assert not {"controls", "votes"} & {section.id for section in sections}


def test_the_method_speaks_of_votes_only_where_there_are_any(pair):
    told = method_paragraph(pair)
    counted = int(pair.single_responses["is_counted"].sum())
    assert counted > 0
    assert f"gave the {counted} responses that count" in told
    assert "accepted" not in told
    assert "votes" not in told
    voted = method_paragraph(example_bundle())
    assert "accepted when at least" in voted
    assert "gave the 12 votes that count" in voted


def test_no_person_s_share_of_yes_is_shown_where_nobody_says_it(sections):
    (people,) = [
        block
        for section in sections
        for block in section.blocks
        if isinstance(block, DataTable) and block.name == "quality_participants"
    ]
    assert "agree" in people.shown
    assert not [name for name in people.shown if str(name).startswith("yes if")]
    assert "share of yes" not in people.caption


def test_people_agree_who_choose_the_same_however_sure_they_are(pair):
    people = participant_quality(responses_of(pair))
    # Of the three others, these chose as Ann did: on t1 all, on t2 Bob and Dan,
    # on t3 Cyd and Dan, on t4 nobody. How sure they are is no part of it.
    assert people.loc["ann", "agreement"] == pytest.approx((1 + 2 / 3 + 2 / 3 + 0) / 4)


def test_every_field_has_a_table_and_a_figure(sections):
    (result,) = [section for section in sections if section.id == "responses"]
    assert sections[0] is result
    for kind, names in (
        (DataTable, {"right", "shares", "confusion", "means", "texts"}),
        (Drawing, {"right", "shares", "means", "lengths"}),
    ):
        found = {block.name for block in result.blocks if isinstance(block, kind)}
        assert {name.split("_")[0] for name in found} == names


def test_catch_trials_are_told_without_a_vote(sections):
    (result,) = [section for section in sections if section.id == "responses"]
    said = [block.text for block in result.blocks if isinstance(block, Prose)]
    # All four are right; one trial cannot say how others would do.
    wanted = "Right responses to catch trials: 100.0 % (no interval: one stimulus"
    assert any(text.startswith(wanted) for text in said), said


def test_what_was_asked_is_said_in_the_declaration_s_words(sections):
    (asked,) = [section for section in sections if section.id == "asked"]
    text = asked.blocks[0].text
    assert "“Which image is the original?” with one image" in text
    assert (
        "the response is “Left” or “Right”; How sure are you?: 1 to 4; why: a text"
        in text
    )


def test_sentences_and_stages_tell_the_same_numbers(pair):
    said = sentences(pair)
    assert said[0].startswith("People are right in 68.8 % [")
    assert any(text.startswith("How sure are you?: mean 2.50 [") for text in said)
    table = before_and_after(pair, measures_of(pair)).set_index("outcome")
    assert table.loc["right", "after_value"] == 11 / 16
    assert table.loc["How sure are you?, mean", "after_value"] == 2.5
    assert bool(table.loc["How sure are you?, mean", "is_amount"])


def test_a_vote_that_no_recipe_explains_is_counted_at_k_of_n():
    voting = Field(
        name="side",
        type="choice",
        choices=("left", "right"),
        yes=("left",),
        no=("right",),
        description="",
    )
    asked = Question(
        name="vote", fields=(voting, SURE, WHY), vote=Vote(fields=("side",))
    )
    bundle = made(asked)
    responses = bundle.responses.assign(
        accepts=(bundle.responses["response"].map(_sides(bundle)) == "left").astype(
            "boolean"
        )
    )
    bundle = type(bundle)(**{**vars_of(bundle), "responses": responses})
    lines = headline_table(bundle).splitlines()
    assert any(line.startswith("trials accepted by at least 1 of") for line in lines)
    assert any(line.startswith("How sure are you?, mean") for line in lines)
    # The vote's field is told by k of n already.
    assert not any("side: share of responses" in line for line in lines)


def _sides(bundle):
    rows = bundle.responses[bundle.responses["field"] == "side"]
    return rows.set_index("response")["value"]


def vars_of(bundle):
    return {name: getattr(bundle, name) for name in bundle.__dataclass_fields__}


def test_ordered_choices_count_by_rank():
    size = Field(
        name="side",
        type="choice",
        scale="ordinal",
        choices=("left", "right"),
        description="",
    )
    (found, *_) = answered_fields(
        made(Question(name="q", fields=(size, SURE, WHY))), NOTHING
    )
    (mean,) = field_means(found)
    # Eleven firsts and five seconds.
    assert mean.mean.value == pytest.approx((11 + 2 * 5) / 16)


OFTEN = Field(
    name="side",
    type="choice",
    scale="ordinal",
    choices=("left", "right"),
    words={"left": "seldom", "right": "often"},
    description="",
)


def by_condition(**changes):
    """Eight people; two of four trials under either condition."""
    bundle = made(
        Question(name="q", fields=(OFTEN, WHY)),
        said={
            name: (
                f"{'left' if n % 3 else 'right'} left right {['left', 'right'][n % 2]}",
                "1 1 1 1",
            )
            for n, name in enumerate("abcdefgh")
        },
    )
    names = {"t1": "all", "t2": "all", "t3": "part", "t4": "part", **changes}
    conditions = bundle.trials["trial"].map(names).fillna("")
    trials = bundle.trials.assign(condition=conditions)
    return type(bundle)(**{**vars_of(bundle), "trials": trials})


def test_ordered_choices_are_compared_between_conditions():
    (answered, *_) = answered_fields(by_condition(), NOTHING)
    fit = ordered_differences(answered)
    assert fit is not None
    row = fit.differences.iloc[0]
    # Under all, 3 of 16 say often; under part, 12 of 16: log 3 - log 3/13.
    assert row["estimate"] == pytest.approx(log(12 / 4) - log(3 / 13))
    # Two trials a condition are too few for an interval, and that is said.
    words = "no interval with fewer than 4 stimuli in a condition (all has 2)"
    assert row["refusal"] == words
    (table,) = ordered_blocks(answered, name="higher")
    assert isinstance(table, DataTable)
    (shown,) = table.shown.to_dict("records")
    assert shown["condition"] == "part − all"
    assert shown["difference"] == f"+2.56 ({words})"
    assert shown["p"] == "–"
    assert "seldom is lowest, often highest" in table.caption
    assert any(
        getattr(block, "name", "") == "higher_q_side"
        for block in field_blocks(answered)
    )


def test_one_condition_is_compared_with_nothing_and_one_answer_gives_words():
    (answered, *_) = answered_fields(by_condition(t3="all", t4="all"), NOTHING)
    assert ordered_differences(answered) is None
    assert list(ordered_blocks(answered, name="higher")) == []
    (answered, *_) = answered_fields(by_condition(), NOTHING)
    same = replace(answered, rows=answered.rows.assign(value="left"))
    (said,) = ordered_blocks(same, name="higher")
    assert isinstance(said, Prose)
    assert "every answer is left" in said.text
    unordered = replace(answered, field=SIDE)
    assert ordered_differences(unordered) is None


def test_before_anybody_came_there_are_no_numbers():
    bundle = made(said={})
    assert "No response counts yet, so there are no numbers." in headline_table(bundle)
    assert report_sections(bundle)
    assert graded_shares(bundle) == []
    assert sentences(bundle) == []


def test_without_a_key_nothing_is_graded_and_no_side_is_right():
    asked = Question(name="q", fields=(SIDE, SURE, WHY))
    bundle = made(asked)
    bundle = type(bundle)(**{**vars_of(bundle), "trials": bundle.trials.assign(key="")})
    assert isnan(side_shares(bundle)[0].right)
    assert confusion(answered_fields(bundle, NOTHING)[0]).empty
