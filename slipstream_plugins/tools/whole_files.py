"""Files that appear under their name only when they are whole and on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from slipstream_plugins.cache.locks import sync_directory

__all__ = ["sync_parents", "whole_file"]


@contextmanager
def whole_file(target: Path) -> Iterator[BinaryIO]:
    """Opens a temporary file beside `target`, which takes its name when the block ends well and is removed else."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with open(beside, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(beside, target)
    except BaseException:
        with suppress(FileNotFoundError):
            beside.unlink()
        raise


def sync_parents(targets: Iterable[Path]) -> None:
    """Makes the names of finished files durable."""
    for parent in {target.parent for target in targets}:
        sync_directory(parent)
