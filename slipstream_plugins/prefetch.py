"""Runs an iterator ahead of its consumer, in one background thread and within a bound."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Generic, TypeVar

__all__ = ["Prefetcher"]

T = TypeVar("T")

_JOIN_SECONDS = 1.0
"""How long closing waits for a batch in the making. The thread ends after it in any case."""


class Prefetcher(Iterator[T], Generic[T]):
    """An iterator that is run ahead by a thread. The thread starts with the first `next`.

    An exception of `items` comes out where its item would have come, with the traceback of the thread. When the
    prefetcher is closed, exhausted or forgotten, its thread ends.

    Args:
        items: Used by the thread alone, closed by it if it can be closed.
        depth: How many items may exist that the consumer has not taken, the one in the making among them.
    """

    def __init__(self, items: Iterator[T], depth: int) -> None:
        if depth < 1:
            raise ValueError(f"depth: expected at least 1, got {depth}; without a thread, use the iterator itself")
        self._lane: _Lane[T] = _Lane(items, depth)
        # The thread knows only the lane, so forgetting the prefetcher is noticed; finalize also runs at exit.
        self._finalizer = weakref.finalize(self, _Lane.stop, self._lane)

    def __next__(self) -> T:
        return self._lane.take()

    def close(self) -> None:
        """Ends the thread."""
        self._finalizer()

    def __enter__(self) -> Prefetcher[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Lane(Generic[T]):
    """What the consumer and the thread share."""

    def __init__(self, items: Iterator[T], depth: int) -> None:
        self._items: Iterator[T] | None = items
        self._depth = depth
        self._ready: deque[T] = deque()
        self._changed = threading.Condition()
        self._error: BaseException | None = None
        self._ended = False
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._process = os.getpid()

    def take(self) -> T:
        with self._changed:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="slipstream-prefetch", daemon=True)
                self._thread.start()
            while not self._ready and not self._ended and not self._stopped:
                self._changed.wait()
            if self._ready:
                item = self._ready.popleft()
                self._changed.notify_all()
                return item
            error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # or this frame and the traceback that names it would keep each other
        raise StopIteration

    def stop(self) -> None:
        if os.getpid() != self._process:
            return  # a forked child has neither the thread nor a usable lock
        with self._changed:
            self._stopped = True
            self._ready.clear()
            self._error = None
            self._changed.notify_all()
        if self._thread is None:
            self._close_items()
        elif self._thread is not threading.current_thread():
            self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            while self._wait_for_room():
                assert self._items is not None
                item = next(self._items)
                with self._changed:
                    if not self._stopped:
                        self._ready.append(item)
                    self._changed.notify_all()
                del item  # the consumer alone decides how long it lives
        except StopIteration:
            pass
        except BaseException as caught:
            error = caught
        try:
            self._close_items()
        except BaseException as caught:
            error = error or caught
        with self._changed:
            self._error = None if self._stopped else error
            self._ended = True
            self._changed.notify_all()

    def _wait_for_room(self) -> bool:
        with self._changed:
            while len(self._ready) >= self._depth and not self._stopped:
                self._changed.wait()
            return not self._stopped

    def _close_items(self) -> None:
        items, self._items = self._items, None
        close = getattr(items, "close", None)
        if close is not None:
            close()
