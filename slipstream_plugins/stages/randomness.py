"""Where a call's random numbers come from: drawn as a pure function of the sample, or replayed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from slipstream_plugins import columns, rng

__all__ = ["Draw", "Draws", "Randomness", "Replay", "SharedEpoch"]

Draw = Callable[[int, rng.Identity], NDArray[Any]]
"""From a stream's key and the samples to one row of parameters per sample."""


class SharedEpoch:
    """The current epoch in shared memory, so that it reaches persistent workers; for streams, whose samples carry none.

    Hand it to workers by starting them; a plain pickle of it is a copy of its own.

    Args:
        epoch: The first epoch.
    """

    def __init__(self, epoch: int = 0) -> None:
        self._cell = torch.tensor([epoch], dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    def set(self, epoch: int) -> None:
        """Sets the epoch of every process that holds this cell."""
        self._cell[0] = epoch

    def __int__(self) -> int:
        return int(self._cell[0])

    def __deepcopy__(self, memo: dict[int, Any]) -> SharedEpoch:
        return self

    def __repr__(self) -> str:
        return f"SharedEpoch({int(self)})"


class Draws(Protocol):
    """Gives the parameters of a random stage."""

    def params(self, stream: str, batch: columns.Batch, positions: NDArray[np.int64], draw: Draw) -> NDArray[Any]:
        """One row per position of the batch."""


class Randomness:
    """The draws of one call.

    Args:
        seed: An integer, or None for draws that nothing repeats.
        epoch: For batches without an `epoch` column.
    """

    def __init__(self, seed: int | None = None, epoch: int | SharedEpoch | None = None) -> None:
        self._seed = seed
        self._epoch = epoch
        self._salt: int | None = None
        self._known: tuple[NDArray[np.int64], NDArray[np.uint64] | None] | None = None

    def params(self, stream: str, batch: columns.Batch, positions: NDArray[np.int64], draw: Draw) -> NDArray[Any]:
        """Draws by (seed, epoch, identity, stream), or by a salt of this call and the position in the batch."""
        identity = None if self._seed is None else self._identity(batch)
        if self._seed is None or identity is None:
            who = rng.Identity(np.zeros(1, np.uint64), batch.rows[positions].astype(np.uint64))
            return draw(rng.stream_key(self._salted(), stream), who)
        epoch = np.broadcast_to(self._epochs(batch), identity.shape)
        return draw(rng.stream_key(self._seed, stream), rng.Identity(epoch[positions], identity[positions]))

    def _identity(self, batch: columns.Batch) -> NDArray[np.uint64] | None:
        """Who the samples are, found once for all the streams of a call; `rows` is another array after a skip."""
        if self._known is None or self._known[0] is not batch.rows:
            self._known = (batch.rows, columns.identity(batch))
        return self._known[1]

    def _salted(self) -> int:
        """One draw per call from torch's generator, which DataLoader seeds per worker and epoch."""
        if self._salt is None:
            self._salt = int(torch.empty((), dtype=torch.int64).random_(-(2**63), None))
        return self._salt

    def _epochs(self, batch: columns.Batch) -> NDArray[np.uint64]:
        if "epoch" in batch.columns:
            return np.asarray(batch.columns["epoch"]).astype(np.uint64)
        if self._epoch is None:
            warnings.warn(
                "Compose: expected an epoch beside seed=int, got none, so every epoch draws alike; "
                "use reader.sampler(), an `epoch` column, or epoch=SharedEpoch()",
                stacklevel=2,
            )
        return np.array([int(self._epoch or 0)], np.uint64)


class Replay:
    """The parameters of an earlier call.

    Args:
        params: Stream to one row per sample, as `sample` returned them.
    """

    def __init__(self, params: Mapping[str, NDArray[Any]]) -> None:
        self._params = params

    def params(self, stream: str, batch: columns.Batch, positions: NDArray[np.int64], draw: Draw) -> NDArray[Any]:
        """The recorded rows."""
        if stream not in self._params:
            raise ValueError(f"apply: expected params of {stream!r}, got {list(self._params)}; take them from sample()")
        rows = batch.rows[positions]
        recorded = np.asarray(self._params[stream])
        if len(rows) and rows.max() >= len(recorded):
            raise ValueError(
                f"apply: expected params of {rows.max() + 1} samples, got {len(recorded)} for {stream!r}; "
                f"sample() and apply() need batches of the same samples"
            )
        return recorded[rows]
