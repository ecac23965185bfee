"""JPEGs as dct records and back: the same coefficients, bit for bit, in a form that decodes many times faster.

A record stands alone and is decoded wherever a JPEG is. FORMAT.md specifies it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np

from slipstream_plugins import _core
from slipstream_plugins.errors import TranscodeError

__all__ = [
    "PACKINGS",
    "Packing",
    "packing_of",
    "to_jpeg",
    "to_jpeg_batch",
    "train_tables",
    "transcode",
    "transcode_batch",
]

Packing = Literal["compact", "wide"]

PACKINGS: tuple[Packing, ...] = ("compact", "wide")
"""compact: about the bytes of the JPEG. wide: about a tenth more, and faster."""


def transcode(jpeg: Any, packing: Packing = "compact", *, keep_icc: bool = True, keep_exif: bool = False) -> bytes:
    """Turns a JPEG into a dct record with the same coefficients.

    Args:
        jpeg: A buffer with a baseline or progressive JPEG: gray, YCbCr or RGB, 8 bits.
        packing: One of PACKINGS.
        keep_icc: Whether the record keeps the ICC profile.
        keep_exif: Whether the record keeps the EXIF data. The orientation is kept in any case.

    Returns:
        The record.

    Raises:
        TranscodeError: It is damaged, or of a kind that a record cannot hold (`code` "unsupported").
    """
    return transcode_batch([jpeg], packing, keep_icc=keep_icc, keep_exif=keep_exif)[0]


def transcode_batch(
    jpegs: Sequence[Any],
    packing: Packing = "compact",
    *,
    fallback: bool = False,
    tables: int | None = None,
    keep_icc: bool = True,
    keep_exif: bool = False,
    num_threads: int = 0,
) -> list[bytes]:
    """Turns JPEGs into dct records, in parallel.

    Args:
        jpegs: n buffers.
        packing: One of PACKINGS.
        fallback: Whether an image that a record cannot hold stays the JPEG that it is, instead of raising.
        tables: The id of registered entropy tables; None takes the built-in ones, which every reader knows.
        keep_icc: Whether records keep ICC profiles.
        keep_exif: Whether records keep EXIF data.
        num_threads: Native threads to use, 0 for all.

    Returns:
        n records.

    Raises:
        TranscodeError: Names the first image that failed by its position.
    """
    _check_packing(packing)
    encoded = _core.Encoded.from_buffers(jpegs)
    rows = np.arange(len(encoded), dtype=np.int64)
    records, failures = _core.to_dct(encoded, rows, packing, tables, keep_icc, keep_exif, num_threads)
    for row, number, reason in failures:
        code = _core.CODES[number]
        if not (fallback and code == "unsupported"):
            raise TranscodeError(reason, row, code)
        records[row] = bytes(encoded[row])
    return records


def to_jpeg(record: Any) -> bytes:
    """Turns a dct record into a JPEG with the same coefficients, quantisation tables and sampling.

    Args:
        record: A buffer with a dct record.

    Returns:
        A baseline JPEG with optimised Huffman tables, the kept ICC and EXIF data, and the orientation.

    Raises:
        TranscodeError: The record is damaged; its checksum is always compared.
    """
    return to_jpeg_batch([record])[0]


def to_jpeg_batch(records: Sequence[Any], *, num_threads: int = 0) -> list[bytes]:
    """Turns dct records into JPEGs, in parallel; see `to_jpeg`.

    Args:
        records: n buffers.
        num_threads: Native threads to use, 0 for all.

    Returns:
        n JPEGs.

    Raises:
        TranscodeError: Names the first record that failed by its position.
    """
    encoded = _core.Encoded.from_buffers(records)
    jpegs, failures = _core.from_dct(encoded, np.arange(len(encoded), dtype=np.int64), num_threads)
    for row, number, reason in failures:
        raise TranscodeError(reason, row, _core.CODES[number])
    return jpegs


def train_tables(jpegs: Iterable[Any], packing: Packing = "compact", num_threads: int = 0) -> bytes:
    """Makes entropy tables from a sample of JPEGs; they make similar images a few per cent smaller.

    Args:
        jpegs: Some hundred buffers; those that a record cannot hold are left out.
        packing: One of PACKINGS.
        num_threads: Native threads to use, 0 for all.

    Returns:
        The tables. A record made with them needs them: `_core.register_tables` in every process that reads it.
    """
    _check_packing(packing)
    return _core.train_tables(_core.Encoded.from_buffers(list(jpegs)), packing, num_threads)


def packing_of(tables: bytes) -> Packing:
    """The packing of entropy tables, which need not be registered."""
    return PACKINGS[tables[5]]


def _check_packing(packing: str) -> None:
    if packing not in PACKINGS:
        raise ValueError(f"packing: expected one of {', '.join(PACKINGS)}, got {packing!r}")
