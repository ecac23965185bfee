"""What is in a cache or another source, as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from slipstream_plugins.cache.format import ENCODING_CODES, VERSION
from slipstream_plugins.cache.reader import Reader
from slipstream_plugins.types import Source

__all__ = ["describe"]


def describe(source: Source) -> dict[str, Any]:
    """Size, fields and identity; of a cache also its options, and the encodings and sizes of its images."""
    facts: dict[str, Any] = {
        "source": repr(source),
        "samples": len(source),
        "fields": dict(source.fields),
        "fingerprint": source.fingerprint(),
    }
    classes = getattr(source, "classes", None)
    if classes is not None:
        facts["classes"] = len(classes)
    if isinstance(source, Reader):
        facts |= _of_cache(source)
    return facts


def _of_cache(reader: Reader) -> dict[str, Any]:
    manifest = reader.manifest
    facts: dict[str, Any] = {
        "path": str(reader.path),
        "version": VERSION,
        "built from": manifest.source,
        "options": manifest.options,
        "shards": len(manifest.shards),
        "bytes": sum(file.size for shard in manifest.shards for file in shard.files.values()),
        "left out": sum(len(shard.skipped) for shard in manifest.shards),
    }
    names = {code: name for name, code in ENCODING_CODES.items()}
    for field, kind in reader.fields.items():
        if kind != "image" or not len(reader):
            continue
        rows = reader.images(field, np.arange(len(reader))).rows
        codes, counts = np.unique(rows["encoding"], return_counts=True)
        facts[field] = {
            **{names[code]: count for code, count in zip(codes.tolist(), counts.tolist(), strict=True)},
            "median height": int(np.median(rows["height"])),
            "median width": int(np.median(rows["width"])),
            "median bytes": int(np.median(rows["size"])),
        }
    return facts
