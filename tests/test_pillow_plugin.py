"""Pillow opens records as it opens the JPEGs that they were."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import slipstream_plugins.pillow as plugin
from slipstream_plugins import codec, formats
from tests import images


def transcodable() -> dict[str, bytes]:
    left_out = ("png", "webp", "gif", "bmp", "cmyk", "ycck")
    return {name: data for name, data in images.good_images().items() if name not in left_out}


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("packing", codec.PACKINGS)
def test_pixels_size_mode_and_orientation_are_those_of_the_jpeg(packing: codec.Packing) -> None:
    kinds = transcodable()
    assert len(kinds) > 30
    for name, data in kinds.items():
        jpeg, record = opened(data), opened(codec.transcode(data, packing))
        assert isinstance(record, plugin.RecordImageFile), name
        assert (record.size, record.mode) == (jpeg.size, jpeg.mode), name
        assert record.getexif().get(0x0112, 1) == jpeg.getexif().get(0x0112, 1), name
        assert np.array_equal(np.asarray(record), np.asarray(jpeg)), name


@pytest.mark.parametrize("orientation", images.ORIENTATIONS)
@pytest.mark.parametrize("keep_exif", [False, True])
def test_transposing_by_exif_works(orientation: int, keep_exif: bool) -> None:
    data = images.oriented_jpeg(orientation, 97, 61)
    record = opened(codec.transcode(data, keep_exif=keep_exif))
    upright = ImageOps.exif_transpose(opened(data))
    assert np.array_equal(np.asarray(ImageOps.exif_transpose(record)), np.asarray(upright))


def test_profile_and_exif_are_kept() -> None:
    profile = bytes(range(256)) * 300  # more than a segment holds
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 3, "a description"
    data = images.jpeg(97, 61, icc_profile=profile, exif=exif.tobytes())
    record = opened(codec.transcode(data, keep_exif=True))
    assert record.info["icc_profile"] == profile
    assert record.getexif()[0x010E] == "a description" and record.getexif()[0x0112] == 3
    bare = opened(codec.transcode(data, keep_icc=False))
    assert "icc_profile" not in bare.info and dict(bare.getexif()) == {0x0112: 3}


def test_files_open_by_content_and_load_late(tmp_path: Path) -> None:
    data = images.jpeg(64, 48, sampling="gray")
    path = tmp_path / "a.dct"
    record = codec.transcode(data)
    path.write_bytes(record[:-300] + bytes(300))
    with Image.open(path) as image:
        assert (image.size, image.mode, image.format) == ((64, 48), "L", "SLIP")
        with pytest.raises(OSError, match="damaged record"):
            image.load()
    path.write_bytes(record)
    with Image.open(path) as image:
        image.load()
        assert np.array_equal(np.asarray(image), np.asarray(opened(data)))
    assert Image.registered_extensions()[".dct"] == "SLIP"


def test_records_of_pixels_open() -> None:
    pixels = np.array(images.photo(31, 17))
    assert np.array_equal(np.asarray(opened(formats.record(pixels))), pixels)


@pytest.mark.parametrize("length", [0, 3, 10, 16, 40, 59])
def test_what_is_cut_short_is_no_image(length: int) -> None:
    with pytest.raises((OSError, SyntaxError)):
        opened(codec.transcode(images.jpeg(64, 48))[:length]).load()


def test_other_magic_is_left_to_others() -> None:
    for other in (b"\x93SLP\x02\x01" + bytes(100), b"\x93SLT\x01\x00" + bytes(100), b"\x93SLP\x01\x09" + bytes(100)):
        with pytest.raises(OSError, match="cannot identify"):
            opened(other)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_damaged_headers_are_errors_that_pillow_documents() -> None:
    whole = codec.transcode(images.jpeg(64, 48, icc_profile=b"profile" * 20))
    generator = np.random.default_rng(0)
    for _ in range(400):
        record = bytearray(whole)
        for at in generator.integers(5, 300, 3):
            record[at] ^= generator.integers(1, 256)
        with pytest.raises((OSError, Image.DecompressionBombError)):
            opened(bytes(record)).load()
