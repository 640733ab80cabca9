"""An image of any mode and depth as RGB of 8 bits, upright; or refused.

Which number is white is never guessed from one image: its neighbours would be scaled
otherwise. Whole numbers of 16 bits (12 in a TIFF of 12) are white at the largest that
they can be, floating-point numbers at 1. A TIFF's SMaxSampleValue or MaxSampleValue
counts where it names a depth (255, 1023, 4095, ...); programs also write the largest
value of the image there, which says nothing of white.

Source: TIFF revision 6.0, sections 8 and 19.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

_ORIENTATION: Final = 0x0112
_BITS, _PHOTOMETRIC, _FORMAT = 258, 262, 339
_LARGEST: Final = (341, 281)
_WHITE_IS_ZERO: Final = 0
_SIGNED: Final = 2
# 12 bits: what many cameras and scanners give, put into 16 without being scaled.
_TWELVE: Final = 4095
_SIXTEEN: Final = 65535
# Resizing overshoots edges by a tenth; single values may be defects.
_OVERSHOOT: Final = 0.1
_FEW: Final = 0.01
# Modes that are read with the upper 8 bits of 16.
_COLOURS: Final = ("RGB", "RGBA", "LA")


class UnclearDepthError(ValueError):
    """An image of which nothing says which value is white; in words for its maker."""


@dataclass(frozen=True, kw_only=True)
class _Depth:
    """What a file says of its values.

    Attributes:
        bits: Per channel; 0 where nothing is said.
        white: The value that is white; None where nothing is said.
        is_signed: Whether values may be negative.
        is_inverted: Whether 0 is white.
        is_scaled: Whether the values fill the bits for certain.
    """

    bits: int
    white: float | None
    is_signed: bool = False
    is_inverted: bool = False
    is_scaled: bool = False


def to_rgb(image: Image.Image, notes: list[str]) -> Image.Image:
    """The image upright, as RGB of 8 bits on white.

    Args:
        image: Opened, not yet loaded.
        notes: What had to be converted is added, in words.

    Raises:
        UnclearDepthError: Where the file does not say which value is white, in words.
    """
    depth = _find_depth(image)
    n_frames = getattr(image, "n_frames", 1)
    if n_frames > 1:
        notes.append(f"first of {n_frames} frames")
        image.seek(0)
    # Asked first: a TIFF is turned while it is loaded.
    is_turned = image.getexif().get(_ORIENTATION, 1) in range(2, 9)
    image.load()
    upright = ImageOps.exif_transpose(image)
    if is_turned:
        notes.append("turned upright as its EXIF says")
    _refuse_unscaled(upright, depth)
    if upright.mode == "RGB" and not upright.has_transparency_data:
        return upright
    notes.append(f"{upright.mode} to RGB")
    return _convert(upright, depth, notes)


def _convert(image: Image.Image, depth: _Depth, notes: list[str]) -> Image.Image:
    if _is_deep(image):
        return _to_eight_bits(image, depth, notes).convert("RGB")
    if image.has_transparency_data:
        return _on_white(image, notes)
    return image.convert("RGB")


def _on_white(image: Image.Image, notes: list[str]) -> Image.Image:
    notes.append("transparent parts on white")
    layer = image.convert("RGBA")
    ground = Image.new("RGBA", layer.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, layer).convert("RGB")


def _find_depth(image: Image.Image) -> _Depth:
    """What the file says; to be asked before the pixels are loaded."""
    if image.format == "TIFF":
        return _depth_of_tiff(image)
    if image.format in ("PPM", "JPEG2000"):
        # These say their largest value, and are read scaled to 16 bits.
        return _Depth(bits=16, white=_SIXTEEN, is_scaled=True)
    is_sixteen = image.mode.startswith("I") or _is_stored_in_sixteen(image)
    return _Depth(bits=16 if is_sixteen else 8, white=_SIXTEEN)


def _is_deep(image: Image.Image) -> bool:
    """Whether the image holds more than 8 bits still."""
    return image.mode.startswith("I") or image.mode == "F"


def _to_eight_bits(image: Image.Image, depth: _Depth, notes: list[str]) -> Image.Image:
    """Grey of 16 or 32 bits, or floating point, as grey of 8.

    Args:
        image: Of the modes `_is_deep` tells.
        depth: What its file says.
        notes: What was done is added.

    Raises:
        UnclearDepthError: Where the file does not say which value is white, in words.
    """
    grey: NDArray[Any] = np.asarray(image, dtype=np.float64)
    if depth.bits == 32 and not depth.is_signed and image.mode == "I":
        # Pillow keeps them as numbers with a sign.
        grey = grey % 2**32
    if not np.isfinite(grey).all():
        raise ValueError("pixel values that are not finite")
    is_float = image.mode == "F"
    white = _white_of_floats(grey, depth, notes) if is_float else _white(grey, depth)
    scaled = np.clip(grey / white, 0, 1)
    if depth.is_inverted:
        scaled = 1 - scaled
    return Image.fromarray(np.rint(scaled * 255).astype(np.uint8))


def _refuse_unscaled(image: Image.Image, depth: _Depth) -> None:
    """Refuse colours of 16 bits that only fill 12: 8 bits of them are next to black.

    Args:
        image: Read with the upper 8 bits of each channel.
        depth: What its file says.

    Raises:
        UnclearDepthError: In words.
    """
    if depth.bits != 16 or depth.is_scaled or image.mode not in _COLOURS:
        return
    top = int(np.asarray(image)[..., : 1 if image.mode == "LA" else 3].max(initial=0))
    if 0 < top <= _TWELVE >> 8:
        raise UnclearDepthError(_unscaled(f"no more than {256 * top + 255:,}"))


def _depth_of_tiff(image: Image.Image) -> _Depth:
    tags: Any = getattr(image, "tag_v2", {})
    bits = int(_first(tags.get(_BITS), 8))
    is_signed = int(_first(tags.get(_FORMAT), 1)) == _SIGNED
    white = _stated_white(tags)
    if white is None and image.mode != "F" and bits <= 16:
        white = float(2 ** (bits - is_signed) - 1)
    return _Depth(
        bits=bits,
        white=white,
        is_signed=is_signed,
        is_inverted=int(_first(tags.get(_PHOTOMETRIC), 1)) == _WHITE_IS_ZERO,
        is_scaled=bits < 16 or _stated_white(tags) is not None,
    )


def _stated_white(tags: Any) -> float | None:  # noqa: ANN401 - Pillow's tags
    """The largest value a TIFF names, if it is one that a depth has."""
    for tag in _LARGEST:
        value = float(_first(tags.get(tag), 0))
        if value >= 255 and (np.log2(value + 1)).is_integer():
            return value
    return None


def _first(value: Any, default: float) -> float:  # noqa: ANN401 - Pillow's tags
    if isinstance(value, tuple):
        value = value[0] if value else default
    return default if value is None else float(value)


def _is_stored_in_sixteen(image: Image.Image) -> bool:
    return any(";16" in str(tile.args) for tile in getattr(image, "tile", ()))


def _white(grey: NDArray[Any], depth: _Depth) -> float:
    low, top = float(grey.min(initial=0)), float(grey.max(initial=0))
    if low < 0:
        raise UnclearDepthError(
            f"whole numbers from {low:,.0f} to {top:,.0f}: nothing says which is black "
            "and which is white; save it as 8 or 16 bits without a sign"
        )
    if depth.white is None:
        raise UnclearDepthError(
            f"whole numbers of {depth.bits} bits up to {top:,.0f}, and the file does not "
            "say which is white (TIFF tag SMaxSampleValue); save it as 8 or 16 bits"
        )
    if top > depth.white:
        raise UnclearDepthError(
            f"values up to {top:,.0f}, but the file says that {depth.white:,.0f} is the "
            "largest"
        )
    if 0 < top <= _TWELVE and not depth.is_scaled and depth.white > _TWELVE:
        raise UnclearDepthError(_unscaled(f"no more than {top:,.0f}"))
    return depth.white


def _unscaled(what: str) -> str:
    return (
        f"16 bits of which {what} of 65,535 is used: next to black, or values of 12 "
        "bits or fewer that were never scaled; save it scaled to 8 or 16 bits (a TIFF "
        "may say its largest value in the tag SMaxSampleValue)"
    )


def _white_of_floats(grey: NDArray[Any], depth: _Depth, notes: list[str]) -> float:
    white = depth.white or 1.0
    outside = (grey < 0) | (grey > white)
    n = int(outside.sum())
    if not n:
        return white
    low, top = float(grey.min()), float(grey.max())
    is_near = low >= -_OVERSHOOT * white and top <= (1 + _OVERSHOOT) * white
    if not is_near and n > _FEW * grey.size:
        raise UnclearDepthError(
            f"floating-point values from {low:.4g} to {top:.4g}, expected 0 to "
            f"{white:g}; save it scaled to 0 to 1, or as 8 or 16 bits (a TIFF may say "
            "which value is white, such as 255, in the tag SMaxSampleValue)"
        )
    notes.append(f"{n} of {grey.size} values outside 0 to {white:g} cut off")
    return white
