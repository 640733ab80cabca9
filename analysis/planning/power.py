"""How many responses a difference of two shares needs, before the study.

These closed forms take responses as independent: the least that any design
needs. People who judge many images each, and images judged by many people, make
intervals wider; `analysis.planning.simulation` simulates the very design.
"""

from __future__ import annotations

from math import ceil, sqrt

from scipy import stats

from analysis.errors import AnalysisError


class PlanError(AnalysisError):
    """A plan that cannot be computed, in words."""


def detectable_difference(
    n_a: int, n_b: int, *, share: float, power: float = 0.8, level: float = 0.05
) -> float:
    """The smallest difference of two shares that a test finds often enough.

    Args:
        n_a: Independent responses in the first condition.
        n_b: Independent responses in the second condition.
        share: The share in both if they do not differ, between 0 and 1.
        power: How often a difference of that size is to be found.
        level: Two-sided error level of the test.

    Returns:
        A share: 0.13 is 13 percentage points.

    Raises:
        PlanError: If a number is outside its range.

    Source:
        Fleiss, Levin & Paik (2003), "Statistical Methods for Rates and
        Proportions", section 4.2, with the variance at `share` in both
        conditions and without continuity correction.

    >>> round(detectable_difference(229, 229, share=0.55), 3)
    0.13
    """
    _check_counts(n_a, n_b)
    critical = _critical(share, power=power, level=level)
    return critical * sqrt(share * (1 - share) * (1 / n_a + 1 / n_b))


def responses_needed(
    difference: float, *, share: float, power: float = 0.8, level: float = 0.05
) -> int:
    """Independent responses per condition that find a difference often enough.

    Args:
        difference: Of the two shares: 0.02 is 2 percentage points.
        share: The share in both if they do not differ, between 0 and 1.
        power: How often the difference is to be found.
        level: Two-sided error level of the test.

    Raises:
        PlanError: If a number is outside its range.

    Source:
        As `detectable_difference`, solved for n.

    >>> responses_needed(0.0204, share=0.56)
    9295
    """
    if not 0 < abs(difference) < 1:
        raise PlanError(
            f"difference: expected a share between 0 and 1, got {difference}; 2 "
            "percentage points are 0.02"
        )
    critical = _critical(share, power=power, level=level)
    return ceil(2 * share * (1 - share) * (critical / difference) ** 2)


def _critical(share: float, *, power: float, level: float) -> float:
    for name, value in (("share", share), ("power", power), ("level", level)):
        if not 0 < value < 1:
            raise PlanError(
                f"{name}: expected a number between 0 and 1, got {value}; 80 % is 0.8"
            )
    return float(stats.norm.ppf(1 - level / 2) + stats.norm.ppf(power))


def _check_counts(*counts: int) -> None:
    for count in counts:
        if count < 1:
            raise PlanError(
                f"responses per condition: expected at least 1, got {count}"
            )
