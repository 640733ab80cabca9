"""Images are opened within limits, by what they are and not by their name."""

import io
import struct
import zlib

import pytest
from PIL import Image, UnidentifiedImageError

from stimuli.errors import UnreadableImageError
from stimuli.files.images import open_image, why_not_shown
from stimuli.sources.images import Display, careful_reading, decode_png, read_picture

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PAGE = b"<!doctype html><script>alert(1)</script>"
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"


def image(kind: str = "PNG", size: tuple[int, int] = (8, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (1, 2, 3)).save(buffer, kind)
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    crc = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)


def bomb(width: int, height: int) -> bytes:
    """A few hundred bytes that say they are a huge image."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + chunk(b"IEND", b"")


def test_an_image_that_would_fill_the_memory_is_not_decoded(tmp_path):
    for width, height in ((12_000, 9_000), (60_000, 60_000)):
        with (
            pytest.raises(Image.DecompressionBombError),
            open_image(bomb(width, height)),
        ):
            pass
        (tmp_path / "bomb.png").write_bytes(bomb(width, height))
        with pytest.raises(UnreadableImageError, match="too large"):
            decode_png(bomb(width, height))
        with careful_reading(), pytest.raises(UnreadableImageError, match="too large"):
            read_picture(tmp_path / "bomb.png", Display())
        assert "pixels" in why_not_shown(tmp_path / "bomb.png")


@pytest.mark.parametrize("blob", [SVG, PAGE, POSTSCRIPT, b"", b"GIF89a"], ids=str)
def test_what_is_not_made_of_pixels_is_no_image(blob, tmp_path):
    with pytest.raises((UnidentifiedImageError, OSError)), open_image(blob):
        pass
    (tmp_path / "a.png").write_bytes(blob)
    assert why_not_shown(tmp_path / "a.png")


def test_a_plain_png_is_shown(tmp_path):
    (tmp_path / "a.png").write_bytes(image())
    assert why_not_shown(tmp_path / "a.png") == ""


@pytest.mark.parametrize(
    ("blob", "why"),
    [
        (image() + PAGE, "40 bytes of something else after the image"),
        (image() + image(), "of something else after the image"),
        (PAGE + image(), "not made of pixels"),
        (SVG, "not made of pixels"),
        (image("JPEG"), "a JPEG file, expected a PNG"),
        (image("GIF"), "a GIF file, expected a PNG"),
        (image()[:-6], "ends in the middle"),
        (image()[:20], "damaged"),
    ],
    ids=[
        "page after",
        "image after",
        "page before",
        "svg",
        "jpeg",
        "gif",
        "cut",
        "head",
    ],
)
def test_what_is_something_else_besides_is_not_shown(blob, why, tmp_path):
    (tmp_path / "a.png").write_bytes(blob)
    assert why in why_not_shown(tmp_path / "a.png")
