"""The level at which people get half of what can be got: a psychometric function.

Shares of right responses rise from guessing to a ceiling just below one as a level
(contrast, size, exposure) goes up, or down. A logistic curve is fitted to the shares
of all people together, with a lapse rate that is estimated too; its threshold is the
level halfway between guessing and the ceiling. Where people's and images' own
thresholds lie symmetrically about a middle, that middle is the threshold of all.

The interval is the likelihood's own, stretched by how much more people and stimuli
make the threshold vary than independent responses would: the one clustered variance
of this package, of each response's influence on the threshold. `docs/statistics.md`
has the simulated coverage.

Source:
    Wichmann & Hill (2001), "The psychometric function: I. Fitting, sampling, and
    goodness of fit" (the curve and its lapses); Chandler & Bate (2007), "Inference for
    clustered data using the independence loglikelihood", eq. 7 (the stretched
    likelihood).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from math import exp, inf, isfinite, log, nan, sqrt
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

from analysis.errors import AnalysisError
from analysis.statistics.crossed_variance import Crossing
from analysis.statistics.frame_checks import (
    FloatArray,
    check_binary,
    check_columns,
    numbers_of,
    rows_where,
)
from analysis.statistics.intervals import LEVEL, Estimate, critical_value

Scale = Literal["log", "linear"]

METHOD: Final = (
    "logistic curve with lapses; likelihood clustered by participant and stimulus"
)
OF_ONE: Final = "logistic curve with lapses; likelihood clustered by stimulus"
# Fewer people say too little of others, fewer images too little of other images.
LEAST_PEOPLE: Final = 8
LEAST_STIMULI: Final = 20
LEAST_LEVELS: Final = 3
# Where no level is nearer to the threshold in log odds, the curve jumps past them all.
_STEEP: Final = 3.5
# Where all levels but one are this far, one share would have to tell where the curve
# lies and how steep it is.
_ALONE: Final = 4.0
# Levels are laid from -2 to 2. Log slopes there: from hardly any rise to a step.
_REACH: Final = 2.0
_FAR: Final = 6.0
_LOG_SLOPES: Final = (-2.5, 3.5)
_EDGE: Final = 1e-3
# Of the threshold's place, the log slope, and the log odds of a lapse.
_BOUNDS: Final = np.array([[-_FAR, _LOG_SLOPES[0], -12.0], [_FAR, _LOG_SLOPES[1], 0.0]])
# A weak opinion of lapses, most likely 2.5 %, worth 40 responses: keeps the curve
# from putting down to lapses what its slope explains.
_LAPSES: Final = (2.0, 40.0)
_NEAR: Final = 1e-9
_MOST_STEPS: Final = 100
_DONE: Final = 1e-6


@dataclass(frozen=True, kw_only=True)
class PsychometricCurve:
    """A fitted curve.

    Attributes:
        threshold: The level halfway between guess and ceiling, in the level's own
            unit; `standard_error` is that of its logarithm (base e) where the scale
            is "log". `method` says why there is no interval.
        slope: Log odds per unit of the level, per tenfold where the scale is "log";
            below zero where shares fall as the level rises. NaN where nothing fits.
        lapse: Share of errors at however easy a level.
        guess: Share right at however hard a level.
        scale: What the curve is symmetric in.
        lowest: Least level that was shown.
        highest: Greatest level.
    """

    threshold: Estimate
    slope: float
    lapse: float
    guess: float
    scale: Scale
    lowest: float
    highest: float

    @property
    def is_fitted(self) -> bool:
        """Whether there is a curve to draw."""
        return isfinite(self.slope) and isfinite(self.threshold.value)

    def share_at(self, levels: npt.ArrayLike) -> FloatArray:
        """Share right at these levels, as the curve has it."""
        at = _on_scale(np.asarray(levels, dtype=float), self.scale)
        middle = float(_on_scale(np.array([self.threshold.value]), self.scale)[0])
        rise = expit(self.slope * (at - middle))
        return np.asarray(self.guess + (1 - self.guess - self.lapse) * rise)


def psychometric_curve(
    frame: pd.DataFrame,
    *,
    level: str,
    right: str,
    guess: float,
    stimulus: str,
    scale: Scale = "log",
    participant: str | None = "participant",
    clusters: Sequence[str] = (),
    coverage: float = LEVEL,
) -> PsychometricCurve:
    """The curve of all people together and its threshold, for others like them.

    Args:
        frame: One row per response.
        level: Column of what was varied: numbers, above 0 for the scale "log".
        right: Column of 0 and 1, or booleans.
        guess: Share right that guessing gives, from 0 and below 1.
        stimulus: Column that names what was shown; give the source image where
            several levels show it.
        scale: "log" where levels differ by factors, else "linear".
        participant: Column that says who responded; None for one observer, of whom
            no other is drawn.
        clusters: Columns that say what stimuli that are alike have in common.
        coverage: Nominal coverage of the interval.

    Returns:
        No interval, and the reason, for fewer than 3 levels, 8 people or 20 stimuli,
        for shares that hardly change, that jump between two levels, or that are
        halfway beyond the levels shown.

    Raises:
        AnalysisError: Naming missing columns, empty cells, or what is out of range.

    >>> levels = [1, 2, 4, 8, 16] * 80
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({
    ...     "level": levels, "image": [f"i{n % 40}" for n in range(400)],
    ...     "participant": [f"p{n % 16}" for n in range(400)],
    ...     "right": rng.random(400) < 0.5 + 0.5 * expit(2 * np.log(levels) - 3)})
    >>> found = psychometric_curve(
    ...     frame, level="level", right="right", guess=0.5, stimulus="image")
    >>> found.threshold.low < exp(1.5) < found.threshold.high
    True
    """
    columns = [stimulus, *([] if participant is None else [participant]), *clusters]
    check_columns(frame, columns)
    read = _read(frame, level=level, right=right, guess=guess, scale=scale)
    who = stimulus if participant is None else participant
    crossing = Crossing.of(
        frame[who], frame[stimulus], clusters=[frame[name] for name in clusters]
    )
    refusal = read.refusal() or _too_few(crossing, is_one=participant is None)
    fitted = None if read.refusal() else _Fit.of(read)
    refusal = refusal or (fitted.refusal if fitted else "")
    found = _curve(read, fitted, crossing, refusal=refusal, coverage=coverage)
    if participant is None:
        own = OF_ONE if found.threshold.method == METHOD else found.threshold.method
        return replace(
            found, threshold=replace(found.threshold, n_people=0, method=own)
        )
    return found


def _too_few(crossing: Crossing, *, is_one: bool) -> str:
    people, stimuli = crossing.n_participants, min(crossing.n_least[1:])
    if not is_one and people < LEAST_PEOPLE:
        return f"{people} people say too little about others, {LEAST_PEOPLE} are needed"
    if stimuli < LEAST_STIMULI:
        return f"{stimuli} stimuli or clusters are too few, {LEAST_STIMULI} are needed"
    return ""


@dataclass(frozen=True, kw_only=True)
class _Read:
    """Shares by level, levels laid from -2 (hardest) to 2.

    Attributes:
        right: Per response.
        place: Level of each response, from 0.
        levels: As they were given, in order of hardness.
        at: Where they lie.
        turn: 1 where shares rise with the level, else -1.
    """

    right: FloatArray
    place: npt.NDArray[np.int_]
    levels: FloatArray
    at: FloatArray
    turn: float
    guess: float
    scale: Scale

    @cached_property
    def n(self) -> FloatArray:
        """Responses to each level."""
        return np.bincount(self.place, minlength=len(self.levels)).astype(float)

    @cached_property
    def n_right(self) -> FloatArray:
        """Right ones among them."""
        n = len(self.levels)
        return np.asarray(np.bincount(self.place, self.right, minlength=n), dtype=float)

    @property
    def unit(self) -> float:
        """One step of `at` on the level's scale."""
        ends = _on_scale(self.levels[[0, -1]], self.scale)
        return float(abs(ends[1] - ends[0]) / (2 * _REACH))

    def level_of(self, at: float) -> float:
        """Where a place lies in the level's own unit."""
        middle = float(_on_scale(self.levels[[0, -1]], self.scale).mean())
        value = middle + self.turn * at * self.unit
        return 10**value if self.scale == "log" else value

    def refusal(self) -> str:
        """Why there can be no curve; empty where there can."""
        n = len(self.levels)
        if n < LEAST_LEVELS:
            return f"{n} levels show no curve, {LEAST_LEVELS} are needed"
        if self.n_right.sum() in (0, self.n.sum()):
            return "all responses are right, or all are wrong"
        return ""


def _read(
    frame: pd.DataFrame, *, level: str, right: str, guess: float, scale: Scale
) -> _Read:
    if not 0 <= guess < 1:
        raise AnalysisError(f"guess must be a share below 1, got {guess:g}")
    outcome, given = numbers_of(frame, right), numbers_of(frame, level)
    check_binary(outcome, right)
    if scale == "log" and (bad := pd.Series(given <= 0)).any():
        raise AnalysisError(
            f"column {level} must lie above 0 on a scale of logarithms, got "
            f"{given[bad.to_numpy()][0]:g} in {rows_where(bad)}; scale='linear' takes "
            "any number"
        )
    levels, place = np.unique(given, return_inverse=True)
    x = _on_scale(levels, scale)
    turn = 1.0 if len(levels) < LEAST_LEVELS or _rises(x[place], outcome) else -1.0
    if turn < 0:
        levels, place = levels[::-1], len(levels) - 1 - place
    ends = turn * _on_scale(levels, scale)
    span = max(float(np.ptp(ends)) if len(ends) else 0.0, _NEAR)
    return _Read(
        right=outcome,
        place=place,
        levels=levels,
        at=2 * _REACH * (ends - ends[:1]) / span - _REACH,
        turn=turn,
        guess=guess,
        scale=scale,
    )


def _rises(x: FloatArray, right: FloatArray) -> bool:
    return bool((x - x.mean()) @ right >= 0)


def _on_scale(levels: FloatArray, scale: Scale) -> FloatArray:
    return np.asarray(np.log10(levels) if scale == "log" else levels, dtype=float)


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """The likeliest curve.

    Attributes:
        read: The shares.
        parameters: Where halfway lies, log slope, log odds of a lapse.
        loss: Minus the log likelihood, with the opinion of lapses.
    """

    read: _Read
    parameters: FloatArray
    loss: float

    @classmethod
    def of(
        cls, read: _Read, *, where: float | None = None, start: FloatArray | None = None
    ) -> _Fit:
        """The likeliest of all, or of those whose threshold lies at `where`.

        By Fisher's scoring; a step that does not gain is halved.
        """
        at = _first_guess(read) if start is None else start.copy()
        if where is not None:
            at[0] = where
        now = _Slopes.of(read, at)
        for _ in range(_MOST_STEPS):
            step = now.step(at, is_fixed=where is not None)
            while (then := _Slopes.of(read, _inside(at + step))).loss > now.loss:
                step = step / 2
                if np.abs(step).max() < _DONE:
                    return cls(read=read, parameters=at, loss=now.loss)
            at, gain, now = _inside(at + step), now.loss - then.loss, then
            if gain < _DONE:
                break
        return cls(read=read, parameters=at, loss=now.loss)

    @property
    def where(self) -> float:
        """Of the threshold."""
        return float(self.parameters[0])

    @property
    def log_slope(self) -> float:
        """Log of the slope."""
        return float(self.parameters[1])

    @property
    def lapse(self) -> float:
        """Share of lapses."""
        return float(expit(self.parameters[2]))

    @property
    def refusal(self) -> str:
        """Why its threshold means nothing; empty where it does."""
        least, most = sorted(self.read.levels[[0, -1]])
        if self.log_slope < _LOG_SLOPES[0] + _EDGE:
            return "shares hardly change with the level"
        if abs(self.where) > _REACH:
            return f"halfway lies beyond the levels shown ({least:g} to {most:g})"
        away = np.abs(self.read.at - self.where) * exp(self.log_slope)
        nearest, second = np.sort(away)[:2]
        if nearest > _STEEP or second > _ALONE:
            low, high = self._jump()
            return (
                f"shares jump between {low:g} and {high:g}: levels between them would "
                "tell"
            )
        return ""

    def _jump(self) -> tuple[float, float]:
        """The levels between which shares rise: on either side of the threshold."""
        at, levels = self.read.at, self.read.levels
        away = (at - self.where) * exp(self.log_slope)
        hard, easy = levels[away < -_STEEP], levels[away > _STEEP]
        hardest = hard[-1] if len(hard) else levels[0]
        easiest = easy[0] if len(easy) else levels[-1]
        low, high = sorted((hardest, easiest))
        return float(low), float(high)

    @cached_property
    def covariance(self) -> FloatArray:
        """Of the three parameters, were responses independent."""
        found = _Slopes.of(self.read, self.parameters)
        return np.asarray(np.linalg.inv(found.information))

    def influences(self) -> FloatArray:
        """Of each response on the threshold, shape (rows,), times their number."""
        share, slopes = _shares(self.read, self.parameters)
        place = self.read.place
        away = (self.read.right - share[place]) / (share * (1 - share))[place]
        pull = slopes @ self.covariance[:, 0]
        return np.asarray(away * pull[place] * len(place))

    def end(self, side: float, *, allowed: float) -> float:
        """Where the likelihood has fallen by so much on one side (-1 or 1).

        Infinite where that is far beyond the levels.
        """
        last = self

        # Found once: from elsewhere the same place may have another hill.
        @cache
        def fall(where: float) -> float:
            nonlocal last
            # Near a step the likelihood has several hills: the highest counts.
            starts = (last.parameters, self.parameters)
            fits = [_Fit.of(self.read, where=where, start=each) for each in starts]
            last = min(fits, key=lambda fit: fit.loss)
            return last.loss - self.loss - allowed

        near = self.where
        reach = side * sqrt(2 * allowed * float(self.covariance[0, 0]))
        while fall(self.where + reach) <= 0:
            near = self.where + reach
            if abs(near) > _FAR:
                return side * inf
            reach *= 2
        low, high = sorted((near, self.where + reach))
        return float(brentq(fall, low, high, xtol=_EDGE))


def _curve(
    read: _Read,
    fitted: _Fit | None,
    crossing: Crossing,
    *,
    refusal: str,
    coverage: float,
) -> PsychometricCurve:
    is_there = fitted is not None and not fitted.refusal
    threshold = Estimate(
        value=read.level_of(fitted.where) if fitted and is_there else nan,
        low=nan,
        high=nan,
        n=len(read.right),
        level=coverage,
        n_people=crossing.n_participants,
        n_stimuli=crossing.n_stimuli,
        method=f"no interval: {refusal}",
    )
    if fitted and not refusal:
        threshold = _with_ends(threshold, fitted, crossing)
    per_unit = exp(fitted.log_slope) / read.unit if fitted and is_there else nan
    return PsychometricCurve(
        threshold=threshold,
        slope=read.turn * per_unit,
        lapse=fitted.lapse if fitted and is_there else nan,
        guess=read.guess,
        scale=read.scale,
        lowest=float(read.levels.min()) if len(read.levels) else nan,
        highest=float(read.levels.max()) if len(read.levels) else nan,
    )


def _with_ends(threshold: Estimate, fitted: _Fit, crossing: Crossing) -> Estimate:
    """The threshold with its interval, or why its ends cannot be found."""
    variance = crossing.variance(fitted.influences())
    # Near a step few responses tell anything, and their clusters hardly differ: people
    # and stimuli never take away from what chance alone does.
    stretch = max(1.0, variance.variance / float(fitted.covariance[0, 0]))
    critical = critical_value(level=threshold.level, dof=variance.df)
    allowed = max(critical**2 * stretch / 2, _NEAR)
    ends = [fitted.end(side, allowed=allowed) for side in (-1.0, 1.0)]
    if not all(map(isfinite, ends)):
        said = "no interval: it would reach far beyond the levels shown"
        return replace(threshold, method=said)
    read = fitted.read
    low, high = sorted(map(read.level_of, ends))
    factor = log(10) if read.scale == "log" else 1.0
    return replace(
        threshold,
        low=low,
        high=high,
        standard_error=sqrt(variance.variance) * read.unit * factor,
        dof=variance.df,
        method=METHOD,
    )


def _first_guess(read: _Read) -> FloatArray:
    shares = np.maximum.accumulate(read.n_right / read.n)
    where = float(np.interp((1 + read.guess) / 2, shares, read.at))
    return np.array([where, 0.0, -3.5])


def _inside(parameters: FloatArray) -> FloatArray:
    """The nearest parameters that may be."""
    return np.asarray(np.clip(parameters, *_BOUNDS))


def _shares(read: _Read, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shares right by level, and their slopes by the parameters, shape (levels, 3)."""
    where, log_slope, lapse = parameters[0], parameters[1], expit(parameters[2])
    slope, room = exp(log_slope), 1 - read.guess - lapse
    rise = expit(slope * (read.at - where))
    steep = room * rise * (1 - rise) * slope
    share = np.clip(read.guess + room * rise, _NEAR, 1 - _NEAR)
    slopes = np.stack(
        [-steep, steep * (read.at - where), -rise * lapse * (1 - lapse)], axis=1
    )
    return np.asarray(share), np.asarray(slopes)


@dataclass(frozen=True, kw_only=True)
class _Slopes:
    """Minus the log likelihood with the opinion of lapses, and how it changes.

    Attributes:
        loss: Its value.
        down: Minus its slopes by the parameters, shape (3,).
        information: Its expected curvature, shape (3, 3).
    """

    loss: float
    down: FloatArray
    information: FloatArray

    @classmethod
    def of(cls, read: _Read, parameters: FloatArray) -> _Slopes:
        """At these parameters."""
        share, slopes = _shares(read, parameters)
        wrong, lapse = read.n - read.n_right, float(expit(parameters[2]))
        a, b = _LAPSES
        gain = read.n_right @ np.log(share) + wrong @ np.log1p(-share)
        gain += (a - 1) * log(lapse) + (b - 1) * log(1 - lapse)
        down = (read.n_right / share - wrong / (1 - share)) @ slopes
        down[2] += (a - 1) * (1 - lapse) - (b - 1) * lapse
        weight = read.n / (share * (1 - share))
        information = (slopes * weight[:, None]).T @ slopes
        information[2, 2] += (a + b - 2) * lapse * (1 - lapse)
        # Where shares are flat, nothing else keeps it from being singular.
        information += _NEAR * np.eye(3)
        return cls(loss=-float(gain), down=down, information=information)

    def step(self, at: FloatArray, *, is_fixed: bool) -> FloatArray:
        """Where to go from `at`: not along a threshold that is fixed, nor out of bounds."""
        low, high = _BOUNDS
        out = ((at <= low) & (self.down < 0)) | ((at >= high) & (self.down > 0))
        free = ~out
        free[0] &= not is_fixed
        step = np.zeros(3)
        if free.any():
            part = self.information[np.ix_(free, free)]
            step[free] = np.linalg.solve(part, self.down[free])
        return np.clip(step, -_REACH, _REACH)
