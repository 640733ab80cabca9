"""Sizes on a person's screen: from a bank card and the blind spot to degrees.

The card says how many pixels a millimetre has. With one eye closed and the other on a
mark, a dot that moves away disappears where the blind spot is, at an angle that hardly
differs between people; so the way it has gone says how far away the eyes are.

Source: Li, Joo, Yeatman and Reinecke (2020), Controlling for participants' viewing
distance in large-scale, psychophysical online experiments using a virtual chinrest,
Scientific Reports 10, 904.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from study_server.services.study_files.screen import ScreenSection
from study_server.store.tables import Enrolment

# The longer side of a bank card, ISO/IEC 7810 ID-1.
CARD_MM: Final = 85.6
# CSS pixels per millimetre: from a television across the room to a small telephone.
_PX_PER_MM: Final = (0.8, 16.0)
_DISTANCE_MM: Final = (100.0, 2_500.0)
_PIXEL_RATIO: Final = (0.1, 20.0)
_MAX_SPOTS: Final = 20


@dataclass(frozen=True, kw_only=True)
class ScreenSize:
    """What was measured of a screen.

    Attributes:
        px_per_mm: CSS pixels per millimetre.
        device_pixel_ratio: Device pixels per CSS pixel when it was measured; where it
            is another later, somebody has zoomed.
        distance_mm: From the eyes to the screen; None where it was not measured.
    """

    px_per_mm: float
    device_pixel_ratio: float
    distance_mm: float | None

    @property
    def px_per_degree(self) -> float | None:
        """CSS pixels of one degree of visual angle, straight ahead."""
        return self.px_of(1.0)

    def px_of(self, degrees: float) -> float | None:
        """CSS pixels of something so large, centred straight ahead.

        2 d tan(a / 2) for the angle a at the distance d.

        >>> screen = ScreenSize(px_per_mm=4, device_pixel_ratio=1, distance_mm=573)
        >>> round(screen.px_of(1.0), 2), round(screen.px_of(10.0), 1)
        (40.0, 401.0)
        """
        if self.distance_mm is None:
            return None
        half = math.radians(degrees / 2)
        return 2 * self.distance_mm * math.tan(half) * self.px_per_mm


def screen_of(enrolment: Enrolment) -> ScreenSize | None:
    """What was measured of somebody's screen; None where nothing was."""
    px_per_mm, ratio = enrolment.screen_px_per_mm, enrolment.screen_pixel_ratio
    if px_per_mm is None or ratio is None:
        return None
    return ScreenSize(
        px_per_mm=px_per_mm,
        device_pixel_ratio=ratio,
        distance_mm=enrolment.screen_distance_mm,
    )


def distance_from_spots(
    spots_px: tuple[float, ...], *, px_per_mm: float, degrees: float
) -> float:
    """Millimetres from the eyes to the screen.

    Args:
        spots_px: How far from the mark the dot disappeared, CSS pixels, each time;
            their median counts, so that one slip does not.
        px_per_mm: CSS pixels per millimetre.
        degrees: Where the blind spot is.

    >>> round(distance_from_spots((480.2, 500.0, 480.0), px_per_mm=4, degrees=13.5))
    500
    """
    return median(spots_px) / px_per_mm / math.tan(math.radians(degrees))


def read_screen(form: Mapping[str, str], section: ScreenSection) -> ScreenSize | None:
    """What a page measured; None where it is no measure, or one nobody can have.

    Args:
        form: `card_px` (the card's longer side), `device_pixel_ratio` and `spots`
            (numbers separated by commas).
        section: What the study asks for.
    """
    card_px, ratio = (
        _number(form.get("card_px")),
        _number(form.get("device_pixel_ratio")),
    )
    if card_px is None or ratio is None:
        return None
    px_per_mm = card_px / CARD_MM
    if not _within(px_per_mm, _PX_PER_MM) or not _within(ratio, _PIXEL_RATIO):
        return None
    if not section.distance:
        return ScreenSize(
            px_per_mm=px_per_mm, device_pixel_ratio=ratio, distance_mm=None
        )
    spots = _spots(form.get("spots", ""))
    if len(spots) < section.n_repeats:
        return None
    distance_mm = distance_from_spots(
        spots, px_per_mm=px_per_mm, degrees=section.blind_spot_degrees
    )
    if not _within(distance_mm, _DISTANCE_MM):
        return None
    return ScreenSize(
        px_per_mm=px_per_mm, device_pixel_ratio=ratio, distance_mm=distance_mm
    )


def _spots(text: str) -> tuple[float, ...]:
    """Numbers above 0; none where any is not one."""
    numbers = [_number(each) for each in text.split(",")[:_MAX_SPOTS]]
    return tuple(n for n in numbers if n) if all(numbers) else ()


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def _within(value: float, span: tuple[float, float]) -> bool:
    return span[0] <= value <= span[1]
