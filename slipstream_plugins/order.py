"""Which samples come when: pure functions of the data's size, the seed, the epoch, and the place among the ranks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slipstream_plugins import rng

__all__ = ["as_indices", "epoch_order", "rank_batches", "rank_length", "rank_order"]


def as_indices(indices: ArrayLike, n: int) -> NDArray[np.int64]:
    """Checks the samples that a subset names.

    Args:
        indices: [m] integers in [0, n); a sample may come more than once.
        n: Number of samples in the source.

    Returns:
        [m] int64, a copy.

    Raises:
        ValueError: An index is outside the source, or not an integer.
    """
    array = np.asarray(indices)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(f"indices: expected a list of integers, got {array.dtype} of shape {array.shape}")
    outside = np.flatnonzero((array < 0) | (array >= n))
    if outside.size:
        first = outside[0]
        raise ValueError(f"indices: expected integers in [0, {n}), got {array[first]} (position {first})")
    return array.astype(np.int64)


def epoch_order(samples: int | NDArray[np.int64], epoch: int, seed: int = 0, shuffle: bool = True) -> NDArray[np.int64]:
    """The order in which an epoch visits the samples, before it is dealt to ranks.

    Args:
        samples: Number of samples n, or the [n] indices of a subset.
        epoch: At least 0; changes the order where `shuffle` is set.
        seed: Any integer.
        shuffle: False keeps the order of `samples`.

    Returns:
        [n] int64, each sample once.
    """
    n = samples if isinstance(samples, int) else len(samples)
    if shuffle:
        positions = rng.permutation(n, rng.stream_key(seed, "order", str(epoch)))
        return positions if isinstance(samples, int) else samples[positions]
    return np.arange(n, dtype=np.int64) if isinstance(samples, int) else samples.astype(np.int64)


def rank_order(
    order: NDArray[np.int64],
    rank: int = 0,
    world_size: int = 1,
    batch_size: int = 1,
    drop_last: bool = False,
    start: int = 0,
) -> NDArray[np.int64]:
    """The part of an epoch that one rank sees: the `rank`-th slice of every global batch.

    The batches of all ranks, concatenated in order of rank, are the same for every way to divide a global batch.

    Args:
        order: [n] int64, from `epoch_order`.
        rank: In [0, world_size).
        world_size: Number of ranks; a global batch is world_size * batch_size samples.
        batch_size: Samples per rank and batch. With 1, rank r gets every world_size-th sample from r.
        drop_last: Leave out the last, smaller global batch. Otherwise it is dealt out in equal parts, filled up from
            the beginning of the order where it does not divide, so that every rank takes the same number of steps.
        start: Samples of the order (over all ranks) that were seen before.

    Returns:
        [m] int64 with m = `rank_length`, the same on every rank.
    """
    _check_place(rank, world_size, batch_size)
    rest = order[start:]
    whole = len(rest) // (world_size * batch_size)
    mine = rest[: whole * world_size * batch_size].reshape(whole, world_size, batch_size)[:, rank].reshape(-1)
    tail = rest[whole * world_size * batch_size :]
    if drop_last or not len(tail):
        return mine
    share = -(-len(tail) // world_size)
    filled = np.concatenate([tail, np.resize(order, share * world_size - len(tail))])
    return np.concatenate([mine, filled[rank * share : (rank + 1) * share]])


def rank_length(n: int, world_size: int = 1, batch_size: int = 1, drop_last: bool = False) -> int:
    """How many samples each rank sees of n: the length of `rank_order`."""
    _check_place(0, world_size, batch_size)
    whole, tail = divmod(n, world_size * batch_size)
    return whole * batch_size + (0 if drop_last else -(-tail // world_size))


def rank_batches(n: int, world_size: int = 1, batch_size: int = 1, drop_last: bool = False) -> int:
    """How many batches each rank sees of n samples."""
    return -(-rank_length(n, world_size, batch_size, drop_last) // batch_size)


def _check_place(rank: int, world_size: int, batch_size: int) -> None:
    if world_size < 1 or not 0 <= rank < world_size:
        raise ValueError(f"rank: expected 0 <= rank < world_size, got rank {rank} of {world_size}")
    if batch_size < 1:
        raise ValueError(f"batch_size: expected at least 1, got {batch_size}")
