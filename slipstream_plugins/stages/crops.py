"""The crops: RandomResizedCrop (RRC), CenterCrop, ResizeCrop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from slipstream_plugins import boxes, rng
from slipstream_plugins.boxes import Geometry, pair
from slipstream_plugins.columns import Batch
from slipstream_plugins.plan import DecodePlan, OutputSpec, choice
from slipstream_plugins.stages.base import Sizes, Stage, image_sizes, map_images
from slipstream_plugins.stages.randomness import Draws
from slipstream_plugins.stages.resampling import show

__all__ = ["RRC", "CenterCrop", "RandomResizedCrop", "ResizeCrop"]


class _Crop(Stage):
    """A stage that shows a part of the image at a size of its own."""

    @property
    def geometry(self) -> Geometry:
        raise NotImplementedError(f"{type(self).__name__}.geometry")

    def fold(self, plan: DecodePlan | None, stream: str) -> DecodePlan | None:
        """Becomes the plan's crop, where it has none yet and pixels are still as decoded."""
        if plan is None or plan.crop is not None or plan.output != OutputSpec():
            return None
        flip_first = plan.flip is not None
        return replace(plan, crop=self.geometry, crop_stream=stream if self.random else "", flip_first=flip_first)

    def resized(self, sizes: Sizes) -> Sizes:
        """Every image has the crop's size."""
        return np.broadcast_to(np.array(self.geometry.size, np.int32), sizes.shape)

    def process(self, batch: Batch, draws: Draws, stream: str) -> Batch:
        """Crops decoded images."""
        return map_images(self, batch, partial(self._cut, batch, draws, stream))

    def _cut(self, batch: Batch, draws: Draws, stream: str, images: Any) -> torch.Tensor:
        if not len(images):
            return torch.empty((0, 3, *self.geometry.size), dtype=getattr(images, "dtype", torch.uint8))
        sizes = image_sizes(batch.with_columns(**dict.fromkeys(batch.images, images)), DecodePlan())
        drawn = None
        if self.random:
            everyone = np.arange(len(batch), dtype=np.int64)
            drawn = draws.params(stream, batch, everyone, lambda key, who: self.draw(sizes, key, who))
        return show(images, self.geometry.views(sizes, drawn))


def _edges(stage: Any, name: str) -> None:
    """A size that came as a list (from JSON or YAML) becomes a tuple; checked."""
    size = getattr(stage, name)
    if not isinstance(size, int):
        object.__setattr__(stage, name, pair(size, name))
    pair(getattr(stage, name), name)


@dataclass(frozen=True, repr=False)
class RandomResizedCrop(_Crop):
    """A random part of the image, resized. `RRC` is its short form.

    Args:
        size: Edge of a square output, or (height, width), in pixels.
        scale: Bounds of the crop's part of the image's area, in (0, 1].
        ratio: Bounds of the crop's width / height, drawn log-uniformly.
        method: "rejection": 10 tries, then the ratio-clamped centre; "direct": no loop: ratio, then the long edge from
            its valid range, then the corner.

    Returns:
        [N, 3, height, width].

    Source: torchvision's RandomResizedCrop, bilinear and antialiased.
    """

    size: int | tuple[int, int]
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    method: str = "rejection"

    def __post_init__(self) -> None:
        _edges(self, "size")
        for name in ("scale", "ratio"):
            bounds = tuple(float(bound) for bound in getattr(self, name))
            if len(bounds) != 2 or not 0 < bounds[0] <= bounds[1]:
                raise ValueError(f"{name}: expected 0 < low <= high, got {bounds}; give (low, high)")
            object.__setattr__(self, name, bounds)
        if self.scale[1] > 1:
            raise ValueError(f"scale: expected parts of the area up to 1, got {self.scale}; give (low, high <= 1)")
        choice("method", self.method, ("rejection", "direct"))

    @property
    def geometry(self) -> boxes.RandomResized:
        """The crop's law."""
        return boxes.RandomResized(pair(self.size), self.scale, self.ratio, self.method == "direct")

    def draw(self, sizes: Sizes, key: int, who: rng.Identity) -> NDArray[np.int32]:
        """[n, 4] int32 crops (x, y, width, height)."""
        return self.geometry.draw(key, who, sizes)


RRC = RandomResizedCrop


@dataclass(frozen=True, repr=False)
class CenterCrop(_Crop):
    """The middle of the image, without resampling; smaller images get black edges.

    Args:
        size: Edge of a square output, or (height, width), in pixels.

    Returns:
        [N, 3, height, width].

    Source: torchvision's CenterCrop.
    """

    size: int | tuple[int, int]

    def __post_init__(self) -> None:
        _edges(self, "size")

    @property
    def geometry(self) -> boxes.Center:
        """The crop's law."""
        return boxes.Center(pair(self.size))


@dataclass(frozen=True, repr=False)
class ResizeCrop(_Crop):
    """The short side resized, then the middle, in one resampling.

    Args:
        resize: The short side before the crop, in pixels, at least `size`.
        size: Edge of a square output, or (height, width), in pixels.

    Returns:
        [N, 3, height, width].

    Source: torchvision's Resize(resize) and CenterCrop(size), bilinear and antialiased.
    """

    resize: int = 256
    size: int | tuple[int, int] = 224

    def __post_init__(self) -> None:
        _edges(self, "size")
        boxes.ResizeCenter(self.resize, pair(self.size))

    @property
    def geometry(self) -> boxes.ResizeCenter:
        """The crop's law."""
        return boxes.ResizeCenter(self.resize, pair(self.size))
