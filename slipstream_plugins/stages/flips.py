"""HorizontalFlip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from slipstream_plugins import rng
from slipstream_plugins.columns import Batch
from slipstream_plugins.plan import DecodePlan
from slipstream_plugins.stages.base import Sizes, Stage, map_images
from slipstream_plugins.stages.decoding import draw_flips
from slipstream_plugins.stages.randomness import Draws

__all__ = ["HorizontalFlip"]


@dataclass(frozen=True, repr=False)
class HorizontalFlip(Stage):
    """Images mirrored left to right at random.

    Args:
        p: Probability per image, in [0, 1].

    Source: torchvision's RandomHorizontalFlip.
    """

    p: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise ValueError(f"p: expected a probability, got {self.p}; give a number from 0 to 1")

    def fold(self, plan: DecodePlan | None, stream: str) -> DecodePlan | None:
        """Becomes the plan's flip, where it has none yet."""
        if plan is None or plan.flip is not None:
            return None
        return replace(plan, flip=self.p, flip_stream=stream)

    def draw(self, sizes: Sizes, key: int, who: rng.Identity) -> NDArray[np.bool_]:
        """[n] bool."""
        return draw_flips(self.p, key, who)

    def process(self, batch: Batch, draws: Draws, stream: str) -> Batch:
        """Mirrors decoded images."""
        everyone = np.arange(len(batch), dtype=np.int64)
        flip = draws.params(stream, batch, everyone, lambda key, who: draw_flips(self.p, key, who))
        return map_images(self, batch, lambda images: _mirror(images, flip))


def _mirror(images: Any, flip: NDArray[np.bool_]) -> Any:
    if isinstance(images, torch.Tensor):
        chosen = torch.tensor(flip, device=images.device)[:, None, None, None]
        return torch.where(chosen, images.flip(-1), images)
    return [image.flip(-1) if mirrored else image for image, mirrored in zip(images, flip, strict=True)]
