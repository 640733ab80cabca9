from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.bundles.reading import Bundle
from analysis.elements.sections import DataTable, Prose
from analysis.measures.assignment.logistic_models import fit_models, sparse_words
from analysis.measures.assignment.numbers import (
    CONDITIONS,
    assignment_responses,
    condition_name,
    condition_rates,
    conditions_of,
    detectable,
    planned_contrasts,
    planned_weights,
)
from analysis.measures.assignment.section import AssignmentMeasure
from analysis.measures.assignment.tables import model_table
from analysis.measures.assignment.time_limits import equal_loss, time_losses
from analysis.measures.yes_bias.section import YesBiasMeasure
from analysis.reporting.report import headline_table
from tests.analysis.frames_maker import put_together


def _trials(n_items: int, conditions: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {
            "trial": f"{condition}/{item}",
            "condition": condition,
            "question": "assignment",
            "classes": "1|2|3|4|5|6",
            "slots": json.dumps({"target": f"target-{item}", "group_1_1": "a"}),
        }
        for condition in conditions
        for item in range(n_items)
    ]


def _response(trial: str, person: str, is_right: bool, **more: Any) -> dict[str, Any]:
    return {
        "trial": trial,
        "participant": person,
        "is_right": is_right,
        "field": "group",
        "value": "1",
        **more,
    }


def _bundle(rates: dict[str, int], *, n_people: int = 10, n_items: int = 1) -> Bundle:
    """Ten people on one item per condition (or taking turns); so many are right."""
    conditions = tuple(rates)
    responses = [
        _response(
            f"{condition}/{person % n_items}", f"{condition}-{person}", person < n_right
        )
        for condition, n_right in rates.items()
        for person in range(n_people)
    ]
    return put_together(
        trials=_trials(n_items, conditions),
        uses=[],
        responses=responses,
        n=n_people,
        k=1,
    )


def test_alternatives_that_are_named_are_no_groups():
    """One image and two class names: people find no group, they choose a class."""
    trials = [
        {
            **trial,
            "slots": '{"target": "a"}',
            "classes": "1|2",
            "key": '{"group": "1"}',
        }
        for trial in _trials(2, ("",))
    ]
    given = [
        _response("/0", "ann", is_right=True),
        _response("/1", "ann", is_right=False),
    ]
    bundle = put_together(trials=trials, uses=[], responses=given, n=1, k=1)
    assert not AssignmentMeasure().applies(bundle)
    lines = headline_table(bundle).splitlines()
    right = next(line for line in lines if line.startswith("right "))
    # One of two responses is right, and so is every second guess among two.
    assert "50.0 %" in right
    assert right.endswith("chance 50.0 %  n = 2")
    assert "right group" not in "".join(lines)


def test_success_by_hand():
    bundle = _bundle({"adversarial-6": 6, "random-6": 3})
    rates = condition_rates(bundle, assignment_responses(bundle))
    assert [rate.success.value for rate in rates] == pytest.approx([0.6, 0.3])
    assert [rate.chance for rate in rates] == pytest.approx([1 / 6, 1 / 6])
    assert [rate.n_items for rate in rates] == [1, 1]


def test_conditions_are_named_and_in_the_papers_order():
    bundle = _bundle(dict.fromkeys(reversed(CONDITIONS), 1))
    assert conditions_of(bundle) == CONDITIONS
    assert len(CONDITIONS) == 7
    assert condition_name("random-6") == "random, 6 images"
    assert condition_name("my own") == "my own"


def test_an_item_is_the_same_in_every_condition():
    bundle = _bundle({"adversarial-6": 6, "random-6": 3})
    assert assignment_responses(bundle)["item"].nunique() == 1


def test_planned_weights_of_all_seven():
    weights = planned_weights(CONDITIONS)
    assert weights["adversarial − random"] == {
        "adversarial-6": 0.5,
        "adversarial-3+3": 0.5,
        "random-6": -1.0,
    }
    assert weights["6 prototypes − 3 + 3"]["probability-6"] == pytest.approx(1 / 3)
    assert all(sum(each.values()) == pytest.approx(0) for each in weights.values())
    assert len(weights) == 4


def test_contrasts_that_a_set_does_not_allow_are_left_out_and_said():
    bundle = _bundle({"adversarial-6": 6, "random-6": 3}, n_items=2)
    contrasts = planned_contrasts(assignment_responses(bundle), conditions_of(bundle))
    assert [each.name for each in contrasts] == ["adversarial − random"]
    assert contrasts[0].difference.estimate.value == pytest.approx(0.3)
    # One comparison: nothing to correct for.
    assert contrasts[0].p_holm == pytest.approx(contrasts[0].difference.p_value)
    result = AssignmentMeasure().sections(bundle)[0]
    words = " ".join(b.text for b in result.blocks if isinstance(b, Prose))
    assert "lacks 5 of the seven conditions" in words


def test_what_229_responses_per_condition_can_show():
    # 2.8016 * sqrt(2 * 0.56 * 0.44 / 229) = 0.130; 2.04 points need about 9,300.
    bundle = _bundle(dict.fromkeys(CONDITIONS, 128), n_people=229)
    found = detectable(condition_rates(bundle, assignment_responses(bundle)))
    assert found is not None
    assert found.n == 229
    assert found.independent == pytest.approx(0.130, abs=0.001)
    assert 9_200 < found.n_for_paper < 9_400


def test_slow_responses_are_counted_apart_and_put_back():
    # Condition a: 4 of 8 right within time; two slow ones, both right, are out.
    responses = [_response("a/0", f"p{i}", i < 4, wall_ms=30_000.0) for i in range(8)]
    responses += [
        _response(
            "a/0",
            f"slow{i}",
            True,
            wall_ms=200_000.0,
            is_valid=False,
            exclusion_reason="response_too_slow",
        )
        for i in range(2)
    ]
    responses += [_response("b/0", f"q{i}", i < 4, wall_ms=25_000.0) for i in range(8)]
    bundle = put_together(
        trials=_trials(1, ("a", "b")),
        uses=[],
        responses=responses,
        n=20,
        k=1,
        head={"quality": {"response_seconds": [20, 180]}},
    )
    first, second = time_losses(bundle)
    assert (first.n_given, first.n_slow, first.n_quick, first.n_excluded) == (
        10,
        2,
        0,
        2,
    )
    assert first.counted.value == pytest.approx(4 / 8)
    assert first.without_time.value == pytest.approx(6 / 10)
    assert first.median_s == pytest.approx(30.0)
    assert second.n_excluded == 0
    # Nobody met both conditions, so nobody can be compared with themselves.
    assert equal_loss(bundle).method.startswith("no test: nobody who met two")
    text = " ".join(
        block.text
        for section in AssignmentMeasure().sections(bundle)
        for block in section.blocks
        if isinstance(block, Prose)
    )
    assert "between 20 s and 180 s" in text


def test_everything_excluded_gives_words_and_no_numbers():
    bundle = _bundle({"adversarial-6": 6, "random-6": 3})
    responses = bundle.responses.assign(is_counted=False, is_valid=False)
    sections = AssignmentMeasure().sections(replace(bundle, responses=responses))
    blocks = [block for section in sections for block in section.blocks]
    assert not any(isinstance(block, DataTable) for block in blocks)
    assert (
        "None of the 20 assignments counts"
        in AssignmentMeasure().headline(replace(bundle, responses=responses))[0]
    )


TRUTH = dict(zip(CONDITIONS, (0.30, 0.38, 0.58, 0.66, 0.44, 0.51, 0.22), strict=True))


def simulate(
    truth: dict[str, float], rng: np.random.Generator, *, n_people: int, n_items: int
) -> pd.DataFrame:
    """A Latin square: everybody sees every item once, conditions in turn."""
    names = list(truth)
    logit = {c: np.log(p / (1 - p)) for c, p in truth.items()}
    skill = rng.normal(0, 0.5, n_people)
    ease = rng.normal(0, 0.5, n_items)
    person, item = (x.ravel() for x in np.indices((n_people, n_items)))
    order = rng.permutation(n_items)
    place = (person + order[item]) % len(names)
    condition = np.array(names, dtype=object)[place]
    latent = np.array([logit[c] for c in condition]) + skill[person] + ease[item]
    is_right = rng.random(len(person)) < 1 / (1 + np.exp(-latent))
    return pd.DataFrame(
        {
            "condition": condition,
            "participant": person,
            "item": item,
            "is_right": is_right,
        }
    )


def test_the_planted_order_of_the_seven_conditions_is_recovered():
    rng = np.random.default_rng(5)
    responses = simulate(TRUTH, rng, n_people=600, n_items=28)
    seen = responses.groupby("condition")["is_right"].mean().sort_values()
    assert list(seen.index) == sorted(TRUTH, key=lambda name: TRUTH[name])


@pytest.mark.parametrize("n_studies", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_null_study_names_an_effect_at_most_at_the_stated_rate(n_studies):
    rng = np.random.default_rng(6)
    flat = dict.fromkeys(CONDITIONS, 0.5)
    named = 0
    for _ in range(n_studies):
        responses = simulate(flat, rng, n_people=40, n_items=14)
        contrasts = planned_contrasts(responses, CONDITIONS)
        named += any(each.p_holm < 0.05 for each in contrasts)
    # Family-wise 5 %, plus three standard errors of the simulation.
    assert named / n_studies <= 0.05 + 3 * (0.05 * 0.95 / n_studies) ** 0.5


def test_a_true_difference_is_covered_as_often_as_stated():
    rng = np.random.default_rng(7)
    found = []
    # The mean over people and items of the logistic is not its middle: the truth is
    # taken from a very large study.
    large = simulate(TRUTH, np.random.default_rng(1), n_people=3000, n_items=280)
    means = large.groupby("condition")["is_right"].mean()
    truth = means["adversarial-6"] - means["random-6"]
    for _ in range(150):
        responses = simulate(TRUTH, rng, n_people=50, n_items=28)
        each = planned_contrasts(responses, ("adversarial-6", "random-6"))[0]
        found.append(each.difference.estimate)
    covered = np.mean([each.low <= truth <= each.high for each in found])
    assert covered >= 0.95 - 3 * (0.95 * 0.05 / 150) ** 0.5


def test_both_models_agree_with_the_planted_differences():
    responses = simulate(TRUTH, np.random.default_rng(9), n_people=210, n_items=28)
    weights = planned_weights(CONDITIONS)
    models = fit_models(responses, weights)
    logit = {c: np.log(p / (1 - p)) for c, p in TRUTH.items()}
    found = models.contrasts.set_index("comparison")
    for name, each in weights.items():
        truth = sum(weight * logit[c] for c, weight in each.items())
        row = found.loc[name]
        # The planted differences are those of a typical person and item.
        assert row["mixed_low"] - 0.05 < truth < row["mixed_high"] + 0.05
        # Averaging over people and items draws log odds towards zero.
        assert abs(row["clustered_estimate"]) < abs(row["mixed_estimate"]) + 0.05
    assert models.mixed.sd_participant == pytest.approx(0.5, abs=0.15)


def test_models_of_three_people_give_no_interval_and_say_why():
    responses = simulate(TRUTH, np.random.default_rng(10), n_people=3, n_items=140)
    weights = planned_weights(CONDITIONS)
    models = fit_models(responses, weights)
    assert models.mixed.refusal.startswith("no interval with fewer than 8 people")
    table = model_table(models.contrasts)
    shown = table.shown.to_string()
    assert "(no interval)" in shown
    assert "nan" not in shown


def test_only_the_clustered_model_knows_of_items_that_belong_together():
    few = {name: TRUTH[name] for name in CONDITIONS[:2]}
    responses = simulate(few, np.random.default_rng(9), n_people=20, n_items=24)
    scenes = {item: n // 4 for n, item in enumerate(responses["item"].unique())}
    told = responses.assign(**{"cluster: scene": responses["item"].map(scenes)})
    weights = planned_weights(CONDITIONS[:2])
    alone, found = fit_models(responses, weights), fit_models(told, weights)
    assert "images that belong together" in found.mixed.refusal
    assert alone.mixed.refusal == found.clustered.refusal == ""
    row, other = (each.contrasts.iloc[0] for each in (found, alone))
    assert row["mixed_estimate"] == other["mixed_estimate"]
    assert np.isnan([row["mixed_low"], row["mixed_p_value"]]).all()
    assert row["clustered_low"] != other["clustered_low"]


def test_sparse_data_are_told_by_how_much_spreads_are_too_small():
    rows = pd.DataFrame({"participant": [*"ababab"], "item": [*"xxyyzz"]})
    assert "a standard deviation of 1.0 came out as 0.79" in sparse_words(rows)
    assert sparse_words(pd.concat([rows] * 2)) == ""


def test_a_condition_in_which_everybody_is_right_has_no_model_and_says_why():
    bundle = _bundle({"adversarial-6": 10, "random-6": 3})
    sections = {s.id: s for s in AssignmentMeasure().sections(bundle)}
    text = sections["model"].blocks[0]
    assert isinstance(text, Prose)
    assert text.text.startswith("No model was fitted")


def test_catches_of_assignments_are_no_yes_and_no():
    trials = [*_trials(1, ("random-6",))]
    trials.append({**trials[0], "trial": "catch", "role": "catch", "control": "among"})
    bundle = put_together(trials=trials, uses=[], responses=[])
    assert not YesBiasMeasure().applies(bundle)
