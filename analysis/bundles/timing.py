"""How long a trial took, in sight, until all of it was shown, and for how many frames.

All by the page's own clock, which nobody can set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Event = Mapping[str, Any]
# A minute at a thousand frames a second.
_MOST_FRAMES: Final = 60_000


@dataclass(frozen=True, kw_only=True)
class TrialTimes:
    """Times of one response in milliseconds, counted from the trial's appearance.

    Attributes:
        wall_ms: Until the response, looked at or not.
        visible_ms: As much of that as the page was in sight (no other tab or
            window before it).
        all_shown_ms: Until the last image had been on screen.

    Each is None where the page did not say.
    """

    wall_ms: float | None = None
    visible_ms: float | None = None
    all_shown_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class TrialExposure:
    """For how many frames of the screen a picture was shown.

    Attributes:
        exposure_frames: As realised.
        missed_frames: How many more or fewer than meant.
        dropped_frames: Of the picture's and its mask's, those in which the page could
            do nothing.

    Each is None where a picture stayed until the response.
    """

    exposure_frames: int | None = None
    missed_frames: int | None = None
    dropped_frames: int | None = None


def trial_exposure(events: Iterable[Event]) -> TrialExposure:
    """What a trial's display events "exposure" and "mask" tell of frames.

    >>> trial_exposure([
    ...     {"kind": "exposure", "at_ms": 20.0,
    ...      "details": {"wanted_frames": 12, "frames": 14, "dropped_frames": 2}},
    ...     {"kind": "mask", "at_ms": 253.3, "details": {"dropped_frames": 1}},
    ... ])
    TrialExposure(exposure_frames=14, missed_frames=2, dropped_frames=3)
    """
    told = {
        event["kind"]: event.get("details") or {}
        for event in events
        if event["kind"] in ("exposure", "mask")
    }
    shown = told.get("exposure", {})
    frames, wanted = _count(shown, "frames"), _count(shown, "wanted_frames")
    if frames is None or wanted is None:
        return TrialExposure()
    return TrialExposure(
        exposure_frames=frames,
        missed_frames=abs(frames - wanted),
        dropped_frames=sum(
            _count(each, "dropped_frames") or 0 for each in told.values()
        ),
    )


def _count(details: Mapping[str, Any], name: str) -> int | None:
    """A whole number a page might have counted; None for whatever else came."""
    value = details.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _MOST_FRAMES else None


def trial_times(events: Iterable[Event], *, rt_ms: float | None) -> TrialTimes:
    """The times that a trial's display events tell.

    Args:
        events: kind, at_ms and details, in order. "onset", "hidden", "visible",
            "all_shown" and "response" count from the trial's appearance; what
            happened while it was being loaded is passed over.
        rt_ms: Time from the onset to the response; where no event says when the
            response came, onset and `rt_ms` do.

    >>> shown = [
    ...     {"kind": "onset", "at_ms": 20.0},
    ...     {"kind": "hidden", "at_ms": 1000.0},
    ...     {"kind": "visible", "at_ms": 1600.0},
    ... ]
    >>> trial_times(shown, rt_ms=1980.0)
    TrialTimes(wall_ms=2000.0, visible_ms=1400.0, all_shown_ms=20.0)
    """
    listed = [event for event in events if event.get("at_ms") is not None]
    onset = _first(listed, "onset")
    response = next((e for e in listed if e["kind"] == "response"), None)
    ended = _ended(onset, response, rt_ms=rt_ms)
    if ended is None:
        return TrialTimes()
    wall = max(0.0, ended)
    hidden = _hidden_ms(listed, ended=ended)
    # Only a page that notes the response notes the images.
    all_shown = _first(listed, "all_shown") if response is not None else onset
    return TrialTimes(
        wall_ms=round(wall, 1),
        visible_ms=round(min(wall, max(0.0, ended - hidden)), 1),
        all_shown_ms=None if all_shown is None else round(all_shown, 1),
    )


def _first(events: list[Event], kind: str) -> float | None:
    return next((float(e["at_ms"]) for e in events if e["kind"] == kind), None)


def _ended(
    onset: float | None, response: Event | None, *, rt_ms: float | None
) -> float | None:
    if response is not None:
        return float(response["at_ms"])
    if onset is None or rt_ms is None:
        return None
    return onset + rt_ms


def _hidden_ms(events: list[Event], *, ended: float) -> float:
    """Milliseconds out of sight before the end."""
    turns = [
        (e["kind"] == "hidden", min(max(float(e["at_ms"]), 0.0), ended))
        for e in events
        if e["kind"] in ("hidden", "visible")
    ]
    # A page that first comes into sight was out of it from the start.
    is_hidden, since, total = bool(turns) and not turns[0][0], 0.0, 0.0
    for turns_hidden, at in turns:
        if is_hidden:
            total += at - since
        is_hidden, since = turns_hidden, at
    return total + (ended - since if is_hidden else 0.0)
