"""`slip_decode` for torch's DataPipes, iterable and map-style."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from typing import Any

from torch.utils.data import IterDataPipe, MapDataPipe

from slipstream_plugins.adapters.choosing import NAME, chosen

__all__ = ["SlipDecodeIterDataPipe", "SlipDecodeMapDataPipe", "register"]


class SlipDecodeIterDataPipe(IterDataPipe[Any]):
    """Samples or batches of another DataPipe through stages: `dp.slip_decode(stages)`.

    Args:
        source_datapipe: Encoded samples, or batches of them (`.batch(64)`).
        stages: Such as a Compose; None decodes.
        options: What `decode` takes, such as `size=224, batch_size=64`.
    """

    def __init__(
        self, source_datapipe: IterDataPipe[Any], stages: Callable[[Any], Any] | None = None, **options: Any
    ) -> None:
        self.source_datapipe = source_datapipe
        self.stages = chosen(stages, options)
        self._batch_size = options.get("batch_size")

    def __iter__(self) -> Iterator[Any]:
        yield from self.stages(iter(self.source_datapipe))

    def __len__(self) -> int:
        if not isinstance(self.source_datapipe, Sized):
            raise TypeError(f"{NAME}: the length of {type(self.source_datapipe).__name__} is not known")
        return -(-len(self.source_datapipe) // (self._batch_size or 1))


class SlipDecodeMapDataPipe(MapDataPipe[Any]):
    """The map-style form: item i is item i of the source through stages.

    Args:
        source_datapipe: Encoded samples, or batches of them (`.batch(64)`).
        stages: Such as a Compose; None decodes.
        options: What `decode` takes; `batch_size` batches the source first.
    """

    def __init__(
        self, source_datapipe: MapDataPipe[Any], stages: Callable[[Any], Any] | None = None, **options: Any
    ) -> None:
        batch_size = options.pop("batch_size", None)
        self.source_datapipe = source_datapipe if batch_size is None else source_datapipe.batch(batch_size)
        self.stages = chosen(stages, options)

    def __getitem__(self, index: Any) -> Any:
        return self.stages(self.source_datapipe[index])

    def __len__(self) -> int:
        return len(self.source_datapipe)


def register() -> None:
    """Gives both kinds of DataPipe the method `slip_decode`; again is harmless."""
    # torch raises on a second registration, and both a stage and the public module lead here.
    if NAME not in IterDataPipe.functions:
        IterDataPipe.register_datapipe_as_function(NAME, SlipDecodeIterDataPipe)
    if NAME not in MapDataPipe.functions:
        MapDataPipe.register_datapipe_as_function(NAME, SlipDecodeMapDataPipe)
