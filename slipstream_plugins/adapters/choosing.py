"""What `slip_decode` runs, in every library that has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slipstream_plugins.stages.base import Stage
from slipstream_plugins.stages.streaming import decode

__all__ = ["NAME", "chosen"]

NAME = "slip_decode"


def chosen(stages: Callable[[Any], Any] | None, options: dict[str, Any]) -> Callable[[Any], Any]:
    """`stages` over a stream, or `decode` as its options say.

    Args:
        stages: Such as a Compose, or any callable; None decodes.
        options: Of `decode`; beside stages of this package only `batch_size`.
    """
    if stages is not None and not isinstance(stages, Stage):
        if options:
            raise TypeError(f"{NAME}: expected options of decode alone, got {stages!r} too; configure one of them")
        return stages
    made: Callable[[Any], Any] = decode(stages, **options)
    return made
