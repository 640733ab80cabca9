"""Numbers and classes in the words of a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from math import isnan
from typing import Final

from analysis.statistics.intervals import THESE_PEOPLE, Estimate

NOTHING: Final = "–"
_SMALLEST_P: Final = 0.001

_STANDARD_NAMES: Final[Mapping[str, str]] = {
    "top1": "top-1 error",
    "top5-of-top1-errors": "top-5 error",
    "top5-of-top5-errors": "top-5 error",
}
_SHOWN_NAMES: Final[Mapping[str, str]] = {
    "top1": "top-1 errors, first class shown",
    "top5-of-top1-errors": "top-1 errors, five classes shown",
    "top5-of-top5-errors": "top-5 errors, five classes shown",
}


def standard_name(label: str) -> str:
    """Which error by the labels stands beside a label of errors put up.

    >>> standard_name("top5-of-top1-errors"), standard_name("another recipe's")
    ('top-5 error', 'error')
    """
    return _STANDARD_NAMES.get(label, "error")


def shown_name(label: str) -> str:
    """A label of errors put up, in words; one that is unknown stays as it is.

    >>> shown_name("top1")
    'top-1 errors, first class shown'
    """
    return _SHOWN_NAMES.get(label, label)


def number(value: float, *, digits: int = 2, sign: str = "") -> str:
    """A number with a real minus sign; what rounds to zero has none.

    Args:
        value: The number.
        digits: Behind the point.
        sign: "+" where numbers above zero are to carry theirs.

    >>> number(-0.004), number(-1.5, digits=1), number(0.25, sign="+")
    ('0.00', '−1.5', '+0.25')
    """
    return f"{value:{sign}z.{digits}f}".replace("-", "−")


def percent(share: float, *, digits: int = 1) -> str:
    """A share as a percentage; an en dash where there is none.

    >>> percent(0.0947, digits=2), percent(float("nan"))
    ('9.47 %', '–')
    """
    return NOTHING if isnan(share) else f"{number(100 * share, digits=digits)} %"


def interval(estimate: Estimate, *, digits: int = 1) -> str:
    """Value and interval in per cent: "9.5 % [8.9, 10.1]", or why there is none."""
    if isnan(estimate.value):
        return f"{NOTHING} (n = 0)"
    value = percent(estimate.value, digits=digits)
    if isnan(estimate.low) or isnan(estimate.high):
        return f"{value} ({_reason(estimate)})"
    low, high = (
        number(100 * end, digits=digits) for end in (estimate.low, estimate.high)
    )
    return f"{value} [{low}, {high}]"


def spoken_of(estimates: Iterable[Estimate], *, things: str = "images") -> str:
    """What intervals speak of: other people only where there are enough of them.

    Args:
        estimates: Shares that k of n people accept or reject.
        things: What was judged.

    >>> spoken_of([])
    'images like these and other people'
    """
    few = [each for each in estimates if each.target == THESE_PEOPLE]
    if not few:
        return f"{things} like these and other people"
    return (
        f"{things} like these and these very people only "
        f"({count(few[0].n_people)} are too few to speak of others)"
    )


def points(estimate: Estimate, *, digits: int = 1) -> str:
    """A difference in percentage points with its interval and sign."""
    if isnan(estimate.value):
        return f"{NOTHING} (n = 0)"
    if isnan(estimate.low) or isnan(estimate.high):
        value = signed(estimate.value, digits=digits)
        return f"{value} points ({_reason(estimate)})"
    low, high, value = (
        signed(end, digits=digits)
        for end in (estimate.low, estimate.high, estimate.value)
    )
    return f"{value} points [{low}, {high}]"


def outcome_words(
    estimate: Estimate, *, is_difference: bool = False, is_amount: bool = False
) -> str:
    """A number of a measure with its interval, as it is read.

    Args:
        estimate: Value and interval.
        is_difference: Whether it is read in percentage points.
        is_amount: Whether it is no share but a mean.
    """
    if is_amount:
        value, low, high = estimate.value, estimate.low, estimate.high
        return amount(value, low, high, reason=_reason(estimate))
    return points(estimate) if is_difference else interval(estimate)


def _reason(estimate: Estimate) -> str:
    """Why there is no interval, in words."""
    said = estimate.method
    return said if said.startswith("no interval") else "no interval"


def amount(
    value: float, low: float, high: float, *, reason: str = "no interval"
) -> str:
    """A mean with its interval, in its own unit; or why it has none.

    >>> amount(2.714, 2.5, 2.9), amount(3.0, float("nan"), float("nan"))
    ('2.71 [2.50, 2.90]', '3.00 (no interval)')
    """
    if isnan(value):
        return f"{NOTHING} (n = 0)"
    if isnan(low) or isnan(high):
        return f"{number(value)} ({reason})"
    return f"{number(value)} [{number(low)}, {number(high)}]"


def log_odds(
    value: float, low: float, high: float, *, reason: str = "no interval"
) -> str:
    """A difference of log odds with its interval and sign; or why it has none.

    >>> log_odds(0.5, -0.1, 1.1), log_odds(0.5, float("nan"), float("nan"))
    ('+0.50 [−0.10, +1.10]', '+0.50 (no interval)')
    """
    if isnan(value):
        return f"{NOTHING} ({reason})"
    of_value, of_low, of_high = (number(e, sign="+") for e in (value, low, high))
    if isnan(low) or isnan(high):
        return f"{of_value} ({reason})"
    return f"{of_value} [{of_low}, {of_high}]"


def signed(share: float, *, digits: int = 1) -> str:
    """A difference in percentage points with a real minus sign.

    >>> signed(-0.021)
    '−2.1'
    """
    return number(100 * share, digits=digits, sign="+")


def moment(text: str | None) -> str:
    """An ISO 8601 time to the minute; the text itself where it is none.

    >>> moment("2030-01-01T09:00:00.5+00:00")
    '2030-01-01 09:00 UTC'
    """
    try:
        parsed = datetime.fromisoformat(text or "")
    except ValueError:
        return text or NOTHING
    return parsed.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def p_text(p_value: float, *, is_in_text: bool = False) -> str:
    """A p value; with its sign of relation where it follows the letter p.

    >>> p_text(0.0312), p_text(0.00002), p_text(0.0312, is_in_text=True)
    ('0.031', '< 0.001', '= 0.031')
    >>> p_text(float("nan"))
    '–'
    """
    if isnan(p_value):
        return f"= {NOTHING}" if is_in_text else NOTHING
    if p_value < _SMALLEST_P:
        return f"< {_SMALLEST_P}"
    return f"= {p_value:.3f}" if is_in_text else f"{p_value:.3f}"


def count(n: float) -> str:
    r"""A whole number with thin spaces between thousands.

    >>> count(56725)
    '56\u202f725'
    """
    return NOTHING if isnan(n) else f"{round(n):,}".replace(",", "\u202f")


def class_list(ids: Iterable[str], names: Mapping[str, str]) -> str:
    """Class names, comma separated; an unknown id stays an id."""
    return ", ".join(names.get(each, each) for each in ids if each)


def estimate_numbers(estimate: Estimate, prefix: str) -> dict[str, float]:
    """Columns of a CSV table: value, ends and standard error, as shares."""
    return {
        prefix: estimate.value,
        f"{prefix}_low": estimate.low,
        f"{prefix}_high": estimate.high,
        f"{prefix}_standard_error": estimate.standard_error,
    }
