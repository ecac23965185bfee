"""The images of a cache as files or as WebDataset tars."""

from __future__ import annotations

import io
import itertools
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import splitext
from typing import Any

import numpy as np

from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.errors import SourceError
from slipstream_plugins.sources.image_folder import EXTENSIONS
from slipstream_plugins.tools.conversions import JPEG_SUFFIXES, ToFiles
from slipstream_plugins.tools.groups import Entry, converted
from slipstream_plugins.tools.outcomes import Outcome, Tally
from slipstream_plugins.tools.whole_files import sync_parents, whole_file

__all__ = ["TAR_SAMPLES", "export_files", "export_tars"]

READ_SAMPLES = 64
TAR_SAMPLES = 10_000

_MEMBERS = {"label": "cls"}
"""Fields that WebDataset has a name of its own for."""


@dataclass(frozen=True)
class Cell:
    """A field of a sample: its index, the name of its file, and its bytes where it is no image.

    An image gets the suffix of what it becomes, in place of its name's where `replaces` says so.
    """

    index: int
    name: str
    data: bytes | None = None
    replaces: bool = True

    def named(self, suffix: str) -> str:
        """The name of an image with that suffix, in the name's own spelling where it has it."""
        stem, spelt = splitext(self.name)
        if spelt.lower() == suffix or (suffix in JPEG_SUFFIXES and spelt.lower() in JPEG_SUFFIXES):
            return self.name
        return (stem if self.replaces and spelt.lower() in EXTENSIONS else self.name) + suffix


def export_files(
    path: str | Path, out: str | Path, conversion: ToFiles, *, keep_going: bool = False, progress: bool | None = None
) -> Tally:
    """Writes every image of a cache to a file, named by its key, else by its label and index.

    Args:
        path: The cache.
        out: The folder that receives the files; labels become folders where the keys name none.
        conversion: How files are made of what the cache holds.
        keep_going: Leave out images that cannot be exported instead of ending the work.
        progress: Whether a bar is shown; None: on a terminal.

    Returns:
        What was done.

    Raises:
        SourceError: An image cannot be exported (names it), two have the same name, or a file is there already.
    """
    reader = Reader(path, check=True)
    folder, tally, taken = Path(out).expanduser().absolute(), Tally(), set[Path]()
    names = _FileNames(reader)
    with _bar(len(reader), progress) as bar:
        for entry, outcome in converted(_images(reader, names, bar), conversion):
            if outcome is None:
                continue
            made = tally.settle(reader.path, entry.name, entry.image, outcome, keep_going)
            if made is None:
                continue
            target = folder / entry.origin.named(made.suffix)
            if target in taken or target.exists():
                found = "two of that name" if target in taken else "one that is there already"
                raise SourceError(
                    f"{target}: expected a new file, got {found} (sample {entry.origin.index}); "
                    "give another folder; for keys that repeat, export with --tar"
                )
            taken.add(target)
            with whole_file(target) as file:
                file.write(made.data)
    sync_parents(taken)
    return tally


def export_tars(
    path: str | Path,
    out: str | Path,
    conversion: ToFiles,
    *,
    samples: int = TAR_SAMPLES,
    keep_going: bool = False,
    progress: bool | None = None,
) -> Tally:
    """Writes a cache as WebDataset tars with all its fields: images, .cls for labels, others under their names.

    Args:
        path: The cache.
        out: The folder that receives NAME-000000.tar and so on.
        conversion: How files are made of what the cache holds.
        samples: In a tar.
        keep_going: Leave out samples whose images cannot be exported instead of ending the work.
        progress: Whether a bar is shown; None: on a terminal.

    Returns:
        What was done.

    Raises:
        SourceError: An image cannot be exported (names it), or a tar is there already.
    """
    if samples < 1:
        raise ValueError(f"samples: expected at least 1 in a tar, got {samples}")
    reader = Reader(path, check=True)
    folder, tally, written = Path(out).expanduser().absolute(), Tally(), []
    with _bar(len(reader), progress) as bar:
        pairs = converted(_fields(reader, bar), conversion)
        for number, members in itertools.groupby(pairs, lambda pair: pair[0].origin.index // samples):
            target = folder / f"{reader.name}-{number:06d}.tar"
            if target.exists():
                raise SourceError(f"{target}: it is there already; remove it, or give another folder")
            with whole_file(target) as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                for _, cells in itertools.groupby(members, lambda pair: pair[0].origin.index):
                    _add_sample(tar, list(cells), reader.path, tally, keep_going)
            written.append(target)
    sync_parents(written)
    return tally


def _add_sample(
    tar: tarfile.TarFile, cells: list[tuple[Entry, Outcome | None]], place: Path, tally: Tally, keep_going: bool
) -> None:
    """The members of a sample; none where one of its images has no new form."""
    members: list[tuple[str, Any]] = []
    whole = True
    for entry, outcome in cells:
        cell: Cell = entry.origin
        if outcome is None:
            members.append((cell.name, cell.data))
            continue
        made = tally.settle(place, entry.name, entry.image, outcome, keep_going)
        whole &= made is not None
        members += [] if made is None else [(cell.named(made.suffix), made.data)]
    if whole:
        tally.copied += sum(outcome is None for _, outcome in cells)
        for name, data in members:
            _add(tar, name, data)


def _add(tar: tarfile.TarFile, name: str, data: Any) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


@contextmanager
def _bar(samples: int, progress: bool | None) -> Iterator[Any]:
    from tqdm import tqdm  # type: ignore[import-untyped,unused-ignore]

    with tqdm(total=samples, desc="export", unit="img", disable=None if progress is None else not progress) as bar:
        yield bar


def _samples(reader: Reader, bar: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    for begin in range(0, len(reader), READ_SAMPLES):
        indices = list(range(begin, min(begin + READ_SAMPLES, len(reader))))
        columns = reader.read(indices)
        for row, index in enumerate(indices):
            yield index, {name: column[row] for name, column in columns.items()}
        bar.update(len(indices))


class _FileNames:
    """The path of a sample's file in the folder, without the suffix that its image gets."""

    def __init__(self, reader: Reader) -> None:
        self._classes = reader.classes
        self._digits = 1
        if "label" in reader.fields and len(reader) and not self._classes:
            labels = Reader(reader.path, ["label"]).read(np.arange(len(reader)))["label"]
            self._digits = len(str(int(labels.max())))  # so that folders sort as labels do

    def __call__(self, index: int, sample: dict[str, Any]) -> str:
        name = _inside(sample["key"], index) if "key" in sample else f"{index:08d}"
        if "/" in name or "label" not in sample:
            return name
        label = int(sample["label"])
        named = self._classes is not None and 0 <= label < len(self._classes)
        folder = self._classes[label] if named and self._classes else f"{label:0{self._digits}d}"
        return _inside(f"{folder}/{name}", index)


def _inside(key: str, index: int) -> str:
    """A key as a relative path that stays below the folder."""
    path = PurePosixPath(key)
    if not path.name or path.is_absolute() or ".." in path.parts or "\0" in key:
        raise SourceError(f'export: expected keys that name a file below the folder, got "{key}" (sample {index})')
    return str(path)


def _images(reader: Reader, names: _FileNames, bar: Any) -> Iterator[Entry]:
    """The images; the names of further fields follow those of their samples."""
    fields = [name for name, kind in reader.fields.items() if kind == "image"]
    for index, sample in _samples(reader, bar):
        name = names(index, sample)
        for field in fields:
            first = field == fields[0]
            own = name if first else f"{_without_suffix(name)}.{field}"
            yield Entry(f"sample {index}, {own}", sample[field], Cell(index, own, replaces=first))


def _fields(reader: Reader, bar: Any) -> Iterator[Entry]:
    """Every field but the key, as a member."""
    before = None
    first = next((name for name, kind in reader.fields.items() if kind == "image"), None)
    for index, sample in _samples(reader, bar):
        key = _inside(sample["key"], index) if "key" in sample else f"{index:08d}"
        folder, name = os.path.split(_without_suffix(key))
        key = os.path.join(folder, name.replace(".", "_"))  # WebDataset's keys end at the first dot
        if key == before:
            raise SourceError(f'export: expected another key than the one before, got "{key}" twice (sample {index})')
        before = key
        for field, kind in reader.fields.items():
            if kind == "image":
                own = key if field == first else f"{key}.{field}"
                yield Entry(f"sample {index}, {own}", sample[field], Cell(index, own, replaces=False))
            elif field != "key":
                value = sample[field]
                data = value if isinstance(value, bytes) else str(value).encode()
                own = f"{key}.{_MEMBERS.get(field, field)}"
                yield Entry(own, None, Cell(index, own, data), len(data))


def _without_suffix(name: str) -> str:
    """A name without the suffix of an image, where it has one."""
    stem, suffix = splitext(name)
    return stem if suffix.lower() in EXTENSIONS else name
