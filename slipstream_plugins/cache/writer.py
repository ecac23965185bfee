"""Builds a cache: shard by shard, in parallel, resumable, the manifest last."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from slipstream_plugins import _core
from slipstream_plugins.cache import format as layout
from slipstream_plugins.cache.encodings import ENCODINGS
from slipstream_plugins.cache.locks import locked, write_synced
from slipstream_plugins.cache.options import BuildOptions, cache_id, default_cache_path, stored_fields
from slipstream_plugins.cache.resize import Shrink
from slipstream_plugins.cache.shards import Report, ShardTask, build_shard, remove_leftovers
from slipstream_plugins.cache.workers import build_in_processes, refuse_inside_spawn
from slipstream_plugins.errors import CacheError
from slipstream_plugins.types import Source

__all__ = ["BuildOptions", "build", "default_cache_path"]

LOCK = ".lock"
TRAINING_IMAGES = 512


def build(source: Source, path: str | Path | None = None, options: BuildOptions | None = None) -> Path:
    """Builds the cache of a source, goes on with an unfinished one, or finds it finished.

    A process that is killed at any instant loses no finished shard. Of several concurrent builders of one path one
    works; the others wait and use its result.

    Args:
        source: The samples; picklable when several workers build.
        path: Where it goes, a directory named .slip; None takes `default_cache_path`.
        options: How it is built.

    Returns:
        The path of the finished cache.

    Raises:
        BuildError: A sample cannot be stored and `options.on_error` is "raise"; names its index, key and reason.
        CacheError: `path` holds another cache and `options.rebuild` is False, or a worker process died.
    """
    refuse_inside_spawn()
    options = options or BuildOptions()
    target = Path(path) if path is not None else default_cache_path(source, options)
    if target.exists() and not target.is_dir():
        raise CacheError(f"{target}: expected a directory or nothing, got a file; give another path")
    fields = stored_fields(source, options)
    fingerprint = source.fingerprint()
    identity = cache_id(fingerprint, fields, options.decisive(len(source)))
    if _finished(target, identity, fingerprint, options):
        return target
    _make_directory(target)
    with locked(target / LOCK):
        if not _finished(target, identity, fingerprint, options):
            task = ShardTask(source, target, identity, fields, options)
            _build_locked(task, fingerprint)
    return target


def _finished(path: Path, identity: str, fingerprint: str, options: BuildOptions) -> bool:
    """Whether the finished cache of this identity is there. Raises CacheError where another one is in the way."""
    try:
        manifest = layout.read_manifest(path)
    except CacheError:
        if options.rebuild or not (path / layout.MANIFEST).exists():
            return False
        raise
    if manifest.id == identity:
        return True
    if options.rebuild:
        return False
    changed = "its source has changed" if manifest.source != fingerprint else "it was built with other options"
    raise CacheError(
        f"{path}: expected cache {identity[:8]}, got {manifest.id[:8]}: {changed}; rebuild it, or give another path"
    )


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CacheError(f"{path}: cannot be made ({error.strerror}); give another path") from error
    strangers = [each.name for each in path.iterdir() if not _is_ours(each.name)]
    if strangers:
        raise CacheError(
            f"{path}: expected an empty directory or a cache, got one with {strangers[0]!r}; give another path"
        )


def _is_ours(name: str) -> bool:
    number, _, rest = name.partition("-")
    shard = number.isdigit() and len(rest) == 8
    return shard or name.startswith((".", "tables-")) or name == layout.MANIFEST


def _build_locked(task: ShardTask, fingerprint: str) -> None:
    remove_leftovers(task.path)
    total = len(task.source)
    size = task.options.samples_per_shard(total)
    shards = range((total + size - 1) // size)
    done = [number for number in shards if _is_whole(task, number)]
    pending = [number for number in shards if number not in set(done)]
    tables, task = _with_tables(task)
    with _progress(total, sum(min(size, total - number * size) for number in done), task.options) as report:
        _build_shards(task, pending, report)
    entries = [layout.read_shard_entry(task.path / layout.shard_name(number, task.id)) for number in shards]
    manifest = layout.Manifest(
        id=task.id,
        samples=sum(entry.samples for entry in entries),
        fields=task.fields,
        source=fingerprint,
        options=task.options.decisive(total),
        shards=entries,
        tables=tables,
        classes=getattr(task.source, "classes", None),
    )
    write_synced(task.path / layout.MANIFEST, manifest.to_json())
    _remove_others(task.path, {entry.name for entry in entries} | set(tables))


def _is_whole(task: ShardTask, number: int) -> bool:
    """Whether a shard of an earlier build can be kept; removes it where it cannot."""
    directory = task.path / layout.shard_name(number, task.id)
    if not directory.exists():
        return False
    try:
        files = layout.read_shard_entry(directory).files
        if all((directory / name).stat().st_size == entry.size for name, entry in files.items()):
            return True
    except (CacheError, OSError):
        pass
    shutil.rmtree(directory)
    return False


def _build_shards(task: ShardTask, pending: list[int], report: Report) -> None:
    workers = _core.default_num_threads() if task.options.workers is None else task.options.workers
    if min(workers, len(pending)) > 1:
        build_in_processes(replace(task, num_threads=1), pending, workers, report)
        return
    for number in pending:
        build_shard(task, number, report)


def _with_tables(task: ShardTask) -> tuple[dict[str, layout.FileEntry], ShardTask]:
    """Trains the tables of the encoding, where it has some, on images spread evenly over the source."""
    train = ENCODINGS[task.options.encoding].train
    if train is None:
        return {}, task
    name = f"tables-{task.id[:8]}.bin"
    file = task.path / name
    if not file.exists():
        write_synced(file, train(_training_images(task), task.options.packing))
    tables = file.read_bytes()
    return {name: layout.FileEntry(len(tables), _core.crc32c(tables))}, replace(task, tables=tables)


def _training_images(task: ShardTask) -> list[object]:
    """Some images, spread evenly over the source, as they will be stored."""
    images = list(_spread_images(task))
    if task.options.resizes:
        shrink = Shrink(task.options.short, task.options.max_long, task.options.quality)
        images, failures = shrink(images, task.num_threads)
        images = [image for row, image in enumerate(images) if row not in failures]
    return images


def _spread_images(task: ShardTask) -> Iterator[object]:
    names = [name for name, kind in task.fields.items() if kind == "image"]
    step = max(1, len(task.source) // TRAINING_IMAGES)
    for index in range(0, len(task.source), step):
        try:
            sample = task.source[index]
        except Exception:  # the shard that holds it reports it
            continue
        yield from (sample[name] for name in names if name in sample)


def _remove_others(path: Path, kept: set[str]) -> None:
    """What a replaced cache has left."""
    for each in path.iterdir():
        if each.is_dir() and each.name not in kept and not each.name.startswith("."):
            shutil.rmtree(each, ignore_errors=True)
        elif each.name.startswith("tables-") and each.name not in kept:
            each.unlink()


@contextmanager
def _progress(total: int, done: int, options: BuildOptions) -> Iterator[Report]:
    from tqdm import tqdm  # type: ignore[import-untyped,unused-ignore]

    disable = None if options.progress is None else not options.progress
    with tqdm(total=total, initial=done, desc="build", unit="img", disable=disable, smoothing=0.1) as bar:
        written = 0

        def report(samples: int, size: int) -> None:
            nonlocal written
            written += size
            bar.set_postfix_str(f"{written / 1e6:.0f} MB", refresh=False)
            bar.update(samples)

        yield report
