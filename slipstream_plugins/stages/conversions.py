"""How pixels are written: Normalize and ToLayout."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils.dlpack import from_dlpack

from slipstream_plugins import ops
from slipstream_plugins.columns import Batch
from slipstream_plugins.plan import DTYPES, DecodePlan, OutputSpec, Triple, choice
from slipstream_plugins.stages.base import Stage, map_images
from slipstream_plugins.stages.randomness import Draws

__all__ = ["Normalize", "ToLayout"]

STATISTICS: dict[str, tuple[Triple, Triple]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "[-1,1]": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
LAYOUTS = ("channels_first", "channels_last")


@dataclass(frozen=True, repr=False)
class Normalize(Stage):
    """(level / 255 - mean) / std, as float32 unless ToLayout names another dtype.

    Args:
        mean: "imagenet", "clip", "[-1,1]", or one number per channel in units of [0, 1].
        std: One number per channel, with a numeric mean only.

    Returns:
        The images; uint8 levels become the nearest value of the dtype, floats are taken to be in [0, 1].

    Source: torchvision's Normalize after ToDtype(float32, scale=True).
    """

    mean: str | Triple = "imagenet"
    std: Triple | None = None

    def __post_init__(self) -> None:
        if isinstance(self.mean, str):
            choice("mean", self.mean, tuple(STATISTICS))
            if self.std is not None:
                raise ValueError(f"std: expected None beside mean={self.mean!r}, got {self.std}; name both or neither")
            return
        for name in ("mean", "std"):
            values = tuple(float(value) for value in getattr(self, name) or ())
            if len(values) != 3 or (name == "std" and min(values) <= 0):
                raise ValueError(f"{name}: expected three numbers, got {getattr(self, name)}; give one per channel")
            object.__setattr__(self, name, values)

    @property
    def statistics(self) -> tuple[Triple, Triple]:
        """(mean, std) per channel, in units of [0, 1]."""
        if isinstance(self.mean, str):
            return STATISTICS[self.mean]
        assert self.std is not None
        return self.mean, self.std

    def fold(self, plan: DecodePlan | None, stream: str) -> DecodePlan | None:
        """Becomes the plan's table, where pixels are not normalised yet."""
        if plan is None or plan.output.mean is not None:
            return None
        mean, std = self.statistics
        dtype = "float32" if plan.output.dtype == "uint8" else plan.output.dtype
        return replace(plan, output=replace(plan.output, dtype=dtype, mean=mean, std=std))

    def process(self, batch: Batch, draws: Draws, stream: str) -> Batch:
        """Normalises decoded images."""
        return map_images(self, batch, lambda images: _each(images, self._normalise))

    def _normalise(self, images: torch.Tensor) -> torch.Tensor:
        mean, std = self.statistics
        if images.dtype == torch.uint8:
            return _through_table(images, OutputSpec("float32", mean=mean, std=std))
        work = images if images.dtype == torch.float64 else images.float()
        shift = torch.tensor(mean, dtype=work.dtype, device=work.device)[:, None, None]
        scale = torch.tensor(std, dtype=work.dtype, device=work.device)[:, None, None]
        return ((work - shift) / scale).to(images.dtype)


@dataclass(frozen=True, repr=False)
class ToLayout(Stage):
    """The memory format and dtype of the images; the logical shape stays [N, 3, H, W].

    Args:
        memory_format: "channels_first" or "channels_last".
        dtype: "uint8", "float32", "float16" or "bfloat16"; None keeps it. From uint8 to a floating dtype levels are
            divided by 255. Before Normalize it says in which dtype to normalise.
    """

    memory_format: str = "channels_first"
    dtype: str | None = None

    def __post_init__(self) -> None:
        choice("memory_format", self.memory_format, LAYOUTS)
        if self.dtype is not None:
            object.__setattr__(self, "dtype", choice("dtype", str(self.dtype).removeprefix("torch."), DTYPES))

    def fold(self, plan: DecodePlan | None, stream: str) -> DecodePlan | None:
        """Becomes the plan's layout and dtype."""
        if plan is None:
            return None
        dtype = self.dtype or plan.output.dtype
        if dtype == "uint8" and plan.output.dtype != "uint8":
            raise ValueError(_no_levels(plan.output.dtype))
        if dtype != plan.output.dtype and plan.output.dtype not in ("uint8", "float32"):
            return None
        return replace(plan, output=replace(plan.output, dtype=dtype, channels_last=self.memory_format != LAYOUTS[0]))

    def process(self, batch: Batch, draws: Draws, stream: str) -> Batch:
        """Converts decoded images."""
        return map_images(self, batch, lambda images: _each(images, self._convert))

    def _convert(self, images: torch.Tensor) -> torch.Tensor:
        if self.dtype is not None and images.dtype != getattr(torch, self.dtype):
            if self.dtype == "uint8":
                raise ValueError(_no_levels(str(images.dtype)))
            uint8 = images.dtype == torch.uint8
            images = _through_table(images, OutputSpec(self.dtype)) if uint8 else images.to(getattr(torch, self.dtype))
        if images.ndim == 3:
            return images[None].contiguous(memory_format=self._torch_format)[0]
        return images.contiguous(memory_format=self._torch_format)

    @property
    def _torch_format(self) -> torch.memory_format:
        return torch.channels_last if self.memory_format == "channels_last" else torch.contiguous_format


def _no_levels(dtype: str) -> str:
    return f"ToLayout: expected uint8 images for dtype='uint8', got {dtype}; leave out what makes them {dtype}"


def _each(images: Any, change: Any) -> Any:
    """`change` of [N, 3, H, W], or of every [3, H, W] of a list."""
    return change(images) if isinstance(images, torch.Tensor) else [change(image) for image in images]


def _through_table(images: torch.Tensor, spec: OutputSpec) -> torch.Tensor:
    """uint8 levels as the native core writes them: [..., 3, H, W] in the dtype of `spec`."""
    table = from_dlpack(ops.table(spec)).to(images.device)
    channel = images.ndim - 3
    written = [table[c, 0][images.select(channel, c).int()] for c in range(3)]
    stacked = torch.stack(written, channel)
    if images.ndim == 4 and not images.is_contiguous():
        return stacked.contiguous(memory_format=torch.channels_last)
    return stacked
