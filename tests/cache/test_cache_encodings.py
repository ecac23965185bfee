"""What each encoding keeps of every kind of file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from slipstream_plugins.cache.encodings import ENCODINGS
from slipstream_plugins.cache.format import ENCODING_CODES
from slipstream_plugins.cache.headers import lossless_planes, probe
from slipstream_plugins.cache.pixels import exact_pixels
from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.cache.resize import Shrink
from slipstream_plugins.cache.writer import BuildOptions, build
from slipstream_plugins.errors import BuildError
from slipstream_plugins.sources import IterableSource
from tests import images

GOOD = images.good_images()
NAMES = {code: name for name, code in ENCODING_CODES.items()}


def pixels_of(image: bytes) -> np.ndarray:
    encoded, infos, failures = probe([image])
    assert not failures
    pixels, failures = exact_pixels(encoded, infos, [0])
    assert not failures
    return pixels[0]


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("encoding", ["jpeg", "dct", "yuv444", "rgb"])
def test_lossless_encodings_keep_every_pixel_and_its_orientation(name: str, encoding: str) -> None:
    stored = ENCODINGS[encoding]([GOOD[name]], b"", 0)
    assert not stored.failures
    assert np.array_equal(pixels_of(bytes(stored.records[0])), pixels_of(GOOD[name]))


@pytest.mark.parametrize("sampling", images.SAMPLINGS)
def test_yuv420_makes_planes_of_every_jpeg(sampling: str) -> None:
    stored = ENCODINGS["yuv420"]([images.jpeg(60, 44, sampling=sampling)], b"", 0)
    assert NAMES[int(stored.infos["encoding"][0])] == "yuv420"
    assert len(stored.records[0]) == 16 + 60 * 44 * (1 if sampling == "gray" else 1.5) + 64


def test_lossless_planes_by_kind_of_file() -> None:
    expected = {"4:4:4": "yuv444", "4:2:0": "yuv420", "gray": "yuv420", "4:2:2": "rgb", "4:4:0": "rgb", "4:1:1": "rgb"}
    assert {sampling: lossless_planes(images.jpeg(64, 48, sampling=sampling)) for sampling in expected} == expected
    for image in (images.rgb_jpeg(), images.cmyk_jpeg(), images.ycck_jpeg()):
        assert lossless_planes(image) == "rgb"


BAD = {
    "empty": b"",
    "text": b"this is text",
    "lying png": images.other_format("PNG")[:20],
    "arithmetic": images.arithmetic_jpeg(),
    "huge": images.huge_jpeg(),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("encoding", ["dct", "yuv420", "yuv444", "rgb"])
def test_what_cannot_be_decoded_fails_alone(name: str, encoding: str) -> None:
    good = images.jpeg(40, 30)
    stored = ENCODINGS[encoding]([good, BAD[name], good], b"", 0)
    assert list(stored.failures) == [1] and stored.failures[1]
    assert bytes(stored.records[0]) == bytes(stored.records[2]) != b""


def test_truncated_images_do_not_go_into_a_cache_of_pixels(tmp_path: Path) -> None:
    source = IterableSource([{"image": images.jpeg(64, 48)}, {"image": images.truncated(images.jpeg(64, 48))}])
    for encoding in ("dct", "yuv420", "yuv444", "rgb"):
        with pytest.raises(BuildError, match=r"\(sample 1\)"):
            build(source, tmp_path / f"{encoding}.slip", BuildOptions(encoding=encoding))


@pytest.mark.parametrize(
    ("size", "short", "long", "expected"),
    [
        ((500, 375), 256, None, (341, 256)),
        ((375, 500), 256, 512, (256, 341)),
        ((1000, 300), 256, 512, (512, 154)),
        ((200, 100), 256, None, (200, 100)),
        ((2000, 100), None, 512, (512, 26)),
        ((5000, 2), 1, None, (2500, 1)),
        ((256, 256), 256, 256, (256, 256)),
    ],
)
def test_sizes_shrink_and_never_grow(
    size: tuple[int, int], short: int | None, long: int | None, expected: tuple[int, int]
) -> None:
    assert Shrink(short, long, 90).size(*size) == expected


@pytest.mark.parametrize("orientation", [1, 6])
def test_shrunk_images_are_pillows(orientation: int, tmp_path: Path) -> None:
    original = images.oriented_jpeg(orientation, 320, 240, icc_profile=b"profile" * 20)
    path = build(IterableSource([{"image": original}]), tmp_path / "a.slip", BuildOptions(short=100, quality=95))
    stored = Image.open(io.BytesIO(Reader(path)[0]["image"]))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(original)))
    assert upright is not None
    size = (133, 100) if orientation == 1 else (100, 133)
    expected = io.BytesIO()
    upright.resize(size, Image.Resampling.BILINEAR).save(expected, "JPEG", quality=95, subsampling="4:2:0")
    assert stored.size == size and stored.getexif().get(0x0112, 1) == 1
    difference = np.asarray(stored).astype(int) - np.asarray(Image.open(expected))
    assert np.abs(difference).max() <= 1
    assert stored.info["icc_profile"] == b"profile" * 20


def test_images_that_fit_keep_their_bytes(tmp_path: Path) -> None:
    image = images.jpeg(90, 60)
    path = build(IterableSource([{"image": image}]), tmp_path / "a.slip", BuildOptions(short=64, max_long=128))
    assert bytes(Reader(path)[0]["image"]) == image


def test_other_formats_are_shrunk_to_jpeg(tmp_path: Path) -> None:
    source = IterableSource([{"image": images.other_format(name)} for name in images.OTHER_FORMATS])
    records = Reader(build(source, tmp_path / "a.slip", BuildOptions(short=60))).images("image", np.arange(4))
    assert (records.rows["encoding"] == 0).all() and (records.rows["height"] == 60).all()
