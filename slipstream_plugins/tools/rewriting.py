"""Tars and folders copied with their images converted: names, order and everything else stay."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from slipstream_plugins.errors import SourceError
from slipstream_plugins.sources.braces import expand_paths
from slipstream_plugins.tools.groups import Entry, converted
from slipstream_plugins.tools.outcomes import Conversion, Outcome, Tally
from slipstream_plugins.tools.tars import rewrite_tar
from slipstream_plugins.tools.whole_files import sync_parents, whole_file

__all__ = ["rewrite"]

WRITERS = 8
"""Files that wait for the disk at once."""

Progress = Callable[[int], object]


@dataclass(frozen=True)
class Job:
    """A file to copy or convert, and where it goes under its present name."""

    source: Path
    target: Path

    @property
    def is_tar(self) -> bool:
        return self.source.suffix.lower() == ".tar"


def rewrite(
    inputs: Sequence[str],
    out: str | Path,
    conversion: Conversion,
    *,
    keep_going: bool = False,
    resume: bool = False,
    progress: bool | None = None,
) -> Tally:
    """Copies tars and folders, and converts the images in them.

    Every file of the output is whole, or not there. An image that has no new form stays as it is.

    Args:
        inputs: Tars (with braces or wildcards) and folders, whose trees are mirrored, tars in them too.
        out: The folder that receives them.
        conversion: What is done with the images whose names have its suffixes.
        keep_going: Damaged images stay as they are, too, instead of ending the work.
        resume: Leave out files that are there already; without it they are an error.
        progress: Whether a bar is shown; None: on a terminal.

    Returns:
        What was done.

    Raises:
        SourceError: An input is missing or damaged, an image is damaged (names it), or an output is there already.
    """
    from tqdm import tqdm  # type: ignore[import-untyped,unused-ignore]

    jobs = _pending(_jobs(inputs, Path(out).expanduser().absolute(), conversion), conversion, resume)
    tally = Tally()
    size = sum(job.source.stat().st_size for job in jobs)
    disable = None if progress is None else not progress
    with tqdm(total=size, desc="convert", unit="B", unit_scale=True, disable=disable) as bar:
        _rewrite_files([job for job in jobs if not job.is_tar], conversion, tally, keep_going, bar.update)
        for job in jobs:
            if job.is_tar:
                rewrite_tar(job.source, job.target, conversion, tally, keep_going, bar.update)
    sync_parents(job.target for job in jobs)
    return tally


def _jobs(inputs: Sequence[str], out: Path, conversion: Conversion) -> list[Job]:
    """Every file of the inputs; no two may go to the same place."""
    jobs: list[Job] = []
    for given in inputs:
        path = Path(given).expanduser().absolute()
        if path.is_dir():
            if out == path or path in out.parents:
                raise SourceError(f"{out}: expected a folder outside {path}; give another")
            jobs += [Job(file, out / file.relative_to(path)) for file in _files(path)]
            continue
        for name in expand_paths(given):
            file = Path(name).expanduser().absolute()
            if not file.is_file():
                raise SourceError(f"{name}: expected a tar or a folder, got a path where neither is; check it")
            if file.suffix.lower() != ".tar":
                raise SourceError(f"{name}: expected a tar (.tar) or a folder, got a file of another kind")
            jobs.append(Job(file, out / file.name))
    taken: dict[Path, Path] = {}
    for job in jobs:
        for target in set(_targets(job, conversion)):
            other = taken.setdefault(target, job.source)
            if other != job.source or target == job.source:
                raise SourceError(f"{target}: expected one source, got {other} and {job.source}; rename one")
    return jobs


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names))


def _targets(job: Job, conversion: Conversion) -> list[Path]:
    """Where a file may end: under its own name, or with the suffix of the converted."""
    if job.source.suffix.lower() in conversion.suffixes:
        return [job.target, job.target.with_suffix(conversion.suffix)]
    return [job.target]


def _pending(jobs: list[Job], conversion: Conversion, resume: bool) -> list[Job]:
    """The files that are not there yet."""
    pending = []
    for job in jobs:
        there = [target for target in _targets(job, conversion) if target.exists()]
        if there and not resume:
            raise SourceError(f"{there[0]}: it is there already; remove it, or leave finished files out with --resume")
        if not there:
            pending.append(job)
    return pending


def _rewrite_files(jobs: list[Job], conversion: Conversion, tally: Tally, keep_going: bool, progress: Progress) -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        writing = []
        for entry, outcome in converted(_entries(jobs, conversion), conversion):
            writing.append(pool.submit(_write, entry.origin, *_content(entry, outcome, tally, keep_going), progress))
            if len(writing) > 4 * WRITERS:
                writing.pop(0).result()
        for each in writing:
            each.result()


def _entries(jobs: Iterable[Job], conversion: Conversion) -> Iterator[Entry]:
    for job in jobs:
        wanted = job.source.suffix.lower() in conversion.suffixes
        yield Entry(job.source.name, job.source.read_bytes() if wanted else None, job)


def _content(entry: Entry, outcome: Outcome | None, tally: Tally, keep_going: bool) -> tuple[Path, bytes | None]:
    """Where the file goes, and its new content, None for its own."""
    job: Job = entry.origin
    if outcome is None:
        tally.copied += 1
        return job.target, None
    made = tally.settle(job.source.parent, entry.name, entry.image, outcome, keep_going)
    return (job.target, None) if made is None else (job.target.with_suffix(made.suffix), made.data)


def _write(job: Job, target: Path, content: bytes | None, progress: Progress) -> None:
    with whole_file(target) as out:
        if content is None:
            with open(job.source, "rb") as file:
                shutil.copyfileobj(file, out, 1 << 20)
        else:
            out.write(content)
    progress(job.source.stat().st_size)
