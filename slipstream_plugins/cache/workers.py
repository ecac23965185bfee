"""Builds shards in parallel processes that die with their parent."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from slipstream_plugins.cache.shards import Report, ShardTask, build_shard
from slipstream_plugins.errors import CacheError

__all__ = ["build_in_processes", "refuse_inside_spawn"]

GUARD = 'put the script\'s own code under `if __name__ == "__main__":`, or build with workers=0'


def refuse_inside_spawn() -> None:
    """A script without a main guard runs again in every worker; there, a build would wait for its own parent."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise CacheError(f"build: expected a main script that can be imported, got one that starts a build; {GUARD}")


def build_in_processes(task: ShardTask, numbers: Sequence[int], workers: int, report: Report) -> None:
    """Builds shards, each in one of `workers` processes. Raises what the first failing shard raises."""
    pending = deque(numbers)
    with _started(task, min(workers, len(numbers))) as processes:
        for connection in processes:
            _hand_out(connection, pending)
        busy = set(processes)
        while busy:
            for connection in [each for each in wait(list(busy)) if isinstance(each, Connection)]:
                kind, value = _receive(connection, processes[connection])
                if kind == "failed":
                    raise value
                if kind == "done":
                    if not _hand_out(connection, pending):
                        busy.discard(connection)
                else:
                    report(*value)


def _hand_out(connection: Connection, pending: deque[int]) -> bool:
    """Gives a worker its next shard, or tells it that there is none."""
    number = pending.popleft() if pending else None
    with suppress(BrokenPipeError):  # a dead worker is noticed when it is read from
        connection.send(number)
    return number is not None


def _receive(connection: Connection, process: SpawnProcess) -> tuple[str, Any]:
    try:
        message: tuple[str, Any] = connection.recv()
        return message
    except (EOFError, ConnectionResetError):
        process.join(5)
        code = process.exitcode
        why = f"signal {-code} ({signal.strsignal(-code)})" if code is not None and code < 0 else f"exit code {code}"
        raise CacheError(
            f"build: a worker process ended with {why}; the finished shards are kept: run the same build again, "
            f"with fewer workers if memory was short; {GUARD}"
        ) from None


@contextmanager
def _started(task: ShardTask, count: int) -> Iterator[dict[Connection, SpawnProcess]]:
    context = multiprocessing.get_context("spawn")
    processes: dict[Connection, SpawnProcess] = {}
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, task), daemon=True)
            _start(process)
            theirs.close()  # so that a worker's death is the end of its stream
            processes[ours] = process
        yield processes
    except BaseException:
        for process in processes.values():
            process.terminate()
        raise
    finally:
        for connection, process in processes.items():
            connection.close()
            process.join()


def _start(process: SpawnProcess) -> None:
    try:
        process.start()
    except (TypeError, AttributeError, ValueError) as error:
        raise CacheError(
            f"build: expected a source that can be pickled into worker processes, got {error}; build with workers=0"
        ) from error
    except Exception as error:
        if type(error).__name__ != "PicklingError":
            raise
        raise CacheError(
            f"build: expected a source that can be pickled into worker processes, got {error}; build with workers=0"
        ) from error


def _work(connection: Connection, task: ShardTask) -> None:
    """A worker: shard numbers in, ("progress", ...), ("done", None) or ("failed", error) out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends its workers

    def report(samples: int, size: int) -> None:
        connection.send(("progress", (samples, size)))  # raises once the parent is dead, which ends the shard

    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while (number := connection.recv()) is not None:
            connection.send(_outcome(build_shard, task, number, report))


def _outcome(build: Callable[..., Any], task: ShardTask, number: int, report: Report) -> tuple[str, Any]:
    try:
        build(task, number, report)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:
        import traceback

        if hasattr(error, "add_note"):
            error.add_note("".join(traceback.format_exception(error)))
        return "failed", error
    return "done", None
