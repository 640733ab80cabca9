"""Images of more than 8 bits are scaled by what their file says, or refused in words."""

import struct

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from stimuli.errors import UnreadableImageError
from stimuli.sources.images import CroppedImage, Display, careful_reading, read_picture

SMALL = Display(resize=8, crop=8)


def read(path) -> CroppedImage:
    with careful_reading():
        return read_picture(path, SMALL)


def reason(path) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        read(path)
    return str(caught.value)


def save(folder, values, *, name="deep.tif", **tags: float):
    """An 8 x 8 image of these values, with TIFF tags by number (`t341=4095`)."""
    image = Image.fromarray(np.resize(np.asarray(values), (8, 8)))
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in tags.items():
        number = int(tag[1:])
        info.tagtype[number] = 11 if image.mode == "F" else 4 if value > 65535 else 3
        info[number] = value
    path = folder / name
    if name.endswith(".tif"):
        image.save(path, tiffinfo=info)
    else:
        image.save(path)
    return path


def values_of(picture) -> list[int]:
    return sorted({int(value) for value in picture.pixels.flat})


def test_one_value_above_one_leaves_the_others_as_they_are(tmp_path):
    values = np.full(64, 0.2, dtype=np.float32)
    values[0] = 1.0001
    picture = read(save(tmp_path, values))
    # 0.2 * 255 = 51; the one above is white.
    assert values_of(picture) == [51, 255]
    assert "1 of 64 values outside 0 to 1 cut off" in picture.notes


def test_floats_on_another_scale_are_refused_unless_the_file_says_it(tmp_path):
    values = np.linspace(0, 250, 64, dtype=np.float32)
    assert "from 0 to 250, expected 0 to 1" in reason(save(tmp_path, values))
    # 250 of 255, as the tag says.
    assert values_of(read(save(tmp_path, values, t341=255)))[-1] == 250
    below = np.linspace(-1, 1, 64, dtype=np.float32)
    assert "from -1 to 1, expected 0 to 1" in reason(save(tmp_path, below))


def test_the_largest_value_of_an_image_is_not_taken_for_white(tmp_path):
    # 0.8 is what a program wrote of this very image: it stays at 0.8 * 255 = 204.
    values = np.full(64, 0.8, dtype=np.float32)
    assert values_of(read(save(tmp_path, values, t341=0.8))) == [204]
    sixteen = np.full(64, 32896, dtype=np.uint16)
    assert values_of(read(save(tmp_path, sixteen, t281=40000))) == [128]


def test_twelve_bits_in_sixteen_need_the_file_to_say_so(tmp_path):
    values = np.full(64, 2056, dtype=np.uint16)
    for name in ("deep.tif", "deep.png"):
        message = reason(save(tmp_path, values, name=name))
        assert "16 bits of which no more than 2,056 of 65,535 is used" in message
    # 2056 / 4095 * 255 = 128.03
    for tag in ("t341", "t281"):
        assert values_of(read(save(tmp_path, values, **{tag: 4095}))) == [128]


def write_tiff(path, data: bytes, **tags: int):
    """An uncompressed TIFF of 8 x 8 pixels with these tags, whatever they say."""
    n = len(tags) + 7
    known = {256: 8, 257: 8, 259: 1, 262: 1, 273: 14 + 12 * n, 278: 8, 279: len(data)}
    told = {**known, **{int(tag[1:]): value for tag, value in tags.items()}}
    assert len(told) == n
    head = struct.pack("<2sHIH", b"II", 42, 8, n)
    for tag, value in sorted(told.items()):
        head += struct.pack("<HHII", tag, 4, 1, value)
    path.write_bytes(head + bytes(4) + data)
    return path


def test_a_tiff_of_twelve_bits_is_white_at_4095(tmp_path):
    # Two values to three bytes, as TIFF packs them: 0x808 and 0x808.
    path = write_tiff(
        tmp_path / "a.tif", bytes([0x80, 0x88, 0x08]) * 32, t258=12, t277=1
    )
    # 0x808 = 2056, of 4095: 128.
    assert values_of(read(path)) == [128]


def test_32_bits_without_a_sign_have_none(tmp_path):
    data = np.full(64, 3_000_000_000, dtype=np.uint32).tobytes()
    path = write_tiff(tmp_path / "a.tif", data, t258=32, t277=1, t281=2**32 - 1)
    # 3000000000 / 4294967295 * 255 = 178.1
    assert values_of(read(path)) == [178]


def test_a_tiff_of_doubles_is_refused_as_what_it_is(tmp_path):
    data = np.full(64, 0.5).tobytes()
    path = write_tiff(tmp_path / "a.tif", data, t258=64, t277=1, t339=3)
    assert reason(path).startswith("a TIFF of a kind that is not read (64 bits")


def test_whole_numbers_of_32_bits_need_the_file_to_say_which_is_white(tmp_path):
    values = np.linspace(0, 60000, 64).astype(np.int32)
    assert "32 bits up to 60,000, and the file does not say" in (
        reason(save(tmp_path, values))
    )
    # 60000 / 65535 * 255 = 233.5
    assert values_of(read(save(tmp_path, values, t341=65535)))[-1] == 233
    message = reason(save(tmp_path, -values))
    assert message.startswith("whole numbers from -60,000 to 0: nothing says")
    assert "up to 60,000, but the file says that 4,095" in (
        reason(save(tmp_path, values, t341=4095))
    )


def test_sixteen_bit_colours_that_fill_twelve_are_refused(tmp_path):
    # One depth for red, green and blue: Pillow takes it for all three.
    dark, light = (
        write_tiff(
            tmp_path / f"{value}.tif",
            value.to_bytes(2, "little") * 192,
            t258=16,
            t277=3,
        )
        for value in (4095, 40000)
    )
    for path in (dark, light):
        blob = path.read_bytes()
        black_is_zero = struct.pack("<HHII", 262, 4, 1, 1)
        colours = struct.pack("<HHII", 262, 4, 1, 2)
        path.write_bytes(blob.replace(black_is_zero, colours))
    assert "no more than 4,095 of 65,535" in reason(dark)
    assert values_of(read(light)) == [40000 >> 8]


def test_white_at_zero_is_turned_round(tmp_path):
    path = save(tmp_path, np.full(64, 65535 - 13107, dtype=np.uint16), t262=0)
    # 13107 / 65535 * 255 = 51
    assert values_of(read(path)) == [51]


def test_a_pgm_is_white_at_its_own_largest_value(tmp_path):
    path = tmp_path / "a.pgm"
    path.write_bytes(b"P5 8 8 1000\n" + (400).to_bytes(2, "big") * 64)
    # 400 / 1000 * 255 = 102
    assert values_of(read(path)) == [102]


def test_black_is_no_lack_of_scaling(tmp_path):
    assert values_of(read(save(tmp_path, np.zeros(64, dtype=np.uint16)))) == [0]


@pytest.mark.parametrize(("top", "is_flat"), [(16, True), (17, False)])
def test_next_to_no_contrast_is_told(tmp_path, top, is_flat):
    path = tmp_path / "a.png"
    Image.fromarray(np.resize(np.array([0, top], np.uint8), (8, 8))).save(path)
    assert read(path).is_flat is is_flat
