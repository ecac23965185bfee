"""Running ahead: order, bounds, errors in their place, and threads that end."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
import traceback
from collections.abc import Iterator

import pytest

from slipstream_plugins.prefetch import Prefetcher
from tests.scripts import run_script


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "slipstream-prefetch"]


def wait_for_no_thread() -> None:
    until = time.monotonic() + 2
    while threads() and time.monotonic() < until:
        time.sleep(0.005)
    assert not threads()


def failing_at(position: int) -> Iterator[int]:
    for i in range(100):
        if i == position:
            raise ZeroDivisionError(f"item {i}")
        yield i


@pytest.mark.parametrize("depth", [1, 2, 7])
def test_items_come_out_in_order_and_once(depth: int) -> None:
    assert list(Prefetcher(iter(range(50)), depth)) == list(range(50))
    wait_for_no_thread()


def test_items_are_made_in_one_other_thread() -> None:
    made_in = set(Prefetcher((threading.get_ident() for _ in range(3)), 2))
    assert len(made_in) == 1 and threading.get_ident() not in made_in


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_no_more_than_depth_items_are_made_ahead(depth: int) -> None:
    made = 0

    def count() -> Iterator[int]:
        nonlocal made
        while True:
            made += 1
            yield made

    ahead = Prefetcher(count(), depth)
    for taken in range(1, 20):
        next(ahead)
        time.sleep(0.003)
        assert made <= taken + depth
    time.sleep(0.05)
    assert made == 19 + depth  # and it does run ahead
    ahead.close()


def test_nothing_runs_before_the_first_next() -> None:
    started = []
    ahead = Prefetcher((started.append(i) for i in range(3)), 2)
    time.sleep(0.05)
    assert not started and not threads()
    ahead.close()


@pytest.mark.parametrize("depth", [1, 3])
def test_an_error_comes_in_its_place_with_its_traceback(depth: int) -> None:
    items = Prefetcher(failing_at(5), depth)
    assert [next(items) for _ in range(5)] == [0, 1, 2, 3, 4]
    begun = time.monotonic()
    with pytest.raises(ZeroDivisionError, match="item 5") as caught:
        next(items)
    assert time.monotonic() - begun < 1
    assert "failing_at" in "".join(traceback.format_tb(caught.value.__traceback__))
    with pytest.raises(StopIteration):
        next(items)
    wait_for_no_thread()


def test_early_breaks_leave_no_thread_and_close_the_iterator() -> None:
    closed = []

    def watched() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.append(True)

    for _ in range(200):
        for item in Prefetcher(watched(), 2):
            if item == 1:
                break
    gc.collect()
    wait_for_no_thread()
    assert len(closed) == 200


def test_a_forgotten_prefetcher_ends_its_thread() -> None:
    ahead = Prefetcher(iter(range(1000)), 2)
    next(ahead)
    assert threads()
    del ahead
    wait_for_no_thread()


def test_a_taken_item_is_not_kept_alive() -> None:
    import weakref

    class Item: ...

    ahead = Prefetcher((Item() for _ in range(3)), 1)
    for _ in range(3):
        item = next(ahead)
        watch = weakref.ref(item)
        del item
        time.sleep(0.02)
        assert watch() is None
    ahead.close()


def test_closing_from_inside_another_thread_wakes_a_waiting_consumer() -> None:
    release = threading.Event()

    def slow() -> Iterator[int]:
        yield 0
        release.wait(5)
        yield 1

    ahead = Prefetcher(slow(), 1)
    next(ahead)
    timer = threading.Timer(0.05, lambda: (release.set(), ahead.close()))
    timer.start()
    assert list(ahead) in ([], [1])
    timer.join()
    wait_for_no_thread()


def test_a_depth_of_none_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Prefetcher(iter([]), 0)


def test_ctrl_c_ends_the_program_within_two_seconds() -> None:
    body = """
        import itertools, time
        from slipstream_plugins.prefetch import Prefetcher
        def slow():
            for i in itertools.count():
                time.sleep(0.3)
                yield i
        ahead = Prefetcher(slow(), 2)
        next(ahead); print("ready", flush=True)
        while True:
            next(ahead)
    """
    code, out, seconds = run_script(body, interrupt=True)
    assert "KeyboardInterrupt" in out and code != 0
    assert seconds < 2


def test_a_program_ends_though_its_prefetcher_still_runs() -> None:
    body = """
        import itertools
        from slipstream_plugins.prefetch import Prefetcher
        ahead = Prefetcher(itertools.count(), 2)
        next(ahead)
    """
    code, out, seconds = run_script(body)
    assert code == 0 and out == "" and seconds < 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_can_forget_a_running_prefetcher() -> None:
    ahead = Prefetcher(iter(range(1000)), 2)
    next(ahead)
    child = os.fork()
    if child == 0:
        signal.alarm(5)
        del ahead
        gc.collect()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert next(ahead) == 1
    ahead.close()
