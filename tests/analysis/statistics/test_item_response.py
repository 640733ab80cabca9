from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.errors import AnalysisError
from analysis.statistics.aggregation.item_response import item_response


def simulated(rng, *, n_workers=60, n_tasks=120, sd=(0.8, 1.2), level=0.5, kept=1.0):
    ability = rng.normal(0, sd[0], n_workers)
    difficulty = rng.normal(0, sd[1], n_tasks)
    rows = pd.MultiIndex.from_product(
        [range(n_workers), range(n_tasks)], names=["worker", "task"]
    ).to_frame(index=False)
    rows = rows[rng.random(len(rows)) < kept].reset_index(drop=True)
    tendency = level + ability[rows["worker"]] - difficulty[rows["task"]]
    rows["right"] = rng.random(len(rows)) < expit(tendency)
    return rows, ability, difficulty


def test_known_abilities_and_difficulties_come_back():
    rows, ability, difficulty = simulated(np.random.default_rng(0))
    fit = item_response(rows)
    assert fit.is_converged
    # Standard errors: sd / sqrt(2 n) is .07 for 60 workers and .08 for 120 tasks.
    assert fit.sd_ability == pytest.approx(np.std(ability), abs=0.15)
    assert fit.sd_difficulty == pytest.approx(np.std(difficulty), abs=0.15)
    assert np.corrcoef(fit.workers["ability"], ability)[0, 1] > 0.95
    assert np.corrcoef(fit.tasks["difficulty"], difficulty)[0, 1] > 0.95
    # The level is that of a worker and task of effect zero.
    away = fit.level - 0.5 - (ability.mean() - difficulty.mean())
    assert abs(away) < 4 * fit.level_se


def test_intervals_hold_abilities_and_difficulties():
    rows, ability, difficulty = simulated(np.random.default_rng(1), kept=0.3)
    fit = item_response(rows)
    for table, truth, name in (
        (fit.workers, ability, "ability"),
        (fit.tasks, difficulty, "difficulty"),
    ):
        inside = (table["low"] < truth) & (truth < table["high"])
        # 60 or more at 95 %, three standard errors below.
        assert inside.mean() >= 0.87
        assert (table["low"] < table[name]).all()
        assert (table[name] < table["high"]).all()
    assert fit.level_low < fit.level < fit.level_high


def test_with_few_workers_there_are_no_intervals_and_the_reason():
    rows, _, _ = simulated(np.random.default_rng(4), n_workers=4, n_tasks=30)
    fit = item_response(rows)
    assert fit.refusal.startswith("no interval with fewer than 5 workers (there are 4)")
    assert fit.workers[["se", "low", "high"]].isna().all(axis=None)
    assert fit.tasks[["se", "low", "high"]].isna().all(axis=None)
    assert np.isnan(fit.level_se)
    assert fit.workers["ability"].notna().all()


def test_with_few_responses_a_task_there_are_no_intervals_and_the_reason():
    rows, _, _ = simulated(np.random.default_rng(4), n_workers=12, n_tasks=80)
    few = rows[(rows["worker"] + rows["task"]) % 4 == 0]
    fit = item_response(few)
    assert fit.refusal.startswith("no interval with fewer than 5 responses a task")
    assert "there are 3.0" in fit.refusal
    assert fit.workers["low"].isna().all()
    assert item_response(rows).refusal == ""


def test_few_responses_are_drawn_towards_the_middle():
    # Two tasks, all right: the one met by two people is less extreme than the one
    # met by twenty.
    rows, _, _ = simulated(np.random.default_rng(2), n_workers=20, n_tasks=30)
    extra = pd.DataFrame(
        {
            "worker": [*range(20), 0, 1],
            "task": [100] * 20 + [101] * 2,
            "right": True,
        }
    )
    tasks = item_response(pd.concat([rows, extra])).tasks
    often, seldom = tasks.set_index("task").loc[[100, 101]].to_dict("records")
    assert often["difficulty"] < seldom["difficulty"] < 0
    assert often["se"] < seldom["se"]
    assert seldom["of_typical"] > seldom["of_all"] > 0.5


def test_votes_of_lenient_people_count_for_less():
    # Lenient workers accept 9 of 10 elsewhere, strict ones 1 of 10; each kind
    # accepts one task by two votes.
    rng = np.random.default_rng(3)
    rows = [
        (str(task), worker, rng.random() < (0.9 if worker < 6 else 0.1))
        for worker in range(12)
        for task in range(40)
    ]
    rows += [("by lenient", worker, True) for worker in (0, 1)]
    rows += [("by strict", worker, True) for worker in (6, 7)]
    votes = pd.DataFrame(rows, columns=["task", "worker", "accepts"])
    tasks = item_response(votes, outcome="accepts").tasks.set_index("task")
    strict, lenient = tasks.loc[["by strict", "by lenient"]].to_dict("records")
    assert strict["of_all"] > lenient["of_all"]
    assert strict["share"] == lenient["share"] == 1


def test_bad_responses_are_named():
    frame = pd.DataFrame(
        {"task": ["t", "t", "u", "u"], "worker": ["a", "b"] * 2, "right": [1, 0, 1, 1]}
    )
    with pytest.raises(AnalysisError, match=r"a worker answered a task twice: row 5"):
        item_response(pd.concat([frame, frame.iloc[:1]]))
    with pytest.raises(AnalysisError, match=r"one worker only .a."):
        item_response(frame[frame["worker"] == "a"])
    with pytest.raises(AnalysisError, match="every response is 1"):
        item_response(frame.assign(right=1))
    with pytest.raises(AnalysisError, match="n = 0"):
        item_response(frame.iloc[:0])
    with pytest.raises(AnalysisError, match="column right missing; the frame has"):
        item_response(frame.drop(columns="right"))
