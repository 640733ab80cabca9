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
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from stimuli.errors import UnreadableImageError
from stimuli.files.images import MOST_PIXELS, open_image
from stimuli.sources.eight_bit_rgb import UnclearDepthError, to_rgb

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
# Of 255: 12 bits put into 16 unscaled come to this.
_FLAT: Final = 16
_TIFF: Final = (b"II*\0", b"MM\0*")
_ODD_TIFF: Final = (
    "a TIFF of a kind that is not read (64 bits, colours of 12 or 32 bits, ...); save it "
    "as PNG, or as a TIFF of 8 or 16 bits"
)


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
class CroppedImage:
    """A source image, read and cut.

    Attributes:
        pixels: `(crop, crop, 3)` uint8, RGB: the bytes shown.
        source_sha256: Hash of the file.
        notes: What had to be converted; often empty.
        shorter_side: Of the source image before it was resized, in pixels.
    """

    pixels: NDArray[np.uint8]
    source_sha256: str
    notes: tuple[str, ...]
    shorter_side: int

    @property
    def is_flat(self) -> bool:
        """Whether it has next to no contrast: no channel varies by more than 16."""
        return int(np.ptp(self.pixels, axis=(0, 1)).max()) <= _FLAT


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


def read_picture(
    path: Path, display: Display, *, most_pixels: int = MOST_PIXELS
) -> CroppedImage:
    """The crop of the image in `path`; call inside `careful_reading`.

    Args:
        path: The file.
        display: How it is cut.
        most_pixels: Width times height that are read at most.

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
        with open_image(blob, most_pixels=most_pixels) as image:
            notes: list[str] = []
            cut = cut_out(to_rgb(image, notes), display)
            shorter_side = min(image.size)
    except _READ_ERRORS as error:
        is_odd = isinstance(error, UnidentifiedImageError) and blob[:4] in _TIFF
        raise UnreadableImageError(_ODD_TIFF if is_odd else _reason(error)) from error
    digest = hashlib.sha256(blob).hexdigest()
    return CroppedImage(np.asarray(cut), digest, tuple(notes), shorter_side)


def read_one_picture(path: Path, display: Display) -> CroppedImage:
    """The crop of an image that is read by itself.

    Raises:
        UnreadableImageError: With the reason.
    """
    with careful_reading():
        return read_picture(path, display)


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
        with open_image(blob) as image:
            # Converting what is RGB already would copy it.
            return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
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


def _reason(error: BaseException) -> str:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"too large: {error} ([dataset] max_megapixels raises the bound)"
    if isinstance(error, UnclearDepthError):
        return str(error)
    if isinstance(error, UnidentifiedImageError):
        return "not an image of a known kind"
    if isinstance(error, MemoryError):
        return "too large for the memory"
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"damaged: {text}"
