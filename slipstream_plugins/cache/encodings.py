"""How images are stored: one table, one entry per encoding."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import _core, formats
from slipstream_plugins.cache.format import ENCODING_CODES

__all__ = ["ENCODINGS", "MAX_PIXELS", "Encoded", "EncodingSpec", "probe", "too_large"]

MAX_PIXELS = 1 << 28
"""Images with more pixels are refused from their header when they would have to be decoded for the build."""

_JPEG = ENCODING_CODES["jpeg"]
_FOREIGN = ENCODING_CODES["foreign"]

Failures = dict[int, str]


@dataclass(frozen=True)
class Encoded:
    """Images as they will be stored.

    Args:
        records: One buffer per image; meaningless where the image failed.
        infos: [n] of _core.INFO_DTYPE, of the records.
        failures: Position to reason.
    """

    records: list[Any]
    infos: NDArray[np.void]
    failures: Failures


@dataclass(frozen=True)
class EncodingSpec:
    """One way to store images.

    Args:
        encode: (images, infos, rows, tables, num_threads) -> (records of these rows, failures by position in rows).
            `images` are all of a chunk and `infos` their headers; `rows` [m] int64 are those whose header is good.
        train: Makes the tables of the whole cache from some of the source's images; None where there are none.
    """

    encode: Callable[[_core.Encoded, NDArray[np.void], NDArray[np.int64], bytes, int], tuple[list[Any], Failures]]
    train: Callable[[Iterable[Any]], bytes] | None = None

    def __call__(self, images: Sequence[Any], tables: bytes, num_threads: int) -> Encoded:
        """Stores a chunk of images, whatever each of them is."""
        encoded, infos, failures = probe(images, num_threads)
        rows = np.array([row for row in range(len(images)) if row not in failures], np.int64)
        made, failed = self.encode(encoded, infos, rows, tables, num_threads)
        failures |= {int(rows[position]): reason for position, reason in failed.items()}
        records: list[Any] = [b""] * len(images)
        for position, row in enumerate(rows.tolist()):
            records[row] = made[position]
        _, stored, unreadable = probe(records, num_threads)
        failures |= {row: reason for row, reason in unreadable.items() if row not in failures}
        return Encoded(records, stored, failures)


def probe(images: Sequence[Any], num_threads: int = 0) -> tuple[_core.Encoded, NDArray[np.void], Failures]:
    """The headers of images, those of foreign formats through Pillow; failures by position."""
    encoded = _core.Encoded.from_buffers(images)
    infos, failed = encoded.probe(num_threads)
    failures = {row: reason for row, _, reason in failed}
    for row in np.flatnonzero(infos["encoding"] == _FOREIGN).tolist():
        if row not in failures:
            try:
                infos["width"][row], infos["height"][row], infos["orientation"][row] = _foreign_header(images[row])
            except formats.UnreadableError as error:
                failures[row] = error.reason
    return encoded, infos, failures


def too_large(width: int, height: int) -> str | None:
    """Why an image of this size is not decoded at build, if so."""
    if width * height <= MAX_PIXELS:
        return None
    return f"expected at most {MAX_PIXELS} pixels, got {width}x{height}"


def _foreign_header(image: Any) -> tuple[int, int, int]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(image)) as opened:
            orientation = int(opened.getexif().get(0x0112, 1))
            return (*opened.size, orientation if 1 <= orientation <= 8 else 1)
    except UnidentifiedImageError:
        raise formats.UnreadableError(
            "not_an_image", "expected an image, got bytes that Pillow does not know"
        ) from None
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise formats.UnreadableError("corrupt", f"Pillow cannot read it: {error}") from None


def _keep(
    encoded: _core.Encoded, infos: NDArray[np.void], rows: NDArray[np.int64], tables: bytes, num_threads: int
) -> tuple[list[Any], Failures]:
    """Every image as the bytes that it is."""
    return [encoded[row] for row in rows.tolist()], {}


def _yuv420(
    encoded: _core.Encoded, infos: NDArray[np.void], rows: NDArray[np.int64], tables: bytes, num_threads: int
) -> tuple[list[Any], Failures]:
    """Planes of JPEGs; exact pixels of everything else."""
    return _by_kind(encoded, infos, rows, lambda some: _core.to_yuv420(encoded, some, num_threads))


def _rgb(
    encoded: _core.Encoded, infos: NDArray[np.void], rows: NDArray[np.int64], tables: bytes, num_threads: int
) -> tuple[list[Any], Failures]:
    """Exact pixels of everything."""
    return _by_kind(encoded, infos, rows, lambda some: _exact(encoded, infos, some, num_threads))


Natively = Callable[[NDArray[np.int64]], tuple[list[bytes], list[tuple[int, int, str]]]]


def _by_kind(
    encoded: _core.Encoded, infos: NDArray[np.void], rows: NDArray[np.int64], natively: Natively
) -> tuple[list[Any], Failures]:
    """JPEGs through a native call, records as they are, other formats as exact pixels."""
    kinds = infos["encoding"][rows]
    records: list[Any] = [encoded[row] for row in rows.tolist()]
    failures: Failures = {}
    for position, row in enumerate(rows.tolist()):
        if reason := too_large(int(infos["width"][row]), int(infos["height"][row])):
            failures[position] = reason
    jpegs = np.array([position for position in np.flatnonzero(kinds == _JPEG) if position not in failures], np.int64)
    if len(jpegs):
        made, failed = natively(rows[jpegs])
        for position, record in zip(jpegs.tolist(), made, strict=True):
            records[position] = record
        failures |= {int(jpegs[position]): reason for position, _, reason in failed}
    for position in np.flatnonzero(kinds == _FOREIGN).tolist():
        try:
            records[position] = formats.record(formats.pillow_pixels(records[position], MAX_PIXELS, orient=True))
        except formats.UnreadableError as error:
            failures[position] = error.reason
    return records, failures


def _exact(
    encoded: _core.Encoded, infos: NDArray[np.void], rows: NDArray[np.int64], num_threads: int
) -> tuple[list[bytes], list[tuple[int, int, str]]]:
    """rgb records of a whole, exact decode."""
    from slipstream_plugins.cache.pixels import exact_pixels

    pixels, failures = exact_pixels(encoded, infos, rows, num_threads)
    return [formats.record(image) for image in pixels], failures


ENCODINGS: dict[str, EncodingSpec] = {
    "jpeg": EncodingSpec(_keep),
    "yuv420": EncodingSpec(_yuv420),
    "rgb": EncodingSpec(_rgb),
}
"""By the name that `BuildOptions.encoding` takes."""
