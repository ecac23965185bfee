"""`decode`: the shortest way from encoded samples to tensors, for batches and for streams of samples."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipstream_plugins import columns
from slipstream_plugins.columns import Batch
from slipstream_plugins.errors import DecodeError
from slipstream_plugins.plan import MAX_PIXELS
from slipstream_plugins.stages.base import Stage
from slipstream_plugins.stages.composing import Compose
from slipstream_plugins.stages.crops import ResizeCrop
from slipstream_plugins.stages.decoding import BatchDecode
from slipstream_plugins.stages.randomness import Draws, Randomness

__all__ = ["StreamDecode", "decode"]

GROUP = 16
"""Single samples of a stream that are decoded in one native call."""


def decode(
    source: Any = None,
    *,
    size: int | None = None,
    batch_size: int | None = None,
    on_error: str = "raise",
    fidelity: str = "fast",
    num_threads: int | None = None,
    max_pixels: int = MAX_PIXELS,
    field: str | None = None,
) -> Any:
    """Decodes a batch or a stream; without a source, or with stages in its place, returns the stage that does.

    Args:
        source: A batch in any form, or an iterator of samples or batches; None or a stage for a stage.
        size: ResizeCrop(round(size * 256 / 224), size); None leaves images as large as they are.
        batch_size: Collects the samples of a stream into column batches, the last one partial; None gives samples
            back, decoded some at a time.
        on_error: As in BatchDecode.
        fidelity: As in BatchDecode.
        num_threads: As in BatchDecode.
        max_pixels: As in BatchDecode.
        field: As in BatchDecode.

    Returns:
        What a stage returns for `source`, or a StreamDecode.

    Raises:
        DecodeError: An image cannot be decoded, and `on_error` is "raise".
    """
    options = BatchDecode(on_error, max_pixels, fidelity=fidelity, num_threads=num_threads, field=field)
    if isinstance(source, Stage):
        if size is not None or options != BatchDecode():
            raise TypeError(
                "decode: expected stages alone, got options of decoding too; put them into BatchDecode(...)"
            )
        return StreamDecode(source, batch_size)
    crop = [] if size is None else [ResizeCrop(round(size * 256 / 224), size)]
    stage = StreamDecode(Compose([options, *crop]), batch_size)
    return stage if source is None else stage(source)


@dataclass(frozen=True, repr=False)
class StreamDecode(Stage):
    """A stage over a stream of samples, several in one native call.

    Args:
        stage: What is done with them.
        batch_size: Column batches of so many come out, the last one partial; None: samples, in order.
    """

    stage: Stage
    batch_size: int | None = None

    def __post_init__(self) -> None:
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError(f"batch_size: expected at least 1, got {self.batch_size}; None gives samples")

    def __call__(self, batch: Any) -> Any:
        """Applies the stage; see `Stage.__call__`."""
        nodes = sys.modules.get("torchdata.nodes")
        if self.batch_size is not None and nodes is not None and isinstance(batch, nodes.BaseNode):
            return nodes.Mapper(nodes.Batcher(batch, self.batch_size, drop_last=False), self.stage)
        return super().__call__(batch)

    def parts(self) -> list[tuple[Any, str]]:
        """Those of the stage."""
        return self.stage.parts()

    def randomness(self) -> Randomness:
        """That of the stage."""
        return self.stage.randomness()

    def run(self, batch: Any, draws: Draws) -> Batch:
        """One batch."""
        return self.stage.run(batch, draws)

    def finish(self, batch: Batch) -> Any:
        """As the stage does."""
        return self.stage.finish(batch)

    def _stream(self, batches: Iterator[Any]) -> Iterator[Any]:
        group: list[Any] = []
        done = 0
        for value, error in _until_error(batches):
            single = error is None and self._is_sample(value)
            full = len(group) >= (self.batch_size or GROUP)
            if group and (full or not single or _signature(value) != _signature(group[0])):
                yield from self._group(group, done)
                done, group = done + len(group), []
            if error is not None:
                raise error
            if single:
                group.append(value)
            else:
                yield self.stage(value)
        if group:
            yield from self._group(group, done)

    def _is_sample(self, value: Any) -> bool:
        if columns.is_sample(value, self.stage.image_field):
            return True
        if self.batch_size is not None:
            raise TypeError(
                f"decode: expected single samples beside batch_size={self.batch_size}, got a {type(value).__name__}; "
                f"leave batch_size out for a stream of batches"
            )
        return False

    def _group(self, group: list[Any], done: int) -> Iterator[Any]:
        """The samples of a group as one batch, or one by one: an error comes after the samples before it."""
        if self.batch_size is not None:
            yield self._numbered(group, group, done)
            return
        try:
            ready = self._samples(group)
        except DecodeError:
            for position, sample in enumerate(group):
                yield from self._numbered([sample], None, done + position)
            return
        yield from ready

    def _samples(self, group: list[Any]) -> list[Any]:
        parsed = columns.parse_samples(group, self.stage.image_field)
        return list(self.stage.finish(self.stage.run(parsed, self.stage.randomness())))

    def _numbered(self, samples: list[Any], batch: Any, first: int) -> Any:
        """Runs a group; an error of a sample without an index names its place in the stream."""
        try:
            return self._samples(samples) if batch is None else self.stage(batch)
        except DecodeError as error:
            if isinstance(samples[0], Mapping) and "index" in samples[0]:
                raise
            place = first + (error.index or 0)
            raise DecodeError(error.reason, place, error.key, error.code) from None


def _until_error(source: Iterator[Any]) -> Iterator[tuple[Any, Exception | None]]:
    """The values of a stream, then the error that ended it, so that what came before is still handed out."""
    while True:
        try:
            value = next(source)
        except StopIteration:
            return
        except Exception as error:
            yield None, error
            return
        yield value, None


def _signature(value: Any) -> Any:
    """Samples of one group have the same fields."""
    return frozenset(n for n in value if not n.startswith("__")) if isinstance(value, Mapping) else None
