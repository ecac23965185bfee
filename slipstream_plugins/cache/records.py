"""A batch of encoded images of a cache: indices and places, no copies."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import _core

if TYPE_CHECKING:
    from slipstream_plugins.cache.reader import Reader

__all__ = ["Records"]


class Records:
    """An EncodedColumn: the images of some samples of a cache. Pickles as the reader's path and the indices.

    Args:
        reader: The open cache.
        field: The image field.
        indices: [n] int64 samples.
        rows: [n] of cache.format.IMAGE_DTYPE.
        buffers: The payload files that the images lie in (io="mmap"), or one buffer per image (io="pread").
        place: [n] int64, each image's position in `buffers`.
    """

    def __init__(
        self,
        reader: Reader,
        field: str,
        indices: NDArray[np.int64],
        rows: NDArray[np.void],
        buffers: Sequence[Any],
        place: NDArray[np.int64] | None,
    ) -> None:
        self._reader = reader
        self._field = field
        self.indices = indices
        self.rows = rows
        self._buffers = buffers
        self._place = place

    @cached_property
    def _encoded(self) -> _core.Encoded:
        if self._place is None:
            return _core.Encoded.from_buffers(self._buffers)
        return _core.Encoded.from_shards(
            self._buffers, self._place.astype(np.uint32), self.rows["offset"].copy(), self.rows["size"].copy()
        )

    def encoded(self) -> _core.Encoded:
        """The native batch."""
        return self._encoded

    def infos(self) -> NDArray[np.void]:
        """[n] of _core.INFO_DTYPE, from the index: no header is read."""
        infos = np.zeros(len(self.rows), _core.INFO_DTYPE)
        turned = self.rows["orientation"] >= 5
        infos["encoding"] = self.rows["encoding"]
        infos["orientation"] = self.rows["orientation"]
        infos["width"] = np.where(turned, self.rows["height"], self.rows["width"])
        infos["height"] = np.where(turned, self.rows["width"], self.rows["height"])
        return infos

    def take(self, positions: Sequence[int] | NDArray[np.int64]) -> Records:
        """The images at these positions of this column."""
        at = np.asarray(positions, np.int64)
        buffers = [self._buffers[row] for row in at.tolist()] if self._place is None else self._buffers
        place = None if self._place is None else self._place[at]
        return Records(self._reader, self._field, self.indices[at], self.rows[at], buffers, place)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: SupportsIndex) -> memoryview:
        return self._encoded[operator.index(index)]

    def __iter__(self) -> Iterator[memoryview]:
        return (self[position] for position in range(len(self)))

    def __repr__(self) -> str:
        return f"Records({len(self)} of {str(self._reader.path)!r}, field={self._field!r})"

    def __reduce__(self) -> tuple[Callable[..., Records], tuple[Any, ...]]:
        return _reopened, (self._reader, self._field, self.indices)


def _reopened(reader: Reader, field: str, indices: NDArray[np.int64]) -> Records:
    return reader.images(field, indices)
