"""Where samples come from: folders, tars, caches, Python objects."""

from __future__ import annotations

from slipstream_plugins.sources.image_folder import ImageFolderSource
from slipstream_plugins.sources.iterable import IterableSource
from slipstream_plugins.sources.opening import open_source
from slipstream_plugins.sources.webdataset import WebDatasetSource

__all__ = ["ImageFolderSource", "IterableSource", "WebDatasetSource", "open_source"]
