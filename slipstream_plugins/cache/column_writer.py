"""Writes the files of one field of one shard."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from slipstream_plugins import _core
from slipstream_plugins.cache import format as layout

__all__ = ["ColumnWriter"]


class ColumnWriter:
    """Collects values of one field; numbers go to a .npy file, payloads to a .bin file with a .npy index.

    Args:
        name: The field.
        kind: Its type.
        directory: The shard's directory.
    """

    def __init__(self, name: str, kind: str, directory: Path) -> None:
        self._name = name
        self._kind = kind
        self._directory = directory
        self._rows: list[Any] = []
        self._checksum = 0
        self.size = 0
        """Bytes of payload so far."""
        has_payload = layout.has_payload(kind)
        self._payload = open(directory / layout.payload_file(name), "wb", 1 << 20) if has_payload else None  # noqa: SIM115

    def append(self, value: Any) -> None:
        """Adds a number, the bytes of a text or blob, or (record, info) of an image."""
        if self._kind == "image":
            record, info = value
            self._write(bytes(-self.size % layout.RECORD_ALIGNMENT))
            turned = info["orientation"] >= 5
            sides = (info["width"], info["height"]) if turned else (info["height"], info["width"])
            place = (self.size, len(record), *sides, _core.crc32c(record), info["encoding"], info["orientation"], 0)
            self._rows.append(tuple(int(number) for number in place))
            self._write(record)
        elif self._payload is not None:
            self._rows.append((self.size, len(value), _core.crc32c(value), 0))
            self._write(value)
        else:
            self._rows.append(value)

    def finish(self) -> dict[str, layout.FileEntry]:
        """Closes the files and makes them durable; returns their sizes and checksums by name."""
        files: dict[str, layout.FileEntry] = {}
        if self._payload is not None:
            self._write(bytes(layout.TAIL_PADDING))
            self._payload.flush()
            os.fsync(self._payload.fileno())
            self._payload.close()
            files[layout.payload_file(self._name)] = layout.FileEntry(self.size, self._checksum)
        column = layout.npy_bytes(np.array(self._rows, layout.COLUMN_DTYPES[self._kind]))
        with open(self._directory / layout.column_file(self._name), "wb") as out:
            out.write(column)
            out.flush()
            os.fsync(out.fileno())
        files[layout.column_file(self._name)] = layout.FileEntry(len(column), _core.crc32c(column))
        return files

    def close(self) -> None:
        """Gives the files up, finished or not."""
        if self._payload is not None:
            self._payload.close()

    def _write(self, data: Any) -> None:
        assert self._payload is not None
        self._payload.write(data)
        self._checksum = _core.crc32c(data, self._checksum)
        self.size += len(data)
