"""Opening images, with limits: nothing else here opens one.

A file may claim to be of a few bytes and be of a thousand million pixels, be an image
and a web page at once, or be of a kind whose reader starts other programs. Kinds are
told by the bytes, never by the name.
"""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image, UnidentifiedImageError

# Kinds made of pixels. Pillow knows more: one runs PostScript, some fetch files.
FORMATS: Final = (
    *("JPEG", "PNG", "WEBP", "GIF", "BMP"),
    *("TIFF", "PPM", "AVIF", "JPEG2000"),
)
# A quarter of a gigabyte as RGB; Pillow warns there and only gives up at twice that.
MOST_PIXELS: Final = 89_478_485
# What is shown to people has to fit a screen, many times over.
MOST_SHOWN_PIXELS: Final = 50_000_000
MOST_SHOWN_BYTES: Final = 64 * 1024 * 1024

_LIMIT: Final = threading.Lock()
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_CHUNK_FRAME: Final = 12
_DAMAGE: Final = (OSError, SyntaxError, ValueError, struct.error)


@contextmanager
def open_image(
    source: Path | bytes,
    *,
    formats: Collection[str] = FORMATS,
    most_pixels: int = MOST_PIXELS,
) -> Iterator[Image.Image]:
    """The image in a file, or in its bytes; its pixels are read when asked for.

    Args:
        source: Where it is, or what it is.
        formats: Kinds that are read; anything else is no image.
        most_pixels: Width times height that are read at most.

    Raises:
        UnidentifiedImageError: If it is none of these kinds.
        Image.DecompressionBombError: If it has more pixels.
        OSError: If it cannot be read.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    with _open_unlimited(file, formats) as image:
        if image.width * image.height > most_pixels:
            raise Image.DecompressionBombError(
                f"{image.width:,} x {image.height:,} pixels, at most "
                f"{most_pixels / 1e6:,.1f} megapixels are read"
            )
        yield image


def _open_unlimited(file: io.BytesIO | Path, formats: Collection[str]) -> Image.Image:
    """Opened, not decoded: Pillow's own limit is one for the whole process."""
    with _LIMIT:
        usual, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(file, formats=list(formats))  # noqa: TID251 - the one place
        finally:
            Image.MAX_IMAGE_PIXELS = usual


def why_not_shown(path: Path, *, size: tuple[int, int] | None = None) -> str:
    """Why the file at `path` is not shown to people; empty where it is.

    Shown is a PNG that is nothing else besides: a page or an archive hidden behind
    an image would be sent to everybody's browser with it.

    Args:
        path: The file.
        size: Width and height in pixels that it must have.
    """
    try:
        if path.stat().st_size > MOST_SHOWN_BYTES:
            return f"more than {MOST_SHOWN_BYTES // 2**20} MiB"
        blob = path.read_bytes()
        with open_image(blob, most_pixels=MOST_SHOWN_PIXELS) as image:
            kind, found = image.format, image.size
    except Image.DecompressionBombError:
        return f"more than {MOST_SHOWN_PIXELS:,} pixels"
    except UnidentifiedImageError:
        return "not made of pixels (drawings such as SVG and web pages are never shown)"
    except _DAMAGE as error:
        return f"damaged: {error}"
    if kind != "PNG":
        return f"a {kind} file, expected a PNG"
    if size is not None and found != size:
        return (
            f"{found[0]} x {found[1]} pixels, the manifest says {size[0]} x {size[1]}"
        )
    return _beside_the_image(blob)


def _beside_the_image(blob: bytes) -> str:
    end = _end_of_png(blob)
    if end is None:
        return "damaged: it ends in the middle"
    n_more = len(blob) - end
    return f"{n_more} bytes of something else after the image" if n_more else ""


def _end_of_png(blob: bytes) -> int | None:
    """Where the last chunk ends; None where there is none."""
    at = len(_PNG)
    while at + _CHUNK_FRAME <= len(blob):
        (length,) = struct.unpack_from(">I", blob, at)
        kind = blob[at + 4 : at + 8]
        at += _CHUNK_FRAME + length
        if kind == b"IEND":
            return at if at <= len(blob) else None
    return None
