"""One call of LIME: superpixels in, explanations and failures out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from torch import Tensor

from stimuli.methods.explanations._base import Explained, Explanation
from stimuli.methods.explanations._lime_inputs import check_width
from stimuli.methods.explanations._perturbation import Perturbation, PerturbedImage
from stimuli.methods.explanations._surrogate import (
    Bits,
    Floats,
    Kernel,
    Surrogate,
    draw_bits,
    fit,
    sample_weights,
)
from stimuli.methods.segmentation import Segments

Top = Literal["select", "show"]


class LimeOptions(Protocol):
    """The options of `Lime` that a run needs."""

    @property
    def name(self) -> str:
        """What manifests call the explanation."""
        ...

    @property
    def n_samples(self) -> int:
        """Perturbed images per image."""
        ...

    @property
    def sigma(self) -> float:
        """Width of the kernel."""
        ...

    @property
    def kernel(self) -> Kernel:
        """Which kernel."""
        ...

    @property
    def k(self) -> int:
        """How many superpixels count as the top."""
        ...

    @property
    def top(self) -> Top:
        """Whether the top is selected before the fit, or shown after it."""
        ...

    @property
    def n_stability_seeds(self) -> int:
        """Further seeds to explain with."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class LimeExplanation(Explanation):
    """What LIME found for one image.

    Attributes:
        segments: `(height, width)` superpixel of each pixel, 0..d-1.
        weights: `(n_labels, d)`; zero where a superpixel was not selected.
        intercepts: `(n_labels,)`.
        r_squared: `(n_labels,)` weighted share of variance explained; NaN where
            the probability did not vary.
        local_predictions: `(n_labels,)` what the linear model says of the image.
        probabilities: `(n_labels,)` what the network says of it.
        stability: `(n_labels,)` mean Jaccard index of the top k superpixels over
            pairs of seeds; None unless asked for.
    """

    segments: Segments
    weights: Floats
    intercepts: Floats
    r_squared: Floats
    local_predictions: Floats
    probabilities: Floats
    stability: tuple[float, ...] | None = None

    @property
    def n_superpixels(self) -> int:
        """How many superpixels the image has."""
        return int(self.weights.shape[1])

    def order(self, label: int) -> tuple[int, ...]:
        """Superpixels with a weight, largest absolute weight first."""
        return _order(self.weights[self.place_of(label)])

    def top(self, label: int, k: int) -> tuple[int, ...]:
        """At most k superpixels of positive weight, largest first."""
        return _top(self.weights[self.place_of(label)], k)


@dataclass(frozen=True, kw_only=True, eq=False)
class LimeRequest:
    """One image and what is asked about it."""

    image_id: str
    image: Tensor
    labels: tuple[int, ...]


@dataclass(kw_only=True, eq=False)
class LimeRun:
    """One call: what is done so far, and what could not be done."""

    lime: LimeOptions
    perturbation: Perturbation
    seed: int
    samples: dict[str, Bits]
    explanations: list[LimeExplanation] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def finish(self) -> Explained[LimeExplanation]:
        """Everything so far."""
        return Explained.of(
            self.explanations, failed=self.failed, batches=self.perturbation.batches
        )

    def explain(
        self, requests: Sequence[LimeRequest], segments: Sequence[Segments]
    ) -> None:
        """Explain a group of images together."""
        usable = [
            (request, found)
            for request, found in zip(requests, segments, strict=True)
            if self._has_superpixels(request, found)
        ]
        rounds = [self._probe(usable, seed) for seed in self._seeds()]
        for number, (request, found) in enumerate(usable):
            seen = [probed[number] for probed in rounds]
            if all(np.isfinite(one.probabilities).all() for one in seen):
                self.explanations.append(self._fit(request, found, seen=seen))
            else:
                self.failed[request.image_id] = (
                    f"{request.image_id}: the network's probabilities are not finite "
                    "on images with hidden superpixels; run it in float32, or leave "
                    "this image out"
                )

    def _seeds(self) -> list[int]:
        return [self.seed + number for number in range(1 + self.lime.n_stability_seeds)]

    def _has_superpixels(self, request: LimeRequest, segments: Segments) -> bool:
        if int(segments.max(initial=0)) >= 1:
            return True
        self.failed[request.image_id] = (
            f"{request.image_id}: segmentation found one superpixel, so there is "
            "nothing to compare; expected at least two. Leave this image out, or use "
            "settings that cut finer (a smaller max_dist or kernel_size)"
        )
        return False

    def _probe(
        self, usable: Sequence[tuple[LimeRequest, Segments]], seed: int
    ) -> list[_Seen]:
        perturbed = [
            PerturbedImage(
                image=request.image,
                segments=segments,
                bits=self._bits(request, segments, seed=seed),
                labels=request.labels,
            )
            for request, segments in usable
        ]
        if not perturbed:
            return []
        found = self.perturbation.probabilities(perturbed)
        return [
            _Seen(bits=one.bits, probabilities=shares)
            for one, shares in zip(perturbed, found, strict=True)
        ]

    def _bits(self, request: LimeRequest, segments: Segments, *, seed: int) -> Bits:
        given = self.samples.get(request.image_id)
        n_superpixels = int(segments.max()) + 1
        if given is not None and seed == self.seed:
            check_width(request.image_id, given, n_superpixels)
            return given
        return draw_bits(
            seed,
            request.image_id,
            n_samples=self.lime.n_samples,
            n_superpixels=n_superpixels,
        )

    def _fit(
        self, request: LimeRequest, segments: Segments, *, seen: Sequence[_Seen]
    ) -> LimeExplanation:
        lime = self.lime
        fits = [_fit_one(lime, one) for one in seen]
        first = fits[0]
        stability = None
        if lime.n_stability_seeds:
            stability = tuple(
                _agreement([_top(one.weights[place], lime.k) for one in fits])
                for place in range(len(request.labels))
            )
        return LimeExplanation(
            image_id=request.image_id,
            method=lime.name,
            labels=request.labels,
            maps=first.weights.astype(np.float32)[:, segments],
            segments=segments,
            weights=first.weights,
            intercepts=first.intercepts,
            r_squared=first.r_squared,
            local_predictions=first.local_predictions,
            probabilities=seen[0].probabilities[0],
            stability=stability,
            facts=_facts(lime, request, first=first, stability=stability),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    bits: Bits
    probabilities: Floats


def _fit_one(lime: LimeOptions, seen: _Seen) -> Surrogate:
    return fit(
        seen.bits,
        seen.probabilities,
        near=sample_weights(seen.bits, sigma=lime.sigma, kernel=lime.kernel),
        n_selected=lime.k if lime.top == "select" else None,
    )


def _facts(
    lime: LimeOptions,
    request: LimeRequest,
    *,
    first: Surrogate,
    stability: tuple[float, ...] | None,
) -> dict[str, Any]:
    tops = [list(_top(weights, lime.k)) for weights in first.weights]
    return {
        "n_superpixels": first.weights.shape[1],
        "top_superpixels": {
            str(label): top for label, top in zip(request.labels, tops, strict=True)
        },
        "r_squared": [None if math.isnan(r) else float(r) for r in first.r_squared],
        "stability": None if stability is None else list(stability),
    }


def _order(weights: Floats) -> tuple[int, ...]:
    order = np.argsort(-np.abs(weights), kind="stable")
    return tuple(int(place) for place in order if weights[place] != 0)


def _top(weights: Floats, k: int) -> tuple[int, ...]:
    return tuple(place for place in _order(weights) if weights[place] > 0)[:k]


def _agreement(tops: Sequence[tuple[int, ...]]) -> float:
    """Mean Jaccard index over pairs; two empty sets agree."""
    pairs = itertools.combinations([set(top) for top in tops], 2)
    shares = [len(a & b) / len(a | b) if a | b else 1.0 for a, b in pairs]
    return float(np.mean(shares))
