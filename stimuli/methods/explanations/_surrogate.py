"""The linear model that stands for a network around one image."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

Kernel = Literal["lime", "paper"]
Bits = NDArray[np.uint8]
Floats = NDArray[np.float64]

# The ridge penalties of the `lime` package: of the fit, and of the one that
# selects by the largest weights.
_PENALTY = 1.0
_PENALTY_OF_SELECTION = 0.01
_LARGEST_FORWARD_SELECTION = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class Surrogate:
    """Weighted ridge regressions of probabilities on superpixels.

    Attributes:
        weights: `(n_labels, d)`; zero where a superpixel was not selected.
        intercepts: `(n_labels,)`.
        r_squared: `(n_labels,)` weighted share of variance explained; NaN where
            the probability did not vary.
        local_predictions: `(n_labels,)` what it says of the whole image.
    """

    weights: Floats
    intercepts: Floats
    r_squared: Floats
    local_predictions: Floats


def draw_bits(seed: int, image_id: str, *, n_samples: int, n_superpixels: int) -> Bits:
    """Which superpixels each sample shows, `(n_samples, d)` of 0 and 1.

    Independent fair coins, but the first row shows all. They depend on the seed
    and the image's id alone, never on what was drawn before: the generator
    counts from a key.
    """
    digest = hashlib.sha256(b"superpixels\0" + image_id.encode()).digest()
    words = np.frombuffer(digest, dtype="<u4").tolist()
    keyed = np.random.Philox(np.random.SeedSequence([seed, *words]))
    coins = np.random.Generator(keyed).integers(
        0, 2, (n_samples, n_superpixels), dtype=np.uint8
    )
    coins[0] = 1
    return coins


def sample_weights(bits: Bits, *, sigma: float, kernel: Kernel) -> Floats:
    """How near each sample is to the whole image, `(n_samples,)`.

    Args:
        bits: `(n_samples, d)`.
        sigma: Width of the kernel.
        kernel: "lime": exp(-c^2 / (2 sigma^2)) of the cosine distance c, as the
            package does; "paper": exp(-c^2 / sigma^2).
    """
    # The cosine between a row with s ones and the row of ones is sqrt(s / d).
    distances = 1 - np.sqrt(bits.mean(axis=1, dtype=np.float64))
    factor = 2 if kernel == "lime" else 1
    near: Floats = np.exp(-(distances**2) / (factor * sigma**2))
    return near


def fit(
    bits: Bits,
    probabilities: Floats,
    *,
    near: Floats,
    n_selected: int | None = None,
) -> Surrogate:
    """Fit every label at once.

    Args:
        bits: `(n_samples, d)`.
        probabilities: `(n_samples, n_labels)`.
        near: `(n_samples,)` weights of the samples.
        n_selected: Superpixels to select before the fit, as the package does
            with `num_features`; None fits all.

    Source: Ribeiro, Singh and Guestrin (2016); lime 0.2.0.1, `lime_base`.
    """
    system = _Normal.of(bits, probabilities, near=near)
    d = bits.shape[1]
    if n_selected is None or n_selected >= d:
        weights = _solve(system.gram, system.moments, penalty=_PENALTY).T
    else:
        weights = _fit_selected(system, n_selected)
    explained = 2 * np.einsum("ld,dl->l", weights, system.moments) - np.einsum(
        "ld,de,le->l", weights, system.gram, weights
    )
    varies = system.variances > np.finfo(np.float64).tiny
    r_squared = np.full(len(weights), np.nan)
    np.divide(explained, system.variances, out=r_squared, where=varies)
    intercepts = system.mean_probabilities - weights @ system.mean_bits
    return Surrogate(
        weights=weights,
        intercepts=intercepts,
        r_squared=r_squared,
        local_predictions=intercepts + weights @ bits[0].astype(np.float64),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Normal:
    """The normal equations about the weighted means; the same for every label."""

    gram: Floats
    moments: Floats
    variances: Floats
    mean_bits: Floats
    mean_probabilities: Floats

    @classmethod
    def of(cls, bits: Bits, probabilities: Floats, *, near: Floats) -> _Normal:
        shares = near / near.sum()
        design, outcome = bits.astype(np.float64), probabilities.astype(np.float64)
        mean_bits, mean_probabilities = shares @ design, shares @ outcome
        design -= mean_bits
        outcome -= mean_probabilities
        weighted = design * near[:, None]
        return cls(
            gram=weighted.T @ design,
            moments=weighted.T @ outcome,
            variances=near @ outcome**2,
            mean_bits=mean_bits,
            mean_probabilities=mean_probabilities,
        )


def _solve(gram: Floats, moments: Floats, *, penalty: float) -> Floats:
    """Ridge weights `(d, n_labels)`: one factorisation for all labels."""
    ridge = gram + penalty * np.eye(len(gram))
    solved: Floats = cho_solve(cho_factor(ridge, lower=True), moments)
    return solved


def _fit_selected(system: _Normal, n_selected: int) -> Floats:
    n_labels = system.moments.shape[1]
    weights = np.zeros((n_labels, len(system.gram)))
    largest = _solve(system.gram, system.moments, penalty=_PENALTY_OF_SELECTION)
    for label in range(n_labels):
        if n_selected <= _LARGEST_FORWARD_SELECTION:
            chosen = _select_forward(system, label, n_selected=n_selected)
        else:
            # Stable, as Python's own sort is in the package.
            order = np.argsort(-np.abs(largest[:, label]), kind="stable")
            chosen = order[:n_selected]
        part = system.gram[np.ix_(chosen, chosen)]
        moments = system.moments[chosen, label][:, None]
        weights[label, chosen] = _solve(part, moments, penalty=_PENALTY)[:, 0]
    return weights


def _select_forward(
    system: _Normal, label: int, *, n_selected: int
) -> NDArray[np.intp]:
    """Superpixels that raise the unpenalised R² most, one after another.

    Each pick is swept out of the normal equations, so that the gain of every
    other one is its remaining moment squared over its remaining variance.
    """
    gram, moments = system.gram.copy(), system.moments[:, label].copy()
    floor = np.diag(gram) * 1e-10
    chosen: list[int] = []
    for _ in range(n_selected):
        left = np.diag(gram).copy()
        is_free = (left > floor) & ~np.isin(np.arange(len(left)), chosen)
        if not is_free.any():
            break
        gains = np.full(len(left), -np.inf)
        gains[is_free] = moments[is_free] ** 2 / left[is_free]
        best = int(np.argmax(gains))
        chosen.append(best)
        column = gram[:, best] / gram[best, best]
        moments -= column * moments[best]
        gram -= np.outer(column, gram[best])
    return np.array(chosen, dtype=np.intp)
