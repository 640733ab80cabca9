"""Dawid and Skene's model on a large study, against crowd-kit's.

185,000 yes/no questions, five answers each from 85 raters (925,000 votes), simulated.
Both fit from the same long frame of votes and make the same number of iterations;
crowd-kit's test of convergence is switched off, its own loss is computed as it always
is. The posteriors must agree.
"""

from __future__ import annotations

import statistics
import sys
import warnings
from importlib.metadata import version
from types import ModuleType

import numpy as np
import pandas as pd

from analysis.statistics.aggregation.dawid_skene import DawidSkene, dawid_skene
from benchmarks.harness import Row, Skipped, time_pairs

N_TASKS, N_WORKERS, N_EACH = 185_000, 85, 5
N_ITERATIONS = 20
N_PAIRS = 3
# Ten times faster.
BAR = 0.1
# Largest difference of two posteriors that are the same but for rounding.
_SAME = 1e-6


def measure() -> list[Row]:
    """One row: seconds of ours over seconds of crowd-kit's."""
    peer = _crowd_kit()
    votes = simulate_votes(np.random.default_rng(0))
    difference = _largest_difference(votes, peer)
    if difference > _SAME:
        sys.exit(f"posteriors differ by {difference:.2g}: nothing to compare")
    paired = time_pairs(
        lambda: fit(votes), lambda: _fit_peer(votes, peer), n_pairs=N_PAIRS
    )
    ours, theirs = statistics.median(paired.ours), statistics.median(paired.peer)
    return [
        Row(
            name="Dawid-Skene",
            ours=f"{ours:.2f} s",
            peer=f"{theirs:.2f} s with crowd-kit {version('crowd-kit')}",
            ratio=paired.ratio,
            bar=BAR,
            note=f"{1 / paired.ratio:.1f} times faster; {N_TASKS:,} questions, "
            f"{N_WORKERS} raters, {len(votes):,} votes, {N_ITERATIONS} iterations, "
            f"posteriors equal to {difference:.0e}; {paired.note}",
        )
    ]


def simulate_votes(rng: np.random.Generator) -> pd.DataFrame:
    """Columns task, worker, label: 40 % yes, raters right on 60 to 95 %."""
    truth = rng.random(N_TASKS) < 0.4
    skill = rng.uniform(0.6, 0.95, (N_WORKERS, 2))
    task = np.repeat(np.arange(N_TASKS), N_EACH)
    # Five different raters: a random first one and steps that never meet.
    start = rng.integers(0, N_WORKERS, N_TASKS)[:, None]
    worker = ((start + np.arange(N_EACH) * 17) % N_WORKERS).ravel()
    is_right = rng.random(len(task)) < skill[worker, truth[task].astype(int)]
    label = np.where(is_right, truth[task], ~truth[task])
    answers = np.array(["no", "yes"], dtype=object)
    return pd.DataFrame(
        {"task": task, "worker": worker, "label": answers[label.astype(int)]}
    )


def fit(votes: pd.DataFrame) -> DawidSkene:
    """What is measured."""
    return dawid_skene(votes, n_iterations=N_ITERATIONS, tolerance=0, has_leaps=False)


def _crowd_kit() -> ModuleType:
    """crowd-kit's aggregation, or a skip that says how to get it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from crowdkit import aggregation
        except ImportError as error:
            raise Skipped(f"no crowd-kit ({error}): make setup-peers") from error
    found: ModuleType = aggregation
    return found


def _fit_peer(votes: pd.DataFrame, peer: ModuleType) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = peer.DawidSkene(n_iter=N_ITERATIONS, tol=-np.inf).fit(votes)
    found: pd.DataFrame = model.probas_
    return found


def _largest_difference(votes: pd.DataFrame, peer: ModuleType) -> float:
    ours, theirs = fit(votes).posteriors, _fit_peer(votes, peer)
    matched = theirs.reindex(index=ours.index, columns=ours.columns)
    return float((ours - matched).abs().to_numpy().max())
