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
from slipstream_plugins.cache.pixels import Failures, exact_pixels, too_large

__all__ = ["ENCODINGS", "Encoded", "EncodingSpec", "probe"]

_JPEG = ENCODING_CODES["jpeg"]
_FOREIGN = ENCODING_CODES["foreign"]


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
    pixels, failures = exact_pixels(encoded, infos, rows.tolist(), num_threads)
    records = [formats.record(pixels[row]) if row in pixels else b"" for row in rows.tolist()]
    return records, {position: failures[row] for position, row in enumerate(rows.tolist()) if row in failures}


Natively = Callable[[NDArray[np.int64]], tuple[list[bytes], list[tuple[int, int, str]]]]


def _by_kind(
    encoded: _core.Encoded, infos: NDArray[np.void], rows: NDArray[np.int64], natively: Natively
) -> tuple[list[Any], Failures]:
    """JPEGs through a native call, records as they are, other formats as exact pixels."""
    kinds = infos["encoding"][rows]
    records: list[Any] = [encoded[row] for row in rows.tolist()]
    failures = {
        position: reason for position, row in enumerate(rows.tolist()) if (reason := too_large(infos[row])) is not None
    }
    jpegs = np.array([at for at in np.flatnonzero(kinds == _JPEG).tolist() if at not in failures], np.int64)
    if len(jpegs):
        made, failed = natively(rows[jpegs])
        for position, record in zip(jpegs.tolist(), made, strict=True):
            records[position] = record
        failures |= {int(jpegs[position]): reason for position, _, reason in failed}
    foreign = np.flatnonzero(kinds == _FOREIGN).tolist()
    pixels, unreadable = exact_pixels(encoded, infos, rows[foreign].tolist())
    for position in foreign:
        row = int(rows[position])
        if row in pixels:
            records[position] = formats.record(pixels[row])
        else:
            failures[position] = unreadable[row]
    return records, failures


ENCODINGS: dict[str, EncodingSpec] = {
    "jpeg": EncodingSpec(_keep),
    "yuv420": EncodingSpec(_yuv420),
    "rgb": EncodingSpec(_rgb),
}
"""By the name that `BuildOptions.encoding` takes."""
