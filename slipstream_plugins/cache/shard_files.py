"""The files of an open cache: columns filled shard by shard on first touch, payloads mapped or read."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins.cache import format as layout
from slipstream_plugins.errors import CacheError

__all__ = ["ColumnFiles", "PayloadFile"]


class ColumnFiles:
    """One field's .npy files as one array over the whole cache, read shard by shard when first asked for.

    Args:
        path: The cache.
        manifest: Its manifest.
        field: The field's name.
        starts: [shards + 1] int64, the first sample of every shard, then the number of samples.
    """

    def __init__(self, path: Path, manifest: layout.Manifest, field: str, starts: NDArray[np.int64]) -> None:
        self._path = path
        self._shards = manifest.shards
        self._field = field
        self._starts = starts
        self._kind = manifest.fields[field]
        # Pages of this array cost memory only once they are filled.
        self._rows = np.empty(manifest.samples, layout.COLUMN_DTYPES[self._kind])
        self._loaded = np.zeros(len(self._shards), bool)

    def take(self, indices: NDArray[np.int64], shards: NDArray[np.int64]) -> NDArray[Any]:
        """[n] rows of these samples, which lie in these shards."""
        loaded = self._loaded[shards]
        if not loaded.all():
            for shard in np.unique(shards[~loaded]).tolist():
                self._load(shard)
        return self._rows[indices]

    def _load(self, shard: int) -> None:
        """Threads may do this twice at once: both write the same bytes."""
        entry = self._shards[shard]
        rows = self._rows[self._starts[shard] : self._starts[shard + 1]]
        file = self._path / entry.name / layout.column_file(self._field)
        header = layout.npy_header(rows.dtype, len(rows))
        data = _read_whole(file)
        if len(data) != len(header) + rows.nbytes or not data.startswith(header):
            raise CacheError(f"{file}: expected {len(rows)} values of {rows.dtype}, got another array; build it again")
        values = np.frombuffer(data, rows.dtype, offset=len(header))
        if layout.has_payload(self._kind):
            self._check_places(file, values, entry.files[layout.payload_file(self._field)].size)
        rows[:] = values
        self._loaded[shard] = True

    def _check_places(self, file: Path, values: NDArray[Any], size: int) -> None:
        """Every record must lie inside its payload file; images must have an orientation and positive sides."""
        offset, length = values["offset"], values["size"]
        room = np.uint64(max(0, size - layout.TAIL_PADDING))
        bad = (offset > room) | (length > room - np.minimum(offset, room))
        if self._kind == "image":
            bad |= (values["height"] < 1) | (values["width"] < 1) | (values["orientation"] - np.uint8(1) > 7)
            bad |= values["encoding"] > max(layout.ENCODING_CODES.values())
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise CacheError(
                f"{file}: expected records inside a file of {size} bytes, got {values[row]} at row {row}; "
                "the index is damaged: build the cache again"
            )


def _read_whole(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CacheError(gone(file, error)) from error


def gone(file: Path, error: OSError) -> str:
    """What to do about a file that cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return f"{file}: it is missing: the cache was replaced or damaged after it was opened; open or build it again"
    return f"{file}: {error.strerror}; close other files (ulimit -n) or repair the file system, then try again"


class PayloadFile:
    """One .bin file.

    Args:
        file: Its path.
        size: The bytes that the manifest says it has.
        mapped: Read through a map; else into owned buffers.
    """

    def __init__(self, file: Path, size: int, mapped: bool) -> None:
        self._file = file
        self._size = size
        self._map: mmap.mmap | None = None
        self._handle = -1
        try:
            self._handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
            self.check()
            if mapped:
                self._map = mmap.mmap(self._handle, size, prot=mmap.PROT_READ)
        except OSError as error:
            raise CacheError(gone(file, error)) from error
        finally:
            if mapped and self._handle >= 0:
                os.close(self._handle)  # a map has a descriptor of its own
                self._handle = -1

    def __del__(self) -> None:
        if getattr(self, "_handle", -1) >= 0:
            os.close(self._handle)

    @property
    def map(self) -> mmap.mmap:
        assert self._map is not None
        return self._map

    def check(self) -> None:
        """Raises CacheError where the file has another size by now: touching pages that are gone is a SIGBUS."""
        size = self._map.size() if self._map is not None else os.fstat(self._handle).st_size
        if size != self._size:
            raise CacheError(
                f"{self._file}: expected {self._size} bytes, got {size}: the file was truncated or replaced; "
                "build the cache again"
            )

    def read(self, offset: int, size: int) -> bytes:
        """Owned bytes. Raises CacheError where the file ends early."""
        if self._map is not None:
            return self._map[offset : offset + size]
        data = os.pread(self._handle, size, offset)
        while len(data) < size:
            more = os.pread(self._handle, size - len(data), offset + len(data))
            if not more:
                raise CacheError(f"{self._file}: expected {self._size} bytes, got fewer; build the cache again")
            data += more
        return data
