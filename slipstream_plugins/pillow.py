"""Opens dct records, and the other records of a cache, with Pillow: importing this module registers the format.

    import slipstream_plugins.pillow

Pixels are those of the JPEG; the size is as stored, and `getexif()` has the orientation that is still to be applied.
"""

from __future__ import annotations

import struct
from typing import IO, Any

from PIL import Image, ImageFile

from slipstream_plugins import _core
from slipstream_plugins.cache.format import ENCODING_CODES
from slipstream_plugins.cache.headers import probe
from slipstream_plugins.cache.pixels import exact_pixels

__all__ = ["RecordImageFile"]

_MAGIC = b"\x93SLP\x01"
_HEADER = struct.Struct("<4s4BII")
_DCT_HEADER = 60
_MAX_SIDE = 65535
_ENCODINGS = {ENCODING_CODES[name]: name for name in ("dct", "yuv420", "yuv444", "rgb")}
_GRAY = 0
_ORIENTATION = 0x0112
_EXIF, _ICC = b"Exif\0\0", b"ICC_PROFILE\0"


class RecordImageFile(ImageFile.ImageFile):
    """A record as an image of mode L or RGB. `info` has "encoding", and "icc_profile" and "exif" where it has them."""

    format = "SLIP"
    format_description = "slipstream record"

    def _open(self) -> None:
        file: IO[bytes] = self.fp  # type: ignore[assignment]
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size or not _accept(header):
            raise SyntaxError("not a slipstream record")
        _, _, encoding, detail, orientation, width, height = _HEADER.unpack(header)
        if not (1 <= width <= _MAX_SIDE and 1 <= height <= _MAX_SIDE):
            raise SyntaxError(f"a record of {width}x{height} pixels")
        self._size = (width, height)
        self.info["encoding"] = _ENCODINGS[encoding]
        model = detail
        if self.info["encoding"] == "dct":
            head = header + file.read(_DCT_HEADER - _HEADER.size)
            if len(head) < _DCT_HEADER:
                raise SyntaxError("a dct record that ends inside its header")
            model = head[33]
            self._read_segments(file, head)
        self._mode = "L" if model == _GRAY else "RGB"
        if "exif" not in self.info and 2 <= orientation <= 8:
            exif = Image.Exif()
            exif[_ORIENTATION] = orientation
            self.info["exif"] = exif.tobytes()
        self.tile = [_tile(self._size, self._mode)]

    def _read_segments(self, file: IO[bytes], head: bytes) -> None:
        """The ICC profile and the EXIF data that a dct record has kept."""
        width, height, components, tile_mcus, bits, tables = (*self._size, head[32], head[35], head[36], head[37])
        across, down = (head[49] >> 4, head[49] & 15) if components == 3 else (1, 1)
        per_row = -(-width // max(1, 8 * across * tile_mcus))
        tiles = per_row * -(-height // max(1, 8 * down))
        file.seek(_DCT_HEADER + 64 * tables + (tiles * bits + 7) // 8)
        segments = file.read(int.from_bytes(head[40:44], "little"))
        profile = b""
        while len(segments) >= 4:
            size = int.from_bytes(segments[2:4], "big")
            body, segments = segments[4 : 2 + size], segments[2 + max(size, 2) :]
            if body.startswith(_ICC):
                profile += body[len(_ICC) + 2 :]
            elif body.startswith(_EXIF):
                self.info["exif"] = body
        if profile:
            self.info["icc_profile"] = profile


class _Decoder(ImageFile.PyDecoder):
    """Decodes the whole record when the pixels are first asked for."""

    _pulls_fd = True

    def decode(self, buffer: Any) -> tuple[int, int]:
        file: IO[bytes] = self.fd  # type: ignore[assignment]
        record = file.read()
        if record[5] == ENCODING_CODES["dct"] and not _is_whole(record):
            raise OSError("damaged record: expected the checksum in its header, got another")
        encoded, infos, failures = probe([record], 1)
        if not failures:
            infos["orientation"] = 1
            pixels, failures = exact_pixels(encoded, infos, [0])
        if failures:
            raise OSError(f"damaged record: {failures[0]}")
        image = pixels[0]
        self.set_as_raw((image[..., 0] if self.mode == "L" else image).tobytes())
        return -1, 0


def _is_whole(record: bytes) -> bool:
    """Whether a dct record has the checksum that its header states: of all bytes but the checksum's own."""
    return _core.crc32c(record[24:], _core.crc32c(record[:20])) == int.from_bytes(record[20:24], "little")


def _tile(size: tuple[int, int], mode: str) -> Any:
    return ("slip", (0, 0, *size), 0, mode)


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(_MAGIC) and len(prefix) > 5 and prefix[5] in _ENCODINGS


Image.register_open(RecordImageFile.format, RecordImageFile, _accept)
Image.register_decoder("slip", _Decoder)
Image.register_extension(RecordImageFile.format, ".dct")
