"""Generators keyed by purpose, so that one choice never shifts another."""

from __future__ import annotations

import hashlib

import numpy as np


def rng_for(seed: int, *purpose: str) -> np.random.Generator:
    """A generator that depends on the recipe's seed and the purpose alone.

    Args:
        seed: The recipe's seed.
        purpose: What the numbers are for, for example `"far", "cat/1.jpg"`.
    """
    digest = hashlib.sha256("\0".join(purpose).encode()).digest()
    words = np.frombuffer(digest, dtype="<u4").tolist()
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))
