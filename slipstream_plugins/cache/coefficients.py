"""The encoding `dct`: coefficients of JPEGs, with entropy tables trained for the cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import _core, codec
from slipstream_plugins.cache.format import ENCODING_CODES
from slipstream_plugins.cache.pixels import Failures, too_large

__all__ = ["exported", "make_records"]

_DCT = ENCODING_CODES["dct"]


def make_records(
    encoded: _core.Encoded, infos: NDArray[np.void], rows: list[int], tables: bytes, num_threads: int
) -> tuple[dict[int, Any], Failures]:
    """Records of JPEGs by position; those that a record cannot hold keep their bytes.

    Args:
        encoded: n images.
        infos: [n] of _core.INFO_DTYPE.
        rows: Positions of the JPEGs.
        tables: The cache's entropy tables; b"" takes the built-in ones and packing compact.
        num_threads: Native threads to use, 0 for all.

    Returns:
        The records, and the reasons of the JPEGs that are damaged.
    """
    failures = {row: reason for row in rows if (reason := too_large(infos[row])) is not None}
    taken = np.array([row for row in rows if row not in failures], np.int64)
    packing = codec.packing_of(tables) if tables else "compact"
    identity = _core.register_tables(tables) if tables else None
    made, failed = _core.to_dct(encoded, taken, packing, identity, num_threads=num_threads)
    records: dict[int, Any] = dict(zip(taken.tolist(), made, strict=True))
    for position, number, reason in failed:
        row = int(taken[position])
        if _core.CODES[number] == "unsupported":
            records[row] = encoded[row]
        else:
            failures[row] = reason
    return records, failures


def exported(
    images: Sequence[Any], encoded: _core.Encoded, infos: NDArray[np.void], num_threads: int
) -> tuple[list[Any], Failures]:
    """The images with dct records as JPEGs: the tables of the cache that they come from do not come with them."""
    rows = np.flatnonzero(infos["encoding"] == _DCT).astype(np.int64)
    jpegs, failed = _core.from_dct(encoded, rows, num_threads)
    plain = list(images)
    for row, jpeg in zip(rows.tolist(), jpegs, strict=True):
        plain[row] = jpeg
    return plain, {int(rows[position]): reason for position, _, reason in failed}
