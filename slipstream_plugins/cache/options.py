"""What a build is asked to do, and the identity that follows from it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from slipstream_plugins.cache.encodings import ENCODINGS
from slipstream_plugins.cache.format import COLUMN_DTYPES, VERSION, column_file
from slipstream_plugins.codec import PACKINGS, Packing
from slipstream_plugins.errors import SourceError
from slipstream_plugins.types import Source

__all__ = ["BuildOptions", "cache_id", "default_cache_path", "stored_fields"]


@dataclass(frozen=True)
class BuildOptions:
    """How a cache is built.

    Args:
        encoding: How images are stored, one of `slipstream_plugins.cache.encodings.ENCODINGS`.
        packing: "compact" or "wide", of encoding dct: wide takes about a tenth more bytes and decodes faster.
        short: Images whose short side is longer are resized to this many pixels; None keeps every size.
        max_long: The long side is then at most this many pixels, the aspect ratio kept.
        quality: JPEG quality, 1-100, of the images that were resized (4:2:0).
        fields: Names of the source's fields to store; None stores all.
        shard_size: Samples in a shard; None chooses at most 256 shards of a power of two.
        on_error: "raise" stops at a sample that cannot be stored, "skip" leaves it out and notes it in the manifest.
        workers: Processes; None takes one per available core, 0 and 1 build in this process.
        progress: Shows a progress bar on stderr; None does so on a terminal.
        rebuild: Replaces a finished cache of another identity.
    """

    encoding: str = "jpeg"
    packing: Packing = "compact"
    short: int | None = None
    max_long: int | None = None
    quality: int = 100
    fields: tuple[str, ...] | None = None
    shard_size: int | None = None
    on_error: Literal["raise", "skip"] = "raise"
    workers: int | None = None
    progress: bool | None = None
    rebuild: bool = False

    def __post_init__(self) -> None:
        if self.encoding not in ENCODINGS:
            raise ValueError(f"encoding: expected one of {', '.join(ENCODINGS)}, got {self.encoding!r}")
        if self.packing not in PACKINGS:
            raise ValueError(f"packing: expected one of {', '.join(PACKINGS)}, got {self.packing!r}")
        if self.on_error not in ("raise", "skip"):
            raise ValueError(f'on_error: expected "raise" or "skip", got {self.on_error!r}')
        if not 1 <= self.quality <= 100:
            raise ValueError(f"quality: expected 1 to 100, got {self.quality}")
        if self.max_long is not None and self.max_long < (self.short or 1):
            raise ValueError(f"max_long: expected at least short ({self.short or 1}), got {self.max_long}")
        for name, least in (("short", 1), ("shard_size", 1), ("workers", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name}: expected at least {least}, got {value}")

    @property
    def resizes(self) -> bool:
        return self.short is not None or self.max_long is not None

    def samples_per_shard(self, samples: int) -> int:
        """The shard size for a source of `samples` samples."""
        if self.shard_size is not None:
            return self.shard_size
        return max(256, 1 << max(0, (samples - 1) // 256).bit_length())

    def decisive(self, samples: int) -> dict[str, Any]:
        """The options that decide the bytes of the cache, as plain values."""
        return {
            "encoding": self.encoding,
            **({} if ENCODINGS[self.encoding].train is None else {"packing": self.packing}),
            "short": self.short,
            "max_long": self.max_long,
            "quality": self.quality if self.resizes else None,
            "shard_size": self.samples_per_shard(samples),
            "on_error": self.on_error,
        }


def stored_fields(source: Source, options: BuildOptions) -> dict[str, str]:
    """The fields that go into the cache, name to type, in the source's order.

    Raises:
        SourceError: A field is asked for that the source lacks, or its name or type cannot be stored.
    """
    declared = dict(source.fields)
    chosen = declared if options.fields is None else {name: declared.get(name, "") for name in options.fields}
    for name, kind in chosen.items():
        if name not in declared:
            raise SourceError(f"fields: expected some of {', '.join(declared)}, got {name!r}")
        if kind not in COLUMN_DTYPES:
            raise SourceError(f"field {name!r}: expected a type out of {', '.join(COLUMN_DTYPES)}, got {kind!r}")
        if name in ("index", "epoch") or not re.fullmatch(r"\w[\w.\- ]*", name):
            raise SourceError(f"field {name!r}: expected a plain name other than index and epoch; rename it")
    if len({column_file(name).lower() for name in chosen}) < len(chosen):
        raise SourceError(f"fields: expected names that differ by more than case, got {', '.join(chosen)}")
    if not chosen:
        raise SourceError("fields: expected at least one field, got none")
    return chosen


def cache_id(fingerprint: str, fields: Mapping[str, str], decisive: Mapping[str, Any]) -> str:
    """The content-addressed identity of a cache, 32 hexadecimal digits."""
    parts = {"source": fingerprint, "fields": list(fields.items()), "options": dict(decisive), "version": VERSION}
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()


def default_cache_path(source: Source, options: BuildOptions | None = None) -> Path:
    """Where a cache of this source lives unless a path is given: name-<id>.slip in the cache directory.

    Args:
        source: Its optional attribute `name` is the readable part of the path.
        options: How the cache would be built.
    """
    options = options or BuildOptions()
    identity = cache_id(source.fingerprint(), stored_fields(source, options), options.decisive(len(source)))
    name = re.sub(r"[^\w.-]+", "_", str(getattr(source, "name", "cache"))).strip("._") or "cache"
    return cache_directory() / f"{name}-{identity[:16]}.slip"


def cache_directory() -> Path:
    """SLIPSTREAM_CACHE_DIR, else ~/.cache/slipstream-plugins."""
    given = os.environ.get("SLIPSTREAM_CACHE_DIR")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "slipstream-plugins"
