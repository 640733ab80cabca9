"""The report of somebody else's large study: 185,000 questions by 85 raters.

925,000 votes are simulated (images and people both differ) and written as a long
table; `report make --format long` runs in a process of its own, so that reading,
checking and every figure are counted, and the largest memory is that of one report.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from benchmarks.harness import Row
from study_server.cli._processes import run_secondlook

N_QUESTIONS = 185_000
N_RATERS = 85
N_PER_QUESTION = 5
N_IMAGES = 1_000_000
N_CLASSES = 1000
TIME_LIMIT_S = 60.0
MEMORY_LIMIT_GB = 1.2


def measure() -> list[Row]:
    """Wall time and peak memory of one report, each over its limit."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        large_table(np.random.default_rng(20180911)).to_csv(
            folder / "votes.csv", index=False
        )
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        run_secondlook(
            folder, "report", "make", "votes.csv", "--format", "long",
            "--yes", "yes", "--no", "no", "--classifier", "net",
            "--images", str(N_IMAGES), "--out", "report", is_quiet=True,
        )  # fmt: skip
        wall_s = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    peak_gb = used.ru_maxrss * 1024 / 1e9
    size = f"{N_QUESTIONS * N_PER_QUESTION:,} votes, {N_QUESTIONS:,} questions"
    return [
        Row(
            name="report of a large imported study",
            ours=f"{wall_s:.1f} s",
            peer=f"{TIME_LIMIT_S:.0f} s limit",
            ratio=wall_s / TIME_LIMIT_S,
            bar=1.0,
            note=f"{size}, {N_RATERS} raters, reading included; {cpu_s:.1f} s of CPU",
        ),
        Row(
            name="report of a large imported study, peak memory",
            ours=f"{peak_gb:.2f} GB",
            peer=f"{MEMORY_LIMIT_GB} GB limit",
            ratio=peak_gb / MEMORY_LIMIT_GB,
            bar=1.0,
            note=f"{size}; resident set of the whole process",
        ),
    ]


def large_table(
    rng: np.random.Generator, *, n_questions: int = N_QUESTIONS
) -> pd.DataFrame:
    """One row per vote: worker, stimulus, category, response.

    Every question has five different raters. An image's chance of yes and a person's
    inclination to say it are normal on the scale of log odds (SD 1.7 and 0.85).
    """
    start = rng.integers(0, N_RATERS, n_questions)
    step = rng.integers(1, N_RATERS // N_PER_QUESTION, n_questions)
    places = np.arange(N_PER_QUESTION)
    raters = ((start[:, None] + places * step[:, None]) % N_RATERS).ravel()
    question = np.repeat(np.arange(n_questions), N_PER_QUESTION)
    ease = rng.normal(0.8, 1.7, n_questions)
    inclination = rng.normal(0, 0.85, N_RATERS)
    chance = 1 / (1 + np.exp(-(ease[question] + inclination[raters])))
    says_yes = rng.random(len(question)) < chance
    return pd.DataFrame(
        {
            "worker": [f"rater {number}" for number in raters],
            "stimulus": [f"image {number}.jpg" for number in question],
            "category": [f"class {number % N_CLASSES}" for number in question],
            "response": np.where(says_yes, "yes", "no"),
        }
    )
