"""Crop geometry: from the sizes of a batch's images to the views that the native core renders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from slipstream_plugins import _core, rng

__all__ = ["Center", "Geometry", "RandomResized", "ResizeCenter", "full_views", "mirror", "pair"]

Boxes = NDArray[np.int32]
Views = NDArray[np.void]


def pair(size: int | tuple[int, int], name: str = "size") -> tuple[int, int]:
    """(height, width) of an output, from one edge of a square or from both edges."""
    edges = (size, size) if isinstance(size, int) else tuple(size)
    if len(edges) != 2 or any(not isinstance(edge, int) or edge < 1 for edge in edges):
        raise ValueError(f"{name}: expected pixels, or (height, width) in pixels, got {size!r}; give at least 1")
    return edges[0], edges[1]


class Geometry(Protocol):
    """What part of an image is shown, and at which size. Sizes are [n, 2] int32 (height, width), oriented."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the output."""

    def views(self, sizes: NDArray[np.int32], boxes: Boxes | None) -> Views:
        """[n] of _core.VIEW_DTYPE; `boxes` are the drawn crops of a random geometry."""


def _empty(n: int, size: tuple[int, int]) -> Views:
    views = np.zeros(n, _core.VIEW_DTYPE)
    views["size"] = size
    return views


def _cropped(boxes: Boxes, size: tuple[int, int]) -> Views:
    """Crop, then resize: the filter never looks outside the crop."""
    views = _empty(len(boxes), size)
    views["box"] = boxes
    views["bounds"] = boxes
    return views


def full_views(sizes: NDArray[np.int32]) -> Views:
    """Whole images at their own size."""
    boxes = np.zeros((len(sizes), 4), np.int32)
    boxes[:, 2] = sizes[:, 1]
    boxes[:, 3] = sizes[:, 0]
    views: Views = _cropped(boxes, (0, 0))
    views["size"] = sizes
    return views


def mirror(views: Views, sizes: NDArray[np.int32], flip: NDArray[np.bool_], before_crop: bool) -> Views:
    """`views` with the images where `flip` is set mirrored left to right.

    Args:
        views: [n] of _core.VIEW_DTYPE, unflipped.
        sizes: [n, 2] int32, (height, width) of the oriented images.
        flip: [n] bool.
        before_crop: The image is mirrored first and cropped then, so that the crop lies in the mirrored image.
    """
    flipped: Views = views.copy()
    flipped["flip"] = flip
    if before_crop:
        width = sizes[:, 1]
        for field in ("box", "bounds"):
            area = views[field]
            flipped[field][:, 0] = np.where(flip, width - area[:, 0] - area[:, 2], area[:, 0])
    return flipped


@dataclass(frozen=True)
class RandomResized:
    """A random area and aspect ratio, resized. Source: torchvision's RandomResizedCrop."""

    size: tuple[int, int]
    scale: tuple[float, float]
    ratio: tuple[float, float]
    direct: bool = False

    def draw(self, key: int, who: rng.Identity, sizes: NDArray[np.int32]) -> Boxes:
        """[n, 4] int32 crops (x, y, width, height)."""
        return rng.draw_crops(key, who, (sizes[:, 0], sizes[:, 1]), self.scale, self.ratio, self.direct)

    def views(self, sizes: NDArray[np.int32], boxes: Boxes | None) -> Views:
        """The drawn crops, resized."""
        if boxes is None:
            raise ValueError("RandomResized: expected drawn boxes, got None; call draw first")
        return _cropped(boxes, self.size)


@dataclass(frozen=True)
class Center:
    """The middle of the image, without resampling; a box may reach over the edges of a smaller image, where the
    output is zero. Source: torchvision's center_crop."""

    size: tuple[int, int]

    def views(self, sizes: NDArray[np.int32], boxes: Boxes | None = None) -> Views:
        """One box of `size` per image."""
        start = [_centre(sizes[:, axis], self.size[axis]) for axis in (0, 1)]
        edges = np.broadcast_to(np.array(self.size[::-1], np.int32), (len(sizes), 2))
        return _cropped(np.column_stack([start[1], start[0], edges]).astype(np.int32), self.size)


@dataclass(frozen=True)
class ResizeCenter:
    """The short side resized to `resize`, then the middle, as one box of the original that is resampled once.
    Source: torchvision's Resize(resize) and CenterCrop(size)."""

    resize: int
    size: tuple[int, int]

    def __post_init__(self) -> None:
        if self.resize < max(self.size):
            raise ValueError(
                f"resize: expected at least the crop's {max(self.size)} pixels, got {self.resize}; "
                f"give resize={max(self.size)} or more"
            )

    def views(self, sizes: NDArray[np.int32], boxes: Boxes | None = None) -> Views:
        """One fractional box per image; the filter may look outside of it, as far as the image goes."""
        views = full_views(sizes)
        views["size"] = self.size
        resized = short_side(sizes, self.resize)
        for axis, place in ((0, 1), (1, 0)):
            step = sizes[:, axis] / resized[:, axis]
            views["box"][:, place] = _centre(resized[:, axis], self.size[axis]) * step
            views["box"][:, place + 2] = self.size[axis] * step
        return views


def short_side(sizes: NDArray[np.int32], resize: int) -> NDArray[np.int64]:
    """[n, 2] (height, width) after the short side became `resize`. Source: torchvision's Resize, which truncates."""
    height, width = sizes[:, 0].astype(np.int64), sizes[:, 1].astype(np.int64)
    short, long = np.maximum(np.minimum(height, width), 1), np.maximum(height, width)
    other = (resize * long / short).astype(np.int64)
    tall = height > width
    return np.column_stack([np.where(tall, other, resize), np.where(tall, resize, other)])


def _centre(edge: NDArray[np.int32] | NDArray[np.int64], crop: int) -> NDArray[np.int64]:
    """Where the middle `crop` pixels of `edge` start; negative where torchvision pads first. Rounds half to even."""
    gap = edge.astype(np.int64) - crop
    inside: NDArray[np.int64] = np.rint(gap / 2.0).astype(np.int64)
    return np.where(gap < 0, -(-gap // 2), inside)
