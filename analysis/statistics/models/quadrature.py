"""Effects at given spreads, the larger side integrated by quadrature.

Laplace's approximation is poor where every stimulus has a few responses only: it takes
spreads for too small. People who differ and stimuli are crossed, so that no quadrature
reaches all effects at once; but given the effects of the smaller side (with many
responses each) those of the larger side are independent, and each is integrated by
adaptive Gauss-Hermite quadrature. What remains, a function of the smaller side and of
the fixed effects, is again integrated by Laplace's approximation around its own mode.

Source:
    Pinheiro & Chao (2006), "Efficient Laplacian and adaptive Gaussian quadrature
    algorithms for multilevel generalized linear mixed models", eq. 7, here for one
    side given the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy.special import expit, logsumexp

from analysis.statistics.frame_checks import FloatArray
from analysis.statistics.models.crossed_effects import Hessian, Mode, Variances

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(11)
_LOG_WEIGHTS: Final = np.log(_WEIGHTS) + _NODES**2 / 2
# Steps towards the mode of what remains, and the promise (in log density) below which
# none is made: it is added instead.
_N_STEPS: Final = 5
_ENOUGH: Final = 0.02


@dataclass(frozen=True)
class Side:
    """Effects of people or of stimuli: means and variances, shape (members,) each."""

    means: FloatArray
    variances: FloatArray


@dataclass(frozen=True, kw_only=True)
class Integrated:
    """Effects at given spreads, and how likely these are.

    Attributes:
        log_likelihood: Of the spreads, up to a constant.
        few: Effects of the smaller side, then fixed ones.
        variances: Of all effects.
    """

    log_likelihood: float
    few: FloatArray
    variances: Variances
    _mode: Mode
    _many: FloatArray

    @classmethod
    def of(cls, mode: Mode) -> Integrated:
        """From the mode of all effects."""
        at = _Larger.given(mode, mode.effects.few)
        step, promise = at.step()
        for _ in range(_N_STEPS):
            if promise < _ENOUGH:
                break
            tried = _Larger.given(mode, at.few + step)
            if tried.height < at.height:
                step, promise = np.zeros_like(step), 0.0
                break
            at = tried
            step, promise = at.step()
        height = at.height + promise / 2
        height += len(at.own) * np.log(mode.precision[0]) / 2
        hessian = at.hessian()
        return cls(
            log_likelihood=float(height - hessian.log_determinant_of_few / 2),
            few=at.few + step,
            variances=hessian.variances(mode.responses),
            _mode=mode,
            _many=at.means,
        )

    @property
    def sd(self) -> tuple[float, float]:
        """Spreads of people and of stimuli."""
        return self._mode.sd

    @property
    def fixed(self) -> FloatArray:
        """Fixed effects, shape (terms,)."""
        return self.few[self._mode.responses.n_few :]

    @property
    def covariance(self) -> FloatArray:
        """Of the fixed effects, shape (terms, terms)."""
        return self.variances.fixed

    def sides(self) -> tuple[Side, Side]:
        """Effects of people and of stimuli."""
        given = self._mode.responses
        person, stimulus = given.in_order(self.few[: given.n_few], self._many)
        return (
            Side(person, self.variances.person),
            Side(stimulus, self.variances.stimulus),
        )


@dataclass(frozen=True, kw_only=True)
class _Larger:
    """The larger side at nodes around its modes, the smaller side given.

    Attributes:
        mode: Of all effects.
        few: Effects of the smaller side and the fixed ones that are given.
        nodes: Effects, shape (members, nodes).
        heights: Log integral of each member, shape (members,).
        shares: Of each node in it, shape (members, nodes).
        chance: P(yes) of each response at each node, shape (rows, nodes).
    """

    mode: Mode
    few: FloatArray
    nodes: FloatArray
    heights: FloatArray
    shares: FloatArray
    chance: FloatArray

    @classmethod
    def given(cls, mode: Mode, few: FloatArray) -> _Larger:
        """At these effects of the smaller side."""
        responses, precision = mode.responses, mode.precision[1]
        own, fixed = np.split(few, [responses.n_few])
        scale = 1 / np.sqrt(mode.hessian.wide)[:, None]
        nodes = mode.effects.many[:, None] + scale * _NODES
        tendency = (responses.design @ fixed + own[responses.few])[:, None]
        tendency = tendency + nodes[responses.many]
        of_rows = responses.yes[:, None] * tendency - np.logaddexp(0, tendency)
        heights = responses.by_many(of_rows) - precision * nodes**2 / 2
        heights += _LOG_WEIGHTS + np.log(scale * np.sqrt(precision))
        of_members = logsumexp(heights, axis=1)
        shares = np.exp(heights - of_members[:, None])
        return cls(
            mode=mode, few=few, nodes=nodes, heights=np.asarray(of_members),
            shares=shares, chance=expit(tendency),
        )  # fmt: skip

    @cached_property
    def height(self) -> float:
        """Log density of the responses and the smaller side."""
        penalty = self.mode.precision[0] * float(self.own @ self.own) / 2
        return float(self.heights.sum()) - penalty

    @property
    def own(self) -> FloatArray:
        """Effects of the smaller side."""
        return self.few[: self.mode.responses.n_few]

    @cached_property
    def _of_rows(self) -> FloatArray:
        return self.shares[self.mode.responses.many]

    @cached_property
    def expected(self) -> FloatArray:
        """P(yes) of each response over the nodes, shape (rows,)."""
        return np.asarray((self.chance * self._of_rows).sum(axis=1))

    @cached_property
    def means(self) -> FloatArray:
        """Of the members, shape (members,)."""
        return np.asarray((self.shares * self.nodes).sum(axis=1))

    def step(self) -> tuple[FloatArray, float]:
        """Newton's step of the smaller side, and twice what it promises."""
        slope = self.mode.responses.onto_few(self.mode.responses.yes - self.expected)
        slope[: len(self.own)] -= self.mode.precision[0] * self.own
        step = self.mode.hessian.solve_few(slope)
        return step, float(slope @ step)

    def hessian(self) -> Hessian:
        """Of what remains, with the members' own variances over the nodes.

        Responses about one member move together as far as its effect moves each.
        """
        responses = self.mode.responses
        away = self.nodes - self.means[:, None]
        variances = (self.shares * away**2).sum(axis=1)
        moves = (self.chance * self._of_rows * away[responses.many]).sum(axis=1)
        weight = (self.chance * (1 - self.chance) * self._of_rows).sum(axis=1)
        try:
            return Hessian.of(
                responses,
                weight=weight,
                reach=moves / variances[responses.many],
                wide=1 / variances,
                precision=self.mode.precision[0],
            )
        except np.linalg.LinAlgError:
            # Spreads so large that nearly every answer is certain.
            return self.mode.hessian
