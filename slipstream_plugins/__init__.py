"""Batch decoding of images for vision training, as stages for the data loader you already have.

    import slipstream_plugins as slipstream

Names are imported when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipstream_plugins.adapters.lightning import SlipstreamDataModule as SlipstreamDataModule
    from slipstream_plugins.codec import to_jpeg as to_jpeg
    from slipstream_plugins.codec import to_jpeg_batch as to_jpeg_batch
    from slipstream_plugins.codec import transcode as transcode
    from slipstream_plugins.codec import transcode_batch as transcode_batch
    from slipstream_plugins.errors import BuildError as BuildError
    from slipstream_plugins.errors import CacheError as CacheError
    from slipstream_plugins.errors import DecodeError as DecodeError
    from slipstream_plugins.errors import MissingExtraError as MissingExtraError
    from slipstream_plugins.errors import SlipstreamError as SlipstreamError
    from slipstream_plugins.errors import SourceError as SourceError
    from slipstream_plugins.errors import TranscodeError as TranscodeError
    from slipstream_plugins.hookspecs import hookimpl as hookimpl
    from slipstream_plugins.loader import LoaderOptions as LoaderOptions
    from slipstream_plugins.loader import SlipstreamLoader as SlipstreamLoader
    from slipstream_plugins.plan import DecodePlan as DecodePlan
    from slipstream_plugins.plugins import stage as stage
    from slipstream_plugins.sampler import EpochSampler as EpochSampler
    from slipstream_plugins.sources import open_source as open_source
    from slipstream_plugins.stages.composing import Compose as Compose
    from slipstream_plugins.stages.conversions import Normalize as Normalize
    from slipstream_plugins.stages.conversions import ToLayout as ToLayout
    from slipstream_plugins.stages.crops import RRC as RRC
    from slipstream_plugins.stages.crops import CenterCrop as CenterCrop
    from slipstream_plugins.stages.crops import RandomResizedCrop as RandomResizedCrop
    from slipstream_plugins.stages.crops import ResizeCrop as ResizeCrop
    from slipstream_plugins.stages.decoding import BatchDecode as BatchDecode
    from slipstream_plugins.stages.flips import HorizontalFlip as HorizontalFlip
    from slipstream_plugins.stages.mmap_cache_reader import MmapCacheReader as MmapCacheReader
    from slipstream_plugins.stages.placement import ToDevice as ToDevice
    from slipstream_plugins.stages.placement import ToTuple as ToTuple
    from slipstream_plugins.stages.randomness import SharedEpoch as SharedEpoch
    from slipstream_plugins.stages.streaming import StreamDecode as StreamDecode
    from slipstream_plugins.stages.streaming import decode as decode

_MODULES = {
    "BuildError": "errors",
    "CacheError": "errors",
    "DecodeError": "errors",
    "MissingExtraError": "errors",
    "SlipstreamError": "errors",
    "SourceError": "errors",
    "TranscodeError": "errors",
    "to_jpeg": "codec",
    "to_jpeg_batch": "codec",
    "transcode": "codec",
    "transcode_batch": "codec",
    "DecodePlan": "plan",
    "BatchDecode": "stages.decoding",
    "CenterCrop": "stages.crops",
    "Compose": "stages.composing",
    "HorizontalFlip": "stages.flips",
    "Normalize": "stages.conversions",
    "RRC": "stages.crops",
    "RandomResizedCrop": "stages.crops",
    "ResizeCrop": "stages.crops",
    "SharedEpoch": "stages.randomness",
    "StreamDecode": "stages.streaming",
    "ToDevice": "stages.placement",
    "ToLayout": "stages.conversions",
    "ToTuple": "stages.placement",
    "decode": "stages.streaming",
    "MmapCacheReader": "stages.mmap_cache_reader",
    "open_source": "sources",
    "EpochSampler": "sampler",
    "hookimpl": "hookspecs",
    "stage": "plugins",
    "LoaderOptions": "loader",
    "SlipstreamLoader": "loader",
    "SlipstreamDataModule": "adapters.lightning",
}
"""Where each public name lives."""

_PARTS = {
    "cache": "cache",
    "datapipes": "datapipes",
    "nodes": "adapters.nodes",
    "pillow": "pillow",
    "sources": "sources",
    "testing": "testing",
    "webdataset": "adapters.webdataset",
}
"""Public modules, and where they are."""

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    """Imports a public name on first use."""
    if name == "__version__":
        from importlib.metadata import version

        return version("slipstream-plugins")
    if name in _PARTS:
        return importlib.import_module(f"{__name__}.{_PARTS[name]}")
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    if module.startswith("stages."):
        importlib.import_module(f"{__name__}.datapipes")
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
