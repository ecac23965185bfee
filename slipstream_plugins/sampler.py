"""A sampler whose indices carry the epoch, for torch's DataLoader and everything built on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import ArrayLike
from torch import distributed
from torch.utils.data import DistributedSampler

from slipstream_plugins.order import as_indices, epoch_order, rank_length, rank_order

__all__ = ["EpochSampler", "place"]


def place(rank: int | None = None, world_size: int | None = None) -> tuple[int, int]:
    """This process's rank and the number of ranks: as given, else of torch.distributed, else 0 and 1."""
    running = distributed.is_available() and distributed.is_initialized()
    if rank is None:
        rank = distributed.get_rank() if running else 0
    if world_size is None:
        world_size = distributed.get_world_size() if running else 1
    if not 0 <= rank < world_size:
        raise ValueError(f"rank: expected 0 <= rank < world_size, got rank {rank} of {world_size}")
    return rank, world_size


class EpochSampler(DistributedSampler[int]):
    """Yields epoch * n + i, which `MmapCacheReader.__getitems__` takes apart, so that a worker knows the epoch.

    Each new iteration begins the epoch after the last one that was begun, as torch's RandomSampler draws anew each
    time; `set_epoch` says which one it is. The ranks are those of torch.distributed at the time of iteration.

    Args:
        dataset: The data (anything with a length), or its number of samples n.
        shuffle: A new order each epoch; False keeps the order of the data.
        seed: Rules the order, together with the epoch; the same on all ranks.
        indices: [m] the samples to visit, of all n; None visits every one.
        batch_size: The loader's batch size per rank. It only matters where there are several ranks: their batches,
            concatenated, are then the batch of a single rank. With 1, samples are dealt to the ranks one by one.
        drop_last: Leave out the samples that do not fill a global batch, instead of repeating some on several ranks.
        num_replicas, rank: Instead of torch.distributed's.
    """

    def __init__(
        self,
        dataset: Any,
        shuffle: bool = True,
        seed: int = 0,
        indices: ArrayLike | None = None,
        batch_size: int = 1,
        drop_last: bool = False,
        num_replicas: int | None = None,
        rank: int | None = None,
    ) -> None:
        # DistributedSampler's own constructor would ask for an initialised process group. Being one is what counts:
        # Lightning and Accelerate leave such a sampler in its place.
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = seed
        self.batch_size = batch_size
        self.drop_last = drop_last
        self._n = dataset if isinstance(dataset, int) else len(dataset)
        self._indices = None if indices is None else as_indices(indices, self._n)
        self._given = (rank, num_replicas)
        self._begun = False
        self._start = 0
        self._seen = 0
        self.epoch = 0
        rank_length(self._samples, self.num_replicas, batch_size)

    @property
    def rank(self) -> int:  # type: ignore[override]
        """This process's rank."""
        return place(*self._given)[0]

    @property
    def num_replicas(self) -> int:  # type: ignore[override]
        """The number of ranks."""
        return place(*self._given)[1]

    @property
    def _samples(self) -> int:
        return self._n if self._indices is None else len(self._indices)

    @property
    def num_samples(self) -> int:  # type: ignore[override]
        """Indices that this rank gets in a whole epoch."""
        return rank_length(self._samples, self.num_replicas, self.batch_size, self.drop_last)

    @property
    def total_size(self) -> int:  # type: ignore[override]
        """Indices that all ranks get in a whole epoch."""
        return self.num_samples * self.num_replicas

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """The next iteration is of this epoch, from its beginning unless a state of this very epoch was loaded."""
        if epoch != self.epoch:
            self._start = self._seen = 0
        self.epoch = epoch
        self._begun = False

    def __iter__(self) -> Iterator[int]:
        # A generator begins with its first `next`: DataLoader makes iterators that it never uses, and Lightning
        # calls set_epoch after iter.
        if self._begun:
            self.epoch += 1
            self._start = 0
        self._begun = True
        self._seen, self._start = self._start, 0
        rank, world_size = place(*self._given)
        samples = self._n if self._indices is None else self._indices
        order = epoch_order(samples, self.epoch, self.seed, self.shuffle)
        mine = rank_order(order, rank, world_size, self.batch_size, self.drop_last, self._seen)
        for index in (mine + self.epoch * self._n).tolist():
            self._seen = min(self._seen + world_size, self._samples)
            yield index

    def state_dict(self) -> dict[str, int]:
        """Where the iteration is: the epoch, the samples seen over all ranks, and the seed."""
        return {"epoch": self.epoch, "samples": self._seen, "seed": self.seed}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """The next iteration goes on from `state`, on any number of ranks."""
        self.epoch, self.seed = state["epoch"], state["seed"]
        self._start = self._seen = state["samples"]
        self._begun = False
