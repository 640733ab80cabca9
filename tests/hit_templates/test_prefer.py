"""Choosing between pictures: numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from typing import Any

import numpy as np
import pytest

from analysis.bundles.shuffled_places import laid_out
from hit_templates.base import ResponseError, check_trials, judged_sources
from hit_templates.examples import load_examples
from hit_templates.fitting import fit_trials, key_for
from hit_templates.prefer.paradigm import paradigm
from hit_templates.questions import DeclarationError, Field, Question
from hit_templates.rendering import render_trial
from hit_templates.wording import responding
from stimuli.manifest import Known, Posed, Trial
from tests.hit_templates.markup import Markup

MAIN, PRACTICE, CATCH, BEST_WORST, ODD = load_examples(paradigm)
MAY_TIE = paradigm.configure({"no_difference": True})
RNG = np.random.default_rng


def shares(trial: Trial, field: str, *, asked=paradigm, competence="careful", n=4000):
    rng = RNG(3)
    found = [
        asked.simulate(trial, competence=competence, rng=rng).get(field)
        for _ in range(n)
    ]
    return {value: found.count(value) / n for value in sorted(set(found))}


def test_simulated_people_choose_as_often_as_worth_says():
    # Worths 0.8 and 0: e^0.8 / (e^0.8 + 1) = 0.690; hasty people e^0.4 / (e^0.4 + 1).
    careful = shares(MAIN.trial, "best")
    assert careful == pytest.approx({"1": 0.690, "2": 0.310}, abs=0.022)
    hasty = shares(MAIN.trial, "best", competence="hasty")
    assert hasty["1"] == pytest.approx(0.599, abs=0.023)
    random = shares(MAIN.trial, "best", competence="random")
    assert random["1"] == pytest.approx(0.5, abs=0.024)


def test_simulated_people_see_no_difference_as_davidson_has_it():
    # Odds e^0.4 : e^-0.4 : 0.5 of the first, the second and neither.
    whole = exp(0.4) + exp(-0.4) + 0.5
    wanted = {"1": exp(0.4) / whole, "2": exp(-0.4) / whole, "none": 0.5 / whole}
    assert shares(MAIN.trial, "best", asked=MAY_TIE) == pytest.approx(wanted, abs=0.023)


def test_the_worst_is_the_least_worth_of_the_rest():
    # Noise is worth -1 beside 0.8, 0 and 0.3: never both, and mostly the worst.
    rng = RNG(1)
    found = [
        paradigm.simulate(BEST_WORST.trial, competence="careful", rng=rng)
        for _ in range(2000)
    ]
    assert all(each["best"] != each["worst"] for each in found)
    worst = [each["worst"] for each in found]
    assert worst.count("1") == max(map(worst.count, "1234"))


def test_the_odd_one_is_left_by_the_two_most_alike():
    # Alike: first and third by 2, the others by 0; e^2 / (e^2 + 2) = 0.787.
    found = shares(ODD.trial, "odd")
    assert found["2"] == pytest.approx(0.787, abs=0.02)


def test_one_picture_is_not_best_and_worst():
    with pytest.raises(ResponseError, match="different pictures, got 2 twice"):
        paradigm.read_response(BEST_WORST.trial, {"best": "2", "worst": "2"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"classes": ("robust",)}, "a class for each of its pictures"),
        ({"classes": ("a", "b", "c")}, "got 3 classes and option1, option2"),
        ({"question": "odd-one-out"}, "asked of three pictures, got 2"),
        ({"question": "best-and-worst"}, "three or four pictures, got 2"),
        ({"key": {"best": "3"}}, "one of 1, 2, got '3'"),
    ],
)
def test_trials_that_cannot_be_asked_are_refused(change, said):
    problems = check_trials(paradigm, [replace(MAIN.trial, **change)])
    assert any(said in each for each in problems), problems


def test_pictures_stand_in_the_order_drawn_and_keep_their_numbers():
    view = replace(BEST_WORST.view(), order=(2, 0, 3, 1))
    page = Markup(str(render_trial(paradigm, view)))
    slots = [image["data-slot"] for image in page.all("img")]
    assert slots == ["option3", "option1", "option4", "option2"]
    best = [b for b in page.all("button") if b.get("data-field") == "best"]
    pressed = [(b["data-keys"], b["data-value"]) for b in best]
    assert pressed == [("1", "3"), ("2", "1"), ("3", "4"), ("4", "2")]


def test_two_pictures_can_be_chosen_by_their_side():
    page = Markup(str(render_trial(MAY_TIE, MAIN.view())))
    keys = [b["data-keys"] for b in page.all("button")]
    assert keys == ["1 arrowleft", "2 arrowright", "0 n"]


def test_what_the_question_is_about_is_not_judged():
    trial = MAIN.trial
    source_of = {trial.slots["target"]: "a", trial.slots["option1"]: "b"}
    found = judged_sources(paradigm, replace(trial, sources=()), source_of=source_of)
    assert found == ("b",)


def test_a_response_lies_where_its_picture_stood():
    best_worst = paradigm.questions["best-and-worst"]
    # The third option stood first, the first second, the fourth third.
    order = [2, 0, 3, 1]
    assert laid_out({"best": "4", "worst": "2"}, order, asked=best_worst) == "3"
    best = MAY_TIE.questions["preferred"]
    assert laid_out({"best": "none"}, [1, 0], asked=best) == ""


def test_the_study_file_says_which_question_is_asked():
    posed = {"gradients": Posed(slots=("option1", "option2", "option3"), holds=())}
    posed = {name: replace(each, holds=("options",)) for name, each in posed.items()}
    trial = replace(BEST_WORST.trial, question="gradients", key={"any": "2"})
    trial = replace(trial, classes=("a", "b", "c"))
    for asks, key in (
        ("preferred", {"best": "2"}),
        ("best-and-worst", {"best": "2"}),
        ("odd-one-out", {"odd": "2"}),
    ):
        asked = paradigm.configure({"asks": asks})
        (found,) = fit_trials(asked, [trial], asks=posed)
        assert (found.question, found.key) == (asks, key)


def test_nothing_is_known_of_the_worst():
    asked = paradigm.questions["best-and-worst"]
    found = key_for(asked, Known(place="3"), classes=("a", "b", "c"))
    assert found == {"best": "3"}


def test_what_is_declared_is_said_in_words_and_checked():
    worded = MAY_TIE.questions["preferred"].worded(MAY_TIE.default_texts)
    assert responding(worded, n_classes=2) == "one of 2, or “No difference”"
    for wrong, said in (
        ({"chooses": "best", "choices": ("a",)}, "number the trial's classes"),
        ({"chooses": "first", "numbers_classes": True}, "chooses is one of best"),
        ({"numbers_classes": True, "no_difference": ("no",)}, "none of its choices"),
    ):
        given: dict[str, Any] = {"name": "x", "type": "choice", **wrong}
        with pytest.raises(DeclarationError, match=said):
            Question(name="q", fields=(Field(description="x", **given),))
