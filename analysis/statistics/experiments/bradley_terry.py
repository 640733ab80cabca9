"""How strongly each option is preferred, from choices between a few of them.

Every option has a strength, in log odds; of those shown together each is chosen as
often as its strength says (Bradley and Terry for two, Luce for more). Who names the
worst too chooses it among the rest by the same strengths turned round. "No
difference" is no choice and says nothing of strengths: by Davidson's model of ties
they are the same among the responses that choose.

People differ in what they prefer and pictures in what they show well, so the
intervals are no likelihood's: every choice has one influence on the strengths, and
its variance is that of clustered means (`analysis.statistics.crossed_variance`).

Source:
    Bradley & Terry (1952), "Rank analysis of incomplete block designs: I. The method
    of paired comparisons"; Luce (1959), "Individual choice behavior", section 1.C;
    Davidson (1970), "On extending the Bradley-Terry model to accommodate ties in
    paired comparison experiments"; Marley & Louviere (2005), "Some probabilistic
    models of best, worst, and best-worst choices"; Ford (1957), "Solution of a ranking
    problem from binary comparisons", on when there are strengths at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import nan
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from analysis.errors import AnalysisError
from analysis.statistics.contrasts import nothing, weighted_sum
from analysis.statistics.crossed_variance import Crossing
from analysis.statistics.frame_checks import FloatArray, check_columns, rows_where
from analysis.statistics.intervals import LEVEL, Estimate

_MOST_STEPS: Final = 100
_CLOSE: Final = 1e-10
_LEAST_OPTIONS: Final = 2


@dataclass(frozen=True, kw_only=True)
class Strengths:
    """How strongly each option is preferred to the others.

    Attributes:
        options: In order of name.
        log_odds: Of each option against all of them on average, so that they add up
            to 0, shape (options,); NaN where there are none.
        refusal: Why there are no strengths; empty where there are.
        unbounded: Options that no other was ever chosen over, where that is why.
        n: Choices.
        level: Nominal coverage of intervals.
    """

    options: tuple[str, ...]
    log_odds: FloatArray
    refusal: str
    n: int
    unbounded: tuple[str, ...] = ()
    level: float = LEVEL
    _crossing: Crossing | None = field(default=None, repr=False, compare=False)
    _influences: FloatArray | None = field(default=None, repr=False, compare=False)

    def of(self, option: str) -> Estimate:
        """Its strength in log odds against all options on average.

        Raises:
            AnalysisError: If there is no such option.
        """
        weights = np.full(len(self.options), -1 / max(len(self.options), 1))
        weights[self._place(option)] += 1
        return self._sum(weights)

    def difference(self, option: str, other: str) -> Estimate:
        """Log odds of one option being chosen over the other.

        Raises:
            AnalysisError: If there is no such option.
        """
        weights = np.zeros(len(self.options))
        weights[self._place(option)] += 1
        weights[self._place(other)] -= 1
        return self._sum(weights)

    def _place(self, option: str) -> int:
        if option not in self.options:
            known = ", ".join(self.options) or "none"
            raise AnalysisError(f"no such option: {option}; there are {known}")
        return self.options.index(option)

    def _sum(self, weights: FloatArray) -> Estimate:
        if self._crossing is None or self._influences is None:
            return nothing(f"no strengths: {self.refusal}", self.level).estimate
        return weighted_sum(
            self.n * (self._influences @ weights),
            self._crossing,
            weights=[1.0],
            level=self.level,
            total=float(self.log_odds @ weights),
        ).estimate


def bradley_terry(
    choices: pd.DataFrame,
    *,
    shown: str,
    chosen: str,
    participant: str,
    stimulus: str,
    is_worst: str | None = None,
    clusters: Sequence[str] = (),
    level: float = LEVEL,
) -> Strengths:
    """Strengths of options, with intervals for other people and stimuli.

    Args:
        choices: One row per choice; two of a response that names best and worst, the
            second among the others.
        shown: Column of tuples: the options to choose from, two or more.
        chosen: Column of the option chosen.
        participant: Column that names who chose.
        stimulus: Column that names what the options were shown of.
        is_worst: Column of booleans: whether the worst of those shown was chosen.
        clusters: Columns of what stimuli that are alike have in common.
        level: Nominal coverage.

    Returns:
        Without strengths, and with the reason, where the choices do not bound them:
        some options were never chosen over the others, or never beside them.

    Raises:
        AnalysisError: Naming missing columns, or rows with fewer than two options,
            an option twice, or a choice that was not shown.

    >>> def said(winner, loser, n):
    ...     return [{"of": (winner, loser), "best": winner}] * n
    >>> rows = pd.DataFrame(said("a", "b", 30) + said("b", "a", 10))
    >>> rows = rows.assign(person=np.arange(40) % 8, picture=np.arange(40) // 8)
    >>> found = bradley_terry(
    ...     rows, shown="of", chosen="best", participant="person", stimulus="picture")
    >>> round(float(np.exp(found.difference("a", "b").value)), 6)    # 30 / 10
    3.0
    """
    names = [shown, chosen, participant, stimulus, *clusters]
    check_columns(choices, names if is_worst is None else [*names, is_worst])
    _check(choices, shown, chosen)
    read = _Read.of(choices, shown, chosen=chosen, is_worst=is_worst)
    if len(read.options) < _LEAST_OPTIONS:
        return _none(read, "there are no two options that people chose between")
    if over := read.unbounded:
        said = f"the others were never chosen over {', '.join(over)}"
        return _none(read, f"{said}; choices both ways are needed", unbounded=over)
    strengths = read.fitted()
    return Strengths(
        options=read.options,
        log_odds=strengths,
        refusal="",
        n=len(choices),
        level=level,
        _crossing=Crossing.of(
            choices[participant],
            choices[stimulus],
            clusters=[choices[name] for name in clusters],
        ),
        _influences=read.influences(strengths),
    )


def _none(read: _Read, refusal: str, *, unbounded: tuple[str, ...] = ()) -> Strengths:
    return Strengths(
        options=read.options,
        log_odds=np.full(len(read.options), nan),
        refusal=refusal,
        n=len(read.chosen),
        unbounded=unbounded,
    )


def _check(choices: pd.DataFrame, shown: str, chosen: str) -> None:
    given = choices[shown]
    problems: Mapping[str, Sequence[bool]] = {
        "fewer than two options": [len(each) < _LEAST_OPTIONS for each in given],
        "an option twice": [len(set(each)) < len(each) for each in given],
        "a choice that was not shown": [
            one not in each for one, each in zip(choices[chosen], given, strict=True)
        ],
    }
    for what, bad in problems.items():
        if any(bad):
            where = rows_where(pd.Series(bad, index=choices.index))
            raise AnalysisError(f"columns {shown} and {chosen}: {what} in {where}")


@dataclass(frozen=True, kw_only=True)
class _Read:
    """Choices as numbers.

    Attributes:
        options: In order of name.
        shown: Whether each option was shown, shape (choices, options).
        chosen: Number of the option chosen, shape (choices,).
        sign: 1 where it is the best, -1 where it is the worst, shape (choices,).
    """

    options: tuple[str, ...]
    shown: npt.NDArray[np.bool_]
    chosen: npt.NDArray[np.int_]
    sign: FloatArray

    @classmethod
    def of(
        cls, choices: pd.DataFrame, shown: str, *, chosen: str, is_worst: str | None
    ) -> _Read:
        """From a frame in order."""
        options = tuple(sorted({str(one) for each in choices[shown] for one in each}))
        places = {name: place for place, name in enumerate(options)}
        was_shown = np.zeros((len(choices), len(options)), dtype=bool)
        for row, each in enumerate(choices[shown]):
            was_shown[row, [places[str(one)] for one in each]] = True
        worst = np.zeros(len(choices), dtype=bool)
        if is_worst is not None:
            worst = choices[is_worst].to_numpy(dtype=bool)
        return cls(
            options=options,
            shown=was_shown,
            chosen=np.array([places[str(one)] for one in choices[chosen]], dtype=int),
            sign=np.where(worst, -1.0, 1.0),
        )

    @property
    def unbounded(self) -> tuple[str, ...]:
        """Options that none of the others was ever chosen over; empty where all were.

        There is a maximum where from every option a chain of choices over others leads
        to every other (Ford 1957, assumption 1). Otherwise the options fall into parts,
        and at least one part is never left.
        """
        n_parts, part = connected_components(
            csr_array(self._over > 0), connection="strong"
        )
        for one in range(n_parts if n_parts > 1 else 0):
            inside = part == one
            if not self._over[np.ix_(~inside, inside)].any():
                return tuple(np.array(self.options)[inside].tolist())
        return ()

    @cached_property
    def _over(self) -> FloatArray:
        """How often the one of the row came before that of the column."""
        one = np.eye(len(self.options))[self.chosen]
        is_best = self.sign > 0
        before = one[is_best].T @ self.shown[is_best]
        after = self.shown[~is_best].T @ one[~is_best]
        found = np.asarray(before + after, dtype=float)
        np.fill_diagonal(found, 0)
        return found

    def fitted(self) -> FloatArray:
        """The most likely strengths, adding up to 0: Newton's steps, halved if too far.

        The likelihood is concave, so there is one maximum.
        """
        strengths = np.zeros(len(self.options))
        for _ in range(_MOST_STEPS):
            step = self._inverse(strengths) @ self._scores(strengths).sum(axis=0)
            before, scale = self._likelihood(strengths), 1.0
            while self._likelihood(strengths + scale * step) < before - _CLOSE:
                scale /= 2
            strengths = strengths + scale * step
            if np.abs(step).max() < _CLOSE:
                break
        return strengths

    def influences(self, strengths: FloatArray) -> FloatArray:
        """What each choice adds to the strengths, shape (choices, options)."""
        return np.asarray(self._scores(strengths) @ self._inverse(strengths))

    def _chances(self, strengths: FloatArray) -> FloatArray:
        """Of each option shown being the one chosen, shape (choices, options)."""
        at = np.where(self.shown, self.sign[:, None] * strengths, -np.inf)
        odds = np.exp(at - at.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def _likelihood(self, strengths: FloatArray) -> float:
        rows = np.arange(len(self.chosen))
        return float(np.log(self._chances(strengths)[rows, self.chosen]).sum())

    def _scores(self, strengths: FloatArray) -> FloatArray:
        found = -self._chances(strengths)
        found[np.arange(len(self.chosen)), self.chosen] += 1
        return np.asarray(self.sign[:, None] * found)

    def _inverse(self, strengths: FloatArray) -> FloatArray:
        """Of the information; only differences of strengths are known."""
        p = self._chances(strengths)
        information = np.diag(p.sum(axis=0)) - p.T @ p
        # Its rows add up to 0: what adding the same to all does is put in, then out.
        same = np.full_like(information, np.trace(information) / len(information) ** 2)
        whole = np.linalg.inv(information + same)
        return np.asarray(whole - 1 / same.sum(), dtype=float)
