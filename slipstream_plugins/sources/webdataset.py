"""WebDataset shards: local tars, indexed once, served from maps."""

from __future__ import annotations

import hashlib
import mmap
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins.columns import IMAGE_NAMES
from slipstream_plugins.errors import SourceError
from slipstream_plugins.sources.braces import expand_paths
from slipstream_plugins.sources.indices import checked
from slipstream_plugins.sources.tar_members import Member, tar_members
from slipstream_plugins.types import Sample

__all__ = ["WebDatasetSource"]

IMAGE_SUFFIXES = (*IMAGE_NAMES, "bmp", "gif", "ppm", "pgm", "tif", "tiff", "avif")
TEXT_SUFFIXES = ("txt", "text", "transcript", "json", "caption", "html", "md", "csv")
RESERVED = ("index", "epoch", "key", "image", "label")
OPEN_TARS = 256

_META = re.compile(r"__[^/]*__($|/)")
_NAME = re.compile(r"((?:.*/|)[^.]+)[.]([^/]*)")


class WebDatasetSource:
    """Samples of local tars: consecutive files whose names agree up to the first dot after the last slash.

    Fields: `image`, the first image of a sample by the order of `columns.IMAGE_NAMES`; `label`, from .cls; `key`; then
    every other suffix under its own name: further images, texts (.txt, .json, ...), and bytes. A text or bytes member
    that a sample lacks is empty; a missing image or label is an error when that sample is read.

    Args:
        urls: A path with braces or wildcards, or a list of these.

    Raises:
        SourceError: A tar is missing or damaged (names tar and byte), or holds no image.
    """

    def __init__(self, urls: str | Path | Sequence[str | Path]) -> None:
        given = [urls] if isinstance(urls, (str, Path)) else list(urls)
        names = [path for url in given for path in expand_paths(str(url).removeprefix("file:"))]
        self.tars = [Path(name).expanduser().absolute() for name in names]
        if not self.tars:
            raise SourceError("webdataset: expected at least one tar, got none; check the pattern")
        self.name = self.tars[0].parent.name
        self._stamps = [_stamp(tar) for tar in self.tars]
        self._maps: dict[int, memoryview] = {}
        self._index()

    def _index(self) -> None:
        keys: list[str] = []
        shards: list[int] = []
        members: list[dict[str, Member]] = []
        for shard, tar in enumerate(self.tars):
            for key, files in _grouped(tar, tar_members(tar, self._map(shard))):
                keys.append(key)
                shards.append(shard)
                members.append(files)
        self._keys, self._shard = keys, np.array(shards, np.int32)
        suffixes = sorted({suffix for files in members for suffix in files})
        self._suffixes = {"image": [name for name in IMAGE_SUFFIXES if name in suffixes]}
        if not self._suffixes["image"]:
            raise SourceError(f"{self.tars[0]}: expected images ({', '.join(IMAGE_SUFFIXES)}), got {suffixes}")
        self.fields = {"image": "image"}
        if "cls" in suffixes:
            self.fields["label"], self._suffixes["label"] = "int", ["cls"]
        self.fields["key"] = "text"
        several = {name for files in members if len(names := _images(files)) > 1 for name in names[1:]}
        for suffix in suffixes:
            if suffix == "cls" or suffix in RESERVED or (suffix in IMAGE_SUFFIXES and suffix not in several):
                continue
            self.fields[suffix], self._suffixes[suffix] = _kind(suffix), [suffix]
        self._places = {field: _places(members, names) for field, names in self._suffixes.items()}

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, index: int) -> Sample:
        index = checked(index, len(self))
        shard = int(self._shard[index])
        content = self._map(shard)
        sample: Sample = {}
        for field, kind in self.fields.items():
            if field == "key":
                sample["key"] = self._keys[index]
                continue
            offset, size = self._places[field][index].tolist()
            if offset < 0 and kind in ("image", "int"):
                raise SourceError(
                    self._at(index, f"expected a member .{' or .'.join(self._suffixes[field])}, got none")
                )
            data = content[offset : offset + size] if offset >= 0 else memoryview(b"")
            sample[field] = data if kind in ("image", "bytes") else self._value(index, field, kind, data)
        return sample

    def _value(self, index: int, field: str, kind: str, data: memoryview) -> int | str:
        try:
            return str(data, "utf-8") if kind == "text" else int(bytes(data))
        except ValueError:
            wanted = "UTF-8" if kind == "text" else "a whole number"
            raise SourceError(
                self._at(index, f"field {field!r}: expected {wanted}, got {bytes(data[:20])!r}")
            ) from None

    def _at(self, index: int, reason: str) -> str:
        return f'{self.tars[self._shard[index]]}: {reason} (sample {index}, "{self._keys[index]}")'

    def _map(self, shard: int) -> memoryview:
        """The bytes of a tar. A forked child may use its parent's maps; a pickle carries none."""
        content = self._maps.get(shard)
        if content is None:
            while len(self._maps) >= OPEN_TARS:
                self._maps.pop(next(iter(self._maps)), None)  # views of it keep it open
            content = self._maps[shard] = _mapped(self.tars[shard])
        if content.obj and content.obj.size() != self._stamps[shard][0]:  # type: ignore[attr-defined]
            raise SourceError(
                f"{self.tars[shard]}: expected the tar that was indexed, got one of another size; open it again"
            )
        return content

    def fingerprint(self) -> str:
        """A hash of every tar's name, size and time of change."""
        parts = [f"{tar.name}\0{size}\0{changed}" for tar, (size, changed) in zip(self.tars, self._stamps, strict=True)]
        return f"webdataset:{hashlib.blake2b(chr(10).join(parts).encode(), digest_size=16).hexdigest()}"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_maps": {}}

    def __repr__(self) -> str:
        return f"WebDatasetSource({len(self.tars)} tars, {len(self)} samples, fields={list(self.fields)})"


def _stamp(tar: Path) -> tuple[int, int]:
    try:
        status = tar.stat()
    except OSError as error:
        raise SourceError(f"{tar}: {error.strerror}; check the path") from error
    return status.st_size, status.st_mtime_ns


def _mapped(tar: Path) -> memoryview:
    try:
        handle = os.open(tar, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SourceError(f"{tar}: {error.strerror}") from error
    try:
        if os.fstat(handle).st_size == 0:
            raise SourceError(f"{tar}: expected a tar, got an empty file; fetch or write it again")
        return memoryview(mmap.mmap(handle, 0, prot=mmap.PROT_READ))
    except OSError as error:
        raise SourceError(f"{tar}: {error.strerror}; expected a tar file") from error
    finally:
        os.close(handle)


def _grouped(tar: Path, members: Iterator[Member]) -> Iterator[tuple[str, dict[str, Member]]]:
    """WebDataset's samples: (key, members by suffix in lower case)."""
    key: str | None = None
    files: dict[str, Member] = {}
    for member in members:
        match = _NAME.fullmatch(member.name)
        if match is None or (member.name.startswith("__") and _META.match(member.name)):
            continue
        base, suffix = match.group(1), match.group(2).lower()
        if base != key:
            if files and key is not None:
                yield key, files
            key, files = base, {}
        if suffix in files:
            raise SourceError(
                f"{tar}: expected one member per suffix, got two named {member.name!r} (at byte {member.offset})"
            )
        files[suffix] = member
    if files and key is not None:
        yield key, files


def _images(files: dict[str, Member]) -> list[str]:
    """The image suffixes of a sample, the main one first."""
    return [name for name in IMAGE_SUFFIXES if name in files]


def _kind(suffix: str) -> str:
    last = suffix.rsplit(".", 1)[-1]
    return "image" if last in IMAGE_SUFFIXES else "text" if last in TEXT_SUFFIXES else "bytes"


def _places(members: list[dict[str, Member]], suffixes: list[str]) -> NDArray[np.int64]:
    """[n, 2] int64, offset and size of each sample's first member with one of these suffixes; offset -1 for none."""
    places = np.full((len(members), 2), -1, np.int64)
    for row, files in enumerate(members):
        for suffix in suffixes:
            if suffix in files:
                places[row] = files[suffix].offset, files[suffix].size
                break
    return places
