from __future__ import annotations

import contextlib
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torchvision.transforms.v2.functional as reference
from PIL import Image

from stimuli.errors import UnreadableImageError
from stimuli.sources.images import (
    CroppedImage,
    Display,
    careful_reading,
    cut_out,
    decode_png,
    encode_png,
    read_picture,
)

SMALL = Display(resize=8, crop=8)


def read(path: Path, display: Display = SMALL) -> CroppedImage:
    with careful_reading():
        return read_picture(path, display)


def reason(path: Path) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        read(path)
    return str(caught.value)


def noise(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(width * 1000 + height)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("size", [(64, 40), (41, 67), (32, 32), (100, 32), (33, 35)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_the_crop_is_torchvisions_bit_for_bit(size, interpolation):
    image = noise(*size)
    ours = cut_out(image, Display(resize=32, crop=24, interpolation=interpolation))
    mode = reference.InterpolationMode(interpolation)
    theirs = reference.center_crop(
        reference.resize(image, [32], interpolation=mode), [24, 24]
    )
    assert np.array_equal(np.asarray(ours), np.asarray(theirs))


def test_a_long_strip_is_cut_as_if_it_had_been_resized_whole():
    image = noise(900, 30)
    display = Display(resize=32, crop=24)
    whole = reference.center_crop(reference.resize(image, [32]), [24, 24])
    difference = np.asarray(cut_out(image, display)).astype(int) - np.asarray(whole)
    # The whole one rounds its width to pixels, so the window is a fraction off.
    assert np.abs(difference).mean() < 6


def test_stored_pngs_give_back_the_very_pixels():
    pixels = np.asarray(noise(24, 24))
    assert np.array_equal(decode_png(encode_png(pixels)), pixels)


def save(tmp_path: Path, image: Image.Image, name: str, **options: Any) -> Path:
    path = tmp_path / name
    image.save(path, **options)
    return path


def test_greyscale_is_read_as_rgb(tmp_path):
    picture = read(save(tmp_path, Image.new("L", (8, 8), 77), "grey.png"))
    assert picture.pixels.shape == (8, 8, 3)
    assert np.unique(picture.pixels).tolist() == [77]
    assert picture.notes == ("L to RGB",)


def test_cmyk_is_read_as_rgb(tmp_path):
    # No black, full cyan: red is missing.
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    picture = read(save(tmp_path, cyan, "cmyk.tif"))
    assert picture.pixels[4, 4].tolist() == [0, 255, 255]
    assert picture.notes == ("CMYK to RGB",)
    assert read(save(tmp_path, cyan, "cmyk.jpg")).pixels[4, 4, 0] < 10


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    # 65535 is white; 32896 / 65535 * 255 = 128.0.
    deep = Image.fromarray(np.full((8, 8), 32896, dtype=np.uint16))
    for name in ("deep.png", "deep.tif"):
        picture = read(save(tmp_path, deep, name))
        assert np.unique(picture.pixels).tolist() == [128]


def test_floating_point_is_scaled_from_one(tmp_path):
    image = Image.fromarray(np.full((8, 8), 0.2, dtype=np.float32))
    # 0.2 * 255 = 51
    assert np.unique(read(save(tmp_path, image, "float.tif")).pixels).tolist() == [51]
    broken = Image.fromarray(np.full((8, 8), np.nan, dtype=np.float32))
    assert "not finite" in reason(save(tmp_path, broken, "nan.tif"))


def test_transparent_parts_are_white(tmp_path):
    clear = Image.new("RGBA", (8, 8), (10, 20, 30, 0))
    picture = read(save(tmp_path, clear, "clear.png"))
    assert np.unique(picture.pixels).tolist() == [255]
    assert "transparent parts on white" in picture.notes
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, 9, 8, 7])
    assert read(save(tmp_path, palette, "p.png")).pixels[0, 0].tolist() == [9, 8, 7]
    hidden = save(tmp_path, palette, "t.png", transparency=1)
    assert read(hidden).pixels[0, 0].tolist() == [255, 255, 255]


def test_an_animation_is_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (8, 8), (c, c, c)) for c in (10, 200, 90)]
    path = tmp_path / "moving.webp"
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    picture = read(path)
    assert np.unique(picture.pixels).tolist() == [10]
    assert "first of 3 frames" in picture.notes


def test_pictures_are_turned_as_their_exif_says(tmp_path):
    image = Image.new("RGB", (16, 8), "black")
    image.paste((255, 255, 255), (0, 0, 8, 8))
    exif = image.getexif()
    exif[0x0112] = 6  # turned a quarter: what is left comes to the top
    picture = read(
        save(tmp_path, image, "turned.png", exif=exif), Display(resize=8, crop=8)
    )
    assert picture.notes == ("turned upright as its EXIF says",)
    assert picture.pixels[0].mean() > 200 > 50 > picture.pixels[-1].mean()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["turned.png", "turned.jpg", "turned.tif"])
def test_turning_is_noted_whichever_way_it_goes(tmp_path, orientation, name):
    # A square has the same size turned a quarter; half turns and mirrors always have.
    image = Image.new("RGB", (8, 8), "black")
    image.paste((255, 255, 255), (0, 0, 4, 4))
    exif = image.getexif()
    exif[0x0112] = orientation
    picture = read(save(tmp_path, image, name, exif=exif))
    # The white quarter lies at the left for 1, 4, 5, 8 and at the top for 1, 2, 5, 6.
    white = picture.pixels[:, :, 0] > 128
    assert bool(white[:, 0].any()) is (orientation in (1, 4, 5, 8))
    assert bool(white[0].any()) is (orientation in (1, 2, 5, 6))
    expected = () if orientation == 1 else ("turned upright as its EXIF says",)
    assert picture.notes == expected


def test_an_empty_file_says_so(tmp_path):
    (tmp_path / "empty.jpg").write_bytes(b"")
    assert reason(tmp_path / "empty.jpg") == "the file is empty"


def test_what_is_no_image_says_so(tmp_path):
    (tmp_path / "text.jpg").write_text("hello")
    assert reason(tmp_path / "text.jpg") == "not an image of a known kind"


def test_a_missing_file_says_so(tmp_path):
    assert reason(tmp_path / "gone.jpg") == "No such file or directory"


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff", "gif", "bmp"])
def test_half_a_file_is_damaged(tmp_path, kind):
    buffer = io.BytesIO()
    noise(64, 64).save(buffer, kind)
    path = tmp_path / f"half.{kind}"
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    assert reason(path).startswith(("damaged: ", "not an image"))


def test_a_huge_picture_is_unreadable_without_a_warning(tmp_path):
    # A PNG header that promises 30,000 x 30,000 pixels in 100 bytes.
    path = save(tmp_path, Image.new("RGB", (1, 1)), "bomb.png")
    blob = bytearray(path.read_bytes())
    for side in (10_000, 30_000):
        blob[16:24] = struct.pack(">II", side, side)
        blob[29:33] = struct.pack(">I", zlib.crc32(blob[12:29]))
        path.write_bytes(bytes(blob))
        assert reason(path) == (
            f"too large: {side:,} x {side:,} pixels, at most 89.5 megapixels are read "
            "([dataset] max_megapixels raises the bound)"
        )
        # With the bound raised its pixels are read, of which there are none.
        with careful_reading(), pytest.raises(UnreadableImageError, match="damaged"):
            read_picture(path, SMALL, most_pixels=side * side)


def test_damaged_bytes_never_escape_as_anything_else(tmp_path):
    rng = np.random.default_rng(0)
    for kind in ("jpeg", "png", "gif", "tiff", "webp", "bmp"):
        buffer = io.BytesIO()
        noise(24, 24).save(buffer, kind)
        for _ in range(40):
            blob = bytearray(buffer.getvalue())
            for position in rng.integers(0, len(blob), 6):
                blob[position] = int(rng.integers(0, 256))
            path = tmp_path / f"x.{kind}"
            path.write_bytes(bytes(blob))
            with contextlib.suppress(UnreadableImageError):
                assert read(path).pixels.shape == (8, 8, 3)
