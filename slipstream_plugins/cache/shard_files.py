"""The files of an open cache: columns filled shard by shard on first touch, payloads mapped or read."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins.cache import format as layout
from slipstream_plugins.errors import CacheError

__all__ = ["ColumnFiles", "PayloadFile", "gone"]


class ColumnFiles:
    """One field's .npy files as one array over the whole cache, read shard by shard when first asked for.

    Args:
        path: The cache.
        manifest: Its manifest.
        field: The field's name.
        starts: [shards + 1] int64, the first sample of every shard, then the number of samples.
    """

    def __init__(self, path: Path, manifest: layout.Manifest, field: str, starts: NDArray[np.int64]) -> None:
        self._kind = manifest.fields[field]
        self._starts = starts
        self._files = [f"{path}/{shard.name}/{layout.column_file(field)}" for shard in manifest.shards]
        # Pages of this array cost memory only once they are filled.
        self._rows = np.empty(manifest.samples, layout.COLUMN_DTYPES[self._kind])
        self._loaded = np.zeros(len(self._files), bool)
        if layout.has_payload(self._kind):
            name = layout.payload_file(field)
            self._room = [max(0, shard.files[name].size - layout.TAIL_PADDING) for shard in manifest.shards]

    def take(self, indices: NDArray[np.int64], shards: NDArray[np.int64]) -> NDArray[Any]:
        """[n] rows of these samples, which lie in these shards."""
        missing = shards[~self._loaded[shards]]
        if len(missing):
            self._load(sorted(set(missing.tolist())))
        return self._rows[indices]

    def _load(self, shards: list[int]) -> None:
        """Threads may do this twice at once: both write the same bytes."""
        dtype = self._rows.dtype
        values = np.frombuffer(b"".join([self._read(shard) for shard in shards]), dtype)
        if layout.has_payload(self._kind):
            self._check_places(shards, values)
        begin = 0
        for shard in shards:
            count = self._count(shard)
            self._rows[self._starts[shard] : self._starts[shard + 1]] = values[begin : begin + count]
            begin += count
        self._loaded[shards] = True

    def _count(self, shard: int) -> int:
        return int(self._starts[shard + 1] - self._starts[shard])

    def _read(self, shard: int) -> memoryview:
        """The values of a shard, without the header, which can only be this one."""
        file, count, dtype = self._files[shard], self._count(shard), self._rows.dtype
        header = layout.npy_header(dtype, count)
        data = _read_whole(file, len(header) + count * dtype.itemsize)
        if not data.startswith(header):
            raise CacheError(f"{file}: expected {count} values of {dtype}, got another array; build it again")
        return memoryview(data)[len(header) :]

    def _check_places(self, shards: list[int], values: NDArray[Any]) -> None:
        """Every record must lie inside its payload file; images must have an orientation and positive sides."""
        counts = [self._count(shard) for shard in shards]
        room = np.repeat(np.array([self._room[shard] for shard in shards], np.uint64), counts)
        offset, length = values["offset"], values["size"]
        bad = (offset > room) | (length > room - np.minimum(offset, room))
        if self._kind == "image":
            bad |= (values["height"] < 1) | (values["width"] < 1) | (values["orientation"] - np.uint8(1) > 7)
            bad |= values["encoding"] > max(layout.ENCODING_CODES.values())
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            shard = shards[int(np.searchsorted(np.cumsum(counts), row, side="right"))]
            raise CacheError(
                f"{self._files[shard]}: expected records that lie in a file with {room[row]} bytes of them, got "
                f"{values[row]}; the index is damaged: build the cache again"
            )


def _read_whole(file: str, size: int) -> bytes:
    """A file of exactly `size` bytes."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise CacheError(gone(file, error)) from error
    try:
        data = read_fully(handle, size + 1, 0)
    except OSError as error:
        raise CacheError(gone(file, error)) from error
    finally:
        os.close(handle)
    if len(data) != size:
        got = f"{len(data)}" if len(data) < size else "more"
        raise CacheError(f"{file}: expected {size} bytes, got {got}; build the cache again")
    return data


def read_fully(handle: int, size: int, offset: int) -> bytes:
    """Up to `size` bytes from `offset`; fewer only at the end of the file."""
    data = os.pread(handle, size, offset)
    while len(data) < size and (more := os.pread(handle, size - len(data), offset + len(data))):
        data += more
    return data


def gone(file: str, error: OSError) -> str:
    """What to do about a file that cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return f"{file}: it is missing: the cache was replaced or damaged after it was opened; open or build it again"
    return f"{file}: {error.strerror}; close other files (ulimit -n) or repair the file system, then try again"


class PayloadFile:
    """One .bin file.

    Args:
        file: Its path.
        size: The bytes that the manifest says it has.
        mapped: Read through `map`; else by `read` alone.

    Raises:
        CacheError: It is missing, or of another size: touching pages of a map that the file does not have is a SIGBUS.
    """

    def __init__(self, file: str, size: int, mapped: bool) -> None:
        self.size = size
        self.map: mmap.mmap | None = None
        self._file = file
        self._handle = -1
        try:
            self._handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
            if self.current_size() != size:
                self.refuse()
            if mapped:
                self.map = mmap.mmap(self._handle, size, prot=mmap.PROT_READ)
                self.current_size = self.map.size  # type: ignore[method-assign]
        except OSError as error:
            raise CacheError(gone(file, error)) from error
        finally:
            if mapped and self._handle >= 0:
                os.close(self._handle)  # a map has a descriptor of its own
                self._handle = -1

    def __del__(self) -> None:
        if getattr(self, "_handle", -1) >= 0:
            os.close(self._handle)

    def current_size(self) -> int:
        """The size that the file has now."""
        return os.fstat(self._handle).st_size

    def refuse(self) -> NoReturn:
        """Raises the error of a file that has another size than `size`."""
        raise CacheError(
            f"{self._file}: expected {self.size} bytes, got {self.current_size()}: the file was truncated or replaced; "
            "build the cache again"
        )

    def read(self, offset: int, size: int) -> bytes:
        """Owned bytes. Raises CacheError where the file ends early."""
        data = read_fully(self._handle, size, offset)
        if len(data) < size:
            self.refuse()
        return data
