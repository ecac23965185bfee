"""Files that appear under their name only when they are whole and on the disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from slipstream_plugins.cache.locks import sync_directory, synced_file

__all__ = ["sync_parents", "whole_file"]


@contextmanager
def whole_file(target: Path) -> Iterator[BinaryIO]:
    """Opens a file of a folder that may not be there yet; it stands under its name only when the block ends well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with synced_file(target) as out:
        yield out


def sync_parents(targets: Iterable[Path]) -> None:
    """Makes the names of finished files durable."""
    for parent in {target.parent for target in targets}:
        sync_directory(parent)
