"""How images are stored: one table, one entry per encoding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import _core, codec, formats
from slipstream_plugins.cache.coefficients import exported, make_records
from slipstream_plugins.cache.format import ENCODING_CODES
from slipstream_plugins.cache.headers import lossless_planes, probe
from slipstream_plugins.cache.pixels import Failures, exact_pixels, too_large

__all__ = ["ENCODINGS", "Chunk", "EncodingSpec", "Stored"]

_JPEG = ENCODING_CODES["jpeg"]
_FOREIGN = ENCODING_CODES["foreign"]
_DCT = ENCODING_CODES["dct"]


@dataclass(frozen=True)
class Chunk:
    """Images to store.

    Args:
        encoded: n images.
        infos: [n] of _core.INFO_DTYPE.
        tables: The tables of the cache, b"" where the encoding has none.
        num_threads: Native threads to use, 0 for all.
    """

    encoded: _core.Encoded
    infos: NDArray[np.void]
    tables: bytes
    num_threads: int


@dataclass(frozen=True)
class Stored:
    """Images as they will be stored.

    Args:
        records: n buffers; meaningless where the image failed.
        infos: [n] of _core.INFO_DTYPE, of the records.
        failures: Position to reason.
    """

    records: list[Any]
    infos: NDArray[np.void]
    failures: Failures


Encode = Callable[[Chunk, list[int]], tuple[dict[int, Any], Failures]]


@dataclass(frozen=True)
class EncodingSpec:
    """One way to store images.

    Args:
        encode: Makes the records of some images of a chunk, by position; and the reasons of those that failed.
        train: Makes the tables of the whole cache from some of its images, for a packing; None where there are none.
    """

    encode: Encode
    train: Callable[[Sequence[Any], codec.Packing], bytes] | None = None

    def __call__(self, images: Sequence[Any], tables: bytes, num_threads: int) -> Stored:
        """Stores images, whatever each of them is."""
        encoded, infos, failures = probe(images, num_threads)
        if (infos["encoding"] == _DCT).any():
            images, failures = exported(images, encoded, infos, num_threads)
            encoded, infos, unreadable = probe(images, num_threads)
            failures = {**unreadable, **failures}
        rows = [row for row in range(len(images)) if row not in failures]
        made, failed = self.encode(Chunk(encoded, infos, tables, num_threads), rows)
        records = [made.get(row, b"") for row in range(len(images))]
        _, stored, unreadable = probe(records, num_threads)
        return Stored(records, stored, {**unreadable, **failed, **failures})


def _keep(chunk: Chunk, rows: list[int]) -> tuple[dict[int, Any], Failures]:
    """Every image as the bytes that it is."""
    return {row: chunk.encoded[row] for row in rows}, {}


def _rgb(chunk: Chunk, rows: list[int]) -> tuple[dict[int, Any], Failures]:
    """Exact pixels of everything."""
    pixels, failures = exact_pixels(chunk.encoded, chunk.infos, rows, chunk.num_threads)
    return {row: formats.record(image) for row, image in pixels.items()}, failures


_MAKERS = {"yuv420": _core.to_yuv420, "yuv444": _core.to_yuv444}


def _in_groups(chunk: Chunk, rows: list[int], group: Callable[[Any], str]) -> tuple[dict[int, Any], Failures]:
    """Planes or pixels of JPEGs, as `group` says; exact pixels of files of other formats; records as they are."""
    failures = {row: reason for row in rows if (reason := too_large(chunk.infos[row])) is not None}
    groups: dict[str, list[int]] = {"yuv420": [], "yuv444": [], "rgb": [], "keep": []}
    for row in rows:
        if row not in failures:
            kind = int(chunk.infos["encoding"][row])
            name = group(chunk.encoded[row]) if kind == _JPEG else "rgb" if kind == _FOREIGN else "keep"
            groups[name].append(row)
    records: dict[int, Any] = {row: chunk.encoded[row] for row in groups["keep"]}
    for name, make in _MAKERS.items():
        some = groups[name]
        made, failed = make(chunk.encoded, np.array(some, np.int64), chunk.num_threads)
        records |= dict(zip(some, made, strict=True))
        failures |= {some[position]: reason for position, _, reason in failed}
    exact, failed_rows = _rgb(chunk, groups["rgb"])
    return {**records, **exact}, {**failures, **failed_rows}


def _yuv420(chunk: Chunk, rows: list[int]) -> tuple[dict[int, Any], Failures]:
    """Planes with chroma of half the size, to which the chroma of JPEGs with more is averaged."""
    return _in_groups(chunk, rows, lambda jpeg: "yuv420")


def _yuv444(chunk: Chunk, rows: list[int]) -> tuple[dict[int, Any], Failures]:
    """Planes where nothing is lost: 4:4:4 and 4:2:0 as they are, pixels for the few other JPEGs."""
    return _in_groups(chunk, rows, lossless_planes)


def _dct(chunk: Chunk, rows: list[int]) -> tuple[dict[int, Any], Failures]:
    """The coefficients of JPEGs, exact pixels of files of other formats, records of pixels as they are."""
    kinds = chunk.infos["encoding"]
    jpegs = [row for row in rows if kinds[row] == _JPEG]
    foreign = [row for row in rows if kinds[row] == _FOREIGN]
    records, failures = make_records(chunk.encoded, chunk.infos, jpegs, chunk.tables, chunk.num_threads)
    exact, failed = _rgb(chunk, foreign)
    kept = {row: chunk.encoded[row] for row in rows if kinds[row] not in (_JPEG, _FOREIGN)}
    return {**records, **exact, **kept}, {**failures, **failed}


ENCODINGS: dict[str, EncodingSpec] = {
    "jpeg": EncodingSpec(_keep),
    "dct": EncodingSpec(_dct, codec.train_tables),
    "yuv420": EncodingSpec(_yuv420),
    "yuv444": EncodingSpec(_yuv444),
    "rgb": EncodingSpec(_rgb),
}
"""By the name that `BuildOptions.encoding` takes."""
