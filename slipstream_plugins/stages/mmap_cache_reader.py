"""The cache as a stage, indices in and columns out, and as a map-style dataset."""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.types import Sample

if TYPE_CHECKING:
    from slipstream_plugins.sampler import EpochSampler

__all__ = ["MmapCacheReader"]


class MmapCacheReader:
    """Reads undecoded samples of a cache by index.

    As a map-style dataset it gives torch's DataLoader one columnar batch per call, for `collate_fn=stages`. An index of
    n or more, as `sampler` yields them, means epoch `index // n` of sample `index % n`.

    Args:
        path: The .slip directory.
        fields: Names of the fields to read; None reads all.
        check: Compare the checksum of everything that is read.
        io: "mmap", "pread", or None: what suits the file system.

    Returns:
        From a call: a dict of columns. The fields (images as an EncodedColumn, numbers as arrays, text as a list of
        str), `index` int64, `height` and `width` int32 of the first image field as oriented, and `epoch` int64 where
        the indices carry one.

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
        self._given: dict[str, Any] = {
            "path": str(path),
            "fields": None if fields is None else list(fields),
            "check": check,
            "io": io,
        }
        self.reader = Reader(path, fields, check, io)
        self._image = next((name for name, kind in self.reader.fields.items() if kind == "image"), None)
        self._epochs = False

    @property
    def path(self) -> Path:
        """Where the cache is."""
        return self.reader.path

    @property
    def fields(self) -> dict[str, str]:
        """Field name to type."""
        return self.reader.fields

    @property
    def classes(self) -> list[str] | None:
        """Class names by label, where the source had them."""
        return self.reader.classes

    def fingerprint(self) -> str:
        """The cache's identity."""
        return self.reader.fingerprint()

    def __len__(self) -> int:
        return len(self.reader)

    def __getitem__(self, index: SupportsIndex) -> Sample:
        """One sample: memoryviews, numbers, str, `index`, and `epoch` where the index carries one."""
        columns = self.__getitems__([operator.index(index)])
        return {
            name: cell.item() if isinstance(cell := column[0], np.generic) else cell for name, column in columns.items()
        }

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def __getitems__(self, indices: Sequence[int] | NDArray[np.integer[Any]]) -> dict[str, Any]:
        """One columnar batch; the epoch is taken out of the indices."""
        given = np.asarray(indices, np.int64) if len(indices) == 0 else np.asarray(indices)
        n = max(len(self), 1)
        if given.dtype.kind not in "iu" or given.ndim != 1 or (given < 0).any():
            return self.read(given)  # which says what is wrong
        epoch, index = np.divmod(given.astype(np.int64), n)
        return self.read(index, epoch if self._epochs or epoch.any() else None)

    def read(
        self, indices: Sequence[int] | NDArray[np.integer[Any]], epoch: int | NDArray[np.int64] | None = None
    ) -> dict[str, Any]:
        """One columnar batch of samples in [0, n), with an `epoch` column where one is given."""
        columns = self.reader.read(indices)
        index = np.array(indices, np.int64)
        columns["index"] = index
        if epoch is not None:
            columns["epoch"] = np.broadcast_to(np.asarray(epoch, np.int64), index.shape).copy()
        if self._image is not None:
            rows = columns[self._image].rows
            columns.setdefault("height", rows["height"].copy())
            columns.setdefault("width", rows["width"].copy())
        return columns

    def __call__(self, batch: Any) -> Any:
        """Indices in, columns out; an iterator of index batches, or a torchdata node of them, gives one of columns."""
        nodes = sys.modules.get("torchdata.nodes")
        if nodes is not None and isinstance(batch, nodes.BaseNode):
            return nodes.Mapper(batch, self)
        if isinstance(batch, Iterator):
            return (self(each) for each in batch)
        if isinstance(batch, (int, np.integer)):
            return self[batch]
        return self.__getitems__(batch)

    def sampler(
        self,
        shuffle: bool = True,
        seed: int = 0,
        indices: ArrayLike | None = None,
        batch_size: int = 1,
        drop_last: bool = False,
    ) -> EpochSampler:
        """The order of the samples for a DataLoader, whose indices carry the epoch.

        Args:
            shuffle: A new order each epoch; False keeps the order of the cache.
            seed: Rules the order, together with the epoch.
            indices: [m] the samples to visit; None visits every one.
            batch_size: The loader's batch size per rank; it matters where there are several ranks.
            drop_last: Leave out the samples that do not fill a global batch.
        """
        from slipstream_plugins.sampler import EpochSampler

        self._epochs = True  # from now on an index below n means epoch 0, not that nobody knows
        return EpochSampler(self, shuffle, seed, indices, batch_size, drop_last)

    def to_dict(self) -> dict[str, Any]:
        """A plain dict in the form of LightningCLI and Hydra: {"class_path": ..., "init_args": {...}}."""
        return {"class_path": "slipstream_plugins.MmapCacheReader", "init_args": self._arguments()}

    def _arguments(self) -> dict[str, Any]:
        return {name: value for name, value in self._given.items() if value not in (None, False)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MmapCacheReader) and self._given == other._given

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"MmapCacheReader({', '.join(f'{name}={value!r}' for name, value in self._arguments().items())})"
