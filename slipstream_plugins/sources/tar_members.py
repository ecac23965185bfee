"""Where the files of a tar lie: a walk over its headers only."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from slipstream_plugins.errors import SourceError

__all__ = ["Member", "tar_members"]

BLOCK = 512
_FILE_TYPES = b"0\0" + b"7"
_WITHOUT_CONTENT = b"123456"
_ZEROS = bytes(BLOCK)


class Member(NamedTuple):
    """A regular file: its name, and the offset and size of its content in bytes."""

    name: str
    offset: int
    size: int


def tar_members(path: Path, data: memoryview) -> Iterator[Member]:
    """Walks over an uncompressed tar: ustar, GNU and pax.

    Args:
        path: Its path, for messages.
        data: Its bytes.

    Raises:
        SourceError: A header is damaged, the file ends early, or it is no uncompressed tar; names tar and offset.

    Source: the standard library's tarfile.
    """
    position = 0
    long_name: str | None = None
    extended: dict[str, str] = {}
    while position < len(data):
        header = bytes(data[position : position + BLOCK])
        if header == _ZEROS:
            return
        _check_header(path, position, header)
        size = _number(path, position, header[124:136]) if "size" not in extended else int(extended["size"])
        begin, kind = position + BLOCK, header[156:157]
        if kind in _WITHOUT_CONTENT:
            size = 0  # some writers state the size of what a link points to
        following = begin + -(-size // BLOCK) * BLOCK
        if following > len(data):
            raise _damaged(
                path, position, f"expected {following - begin} more bytes, got {len(data) - begin}: it ends early"
            )
        position = following
        if kind == b"L":
            long_name = _text(bytes(data[begin : begin + size]))
        elif kind == b"x":
            extended = _pax(path, begin, bytes(data[begin : begin + size]))
        elif kind == b"S" or any(key.startswith("GNU.sparse") for key in extended):
            raise _damaged(path, begin - BLOCK, "expected plain files, got a sparse one; write it with plain tar")
        elif kind not in b"Kg":
            if kind in _FILE_TYPES:
                name = extended.get("path") or long_name or _name(header)
                if not name.endswith("/"):
                    yield Member(name, begin, size)
            long_name, extended = None, {}


def _check_header(path: Path, position: int, header: bytes) -> None:
    if len(header) < BLOCK:
        raise _damaged(path, position, f"expected a header of {BLOCK} bytes, got {len(header)}: it ends early")
    if position == 0 and header.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")):
        raise SourceError(
            f"{path}: expected an uncompressed tar, got a compressed one; unpack it (images do not shrink)"
        )
    stated = _number(path, position, header[148:156])
    # Adler-32's low half is one more than the sum of the bytes, modulo 65521, and much quicker than sum().
    if zlib.adler32(header[:148] + b" " * 8 + header[156:]) & 0xFFFF != (stated + 1) % 65521:
        raise _damaged(path, position, "expected a tar header, got other bytes (its checksum does not match)")


def _number(path: Path, position: int, field: bytes) -> int:
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    try:
        return int(field.split(b"\0", 1)[0].strip() or b"0", 8)
    except ValueError:
        raise _damaged(path, position, f"expected an octal number in a tar header, got {field!r}") from None


def _name(header: bytes) -> str:
    name, prefix = _text(header[:100]), _text(header[345:500])
    ustar = header[257:263] == b"ustar\0"  # GNU tar keeps other things where ustar has the prefix
    return f"{prefix}/{name}" if ustar and prefix else name


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def _pax(path: Path, begin: int, content: bytes) -> dict[str, str]:
    """Records of the form "<length> <key>=<value>\\n"."""
    records: dict[str, str] = {}
    position = 0
    while position < len(content) and content[position]:
        length, _, rest = content[position : position + 24].partition(b" ")
        size = int(length) if length.isdigit() else 0
        record = content[position + len(length) + 1 : position + size]
        key, equals, value = record.partition(b"=")
        if size < 5 or not rest or not equals or not value.endswith(b"\n"):
            raise _damaged(path, begin + position, "expected a pax record, got other bytes")
        records[key.decode("utf-8", "surrogateescape")] = value[:-1].decode("utf-8", "surrogateescape")
        position += size
    if not records.get("size", "0").isdigit():
        raise _damaged(path, begin, f"expected a size in a pax header, got {records['size']!r}")
    return records


def _damaged(path: Path, position: int, reason: str) -> SourceError:
    return SourceError(f"{path}: {reason} (at byte {position}); the tar is damaged: fetch or write it again")
