"""Batches to a CUDA device beside the computation, or left where they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

__all__ = ["Sent", "Transfer", "map_tensors"]

Sent = tuple[Any, torch.cuda.Event | None]
"""A batch on its way, and the event that its copies end with."""


def map_tensors(function: Callable[[torch.Tensor], torch.Tensor], batch: Any) -> Any:
    """`batch` with `function` applied to every tensor in its dicts, lists and tuples."""
    if isinstance(batch, torch.Tensor):
        return function(batch)
    if isinstance(batch, dict):
        return {name: map_tensors(function, value) for name, value in batch.items()}
    if type(batch) in (list, tuple):
        return type(batch)(map_tensors(function, value) for value in batch)
    return batch


class Transfer:
    """Moves batches in two halves: `send` in the thread that makes them, `receive` in the thread that uses them.

    Args:
        device: Where to; None is "cuda" where there is one, else batches stay where they are.
        pin_memory: Copy by way of pinned memory (torch's, which is not reused before the copy is done), so that the
            copy overlaps with computation.
    """

    def __init__(self, device: str | torch.device | None, pin_memory: bool) -> None:
        if device is None:
            device = f"cuda:{torch.cuda.current_device()}" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device)
        self._pin = pin_memory
        self._stream: torch.cuda.Stream | None = None
        if self.device.type == "cuda":
            self._stream = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]

    def send(self, batch: Any) -> Sent:
        """Starts the copies."""
        if self._stream is None:
            return (batch if self.device.type == "cpu" else map_tensors(self._copy, batch)), None
        with torch.cuda.stream(self._stream):
            return map_tensors(self._copy, batch), self._stream.record_event()

    def receive(self, sent: Sent) -> Any:
        """Makes the current stream wait for the copies, and tells the allocator that it uses them."""
        batch, copied = sent
        if copied is not None:
            stream = torch.cuda.current_stream(self.device)
            stream.wait_event(copied)
            map_tensors(lambda tensor: _used_by(tensor, stream), batch)
        return batch

    def _copy(self, tensor: torch.Tensor) -> torch.Tensor:
        if self._stream is None:
            return tensor.to(self.device)
        if self._pin and tensor.device.type == "cpu":
            tensor = tensor.pin_memory()
        return tensor.to(self.device, non_blocking=True)


def _used_by(tensor: torch.Tensor, stream: torch.cuda.Stream) -> torch.Tensor:
    if tensor.is_cuda:
        tensor.record_stream(stream)
    return tensor
