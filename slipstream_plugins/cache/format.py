"""The bytes of a cache on disk, as FORMAT.md specifies them. No other file knows them."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins.errors import CacheError

__all__ = [
    "COLUMN_DTYPES",
    "ENCODING_CODES",
    "IMAGE_DTYPE",
    "MANIFEST",
    "RECORD_ALIGNMENT",
    "SHARD_ENTRY",
    "TAIL_PADDING",
    "VERSION",
    "FileEntry",
    "Manifest",
    "ShardEntry",
    "column_file",
    "has_payload",
    "npy_bytes",
    "npy_header",
    "payload_file",
    "read_manifest",
    "read_shard_entry",
    "shard_name",
]

VERSION = 1
FORMAT_NAME = "slipstream-cache"
MANIFEST = "manifest.json"
SHARD_ENTRY = "shard.json"

ENCODING_CODES = {"jpeg": 0, "dct": 1, "yuv420": 2, "yuv444": 3, "rgb": 4, "foreign": 5}

RECORD_ALIGNMENT = 64
"""Image records start at multiples of this many bytes, so that a record's inner alignment is also that of the map."""

TAIL_PADDING = 64
"""Zero bytes at the end of every .bin file, so that a wide load at the last record's end stays inside the file."""

IMAGE_DTYPE = np.dtype(
    [
        ("offset", "<u8"),
        ("size", "<u8"),
        ("height", "<i4"),
        ("width", "<i4"),
        ("crc32c", "<u4"),
        ("encoding", "u1"),
        ("orientation", "u1"),
        ("reserved", "<u2"),
    ]
)
"""One image: height and width are those after orientation, which is still to be applied."""

BLOB_DTYPE = np.dtype([("offset", "<u8"), ("size", "<u8"), ("crc32c", "<u4"), ("reserved", "<u4")])
"""One text (UTF-8) or bytes value."""

COLUMN_DTYPES: dict[str, np.dtype[Any]] = {
    "image": IMAGE_DTYPE,
    "int": np.dtype("<i8"),
    "float": np.dtype("<f8"),
    "text": BLOB_DTYPE,
    "bytes": BLOB_DTYPE,
}
"""What the .npy file of a field holds, by the field's type."""


def has_payload(kind: str) -> bool:
    """Whether fields of this type have a .bin file beside their .npy file."""
    return kind in ("image", "text", "bytes")


def column_file(name: str) -> str:
    """The numpy file of field `name` inside a shard."""
    return f"{name}.npy"


def payload_file(name: str) -> str:
    """The file with the payload of field `name` inside a shard."""
    return f"{name}.bin"


def shard_name(number: int, cache_id: str) -> str:
    """The directory of a shard. It carries the id, so that shards of another build can never be taken for ours."""
    return f"{number:05d}-{cache_id[:8]}"


def npy_bytes(array: NDArray[Any]) -> bytes:
    """The .npy file of a one-dimensional array."""
    out = io.BytesIO()
    np.lib.format.write_array(out, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return out.getvalue()


@lru_cache(maxsize=256)
def npy_header(dtype: np.dtype[Any], count: int) -> bytes:
    """The bytes that precede the values in the .npy file of `count` values of `dtype`."""
    out = io.BytesIO()
    layout = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (count,)}
    np.lib.format.write_array_header_1_0(out, layout)
    return out.getvalue()


@dataclass(frozen=True)
class FileEntry:
    """Size in bytes and CRC-32C of a whole file."""

    size: int
    crc32c: int


@dataclass(frozen=True)
class ShardEntry:
    """One finished shard: its directory's name, samples, files by name, and what the build left out of it."""

    name: str
    samples: int
    files: dict[str, FileEntry]
    skipped: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> bytes:
        return _sealed(asdict(self))


@dataclass(frozen=True)
class Manifest:
    """What a finished cache says about itself.

    Args:
        id: The cache's identity: source, fields, options and format version.
        samples: Number of samples.
        fields: Field name to field type, in order.
        source: Fingerprint of the source at build.
        options: The options that decide the bytes.
        shards: The shards in order.
        tables: Files of the whole cache, such as trained entropy tables.
        classes: Class names by label, where the source has them.
    """

    id: str
    samples: int
    fields: dict[str, str]
    source: str
    options: dict[str, Any]
    shards: list[ShardEntry]
    tables: dict[str, FileEntry] = field(default_factory=dict)
    classes: list[str] | None = None

    def to_json(self) -> bytes:
        # Pairs: the keys of JSON objects are sorted, the fields have an order of their own.
        fields = list(self.fields.items())
        return _sealed({"format": FORMAT_NAME, "version": VERSION, **asdict(self), "fields": fields})


def read_manifest(path: Path) -> Manifest:
    """Reads and checks `path`/manifest.json.

    Raises:
        CacheError: There is no finished cache, its manifest is damaged, or its version is unknown.
    """
    file = path / MANIFEST
    try:
        data = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise CacheError(_absent(path)) from None
    content = _unsealed(file, data)
    if content.get("format") != FORMAT_NAME:
        raise CacheError(f"{file}: expected a {FORMAT_NAME} manifest, got {content.get('format')!r}")
    if content.get("version") != VERSION:
        raise CacheError(
            f"{file}: expected format version {VERSION}, got {content.get('version')!r}; "
            "read it with the version of slipstream-plugins that wrote it, or build it again"
        )
    try:
        manifest = Manifest(
            id=str(content["id"]),
            samples=int(content["samples"]),
            fields={str(name): str(kind) for name, kind in content["fields"]},
            source=str(content["source"]),
            options=dict(content["options"]),
            shards=[_shard_entry(entry) for entry in content["shards"]],
            tables=_files(content["tables"]),
            classes=content["classes"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CacheError(f"{file}: expected the fields of a manifest, got {error!r}; build the cache again") from error
    _check_consistent(file, manifest)
    return manifest


def read_shard_entry(directory: Path) -> ShardEntry:
    """Reads and checks the shard.json of a finished shard. Raises CacheError."""
    file = directory / SHARD_ENTRY
    try:
        return _shard_entry(_unsealed(file, file.read_bytes()))
    except OSError as error:
        raise CacheError(f"{file}: {error.strerror}; build the cache again") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CacheError(f"{file}: expected a shard's description, got {error!r}; build the cache again") from error


def _absent(path: Path) -> str:
    if not path.exists():
        return f"{path}: there is no such cache; build it with: slipstream-plugins build SOURCE {path}"
    if not path.is_dir():
        return f"{path}: expected a .slip directory, got a file"
    return f"{path}: expected {MANIFEST}, got none: the build was not finished; run the same build again to go on"


def _sealed(content: dict[str, Any]) -> bytes:
    """Canonical JSON with a checksum of everything else in it."""
    return (json.dumps({**content, "checksum": _checksum(content)}, indent=1, sort_keys=True) + "\n").encode()


def _unsealed(file: Path, data: bytes) -> dict[str, Any]:
    try:
        content = json.loads(data)
    except ValueError as error:
        raise CacheError(f"{file}: expected JSON, got {error}; build the cache again") from error
    if not isinstance(content, dict):
        raise CacheError(f"{file}: expected a JSON object, got {type(content).__name__}; build the cache again")
    checksum = content.pop("checksum", None)
    if checksum != _checksum(content):
        raise CacheError(f"{file}: its checksum does not match: it is damaged or was edited; build the cache again")
    return content


def _checksum(content: dict[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()


def _files(content: dict[str, Any]) -> dict[str, FileEntry]:
    return {_plain_name(name): FileEntry(int(entry["size"]), int(entry["crc32c"])) for name, entry in content.items()}


def _shard_entry(content: dict[str, Any]) -> ShardEntry:
    return ShardEntry(
        name=_plain_name(content["name"]),
        samples=int(content["samples"]),
        files=_files(content["files"]),
        skipped=list(content["skipped"]),
    )


def _plain_name(name: str) -> str:
    """A manifest is hostile input: no name in it may lead out of the cache."""
    if not name or "/" in name or "\\" in name or "\0" in name or name.startswith("."):
        raise ValueError(f"the file name {name!r}")
    return name


def _check_consistent(file: Path, manifest: Manifest) -> None:
    total = sum(shard.samples for shard in manifest.shards)
    if total != manifest.samples or any(shard.samples < 0 for shard in manifest.shards):
        raise CacheError(f"{file}: expected {manifest.samples} samples in its shards, got {total}; build it again")
    for name, kind in manifest.fields.items():
        if kind not in COLUMN_DTYPES:
            raise CacheError(f"{file}: field {name!r}: expected one of {', '.join(COLUMN_DTYPES)}, got {kind!r}")
        needed = [column_file(name), *([payload_file(name)] if has_payload(kind) else [])]
        for shard in manifest.shards:
            if missing := [each for each in needed if each not in shard.files]:
                raise CacheError(f"{file}: shard {shard.name} lists no {missing[0]}; build the cache again")
