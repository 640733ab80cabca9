"""Tests of differences: within pairs, by permutation, and of paired yes and no.

These count pairs (or units) as independent: use them where a pair is a person's
mean over stimuli, or an image's mean over people, whichever is the sample. Where
both are, use `analysis.statistics.clustered`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import AnalysisError
from analysis.statistics.frame_checks import (
    FloatArray,
    check_binary,
    check_columns,
    check_once,
    numbers_of,
)
from analysis.statistics.intervals import LEVEL


@dataclass(frozen=True, kw_only=True)
class TestResult:
    """A test of no difference, with the difference and its interval.

    Attributes:
        statistic: What was tested (t, or the mean difference, or a count).
        p_value: Two-sided; NaN where no test can be made.
        estimate: The difference.
        low: Lower end of its interval.
        high: Upper end.
        n: Pairs or units it rests on.
        method: Which test, what was left out, or why there is none.
    """

    # Not a test class for pytest.
    __test__: ClassVar[bool] = False

    statistic: float
    p_value: float
    estimate: float
    low: float
    high: float
    n: int
    method: str


def paired_difference(
    frame: pd.DataFrame,
    *,
    value: str,
    condition: str,
    a: str,
    b: str,
    pair: str,
    level: float = LEVEL,
) -> TestResult:
    """Student's paired t-test: each pair's mean in `a` minus its mean in `b`.

    Args:
        frame: One row per response; rows of other conditions are left out.
        value: Column of numbers or booleans.
        condition: Column that names the condition.
        a: The condition whose mean comes first.
        b: The condition whose mean is taken off.
        pair: Column that names the pair (a person, or an image).
        level: Nominal coverage.

    Returns:
        Pairs without both conditions are left out and counted in `method`; NaN
        where fewer than two are left or all differ by the same.

    >>> frame = pd.DataFrame({
    ...     "person": list("aabbcc"), "shown": ["whole", "part"] * 3,
    ...     "score": [5.0, 4.0, 6.0, 4.0, 7.0, 4.0],
    ... })
    >>> found = paired_difference(
    ...     frame, value="score", condition="shown", a="whole", b="part", pair="person"
    ... )
    >>> found.estimate, round(found.statistic, 3)     # 2 / sqrt(1 / 3)
    (2.0, 3.464)
    """
    means = _pair_means(frame, value, condition=condition, a=a, b=b, unit=pair)
    both = means.dropna()
    differences = (both[a] - both[b]).to_numpy(dtype=float)
    method = f"paired t-test over {pair}"
    if left := len(means) - len(both):
        method += f"; {left} without both conditions left out"
    n = len(differences)
    mean = float(differences.mean()) if n else nan
    se = float(differences.std(ddof=1)) / sqrt(n) if n > 1 else nan
    if not se > 0:
        reason = "fewer than two pairs" if n < 2 else "all pairs differ by the same"
        return _none(mean, n, f"{method}; no test: {reason}")
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * se
    return TestResult(
        statistic=mean / se,
        p_value=float(2 * stats.t.sf(abs(mean / se), n - 1)),
        estimate=mean,
        low=mean - half,
        high=mean + half,
        n=n,
        method=method,
    )


def paired_permutation(
    differences: FloatArray,
    *,
    rng: np.random.Generator,
    n_permutations: int = 9999,
    level: float = LEVEL,
) -> TestResult:
    """Sign-flip test of a mean difference of zero, with the interval it inverts to.

    All sign patterns are tried where there are no more than `n_permutations`.

    Args:
        differences: One per pair, shape (pairs,).
        rng: Draws the signs.
        n_permutations: How many patterns are drawn.
        level: Nominal coverage.

    Source:
        Hartigan (1969), "Using subsample values as typical values" (means of
        random subsets bound the centre of a symmetric distribution).

    >>> found = paired_permutation(
    ...     np.array([1.0, 2.0, 3.0, 4.0]), rng=np.random.default_rng(0)
    ... )
    >>> found.p_value                           # both extremes of 2⁴ patterns
    0.125
    """
    values = np.asarray(differences, dtype=float)
    n = len(values)
    if not np.isfinite(values).all():
        raise AnalysisError("differences must be finite numbers; leave empty pairs out")
    mean = float(values.mean()) if n else nan
    if n < 2 or not (values != 0).any():
        return _none(mean, n, "sign-flip test; no test: fewer than two pairs differ")
    is_exact = 2.0**n <= n_permutations + 1
    flipped = _all_patterns(n) if is_exact else rng.random((n_permutations, n)) < 0.5
    flipped = flipped[flipped.any(axis=1)] if is_exact else flipped
    swings = flipped @ values
    means = mean - 2 * swings / n
    typical = swings / np.maximum(flipped.sum(axis=1), 1)
    kind = "every sign pattern" if is_exact else f"{n_permutations} sign patterns"
    low, high = _inverted(typical[flipped.any(axis=1)], level=level)
    return TestResult(
        statistic=mean,
        p_value=_share_as_extreme(means, mean),
        estimate=mean,
        low=low,
        high=high,
        n=n,
        method=f"sign-flip test, {kind}",
    )


def permutation_difference(
    frame: pd.DataFrame,
    *,
    value: str,
    condition: str,
    a: str,
    b: str,
    unit: str,
    rng: np.random.Generator,
    n_permutations: int = 9999,
    level: float = LEVEL,
) -> TestResult:
    """Permutation test of units (people, say) that each met one condition.

    Each unit's mean is one value; conditions are dealt out anew among units. The
    interval holds the shifts that the same test does not refuse.

    Raises:
        AnalysisError: If a unit has rows in both conditions (that is a pair).

    >>> frame = pd.DataFrame({
    ...     "person": list("abcdef"), "shown": ["whole"] * 3 + ["part"] * 3,
    ...     "right": [0.9, 0.8, 0.7, 0.4, 0.3, 0.2],
    ... })
    >>> found = permutation_difference(
    ...     frame, value="right", condition="shown", a="whole", b="part",
    ...     unit="person", rng=np.random.default_rng(0),
    ... )
    >>> round(found.estimate, 3), 0.05 < found.p_value < 0.15    # 2 of 20 in truth
    (0.5, True)
    """
    means = _pair_means(frame, value, condition=condition, a=a, b=b, unit=unit)
    both = means.notna().all(axis=1)
    if both.any():
        raise AnalysisError(
            f"{unit} {means.index[both.to_numpy()][0]} has rows in both conditions: "
            "use paired_difference or paired_permutation"
        )
    values = np.concatenate([means[a].dropna(), means[b].dropna()])
    n_a, n_b = int(means[a].notna().sum()), int(means[b].notna().sum())
    method = f"permutation test over {unit}, {n_a} and {n_b}, {n_permutations} deals"
    if min(n_a, n_b) < 1 or n_a + n_b < 3 or np.ptp(values) == 0:
        missing = min(n_a, n_b) < 1
        difference = (
            nan if missing else float(values[:n_a].mean() - values[n_a:].mean())
        )
        n = 0 if missing else n_a + n_b
        return _none(difference, n, f"{method}; no test: too few units, or all equal")
    deals = rng.permuted(
        np.tile(np.arange(n_a + n_b) < n_a, (n_permutations, 1)), axis=1
    )
    return _dealt(values, deals, n_a=n_a, level=level, method=method)


def _dealt(
    values: FloatArray, deals: np.ndarray, *, n_a: int, level: float, method: str
) -> TestResult:
    """The units dealt out anew; those that change sides give the interval."""
    n_b = len(values) - n_a
    difference = float(values[:n_a].mean() - values[n_a:].mean())
    leaving = ~deals[:, :n_a]
    n_swapped = leaving.sum(axis=1)
    swapped = leaving @ values[:n_a] - deals[:, n_a:] @ values[n_a:]
    others = difference - swapped * (1 / n_a + 1 / n_b)
    typical = swapped[n_swapped > 0] / n_swapped[n_swapped > 0]
    low, high = _inverted(typical, level=level)
    return TestResult(
        statistic=difference,
        p_value=_share_as_extreme(others, difference),
        estimate=difference,
        low=low,
        high=high,
        n=len(values),
        method=method,
    )


def mcnemar_exact(
    frame: pd.DataFrame,
    *,
    value: str,
    condition: str,
    a: str,
    b: str,
    pair: str,
    level: float = LEVEL,
) -> TestResult:
    """Exact test of paired yes and no: do pairs change one way more than the other?

    Args:
        frame: One row per pair and condition; `value` is 0 or 1.
        value: Column of 0 and 1.
        condition: Column that names the condition.
        a: The condition whose share comes first.
        b: The condition whose share is taken off.
        pair: Column that names the pair.
        level: Nominal coverage.

    Returns:
        `statistic` is the number of pairs with 1 in `a` only.

    Raises:
        AnalysisError: If a pair has two rows in a condition, or other values.

    Source:
        McNemar (1947); the interval of the difference is Agresti & Min (2005),
        "Simple improved confidence intervals for comparing matched proportions".

    >>> frame = pd.DataFrame({
    ...     "image": list("uvwxyz") * 2, "net": ["a"] * 6 + ["b"] * 6,
    ...     "right": [1] * 6 + [0] * 6,
    ... })
    >>> mcnemar_exact(
    ...     frame, value="right", condition="net", a="a", b="b", pair="image"
    ... ).p_value                                             # 2 / 2⁶
    0.03125
    """
    check_columns(frame, [pair, condition, value])
    rows = frame[frame[condition].isin((a, b))]
    check_once(rows, [pair, condition], what="a pair has two values in a condition")
    check_binary(numbers_of(rows, value), value)
    both = _pair_means(rows, value, condition=condition, a=a, b=b, unit=pair).dropna()
    n, first = len(both), int((both[a] > both[b]).sum())
    second = int((both[a] < both[b]).sum())
    method = f"exact McNemar test over {pair}"
    if n == 0:
        return _none(nan, 0, f"{method}; no test: no pair has both conditions")
    p_value = (
        float(stats.binomtest(first, first + second).pvalue) if first + second else 1.0
    )
    z = float(stats.norm.ppf((1 + level) / 2))
    centre = (first - second) / (n + 2)
    half = z * sqrt((first + second + 1) - (first - second) ** 2 / (n + 2)) / (n + 2)
    return TestResult(
        statistic=first,
        p_value=p_value,
        estimate=(first - second) / n,
        low=max(-1.0, centre - half),
        high=min(1.0, centre + half),
        n=n,
        method=method,
    )


def _pair_means(
    frame: pd.DataFrame, value: str, *, condition: str, a: str, b: str, unit: str
) -> pd.DataFrame:
    """Index unit, columns `a` and `b`: mean of each, NaN where there is none."""
    check_columns(frame, [value, condition, unit])
    if a == b:
        raise AnalysisError(f"a condition was compared with itself: {a!r}")
    rows = frame[frame[condition].isin((a, b))]
    numbers = rows[[unit, condition]].assign(number=numbers_of(rows, value))
    means = numbers.groupby([unit, condition])["number"].mean().unstack(condition)
    return means.reindex(columns=[a, b])


def _none(estimate: float, n: int, method: str) -> TestResult:
    return TestResult(
        statistic=nan, p_value=nan, estimate=estimate, low=nan, high=nan, n=n,
        method=method,
    )  # fmt: skip


def _all_patterns(n: int) -> np.ndarray:
    return np.asarray((np.arange(2**n)[:, None] >> np.arange(n)) % 2 == 1)


def _share_as_extreme(drawn: FloatArray, seen: float) -> float:
    """Share of the drawn and of what was seen itself that is as far from zero."""
    # Equal sums in another order differ by rounding, which grows with what is summed,
    # not with the sum: that of differences that cancel is as good as any.
    rounding = 1e-12 * np.abs(drawn).max(initial=abs(seen))
    as_far = np.abs(drawn) >= abs(seen) - rounding
    return float((1 + as_far.sum()) / (1 + len(drawn)))


def _inverted(typical: FloatArray, *, level: float) -> tuple[float, float]:
    """Ends of the shifts not refused; NaN where the draws are too few to say."""
    n = len(typical)
    place = int((1 - level) / 2 * (n + 1))
    if place < 1:
        return nan, nan
    ordered = np.sort(typical)
    return float(ordered[place - 1]), float(ordered[n - place])
