"""Builds one shard: samples of a source in, a finished directory out."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from slipstream_plugins.cache import format as layout
from slipstream_plugins.cache.column_writer import ColumnWriter
from slipstream_plugins.cache.encodings import ENCODINGS
from slipstream_plugins.cache.locks import sync_directory, try_lock, write_synced
from slipstream_plugins.cache.options import BuildOptions
from slipstream_plugins.cache.resize import Shrink
from slipstream_plugins.errors import BuildError, DecodeError, SourceError
from slipstream_plugins.types import Sample, Source

__all__ = ["ShardTask", "build_shard", "remove_leftovers"]

CHUNK = 64
TEMPORARY = ".building-"

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class ShardTask:
    """What every shard of a build has in common; picklable if the source is.

    Args:
        source: Where samples come from.
        path: The cache's directory.
        id: The cache's identity.
        fields: Field name to type.
        options: How it is built.
        tables: The tables of the image encoding.
        num_threads: Native threads to use, 0 for all.
    """

    source: Source
    path: Path
    id: str
    fields: dict[str, str]
    options: BuildOptions
    tables: bytes = b""
    num_threads: int = 0


def build_shard(task: ShardTask, number: int, report: Report) -> layout.ShardEntry:
    """Writes shard `number` beside, makes it durable, and gives it its name.

    Args:
        task: The build.
        number: Which shard: samples [number * S, (number + 1) * S) of the source.
        report: Called now and then with the samples and payload bytes done since the last call.

    Returns:
        The entry of the shard, also when another builder finished it first.

    Raises:
        BuildError: A sample cannot be stored and `on_error` is "raise".
    """
    name = layout.shard_name(number, task.id)
    with _temporary(task.path) as directory:
        _write(task, number, name, directory, report)
        sync_directory(directory)
        with suppress(OSError):  # another builder of the same bytes was first
            os.rename(directory, task.path / name)
        sync_directory(task.path)
    return layout.read_shard_entry(task.path / name)


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """A directory for a shard in the making, locked while its builder lives."""
    directory = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=path))
    lock = try_lock(directory, wait=True)
    try:
        os.chmod(directory, 0o777 & ~_umask())
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def remove_leftovers(path: Path) -> None:
    """Removes half-written shards whose builders are dead."""
    for directory in path.glob(f"{TEMPORARY}*"):
        with suppress(FileNotFoundError):
            if (lock := try_lock(directory)) is not None:
                shutil.rmtree(directory, ignore_errors=True)
                os.close(lock)


def _write(task: ShardTask, number: int, shard: str, directory: Path, report: Report) -> None:
    size = task.options.samples_per_shard(len(task.source))
    indices = range(number * size, min((number + 1) * size, len(task.source)))
    skipped: list[dict[str, Any]] = []
    samples = 0
    with ExitStack() as stack:
        columns = {
            name: stack.enter_context(closing(ColumnWriter(name, kind, directory)))
            for name, kind in task.fields.items()
        }
        for start in range(indices.start, indices.stop, CHUNK):
            chunk = range(start, min(start + CHUNK, indices.stop))
            rows, failures = _make_rows(task, chunk)
            skipped += failures
            before = sum(column.size for column in columns.values())
            for row in rows:
                for name, column in columns.items():
                    column.append(row[name])
            samples += len(rows)
            report(len(chunk), sum(column.size for column in columns.values()) - before)
        files: dict[str, layout.FileEntry] = {}
        for column in columns.values():
            files |= column.finish()
    write_synced(directory / layout.SHARD_ENTRY, layout.ShardEntry(shard, samples, files, skipped).to_json())


def _make_rows(task: ShardTask, chunk: range) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is appended to the columns, sample by sample, and what is left out."""
    samples, failures = _read_chunk(task, chunk)
    values: dict[str, dict[int, Any]] = {}
    for name, kind in task.fields.items():
        make = _encode_images if kind == "image" else _convert
        values[name], failed = make(task, name, kind, samples)
        failures |= failed
    skipped = []
    for index, reason in sorted(failures.items()):
        key = samples[index].get("key") if index in samples else None
        if task.options.on_error == "raise":
            raise BuildError(reason, index, key)
        skipped.append({"index": index, "key": key, "reason": reason})
    rows = [{name: values[name][index] for name in task.fields} for index in samples if index not in failures]
    return rows, skipped


def _read_chunk(task: ShardTask, chunk: range) -> tuple[dict[int, Sample], dict[int, str]]:
    """Samples by index, and the reasons of those that the source cannot give."""
    samples: dict[int, Sample] = {}
    failures: dict[int, str] = {}
    for index in chunk:
        try:
            sample = task.source[index]
            missing = [name for name in task.fields if name not in sample]
            if missing:
                failures[index] = f"expected the fields {', '.join(task.fields)}, got none named {missing[0]!r}"
            else:
                samples[index] = sample
        except (OSError, SourceError, DecodeError) as error:
            failures[index] = str(error)
    return samples, failures


def _encode_images(
    task: ShardTask, name: str, kind: str, samples: dict[int, Sample]
) -> tuple[dict[int, Any], dict[int, str]]:
    """(record, info, checksum) of every image."""
    indices = list(samples)
    images: list[Any] = [samples[index][name] for index in indices]
    failures: dict[int, str] = {}
    if task.options.resizes:
        shrink = Shrink(task.options.short, task.options.max_long, task.options.quality)
        images, failed = shrink(images, task.num_threads)
        failures = {indices[position]: reason for position, reason in failed.items()}
    stored = ENCODINGS[task.options.encoding](images, task.tables, task.num_threads)
    for position, reason in stored.failures.items():
        failures.setdefault(indices[position], reason)
    return dict(zip(indices, zip(stored.records, stored.infos, strict=True), strict=True)), failures


def _convert(
    task: ShardTask, name: str, kind: str, samples: dict[int, Sample]
) -> tuple[dict[int, Any], dict[int, str]]:
    """Values of a field that is no image."""
    values: dict[int, Any] = {}
    failures: dict[int, str] = {}
    for index, sample in samples.items():
        try:
            values[index] = CONVERTERS[kind](sample[name])
        except (TypeError, ValueError, OverflowError) as error:
            failures[index] = f"field {name!r}: expected {kind}, got {type(sample[name]).__name__} ({error})"
    return values, failures


def _as_int(value: Any) -> int:
    number = int(np.int64(value))
    if number != value:
        raise ValueError(f"{value!r} is no whole number of 64 bits")
    return number


def _as_text(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError("a str is needed")
    return value.encode()


def _as_bytes(value: Any) -> Any:
    return memoryview(value).cast("B")


CONVERTERS: dict[str, Callable[[Any], Any]] = {"int": _as_int, "float": float, "text": _as_text, "bytes": _as_bytes}
"""By field type, a sample's value as it is appended to the column. Each raises TypeError or ValueError."""
