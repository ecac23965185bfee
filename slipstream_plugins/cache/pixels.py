"""Whole images decoded exactly, for encodings that store pixels, resizing and verification."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import _core
from slipstream_plugins.boxes import full_views
from slipstream_plugins.ops import oriented_sizes

__all__ = ["exact_pixels"]


def exact_pixels(
    encoded: _core.Encoded, infos: NDArray[np.void], rows: NDArray[np.int64], num_threads: int = 0
) -> tuple[list[NDArray[np.uint8]], list[tuple[int, int, str]]]:
    """Decodes images whole, as libjpeg-turbo's ISLOW with fancy upsampling does, and turns them upright.

    Args:
        encoded: n images that the native core reads.
        infos: [n] of _core.INFO_DTYPE.
        rows: [m] int64, those to decode.
        num_threads: Threads of the pool, 0 for all.

    Returns:
        m arrays [H, W, 3] uint8, zero where the image failed; failures as (position in rows, code, reason).
    """
    views = full_views(oriented_sizes(infos[rows]))
    arrays = [_core.PooledArray((3, *size), "uint8", True) for size in views["size"].tolist()]
    outputs = [_core.Output(channels_last=True)]
    failures = _core.decode(encoded, infos, rows, [views], outputs, [arrays], True, num_threads)
    return [np.asarray(array).transpose(1, 2, 0) for array in arrays], failures
