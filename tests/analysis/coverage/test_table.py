"""The coverage table: complete, within its bounds, and true of today's code."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from math import sqrt

import numpy as np
import pytest

import analysis.statistics
from analysis.statistics.intervals import Estimate
from tests.analysis.coverage.people import (
    Population,
    draw_votes,
    true_rejection,
    true_share,
)
from tests.analysis.coverage.rows import (
    COVERS,
    REJECTS,
    Drawn,
    Row,
    all_rows,
    measure,
    outcome,
)
from tests.analysis.coverage.run import read_results

ROWS = all_rows()
# Return types that carry an interval, a test or a standard error.
CARRY = (
    "Estimate",
    "TestResult",
    "PsychometricCurve",
    "Contrast",
    "DifferenceTest",
    "Strengths",
    "SharesCompared",
    "LogisticFit",
    "OrdinalFit",
    "ItemResponse",
    "Detection",
    "EquivalenceTest",
    "StratifiedTest",
)
# Functions of analysis.statistics without a row of their own, each with its reason.
ELSEWHERE: dict[str, str] = {
    "analysis.statistics.contrasts.nothing": "no data has no interval",
    "analysis.statistics.intervals.no_estimate": "no data has no interval",
}


def functions_with_intervals() -> Iterator[str]:
    for found in pkgutil.walk_packages(
        analysis.statistics.__path__, "analysis.statistics."
    ):
        module = import_module(found.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ != found.name or name.startswith("_"):
                continue
            given = str(function.__annotations__.get("return", ""))
            if given in CARRY:
                yield f"{found.name}.{name}"


def test_everything_that_prints_an_interval_stands_in_the_table():
    shown = {name for row in ROWS.values() for name in row.shows}
    wanted = set(functions_with_intervals())
    assert wanted - shown - set(ELSEWHERE) == set()
    assert set(ELSEWHERE) & shown == set()
    for name in shown:
        module, _, function = name.rpartition(".")
        assert callable(getattr(import_module(module), function)), name


def test_every_row_was_measured_and_every_result_has_its_row():
    assert set(read_results()) == set(ROWS)


@pytest.mark.parametrize("key", read_results())
def test_a_result_is_within_its_bounds(key):
    row, line = ROWS[key], read_results()[key]
    assert (row.kind, row.wider_because) == (line["kind"], line["wider_because"])
    assert int(line["n_studies"]) >= row.n_studies
    check_bounds(row, float(line["rate"]))


def check_bounds(row: Row, rate: float, *, slack: float = 0.0) -> None:
    if row.kind == "power":
        assert rate > 0.5, (row.key, rate)
        return
    low, high = COVERS if row.kind == "interval" else REJECTS
    # A discrete statistic cannot always be exact: then to the safe side, with a reason.
    if row.kind == "interval":
        high = 1.0 if row.wider_because else high
    else:
        low = 0.0 if row.wider_because else low
    assert low - slack <= rate <= high + slack, (row.key, rate)


@pytest.mark.parametrize("key", [key for key, row in ROWS.items() if row.n_quick])
def test_a_row_in_a_quick_run(key):
    row = ROWS[key]
    found = measure(row, n_studies=row.n_quick)
    # Three standard errors of a rate in the middle of its bounds.
    wanted = 0.95 if row.kind == "interval" else 0.05
    slack = 3 * sqrt(wanted * (1 - wanted) / row.n_quick)
    assert found.given > 0
    check_bounds(row, found.rate, slack=slack)


@pytest.mark.slow
@pytest.mark.parametrize("key", ROWS)
def test_a_row_in_a_full_run(key):
    row = ROWS[key]
    found = measure(row)
    check_bounds(row, found.rate, slack=3 * found.error)


def test_outcomes_are_counted():
    row = Row(place="p", world="w", shows=(), study=lambda rng: Drawn(truth=0))
    drawn = [
        Drawn(truth=0.5, value=0.4, low=0.3, high=0.6),
        Drawn(truth=0.5, value=0.2, low=0.1, high=0.4),
        Drawn(truth=0.5, value=0.8, low=0.7, high=0.9),
        Drawn(truth=0.5, refusal="too few"),
    ]
    found = outcome(row, drawn)
    assert (found.n_studies, found.given, found.refusal) == (4, 0.75, "too few")
    assert (found.rate, found.too_low, found.too_high) == pytest.approx(
        (1 / 3, 1 / 3, 1 / 3)
    )
    assert found.width == pytest.approx(0.8 / 3)
    of_tests = outcome(
        Row(place="p", world="w", shows=(), study=row.study, kind="test"),
        [Drawn(truth=0, p_value=p) for p in (0.01, 0.5, 0.9, 0.04)],
    )
    assert of_tests.rate == 0.5


def test_an_estimate_without_an_interval_is_a_refusal():
    nothing = Estimate(
        value=0.5, low=float("nan"), high=float("nan"), n=3, method="few"
    )
    assert Drawn.of(nothing, truth=0.5).refusal == "few"


@pytest.mark.parametrize(
    "population",
    [
        Population(n_images=4000),
        Population(n_images=4000, yes_sayers=0.1, no_sayers=0.05, guessers=0.1),
        Population(n_images=4000, group=5),
    ],
)
def test_simulated_votes_come_to_the_stated_truth(population):
    rng = np.random.default_rng(3)
    shares, rejected = [], []
    for _ in range(8):
        votes = draw_votes(population, rng)
        shares.append(votes.says.mean())
        n_yes = np.bincount(votes.image, weights=votes.says)
        rejected.append((n_yes < 4).mean())
    assert np.mean(shares) == pytest.approx(true_share(population), abs=0.012)
    assert np.mean(rejected) == pytest.approx(true_rejection(population, k=4), abs=0.02)


def test_nobody_judges_an_image_twice():
    votes = draw_votes(Population(n_people=9, dominance=1.5), np.random.default_rng(1))
    assert not votes.frame().duplicated(["trial", "participant"]).any()
    assert len(votes.image) == 5 * 300
