"""The likeliest effects of people and stimuli that are crossed, at given spreads.

Log odds of yes are fixed effects + the person's + the stimulus's effect, the last two
normal around zero. Laplace's approximation integrates over all of them, the fixed
ones too (with a flat prior; so spreads are those of restricted maximum likelihood):
the integrand is replaced by a normal density around its mode. The modes come from
Newton steps; the larger side of the crossed Hessian is diagonal and is eliminated
first (Schur), so that only the smaller side, with the fixed effects, is ever factored.
The gradient by the spreads is exact, by the implicit function theorem.

Source:
    Breslow & Clayton (1993), "Approximate inference in generalized linear mixed
    models", eq. 3 to 5 and 13; Pinheiro & Chao (2006), "Efficient Laplacian and
    adaptive Gaussian quadrature algorithms for multilevel generalized linear mixed
    models".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from analysis.statistics.frame_checks import FloatArray

Codes = npt.NDArray[np.int_]

_N_NEWTON: Final = 60
_N_HALVINGS: Final = 30
# A Newton step that promises less than this (in log density) is the last one: what
# is left after it is of the order of the promise squared.
_ENOUGH: Final = 1e-3


@dataclass(frozen=True, kw_only=True)
class CrossedResponses:
    """Yes and no of people crossed with stimuli.

    Attributes:
        yes: 0 or 1, shape (rows,).
        design: Fixed effects, shape (rows, terms).
        person: Code of each row's person, from 0.
        stimulus: Code of each row's stimulus, from 0.
    """

    yes: FloatArray
    design: FloatArray
    person: Codes
    stimulus: Codes

    @cached_property
    def n_people(self) -> int:
        """People."""
        return int(self.person.max()) + 1

    @cached_property
    def n_stimuli(self) -> int:
        """Stimuli."""
        return int(self.stimulus.max()) + 1

    @cached_property
    def is_swapped(self) -> bool:
        """Whether stimuli are the smaller side, the one that is factored."""
        return self.n_people > self.n_stimuli

    @property
    def few(self) -> Codes:
        """Codes of the smaller side."""
        return self.stimulus if self.is_swapped else self.person

    @property
    def many(self) -> Codes:
        """Codes of the larger side."""
        return self.person if self.is_swapped else self.stimulus

    @property
    def n_few(self) -> int:
        """Members of the smaller side."""
        return min(self.n_people, self.n_stimuli)

    @property
    def n_many(self) -> int:
        """Members of the larger side."""
        return max(self.n_people, self.n_stimuli)

    @cached_property
    def meeting(self) -> Codes:
        """Number of each row's cell in a table of the smaller by the larger side."""
        return np.asarray(self.few * self.n_many + self.many)

    def in_order(
        self, few: FloatArray | float, many: FloatArray | float
    ) -> tuple[FloatArray, FloatArray]:
        """What belongs to people, then what belongs to stimuli."""
        first, second = (many, few) if self.is_swapped else (few, many)
        return np.asarray(first, dtype=float), np.asarray(second, dtype=float)

    def no_effects(self, fixed: FloatArray) -> Effects:
        """Nobody and nothing differs."""
        few = np.concatenate([np.zeros(self.n_few), fixed])
        return Effects(few=few, many=np.zeros(self.n_many))

    def onto_few(self, values: FloatArray) -> FloatArray:
        """Sums by member of the smaller side, then by fixed effect."""
        sums = np.bincount(self.few, values, self.n_few)
        return np.concatenate([sums, self.design.T @ values])

    def by_many(self, values: FloatArray) -> FloatArray:
        """Sums of columns by member of the larger side, shape (members, columns)."""
        return np.asarray(self._rows_of_many @ values)

    @cached_property
    def _rows_of_many(self) -> sparse.csr_array:
        n = len(self.many)
        return sparse.csr_array(
            (np.ones(n), (self.many, np.arange(n))), shape=(self.n_many, n)
        )

    def onto_many(self, values: FloatArray) -> FloatArray:
        """Sums by member of the larger side."""
        return np.asarray(np.bincount(self.many, values, self.n_many), dtype=float)


@dataclass(frozen=True, kw_only=True)
class Effects:
    """A number for every effect.

    Attributes:
        few: Of the smaller side, then the fixed ones, shape (members + terms,).
        many: Of the larger side, shape (members,).
    """

    few: FloatArray
    many: FloatArray

    def plus(self, other: Effects, *, share: float) -> Effects:
        """These and a share of others."""
        return Effects(
            few=self.few + share * other.few, many=self.many + share * other.many
        )

    def times(self, other: Effects) -> float:
        """The inner product."""
        return float(self.few @ other.few + self.many @ other.many)


@dataclass(frozen=True, kw_only=True)
class Variances:
    """Of effects around their modes, at given spreads.

    Attributes:
        person: Shape (people,).
        stimulus: Shape (stimuli,).
        fixed: Covariance of the fixed effects, shape (terms, terms).
        of_rows: Of each row's log odds, shape (rows,).
    """

    person: FloatArray
    stimulus: FloatArray
    fixed: FloatArray
    of_rows: FloatArray


@dataclass(frozen=True, kw_only=True)
class Mode:
    """The effects that are likeliest at given spreads.

    Attributes:
        responses: What people said.
        sd: Standard deviations of people's and stimuli's effects.
        effects: All of them.
        precision: 1 / variance of the smaller and of the larger side.
        hessian: Of the negative log density around them.
    """

    responses: CrossedResponses
    sd: tuple[float, float]
    effects: Effects
    precision: tuple[float, float]
    hessian: Hessian
    _joint: _Joint

    @classmethod
    def find(
        cls, responses: CrossedResponses, sd: tuple[float, float], *, start: Effects
    ) -> Mode:
        """Newton's method with halved steps where the joint density would fall."""
        few, many = responses.in_order(*(1 / each**2 for each in sd))
        precision = (float(few), float(many))
        at = _Joint.of(responses, start, precision=precision)
        hessian = at.hessian()
        for _ in range(_N_NEWTON):
            slope = at.slope()
            step = hessian.solve(slope)
            promise = slope.times(step)
            at = at.uphill(step)
            hessian = at.hessian()
            if promise < _ENOUGH:
                break
        return cls(
            responses=responses,
            sd=sd,
            effects=at.effects,
            precision=precision,
            hessian=hessian,
            _joint=at,
        )

    @property
    def _sides(self) -> tuple[FloatArray, FloatArray]:
        few = self.effects.few[: self.responses.n_few]
        return self.responses.in_order(few, self.effects.many)

    def log_likelihood(self) -> float:
        """Of the spreads, by Laplace's approximation, up to a constant."""
        given = self.responses
        sizes = (given.n_people, given.n_stimuli)
        spread = sum(n * np.log(sd) for n, sd in zip(sizes, self.sd, strict=True))
        return float(self._joint.height - spread - self.hessian.log_determinant / 2)

    @cached_property
    def variances(self) -> Variances:
        """Of the effects around these."""
        return self.hessian.variances(self.responses)

    def gradient(self) -> FloatArray:
        """Of the log likelihood by the logarithms of both SDs; the modes move too."""
        given, p = self.responses, self._joint.probability
        bend = -self.variances.of_rows * p * (1 - p) * (1 - 2 * p) / 2
        slope = Effects(few=given.onto_few(bend), many=given.onto_many(bend))
        moved = self.hessian.solve(slope)
        moves = given.in_order(moved.few[: given.n_few], moved.many)
        spreads = (self.variances.person, self.variances.stimulus)
        return np.array(
            [
                (effect @ effect + variance.sum() + 2 * (move @ effect)) / sd**2
                - len(effect)
                for effect, variance, move, sd in zip(
                    self._sides, spreads, moves, self.sd, strict=True
                )
            ]
        )


@dataclass(frozen=True, kw_only=True)
class _Joint:
    """Log density of responses and effects (up to constants) at some effects."""

    responses: CrossedResponses
    effects: Effects
    precision: tuple[float, float]
    height: float
    probability: FloatArray

    @classmethod
    def of(
        cls,
        responses: CrossedResponses,
        effects: Effects,
        *,
        precision: tuple[float, float],
    ) -> _Joint:
        """With P(yes) of every row; precision of the smaller and the larger side."""
        few, fixed = np.split(effects.few, [responses.n_few])
        tendency = responses.design @ fixed + few[responses.few]
        tendency += effects.many[responses.many]
        of_yes = responses.yes @ tendency - np.logaddexp(0, tendency).sum()
        penalty = precision[0] * (few @ few) + precision[1] * (
            effects.many @ effects.many
        )
        return cls(
            responses=responses, effects=effects, precision=precision,
            height=float(of_yes - penalty / 2), probability=expit(tendency),
        )  # fmt: skip

    def slope(self) -> Effects:
        """By every effect."""
        given, away = self.responses, self.responses.yes - self.probability
        few = given.onto_few(away)
        few[: given.n_few] -= self.precision[0] * self.effects.few[: given.n_few]
        return Effects(
            few=few, many=given.onto_many(away) - self.precision[1] * self.effects.many
        )

    def hessian(self) -> Hessian:
        """Of the negative density."""
        weight = self.probability * (1 - self.probability)
        return Hessian.of(
            self.responses,
            weight=weight,
            reach=weight,
            wide=self.responses.onto_many(weight) + self.precision[1],
            precision=self.precision[0],
        )

    def uphill(self, step: Effects) -> _Joint:
        """Where the step leads, halved until it does not lead down."""
        tried = self
        for halving in range(_N_HALVINGS):
            effects = self.effects.plus(step, share=0.5**halving)
            tried = _Joint.of(self.responses, effects, precision=self.precision)
            if tried.height >= self.height - 1e-12:
                break
        return tried


@dataclass(frozen=True, kw_only=True)
class Hessian:
    """Of the negative joint density by the effects.

    Attributes:
        wide: The larger side's diagonal.
        crossed: Smaller side and fixed effects by larger side.
        factor: Cholesky factor of the Schur complement.
    """

    wide: FloatArray
    crossed: FloatArray
    factor: tuple[FloatArray, bool]

    @classmethod
    def of(
        cls,
        given: CrossedResponses,
        *,
        weight: FloatArray,
        reach: FloatArray,
        wide: FloatArray,
        precision: float,
    ) -> Hessian:
        """From what each response says.

        Args:
            given: The responses.
            weight: Of each response on its own log odds, shape (rows,).
            reach: How far it ties the smaller side to the larger, shape (rows,).
            wide: The larger side's diagonal.
            precision: 1 / variance of the smaller side.
        """
        weighted = given.design * weight[:, None]
        n_few, n_many = given.n_few, given.n_many
        met = np.bincount(given.meeting, reach, n_few * n_many)
        of_terms = (given.onto_many(each) for each in (given.design.T * reach))
        crossed = np.vstack([met.reshape(n_few, n_many), *of_terms])
        dense = np.zeros((len(crossed),) * 2)
        dense[np.arange(n_few), np.arange(n_few)] = (
            np.bincount(given.few, weight, n_few) + precision
        )
        for place, column in enumerate(weighted.T, n_few):
            dense[place] = dense[:, place] = given.onto_few(column)
        schur = dense - (crossed / wide) @ crossed.T
        return cls(wide=wide, crossed=crossed, factor=cho_factor(schur, lower=True))

    @property
    def log_determinant(self) -> float:
        """Of the whole Hessian."""
        return float(np.log(self.wide).sum()) + self.log_determinant_of_few

    @property
    def log_determinant_of_few(self) -> float:
        """Of the Schur complement."""
        return float(2 * np.log(np.diag(self.factor[0])).sum())

    def solve_few(self, given: FloatArray) -> FloatArray:
        """The Schur complement's inverse times a vector."""
        return np.asarray(cho_solve(self.factor, given))

    def solve(self, given: Effects) -> Effects:
        """The inverse times one number per effect."""
        few = cho_solve(
            self.factor, given.few - self.crossed @ (given.many / self.wide)
        )
        return Effects(few=few, many=(given.many - self.crossed.T @ few) / self.wide)

    def variances(self, given: CrossedResponses) -> Variances:
        """The inverse's diagonal, and what its entries add up to in each row."""
        n = given.n_few
        inverse = cho_solve(self.factor, np.eye(len(self.crossed)))
        reach = inverse @ self.crossed / self.wide
        of_many = 1 / self.wide + (reach * self.crossed).sum(axis=0) / self.wide
        of_few = np.diag(inverse)[:n]
        # Var(few + fixed) − 2 Cov(few + fixed, many) + Var(many), row by row.
        x, few, many = given.design, given.few, given.many
        beside = inverse[:n, n:][few] + x @ inverse[n:, n:] / 2
        both = reach[:n][few, many] + (x * reach[n:].T[many]).sum(axis=1)
        of_rows = of_few[few] + 2 * (x * beside).sum(axis=1) - 2 * both + of_many[many]
        person, stimulus = given.in_order(of_few, of_many)
        return Variances(
            person=person, stimulus=stimulus, fixed=inverse[n:, n:], of_rows=of_rows
        )
