"""Images converted group by group, the next group while the last one is written; memory holds two groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from slipstream_plugins.tools.outcomes import Conversion, Outcome

__all__ = ["Entry", "converted"]

GROUP_IMAGES = 256
GROUP_BYTES = 64 << 20
GROUP_ENTRIES = 4096


@dataclass(frozen=True)
class Entry:
    """One file of a data set.

    Args:
        name: Its name, for messages.
        image: The bytes to convert; None where the file is copied as it is.
        origin: Whatever the writer needs.
        held: Bytes of memory that `origin` keeps.
    """

    name: str
    image: Any
    origin: Any
    held: int = 0


def converted(entries: Iterable[Entry], conversion: Conversion) -> Iterator[tuple[Entry, Outcome | None]]:
    """Every entry in order, with what became of its image; None for those without one."""
    with ThreadPoolExecutor(1, "conversion") as ahead:
        before: tuple[list[Entry], Future[list[Outcome]]] | None = None
        for group in _groups(entries):
            images = [entry.image for entry in group if entry.image is not None]
            following = group, ahead.submit(conversion, images)
            if before is not None:
                yield from _matched(*before)
            before = following
        if before is not None:
            yield from _matched(*before)


def _groups(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    group: list[Entry] = []
    images = size = 0
    for entry in entries:
        group.append(entry)
        size += entry.held
        if entry.image is not None:
            images, size = images + 1, size + len(entry.image)
        if images == GROUP_IMAGES or size >= GROUP_BYTES or len(group) == GROUP_ENTRIES:
            yield group
            group, images, size = [], 0, 0
    if group:
        yield group


def _matched(group: list[Entry], outcomes: Future[list[Outcome]]) -> Iterator[tuple[Entry, Outcome | None]]:
    following = iter(outcomes.result())
    for entry in group:
        yield entry, None if entry.image is None else next(following)
