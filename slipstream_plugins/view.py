"""Looking at a batch: one PNG with all its images."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from slipstream_plugins import columns

__all__ = ["contact_sheet"]

_GAP = 4
_CAPTION = 14


def contact_sheet(batch: Any, field: str | None = None, captions: str | None = None, width: int = 8) -> bytes:
    """All images of a decoded batch in rows, as a PNG.

    Args:
        batch: A dict of columns, a tensor [N, 3, H, W] RGB, or a list of [3, H, W] tensors; uint8 as it is, floating
            point in [0, 1] as it is, any other range stretched from its smallest to its largest value.
        field: The image column; None takes the only one, or finds it by name.
        captions: A column whose values are written below the images.
        width: Images in a row.

    Returns:
        The bytes of a PNG file.
    """
    if width < 1:
        raise ValueError(f"width: expected at least 1 image in a row, got {width}")
    images, words = _images_and_words(batch, field, captions)
    if not images:
        raise ValueError("contact_sheet: expected images, got an empty batch")
    tiles = [_levels(image) for image in images]
    tall, wide = max(tile.shape[0] for tile in tiles), max(tile.shape[1] for tile in tiles)
    step_x, step_y = wide + _GAP, tall + _GAP + (_CAPTION if words else 0)
    in_row = min(width, len(tiles))
    size = (in_row * step_x + _GAP, math.ceil(len(tiles) / in_row) * step_y + _GAP)
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    for place, tile in enumerate(tiles):
        x, y = _GAP + place % in_row * step_x, _GAP + place // in_row * step_y
        sheet.paste(Image.fromarray(tile), (x, y))
        if words:
            pen.text((x, y + tall + 1), words[place], fill="black")
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def _images_and_words(batch: Any, field: str | None, captions: str | None) -> tuple[list[torch.Tensor], list[str]]:
    if not isinstance(batch, dict):
        if captions is not None:
            raise ValueError("captions: expected a batch that is a dict of columns")
        return list(batch), []
    names = [name for name in columns.IMAGE_NAMES if name in batch]
    name = field or (names[0] if names else "")
    if name not in batch:
        raise ValueError(f"field: expected an image column, got {field!r}; give one of {', '.join(map(repr, batch))}")
    if captions is None:
        return list(batch[name]), []
    if captions not in batch:
        raise ValueError(f"captions: expected one of {', '.join(map(repr, batch))}, got {captions!r}")
    values = batch[captions]
    return list(batch[name]), [str(v) for v in (values.tolist() if hasattr(values, "tolist") else values)]


def _levels(image: torch.Tensor) -> NDArray[np.uint8]:
    """[H, W, 3] uint8 of a [3, H, W] tensor."""
    if not isinstance(image, torch.Tensor) or image.ndim != 3 or image.shape[0] != 3:
        shape = list(getattr(image, "shape", ())) or type(image).__name__
        raise ValueError(f"contact_sheet: expected decoded images [3, H, W], got {shape}; decode the batch first")
    pixels = image.detach().to("cpu")
    if pixels.dtype != torch.uint8:
        values = pixels.to(torch.float32)
        low, high = float(values.min()), float(values.max())
        if low < 0 or high > 1:
            values = (values - low) / max(high - low, 1e-12)
        pixels = (values * 255).round().to(torch.uint8)
    return np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())
