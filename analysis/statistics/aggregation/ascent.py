"""Turns of the model until it stands at the maximum, in leaps.

A turn of expectation and maximisation may move little and yet be far from the end:
where each turn moves 0.99 times as far as the one before, a hundred times the last
move is left to go. So the way that is left is estimated from two turns in a row and
the search stops by that, and every two turns a leap is tried (SQUAREM), taken where
the density does not fall.

Source:
    Varadhan & Roland (2008), "Simple and globally convergent methods for
    accelerating the convergence of any EM algorithm".
"""

from __future__ import annotations

from math import inf
from typing import Final

import numpy as np

from analysis.statistics.aggregation.confusion_model import ConfusionModel, Expected
from analysis.statistics.frame_checks import FloatArray

# Expectations at most, and how far a posterior may have left to go, unless given.
N_ITERATIONS: Final = 5000
TOLERANCE: Final = 1e-4
# Longest leap at first, and by what it grows when one of that length did well.
_LONGEST: Final = 4.0
_GROWS: Final = 4.0
# Leaps begin where a turn moves no posterior by more: before, they could end up at
# another maximum than the one that turns climb.
_NEAR: Final = 0.002
# What is left to go is below the tolerance by this factor, and a turn's move by that:
# on the way past a saddle moves shrink too, and grow again later.
_LEFT: Final = 0.1
_MOVES: Final = 1e-4
# A move this small is rounding.
_TINY: Final = 1e-12


class Ascent:
    """A search for the maximum from one start.

    Args:
        model: What turns are made of.
        n_iterations: Expectations at most, those of leaps included.
        tolerance: Stops where no posterior has further to go than this.
        has_leaps: Whether leaps are tried; otherwise turns as in the paper.
    """

    def __init__(
        self,
        model: ConfusionModel,
        *,
        n_iterations: int = N_ITERATIONS,
        tolerance: float = TOLERANCE,
        has_leaps: bool = True,
    ) -> None:
        self._model, self._n_most = model, max(n_iterations, 1)
        self._tolerance, self._has_leaps = tolerance, has_leaps
        self._longest = _LONGEST
        self.trace: list[tuple[float, float]] = []
        self.is_converged = False

    @property
    def n_left(self) -> int:
        """Expectations that may still be made."""
        return self._n_most - len(self.trace)

    def run(self, start: FloatArray) -> Expected:
        """Where it ends, from posteriors of shape (classes, tasks)."""
        here = self._taken(self._model.expect(self._model.maximise(start)))
        while self.n_left > 0 and not self.is_converged:
            one = self._turn(here)
            if self.n_left == 0:
                return one
            two = self._turn(one)
            before, last = _move(here, one), _move(one, two)
            self.is_converged = self._is_there(before, last)
            is_near = last < _NEAR and not self.is_converged
            # A leap is always followed by a turn.
            is_leap = self._has_leaps and is_near and self.n_left > 1
            here = self._leap(here, one, two) if is_leap else two
        return here

    def _turn(self, here: Expected) -> Expected:
        return self._taken(self._model.expect(self._model.maximise(here.posterior)))

    def _taken(self, found: Expected) -> Expected:
        self.trace.append((found.log_likelihood, found.log_density))
        return found

    def _is_there(self, before: float, last: float) -> bool:
        """Whether no posterior has further to go than the tolerance.

        Moves that shrink by a factor r each have r / (1 - r) times the last one left.
        """
        if self._tolerance <= 0 or last >= _MOVES * self._tolerance:
            return False
        if last < _TINY:
            return True
        left = last**2 / (before - last) if last < before else inf
        return left < _LEFT * self._tolerance

    def _leap(self, here: Expected, one: Expected, two: Expected) -> Expected:
        """Further on where that is no worse than two turns, which stay otherwise."""
        parameters, length = here.parameters.beyond(
            one.parameters, two.parameters, longest=self._longest
        )
        there = self._model.expect(parameters)
        if not there.log_density >= two.log_density:
            self._longest = max(self._longest / _GROWS, 1.0)
            return self._taken(two)
        if length == self._longest:
            self._longest *= _GROWS
        return self._taken(there)


def _move(here: Expected, there: Expected) -> float:
    """Largest change of a posterior."""
    return float(np.abs(there.posterior - here.posterior).max())
