"""Reads everything in a cache and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import _core
from slipstream_plugins.cache import format as layout
from slipstream_plugins.cache.encodings import ENCODINGS
from slipstream_plugins.cache.headers import probe
from slipstream_plugins.cache.options import cache_id
from slipstream_plugins.cache.pixels import Failures, Pixels, exact_pixels
from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.cache.records import Records
from slipstream_plugins.cache.resize import Shrink
from slipstream_plugins.errors import SlipstreamError
from slipstream_plugins.types import Source

__all__ = ["Verification", "verify"]

CHUNK = 64
BLOCK = 1 << 22


@dataclass
class Verification:
    """What was looked at, and what is wrong.

    Args:
        samples: Samples of the cache.
        bytes: Bytes of all its files.
        images: Images whose pixels are those of the source.
        reduced: Images that hold what the encoding keeps of the source, such as 4:2:0 of a 4:4:4 JPEG.
        problems: One sentence each; empty for a good cache.
    """

    samples: int
    bytes: int = 0
    images: int = 0
    reduced: int = 0
    problems: list[str] = field(default_factory=list)


def verify(path: str | Path, source: Source | None = None, progress: bool | None = False) -> Verification:
    """Compares every file and record with its checksum, every header with the index, and all values with the source.

    Args:
        path: The .slip directory.
        source: What the cache was built from; its images are decoded exactly and compared pixel by pixel.
        progress: Shows a progress bar on stderr; None does so on a terminal.

    Raises:
        CacheError: There is no finished cache, or its manifest is damaged.
    """
    reader = Reader(path)
    result = Verification(len(reader))
    _check_files(reader, result)
    if result.problems:
        return result
    if source is not None:
        _check_identity(reader, source, result)
    numbers = _source_indices(reader.manifest, source) if source is not None and not result.problems else None
    for indices in _chunks(len(reader), progress):
        with _noting(result):
            columns = reader.read(indices)
            for name, kind in reader.fields.items():
                if kind == "image":
                    _check_images(columns[name], name, indices, result)
            if source is not None and numbers is not None:
                _compare(reader, columns, source, indices, numbers[indices], result)
    return result


@contextmanager
def _noting(result: Verification) -> Iterator[None]:
    """Turns an error of this package into a problem."""
    try:
        yield
    except (SlipstreamError, OSError) as error:
        result.problems.append(str(error))


def _check_files(reader: Reader, result: Verification) -> None:
    manifest, path = reader.manifest, reader.path
    files = {path / name: entry for name, entry in manifest.tables.items()}
    for shard in manifest.shards:
        files |= {path / shard.name / name: entry for name, entry in shard.files.items()}
        with _noting(result):
            if layout.read_shard_entry(path / shard.name) != shard:
                result.problems.append(f"{path / shard.name / layout.SHARD_ENTRY}: differs from the manifest")
    for file, entry in files.items():
        with _noting(result):
            size, checksum = _checksum(file)
            result.bytes += size
            if size != entry.size:
                result.problems.append(f"{file}: expected {entry.size} bytes, got {size}")
            elif checksum != entry.crc32c:
                result.problems.append(f"{file}: expected CRC-32C {entry.crc32c:08x}, got {checksum:08x}")


def _checksum(file: Path) -> tuple[int, int]:
    size = checksum = 0
    with open(file, "rb", buffering=0) as content:
        while block := content.read(BLOCK):
            size += len(block)
            checksum = _core.crc32c(block, checksum)
    return size, checksum


def _check_identity(reader: Reader, source: Source, result: Verification) -> None:
    manifest = reader.manifest
    if cache_id(source.fingerprint(), manifest.fields, manifest.options) != manifest.id:
        result.problems.append(f"{reader.path}: the source is another one, or has changed since the build")


def _source_indices(manifest: layout.Manifest, source: Source) -> NDArray[np.int64]:
    """[n] int64, the index in the source of every sample of the cache."""
    skipped = [int(each["index"]) for shard in manifest.shards for each in shard.skipped]
    return np.delete(np.arange(len(source), dtype=np.int64), skipped)


def _chunks(samples: int, progress: bool | None) -> Iterator[NDArray[np.int64]]:
    from tqdm import tqdm  # type: ignore[import-untyped,unused-ignore]

    with tqdm(total=samples, desc="verify", unit="img", disable=None if progress is None else not progress) as bar:
        for start in range(0, samples, CHUNK):
            indices = np.arange(start, min(start + CHUNK, samples))
            yield indices
            bar.update(len(indices))


def _check_images(records: Records, name: str, indices: NDArray[np.int64], result: Verification) -> None:
    """Checksums of records, and their headers, which the index repeats."""
    crcs = records.encoded().crc32c()
    _, infos, failures = probe(list(records))
    for row, index in enumerate(indices.tolist()):
        if crcs[row] != records.rows["crc32c"][row]:
            result.problems.append(f"field {name!r}: a record differs from its checksum (sample {index})")
        elif row in failures:
            result.problems.append(f"field {name!r}: {failures[row]} (sample {index})")
        elif infos[row] != records.infos()[row]:
            result.problems.append(
                f"field {name!r}: the index says {records.infos()[row]}, the record {infos[row]} (sample {index})"
            )


def _compare(
    reader: Reader,
    columns: dict[str, Any],
    source: Source,
    indices: NDArray[np.int64],
    numbers: NDArray[np.int64],
    result: Verification,
) -> None:
    """Values of the cache against those of the source."""
    samples = [source[number] for number in numbers.tolist()]
    for name, kind in reader.fields.items():
        expected = [sample[name] for sample in samples]
        if kind == "image":
            _compare_images(reader, columns[name], name, expected, indices, result)
            continue
        for index, mine, theirs in zip(indices.tolist(), columns[name], expected, strict=True):
            if not _same(kind, mine, theirs):
                result.problems.append(f"field {name!r}: expected {theirs!r:.60}, got {mine!r:.60} (sample {index})")


def _same(kind: str, mine: Any, theirs: Any) -> bool:
    if kind == "bytes":
        return bytes(mine) == bytes(theirs)
    return bool(mine == theirs or (kind == "float" and np.isnan(mine) and np.isnan(theirs)))


def _compare_images(
    reader: Reader,
    records: Records,
    name: str,
    expected: list[Any],
    indices: NDArray[np.int64],
    result: Verification,
) -> None:
    options = reader.manifest.options
    if options["quality"] is not None:
        expected, _ = Shrink(options["short"], options["max_long"], options["quality"])(expected)
    theirs, their_failures = _decoded(expected)
    mine, my_failures = _decoded(list(records))
    for row, index in enumerate(indices.tolist()):
        if (row in mine) != (row in theirs):
            reason = {**my_failures, **their_failures}[row]
            result.problems.append(f"field {name!r}: only one of cache and source decodes: {reason} (sample {index})")
        elif row not in mine or np.array_equal(mine[row], theirs[row]):
            result.images += 1
        elif _is_reduced(reader, expected[row], records[row]):
            result.reduced += 1
        else:
            result.problems.append(f"field {name!r}: the pixels differ from those of the source (sample {index})")


def _decoded(images: list[Any]) -> tuple[dict[int, Pixels], Failures]:
    encoded, infos, failures = probe(images)
    pixels, failed = exact_pixels(encoded, infos, [row for row in range(len(images)) if row not in failures])
    return pixels, {**failures, **failed}


def _is_reduced(reader: Reader, image: Any, record: Any) -> bool:
    """Whether the encoding, which is not exact for every image, makes this very record of this image."""
    tables = b"".join((reader.path / name).read_bytes() for name in reader.manifest.tables)
    stored = ENCODINGS[reader.manifest.options["encoding"]]([image], tables, 0)
    return not stored.failures and bytes(stored.records[0]) == bytes(record)
