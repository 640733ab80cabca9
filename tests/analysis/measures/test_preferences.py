"""Which option is preferred: shares, strengths, circles; and the odd one out."""

from __future__ import annotations

import json
from dataclasses import replace
from math import isnan, log

import numpy as np
import pytest

from analysis.bundles.example import example_bundle
from analysis.elements.sections import DataTable, Prose
from analysis.errors import AnalysisError
from analysis.measures import measures_of
from analysis.measures.odd_ones.numbers import odd_ones
from analysis.measures.preferences.numbers import circles, on_object, preferred
from analysis.measures.side_bias.numbers import place_shares
from analysis.people.exclusion_rules import QualityRules
from analysis.people.quality import participant_quality, responses_of
from analysis.people.quality_flags import flags
from analysis.reporting.report import report_sections
from hit_templates.base import get_paradigm
from tests.analysis.frames_maker import frame_of, put_together


def made(question, said, *, n_people=8, asks=None, condition=""):
    """A study: `said` lists options ("a b"), a source, and a number or two per person.

    Args:
        question: Of every trial.
        said: (classes, source, values of the fields in order, joined by "/").
        n_people: Who responds; the values are dealt out in turn.
        asks: Question that comes first in the paradigm.
        condition: Of every second trial.
    """
    paradigm = get_paradigm("prefer").configure(
        {"asks": asks or question, "no_difference": True}
    )
    fields = [each.name for each in paradigm.questions[question].fields]
    trials, rows = [], []
    for number, (classes, source, values) in enumerate(said):
        trial = {"trial": f"t{number}", "question": question, "sources": source}
        named = {"classes": "|".join(classes.split())}
        level = condition if number % 2 else ""
        trials.append({**trial, **named, "condition": level})
        for person, value in zip(range(n_people), values.split(), strict=False):
            rows += [
                {
                    "response": f"{number}-{person}",
                    "trial": f"t{number}",
                    "participant": f"p{person}",
                    "field": field,
                    "value": each,
                }
                for field, each in zip(fields, value.split("/"), strict=True)
            ]
    asked = {
        n: json.loads(json.dumps(q.as_json())) for n, q in paradigm.questions.items()
    }
    head = {
        "study": {"name": "made", "title": "Made", "paradigm": "not installed here"},
        "questions": asked,
    }
    return put_together(trials=trials, uses=[], responses=rows, n=100, k=1, head=head)


def named(bundle, name):
    """The measure of that name, which the bundle must allow."""
    return next(each for each in measures_of(bundle) if each.name == name)


# a before b 6 of 8, b before c 4 of 8, a before c 6 of 8 (one of each pair a tie more).
PAIRS = [
    ("a b", "s1", "1 1 1 2"),
    ("a b", "s2", "1 1 1 2 none"),
    ("b c", "s1", "1 2 1 2"),
    ("b c", "s2", "1 2 2 1"),
    ("a c", "s1", "1 2 1 1 none"),
    ("a c", "s2", "1 1 2 1"),
]


def test_shares_count_no_difference_and_strengths_do_not():
    (found,) = preferred(made("preferred", PAIRS))
    assert found.options == ["a", "b", "c"]
    # a was shown in 18 choices, two of them no difference, and chosen in 12.
    assert found.chosen("a").value == pytest.approx(12 / 18)
    assert found.against("a", "b").value == pytest.approx(6 / 8)
    assert found.against("b", "a").value == pytest.approx(2 / 8)
    assert found.no_difference.value == pytest.approx(2 / 26)
    # b and c are worth the same, a three times as much.
    assert found.strengths.difference("a", "b").value == pytest.approx(log(3))
    assert found.strengths.difference("b", "c").value == pytest.approx(0, abs=1e-9)
    # The two sources are what is drawn anew, not the six trials.
    assert found.chosen("a").n_stimuli == 2


def test_circles_are_counted_for_people_and_for_stimuli():
    (found,) = preferred(made("preferred", PAIRS))
    people, stimuli = circles(found)
    # p0: a, b, a: none. p1: a over b, c over b (twice); a and c: one each, no majority.
    # p2: on b and c one each. p3: b over a; b and c one each.
    assert (people.n, people.n_circular) == (1, 0)
    # b and c: half and half on both sources.
    assert (stimuli.n, stimuli.n_circular) == (0, 0)
    assert isnan(stimuli.share)
    round_about = [("a b", "s", "1 1"), ("b c", "s", "1 1"), ("a c", "s", "2 1")]
    people, stimuli = circles(preferred(made("preferred", round_about))[0])
    # p0: a over b over c over a; p1: a over b over c, a over c.
    assert (people.n, people.n_circular, people.share) == (2, 1, 0.5)
    # a and c one each.
    assert stimuli.n == 0


def test_tossed_coins_go_round_in_one_of_four_threes():
    rng = np.random.default_rng(8)
    said = [
        (pair, f"s{s}", " ".join(map(str, rng.integers(1, 3, 40))))
        for s in range(25)
        for pair in ("a b", "b c", "a c")
    ]
    (found,) = preferred(made("preferred", said, n_people=40))
    for each in circles(found):
        assert each.n >= 15
    people = circles(found)[0]
    # 25 odd votes a pair leave no tie: 40 threes, each circular with chance 1/4.
    assert people.n == 40
    assert abs(people.share - 0.25) < 3 * np.sqrt(0.25 * 0.75 / 40)


def test_best_of_three_says_nothing_of_circles():
    said = [("a b c", "s", "1 2 3 1")]
    assert [each.n for each in circles(preferred(made("preferred", said))[0])] == [0, 0]


def test_the_worst_is_one_of_those_that_the_best_left():
    said = [("a b c", f"s{n}", "1/3 1/2 2/3 3/1") for n in range(4)]
    (found,) = preferred(made("best-and-worst", said))
    worst = found.choices[found.choices["worst"]]
    assert worst["shown"].to_list()[:4] == [
        ("b", "c"),
        ("b", "c"),
        ("a", "c"),
        ("a", "b"),
    ]
    # a: left in two of four, the worst in one. Its best share is of all four.
    assert found.chosen("a", worst=True).value == pytest.approx(1 / 2)
    assert found.chosen("a").value == pytest.approx(2 / 4)
    assert found.strengths.n == 32
    assert not found.strengths.refusal


def test_conditions_are_told_apart():
    found = preferred(made("preferred", PAIRS, condition="late"))
    assert [each.condition for each in found] == ["all", "", "late"]
    assert sum(len(each.choices) for each in found[1:]) == len(found[0].choices)


def test_the_report_tells_preferences_and_nothing_else_of_their_fields():
    bundle = made("preferred", PAIRS)
    names = [each.name for each in measures_of(bundle)]
    assert "preferences" in names
    assert "odd-ones" not in names
    ids = [each.id for each in report_sections(bundle)]
    assert "preferences" in ids
    # Told above, so that numbers of options are no result.
    assert "responses" not in ids
    (section,) = named(bundle, "preferences").sections(bundle)
    said = " ".join(each.text for each in section.blocks if isinstance(each, Prose))
    assert "“class a” is chosen most often, in 66.7 %" in said
    assert "within noise" in said
    # Strengths rest on all choices, and so decide.
    verdicts = next(
        each
        for each in section.blocks
        if getattr(each, "name", "") == "pairs_preferred"
    ).shown["first is"]
    strengths = preferred(bundle)[0].strengths
    lows = [strengths.difference(*pair).low for pair in ("ab", "ac", "bc")]
    assert [word == "ahead" for word in verdicts] == [low > 0 for low in lows]
    tables = {each.name: each for each in section.blocks if isinstance(each, DataTable)}
    assert list(tables) == [
        "options_preferred", "pairs_preferred", "circles_preferred",
    ]  # fmt: skip
    numbers = tables["pairs_preferred"].numbers.set_index(["first", "second"])
    assert numbers.loc[("a", "b"), "first_chosen"] == pytest.approx(0.75)


def test_an_option_that_always_wins_has_no_strength_and_the_report_says_why():
    bundle = made("preferred", [("a b", f"s{n}", "1 1 1 1 1") for n in range(4)])
    measure = named(bundle, "preferences")
    (section,) = measure.sections(bundle)
    (warned,) = [b.text for b in section.blocks if getattr(b, "kind", "") == "warning"]
    assert "no other option was ever chosen over class a" in warned
    assert measure.outcomes(bundle)[0].value == 1


def test_nothing_is_said_where_nobody_responded_yet():
    for name, question, said in (
        ("preferences", "preferred", ("a b", "s", "")),
        ("odd-ones", "odd-one-out", ("a b c", "s", "")),
    ):
        bundle = made(question, [said])
        measure = named(bundle, name)
        (section,) = measure.sections(bundle)
        assert [block.kind for block in section.blocks] == ["warning"]
        assert measure.sentences(bundle) == []


def test_other_questions_have_no_preferences():
    assert preferred(example_bundle()) == []
    assert odd_ones(example_bundle()) == []


ODD = [
    ("a b c", "s1", "1 1 1 2 none"),
    ("a b c", "s2", "3 3 2 2"),
    ("a b c", "s3", "1 2 3 3"),
]


def test_the_ceiling_leaves_each_person_out():
    (found,) = odd_ones(made("odd-one-out", ODD))
    # s1: three of four with the others' most frequent. s2: the others' two, each met by
    # nobody's own (3: others 3 once, 2 twice). s3: 1 and 2 never; 3: one of three ties.
    assert found.ceiling.value == pytest.approx((3 + 0 + 2 / 3) / 12)
    assert found.chance == pytest.approx(1 / 3)
    assert found.most_frequent == pytest.approx((3 + 2 + 2) / 12)
    assert found.n_no_difference == 1
    assert len(found.choices) == 12


def test_observers_stand_beside_people():
    bundle = made("odd-one-out", ODD)
    said = [("t0", "1"), ("t1", "3"), ("t2", "")]
    rows = [
        {"trial": t, "observer": "net", "repeat": n, "field": "odd", "value": v}
        for t, v in said
        # Of several responses the first counts.
        for n, v in ((1, "2"), (0, v))
    ]
    bundle = replace(bundle, observations=frame_of("observations", rows))
    (found,) = odd_ones(bundle)
    (net,) = found.observers
    # Three of four on the first, two of four on the second; none on the third.
    assert net.agrees.value == pytest.approx(5 / 8)
    assert net.n_refused == 1
    measure = named(bundle, "odd-ones")
    lines = measure.headline(bundle)
    assert [line.split("  ")[0] for line in lines] == [
        "one person with the others",
        "people with net",
    ]


def test_places_are_held_against_an_even_share():
    # p0 takes what stands left on all 12 trials, p1 to p5 in turn left and right.
    said = [("a b", f"s{n}", "1 2 1 2 1 2") for n in range(12)]
    bundle = made("preferred", said, n_people=6)
    rows = bundle.responses
    is_left = (rows["participant"] == "p0") | (
        rows["trial"].str[1:].astype(int) % 2 == 0
    )
    bundle = replace(
        bundle, responses=rows.assign(laid_out=np.where(is_left, "1", "2"))
    )
    left, right = place_shares(bundle)
    assert (left.place, left.balance, left.n_always, left.n_people) == (1, 0.5, 1, 6)
    # 12 of p0 and 6 of each of five others.
    assert left.chosen.value == pytest.approx(42 / 72)
    assert right.n_always == 0
    assert right.chosen.value == pytest.approx(30 / 72)
    measure = named(bundle, "side-bias")
    (section,) = measure.sections(bundle)
    assert "One person always takes the same place." in section.blocks[0].text
    people = participant_quality(responses_of(bundle))
    flagged = flags(people, QualityRules())
    assert "the same place of the page in 100 % of the trials" in flagged["p0"]
    assert not flagged.drop("p0").str.contains("same place").any()


def test_nobody_always_takes_a_place_of_a_few_trials():
    said = [("a b", f"s{n}", "1 2 1 2") for n in range(9)]
    bundle = made("preferred", said, n_people=4)
    bundle = replace(bundle, responses=bundle.responses.assign(laid_out="1"))
    left, _ = place_shares(bundle)
    assert (left.chosen.value, left.n_always, left.n_people) == (1, 0, 0)


def test_a_place_taken_too_often_is_told_beside_what_is_even():
    said = [("a b c", f"s{n}", "1 2 3 1 2 3") for n in range(12)]
    bundle = made("preferred", said, n_people=6)
    rows = bundle.responses
    first = rows["trial"].str[1:].astype(int) % 4 < 3
    where = np.where(first, "1", rows["value"])
    bundle = replace(bundle, responses=rows.assign(laid_out=where))
    found = place_shares(bundle)
    assert [each.balance for each in found] == [pytest.approx(1 / 3)] * 3
    measure = named(bundle, "side-bias")
    text = measure.sections(bundle)[0].blocks[0].text
    assert "the first of 3 in 83.3 %" in text
    assert "33.3 % would be even" in text


def with_truth(bundle, known):
    stimuli = {**bundle.head["stimuli"], "gradients": {"on_object": known}}
    return replace(bundle, head={**bundle.head, "stimuli": stimuli})


def test_what_is_known_of_the_pictures_stands_beside_the_preference():
    known = {
        "a": {"n": 40, "mean": 0.071, "standard_error": 0.009},
        "b": {"n": 40, "mean": 0.012, "standard_error": 0.008},
        # Of one image there is none.
        "c": {"n": 1, "mean": 0.03},
    }
    bundle = with_truth(made("preferred", PAIRS), known)
    measure = named(bundle, "preferences")
    *_, said, table = measure.sections(bundle)[0].blocks
    assert "class a +7.1 points, class c +3.0 points, class b +1.2 points" in said.text
    # b was chosen in 6 of 17 choices and c in 6 of 17: by name where they are equal.
    assert "people prefer them in another order" in said.text
    assert table.shown["on the object"].to_list() == [
        "+7.1 ± 0.9", "+3.0", "+1.2 ± 0.8",
    ]  # fmt: skip
    assert table.numbers["on_object"].to_list() == [0.071, 0.03, 0.012]


def test_what_is_known_is_refused_where_it_cannot_be_read():
    bundle = with_truth(made("preferred", PAIRS), {"a": 0.07})
    with pytest.raises(
        AnalysisError, match="expected mean, n and, of several images, standard_error"
    ):
        on_object(bundle)
