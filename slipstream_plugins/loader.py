"""A loader without a framework: source, order, stages, prefetch, device, and a state that resumes at any batch."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from os import PathLike, fspath
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.order import as_indices, epoch_order, rank_batches, rank_order
from slipstream_plugins.prefetch import Prefetcher
from slipstream_plugins.sampler import place
from slipstream_plugins.sources import open_source
from slipstream_plugins.stages.composing import Compose
from slipstream_plugins.stages.decoding import BatchDecode
from slipstream_plugins.stages.mmap_cache_reader import MmapCacheReader
from slipstream_plugins.stages.streaming import StreamDecode
from slipstream_plugins.transfer import Sent, Transfer
from slipstream_plugins.types import Source

__all__ = ["LoaderOptions", "SlipstreamLoader", "open_data", "read_columns"]

_ARRAYS = {"int": np.int64, "float": np.float64}


@dataclass(frozen=True)
class LoaderOptions:
    """How a SlipstreamLoader goes through its source.

    Args:
        batch_size: Samples per rank and batch.
        global_batch_size: Samples per batch over all ranks, whose number must divide it; it takes batch_size's place.
        shuffle: A new order each epoch; False keeps the order of the source.
        seed: Rules the order, together with the epoch; the same on all ranks. Pixels follow the stages' own seed.
        drop_last: Leave out the last, smaller batch. Otherwise ranks share it in equal parts, and where it does not
            divide, samples from the beginning of the epoch's order fill it up.
        indices: [m] the samples to visit; None visits every one.
        rank, world_size: None takes those of torch.distributed where it runs, else 0 and 1.
        prefetch: Batches made ahead by a background thread; 0 makes each one in the caller's thread when asked.
        num_threads: Threads that decode, in place of the stages' own number; 0 keeps theirs, by default one for every
            processor that this process may use.
        device: Where tensors go; None is "cuda" where there is one, else they stay on the CPU.
        pin_memory: Copy to a CUDA device from pinned memory, beside the computation.
    """

    batch_size: int = 256
    global_batch_size: int | None = None
    shuffle: bool = True
    seed: int = 0
    drop_last: bool = False
    indices: ArrayLike | None = None
    rank: int | None = None
    world_size: int | None = None
    prefetch: int = 2
    num_threads: int = 0
    device: str | torch.device | None = None
    pin_memory: bool = True

    def __post_init__(self) -> None:
        for name, least in (("batch_size", 1), ("global_batch_size", 1), ("prefetch", 0), ("num_threads", 0)):
            value = getattr(self, name)
            if value is None and name == "global_batch_size":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name}: expected an integer of at least {least}, got {value!r}")


class SlipstreamLoader:
    """Batches from a source, through stages, in one process.

    `iter` begins an epoch: first epoch 0, or the one of `set_epoch`, then each time the one after. After
    `load_state_dict` it goes on in the middle of one. An iteration begins with its first `next`, so iterators that are
    made and not used count for nothing.

    Args:
        source: A `.slip` cache, anything that `open_source` understands, a Source, or a MmapCacheReader.
        stages: Columns in, batch out, such as a Compose; None gives the columns as they were read.
        options: Defaults for `fields`.
        fields: Of LoaderOptions.
    """

    batch_sampler = None
    """None, as in torch's DataLoader; Lightning looks for it wherever there is a sampler."""

    def __init__(
        self,
        source: str | PathLike[str] | Source | MmapCacheReader,
        stages: Callable[[Any], Any] | None = None,
        options: LoaderOptions | None = None,
        **fields: Any,
    ) -> None:
        self.options = replace(options or LoaderOptions(), **fields)
        self.source = open_data(source)
        self.stages = with_threads(stages, self.options.num_threads) if self.options.num_threads else stages
        self._samples: int | NDArray[np.int64] = len(self.source)
        if self.options.indices is not None:
            self._samples = as_indices(self.options.indices, len(self.source))
        self._transfer = Transfer(self.options.device, self.options.pin_memory)
        self._seed = self.options.seed
        self._epoch = 0
        self._seen = 0
        self._reading: object | None = None  # the iteration whose position counts

    @property
    def epoch(self) -> int:
        """The epoch that is being read, or that the next iteration reads."""
        return self._epoch

    @property
    def sampler(self) -> SlipstreamLoader:
        """This loader, for trainers that call `loader.sampler.set_epoch(epoch)`."""
        return self

    @property
    def batch_size(self) -> int:
        """Samples per rank and batch."""
        return self._place()[2]

    def __len__(self) -> int:
        """Batches of this rank in a whole epoch."""
        return self._left(0)

    def _place(self) -> tuple[int, int, int]:
        """This rank, the number of ranks, and the batch size per rank."""
        rank, world_size = place(self.options.rank, self.options.world_size)
        whole = self.options.global_batch_size
        if whole is None:
            return rank, world_size, self.options.batch_size
        if whole % world_size:
            raise ValueError(f"global_batch_size: expected a multiple of the {world_size} ranks, got {whole}")
        return rank, world_size, whole // world_size

    def _left(self, seen: int) -> int:
        """Batches of this rank after `seen` samples of the epoch."""
        _, world_size, batch_size = self._place()
        return rank_batches(self._size - seen, world_size, batch_size, self.options.drop_last)

    @property
    def _size(self) -> int:
        return self._samples if isinstance(self._samples, int) else len(self._samples)

    def set_epoch(self, epoch: int) -> None:
        """The next iteration reads this epoch, from its beginning unless a state of this very epoch was loaded."""
        if epoch != self._epoch or self._reading is not None:
            self._seen = 0
        self._epoch, self._reading = epoch, None

    def state_dict(self) -> dict[str, int]:
        """Where the consumer is: the epoch, the samples that all ranks were given of it, and the order's seed."""
        return {"epoch": self._epoch, "samples": self._seen, "seed": self._seed}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """The next iteration goes on after `state`, on any number of ranks and with any batch size."""
        if not 0 <= state["samples"] <= self._size:
            raise ValueError(
                f"load_state_dict: expected at most {self._size} samples, got {state['samples']}; "
                f"load the state of a loader of the same source and indices"
            )
        self._epoch, self._seen, self._seed = state["epoch"], state["samples"], state["seed"]
        self._reading = None

    def __iter__(self) -> Iterator[Any]:
        rank, world_size, batch_size = self._place()
        if self._reading is not None or not self._left(self._seen):
            self._epoch, self._seen = self._epoch + 1, 0
        self._reading = reading = object()
        seen = self._seen
        order = epoch_order(self._samples, self._epoch, self._seed, self.options.shuffle)
        mine = rank_order(order, rank, world_size, batch_size, self.options.drop_last, seen)
        batches = self._batches(mine, batch_size, self._epoch)
        ahead = Prefetcher(batches, self.options.prefetch) if self.options.prefetch else batches
        with closing(ahead):
            for _ in range(0, len(mine), batch_size):
                ready = [next(ahead)]
                seen = min(seen + world_size * batch_size, self._size)
                if self._reading is reading:
                    self._seen = seen
                yield self._transfer.receive(ready.pop())  # popped: the consumer alone holds the batch

    def _batches(self, indices: NDArray[np.int64], batch_size: int, epoch: int) -> Generator[Sent, None, None]:
        """This rank's batches, on their way to the device."""
        for begin in range(0, len(indices), batch_size):
            batch: Any = read_columns(self.source, indices[begin : begin + batch_size], epoch)
            if self.stages is not None:
                batch = self.stages(batch)
            sent = [self._transfer.send(batch)]
            del batch
            yield sent.pop()

    def __repr__(self) -> str:
        return f"SlipstreamLoader({self.source!r}, {len(self)} batches of {self.batch_size}, stages={self.stages!r})"


def read_columns(source: Source | MmapCacheReader, indices: NDArray[np.int64], epoch: int) -> dict[str, Any]:
    """Some samples of any source as columns: those of its fields, `index` and `epoch`.

    Args:
        source: A cache is read in one go, any other source sample by sample.
        indices: [n] in [0, len(source)).
        epoch: Goes into its column.
    """
    if isinstance(source, MmapCacheReader):
        return source.read(indices, epoch)
    columns = source.read(indices) if isinstance(source, Reader) else _stacked(source, indices)
    return {**columns, "index": indices, "epoch": np.full(len(indices), epoch, np.int64)}


def _stacked(source: Source, indices: NDArray[np.int64]) -> dict[str, Any]:
    samples = [source[index] for index in indices.tolist()]
    columns: dict[str, Any] = {}
    for name, kind in source.fields.items():
        cells = [sample[name] for sample in samples]
        columns[name] = np.array(cells, _ARRAYS[kind]) if kind in _ARRAYS else cells
    return columns


def with_threads(stages: Any, num_threads: int) -> Any:
    """`stages` whose BatchDecode uses this many threads.

    Raises:
        ValueError: There is none that could.
    """
    changed = _with_threads(stages, num_threads)
    if changed is stages:
        raise ValueError(f"num_threads: expected stages with a BatchDecode, got {stages!r}; leave num_threads out")
    return changed


def _with_threads(stages: Any, num_threads: int) -> Any:
    if isinstance(stages, BatchDecode):
        return replace(stages, num_threads=num_threads)
    if isinstance(stages, StreamDecode):
        inner = _with_threads(stages.stage, num_threads)
        return stages if inner is stages.stage else replace(stages, stage=inner)
    if isinstance(stages, Compose):
        changed = tuple(_with_threads(stage, num_threads) for stage in stages.stages)
        alike = all(one is other for one, other in zip(changed, stages.stages, strict=True))
        return stages if alike else replace(stages, stages=changed)
    return stages


def open_data(source: Any) -> Any:
    """What a loader can read: a path is opened, anything else is taken as it is."""
    if not isinstance(source, (str, PathLike)):
        return source
    opened = open_source(fspath(source))
    return MmapCacheReader(opened.path) if isinstance(opened, Reader) else opened
