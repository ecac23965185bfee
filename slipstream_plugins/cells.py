"""What one image of a batch may be: a buffer of encoded bytes, or a tensor, without importing torch."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["buffer_of", "is_buffer", "is_encoded", "is_image", "is_image_column", "is_tensor", "is_wrapped"]


def is_tensor(value: Any) -> bool:
    """Whether `value` is a torch tensor; does not import torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def is_buffer(value: Any) -> bool:
    """Whether `value` is one encoded image: any object with a contiguous buffer of bytes."""
    if isinstance(value, (bytes, bytearray)) or is_wrapped(value):
        return True
    if isinstance(value, np.ndarray) or is_tensor(value):
        return value.ndim == 1 and str(value.dtype).endswith("uint8")
    if isinstance(value, (str, np.generic, int, float)):
        return False
    try:
        return memoryview(value).itemsize == 1
    except TypeError:
        return False


def is_wrapped(value: Any) -> bool:
    """Whether `value` is an undecoded image as Hugging Face datasets gives it: {"bytes": ..., "path": ...}."""
    return isinstance(value, Mapping) and set(value) == {"bytes", "path"}


def buffer_of(value: Any) -> Any:
    """The buffer of an encoded image in any of its forms."""
    if is_tensor(value):
        return value.cpu().contiguous().numpy()
    if is_wrapped(value):
        if value["bytes"] is not None:
            return value["bytes"]
        with open(value["path"], "rb") as file:
            return file.read()
    return value


def is_encoded(column: Any) -> bool:
    """Whether a column of images is still encoded."""
    return not is_tensor(column) and (hasattr(column, "encoded") or len(column) == 0 or not is_tensor(column[0]))


def is_image(value: Any) -> bool:
    """One image: a buffer, or a [3, H, W] tensor."""
    return is_buffer(value) or (is_tensor(value) and value.ndim == 3)


def is_image_column(value: Any) -> bool:
    """Several images: [N, 3, H, W], an EncodedColumn, or a list whose first entry is an image."""
    if is_tensor(value):
        return bool(value.ndim == 4)
    if hasattr(value, "encoded"):
        return True
    if not isinstance(value, (list, tuple)) and not (isinstance(value, np.ndarray) and value.dtype == object):
        return False
    return len(value) > 0 and is_image(value[0])
