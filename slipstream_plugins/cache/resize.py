"""Shrinks images while a cache is built."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from slipstream_plugins.cache.headers import probe
from slipstream_plugins.cache.pixels import Failures, Pixels, exact_pixels

__all__ = ["Shrink"]


@dataclass(frozen=True)
class Shrink:
    """Resizes images that are larger than asked for, as Pillow's antialiased bilinear resize, and stores them as JPEG.

    Images that fit already keep their bytes. The others are turned upright, keep their ICC profile, and lose their
    EXIF data.

    Args:
        short: The longest short side in pixels, or None.
        max_long: The longest long side in pixels, or None.
        quality: JPEG quality 1-100; chroma is 4:2:0.

    Source: torchvision.transforms.Resize(short, max_size=max_long), antialiased; images are never enlarged.
    """

    short: int | None
    max_long: int | None
    quality: int

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) that an image of this size gets."""
        scale = 1.0
        if self.short is not None:
            scale = min(scale, self.short / min(width, height))
        if self.max_long is not None:
            scale = min(scale, self.max_long / max(width, height))
        if scale == 1.0:
            return width, height
        return max(1, round(width * scale)), max(1, round(height * scale))

    def __call__(self, images: Sequence[Any], num_threads: int = 0) -> tuple[list[Any], Failures]:
        """Returns the images, smaller where needed, and the reasons of those that failed, by position."""
        encoded, infos, failures = probe(images, num_threads)
        result = list(images)
        large = [row for row in range(len(images)) if row not in failures and self._is_large(infos[row])]
        pixels, failed = exact_pixels(encoded, infos, large, num_threads)
        for row, image in pixels.items():
            result[row] = self._jpeg(image, images[row])
        return result, {**failures, **failed}

    def _is_large(self, info: np.void) -> bool:
        size = int(info["width"]), int(info["height"])
        return self.size(*size) != size

    def _jpeg(self, pixels: Pixels, original: Any) -> bytes:
        from PIL import Image

        height, width = pixels.shape[:2]
        small = Image.fromarray(pixels).resize(self.size(width, height), Image.Resampling.BILINEAR)
        out = io.BytesIO()
        small.save(out, "JPEG", quality=self.quality, subsampling="4:2:0", icc_profile=_icc_profile(original))
        return out.getvalue()


def _icc_profile(original: Any) -> bytes | None:
    """The colour profile of an image file; None for records, which carry none."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(original)) as image:
            profile = image.info.get("icc_profile")
            return profile if image.mode in ("RGB", "YCbCr") else None
    except (OSError, ValueError, SyntaxError):
        return None
