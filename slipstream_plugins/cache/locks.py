"""Advisory locks that the kernel frees when their holder dies, and writes that are whole or absent."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["locked", "sync_directory", "synced_file", "try_lock", "write_synced"]


@contextmanager
def locked(file: Path) -> Iterator[bool]:
    """Holds an exclusive lock on `file`; yields whether it had to wait for another process."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        waited = not _acquire_now(handle)
        if waited:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield waited
    finally:
        os.close(handle)


def try_lock(directory: Path, wait: bool = False) -> int | None:
    """A descriptor that locks an existing directory until it is closed; None where another process has it."""
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    if wait:
        fcntl.flock(handle, fcntl.LOCK_EX)
        return handle
    if _acquire_now(handle):
        return handle
    os.close(handle)
    return None


def _acquire_now(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sync_directory(directory: Path) -> None:
    """Makes the names in a directory durable."""
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def synced_file(file: Path) -> Iterator[BinaryIO]:
    """Opens a temporary file beside `file`, which takes its name when the block ends well and is removed else."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with open(beside, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(beside, file)
    except BaseException:
        with suppress(FileNotFoundError):
            beside.unlink()
        raise


def write_synced(file: Path, data: bytes) -> None:
    """Writes a file through a temporary one beside it: afterwards it is whole and durable, or was never there."""
    with synced_file(file) as out:
        out.write(data)
    sync_directory(file.parent)
