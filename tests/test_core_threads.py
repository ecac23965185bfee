"""Threads and processes: the pool under forks, several callers, exits, and its size."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from slipstream_plugins import _core
from tests import images


class Work:
    """A batch to decode again and again."""

    def __init__(self, count: int = 12) -> None:
        data = [images.jpeg(160, 120, seed=seed) for seed in range(12)]
        self.encoded = _core.Encoded.from_buffers([data[i % 12] for i in range(count)])
        self.infos, _ = self.encoded.probe()
        self.views = np.zeros(count, _core.VIEW_DTYPE)
        self.views["bounds"] = self.views["box"] = (0, 0, 160, 120)
        self.views["size"] = 64
        self.count = count

    def pixels(self, threads: int = 4) -> bytes:
        out = _core.PooledArray((self.count, 3, 64, 64), "uint8")
        rows = np.arange(self.count)
        assert not _core.decode(self.encoded, self.infos, rows, [self.views], [_core.Output()], [out], False, threads)
        return np.asarray(out).tobytes()


def child_succeeds(body: Callable[[], bool]) -> bool:
    """Runs `body` in a forked child with ten seconds to finish."""
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        os._exit(0 if body() else 1)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_forked_while_another_thread_decodes_decodes_too() -> None:
    work = Work()
    expected = work.pixels()
    stop = threading.Event()

    def decode_on() -> None:
        while not stop.is_set():
            work.pixels()

    thread = threading.Thread(target=decode_on)
    thread.start()
    try:
        for _ in range(20):
            assert child_succeeds(
                lambda: work.pixels() == expected and child_succeeds(lambda: work.pixels() == expected)
            )
    finally:
        stop.set()
        thread.join()
    assert work.pixels() == expected


def test_several_python_threads_decode_at_once() -> None:
    work = Work()
    expected = work.pixels(1)
    results: list[bool] = []

    def decode_some(threads: int) -> None:
        results.extend(work.pixels(threads) == expected for _ in range(20))

    callers = [threading.Thread(target=decode_some, args=(1 + i,)) for i in range(5)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert results == [True] * 100


def test_other_python_threads_run_during_a_decode() -> None:
    work = Work(300)
    ticks: list[float] = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.wait(0.001):
            ticks.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    work.pixels(1)
    end = time.perf_counter()
    stop.set()
    thread.join()
    inside = [at for at in ticks if start + 0.1 * (end - start) < at < end - 0.1 * (end - start)]
    assert len(inside) >= 3


def test_the_interpreter_ends_while_a_daemon_thread_decodes() -> None:
    code = (
        "import threading, time\n"
        "from tests.test_core_threads import Work\n"
        "work = Work()\n"
        "def forever():\n"
        "    while True: work.pixels()\n"
        "threading.Thread(target=forever, daemon=True).start()\n"
        "time.sleep(0.2)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_number_of_threads_is_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLIPSTREAM_NUM_THREADS", raising=False)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    mine = _core.default_num_threads()
    assert 1 <= mine <= (os.cpu_count() or 1)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "100000")
    with pytest.raises(ValueError, match="LOCAL_WORLD_SIZE: expected a whole number from 1 to 65536"):
        _core.default_num_threads()
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "60000")
    assert _core.default_num_threads() == 1
    monkeypatch.setenv("SLIPSTREAM_NUM_THREADS", "5")
    assert _core.default_num_threads() == 5
    monkeypatch.setenv("SLIPSTREAM_NUM_THREADS", "many")
    with pytest.raises(ValueError, match='SLIPSTREAM_NUM_THREADS: expected a whole number from 1 to 65536, got "many"'):
        Work()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux has it")
def test_the_number_of_threads_follows_the_affinity() -> None:
    code = (
        "import os; from slipstream_plugins import _core\n"
        "os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); print(_core.default_num_threads())\n"
    )
    env = {
        name: value for name, value in os.environ.items() if name not in ("SLIPSTREAM_NUM_THREADS", "LOCAL_WORLD_SIZE")
    }
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout == "1\n"


def test_nonsense_about_kernels_in_the_environment_is_an_error_and_not_a_crash() -> None:
    code = "from slipstream_plugins import _core; _core.Encoded.from_buffers([b'x'] * 9).probe(4)"
    env = {**os.environ, "SLIPSTREAM_SIMD": "mmx"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.returncode == 1
    assert "SLIPSTREAM_SIMD: expected portable or avx2" in done.stderr
