"""BatchDecode, and the run of a frozen plan over a batch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.dlpack import from_dlpack

from slipstream_plugins import _core, columns, ops, rng
from slipstream_plugins.columns import Batch
from slipstream_plugins.errors import DecodeError
from slipstream_plugins.plan import MAX_PIXELS, DecodePlan
from slipstream_plugins.stages.base import Stage
from slipstream_plugins.stages.forms import is_decoded
from slipstream_plugins.stages.randomness import Draws

__all__ = ["BatchDecode", "draw_flips", "run_plan"]


@dataclass(frozen=True, repr=False)
class BatchDecode(Stage):
    """Decodes every image of a batch in one native call.

    Args:
        on_error: "raise" a DecodeError naming the sample; "skip" it, which shrinks the batch, never the number of
            batches; or "fill" it with black and say so in a `valid` column (bool [N]).
        max_pixels: Images with more are refused by their header.
        orient: Apply the EXIF orientation; crops are in the oriented image.
        fidelity: "fast" resizes each plane from its own resolution; "exact" upsamples first, as Pillow does. Without
            a resize both are exact.
        decoder: "native", or "turbojpeg", a plain-Python reference that needs the extra of that name.
        num_threads: None takes the processors available, shared among local ranks and workers.
        field: The image column; None finds it by name.

    Returns:
        uint8 [N, 3, H, W] RGB, or a list of [3, H, W] where sizes differ.

    Source: libjpeg-turbo (ISLOW, fancy upsampling) and Pillow's antialiased resize.
    """

    on_error: str = "raise"
    max_pixels: int = MAX_PIXELS
    orient: bool = True
    fidelity: str = "fast"
    decoder: str = "native"
    num_threads: int | None = None
    field: str | None = None

    def __post_init__(self) -> None:
        self._plan()

    def _plan(self) -> DecodePlan:
        threads = self.num_threads or 0
        return DecodePlan(self.on_error, self.max_pixels, self.orient, self.fidelity, self.decoder, threads)

    def fold(self, plan: DecodePlan | None, stream: str) -> DecodePlan | None:
        """Begins a plan."""
        return self._plan() if plan is None else None

    def process(self, batch: Batch, draws: Draws, stream: str) -> Batch:
        """Decodes the image columns."""
        return run_plan(self._plan(), batch, draws)


def run_plan(plan: DecodePlan, batch: Batch, draws: Draws) -> Batch:
    """Decodes, crops, flips and writes every image column of a batch as the plan says.

    Args:
        plan: What to do.
        batch: n encoded images.
        draws: Gives the random parameters.

    Returns:
        The batch with tensors; fewer samples where some were skipped.
    """
    if is_decoded(batch):
        raise TypeError(
            "BatchDecode: expected encoded images, got tensors; leave BatchDecode() out for decoded batches"
        )
    if plan.on_error == "fill" and batch.bare:
        raise ValueError(
            "BatchDecode(on_error='fill'): expected a dict of columns, got only buffers, which leave no place for the "
            '`valid` column; pass {"image": buffers}'
        )
    for name in batch.images:
        batch = _run_column(plan, batch, name, draws)
    return batch


def _run_column(plan: DecodePlan, batch: Batch, name: str, draws: Draws) -> Batch:
    opened = ops.open_images(batch.columns[name], plan)
    _raise_first(plan, batch, opened)
    if len(opened.rows):
        boxes, flip = _parameters(plan, batch, opened, draws)
        written = opened.rows
        arrays, opened = ops.render(opened, ops.make_views(plan, opened.sizes, boxes, flip), plan)
        _raise_first(plan, batch, opened)
        images = _kept(_tensors(arrays), np.flatnonzero(np.isin(written, opened.rows)))
    else:
        images = _no_images(plan)
    if plan.on_error == "fill":
        valid = torch.ones(len(batch), dtype=torch.bool)
        valid[[failure.row for failure in opened.failures]] = False
        return batch.with_columns(**{name: images, "valid": valid})
    if opened.failures:
        errors = (*batch.failures, *_errors(batch, opened))
        batch = replace(batch.take(opened.rows), failures=errors)
    return batch.with_columns(**{name: images})


def _parameters(
    plan: DecodePlan, batch: Batch, opened: ops.Opened, draws: Draws
) -> tuple[NDArray[np.int32] | None, NDArray[np.bool_] | None]:
    """The crops and flips of the images to decode."""
    sizes, rows = opened.sizes, opened.rows
    boxes = flip = None
    if plan.crop_stream:
        crop: Any = plan.crop
        boxes = draws.params(plan.crop_stream, batch, rows, lambda key, who: crop.draw(key, who, sizes))
    if plan.flip is not None:
        probability = plan.flip
        flip = draws.params(plan.flip_stream, batch, rows, lambda key, who: draw_flips(probability, key, who))
    return boxes, flip


def draw_flips(probability: float, key: int, who: rng.Identity) -> NDArray[np.bool_]:
    """[n] bool, true with the given probability."""
    flips: NDArray[np.bool_] = rng.uniform(key, who, 1)[:, 0] < probability
    return flips


def _tensors(arrays: _core.PooledArray | list[_core.PooledArray]) -> torch.Tensor | list[torch.Tensor]:
    if isinstance(arrays, list):
        return [from_dlpack(array) for array in arrays]
    return from_dlpack(arrays)


def _kept(images: torch.Tensor | list[torch.Tensor], good: NDArray[np.int64]) -> torch.Tensor | list[torch.Tensor]:
    """The images that decoded, in order."""
    if len(good) == len(images):
        return images
    if isinstance(images, list):
        return [images[position] for position in good.tolist()]
    layout = torch.channels_last if images.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
    return images[torch.from_numpy(good)].contiguous(memory_format=layout)


def _no_images(plan: DecodePlan) -> torch.Tensor:
    height, width = (0, 0) if plan.crop is None else plan.crop.size
    return torch.empty((0, 3, height, width), dtype=getattr(torch, plan.output.dtype))


def _raise_first(plan: DecodePlan, batch: Batch, opened: ops.Opened) -> None:
    if plan.on_error == "raise" and opened.failures:
        raise _errors(batch, opened)[0]


def _errors(batch: Batch, opened: ops.Opened) -> list[DecodeError]:
    index = batch.columns.get("index")
    return ops.decode_errors(opened.failures, index, columns.keys(batch), len(batch))
