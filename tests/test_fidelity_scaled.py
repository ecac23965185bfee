"""`fast` where crops are far larger than the output, so that reduced inverse DCTs serve it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from slipstream_plugins import _core, codec
from tests import images
from tests.test_fidelity import Boxes, Pooled, draw_boxes, ours, pillow

FLOORS = {"4:2:0": 49.0, "4:4:4": 50.0, "4:2:2": 49.0, "4:4:0": 49.0, "4:1:1": 49.0, "gray": 50.0}
FACTORS = {"4:4:0": (1, 2), "4:1:1": (4, 1)}


def textured(width: int, height: int, sampling: str) -> bytes:
    """A photo-like picture, enlarged six times, with the grain of a sensor."""
    small = Image.fromarray(images.decode(images.jpeg(width // 6, height // 6, sampling="4:4:4")))
    large = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), np.float64)
    grain = np.random.default_rng(width).normal(0, 3, (height, width, 1))
    pixels = np.clip(large + grain, 0, 255).astype(np.uint8)
    if sampling == "gray":
        return images.encode(images.gray(pixels), quality=90)
    if sampling in FACTORS:
        return images.jpeg_of_factors(pixels, FACTORS[sampling], 90)
    return images.encode(pixels, quality=90, subsampling=sampling)


def crops(width: int, height: int) -> Boxes:
    """Boxes of RRC's law and the whole image."""
    return np.concatenate([draw_boxes(width, height, 8, width)[1:], [[0, 0, width, height]]]).astype(np.int32)


@pytest.mark.parametrize("sampling", list(FLOORS))
@pytest.mark.parametrize("size", [16, 48, 64, 96])
def test_large_crops_are_above_the_floors(sampling: str, size: int) -> None:
    pool = Pooled()
    for width, height in ((1200, 900), (1091, 1403)):
        data = textured(width, height, sampling)
        boxes = crops(width, height)
        reference = pillow(Image.fromarray(images.decode(data)), boxes, size)
        for stored in (data, codec.transcode(data)):
            pool.add(sampling, ours(bytes(stored), boxes, "fast", size=size), reference)
    assert pool.psnr >= FLOORS[sampling]
    assert pool.worst >= 38


@pytest.mark.parametrize("sampling", list(FLOORS))
def test_levels_threads_and_encodings_never_change_a_byte(sampling: str) -> None:
    data = textured(1091, 803, sampling)
    boxes = crops(1091, 803)
    best = _core.simd_level()
    try:
        for size in (16, 40, 64, 100):
            _core.force_simd_level(best)
            expected = ours(data, boxes, "fast", size=size)
            np.testing.assert_array_equal(ours(data, boxes, "fast", threads=3, size=size), expected)
            np.testing.assert_array_equal(ours(bytes(codec.transcode(data)), boxes, "fast", size=size), expected)
            _core.force_simd_level("portable")
            np.testing.assert_array_equal(ours(data, boxes, "fast", size=size), expected)
    finally:
        _core.force_simd_level(best)
