"""Finds out what a source is."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from slipstream_plugins import plugins
from slipstream_plugins.cache.format import MANIFEST
from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.errors import SourceError
from slipstream_plugins.sources.image_folder import ImageFolderSource
from slipstream_plugins.sources.iterable import IterableSource
from slipstream_plugins.sources.webdataset import WebDatasetSource
from slipstream_plugins.types import Source

__all__ = ["open_source"]

SUPPORTED = (
    "a folder of class folders with images, WebDataset tars (train-{000..127}.tar, *.tar, or their folder), "
    "a .slip cache, or an iterable of sample dicts"
)


def open_source(spec: Any, **options: Any) -> Source:
    """Opens a source by its scheme or content.

    Args:
        spec: A path or pattern, "scheme://..." of a plugin, a list of tars, an iterable of samples, or a source.
        options: Of the source, such as `fields` for an iterable.

    Raises:
        SourceError: Nothing is there, or it is of no supported kind; lists those that are.
    """
    if isinstance(spec, (str, os.PathLike)):
        return _open_path(os.fspath(spec), options)
    if isinstance(spec, (list, tuple)) and spec and all(isinstance(each, (str, os.PathLike)) for each in spec):
        return WebDatasetSource([os.fspath(each) for each in spec], **options)
    if isinstance(spec, Source):
        return spec
    if isinstance(spec, Iterable) or (hasattr(spec, "__len__") and hasattr(spec, "__getitem__")):
        return IterableSource(spec, **options)
    raise SourceError(f"source: expected {SUPPORTED}; got {type(spec).__name__}")


def _open_path(spec: str, options: dict[str, Any]) -> Source:
    scheme, separator, rest = spec.partition("://")
    if separator and scheme != "file":
        if (source := plugins.source(spec, **options)) is not None:
            return source
        raise SourceError(f"{spec}: expected {SUPPORTED}; got the scheme {scheme!r}; install a plugin that provides it")
    name = os.path.expanduser(rest if separator else spec.removeprefix("file:"))
    path = Path(name)
    if path.suffix == ".slip" or (path / MANIFEST).is_file():
        return Reader(path, **options)
    if path.is_dir():
        return _open_folder(path, options)
    if name.endswith(".tar") or "{" in name or glob.has_magic(name) or _is_tar(path):
        return WebDatasetSource(name, **options)
    if not path.exists():
        raise SourceError(f"{spec}: expected {SUPPORTED}; got a path where nothing is; check it")
    raise SourceError(f"{spec}: expected {SUPPORTED}; got a file of another kind")


def _open_folder(path: Path, options: dict[str, Any]) -> Source:
    with os.scandir(path) as entries:
        tars = sorted(entry.path for entry in entries if entry.name.endswith(".tar"))
    return WebDatasetSource(tars, **options) if tars else ImageFolderSource(path, **options)


def _is_tar(path: Path) -> bool:
    """By content: the magic of a tar, or of a compressed file with a tar's name, which is refused with its reason."""
    try:
        with open(path, "rb") as file:
            head = file.read(512)
    except OSError:
        return False
    return head[257:262] == b"ustar" or ".tar." in path.name or path.suffix == ".tgz"
