"""Effects of people and stimuli when it is not known how much either differ.

The spreads (standard deviations of people's and of stimuli's effects) have a density
of their own: Laplace's approximation of their likelihood times a prior that is nearly
flat. Effects are normal at given spreads; over a grid of likely spreads they are
mixtures, which are wider than a normal density at the likeliest spreads, the more so
the fewer people or stimuli there are. For one normal sample such a mixture is
Student's t.

Source:
    Rue, Martino & Chopin (2009), "Approximate Bayesian inference for latent Gaussian
    models by using integrated nested Laplace approximations", section 3; Gelman
    (2006), "Prior distributions for variance parameters in hierarchical models".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Final

import numpy as np
from scipy.optimize import minimize

from analysis.statistics.frame_checks import FloatArray
from analysis.statistics.models.crossed_effects import CrossedResponses, Effects, Mode
from analysis.statistics.models.mixtures import Mixture
from analysis.statistics.models.quadrature import Integrated, Side

# Logarithms of the smallest and the largest spread.
_ENDS: Final = (float(np.log(1e-3)), float(np.log(10.0)))
# The prior of a spread is its power of minus so much: 0 is flat, 1 is flat in the
# logarithm. Chosen by simulation: the first for fixed effects, which too large a
# spread makes unsure, the second for the effects of people and stimuli themselves,
# which too small a one draws to the middle.
FOR_FIXED: Final = 0.75
FOR_EFFECTS: Final = 0.0
# The grid's step in standard deviations, and the fall in log density it ends at.
_STEP: Final = 1.75
_FALL: Final = 4.6
_N_STEPS: Final = 6
_LEAST_CURVATURE: Final = 0.1
# The middle is found when it would move by less, in standard deviations.
_NEAR: Final = 0.5
_N_MOVES: Final = 8
_DIFFERENCE: Final = 1e-2


@dataclass(frozen=True, kw_only=True)
class CrossedFit:
    """What is known of all effects.

    Attributes:
        sd: Standard deviations of people's and stimuli's effects: geometric means
            over the likely ones.
        weights: Of the spreads on the grid, shape (parts,).
        spreads: Standard deviations of people's and stimuli's effects on the grid,
            shape (parts, 2).
        fixed: Fixed effects under each, shape (parts, terms).
        covariances: Of the fixed effects, shape (parts, terms, terms).
        person: Effects of people.
        stimulus: Effects of stimuli.
        is_converged: Whether the search for the likeliest spreads ended.
    """

    sd: tuple[float, float]
    weights: FloatArray
    spreads: FloatArray
    fixed: FloatArray
    covariances: FloatArray
    person: Mixture
    stimulus: Mixture
    is_converged: bool

    def sums(self, rows: FloatArray) -> Mixture:
        """Weighted sums of the fixed effects, weights of shape (sums, terms)."""
        variances = np.einsum("ij,gjk,ik->gi", rows, self.covariances, rows)
        return Mixture(
            weights=self.weights,
            means=self.fixed @ rows.T,
            sds=np.sqrt(np.maximum(variances, np.finfo(float).tiny)),
        )


def fit_crossed(
    responses: CrossedResponses, *, start: FloatArray, prior: float = FOR_FIXED
) -> CrossedFit:
    """All effects, over the likely spreads of people and stimuli.

    Args:
        responses: What people said.
        start: First guess of the fixed effects, shape (terms,).
        prior: Of either spread: its power of minus so much.

    >>> from analysis.statistics.models.crossed_effects import CrossedResponses
    >>> person, stimulus = np.divmod(np.arange(12), 4)
    >>> found = fit_crossed(
    ...     CrossedResponses(
    ...         yes=np.array([1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1.0]),
    ...         design=np.ones((12, 1)), person=person, stimulus=stimulus,
    ...     ),
    ...     start=np.zeros(1),
    ... )
    >>> found.is_converged, found.person.means.shape[1], found.stimulus.means.shape[1]
    (True, 3, 4)
    """
    search = _Search(responses, responses.no_effects(start), prior=prior)
    middle = search.middle()
    parts = list(_likely(search, middle))
    density = np.exp(np.array([part.density for part in parts]))
    weights = density / density.sum()
    spreads = np.array([part.found.sd for part in parts])
    sides = [part.found.sides() for part in parts]
    sd = np.exp(weights @ np.log(spreads))
    return CrossedFit(
        sd=(float(sd[0]), float(sd[1])),
        weights=weights,
        spreads=spreads,
        fixed=np.array([part.found.fixed for part in parts]),
        covariances=np.array([part.found.covariance for part in parts]),
        person=_mixture(weights, [each[0] for each in sides]),
        stimulus=_mixture(weights, [each[1] for each in sides]),
        is_converged=middle.is_converged,
    )


def _mixture(weights: FloatArray, sides: Sequence[Side]) -> Mixture:
    return Mixture(
        weights=weights,
        means=np.array([side.means for side in sides]),
        sds=np.sqrt([side.variances for side in sides]),
    )


@dataclass(frozen=True)
class _Middle:
    """Where spreads (logarithms) are likeliest, about.

    Attributes:
        place: Shape (2,).
        axes: Directions in which their density is about a normal one of SD 1, in
            columns, shape (2, 2).
        height: Log density there.
        is_converged: Whether the search ended.
    """

    place: FloatArray
    axes: FloatArray
    height: float
    is_converged: bool


@dataclass(frozen=True)
class _Part:
    """Effects at some spreads, and the log density of these (about 0 at most)."""

    found: Integrated
    density: float


class _Search:
    """Effects at the logarithms of spreads, each found from the last."""

    def __init__(
        self, responses: CrossedResponses, start: Effects, *, prior: float
    ) -> None:
        self._responses = responses
        self._last = start
        self._power = 1 - prior

    def mode(self, place: FloatArray) -> Mode:
        """The likeliest effects at these spreads."""
        sd = np.exp(np.clip(place, *_ENDS))
        mode = Mode.find(
            self._responses, (float(sd[0]), float(sd[1])), start=self._last
        )
        self._last = mode.effects
        return mode

    def part(self, place: FloatArray) -> _Part:
        """Integrated over the effects, with the prior of the spreads."""
        found = Integrated.of(self.mode(place))
        height = found.log_likelihood + self._power * float(place.sum())
        return _Part(found=found, density=height)

    def middle(self) -> _Middle:
        """From Laplace's approximation, then by what quadrature says."""
        found = minimize(
            self._laplace, np.log([0.5, 0.5]), jac=True, method="L-BFGS-B",
            bounds=[_ENDS] * 2, options={"maxiter": 100, "ftol": 1e-7, "gtol": 1e-2},
        )  # fmt: skip
        top = np.asarray(found.x)
        at = _Middle(top, self._axes(top), self.part(top).density, is_converged=False)
        for _ in range(_N_MOVES):
            at = self._moved(at)
            if at.is_converged:
                break
        return at

    def _laplace(self, place: FloatArray) -> tuple[float, FloatArray]:
        mode = self.mode(place)
        height = mode.log_likelihood() + self._power * float(place.sum())
        return -height, -(mode.gradient() + self._power)

    def _axes(self, top: FloatArray) -> FloatArray:
        """From the curvature of Laplace's approximation."""
        bend = np.empty((2, 2))
        for row, step in enumerate(np.eye(2) * _DIFFERENCE):
            up, down = self._laplace(top + step)[1], self._laplace(top - step)[1]
            bend[row] = (up - down) / (2 * _DIFFERENCE)
        values, vectors = np.linalg.eigh((bend + bend.T) / 2)
        return np.asarray(vectors / np.sqrt(np.maximum(values, _LEAST_CURVATURE)))

    def _moved(self, at: _Middle) -> _Middle:
        """A Newton step along either axis, from differences of a step each way."""
        up, down = (
            np.array([self.part(at.place + sign * axis).density for axis in at.axes.T])
            for sign in (1, -1)
        )
        slope, bend = (up - down) / 2, 2 * at.height - up - down
        move = np.clip(slope / np.maximum(bend, 0.2), -2, 2)
        axes = at.axes / np.sqrt(np.clip(bend, 0.25, 4))
        if np.abs(move).max() < _NEAR:
            return replace(at, axes=axes, is_converged=True)
        place = np.clip(at.place + at.axes @ move, *_ENDS)
        return _Middle(place, axes, self.part(place).density, is_converged=False)


def _likely(search: _Search, middle: _Middle) -> Iterator[_Part]:
    """Every point of a grid around the middle at which spreads are likely."""

    @cache
    def part(one: int, other: int) -> _Part:
        steps = _STEP * np.array([one, other])
        found = search.part(middle.place + middle.axes @ steps)
        return replace(found, density=found.density - middle.height)

    def n_steps(one: int, other: int) -> int:
        for n in range(1, _N_STEPS + 1):
            if part(n * one, n * other).density < -_FALL:
                return n - 1
        return _N_STEPS

    ranges = [range(-n_steps(-x, -y), n_steps(x, y) + 1) for x, y in ((1, 0), (0, 1))]
    for steps in product(*ranges):
        found = part(*steps)
        if found.density > -_FALL - 1:
            yield found
