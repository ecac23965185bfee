"""Images of other formats against Pillow, and the plain-Python reference decoder against both."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps, features

from slipstream_plugins import ops
from slipstream_plugins.formats import UnreadableError, pillow_pixels, reference_pixels
from slipstream_plugins.plan import DecodePlan
from tests import images

LIMIT = 10**8


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def picture(mode: str = "RGB") -> Image.Image:
    image = Image.fromarray(images.photo(60, 40))
    if mode == "RGBA":
        image = image.convert("RGBA")
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image if mode == "RGBA" else image.convert(mode)


FILES: dict[str, bytes] = {
    "png": saved(picture(), "PNG"),
    "png with alpha": saved(picture("RGBA"), "PNG"),
    "png gray": saved(picture("L"), "PNG"),
    "png gray with alpha": saved(picture("LA"), "PNG"),
    "png palette": saved(picture("P"), "PNG"),
    "png palette with one clear colour": saved(picture("P"), "PNG", transparency=3),
    "png palette with alpha": saved(picture("P"), "PNG", transparency=bytes(range(256))),
    "png bits": saved(picture("1"), "PNG"),
    "gif": saved(picture(), "GIF"),
    "gif of two frames": saved(picture(), "GIF", save_all=True, append_images=[Image.new("RGB", (60, 40))]),
    "bmp": saved(picture(), "BMP"),
    "webp": saved(picture(), "WEBP"),
    "webp with alpha": saved(picture("RGBA"), "WEBP", lossless=True),
}
if features.check("avif"):
    FILES["avif"] = saved(picture(), "AVIF")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", FILES)
def test_pixels_are_pillows(kind: str) -> None:
    with Image.open(io.BytesIO(FILES[kind])) as image:
        expected = np.asarray(image.convert("RGBA").convert("RGB") if image.mode == "P" else image.convert("RGB"))
    np.testing.assert_array_equal(pillow_pixels(FILES[kind], LIMIT, True), expected)


def test_sixteen_bit_gray_keeps_its_high_byte() -> None:
    levels = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)
    data = saved(Image.fromarray(levels), "PNG")
    np.testing.assert_array_equal(pillow_pixels(data, LIMIT, True)[..., 1], (levels >> 8).astype(np.uint8))


@pytest.mark.parametrize("orientation", images.ORIENTATIONS)
def test_exif_orientation_of_png_and_webp(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    for format in ("PNG", "WEBP"):
        data = saved(picture(), format, exif=exif.tobytes())
        with Image.open(io.BytesIO(data)) as image:
            expected = np.asarray(ImageOps.exif_transpose(image))
            stored = np.asarray(image)
        np.testing.assert_array_equal(pillow_pixels(data, LIMIT, True), expected)
        np.testing.assert_array_equal(pillow_pixels(data, LIMIT, False), stored)


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(UnreadableError, match="at most 100 pixels, got 60x40") as caught:
        pillow_pixels(FILES["png"], 100, True)
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("kind", ["png", "gif", "bmp", "webp"])
def test_a_truncated_file_is_an_error(kind: str) -> None:
    with pytest.raises(UnreadableError):
        pillow_pixels(FILES[kind][: len(FILES[kind]) // 2], LIMIT, True)


@pytest.mark.parametrize("sampling", images.SAMPLINGS)
@pytest.mark.parametrize("progressive", [False, True])
def test_the_reference_decodes_as_the_native_core_does(sampling: str, progressive: bool) -> None:
    pytest.importorskip("turbojpeg")
    data = images.jpeg(97, 61, sampling=sampling, progressive=progressive)
    opened = ops.open_images([data], DecodePlan())
    pixels, _ = ops.render(opened, ops.make_views(DecodePlan(), opened.sizes, None, None), DecodePlan())
    native = np.asarray(pixels)[0].transpose(1, 2, 0)
    np.testing.assert_array_equal(reference_pixels(data, 1), native)


@pytest.mark.parametrize("orientation", images.ORIENTATIONS)
def test_the_reference_turns_as_pillow_does(orientation: int) -> None:
    pytest.importorskip("turbojpeg")
    data = images.oriented_jpeg(orientation, 40, 24)
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.abs(reference_pixels(data, orientation).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("make", [images.cmyk_jpeg, images.ycck_jpeg])
def test_the_reference_turns_ink_into_light(make: Any) -> None:
    pytest.importorskip("turbojpeg")
    data = make(64, 48)
    assert np.abs(reference_pixels(data, 1).astype(int) - images.decode(data)).max() <= 1


@pytest.mark.parametrize("kind", ["truncated", "empty", "text"])
def test_the_reference_refuses_what_is_damaged(kind: str) -> None:
    pytest.importorskip("turbojpeg")
    with pytest.raises(UnreadableError):
        reference_pixels(images.bad_images()[kind], 1)
