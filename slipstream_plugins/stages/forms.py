"""From columns back to the form that the batch had, with torch tensors in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from slipstream_plugins.cells import is_encoded
from slipstream_plugins.columns import Batch

__all__ = ["pixels", "plain", "restore", "to_tensor"]


def pixels(column: Any) -> torch.Tensor | list[torch.Tensor]:
    """Decoded images as [N, 3, H, W] where sizes agree, else a list of [3, H, W]."""
    if isinstance(column, torch.Tensor):
        return column
    images = list(column)
    if images and all(image.shape == images[0].shape for image in images):
        return torch.stack(images)
    return images


def to_tensor(column: Any) -> Any:
    """Numbers as a tensor, 1-d integers as int64; arrays and tensors of one shape stacked; anything else a list."""
    if isinstance(column, torch.Tensor):
        return column
    if isinstance(column, list):
        if not column:
            return column
        first = column[0]
        if isinstance(first, torch.Tensor):
            alike = all(isinstance(cell, torch.Tensor) and cell.shape == first.shape for cell in column)
            return torch.stack(column) if alike else column
        if not isinstance(first, (bool, int, float, np.number, np.bool_, np.ndarray)):
            return column
        try:
            column = np.array(column)
        except ValueError:
            return column
    if not isinstance(column, np.ndarray) or column.dtype.kind not in "biuf":
        return column.tolist() if isinstance(column, np.ndarray) else column
    integers = column.ndim == 1 and column.dtype.kind in "iu"
    return torch.from_numpy(column.astype(np.int64 if integers else column.dtype.newbyteorder("="), copy=True))


def plain(batch: Batch) -> Any:
    """What a foreign stage gets: the tensor where only images came in, else a dict of columns."""
    if batch.bare:
        return batch.columns[batch.images[0]]
    return _public(batch)


def _public(batch: Batch) -> dict[str, Any]:
    """The columns of a batch: `__key__` as `key`, no other notes."""
    named: dict[str, Any] = {}
    for name, column in batch.columns.items():
        if name == "__key__":
            named.setdefault("key", column)
        elif name == "key" or not (name.startswith("__") and name.endswith("__")):
            named[name] = column
    return {name: column if name in batch.images else to_tensor(column) for name, column in named.items()}


def restore(batch: Batch) -> Any:
    """The batch in the form it had: the images, a dict of columns, one sample, or a list of samples."""
    if batch.form == "columns":
        return plain(batch)
    samples = [_sample(batch, position) for position in range(len(batch))]
    return samples if batch.form == "samples" else samples[0]


def _sample(batch: Batch, position: int) -> Any:
    """One sample: what came in, with its images and what the stages added."""
    sample = dict(batch.originals[int(batch.rows[position])])
    for name, column in batch.columns.items():
        if name in batch.images:
            image = column[position]
            # A view would keep, and pickle, the memory of the whole group.
            sample[name] = image.clone() if len(batch) > 1 and isinstance(column, torch.Tensor) else image
        elif name not in sample and not (name == "key" and "__key__" in sample):
            cell = column[position]
            sample[name] = cell.item() if isinstance(cell, np.generic) else cell
    return sample[batch.images[0]] if batch.bare else sample


def is_decoded(batch: Batch) -> bool:
    """Whether the images are tensors."""
    return not any(is_encoded(batch.columns[name]) for name in batch.images)
