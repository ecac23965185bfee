"""Whole images decoded exactly, for encodings that store pixels, for resizing and for verification."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import _core, formats
from slipstream_plugins.boxes import full_views
from slipstream_plugins.cache.format import ENCODING_CODES
from slipstream_plugins.ops import oriented_sizes

__all__ = ["MAX_PIXELS", "Failures", "Pixels", "exact_pixels", "too_large"]

MAX_PIXELS = 1 << 28
"""Images with more pixels are refused from their header when a build would have to decode them."""

Failures = dict[int, str]
Pixels = NDArray[np.uint8]

_FOREIGN = ENCODING_CODES["foreign"]


def too_large(info: np.void) -> str | None:
    """Why an image with this header is not decoded, if so."""
    width, height = int(info["width"]), int(info["height"])
    if width * height <= MAX_PIXELS:
        return None
    return f"expected at most {MAX_PIXELS} pixels, got {width}x{height}"


def exact_pixels(
    encoded: _core.Encoded, infos: NDArray[np.void], rows: list[int], num_threads: int = 0
) -> tuple[dict[int, Pixels], Failures]:
    """Decodes images whole and turns them upright.

    Args:
        encoded: n images.
        infos: [n] of _core.INFO_DTYPE.
        rows: Positions of those to decode.
        num_threads: Threads of the pool, 0 for all.

    Returns:
        By position, [H, W, 3] uint8 of those that decode, and the reasons of the others.

    Source: libjpeg-turbo's ISLOW with fancy upsampling; Pillow for other formats than JPEG and records.
    """
    pixels: dict[int, Pixels] = {}
    failures = {row: reason for row in rows if (reason := too_large(infos[row])) is not None}
    native = [row for row in rows if row not in failures and infos["encoding"][row] != _FOREIGN]
    if native:
        at = np.array(native, np.int64)
        views = full_views(oriented_sizes(infos[at]))
        arrays = [_core.PooledArray((3, *size), "uint8", True) for size in views["size"].tolist()]
        outputs = [_core.Output(channels_last=True)]
        failed = _core.decode(encoded, infos, at, [views], outputs, [arrays], True, num_threads)
        failures |= {native[position]: reason for position, _, reason in failed}
        for row, array in zip(native, arrays, strict=True):
            if row not in failures:
                pixels[row] = np.asarray(array).transpose(1, 2, 0)
    for row in rows:
        if row not in failures and infos["encoding"][row] == _FOREIGN:
            try:
                pixels[row] = formats.pillow_pixels(encoded[row], MAX_PIXELS, orient=True)
            except formats.UnreadableError as error:
                failures[row] = error.reason
    return pixels, failures
