"""The two directions: JPEGs to dct records, and stored images back to image files."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import codec
from slipstream_plugins.cache.format import ENCODING_CODES
from slipstream_plugins.cache.headers import probe
from slipstream_plugins.cache.pixels import exact_pixels
from slipstream_plugins.errors import TranscodeError
from slipstream_plugins.tools.outcomes import Kept, Made, Outcome

__all__ = ["JPEG_SUFFIXES", "ToFiles", "ToRecords"]

JPEG_SUFFIXES = (".jpg", ".jpeg")

_JPEG, _DCT, _FOREIGN = (ENCODING_CODES[name] for name in ("jpeg", "dct", "foreign"))
_NAMES = {code: name for name, code in ENCODING_CODES.items()}
_RECORD = bytes((0x93, *b"SLP", 1, _DCT))


@dataclass(frozen=True)
class ToRecords:
    """JPEGs to dct records with built-in tables; those that a record cannot hold are kept.

    Args:
        packing: One of codec.PACKINGS.
        keep_icc: Whether records keep ICC profiles.
        keep_exif: Whether records keep EXIF data; the orientation is kept in any case.
        num_threads: Native threads to use, 0 for all.
    """

    packing: codec.Packing = "compact"
    keep_icc: bool = True
    keep_exif: bool = False
    num_threads: int = 0

    suffixes = JPEG_SUFFIXES
    suffix = ".dct"

    def __call__(self, images: Sequence[Any]) -> list[Outcome]:
        """The outcomes of n buffers, in order."""
        try:
            made = self._records(images, fallback=True)
        except TranscodeError:
            made = [b""] * len(images)  # one of them is damaged: each by itself tells which
        return [
            Made(record, ".dct")
            if record.startswith(_RECORD)
            else _alone(lambda jpeg: self._records([jpeg], fallback=False)[0], image, ".dct")
            for record, image in zip(made, images, strict=True)
        ]

    def _records(self, images: Sequence[Any], fallback: bool) -> list[bytes]:
        return codec.transcode_batch(
            images,
            self.packing,
            fallback=fallback,
            keep_icc=self.keep_icc,
            keep_exif=self.keep_exif,
            num_threads=self.num_threads,
        )


def _alone(convert: Callable[[Any], bytes], image: Any, suffix: str) -> Outcome:
    """One image by itself. Images that are no JPEG, whatever their name says, are no damage."""
    try:
        return Made(convert(image), suffix)
    except TranscodeError as error:
        if error.code != "not_an_image":
            return Kept(error.reason, error.code != "unsupported")
        _, infos, failures = probe([image], 1)
        if failures:
            return Kept(error.reason, True)
        kind = _NAMES[int(infos["encoding"][0])]
        return Kept(
            "an image of another format than JPEG" if kind == "foreign" else f"a record already ({kind})", False
        )


@dataclass(frozen=True)
class ToFiles:
    """Stored images to image files: dct records to JPEGs with the same coefficients, files as they are.

    Args:
        reencode: JPEG quality, 1-100, at which records of pixels are encoded anew; None refuses them.
        num_threads: Threads to use, 0 for all.
    """

    reencode: int | None = None
    num_threads: int = 0

    suffixes = (".dct",)
    suffix = ".jpg"

    def __post_init__(self) -> None:
        if self.reencode is not None and not 1 <= self.reencode <= 100:
            raise ValueError(f"reencode: expected a quality of 1 to 100, got {self.reencode}")

    def __call__(self, images: Sequence[Any]) -> list[Outcome]:
        """The outcomes of n buffers, in order."""
        encoded, infos, failures = probe(images, self.num_threads)
        outcomes: dict[int, Outcome] = {row: Kept(reason, True) for row, reason in failures.items()}
        rows = [row for row in range(len(images)) if row not in failures]
        kinds = infos["encoding"]
        outcomes |= self._jpegs(images, [row for row in rows if kinds[row] == _DCT])
        pixels = [row for row in rows if kinds[row] not in (_JPEG, _DCT, _FOREIGN)]
        outcomes |= self._encoded_anew(encoded, infos, pixels)
        for row in rows:
            if row not in outcomes:
                outcomes[row] = Made(images[row], ".jpg" if kinds[row] == _JPEG else _foreign_suffix(images[row]))
        return [outcomes[row] for row in range(len(images))]

    def _jpegs(self, images: Sequence[Any], rows: list[int]) -> dict[int, Outcome]:
        try:
            made = codec.to_jpeg_batch([images[row] for row in rows], num_threads=self.num_threads)
        except TranscodeError:
            return {row: _alone(codec.to_jpeg, images[row], ".jpg") for row in rows}
        return {row: Made(jpeg, ".jpg") for row, jpeg in zip(rows, made, strict=True)}

    def _encoded_anew(self, encoded: Any, infos: NDArray[np.void], rows: list[int]) -> dict[int, Outcome]:
        """JPEGs of records of pixels: upright, and with chroma as large as the record has it."""
        if self.reencode is None:
            reason = (
                "holds pixels ({}), of which no JPEG can be made without loss; --reencode QUALITY encodes them anew"
            )
            return {row: Kept(reason.format(_NAMES[int(infos["encoding"][row])]), True) for row in rows}
        pixels, failures = exact_pixels(encoded, infos, rows, self.num_threads)
        outcomes: dict[int, Outcome] = {row: Kept(reason, True) for row, reason in failures.items()}
        with ThreadPoolExecutor(self.num_threads or None) as pool:
            halved = [infos["encoding"][row] == ENCODING_CODES["yuv420"] for row in pixels]
            jpegs = pool.map(self._encode, pixels.values(), halved)
            outcomes |= {row: Made(jpeg, ".jpg") for row, jpeg in zip(pixels, jpegs, strict=True)}
        return outcomes

    def _encode(self, pixels: NDArray[np.uint8], halved: bool) -> bytes:
        from PIL import Image

        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=self.reencode, subsampling=2 if halved else 0)
        return file.getvalue()


def _foreign_suffix(image: Any) -> str:
    """The usual suffix of a format that Pillow reads."""
    from PIL import Image

    with Image.open(io.BytesIO(image)) as opened:
        name = (opened.format or "image").lower()
    return {"tiff": ".tif"}.get(name, f".{name}")
