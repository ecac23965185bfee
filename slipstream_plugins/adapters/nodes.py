"""torchdata.nodes written from left to right: `pipe(node).batch(256).slip_decode(stages).prefetch(2).loader()`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slipstream_plugins.adapters.choosing import chosen
from slipstream_plugins.errors import missing_extra
from slipstream_plugins.stages.base import Stage

try:
    from torchdata import nodes
except ImportError as error:
    raise missing_extra("torchdata", "torchdata") from error

__all__ = ["Pipe", "pipe"]


@dataclass(frozen=True)
class Pipe:
    """A torchdata node, and what can follow it. Every method gives a new Pipe; states are the nodes' own.

    Args:
        node: Gives samples, batches or indices.
    """

    node: Any

    def batch(self, batch_size: int, drop_last: bool = False) -> Pipe:
        """Lists of `batch_size` items, the last one smaller or dropped."""
        return Pipe(nodes.Batcher(self.node, batch_size, drop_last=drop_last))

    def map(self, function: Callable[[Any], Any]) -> Pipe:
        """`function` of every item."""
        return Pipe(nodes.Mapper(self.node, function))

    def slip_decode(self, stages: Callable[[Any], Any] | None = None, **options: Any) -> Pipe:
        """Samples, batches or lists of indices through stages.

        Args:
            stages: Such as a Compose; None decodes.
            options: What `decode` takes, such as `size=224, batch_size=64`.
        """
        stage = chosen(stages, options)
        return Pipe(stage(self.node)) if isinstance(stage, Stage) else self.map(stage)

    def prefetch(self, depth: int) -> Pipe:
        """Makes up to `depth` items ahead in a thread."""
        return Pipe(nodes.Prefetcher(self.node, depth))

    def loader(self) -> Any:
        """A `torchdata.nodes.Loader`: iterable epoch after epoch, with `state_dict` and `load_state_dict`."""
        return nodes.Loader(self.node)


def pipe(node: Any) -> Pipe:
    """The beginning of a Pipe: a node, or any iterable."""
    if isinstance(node, nodes.BaseNode):
        return Pipe(node)
    if hasattr(node, "__iter__"):
        return Pipe(nodes.IterableWrapper(node))
    raise TypeError(f"pipe: expected a torchdata node or an iterable, got {type(node).__name__}")
