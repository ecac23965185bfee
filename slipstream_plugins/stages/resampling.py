"""Crops of decoded images by torch, for stages that stand alone; any floating dtype, any device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["show", "stack_like"]


def show(images: torch.Tensor | Sequence[torch.Tensor], views: NDArray[np.void]) -> torch.Tensor:
    """Crops and resizes every image.

    Args:
        images: [N, 3, H, W] or N of [3, H, W], any dtype; uint8 is rounded.
        views: [N] of _core.VIEW_DTYPE, all of one output size.

    Returns:
        [N, 3, h, w] in the dtype and on the device of the images; channels_last where the images were.

    Source: Pillow's antialiased bilinear resize, in float32.
    """
    shown = [_show(image, view) for image, view in zip(images, views, strict=True)]
    if not shown:
        assert isinstance(images, torch.Tensor)
        return images[:, :, :0, :0]
    return stack_like(images, shown)


def stack_like(images: torch.Tensor | Sequence[torch.Tensor], shown: list[torch.Tensor]) -> torch.Tensor:
    """One tensor of equally large images, in the memory format of `images`."""
    stacked = torch.stack(shown)
    if isinstance(images, torch.Tensor) and not images.is_contiguous():
        return stacked.contiguous(memory_format=torch.channels_last)
    return stacked


def _show(image: torch.Tensor, view: np.void) -> torch.Tensor:
    height, width = view["size"].tolist()
    x, y, wide, high = view["box"].tolist()
    if (wide, high) == (width, height) and x == int(x) and y == int(y):
        return _window(image, int(x), int(y), width, height)
    left, top, across, down = view["bounds"].tolist()
    part = image[:, top : top + down, left : left + across]
    work = part.to(torch.float64 if part.dtype == torch.float64 else torch.float32)
    horizontal = _weights(across, x - left, wide, width).to(work)
    vertical = _weights(down, y - top, high, height).to(work)
    resized = vertical @ (work @ horizontal.T)
    if not image.dtype.is_floating_point:
        resized = resized.round().clamp(0, 255)
    return resized.to(image.dtype)


def _window(image: torch.Tensor, x: int, y: int, width: int, height: int) -> torch.Tensor:
    """A window that may reach over the edges, where it is zero."""
    part = image[:, max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
    right, bottom = width - max(-x, 0) - part.shape[2], height - max(-y, 0) - part.shape[1]
    return torch.nn.functional.pad(part, (max(-x, 0), right, max(-y, 0), bottom)).clone()


def _weights(edge: int, start: float, length: float, size: int) -> torch.Tensor:
    """[size, edge] float64, the triangle filter that takes [start, start + length) of `edge` samples to `size`."""
    scale = length / size
    reach = max(scale, 1.0)
    centres = start + (torch.arange(size, dtype=torch.float64) + 0.5) * scale
    samples = torch.arange(edge, dtype=torch.float64) + 0.5
    weights = (1.0 - (samples - centres[:, None]).abs() / reach).clamp(min=0.0)
    return weights / weights.sum(1, keepdim=True)
