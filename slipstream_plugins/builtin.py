"""Our own stages and sources, provided through the same hooks as everyone's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.hookspecs import hookimpl
from slipstream_plugins.sources.image_folder import ImageFolderSource
from slipstream_plugins.sources.webdataset import WebDatasetSource
from slipstream_plugins.stages.composing import Compose
from slipstream_plugins.stages.conversions import Normalize, ToLayout
from slipstream_plugins.stages.crops import RRC, CenterCrop, RandomResizedCrop, ResizeCrop
from slipstream_plugins.stages.decoding import BatchDecode
from slipstream_plugins.stages.flips import HorizontalFlip
from slipstream_plugins.stages.mmap_cache_reader import MmapCacheReader
from slipstream_plugins.stages.placement import ToDevice, ToTuple

__all__ = ["slip_sources", "slip_stages"]

STAGES: tuple[Callable[..., Any], ...] = (
    BatchDecode,
    CenterCrop,
    Compose,
    HorizontalFlip,
    MmapCacheReader,
    Normalize,
    RandomResizedCrop,
    ResizeCrop,
    ToDevice,
    ToLayout,
    ToTuple,
)


@hookimpl
def slip_stages() -> Mapping[str, Callable[..., Any]]:
    """Every stage of this package by its class name, and RRC."""
    return {**{stage.__name__: stage for stage in STAGES}, "RRC": RRC}


@hookimpl
def slip_sources() -> Mapping[str, Callable[..., Any]]:
    """`folder://`, `webdataset://` and `slip://` before a path, for those whose content would be taken for another."""
    return {"folder": _of_path(ImageFolderSource), "webdataset": _of_path(WebDatasetSource), "slip": _of_path(Reader)}


def _of_path(make: Callable[..., Any]) -> Callable[..., Any]:
    return lambda spec, **options: make(spec.partition("://")[2], **options)
