"""P-values of several tests at once, adjusted.

Source:
    Holm (1979), "A simple sequentially rejective multiple test procedure";
    Benjamini & Hochberg (1995), "Controlling the false discovery rate".
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError
from analysis.statistics.frame_checks import FloatArray, rows_where


def holm(p: pd.Series) -> pd.Series:
    """Holm's adjusted p-values: the chance of any false finding stays at the level.

    Args:
        p: One p-value per test; NaN where a test could not be made. NaN stays NaN
            and does not count as a test.

    Returns:
        Adjusted p-values with the index of `p`, at most 1.

    Raises:
        AnalysisError: Naming the rows outside 0 to 1.

    >>> holm(pd.Series([0.01, 0.04, 0.03])).to_list()   # 3 · .01, 2 · .03, max
    [0.03, 0.06, 0.06]
    """
    values, order = _checked(p)
    n = len(order)
    steps = values[order] * (n - np.arange(n))
    return _placed(np.maximum.accumulate(steps), order, like=p)


def benjamini_hochberg(p: pd.Series) -> pd.Series:
    """Adjusted p-values: the expected share of false findings stays at the level.

    For independent tests, or tests that depend positively.

    Args:
        p: One p-value per test; NaN stays NaN and does not count as a test.

    Returns:
        Adjusted p-values with the index of `p`, at most 1.

    Raises:
        AnalysisError: Naming the rows outside 0 to 1.

    >>> benjamini_hochberg(pd.Series([0.01, 0.04, 0.03])).to_list()
    [0.03, 0.04, 0.04]
    """
    values, order = _checked(p)
    n = len(order)
    steps = values[order] * n / (np.arange(n) + 1)
    return _placed(np.minimum.accumulate(steps[::-1])[::-1], order, like=p)


def _checked(p: pd.Series) -> tuple[FloatArray, np.ndarray]:
    """The values, and the places of those that are tests, smallest first."""
    values = p.to_numpy(dtype=float, na_value=np.nan)
    outside = (values < 0) | (values > 1)
    if outside.any():
        came = float(values[int(outside.argmax())])
        raise AnalysisError(
            f"p-values must lie in 0 to 1, got {came:g} in "
            f"{rows_where(pd.Series(outside))}"
        )
    order = np.argsort(values, kind="stable")
    return values, order[: int((~np.isnan(values)).sum())]


def _placed(adjusted: FloatArray, order: np.ndarray, *, like: pd.Series) -> pd.Series:
    placed = np.full(len(like), np.nan)
    placed[order] = np.minimum(adjusted, 1.0)
    return pd.Series(placed, index=like.index, name=like.name)
