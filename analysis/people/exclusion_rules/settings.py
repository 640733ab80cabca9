"""What `[quality]` of a study file asks for; frozen with the study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import inf
from typing import Any, Final


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Least and most; without a bound -inf and inf."""

    low: float = -inf
    high: float = inf


@dataclass(frozen=True, kw_only=True)
class QualityRules:
    """The thresholds of the rules; None leaves a rule out.

    Attributes:
        min_catch_accuracy: Share of catch trials to get right.
        min_catch_yes_accuracy: Share of the catches whose class is there.
        min_catch_no_accuracy: Share of the catches whose class is not there.
        min_given_share: Share of the main trials that have a response at all.
        min_session_s: Seconds a session takes at least.
        max_session_s: Seconds a session takes at most.
        session_minutes: Both at once, in minutes.
        response_seconds: Seconds a response takes at least and at most.
        min_median_rt_ms: Median response time at least, in milliseconds.
        max_display_failures: Images of a session that may fail to show.
        max_same_response_share: Share of a session's most frequent response.
        max_same_place_share: The same of places on the page, where trials are shuffled.
        max_run_length: Same responses in a row.
        max_hidden_share: Share of a session's time out of sight.
        max_response_hidden_share: The same of a single response.
        max_missed_frames: Frames by which a picture's exposure may miss.
        flag_agreement_below: Agreement with others under which people are
            flagged; it never leaves anybody out.
    """

    min_catch_accuracy: float | None = 0.8
    min_catch_yes_accuracy: float | None = None
    min_catch_no_accuracy: float | None = None
    min_given_share: float | None = 0.2
    min_session_s: float | None = None
    max_session_s: float | None = None
    session_minutes: tuple[float, float] | None = None
    response_seconds: tuple[float, float] | None = None
    min_median_rt_ms: float | None = None
    max_display_failures: int | None = None
    max_same_response_share: float | None = None
    max_same_place_share: float | None = None
    max_run_length: int | None = None
    max_hidden_share: float | None = None
    max_response_hidden_share: float | None = None
    max_missed_frames: int | None = None
    flag_agreement_below: float | None = None

    @property
    def session_s(self) -> Bounds:
        """Seconds a session may take."""
        if self.session_minutes is not None:
            low, high = self.session_minutes
            return Bounds(low=60 * low, high=60 * high)
        return Bounds(
            low=-inf if self.min_session_s is None else self.min_session_s,
            high=inf if self.max_session_s is None else self.max_session_s,
        )

    @property
    def response_s(self) -> Bounds:
        """Seconds a response may take."""
        if self.response_seconds is None:
            return Bounds()
        return Bounds(low=self.response_seconds[0], high=self.response_seconds[1])


_NAMES: Final = tuple(field.name for field in fields(QualityRules))
_PAIRS: Final = ("session_minutes", "response_seconds")


def read_quality(quality: Mapping[str, Any] | None) -> QualityRules:
    """The rules of a bundle's head, or of a study file's section.

    What a later version may have added is passed over, and nothing is asked for
    where nothing was said.

    >>> read_quality({"min_catch_accuracy": 0.9, "unheard_of": 1}).min_catch_accuracy
    0.9
    """
    said = {name: (quality or {}).get(name) for name in _NAMES}
    for name in _PAIRS:
        pair = said[name]
        said[name] = None if pair is None else tuple(pair)
    return QualityRules(**said)
