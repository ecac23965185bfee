"""What the headers of images say, JPEG or not."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import _core
from slipstream_plugins.cache.format import ENCODING_CODES
from slipstream_plugins.cache.pixels import Failures

__all__ = ["lossless_planes", "probe"]

_FOREIGN = ENCODING_CODES["foreign"]
_ORIENTATION = 0x0112


def probe(images: Sequence[Any], num_threads: int = 0) -> tuple[_core.Encoded, NDArray[np.void], Failures]:
    """The native batch, [n] of _core.INFO_DTYPE with the sizes of foreign formats by Pillow, and failures."""
    encoded = _core.Encoded.from_buffers(images)
    infos, failed = encoded.probe(num_threads)
    failures = {row: reason for row, _, reason in failed}
    for row in np.flatnonzero(infos["encoding"] == _FOREIGN).tolist():
        if row not in failures:
            header = _foreign_header(images[row])
            if isinstance(header, str):
                failures[row] = header
            else:
                infos["width"][row], infos["height"][row], infos["orientation"][row] = header
    return encoded, infos, failures


def _foreign_header(image: Any) -> tuple[int, int, int] | str:
    """Width, height and orientation of an image that is no JPEG, or why they cannot be read."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(image)) as opened:
            orientation = int(opened.getexif().get(_ORIENTATION, 1))
            return (*opened.size, orientation if 1 <= orientation <= 8 else 1)
    except UnidentifiedImageError:
        return "expected an image, got bytes that Pillow does not know"
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        return f"Pillow cannot read it: {error}"


def lossless_planes(jpeg: Any) -> Literal["yuv420", "yuv444", "rgb"]:
    """How the planes of a JPEG can be kept without losing pixels: "yuv420", "yuv444", or "rgb" for neither.

    Source: libjpeg's rules for the colour model of a file with or without JFIF and Adobe markers.
    """
    from PIL import Image, JpegImagePlugin

    try:
        with Image.open(io.BytesIO(jpeg)) as image:
            if not isinstance(image, JpegImagePlugin.JpegImageFile):
                return "rgb"
            if image.mode == "L":
                return "yuv420"
            coded = "jfif" not in image.info and (
                image.info["adobe_transform"] == 0
                if "adobe_transform" in image.info
                else [each[0] for each in image.layer] == list(b"RGB")
            )
            if image.mode != "RGB" or coded:
                return "rgb"
            ratio = _chroma_ratio(image.layer)
            return "yuv420" if ratio == (2, 2) else "yuv444" if ratio == (1, 1) else "rgb"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return "rgb"


def _chroma_ratio(layers: list[Any]) -> tuple[int, int] | None:
    """How many luma samples a chroma sample spans, across and down; None where the chroma planes differ."""
    (_, h, v, _), *chroma = layers
    ratios = {(h / each[1], v / each[2]) for each in chroma}
    across, down = ratios.pop() if len(ratios) == 1 else (0, 0)
    return (int(across), int(down)) if across in (1, 2) and down in (1, 2) else None
