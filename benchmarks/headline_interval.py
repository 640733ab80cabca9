"""The rectified error with its interval on a whole validation set: time and memory.

11,345 errors of 50,000 images, five people each in blocks of 20 composed afresh, as
in a study of ImageNet; in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import numpy as np
import pandas as pd

from benchmarks.harness import Row, peak_bytes

N_IMAGES, N_WRONG, N_EACH, BLOCK, K = 50_000, 11_345, 5, 20, 4
TIME_LIMIT_S, MEMORY_LIMIT_MB = 10.0, 1000.0


def measure() -> list[Row]:
    """Seconds and peak memory over their limits."""
    command = [sys.executable, "-m", "benchmarks.headline_interval"]
    done = subprocess.run(  # noqa: S603 - our own module
        command, check=True, capture_output=True, text=True, env=dict(os.environ)
    )
    found = json.loads(done.stdout)
    peak_mb = found["peak_bytes"] / 1e6
    note = (
        f"{N_WRONG:,} errors of {N_IMAGES:,} images x {N_EACH} people in blocks of "
        f"{BLOCK}; rectified error {100 * found['value']:.2f} % "
        f"[{100 * found['low']:.2f}, {100 * found['high']:.2f}]"
    )
    return [
        Row(
            name="headline interval",
            ours=f"{found['seconds']:.2f} s",
            peer=f"{TIME_LIMIT_S:.0f} s limit",
            ratio=found["seconds"] / TIME_LIMIT_S,
            bar=1.0,
            note=note,
        ),
        Row(
            name="headline interval, peak memory",
            ours=f"{peak_mb:.0f} MB",
            peer=f"{MEMORY_LIMIT_MB:.0f} MB limit",
            ratio=peak_mb / MEMORY_LIMIT_MB,
            bar=1.0,
            note="resident set of a whole process, with Python and pandas",
        ),
    ]


def simulate_votes(rng: np.random.Generator) -> pd.DataFrame:
    """Columns trial, participant, accepts; people differ in how readily they accept."""
    n_blocks = -(-N_WRONG // BLOCK)
    trial = np.tile(np.arange(N_WRONG), N_EACH)
    person = np.concatenate(
        [turn * n_blocks + rng.permutation(N_WRONG) // BLOCK for turn in range(N_EACH)]
    )
    tendency = rng.normal(0.9, 1.6, N_WRONG)[trial]
    tendency = tendency + rng.normal(0, 0.8, N_EACH * n_blocks)[person]
    accepts = rng.random(len(trial)) < 1 / (1 + np.exp(-tendency))
    return pd.DataFrame({"trial": trial, "participant": person, "accepts": accepts})


def run() -> dict[str, float]:
    """What is measured: from votes to the interval."""
    # Imported here so that the measured process counts it as memory.
    from analysis.statistics.k_of_n import Stratum, rejected_share

    votes = simulate_votes(np.random.default_rng(0))
    images = pd.DataFrame({"image": np.arange(N_WRONG), "trial": np.arange(N_WRONG)})
    strata = [
        Stratum(n_images=N_WRONG, judged=images),
        Stratum(n_images=N_IMAGES - N_WRONG, judged=None),
    ]
    started = time.perf_counter()
    estimate = rejected_share(strata, votes, k=K)
    return {
        "seconds": time.perf_counter() - started,
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "peak_bytes": peak_bytes(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run()) + "\n")
