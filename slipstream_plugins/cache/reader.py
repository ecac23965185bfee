"""Reads a cache: indices in, columns out, without parsing a header or copying an image."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import _core
from slipstream_plugins.cache import format as layout
from slipstream_plugins.cache.network import on_network
from slipstream_plugins.cache.records import Records
from slipstream_plugins.cache.shard_files import ColumnFiles, PayloadFile, gone
from slipstream_plugins.errors import CacheError
from slipstream_plugins.types import Sample

__all__ = ["Reader"]

Indices = Sequence[int] | NDArray[np.integer[Any]]


class Reader:
    """A finished cache, opened for reading. Also a source, so that a cache can be built from a cache.

    Maps are made when a shard is first touched and stay valid in forked children; a pickle holds only the path and
    the arguments.

    Args:
        path: The .slip directory.
        fields: Names of the fields to read; None reads all.
        check: Compare the CRC-32C of everything that is read.
        io: "mmap", "pread" (owned buffers; safe where files may shrink under a map), or None: "pread" on network
            file systems, "mmap" elsewhere.

    Raises:
        CacheError: There is no finished cache, or it is damaged, or of another version.
    """

    def __init__(
        self,
        path: str | Path,
        fields: Sequence[str] | None = None,
        check: bool = False,
        io: Literal["mmap", "pread"] | None = None,
    ) -> None:
        self.path = Path(path).expanduser().absolute()
        if io not in (None, "mmap", "pread"):
            raise ValueError(f'io: expected "mmap", "pread" or None, got {io!r}')
        self.manifest = layout.read_manifest(self.path)
        self.io = io or ("pread" if on_network(self.path) else "mmap")
        self._arguments = (str(self.path), None if fields is None else tuple(fields), check, io)
        self._check = check
        self._fields = self._chosen(fields)
        sizes = [shard.samples for shard in self.manifest.shards]
        self._starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)
        self._columns = {name: ColumnFiles(self.path, self.manifest, name, self._starts) for name in self._fields}
        shards = len(self.manifest.shards)
        self._payloads: dict[str, list[PayloadFile | None]] = {name: [None] * shards for name in self._fields}
        self._register_tables()

    def _register_tables(self) -> None:
        """Makes the entropy tables of this cache known to the decoder of this process."""
        for name, entry in self.manifest.tables.items():
            file = self.path / name
            try:
                tables = file.read_bytes()
            except OSError as error:
                raise CacheError(gone(str(file), error)) from error
            if len(tables) != entry.size or _core.crc32c(tables) != entry.crc32c:
                raise CacheError(f"{file}: expected the checksum of the manifest, got another; build the cache again")
            try:
                _core.register_tables(tables)
            except ValueError as error:
                raise CacheError(f"{file}: {error}; build the cache again") from error

    def _chosen(self, fields: Sequence[str] | None) -> dict[str, str]:
        if fields is None:
            return dict(self.manifest.fields)
        for name in fields:
            if name not in self.manifest.fields:
                raise CacheError(f"{self.path}: expected fields out of {list(self.manifest.fields)}, got {name!r}")
        return {name: self.manifest.fields[name] for name in fields}

    @property
    def fields(self) -> dict[str, str]:
        """Field name to type, of the fields that are read."""
        return dict(self._fields)

    @property
    def classes(self) -> list[str] | None:
        """Class names by label, where the source had them."""
        return self.manifest.classes

    @property
    def name(self) -> str:
        """The cache's name without .slip."""
        return self.path.name.removesuffix(".slip")

    def fingerprint(self) -> str:
        """The cache's identity."""
        return f"slip:{self.manifest.id}"

    def __len__(self) -> int:
        return self.manifest.samples

    def __getitem__(self, index: SupportsIndex) -> Sample:
        """One sample as a dict; images as read-only memoryviews."""
        columns = self.read([operator.index(index)])
        return {name: _scalar(self._fields[name], column[0]) for name, column in columns.items()}

    def read(self, indices: Indices) -> dict[str, Any]:
        """Reads some samples.

        Args:
            indices: [n] integers in [0, len).

        Returns:
            One column per field: images as Records, int64 and float64 arrays, lists of str and of bytes.

        Raises:
            IndexError: An index is out of range.
            CacheError: A file is missing, truncated or damaged.
        """
        wanted = self._checked(indices)
        shards = np.searchsorted(self._starts, wanted, side="right") - 1
        columns: dict[str, Any] = {}
        for name, kind in self._fields.items():
            if kind == "image":
                columns[name] = self._images(name, wanted, shards)
            elif layout.has_payload(kind):
                columns[name] = self._blobs(name, kind, wanted, shards)
            else:
                columns[name] = self._columns[name].take(wanted, shards)
        return columns

    def images(self, field: str, indices: Indices) -> Records:
        """One image column alone."""
        wanted = self._checked(indices)
        return self._images(field, wanted, np.searchsorted(self._starts, wanted, side="right") - 1)

    def _checked(self, indices: Indices) -> NDArray[np.int64]:
        wanted = np.asarray(indices)
        if wanted.size == 0:
            return np.empty(0, np.int64)
        if wanted.ndim != 1 or wanted.dtype.kind not in "iu":
            raise TypeError(f"indices: expected a list of integers, got {wanted.dtype} of shape {wanted.shape}")
        low, high = int(wanted.min()), int(wanted.max())
        if low < 0 or high >= len(self):
            bad = low if low < 0 else high
            raise IndexError(f"index: expected 0 to {len(self) - 1}, got {bad} ({self.path.name})")
        return wanted.astype(np.int64, copy=True)

    def _images(self, name: str, indices: NDArray[np.int64], shards: NDArray[np.int64]) -> Records:
        rows = self._columns[name].take(indices, shards)
        files, place = self._touch(name, shards)
        if self.io == "mmap":
            records = Records(self, name, indices, rows, [file.map for file in files], place)
        else:
            records = Records(self, name, indices, rows, _values(files, place, rows), None)
        if self._check:
            self._compare(name, indices, rows, records.encoded())
        return records

    def _blobs(self, name: str, kind: str, indices: NDArray[np.int64], shards: NDArray[np.int64]) -> list[Any]:
        rows = self._columns[name].take(indices, shards)
        files, place = self._touch(name, shards)
        values = _values(files, place, rows)
        if self._check:
            self._compare(name, indices, rows, _core.Encoded.from_buffers(values))
        if kind == "bytes":
            return values
        try:
            return [str(value, "utf-8") for value in values]
        except UnicodeDecodeError as error:
            raise CacheError(
                f"{self.path}: field {name!r}: expected UTF-8, got {error}; build the cache again"
            ) from error

    def _touch(self, name: str, shards: NDArray[np.int64]) -> tuple[list[PayloadFile], NDArray[np.int64]]:
        """The payload files of these shards, opened and of the right size, and [n] positions among them."""
        flags = np.zeros(len(self.manifest.shards), bool)
        flags[shards] = True
        touched = np.flatnonzero(flags)
        payloads = self._payloads[name]
        files = []
        for shard in touched.tolist():
            file = payloads[shard]
            if file is None:
                file = payloads[shard] = self._open(name, shard)
            elif file.current_size() != file.size:
                file.refuse()
            files.append(file)
        position = np.zeros(len(flags), np.int64)
        position[touched] = np.arange(len(touched))
        return files, position[shards]

    def _open(self, name: str, shard: int) -> PayloadFile:
        entry = self.manifest.shards[shard]
        file = layout.payload_file(name)
        return PayloadFile(f"{self.path}/{entry.name}/{file}", entry.files[file].size, self.io == "mmap")

    def _compare(self, name: str, indices: NDArray[np.int64], rows: NDArray[Any], stored: _core.Encoded) -> None:
        bad = np.flatnonzero(stored.crc32c() != rows["crc32c"])
        if len(bad):
            raise CacheError(
                f"{self.path}: field {name!r}: expected the checksum of the index, got another "
                f"(sample {indices[bad[0]]}, {len(bad)} of {len(rows)} are damaged); build the cache again"
            )

    def __reduce__(self) -> tuple[Callable[..., Reader], tuple[Any, ...]]:
        return _reopen, (self.manifest.id, *self._arguments)

    def __repr__(self) -> str:
        return f"Reader({str(self.path)!r}, {len(self)} samples, fields={list(self._fields)}, io={self.io!r})"


def _values(files: list[PayloadFile], place: NDArray[np.int64], rows: NDArray[Any]) -> list[bytes]:
    """The payloads as owned bytes."""
    begin = rows["offset"]
    places = zip(place.tolist(), begin.tolist(), (begin + rows["size"]).tolist(), strict=True)
    if all(file.map is not None for file in files):
        maps = [file.map for file in files]
        return [maps[k][at:end] for k, at, end in places]
    return [files[k].read(at, end - at) for k, at, end in places]


def _scalar(kind: str, value: Any) -> Any:
    return value.item() if kind in ("int", "float") else value


_OPEN: dict[tuple[Any, ...], Reader] = {}
"""Readers that this process made out of pickles: a batch that comes from a worker must not open the cache anew."""


def _reopen(identity: str, *arguments: Any) -> Reader:
    opened = (identity, *arguments)
    reader = _OPEN.get(opened)
    if reader is None:
        reader = Reader(*arguments)
        if reader.manifest.id != identity:
            raise CacheError(
                f"{reader.path}: expected cache {identity[:8]}, got {reader.manifest.id[:8]}: it was replaced"
            )
        _OPEN[opened] = reader
    return reader
