"""From a file of any common kind to the 8-bit crop that is shown and predicted on."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from stimuli.errors import UnreadableImageError

Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]

SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp"}
    | {".tif", ".tiff", ".ppm", ".pgm", ".avif", ".jp2"}
)

_RESAMPLING: Final = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}

# What Pillow's readers raise on damaged files, beside its own exceptions.
_READ_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)

# Past this a whole resized panorama is not worth its memory.
_MAX_ASPECT: Final = 16


@dataclass(frozen=True, kw_only=True)
class Display:
    """How a source image becomes what people see.

    Attributes:
        resize: Length of the shorter side after resizing, in pixels.
        crop: Side of the square cut from the centre, in pixels.
        interpolation: Pillow's filter (with antialiasing).
    """

    resize: int = 256
    crop: int = 224
    interpolation: Interpolation = "bilinear"


@dataclass(frozen=True)
class Picture:
    """A source image, read and cut.

    Attributes:
        pixels: `(crop, crop, 3)` uint8, RGB: the bytes shown.
        source_sha256: Hash of the file.
        notes: What had to be converted; often empty.
    """

    pixels: NDArray[np.uint8]
    source_sha256: str
    notes: tuple[str, ...]


@contextmanager
def careful_reading() -> Iterator[None]:
    """Keep Pillow's warnings from leaking; bombs become errors.

    Warning filters belong to the process, so this wraps a whole pass rather
    than one image in one thread.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def read_picture(path: Path, display: Display) -> Picture:
    """The crop of the image in `path`; call inside `careful_reading`.

    Raises:
        UnreadableImageError: With the reason.
    """
    try:
        blob = path.read_bytes()
    except OSError as error:
        raise UnreadableImageError(error.strerror or str(error)) from error
    if not blob:
        raise UnreadableImageError("the file is empty")
    try:
        with Image.open(io.BytesIO(blob)) as image:
            notes: list[str] = []
            cut = cut_out(_to_rgb(image, notes), display)
    except _READ_ERRORS as error:
        raise UnreadableImageError(_reason(error)) from error
    digest = hashlib.sha256(blob).hexdigest()
    return Picture(np.asarray(cut), digest, tuple(notes))


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """The PNG file (zlib level 1) of an `(height, width, 3)` uint8 array."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def decode_png(blob: bytes) -> NDArray[np.uint8]:
    """The `(height, width, 3)` uint8 array of a stored PNG.

    Raises:
        UnreadableImageError: If it is not an image.
    """
    try:
        with Image.open(io.BytesIO(blob)) as image:
            return np.asarray(image.convert("RGB"))
    except _READ_ERRORS as error:
        raise UnreadableImageError(_reason(error)) from error


def cut_out(image: Image.Image, display: Display) -> Image.Image:
    """Resize the shorter side and cut the centre, as torchvision does on Pillow.

    Args:
        image: RGB.
        display: Sizes in pixels.
    """
    width, height = image.size
    short = min(width, height)
    if max(width, height) > _MAX_ASPECT * short:
        return _cut_strip(image, display)
    if short != display.resize:
        long = int(display.resize * max(width, height) / short)
        size = (display.resize, long) if width <= height else (long, display.resize)
        image = image.resize(size, _RESAMPLING[display.interpolation])
    left = round((image.width - display.crop) / 2)
    top = round((image.height - display.crop) / 2)
    return image.crop((left, top, left + display.crop, top + display.crop))


def _cut_strip(image: Image.Image, display: Display) -> Image.Image:
    """The same window, without building the whole resized strip."""
    side = min(image.size) * display.crop / display.resize
    left, top = (image.width - side) / 2, (image.height - side) / 2
    return image.resize(
        (display.crop, display.crop),
        _RESAMPLING[display.interpolation],
        box=(left, top, left + side, top + side),
    )


def _to_rgb(image: Image.Image, notes: list[str]) -> Image.Image:
    n_frames = getattr(image, "n_frames", 1)
    if n_frames > 1:
        notes.append(f"first of {n_frames} frames")
        image.seek(0)
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.size != image.size:
        notes.append("turned upright as its EXIF says")
    if upright.mode == "RGB" and not upright.has_transparency_data:
        return upright
    notes.append(f"{upright.mode} to RGB")
    if upright.mode.startswith("I") or upright.mode == "F":
        return _from_deep(upright)
    if upright.has_transparency_data:
        return _on_white(upright, notes)
    return upright.convert("RGB")


def _on_white(image: Image.Image, notes: list[str]) -> Image.Image:
    notes.append("transparent parts on white")
    layer = image.convert("RGBA")
    ground = Image.new("RGBA", layer.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, layer).convert("RGB")


def _from_deep(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and floating-point grey to 8 bits.

    Whole numbers are 16-bit unless all fit 8 bits; fractions up to 1 are white
    at 1. Pillow's own conversion clips at 255 instead.
    """
    grey: NDArray[Any] = np.asarray(image, dtype=np.float64)
    if not np.isfinite(grey).all():
        raise ValueError("pixel values that are not finite")
    top = float(grey.max(initial=0.0))
    is_sixteen = image.mode.startswith("I;16") or top > 255
    white = 65535.0 if is_sixteen else 1.0 if image.mode == "F" and top <= 1 else 255.0
    scaled = np.rint(np.clip(grey / white, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(scaled).convert("RGB")


def _reason(error: BaseException) -> str:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"too large: more than {Image.MAX_IMAGE_PIXELS:,} pixels"
    if isinstance(error, UnidentifiedImageError):
        return "not an image of a known kind"
    if isinstance(error, MemoryError):
        return "too large for the memory"
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"damaged: {text}"
