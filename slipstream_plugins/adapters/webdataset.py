"""WebDataset's handlers around our stages. Without a handler, `.compose(stages)` needs no adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from slipstream_plugins.errors import DecodeError

__all__ = ["Handled"]


@dataclass(frozen=True)
class Handled:
    """Stages over a stream, one sample or list at a time, that ask a handler what to do about a DecodeError.

    To leave out damaged images without a handler, `BatchDecode(on_error="skip")` decodes more of them at a time.

    Args:
        stages: What is done with each.
        handler: As WebDataset's: gets the error; true skips the sample or list, false ends the stream.
    """

    stages: Callable[[Any], Any]
    handler: Callable[[Exception], bool]

    def __call__(self, stream: Iterator[Any]) -> Iterator[Any]:
        """The decoded stream."""
        for each in stream:
            try:
                done = self.stages(each)
            except DecodeError as error:
                if self.handler(error):
                    continue
                return
            yield done
