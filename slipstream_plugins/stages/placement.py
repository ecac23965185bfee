"""Where a batch goes and what shape it has there: ToDevice and ToTuple."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from slipstream_plugins.columns import Batch
from slipstream_plugins.stages.base import Stage
from slipstream_plugins.stages.forms import to_tensor
from slipstream_plugins.stages.randomness import Draws

__all__ = ["ToDevice", "ToTuple"]


@dataclass(frozen=True, repr=False)
class ToDevice(Stage):
    """Moves every tensor of a batch.

    Args:
        device: Such as "cuda" or "cuda:1".
        non_blocking: Do not wait for a copy from pinned memory.

    Raises:
        RuntimeError: Inside a worker process of a DataLoader, where it would start CUDA after a fork.
    """

    device: str
    non_blocking: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "device", str(torch.device(self.device)))

    def process(self, batch: Batch, draws: Draws, stream: str) -> Batch:
        """Moves the columns."""
        self._check()
        return batch.with_columns(**{name: self._move(to_tensor(column)) for name, column in batch.columns.items()})

    def _check(self) -> None:
        if torch.device(self.device).type != "cpu" and torch.utils.data.get_worker_info() is not None:
            raise RuntimeError(
                f"ToDevice({self.device!r}): expected the trainer's process, got a DataLoader worker; give the worker "
                f"host, and apply device to its batches, of `host, device = stages.split()`"
            )

    def _move(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return value.to(self.device, non_blocking=self.non_blocking)
        return [self._move(entry) for entry in value] if isinstance(value, list) else value


@dataclass(frozen=True, repr=False, init=False)
class ToTuple(Stage):
    """Columns by name as a tuple, `x, y = batch`; the last stage of a Compose.

    Args:
        columns: Their names, in order.
        names: The same as a list, for configuration files.
    """

    names: tuple[str, ...]

    def __init__(self, *columns: str, names: Sequence[str] = ()) -> None:
        wanted = (*columns, *names)
        if not wanted or not all(isinstance(name, str) for name in wanted):
            raise TypeError(f"ToTuple: expected names of columns, got {wanted}; such as ToTuple('image', 'label')")
        object.__setattr__(self, "names", wanted)

    def __repr__(self) -> str:
        return f"ToTuple({', '.join(map(repr, self.names))})"

    def process(self, batch: Batch, draws: Draws, stream: str) -> Batch:
        """Leaves the columns; `pick` follows when the batch has its form again."""
        return batch

    def finish(self, batch: Batch) -> Any:
        """The tuple."""
        return self.pick(super().finish(batch))

    def pick(self, batch: Any) -> tuple[Any, ...]:
        """The named entries of a dict of columns, or of a sample."""
        if not isinstance(batch, Mapping):
            raise TypeError(f"ToTuple: expected named columns, got {type(batch).__name__}; pass a dict of columns")
        missing = [name for name in self.names if name not in batch]
        if missing:
            raise ValueError(f"ToTuple: expected the column {missing[0]!r}, got {list(batch)}; name one of these")
        return tuple(batch[name] for name in self.names)
